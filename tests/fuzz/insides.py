"""One call of each operation that has to succeed, each in a school of its own where it changes."""

import httpx

from tests.torture.ground import resolved

PERSONA = "owner"
WORDS = {"code": "class-full", "rel": "edit"}
"""Variables of the public pages."""
NAMES = frozenset({"title", "name", "given_name", "family_name", "code"})
"""What an upsert says again; whatever it leaves out stays."""


def calls(ground, document):
    """Call every operation of the document as the owner; gives its name and the answer."""
    place = ground.a_place()
    with httpx.Client(base_url=ground.base, timeout=20) as client:
        for template, methods in document["paths"].items():
            for method, operation in methods.items():
                yield (
                    operation["operationId"],
                    _called(client, document, place, (template, method, operation)),
                )
                if method != "get":
                    place = ground.a_place()


def _called(client, document, place, where):
    template, method, operation = where
    name = operation["operationId"]
    known = WORDS | place.named(PERSONA, name)
    if template.startswith("/problems"):
        known["code"] = WORDS["code"]
    path = template.format(**known)
    is_bare = operation.get("security") == [] or name == "create_token"
    headers = {} if is_bare else {"Authorization": f"Bearer {place.tokens[PERSONA]}"}
    if any(p.get("$ref", "").endswith("/IfMatch") for p in operation.get("parameters", ())):
        headers["If-Match"] = "*"
    body = _body(client, document, place, (method, operation, path, headers))
    if method == "patch":
        headers["Content-Type"] = "application/merge-patch+json"
    return client.request(method.upper(), path, json=body, headers=headers)


def _body(client, document, place, where):
    """The smallest body: of a PUT what stands there already, of a PATCH none."""
    method, operation, path, headers = where
    if "requestBody" not in operation:
        return None
    if method == "post":
        return place.smallest(operation["operationId"], PERSONA)
    if method == "patch":
        return {}
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    writable = resolved(document, schema)["properties"]
    stands = client.get(path, headers=headers).json()
    told = NAMES if operation["operationId"].startswith("upsert_") else writable
    return {name: value for name, value in stands.items() if name in writable and name in told}
