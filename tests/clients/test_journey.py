"""The parts of a walk, with somebody who answers from a list."""

import io
import secrets

import pytest

from api.cli.browsing import walk
from api.cli.browsing.filling import Missing, NotThat, fill, hint, read_value
from api.cli.browsing.journey import Journey, Left, Lost
from api.cli.browsing.pages import page_of, value_text
from homeroom_client import Form, Homeroom, Link, Member, NotOffered, Resource, problems

pytestmark = [pytest.mark.xdist_group("clients")]


class Typist:
    """Somebody who types what is on a list, and keeps what was said and what was secret."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.told = []
        self.secrets = []

    def __call__(self, question, *, is_secret=False):
        answer = self.answers.pop(0)
        if is_secret:
            self.secrets.append(answer)
        return answer

    def tell(self, text):
        self.told.append(text)


def a_member(name="x", *, is_required=False, fixed=None, **schema):
    return Member(name=name, is_required=is_required, schema=schema, fixed=fixed)


def a_form(*members, **body):
    link = Link(rel="create", href="/x", method="POST", media_type="application/json", body=body)
    return Form(link=link, members=members, is_repeatable=True)


@pytest.fixture
def journey(plain):
    """A walk that begins at the root, with nobody to ask."""
    with Homeroom(plain.url) as home:
        yield Journey(home=home, here=home.root())


def obeyed(journey, *lines):
    return [journey.obey(line) for line in lines][-1]


@pytest.mark.parametrize(
    ("schema", "typed", "value"),
    [
        ({"type": "string"}, "12", "12"),
        ({"type": "integer"}, "12", 12),
        ({"type": "integer", "nullable": True}, "null", None),
        ({"type": "boolean"}, "Yes", True),
        ({"type": "boolean"}, "no", False),
        ({"type": "string", "enum": ["fail", "waitlist"]}, "waitlist", "waitlist"),
        ({"type": "array", "items": {"type": "string"}}, "mo, we,", ["mo", "we"]),
        ({"type": "array", "items": {"type": "string"}}, '["mo"]', ["mo"]),
        ({"type": "array", "items": {"type": "object"}}, "[{}]", [{}]),
        ({"type": "object"}, '{"mode": "auto"}', {"mode": "auto"}),
    ],
)
def test_what_is_typed_becomes_a_value_of_its_kind(schema, typed, value):
    assert read_value(a_member(**schema), typed) == value


@pytest.mark.parametrize(
    ("schema", "typed", "why"),
    [
        ({"type": "integer"}, "many", "x is integer"),
        ({"type": "boolean"}, "perhaps", "x is yes or no"),
        ({"type": "string", "enum": ["fail", "waitlist"]}, "wait", r"one of fail \| waitlist"),
        ({"type": "array", "items": {"type": "object"}}, "mo", "x is a JSON array"),
        ({"type": "object"}, "mo", "x is a JSON object"),
    ],
)
def test_what_is_no_value_is_told_with_what_would_be(schema, typed, why):
    with pytest.raises(NotThat, match=why):
        read_value(a_member(**schema), typed)


def test_a_hint_says_bounds_and_whether_nothing_is_a_value():
    assert hint(a_member(type="integer", minimum=0, maximum=9, nullable=True)) == (
        "integer, at least 0, at most 9, or null"
    )
    assert hint(a_member(type="string", minLength=8, format="password")) == (
        "text, at least 8 characters, password"
    )


def test_what_is_needed_is_asked_for_until_it_fits_and_what_is_secret_secretly():
    form = a_form(
        a_member("name", is_required=True, type="string"),
        a_member("password", is_required=True, type="string", format="password"),
        a_member("limit", type="integer"),
    )
    asks = Typist("", "Ada", "correct horse", "size", "limit", "lots", "3", "")

    assert fill(form, {}, asks) == {"name": "Ada", "password": "correct horse", "limit": 3}
    assert asks.secrets == ["correct horse"]
    assert "It is needed; Ctrl-C leaves the form." in asks.told
    assert "There is no member size left to give." in asks.told


def test_a_form_that_the_link_fills_asks_for_nothing():
    form = a_form(a_member("to", is_required=True, type="string"), a_member("reason"), to="dropped")

    assert fill(form, {}, Typist()) == {}


def test_a_form_of_which_all_is_given_offers_nothing_more():
    form = a_form(a_member("name", is_required=True, type="string"))

    assert fill(form, {}, Typist("Ada")) == {"name": "Ada"}


def test_what_a_form_does_not_take_is_told_and_what_it_lacks_too():
    form = a_form(a_member("name", is_required=True, type="string"))

    with pytest.raises(NotThat, match="create takes name, and no nam"):
        fill(form, {"nam": "Ada"}, None)
    with pytest.raises(Missing, match="create needs name: say name=…"):
        fill(form, {}, None)


def test_values_are_written_for_people():
    assert value_text(None) == "(none)"
    assert (value_text(True), value_text(False)) == ("yes", "no")
    assert value_text({"a": [1]}) == '{"a":[1]}'
    assert value_text("bell\a") == "bell\ufffd"


def test_a_page_keeps_to_the_width():
    links = {"search": {"href": "/{?" + ",".join(f"member{n}" for n in range(40)) + "}"}}
    links["search"]["templated"] = True
    document = {"description": "word " * 60, "empty": "", "_links": links}

    page = page_of(Resource(None, document, url="/here"), 50)

    assert max(map(len, page.splitlines())) <= 50
    assert page.count("word") == 60
    assert page.splitlines()[-1].endswith("…")


def test_a_login_a_walk_and_the_way_back(journey, plain):
    journey.asks = Typist("try-homeroom", "title=Choir", "")
    assert obeyed(journey, "login student") == "You are logged in."
    journey.obey("organizations")
    journey.obey("1")
    journey.obey("classes")
    everything = len(journey.here.entries)
    journey.obey("search")

    assert (everything > 1, len(journey.here.entries)) == (True, 1)
    assert journey.asks.secrets == ["try-homeroom"]
    assert len(obeyed(journey, "history").splitlines()) == 4
    obeyed(journey, "back 3")
    assert journey.here["items"][0]["name"]
    with pytest.raises(Lost, match="not been anywhere"):
        journey.obey("back 7")
    journey.obey("logout")
    assert obeyed(journey, "history") == "You have just begun."
    with pytest.raises(problems.AuthenticationRequired):
        journey.obey("organizations")
    assert journey.here.url == f"{plain.url}/"


def test_a_thing_is_made_changed_and_removed_and_one_is_back_at_its_list(journey):
    slug = f"walk-{secrets.token_hex(4)}"
    issued = "token username=owner password=try-homeroom"
    obeyed(journey, issued, "root", "organizations")
    obeyed(journey, f"create name=Night slug={slug} timezone=Europe/Vienna", "classes")
    listed = journey.here.url

    obeyed(journey, "create title=Choir")
    obeyed(journey, "edit title=Chorus", "again")
    changed, been = journey.here["title"], len(journey.trail)
    with pytest.raises(NotOffered) as blocked:
        journey.obey("register")
    obeyed(journey, "delete")

    assert changed == "Chorus"
    assert blocked.value.codes == {"class-not-open"}
    assert (journey.here.url, journey.here.entries) == (listed, [])
    assert len(journey.trail) == been - 1


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("99", "There is no number 99 here."),
        ("nonsense", "There is no nonsense here"),
        ("login", "login NAME"),
        ("login ada", "only be asked for in a terminal"),
        ("search 'x", "No closing quotation"),
    ],
)
def test_what_leads_nowhere_is_told(journey, line, why):
    with pytest.raises(Lost, match=why):
        journey.obey(line)


def test_words_that_say_no_value_and_words_that_end_it(journey):
    with pytest.raises(NotThat, match="say name=value"):
        journey.obey("users ada")
    with pytest.raises(Left):
        journey.obey("quit")
    assert journey.obey("") is None
    assert "NUMBER or RELATION" in journey.obey("?")
    assert '"title": "Homeroom"' in journey.obey("json")


def test_what_is_typed_in_a_row_is_obeyed_in_a_row(plain, monkeypatch, capsys):
    lines = "me\nusers\nada\n\nv1\nhistory\nquit\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    monkeypatch.setattr("getpass.getpass", lambda _: _interrupted())

    with Homeroom(plain.url) as home:
        walk.freely(home, ["v1", "root"])

    shown = capsys.readouterr().out
    assert "authentication-required" in shown
    assert "Nothing was done." in shown
    assert "back 1" in shown


def _interrupted():
    raise KeyboardInterrupt
