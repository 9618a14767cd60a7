"""Notes what the application is sent and what it answers, so that the document can show it."""

import json
import re
from dataclasses import dataclass, field

from api.authz import secrets
from tests.apps import Client
from tests.contract.validating import Contract, body_of

REQUEST_ID = "4f7c2e9a1b3d4f5e8a6b7c8d9e0f1a2b"
INSTANCE = "urn:uuid:7d0f4f52-9f3b-4c55-8f0e-3a1d6b1c2e90"
SECRET = re.compile(r"(hri?_)[0-9A-Za-z]{36}")
SHOWN = re.compile(r'("shown_prefix": ?"hri?_)[0-9A-Za-z]{5}"')


@dataclass
class Recording:
    """What was noted: of each operation its requests and its answers, and a problem of each code.

    The first of each kind stays: `operations[name]["requests"][media type][variant]` and
    `operations[name]["answers"][status][variant]`.
    """

    operations: dict = field(default_factory=dict)
    problems: dict = field(default_factory=dict)

    def note(self, app, response, sent):
        """Keep what one call sent and got, unless the like of it is there already."""
        target = Contract.of(app).target_of(response)
        found = self.operations.setdefault(target.operation_id, {"requests": {}, "answers": {}})
        variant = "dry-run" if "dry_run" in response.request.args else "done"
        if sent is not None:
            media_type = response.request.mimetype
            found["requests"].setdefault(media_type, {}).setdefault(variant, sent)
        # The bytes of a file would tell a reader nothing.
        if response.data and response.mimetype != "application/zip":
            status = str(response.status_code)
            variant = "page" if response.mimetype == "text/html" else variant
            found["answers"].setdefault(status, {}).setdefault(variant, body_of(response))

    def as_text(self):
        """The whole as JSON, with what is drawn by lot in each run written as always the same."""
        for problem in self.problems.values():
            problem |= {"instance": INSTANCE, "request_id": REQUEST_ID}
        value = {"operations": self.operations, "problems": self.problems}
        text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False)
        return SHOWN.sub(r'\g<1>00000"', SECRET.sub(_of_nothing, text)) + "\n"


def _of_nothing(found):
    """A secret of the right form that opens nothing."""
    body = found[1] + "0" * secrets.RANDOM_CHARACTERS
    return body + secrets.checksum(body)


@dataclass
class Voice(Client):
    """Somebody whose calls are noted; each takes a second, so that nothing is equally old."""

    recording: Recording = None
    clock: object = None

    def open(self, method, path, *, is_noted=True, **options):
        self.clock.advance(seconds=1)
        response = super().open(method, path, **options)
        assert response.status_code < 400, f"{method} {path}: {response.text}"
        if is_noted:
            self.recording.note(self.client.application, response, options.get("json"))
        return response

    def look(self, path):
        """Read without a note."""
        return self.get(path, is_noted=False)

    def merge(self, url, change):
        """Change by a merge patch (RFC 7396), under the version that is there."""
        return self._changed("PATCH", url, change, "application/merge-patch+json")

    def step(self, url, member, value):
        """Change one member by a JSON Patch (RFC 6902) that first tests what is there."""
        path = f"/{member}"
        before = self.look(url).json[member]
        steps = [
            {"op": "test", "path": path, "value": before},
            {"op": "replace", "path": path, "value": value},
        ]
        return self._changed("PATCH", url, steps, "application/json-patch+json")

    def whole(self, url, body):
        """Replace everything, under the version that is there."""
        return self._changed("PUT", url, body, "application/json")

    def _changed(self, method, url, body, media_type):
        tag = self.look(url.partition("?")[0]).headers["ETag"]
        return self.open(method, url, json=body, content_type=media_type, if_match=tag)
