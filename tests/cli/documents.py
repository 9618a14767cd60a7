"""Places of the document that changes of it are made at, and a register of such changes."""

import copy

CLASSES = "/v1/organizations/{organization_id}/classes"
CLASS = "/v1/classes/{class_id}"
REGISTRATIONS = "/v1/classes/{class_id}/registrations"


def schema(document, name):
    return document["components"]["schemas"][name]


def member(document, name, of):
    return schema(document, of)["properties"][name]


def parameter(document, name, path=CLASSES, method="get"):
    found = document["paths"][path][method]["parameters"]
    return next(each for each in found if each.get("name") == name)


def renamed(parts, old, new):
    parts[new] = parts.pop(old)


def problems(d, status):
    """The examples of problems of one operation, which has its responses to itself."""
    responses = d["paths"][REGISTRATIONS]["post"]["responses"]
    shared = d["components"]["responses"]
    found = responses[status]
    responses[status] = copy.deepcopy(shared.get(found.get("$ref", "").rpartition("/")[2], found))
    return responses[status]["content"]["application/problem+json"]["examples"]


def related(d, name):
    return member(d, "_links", name)["x-rels"]


BREAKING = {}
HARMLESS = {}


def breaks(*words):
    """Register a change that breaks, with the words of the breaks that it must be named with."""

    def register(change):
        BREAKING[change.__name__] = (change, words)
        return change

    return register


def harmless(change):
    """Register a change that nobody's client notices."""
    HARMLESS[change.__name__] = change
    return change
