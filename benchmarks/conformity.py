"""Whether an answer is what the published OpenAPI document promises."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

import httpx
from openapi_schema_validator import OAS30Validator
from referencing import Registry, Resource

HERE = "urn:openapi"


@dataclass(frozen=True, slots=True)
class Document:
    """An OpenAPI 3.0 document as it was served."""

    content: Mapping[str, Any]

    def validate(self, method: str, path: str, answer: httpx.Response) -> None:
        """Check status, media type and body against the document.

        Raises:
            AssertionError: the document does not promise this answer.
        """
        operation = self._operation(method, urlsplit(path).path)
        responses = operation["responses"]
        status = str(answer.status_code)
        assert status in responses, f"{method} {path}: {status} is not in the document"
        promised = self._resolved(responses[status]).get("content", {})
        if not promised:
            assert not answer.content, f"{method} {path}: a body that the document does not promise"
            return
        media_type = answer.headers["content-type"].partition(";")[0]
        assert media_type in promised, f"{media_type} is not one of {sorted(promised)}"
        self._validate(promised[media_type]["schema"], answer.json())

    def _validate(self, schema: Mapping[str, Any], shown: Any) -> None:
        registry = Registry().with_resource(HERE, Resource.opaque(self.content))
        validator = OAS30Validator(_absolute(schema), registry=registry)
        faults = [
            f"{'/'.join(map(str, fault.absolute_path))}: {fault.message[:300]}"
            for fault in _first(validator.iter_errors(shown))
        ]
        assert not faults, "; ".join(faults)

    def _operation(self, method: str, path: str) -> Mapping[str, Any]:
        for template, item in self.content["paths"].items():
            if _fits(template, path) and method.lower() in item:
                return item[method.lower()]
        raise AssertionError(f"{method} {path} is not in the document")

    def _resolved(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in node:
            found: Any = self.content
            for part in node["$ref"].removeprefix("#/").split("/"):
                found = found[part.replace("~1", "/").replace("~0", "~")]
            node = found
        return node


def _first(faults: Iterable[Any]) -> Iterable[Any]:
    # A page of fifty repeats each fault fifty times.
    return islice(faults, 5)


def _absolute(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {
            key: HERE + value if key == "$ref" else _absolute(value)
            for key, value in schema.items()
        }
    return [_absolute(part) for part in schema] if isinstance(schema, list) else schema


def _fits(template: str, path: str) -> bool:
    wanted, given = template.split("/"), path.split("/")
    return len(wanted) == len(given) and all(
        part == actual or part.startswith("{") for part, actual in zip(wanted, given, strict=True)
    )
