"""What an operation answers, as OpenAPI says it: the results, and every refusal by status."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from api import errors
from api.errors import Refusal
from api.http import negotiation, openapi_examples
from api.http.openapi_components import Components, description_of, ref
from api.http.openapi_headers import Headers
from api.http.openapi_links import OperationLinks
from api.http.openapi_refusals import by_status, refusals_of
from api.http.pages import RELATIONS as OF_A_PAGE
from api.http.problems import FIELDS_OF_FAMILY
from api.http.public_documents import HTML, public_document

if TYPE_CHECKING:
    from api.http.links import Target

OF_NO_OPERATION = (errors.MethodNotAllowed.code, errors.VersionSunset.code)
"""What any path may answer, whatever its operations: another method, or its end one day."""

FIELDS_OF_NO_OPERATION = tuple(
    name
    for family in (errors.MethodNotAllowed, errors.Unauthenticated, errors.Unavailable)
    for name in FIELDS_OF_FAMILY[family]
)
WORDS_OF_STATUS = {
    HTTPStatus.CREATED: "It was made.",
    HTTPStatus.ACCEPTED: "It will be done: the job says how far it is.",
}
MOST_NAMES = 2
"""A response for more codes than this has no name of its own."""


class Responses:
    """Describes answers, and collects those that many operations share."""

    def __init__(self, components: Components, links: OperationLinks) -> None:
        self._components = components
        self._links = links
        self.headers = Headers()
        fields = self.headers.described((), FIELDS_OF_NO_OPERATION)
        self.shared: dict[str, dict[str, Any]] = {
            "Problem": _problem("Any other refusal.", OF_NO_OPERATION, fields),
        }

    def of(self, target: Target) -> dict[str, Any]:
        """Every response of an operation, by status."""
        found = {
            str(int(status)): _with_examples(answer, target, status)
            for status, answer in self._results(target).items()
        }
        if _tells_only(target) and target.served.status != HTTPStatus.OK:
            # It is 200, but openapi-generator takes the lowest status below 300 for the type of the
            # whole method: beside 201 a named 200 would make every registration a dry run.
            found["2XX"] = _with_examples(self._dry_run(target), target, HTTPStatus.OK)
        for status, refusals in by_status(refusals_of(target)).items():
            found[str(int(status))] = self._refused(target, refusals)
        return {**found, "default": {"$ref": "#/components/responses/Problem"}}

    def _results(self, target: Target) -> dict[HTTPStatus, dict[str, Any]]:
        served = target.served
        results = {served.status: self._result(target, served.status)}
        links = self._links.of(target)
        if target.method == "GET":
            results[HTTPStatus.NOT_MODIFIED] = _answer(
                "What `If-None-Match` names is still right.",
                self.headers.of_result(target, served.status),
            )
        elif target.method == "PUT" and served.partial:
            results[HTTPStatus.CREATED] = self._result(target, HTTPStatus.CREATED)
        is_change = target.method in {"PUT", "PATCH"} or (
            target.method == "POST" and served.status == HTTPStatus.OK
        )
        if is_change and served.returns is not None:
            results[HTTPStatus.NO_CONTENT] = _answer(
                "Done, with `Prefer: return=minimal`.",
                self.headers.of_result(target, HTTPStatus.NO_CONTENT),
            )
        if _tells_only(target) and served.status == HTTPStatus.OK:
            results[HTTPStatus.OK] = self._dry_run(target)
        for status in (served.status, HTTPStatus.CREATED):
            if links and status in results and "content" in results[status]:
                results[status]["links"] = links
        return results

    def _dry_run(self, target: Target) -> dict[str, Any]:
        served = target.served
        assert served.returns is not None, "a dry run tells a representation"  # see the callers
        if served.status == HTTPStatus.OK:
            schema = self._components.either(served.returns)
            words = "Done; or, with `dry_run=true`, what would be done."
        else:
            schema = self._components.dry_run(served.returns)
            words = "200, with `dry_run=true`: what would be done."
        fields = self.headers.of_result(target, HTTPStatus.OK, is_dry=True)
        return _answer(words, fields, schema)

    def _result(self, target: Target, status: HTTPStatus) -> dict[str, Any]:
        served = target.served
        headers = self.headers.of_result(target, status)
        if served.download is not None:
            file = {"schema": {"type": "string", "format": "binary"}}
            answer = _answer(served.download.words, headers)
            return {**answer, "content": {served.download.media_type: file}}
        if served.returns is None or status == HTTPStatus.NO_CONTENT:
            return _answer("Done; there is nothing to say.", headers)
        if served.listing is not None:
            page = _answer("One page.", headers, self._components.page(served.returns))
            # On the response: lists of one kind have different doors, and so different links.
            return {**page, "x-rels": sorted((*OF_A_PAGE, *(rel.name for rel in served.rels)))}
        schema = self._components.output(served.returns)
        words = WORDS_OF_STATUS.get(status) or schema_words(served.returns)
        answer = _answer(words, headers, schema)
        if isinstance(served, public_document):
            answer["content"] = _content_of_public(served, schema)
        return answer

    def _refused(self, target: Target, refusals: Sequence[type[Refusal]]) -> dict[str, Any]:
        words = "\n".join(f"- `{code}`: {what}" for code, what in _told(refusals))
        fields = self.headers.of_refusals(target, refusals)
        response = _problem(words, _codes(refusals), fields)
        if len(refusals) > MOST_NAMES or target.ending is not None:
            return response
        name = "Or".join(refusal.__name__ for refusal in refusals)
        self.shared[name] = response
        return {"$ref": f"#/components/responses/{name}"}


def _tells_only(target: Target) -> bool:
    """Whether the operation can be asked for a dry run."""
    return target.served.dry_run and target.served.returns is not None


def _with_examples(answer: dict[str, Any], target: Target, status: HTTPStatus) -> dict[str, Any]:
    for media_type, content in answer.get("content", {}).items():
        is_page = media_type == HTML
        if content["schema"].get("format") == "binary":
            continue
        content.update(openapi_examples.of_answer(target.operation_id, status, is_page=is_page))
    return answer


def _content_of_public(served: public_document, schema: dict[str, Any]) -> dict[str, Any]:
    # The JSON first: generated clients take the first that they can read.
    page = {"type": "string"}
    return {kind: {"schema": page if kind == HTML else schema} for kind in served.offered}


def schema_words(kind: Any) -> str:
    """What a representation is, in the words of its schema."""
    return description_of(kind.schema)


def _codes(refusals: Sequence[type[Refusal]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(refusal.code for refusal in refusals))


def _told(refusals: Sequence[type[Refusal]]) -> list[tuple[str, str]]:
    return [(refusal.code, description_of(refusal)) for refusal in refusals]


def _problem(words: str, codes: Sequence[str], headers: dict[str, Any]) -> dict[str, Any]:
    shown = {code: {"$ref": f"#/components/examples/{code}"} for code in codes}
    return {
        "description": words,
        "headers": headers,
        "content": {negotiation.PROBLEM_JSON: {"schema": ref("Problem"), "examples": shown}},
    }


def _answer(
    words: str, headers: dict[str, Any], schema: dict[str, Any] | None = None
) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": words, "headers": headers}
    if schema is not None:
        answer["content"] = {negotiation.JSON: {"schema": schema}}
    return answer
