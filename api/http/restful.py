"""The one door to Flask-RESTful: it routes and dispatches; errors stay with Flask."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from flask import Flask
from flask_restful import Api
from flask_restful import Resource as EachTime
from werkzeug.routing import BaseConverter, Map, ValidationError

from api import ids
from api.http.operation import operation
from api.http.operation_ids import METHODS, operation_id_of

__all__ = ["HomeroomApi", "IdConverter", "Resource", "operation_id", "served_methods"]


class UnguardedOperation(Exception):
    """A resource has a method without an operation, or an operation without a permission."""


class IdConverter(BaseConverter):
    """`<id(cls):class_id>`: a prefixed id in a path; anything else is no such resource."""

    def __init__(self, url_map: Map, prefix: str) -> None:
        super().__init__(url_map)
        self.prefix = prefix

    def to_python(self, value: str) -> UUID:
        """The id, or no match at all.

        Raises:
            ValidationError: the text is not an id with this prefix.
        """
        try:
            return ids.decode(self.prefix, value)
        except ValueError as fault:
            raise ValidationError from fault

    def to_url(self, value: UUID) -> str:
        """The id as it stands in a path."""
        return ids.encode(self.prefix, value)


class Resource(EachTime):
    """A resource of Flask-RESTful, constructed once: what it was given serves all requests."""

    init_every_request = False


class HomeroomApi(Api):
    """Flask-RESTful for routing, dispatch and injection; nothing else of it is used."""

    decorators: ClassVar[list[Any]] = []

    def _init_app(self, app: Flask) -> None:
        # The original puts its own error handling in front of Flask's, which answers our refusals
        # with 500 unless app.testing is set. Only the views are registered here.
        for resource, urls, kwargs in self.resources:
            self._register_view(app, resource, *urls, **kwargs)

    def add(self, resource: type[Resource], *urls: str, **dependencies: Any) -> None:
        """Serve a resource class at its URLs; it receives its dependencies when constructed.

        Raises:
            UnguardedOperation: a method has no operation or declares no permission.
        """
        for method in served_methods(resource):
            served = getattr(getattr(resource, method), "operation", None)
            if not isinstance(served, operation):
                raise UnguardedOperation(f"{resource.__name__}.{method} has no @operation")
            if served.action is None:
                raise UnguardedOperation(f"{resource.__name__}.{method} declares no permission")
        self.add_resource(
            resource, *urls, endpoint=resource.__name__, resource_class_kwargs=dependencies
        )


def served_methods(resource: type[Resource]) -> list[str]:
    """The HTTP methods that a resource class serves, in lower case."""
    return [method for method in METHODS if hasattr(resource, method)]


def operation_id(resource: type[Resource], method: str) -> str:
    """`verb_noun`: unique, stable, and the name of the call in every generated client.

    `RegistrationList.post` → `create_registration`, `.get` → `list_registrations`,
    `RegistrationItem.put` → `replace_registration`, `StudentByExternalId.put` → `upsert_student`.
    """
    return operation_id_of(resource.__name__, method)
