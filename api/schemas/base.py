"""What every schema has in common: nothing unknown, nothing read-only, faults that name places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, pre_load

from api.schemas.faults import NOT_AN_OBJECT, READ_ONLY, UNKNOWN, FieldFault

REPEATED = FieldFault("bad-format", "Give this parameter once.")


class Representation(Schema):
    """The members of one resource: one class validates, serialises and documents them.

    A `dump_only` member that is sent is `read-only`, any other unknown one `unknown-member`.
    """

    error_messages = {"unknown": UNKNOWN, "type": NOT_AN_OBJECT}  # noqa: RUF012  # marshmallow declares it so

    class Meta:
        unknown = RAISE

    def handle_error(self, error: ValidationError, *_: Any, **__: Any) -> None:
        """Tell read-only members from unknown ones; marshmallow calls both unknown.

        Raises:
            ValidationError: the same, reworded.
        """
        messages: Any = error.messages
        for name in self.read_only():
            if messages.get(name) == [UNKNOWN]:
                messages[name] = [READ_ONLY]

    @classmethod
    def read_only(cls) -> frozenset[str]:
        """The members that only the server sets."""
        return frozenset(
            field.data_key or name
            for name, field in cls._declared_fields.items()
            if field.dump_only
        )


class Parameters(Schema):
    """The query parameters of one operation: unknown ones are refused, and so are repeated ones."""

    error_messages = {"unknown": UNKNOWN, "type": NOT_AN_OBJECT}  # noqa: RUF012  # marshmallow declares it so

    class Meta:
        unknown = RAISE

    @pre_load
    def _refuse_repeated(self, given: Mapping[str, Any], **_: Any) -> Mapping[str, Any]:
        # webargs hands over its proxy of Werkzeug's MultiDict; a plain mapping repeats nothing.
        getlist = getattr(given, "getlist", None)
        if getlist is not None:
            repeated = {name: [REPEATED] for name in given if len(getlist(name)) > 1}
            if repeated:
                raise ValidationError(repeated)
        return given
