"""`homeroom browse` where something is wrong: it says what, and never by a traceback."""

import pytest

from tests.clients.scripted import CUT, scripted
from tests.clients.test_browse import piped

pytestmark = [pytest.mark.xdist_group("clients")]

NOTHING = (404, {}, {"code": "not-found"})
ENDED = (401, {}, {"code": "invalid-token"})
DONE = (204, {}, None)
FORM = {
    "requestBody": {
        "content": {
            "application/json": {
                "schema": {
                    "required": ["on_full"],
                    "properties": {"on_full": {"type": "string", "enum": ["fail", "waitlist"]}},
                }
            }
        }
    }
}
REGISTER = {"method": "POST", "operation": "register", "type": "application/json"}


def a_page(title, **links):
    shown = {rel: link if isinstance(link, dict) else {"href": link} for rel, link in links.items()}
    return (200, {}, {"title": title, "_links": shown})


def a_thing(script):
    """An answer with a list of one thing, which can be removed; and one with a fixed form."""
    at = script.address
    thing = {"title": "Choir", "_links": {"self": {"href": f"{at}/thing"}}}
    listed = (200, {}, {"items": [thing], "_links": {"self": {"href": f"{at}/things"}}})
    fixed = REGISTER | {"href": f"{at}/register", "body": {"on_full": "fail"}}
    remove = {"href": f"{at}/thing", "method": "DELETE", "operation": "remove"}
    document = {"paths": {"/x": {"post": {"operationId": "register", **FORM}}}}
    home = a_page("Home", self=f"{at}/", things=f"{at}/things", **{"service-desc": f"{at}/d"})
    script.answers |= {
        "/": [home],
        "/d": [(200, {}, document)],
        "/things": [listed],
        "/thing": [a_page("Choir", self=f"{at}/thing", remove=remove, register=fixed)],
    }
    return script


def walked(script, *steps, status=1):
    out, err = piped(script.address, *steps, status=status)
    return out if status == 0 else err


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ((200, {}, b"{"), "is application/json, and no representation"),
        ((200, {}, []), "is application/json, and no representation"),
        ((200, {}, b""), "is nothing, and no representation"),
        ((200, {"Content-Type": "text/html"}, "hello"), "is text/html, and no representation"),
        ((302, {"Location": "/there"}, b""), "redirects to /there: begin there"),
    ],
)
def test_what_is_no_homeroom_is_named(answer, told):
    with scripted({"/": [answer]}) as script:
        assert told in walked(script)


def test_what_is_no_address_is_named():
    _, err = piped("http://127.0.0.1:port", status=2)

    assert "Invalid value for URL" in err


def test_a_value_that_contradicts_what_the_link_fixes_is_refused():
    with scripted({}) as script:
        said = walked(a_thing(script), "things", "1", "register on_full=waitlist")

    assert said == "homeroom: register fixes on_full as 'fail'\n"
    assert ("POST", "/register") not in [asked[:2] for asked in script.asked]


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ("1 title=x", "What is in a list takes no title: go there first."),
        ("back foo", "foo is no number of pages: say back, or back 2."),
        ("back 1 2", "1 2 is no number of pages: say back, or back 2."),
        ("self rel=x", "rel"),
    ],
)
def test_words_that_mean_nothing_there_are_not_dropped(step, told):
    with scripted({}) as script:
        assert told in walked(a_thing(script), "things", step)


@pytest.mark.parametrize("gone", [NOTHING, ENDED])
def test_what_was_removed_is_left_for_the_nearest_page_that_is_there_still(gone):
    with scripted({}) as script:
        a_thing(script)
        listed = script.answers["/things"][0]
        script.answers["/thing"] += [DONE, gone]
        script.answers["/things"] = [listed, gone]

        assert walked(script, "things", "1", "remove", status=0).startswith("Home\n")


def test_what_has_only_ended_is_there_still_and_shows_how_it_is_now():
    with scripted({}) as script:
        a_thing(script)
        script.answers["/thing"] += [DONE, a_page("Ended", self=f"{script.address}/thing")]

        assert walked(script, "things", "1", "remove", status=0).startswith("Ended\n")


def test_what_is_done_is_called_done_where_nobody_answers_afterwards():
    with scripted({}) as script:
        a_thing(script)
        script.answers["/thing"] += [DONE, NOTHING]
        script.answers["/things"] += [CUT]

        assert walked(script, "things", "1", "remove").startswith("homeroom: It is done. But then")
