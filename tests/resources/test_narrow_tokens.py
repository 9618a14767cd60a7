"""A token of fewer scopes: what it may not call is no link, and says which scope it lacks."""

import pytest

from api import ids
from api.authz.actor import Actor
from api.authz.scopes import Scope
from api.services import class_seats
from tests import factories
from tests.apps import Client, a_token

READING = [scope for scope in Scope if scope.endswith(":read")]


@pytest.fixture
def class_url(school):
    with school.database.write() as tx:
        row = factories.a_class(tx, school.row.id)
        class_seats.created(tx, Actor.system(), row)
    return f"/v1/classes/{ids.encode('cls', row.id)}"


def with_scopes(school, person, scopes):
    with school.database.write() as tx:
        secret = a_token(tx, person.member.user_id, scopes)
    return Client(school.app.test_client(), secret)


def actions(document):
    return {rel for rel, link in document["_links"].items() if link.get("method", "GET") != "GET"}


def test_a_token_for_reading_shows_no_action_and_names_the_scope(school, class_url):
    reader = with_scopes(school, school.student, READING)

    shown = reader.get(class_url).json
    refused = reader.post(f"{class_url}/registrations", {})

    lacking = {"code": "insufficient-scope", "scope": "registrations:write"}
    assert "register" in school.student.get(class_url).json["_links"]
    assert actions(shown) == set()
    assert shown["_blocked"]["register"] == [lacking]
    assert (refused.status_code, refused.json["scope"]) == (403, lacking["scope"])


def test_every_scope_closes_the_actions_of_its_own_tag_alone(school, class_url):
    catalogue = with_scopes(school, school.registrar, [*READING, Scope.CATALOGUE_WRITE])

    shown = catalogue.get(class_url).json

    assert {"edit", "close", "cancel", "delete"} <= actions(shown)
    assert "register" in shown["_blocked"]


def test_what_is_refused_anyway_keeps_its_own_reason(school, class_url):
    reader = with_scopes(school, school.student, READING)

    assert reader.get(class_url).json["_blocked"]["edit"] == [{"code": "forbidden"}]


@pytest.mark.parametrize("noun", ["classes", "students", "registrations", "members", "terms"])
def test_lists_and_their_items_show_no_action_either(school, class_url, noun):
    school.student.post(f"{class_url}/registrations", {})
    reader = with_scopes(school, school.owner, READING)

    page = reader.get(f"{school.url}/{noun}").json

    assert actions(page) == set()
    assert page["_blocked"]["create"][0]["code"] == "insufficient-scope"
    assert all(actions(item) == set() for item in page["items"])


def test_a_seat_like_one_that_was_shown_before_shows_what_this_token_may(school, class_url):
    made = school.student.post(f"{class_url}/registrations", {}).json
    seat_url = made["_links"]["self"]["href"]
    reader = with_scopes(school, school.student, READING)

    whole, narrow, again = (
        who.get(seat_url).json for who in (school.student, reader, school.student)
    )

    assert whole == again == {**made, "version": whole["version"]}
    assert "drop" in actions(whole)
    assert actions(narrow) == set()
    assert narrow["_blocked"]["drop"][0]["code"] == "insufficient-scope"
