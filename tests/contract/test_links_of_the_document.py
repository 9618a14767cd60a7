"""The links that the document gives between operations, followed from what was really answered."""

import re
from urllib.parse import quote

import jsonpointer
import pytest

from tests.apps import Client
from tests.contract.validating import Contract
from tests.fake_clock import FakeClock
from tests.recording.making import PUBLIC_URL, SEED, an_app
from tests.recording.story import Story

NOT_AT_ONCE = {"create_export 202 result"}
"""A link that is never there yet in the answer that says that it will be."""
PAST, TO_COME = "2026-08-01T00:00:00.000Z", "2027-01-01T00:00:00.000Z"
MOVES = {
    "approve": ({"approval_required": True}, {}, {}, "enrolled"),
    "reject": ({"approval_required": True}, {}, {"reason_code": "no-room"}, "rejected"),
    "withdraw": ({"drop_until": PAST, "withdraw_until": TO_COME}, {}, {}, "withdrawn"),
    "complete": ({}, {"status": "ended"}, {}, "completed"),
}
"""Moves from states that nobody in the story comes to: of what a class, after what change of it,
with what that the link leaves to the client, to what state."""


def links_of(document, response):
    """The links of a response of the document by their names, shared ones looked up."""
    shared = document["components"]["links"]
    return {
        name: shared.get(link.get("$ref", "").rpartition("/")[2], link)
        for name, link in response.get("links", {}).items()
    }


def all_links(document):
    for methods in document["paths"].values():
        for operation in methods.values():
            for status, response in operation["responses"].items():
                for name, link in links_of(document, response).items():
                    yield f"{operation['operationId']} {status} {name}", operation, link


def parameters_of(document, operation):
    """The parameters of an operation, as (where, name)."""
    shared = document["components"]["parameters"]
    found = [shared.get(p.get("$ref", "").rpartition("/")[2], p) for p in operation["parameters"]]
    return {(parameter["in"], parameter["name"]) for parameter in found}


def variables(target, response):
    """What stood in the path of the request, by the names of the operation's template."""
    pattern = re.sub(r"{(\w+)}", r"(?P<\1>.+)", target.template)
    return re.fullmatch(pattern, response.request.path).groupdict()


def evaluated(expression, response, here):
    """A runtime expression (OpenAPI 3.0.3, 4.7.20.4) in the light of one answer."""
    source, _, rest = expression.removeprefix("$").partition(".")
    if source == "request":
        return here[rest.removeprefix("path.")]
    if rest.startswith("header."):
        return response.headers[rest.removeprefix("header.")]
    return jsonpointer.resolve_pointer(response.json, rest.removeprefix("body#"), None)


