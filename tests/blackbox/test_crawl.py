import functools
import itertools
import secrets

import pytest

from tests.blackbox.crawler import Crawl, Forms
from tests.blackbox.world import PASSWORD, a_world

numbers = itertools.count(1)
ROLES = ("stranger", "student", "instructor", "registrar", "owner")


@pytest.fixture(scope="module")
def town(world):
    """A little school of its own on the server, with something in every list."""
    with a_world(world.client, world.target) as town:
        yield furnished(town)


def furnished(town):
    for role in ROLES:
        assert town.people[role]
    term = town.a_term().json()
    owner = town.owner
    course = owner.post(f"{town.url}/courses", {"code": "MATH 1", "title": "Mathematics"})
    assert course.status_code == 201, course.text
    links = {"term_id": term["id"], "course_id": course.json()["id"]}
    full = town.a_class(title="Full", capacity=1, **links).json()
    town.a_class(title="Open")
    town.a_class(title="Draft", status="draft")
    pattern = {
        "weekdays": ["mo"],
        "start_local": "09:00",
        "duration_minutes": 60,
        "from_date": "2027-10-04",
        "to_date": "2027-10-31",
    }
    made = owner.post(full["_links"]["meeting-patterns"]["href"], pattern)
    assert made.status_code == 201, made.text
    town.classmate = owner.post(
        f"{town.url}/students", {"given_name": "Ben", "family_name": "Classmate"}
    ).json()
    seats = full["_links"]["registrations"]["href"]
    taken = owner.post(seats, {"student_id": town.classmate["id"]})
    assert taken.status_code == 201, taken.text
    waiting = town.student.post(seats, {"on_full": "waitlist"})
    assert waiting.status_code == 201, waiting.text
    for number in range(6):
        seats = town.a_class(title=f"More {number}").json()["_links"]["registrations"]["href"]
        assert owner.post(seats, {"student_id": town.classmate["id"]}).status_code == 201
        if number < 3:
            assert town.student.post(seats, {}).status_code == 201
    town.a_term("Unused")
    owner.post(f"{town.url}/courses", {"code": "NONE", "title": "Unused"})
    town.people["hostess"] = town.signed_up("hostess")
    return town


@pytest.fixture(scope="module")
def forms(world):
    return Forms(world.nobody.get("/openapi.json").json())


@pytest.fixture(scope="module")
def crawl_of(town):
    """What each person reaches in the town as it was made: read once, and looked at twice."""

    @functools.cache
    def crawl_of(role):
        person = town.nobody if role == "nobody" else town.people[role]
        return Crawl(person, town.base).run()

    return crawl_of


@pytest.mark.parametrize("role", ["nobody", *ROLES])
def test_check_40_whoever_follows_links_arrives(crawl_of, role):
    crawl = crawl_of(role)

    failed = crawl.failed()
    if role == "nobody":
        failed = {url: status for url, status in failed.items() if status != 401}
    assert failed == {}


def test_check_40_every_documented_operation_is_reached(town, forms, crawl_of):
    crawls = [crawl_of(role) for role in town.people]

    reached = {operation for crawl in crawls for operation, _ in crawl.actions}
    reached |= {forms.template_of(url, town.base) for crawl in crawls for url in crawl.pages}

    missing = {name for name in forms.operations.keys() - reached if not is_unlinked(forms, name)}
    assert missing == set()


def is_unlinked(forms, name):
    """Whether an operation is one that no link needs to name.

    A PUT has the address of the PATCH beside it, and a registration's DELETE stands for its
    transitions. An external id is known to another system only; `current` is an alias; codes and
    relations are addresses themselves.
    """
    path, method, _ = forms.operations[name]
    return (
        method == "put"
        or name == "delete_registration"
        or "by-external-id" in path
        or path in {"/v1/tokens/current", "/problems/{code}", "/rels/{rel}"}
    )


# What ends something comes after what needs it, and whoever waits leaves before a seat gets free;
# the last three end the person, so others do them.
LATE = ("leave", "drop", "remove", "cancel", "revoke", "delete")
HOLDERS = {"delete_class", "delete_meeting_pattern", "delete_student"}
FINAL = {("delete_user", "delete"), ("delete_token", "revoke"), ("delete_member", "delete")}


def in_order(kinds):
    """Kinds of actions: what ends something comes last, the end of the organization after all."""

    def lateness(kind):
        operation, rel = kind
        turn = LATE.index(rel) + 1 if rel in LATE else 0
        return (operation == "delete_organization", operation in HOLDERS, turn, kind)

    return sorted(set(kinds) - FINAL, key=lateness)


def values(town, person):
    """What forms ask for that no link gives: people and classes made for this call."""
    is_staff = person in (town.owner, town.people["registrar"])

    def a_student():
        new = {"given_name": "New", "family_name": "Student"}
        return town.owner.post(f"{town.url}/students", new).json()["id"]

    def a_class():
        return town.a_class(title="For one call").json()["id"]

    def a_code():
        hostess = town.people["hostess"]
        slug = f"other-{next(numbers)}-{secrets.token_hex(4)}"
        new = {"name": "Other", "slug": slug, "timezone": "UTC"}
        made = hostess.post("/v1/organizations", new).json()["_links"]["self"]["href"]
        return hostess.post(f"{made}/invitations", {"role": "student"}).json()["code"]

    who = {"student_id": a_student} if is_staff else {}
    return {
        "code": a_code,
        "reason_code": lambda: "other",
        ("create_token", "create"): {"username": person.username, "password": PASSWORD},
        ("create_token", "token"): {"username": person.username, "password": PASSWORD},
        ("create_member", "create"): {"username": lambda: town.signed_up("member").username},
        ("create_class_registration", "register"): who,
        ("create_class_registration", "join-waitlist"): who,
        ("create_registration", "create"): {**who, "class_id": a_class},
        ("create_student_registration", "create"): {"class_id": a_class},
        ("create_registration_transition", "remove"): {"reason_code": "other"},
    }


def require_account(person):
    """Leave out what would use up an account that somebody else made, or needs its password."""
    if not person.username:
        pytest.skip("links are used up with accounts of their own, and sign-up is closed there")


@pytest.mark.parametrize("role", ROLES)
def test_check_40_every_action_that_a_link_offers_is_done(town, forms, role):
    person = town.people[role]
    require_account(person)
    crawl = Crawl(person, town.base).run()
    refused, undone = [], []

    for kind in in_order(crawl.actions):
        found = crawl.offered(kind)
        if found is None:
            undone.append(kind)
            continue
        action, page = found
        body = forms.smallest(action, values(town, person))
        tag = page.headers.get("ETag") if action.is_conditional else None
        answer = person.open(action.method, action.href, json=body, if_match=tag)
        if action.operation == "create_user":
            town.accounts.append(body["username"])
        if not answer.is_success:
            refused.append((kind, action.page, answer.status_code, answer.text))

    assert refused == []
    assert undone == []


@pytest.mark.parametrize("kind", sorted(FINAL))
def test_check_40_who_ends_their_own_access_is_done_with(world, forms, kind):
    person = world.joined("leaver", "student")
    require_account(person)
    action, page = Crawl(person, world.base).run().offered(kind)

    ended = person.open(action.method, action.href, if_match=page.headers["ETag"])

    assert ended.status_code == 204
    assert not person.get(action.page).is_success
