import secrets
from dataclasses import replace

import pytest

from tests.blackbox.world import PASSWORD

SECRETS = {"create_token": "token", "create_invitation": "code"}
"""What is told once, in the answer that made it."""
PERIOD = {"starts_on": "2027-10-01", "ends_on": "2028-01-31"}
PATTERN = {"weekdays": ["mo"], "start_local": "09:00", "duration_minutes": 60}
DATES = {"from_date": "2027-10-04", "to_date": "2027-10-31"}
SESSION = {"local_start": "2027-10-04T12:00", "duration_minutes": 60}
OF_ACCOUNTS = {"create_member", "create_invitation_acceptance", "create_user", "create_token"}


def things(world):
    """What an owner makes in a school: where, and from what."""
    at = world.url
    lists = f"{world.a_class(capacity=9).headers['Location']}"
    class_id = {"class_id": lists.rpartition("/")[2]}
    first, second, third = ({"student_id": world.a_student()} for _ in range(3))
    name = f"made-{secrets.token_hex(4)}"
    return {
        "create_organization": (
            "/v1/organizations",
            {"name": "Made", "slug": name, "timezone": "UTC"},
        ),
        "create_term": (f"{at}/terms", {"name": "Made", **PERIOD}),
        "create_course": (f"{at}/courses", {"code": name, "title": "Made"}),
        "create_class": (f"{at}/classes", {"title": "Made"}),
        "create_student": (f"{at}/students", {"given_name": "Ada", "family_name": "Made"}),
        "create_invitation": (f"{at}/invitations", {"role": "student"}),
        "create_class_meeting_pattern": (f"{lists}/meeting-patterns", PATTERN | DATES),
        "create_class_session": (f"{lists}/sessions", SESSION),
        "create_class_registration": (f"{lists}/registrations", first),
        "create_registration": (f"{at}/registrations", second | class_id),
        "create_student_registration": (
            f"/v1/students/{third['student_id']}/registrations",
            class_id,
        ),
    }


def is_found_as_it_was_told(person, made, operation=None):
    """Whether there is at its `Location` what the answer says, but for a secret, with one tag."""
    found = person.get(made.headers["Location"])
    assert (made.status_code, found.status_code) == (201, 200), made.text
    assert made.headers["Location"].startswith(person.client.base_url.scheme + "://")
    if operation in SECRETS:
        told = made.json()
        assert told.pop(SECRETS[operation])
        return found.json() == told
    assert found.headers["ETag"] == made.headers["ETag"]
    return found.content == made.content


def test_check_18_what_was_made_is_at_its_location(world):
    for operation, (url, new) in things(world).items():
        made = world.owner.post(url, new)
        if operation == "create_organization":
            world.schools.append(made.headers["Location"])

        assert is_found_as_it_was_told(world.owner, made, operation), operation
        assert made.headers["Location"].startswith(f"{world.base}/"), operation


def test_check_18_so_is_every_account_and_what_it_is_and_has(world):
    newcomer, other = world.signed_up("newcomer"), world.signed_up("other")
    if not newcomer.username:
        pytest.skip("accounts are made by those who sign up, and sign-up is closed there")
    account = {"username": f"made-{secrets.token_hex(4)}", "password": PASSWORD}
    world.accounts.append(account["username"])
    code = world.owner.post(f"{world.url}/invitations", {"role": "student"}).json()["code"]

    user = world.nobody.post("/v1/users", account)
    token = world.nobody.post("/v1/tokens", account)
    member = {"username": other.username, "role": "student"}
    joined = newcomer.post("/v1/invitation-acceptances", {"code": code})

    themselves = replace(newcomer, token=token.json()["token"])
    assert is_found_as_it_was_told(themselves, user)
    assert is_found_as_it_was_told(themselves, token, "create_token")
    assert is_found_as_it_was_told(newcomer, joined)
    assert is_found_as_it_was_told(world.owner, world.owner.post(f"{world.url}/members", member))


def test_check_18_nothing_else_is_made_by_a_post(world, document):
    made = {
        operation["operationId"]
        for operations in document["paths"].values()
        for operation in operations.values()
        if "201" in operation["responses"] and operations.get("post") is operation
    }

    assert made == things(world).keys() | OF_ACCOUNTS
