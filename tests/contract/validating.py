"""Holds every answer that a test gets against the OpenAPI document of the application."""

import gzip
import re

import orjson
from jsonschema import FormatChecker
from openapi_schema_validator import OAS31Validator
from werkzeug.exceptions import HTTPException

from api.http.links import targets_of
from api.http.openapi import build_document
from api.http.openapi_refusals import refusals_of
from api.http.problems import status_of
from api.http.restful import operation_id

MOST_ITEMS = 2
"""Items of a page that are looked at; the others are made by the same code."""
MOST_FAULTS = 3
# What a validator does not judge by.
WORDS = frozenset({"description", "example", "readOnly", "writeOnly", "default", "title"})
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")

NOT_DESCRIBED = frozenset(
    {
        # OpenAPI has other words for the body.
        *("Content-Type", "Content-Length", "Content-Encoding"),
        # Of the connection, the server, and what a deployment allows to pages of other origins.
        *("Connection", "Date", "Server", "Strict-Transport-Security"),
        *("Access-Control-Allow-Origin", "Access-Control-Expose-Headers"),
    }
)
"""Header fields that no description of an operation speaks of."""

formats = FormatChecker(formats=())
formats.checks("date-time")(lambda value: not isinstance(value, str) or INSTANT.fullmatch(value))


class ContractBroken(AssertionError):
    """An answer is not what the document says."""


class Contract:
    """The document of one application, compiled for comparing answers with it."""

    def __init__(self, app):
        self.app = app
        self.document = build_document(app)
        self.schemas = self.document["components"]["schemas"]
        self.targets = targets_of(app)
        self.codes = {
            name: {(int(status_of(refusal)), refusal.code) for refusal in refusals_of(target)}
            for name, target in self.targets.items()
        }
        self.adapter = app.url_map.bind("homeroom.test")
        self.problem = OAS31Validator(strict(self.schemas["Problem"], self.schemas))
        self._validators = {}

    @classmethod
    def of(cls, app):
        """The contract of an application, compiled once."""
        if "contract" not in app.extensions:
            app.extensions["contract"] = cls(app)
        return app.extensions["contract"]

    def check(self, response):
        """Compare one answer of the test client.

        Raises:
            ContractBroken: status, media type, code, header field or body is not documented.
        """
        body = body_of(response)
        if response.status_code >= 400:
            self._check_problem(response, body)
            self._check_headers(response)
        target = self.target_of(response)
        if target is None:
            return
        if response.status_code >= 400:
            self._check_code(target, response, body)
        else:
            self._check_result(target, response, body)

    def described(self, response):
        """What the document says of such an answer; of one by no operation what holds for any."""
        target = self.target_of(response)
        shared = self.document["components"]["responses"]
        if target is None:
            return shared["Problem"]
        operation = self.document["paths"][target.template][target.method.lower()]
        status = response.status_code
        names = (str(status), f"{status // 100}XX", "default")
        found = next(filter(None, map(operation["responses"].get, names)))
        return shared.get(found.get("$ref", "").rpartition("/")[2], found)

    def headers_of(self, response):
        """The header fields that the document gives such an answer: those always there, and all."""
        components = self.document["components"]["headers"]
        found = {
            name.lower(): components[header["$ref"].rpartition("/")[2]]
            for name, header in self.described(response)["headers"].items()
        }
        return {name for name, header in found.items() if header.get("required")}, set(found)

    def _check_headers(self, response):
        always, known = self.headers_of(response)
        served = {name.lower() for name, _ in response.headers}
        lacking = sorted(always - served)
        stray = sorted(served - known - {name.lower() for name in NOT_DESCRIBED})
        if lacking or stray:
            broken(response, f"header fields that lack: {lacking}; that are not told: {stray}")

    def target_of(self, response):
        """The operation that answered; none behind what is no operation."""
        method = "GET" if response.request.method == "HEAD" else response.request.method
        try:
            endpoint, _ = self.adapter.match(response.request.path, method)
        except HTTPException:
            return None
        resource = getattr(self.app.view_functions[endpoint], "view_class", None)
        if resource is None or method == "OPTIONS":
            return None
        return self.targets.get(operation_id(resource, method.lower()))

    def _check_problem(self, response, body):
        if response.content_type != "application/problem+json":
            broken(response, f"a refusal is {response.content_type}")
        if response.request.method != "HEAD":
            self._validate(response, self.problem, body)

    def _check_code(self, target, response, body):
        if response.request.method == "HEAD":
            return
        code = (response.status_code, body["code"])
        if code not in self.codes[target.operation_id]:
            broken(response, f"{target.operation_id} does not declare {code[1]}")

    def _check_result(self, target, response, body):
        documented = self.described(response)
        if documented is self.document["components"]["responses"]["Problem"]:
            broken(response, f"{target.operation_id} does not document this status")
        self._check_headers(response)
        if body is None:
            return
        media_type = response.content_type.partition(";")[0]
        if media_type not in documented.get("content", {}):
            broken(response, f"{target.operation_id} does not document {media_type}")
        if media_type.endswith("json"):
            schema = documented["content"][media_type]["schema"]
            is_sparse = "fields" in response.request.args
            key = (target.operation_id, response.status_code, is_sparse)
            if key not in self._validators:
                compiled = strict(schema, self.schemas, is_sparse=is_sparse)
                if "x-rels" in documented:
                    compiled["properties"]["_links"]["propertyNames"] = {
                        "enum": documented["x-rels"]
                    }
                self._validators[key] = OAS31Validator(compiled, format_checker=formats)
            self._validate(response, self._validators[key], cut(body))

    def _validate(self, response, validator, body):
        faults = list(validator.iter_errors(body))[:MOST_FAULTS]
        if faults:
            broken(response, "; ".join(f"{f.json_path}: {f.message[:200]}" for f in faults))


def broken(response, words):
    request = response.request
    raise ContractBroken(f"{request.method} {request.path} → {response.status_code}: {words}")


def body_of(response):
    """The body as a JSON value, else as text or, of a file, as bytes; None where there is none."""
    data = response.data
    if response.headers.get("Content-Encoding") == "gzip":
        data = gzip.decompress(data)
    if not data:
        return None
    if "json" in response.content_type:
        return orjson.loads(data)
    return data.decode() if response.content_type.startswith("text/") else data


def cut(body):
    """The document with few of its items."""
    if isinstance(body.get("items"), list):
        return {**body, "items": body["items"][:MOST_ITEMS]}
    return body


def strict(schema, schemas, *, is_sparse=False):
    """A response schema of OpenAPI 3.0 as one of 3.1, that lets no undocumented member pass."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return strict(schemas[name], schemas, is_sparse=is_sparse)
    made = {key: value for key, value in schema.items() if key not in WORDS | {"nullable"}}
    for key in ("items", "additionalProperties"):
        if isinstance(made.get(key), dict):
            made[key] = strict(made[key], schemas, is_sparse=is_sparse)
    for key in ("allOf", "oneOf"):
        if key in made:
            made[key] = [strict(part, schemas, is_sparse=is_sparse) for part in made[key]]
    if "x-rels" in made:
        made["propertyNames"] = {"enum": made.pop("x-rels")}
    if "properties" in made:
        made["properties"] = {
            name: strict(member, schemas, is_sparse=is_sparse)
            for name, member in made["properties"].items()
        }
        made.setdefault("additionalProperties", False)
    if is_sparse:
        made.pop("required", None)
    return {"anyOf": [{"type": "null"}, made]} if schema.get("nullable") else made
