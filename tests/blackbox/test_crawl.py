import functools
import itertools
import re
import secrets
from dataclasses import replace
from email.utils import parsedate_tz
from types import SimpleNamespace

import httpx
import pytest

from api.http.problem_links import RELS
from tests.blackbox.crawler import Crawl, Forms
from tests.blackbox.town import MOST, ROLES, furnished
from tests.blackbox.world import PASSWORD, a_world

numbers = itertools.count(1)


@pytest.fixture(scope="module")
def town(world):
    """A little school of its own on the server, with something in every list."""
    with a_world(world.client, world.target) as town:
        yield furnished(town)


@pytest.fixture(scope="module")
def bare(world):
    """A school with nothing in it but people."""
    with a_world(world.client, world.target, world.owner) as bare:
        yield bare


@pytest.fixture(scope="module")
def forms(world):
    return Forms(world.nobody.get("/openapi.json").json())


@pytest.fixture(scope="module")
def crawl_of(town):
    """What each person reaches in the town as it was made: read once, and looked at twice."""

    @functools.cache
    def crawl_of(role):
        return Crawl(whoever(town, role), town.base).run()

    return crawl_of


def whoever(town, role):
    return town.nobody if role == "nobody" else town.people[role]


@pytest.mark.parametrize("role", ["nobody", *ROLES])
def test_check_40_whoever_follows_links_arrives(crawl_of, role):
    crawl = crawl_of(role)

    failed = crawl.failed()
    if role == "nobody":
        failed = {url: status for url, status in failed.items() if status != 401}
    assert failed == {}


def test_check_40_what_a_link_calls_deprecated_says_since_when_and_until_when(town, crawl_of):
    """Nothing has to be deprecated; whatever is, is held to RFC 9745 and RFC 8594."""
    assert [url for role in town.people for url in unsaid(crawl_of(role))] == []


def unsaid(crawl):
    """Addresses that links call deprecated, and that do not say so themselves."""
    for url in crawl.deprecated & crawl.pages.keys():
        headers = crawl.pages[url].headers
        is_said = re.fullmatch(r"@-?\d+", headers.get("Deprecation", ""))
        ends = parsedate_tz(headers.get("Sunset", ""))
        if not is_said or ends is None:
            yield url


@pytest.mark.parametrize(
    ("headers", "is_said"),
    [
        ({"Deprecation": "@1796000000", "Sunset": "Tue, 30 Nov 2027 00:00:00 GMT"}, True),
        ({"Deprecation": "true", "Sunset": "Tue, 30 Nov 2027 00:00:00 GMT"}, False),
        ({"Deprecation": "@1796000000", "Sunset": "2027-11-30"}, False),
        ({}, False),
    ],
)
def test_a_server_that_does_not_say_what_its_links_say_is_found_out(headers, is_said):
    root = {"_links": {"old": {"href": "http://there/old", "deprecation": "http://there/why"}}}
    pages = {
        "http://there/": httpx.Response(200, json=root),
        "http://there/old": httpx.Response(200, json={}, headers=headers),
    }

    crawl = Crawl(SimpleNamespace(get=pages.get), "http://there").run()

    assert list(unsaid(crawl)) == ([] if is_said else ["http://there/old"])


def test_check_40_every_documented_operation_is_reached(town, forms, crawl_of):
    crawls = [crawl_of(role) for role in town.people]

    reached = {operation for crawl in crawls for operation, _ in crawl.actions}
    addresses = {
        forms.template_of(url, town.base): (crawl.person, url)
        for crawl in crawls
        for url in crawl.pages
    }
    addresses.pop(None, None)
    for name, (person, url) in addresses.items():
        # What can be read says by itself what else can be done at its address.
        allowed = person.open("OPTIONS", url).headers["Allow"].split(", ")
        here = forms.methods_at(name)
        reached |= {here[method] for method in allowed if method in here}

    missing = {name for name in forms.operations.keys() - reached if not is_unlinked(forms, name)}
    assert missing == set()


