"""Where a suite moves the clock, asks for an organization, and has everything set up anew.

It is an application beside the REST application, which knows nothing of it, and it answers to
nobody without the key.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import orjson
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from api.clock import to_text
from api.ephemeral.clock import MoveRefused
from api.ephemeral.people import PASSWORD
from api.ephemeral.stage import Stage
from api.errors import FieldError, Refusal, ValidationFailed
from api.http.authentication import bearer_token
from api.http.parser import load_body
from api.http.problems import headers_of, status_of
from api.http.requests import body, require_sizes
from api.http.strict_json import loads
from api.models import meter
from api.schemas.base import Representation
from api.schemas.fields import Boolean, Instant, Integer, Timezone

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ROOT: Final = "/ephemeral"
MOST_STUDENTS: Final = 50
CENTURY_SECONDS: Final = 100 * 366 * 86_400


class ClockMove(Representation):
    """Where to, or by how much; exactly one of the two."""

    to = Instant(metadata={"description": "The instant at which the clock shall stand."})
    advance_seconds = Integer(
        0, CENTURY_SECONDS, metadata={"description": "By how many seconds it shall move on."}
    )
    backwards = Boolean(
        load_default=False, metadata={"description": "Whether `to` may be earlier than it stands."}
    )


class NewOrganization(Representation):
    """What an organization of a test has beside its staff."""

    students = Integer(
        0, MOST_STUDENTS, load_default=1, metadata={"description": "How many students it has."}
    )
    timezone = Timezone(
        load_default="UTC", metadata={"description": "The zone of its wall clocks."}
    )


class Desk:
    """The endpoints under `/ephemeral`, for who has the key."""

    def __init__(self, stage: Stage, *, key: str, base_url: str) -> None:
        """Serve `stage` at `base_url`, which has no slash at its end."""
        self._stage, self._key, self._base_url = stage, key, base_url
        self.app = app = Flask("ephemeral", static_folder=None)
        app.before_request(self._refuse_strangers)
        app.before_request(lambda: require_sizes(request))
        app.after_request(_forget_statements)
        app.register_error_handler(Refusal, _problem_of)
        app.register_error_handler(HTTPException, _problem_of_http)
        for method, path, view in (
            ("GET", "", self.read),
            ("GET", "/clock", self.read_clock),
            ("PATCH", "/clock", self.move_clock),
            ("POST", "/organizations", self.create_organization),
            ("POST", "/reset", self.reset),
        ):
            app.add_url_rule(ROOT + path, view.__name__, view, methods=[method])

    def told(self) -> dict[str, Any]:
        """Everything that a suite needs to know, as it is printed when the server is ready."""
        stage = self._stage
        return {
            "base_url": self._base_url,
            "key": self._key,
            "password": PASSWORD,
            "seed": stage.seed,
            "now": to_text(stage.scene.clock.now()),
            "clock_url": f"{self._base_url}{ROOT}/clock",
            "organizations_url": f"{self._base_url}{ROOT}/organizations",
            "reset_url": f"{self._base_url}{ROOT}/reset",
            **stage.scene.fixtures,
        }

    def read(self) -> Response:
        """Everything that a suite needs to know."""
        return _json(self.told())

    def read_clock(self) -> Response:
        """Where the clock stands."""
        return _json({"now": to_text(self._stage.scene.clock.now())})

    def move_clock(self) -> Response:
        """Move the clock, then do all that is due by it, before the answer."""
        wanted = load_body(ClockMove, loads(body()))
        scene = self._stage.scene
        if ("to" in wanted) == ("advance_seconds" in wanted):
            raise _invalid("required", "Send either `to` or `advance_seconds`.", "#/to")
        try:
            if "to" in wanted:
                now = scene.clock.move(wanted["to"], backwards=wanted["backwards"])
            else:
                now = scene.clock.advance(timedelta(seconds=wanted["advance_seconds"]))
        except MoveRefused as refused:
            place = "#/to" if "to" in wanted else "#/advance_seconds"
            raise _invalid("out-of-range", str(refused), place) from refused
        scene.settle()
        return _json({"now": to_text(now)})

    def create_organization(self) -> Response:
        """Make an organization for one test, with people and nothing else in it."""
        wanted = load_body(NewOrganization, loads(body() or b"{}"))
        return _json(self._stage.scene.another_organization(**wanted), HTTPStatus.CREATED)

    def reset(self) -> Response:
        """Set everything up anew: the same fixtures, ids and tokens, the clock at its start."""
        self._stage.reset()
        return _json(self.told())

    def _refuse_strangers(self) -> Response | None:
        sent = bearer_token(request) or ""
        if hmac.compare_digest(sent.encode(), self._key.encode()):
            return None
        answer = _problem(HTTPStatus.UNAUTHORIZED, "Send the key as a bearer token.")
        answer.headers["WWW-Authenticate"] = 'Bearer realm="ephemeral"'
        return answer


def in_front_of(stage: Stage, desk: Desk) -> WSGIApplication:
    """The program: the desk under `/ephemeral`, the present REST application everywhere else."""

    def program(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        is_for_desk = path == ROOT or path.startswith(f"{ROOT}/")
        return (desk.app if is_for_desk else stage.scene.app)(environ, start_response)

    return program


def _forget_statements(answer: Response) -> Response:
    # Else the log would count them as the next request's of this thread.
    meter.read()
    return answer


def _invalid(code: str, detail: str, pointer: str) -> ValidationFailed:
    return ValidationFailed([FieldError(code, detail, pointer)])


def _problem_of(refusal: Refusal) -> Response:
    status = status_of(type(refusal))
    answer = _problem(status, refusal.detail, code=refusal.code, **refusal.members)
    answer.headers.update(headers_of(refusal))
    return answer


def _problem_of_http(error: HTTPException) -> Response:
    return _problem(HTTPStatus(error.code or 500), error.description or "")


def _problem(status: HTTPStatus, detail: str, **members: Any) -> Response:
    """A problem without a type of ours (RFC 9457 §4.2.1): these are no refusals of the API."""
    told = {"type": "about:blank", "title": status.phrase, "status": status, "detail": detail}
    answer = _json({**told, **members}, status)
    answer.content_type = "application/problem+json"
    return answer


def _json(document: dict[str, Any], status: HTTPStatus = HTTPStatus.OK) -> Response:
    headers = {"Cache-Control": "no-store"}
    body = orjson.dumps(document)
    return Response(body, status, headers, content_type="application/json")