@pytest.fixture(scope="module")
def operations(document):
    return {
        operation["operationId"]: (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_every_link_leads_to_an_operation_and_names_parameters_that_it_has(document, operations):
    wrong = []
    for place, source, link in all_links(document):
        _, _, target = operations[link["operationId"]]
        names = {name for _, name in parameters_of(document, target)}
        asked = {e.rpartition(".")[2] for e in link["parameters"].values() if "$request" in e}
        here = {name for where, name in parameters_of(document, source) if where == "path"}
        if not set(link["parameters"]) <= names or not asked <= here:
            wrong.append(place)

    assert wrong == []


def test_every_operation_with_an_id_in_its_path_can_be_reached_by_a_link(document, operations):
    reached = {link["operationId"] for _, _, link in all_links(document)}
    need = {name for name, (path, _, _) in operations.items() if "{" in path}

    assert need - reached - {"get_problem_type", "get_relation"} == set()


def test_a_link_to_a_change_of_what_was_read_brings_its_version_along(document, operations):
    changing = [
        (place, "If-Match" in link["parameters"])
        for place, source, link in all_links(document)
        for path, _, target in [operations[link["operationId"]]]
        if {"$ref": "#/components/parameters/IfMatch"} in target["parameters"]
        and path == operations[source["operationId"]][0]
    ]

    assert len(changing) > 20
    assert [place for place, has_version in changing if not has_version] == []


class Follower:
    """A recording that keeps nothing, and follows every link of every answer that it is shown."""

    def __init__(self, document):
        self.document = document
        self.followed = set()
        self.compared = set()
        self.ended_as = {}

    def note(self, app, response, _):
        target = Contract.of(app).target_of(response)
        operation = self.document["paths"][target.template][target.method.lower()]
        responses = operation["responses"]
        described = responses.get(str(response.status_code)) or responses["2XX"]
        if "dry_run" in response.request.args or response.mimetype == "text/html":
            return
        here = variables(target, response)
        for name, link in links_of(self.document, described).items():
            place = f"{target.operation_id} {response.status_code} {name}"
            self.follow(app, place, link, response, here)

    def follow(self, app, place, link, response, here):
        target = Contract.of(app).targets[link["operationId"]]
        values = {key: evaluated(e, response, here) for key, e in link["parameters"].items()}
        tag = values.pop("If-Match", None)
        if set(values) != {variable for _, variable, _ in target.pieces if variable}:
            return  # The rest is for the client to say: the link does not name it.
        path = target.template.format(**{k: quote(str(v), safe="") for k, v in values.items()})
        name = place.rpartition(" ")[2]
        held = response.json.get("_links", {}).get(name)
        if held is not None:
            self.compare(place, target, link, path, held)
        if None in values.values() or (held is None and name != "item"):
            return
        token = response.request.headers.get("Authorization", "").removeprefix("Bearer ") or None
        caller = Client(app.test_client(), token)
        if target.method == "GET":
            answer = caller.get(path)
        elif name == "edit":
            answer = caller.patch(path, {}, if_match=tag)
        else:
            return
        needs_token = token is None and target.served.access == "token"
        assert answer.status_code == (401 if needs_token else 200), f"{place}: {answer.text}"
        self.followed.add(place)

    def move(self, app, person, rel, answer, rest):
        """Make the move that a link of the document names, of the registration that was read."""
        operation = self.document["paths"]["/v1/registrations/{registration_id}"]["get"]
        link = links_of(self.document, operation["responses"]["200"])[rel]
        target = Contract.of(app).targets[link["operationId"]]
        values = {key: evaluated(e, answer, {}) for key, e in link["parameters"].items()}
        moved = person.post(target.template.format(**values), {**link["x-body"], **rest})
        self.ended_as[rel] = moved.json["state"]

    def compare(self, place, target, link, path, held):
        """The link of the document is the one that the answer itself gives."""
        assert held["href"].partition("{")[0] == PUBLIC_URL + path, place
        assert held.get("method", "GET") == target.method, place
        assert held.get("body") == link.get("x-body"), place
        assert ("precondition" in held) == ("If-Match" in link["parameters"]), place
        self.compared.add(place)


@pytest.fixture(scope="module")
def follower(document, tmp_path_factory):
    """The whole story, with every link of every answer followed on the way."""
    follower, clock = Follower(document), FakeClock()
    with an_app(tmp_path_factory.mktemp("links") / "story", clock, SEED) as (app, _):
        story = Story(app, clock, follower)
        story.tell()
        for rel, (school_class, change, rest, _) in MOVES.items():
            answer = registered(story, rel, school_class, change)
            mover = story.people["ada" if rel == "withdraw" else "reggie"]
            follower.move(app, mover, rel, mover.get(answer), rest)
    return follower


def registered(story, title, school_class, change):
    """Where Ada's registration for a new class is, once the class was changed."""
    ada, reggie = story.people["ada"], story.people["reggie"]
    new = {"title": title, "status": "open", **school_class}
    url = reggie.post(f"{story.things['school']}/classes", new).headers["Location"]
    made = ada.post(f"{url}/registrations", {"on_full": "fail"})
    if change:
        reggie.merge(url, change)
    return made.headers["Location"]


def test_a_link_of_the_document_is_the_one_that_the_answer_holds(follower, document, operations):
    named = {place.rpartition(" ")[2] for place, _, link in all_links(document)}
    compared = {place.rpartition(" ")[2] for place in follower.compared}

    assert named - compared - set(operations) == {"item"}
    assert len(follower.compared) > 300


@pytest.mark.parametrize("rel", MOVES)
def test_a_link_that_moves_a_registration_does_so_as_it_stands(follower, rel):
    assert follower.ended_as[rel] == MOVES[rel][-1]


def test_every_link_that_reads_leads_to_what_is_there(follower, document, targets):
    reading = {
        place
        for place, _, link in all_links(document)
        if targets[link["operationId"]].method == "GET"
        # What another system calls it stands in no link; the client knows.
        and not link["operationId"].endswith("_by_external_id")
    }

    assert reading - follower.followed == NOT_AT_ONCE


def test_no_link_has_a_request_body_which_openapi_generator_takes_for_a_string(document):
    links = document["components"]["links"]

    assert any("x-body" in link for link in links.values())
    assert not [name for name, link in links.items() if "requestBody" in link]