def test_check_40_whatever_may_become_of_a_registration_is_offered_to_somebody(
    town, forms, crawl_of
):
    registration = forms.document["components"]["schemas"]["Registration"]["properties"]
    reads = {"self", "class", "student", "transitions"}

    offered = {rel for role in town.people for _, rel in crawl_of(role).actions}

    assert set(registration["_links"]["x-rels"]) - reads - offered == set()


def is_unlinked(forms, name):
    """Whether an operation is one that no link needs to name.

    An external id is known to another system only; `current` is an alias; codes and relations are
    addresses themselves.
    """
    path, _, _ = forms.operations[name]
    alone = {"/v1/tokens/current", "/problems/{code}", "/rels/{rel}"}
    return "by-external-id" in path or path in alone


# What ends something comes after what needs it, and whoever waits leaves before a seat gets free.
LATE = ("leave", "drop", "remove", "cancel", "revoke", "delete")
HOLDERS = {"delete_class", "delete_meeting_pattern", "delete_student"}
LEAVE, REVOKE = ("delete_member", "delete"), ("delete_token", "revoke")
PASSING = {("delete_job", "cancel")}
"""What may not be offered any more when it is its turn: a job ends by itself."""
FINAL = (LEAVE, REVOKE, ("delete_user", "delete"))
"""What may end the access of whoever does it: then somebody else does it, alone."""


def in_order(kinds):
    """Kinds of actions: what ends something comes last, the end of the organization after all."""

    def lateness(kind):
        operation, rel = kind
        turn = LATE.index(rel) + 1 if rel in LATE else 0
        return (operation == "delete_organization", operation in HOLDERS, turn, kind)

    return sorted(kinds, key=lateness)


def values(town, person):
    """What forms ask for that no link gives: people and classes made for this call."""
    is_staff = person in (town.owner, town.people["registrar"])
    username = person.username or town.stranger.username

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
        ("create_token", "create"): {"username": username, "password": PASSWORD},
        ("create_token", "token"): {"username": username, "password": PASSWORD},
        ("create_member", "create"): {"username": lambda: town.signed_up("member").username},
        ("create_class_registration", "register"): who,
        ("create_class_registration", "join-waitlist"): who,
        ("create_registration", "create"): {**who, "class_id": a_class},
        ("create_student_registration", "create"): {"class_id": a_class},
        ("create_registration_transition", "reject"): {"reason_code": "other"},
        ("create_registration_transition", "remove"): {"reason_code": "other"},
    }


def require_account(person):
    """Leave out what would use up an account that somebody else made, or needs its password."""
    if not person.username:
        pytest.skip("links are used up with accounts of their own, and sign-up is closed there")


@pytest.mark.parametrize("role", ROLES)
def test_check_40_what_is_named_as_blocked_is_refused(town, forms, crawl_of, role):
    """By the call that the same relation offers elsewhere, to this person or another."""
    person, crawl = town.people[role], crawl_of(role)
    offered = {
        (forms.template_of(action.page, town.base), action.rel): action
        for each in town.people
        for action in itertools.chain(*crawl_of(each).actions.values())
        if action.href.startswith(action.page)
    }
    done = []

    for rel, pages in crawl.blocked.items():
        for page in list(pages)[:MOST]:
            action = offered.get((forms.template_of(page, town.base), rel))
            before = person.get(page)
            if action is None or rel not in before.json().get("_blocked", ()):
                continue
            called = replace(action, page=page, href=action.href.replace(action.page, page))
            done.append((rel, page, taken(town, forms, person, called, before).status_code))
            assert person.get(page).headers["ETag"] == before.headers["ETag"], done[-1]

    assert [each for each in done if each[-1] not in {403, 404, 409}] == []
    if role in {"registrar", "owner"}:
        assert {rel for rel, *_ in done} == crawl.blocked.keys()


