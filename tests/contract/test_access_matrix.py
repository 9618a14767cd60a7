"""Every operation, as everybody: what each is answered follows from the policy's table alone."""

import re
import tempfile

import pytest

from api.app import create_app
from api.authz.policy import RULES, Action
from api.http.links import targets_of
from api.models import Role
from tests.apps import settings_for
from tests.contract.world import BODIES, PREFIXES, WORDS, a_world

on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True, scope="session")
PERSONAS = (
    *("nobody", "revoked", "expired", "stranger", "classmate", "student"),
    *("colleague", "instructor", "registrar", "owner"),
)
ROLES = {str(role): role for role in Role} | {
    "classmate": Role.STUDENT,
    "colleague": Role.INSTRUCTOR,
}
"""The members; the first of each role is whose things the world holds, or who teaches them."""

ALLOWED = "allowed"
HIDDEN = (404, "not-found")
WITHOUT_A_TOKEN = {
    "nobody": (401, "authentication-required"),
    "revoked": (401, "invalid-token"),
    "expired": (401, "invalid-token"),
}
REFUSED = {401, 403, 404}

EXCEPTIONS = {
    # The list holds what they teach, which is nothing.
    ("list_student_registrations", "colleague"): ALLOWED,
}
"""Cells that do not follow from the tables, with what is answered instead and why."""

SEEN_BY = {
    "student_id": Action.STUDENT_READ,
    "registration_id": Action.REGISTRATION_READ,
}
"""What must be seen before anything can be done with it, by the variable of the URL."""

OWNERS_OWN = {Action.ACCOUNT_OWN}
"""Actions on the caller's own account: the ids of the world are those of the owner's."""


def expected(target, persona):
    """What a persona is answered: `ALLOWED`, or the status and the code of the refusal."""
    action = target.served.action
    if target.served.access == "public":
        return ALLOWED
    if persona in WITHOUT_A_TOKEN:
        return WITHOUT_A_TOKEN[persona]
    if (target.operation_id, persona) in EXCEPTIONS:
        return EXCEPTIONS[target.operation_id, persona]
    if action not in RULES:
        is_of_another = action in OWNERS_OWN and "{" in target.template and persona != "owner"
        return HIDDEN if is_of_another else ALLOWED
    if persona == "stranger" or HIDDEN in [by_rule(rule, persona) for rule in reading(target)]:
        return HIDDEN
    return by_rule(RULES[action], persona)


def reading(target):
    """The rules by which the things in the URL are seen at all."""
    return [RULES[action] for name, action in SEEN_BY.items() if f"{{{name}}}" in target.template]


def by_rule(rule, persona):
    """What a member is answered under a rule."""
    stands = (
        ROLES[persona] in rule.roles
        or (rule.instructor and persona == "instructor")
        or (rule.own and persona == "student")
    )
    if stands:
        return ALLOWED
    return HIDDEN if rule.hidden else (403, "forbidden")


def call(world, target, persona, path):
    body = {}
    if target.served.body is not None and target.method in {"POST", "PUT", "PATCH"}:
        body = {"json": world.body(target.operation_id) if target.method == "POST" else {}}
    return world.personas[persona].open(target.method, path, **body)


def told(problem):
    """A problem without what differs from one occurrence to the next."""
    return {
        name: value for name, value in problem.items() if name not in {"instance", "request_id"}
    }


def names():
    """The operations, as the URL map has them when tests are collected."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(settings_for(f"sqlite:///{folder}/homeroom.sqlite3"))
        app.extensions["homeroom"].database.close()
        return sorted(targets_of(app))


@pytest.fixture(scope="session")
def targets_here(app):
    return targets_of(app)


@pytest.fixture(scope="session")
def lasting(app):
    """A world for calls that change nothing."""
    return a_world(app)


def test_every_variable_of_a_url_can_be_filled_in(targets):
    variables = {name for t in targets.values() for name in re.findall(r"{(\w+)}", t.template)}

    assert variables <= {*PREFIXES, *WORDS}


def test_every_post_has_a_body_to_try_it_with(targets):
    posts = {name for name, target in targets.items() if target.method == "POST"}

    assert posts == set(BODIES)


@on_sqlite
@pytest.mark.parametrize("operation_id", names())
def test_everybody_is_answered_as_the_policy_says(
    app, http_clock, lasting, targets_here, operation_id
):
    target = targets_here[operation_id]
    found, wanted = {}, {}

    for persona in PERSONAS:
        wanted[persona] = expected(target, persona)
        refused_again = target.method == "GET" or wanted[persona] != ALLOWED
        world = lasting if refused_again else a_world(app)
        answer = call(world, target, persona, world.path(target.template))
        is_refused = answer.status_code in REFUSED and target.served.access != "public"
        found[persona] = (answer.status_code, answer.json["code"]) if is_refused else ALLOWED
        assert answer.status_code < 500, (persona, answer.text)
        if answer.status_code == 422:
            assert target.method != "POST", (persona, answer.text)
        if found[persona] == HIDDEN:
            nowhere = call(world, target, persona, world.unknown_path(target.template))
            assert told(answer.json) == told(nowhere.json), persona

    assert found == wanted