@pytest.mark.parametrize("role", ["nobody", *ROLES])
def test_check_40_every_action_that_a_link_offers_is_done(town, forms, crawl_of, role):
    require_account(town.people["stranger" if role == "nobody" else role])
    person, seen = whoever(town, role), crawl_of(role)
    crawl = Crawl(person, town.base).run()
    without_end(crawl)
    # Whatever was done before by others, what was offered at first must still be done.
    kinds = in_order({*crawl.actions, *(seen.actions.keys() - {*FINAL})})
    refused, undone = [], []

    def follow(kind, most):
        done = []
        for action, page in crawl.offered(kind, most):
            done.append(action)
            answer = taken(town, forms, person, action, page)
            if not answer.is_success and not needs_account(forms, role, action, answer):
                refused.append((kind, action.page, answer.status_code, answer.text))
        return done

    *others, last = kinds
    undone += [kind for kind in others if not follow(kind, 1) and kind not in PASSING]
    for kind in others:
        follow(kind, MOST - 1)
    undone += [last] if not follow(last, 1) else []

    assert refused == []
    assert undone == []


def taken(town, forms, person, action, page):
    """What a link is answered, called by its form; what was edited is put back, too."""
    body = forms.smallest(action, values(town, person))
    tag = page.headers.get("ETag") if action.is_conditional else None
    answer = person.open(action.method, action.href, json=body, if_match=tag)
    if action.operation == "create_user":
        town.accounts.append(body["username"])
    replaces = forms.methods_at(action.operation).get("PUT")
    if answer.is_success and action.method == "PATCH" and replaces is not None:
        whole = answer.json()
        return person.open("PUT", action.href, json=whole, if_match=answer.headers["ETag"])
    return answer


def needs_account(forms, role, action, answer):
    """Whether nobody was told to log in first, where that is what it takes."""
    is_for_users = role == "nobody" and not forms.is_public(action.operation)
    return is_for_users and answer.status_code == 401


def own_ids(person):
    """What a person is known by: the ends of these are the end of their access."""
    if person.token is None:
        return set()
    me = person.get("/v1/me").json()
    return {me["user"]["id"], me["token_id"], *(member["id"] for member in me["memberships"])}


def is_of(ids, action):
    return any(known in action.href for known in ids)


def without_end(crawl):
    """Leave out what ends the access of whoever crawls."""
    own = own_ids(crawl.person)
    for kind in {*FINAL} & crawl.actions.keys():
        crawl.actions[kind] = [each for each in crawl.actions[kind] if not is_of(own, each)]
        if not crawl.actions[kind]:
            del crawl.actions[kind]


@pytest.mark.parametrize("role", ROLES)
def test_check_40_who_ends_their_own_access_is_done_with(bare, role):
    person = bare.signed_up("leaver") if role == "stranger" else bare.joined("leaver", role)
    require_account(person)
    own, crawl = own_ids(person), Crawl(person, bare.base).run()

    for kind in FINAL:
        if role == "stranger" and kind == LEAVE:
            assert kind not in crawl.actions
            continue
        crawl.actions[kind] = [each for each in crawl.actions[kind] if is_of(own, each)]
        ((action, page),) = crawl.offered(kind)
        ended = crawl.person.open(action.method, action.href, if_match=page.headers["ETag"])
        assert ended.status_code == 204, ended.text
        assert not crawl.person.get(action.page).is_success
        if kind == REVOKE:
            crawl.person = bare.logged_in(person.username)


def test_check_40_the_links_of_refusals_lead_on(bare, forms):
    person = bare.student
    require_account(person)
    owner, followed = bare.owner, set()
    full = bare.a_class(title="Full", capacity=0).json()
    open_one = bare.a_class(title="Open").json()["_links"]["registrations"]["href"]
    assert person.post(open_one, {}).status_code == 201
    item = full["_links"]["self"]["href"]
    refusals = [
        (person, lambda: person.post(open_one, {})),
        (person, lambda: person.post(full["_links"]["registrations"]["href"], {})),
        (owner, lambda: owner.open("DELETE", item, if_match=owner.get(item).headers["ETag"])),
    ]

    for caller, refused in refusals:
        problem = refused()
        crawl = Crawl(caller, bare.base)
        assert problem.status_code == 409, problem.text
        for href in crawl.read(str(problem.url), {"_links": problem.json()["_links"]}):
            assert caller.get(href).is_success, href
        for action in itertools.chain(*crawl.actions.values()):
            body = forms.smallest(action, {})
            done = caller.open(action.method, action.href, json=body, if_match="*")
            assert done.is_success, done.text
        followed |= problem.json()["_links"].keys()

    assert followed == set(RELS)
