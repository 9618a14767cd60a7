import json
from pathlib import Path

import pytest

from api.errors import every_refusal
from homeroom_client import (
    Contradiction,
    Homeroom,
    Link,
    NotOffered,
    Problem,
    UnknownVariable,
    problems,
)
from homeroom_client.forms import Document
from tests.clients.scripted import scripted

ROOT = Path(__file__).parents[2]
PUBLIC = {"ETag": '"v0"', "Cache-Control": "public, max-age=300"}


@pytest.fixture(scope="module")
def document():
    return Document(json.loads((ROOT / "docs" / "openapi.json").read_text()))


def test_every_refusal_of_the_server_has_an_exception_of_its_own():
    codes = {refusal.code for refusal in every_refusal()}

    assert codes == set(problems.CODES)
    for code in codes:
        raised = problems.problem(409, {"code": code})
        assert type(raised) is not Problem
        assert raised.code == code


def test_an_exception_is_named_for_its_code_and_no_other_name_is_one():
    full = problems.problem(409, {"code": "class-full", "blocks": [{"code": "class-full", "n": 1}]})

    assert isinstance(full, problems.ClassFull)
    assert full.blocks[0].details == {"n": 1}
    with pytest.raises(AttributeError, match="ClasFull"):
        _ = problems.ClasFull


def test_a_code_that_is_newer_than_the_client_is_a_problem_all_the_same():
    newer = problems.problem(409, {"code": "moon-full", "_links": {"up": {"href": "/x"}}})

    assert (type(newer), newer.code) == (Problem, "moon-full")
    assert newer.links["up"].url() == "/x"


def test_a_refusal_says_where_each_fault_is():
    errors = [{"pointer": "#/slug", "code": "bad-format"}, {"parameter": "limit", "code": "x"}]
    refused = problems.problem(422, {"code": "validation-failed", "title": "No", "errors": errors})

    assert str(refused) == "validation-failed: No\n  #/slug: bad-format\n  limit: x"


def test_a_form_is_that_of_the_operation_with_what_the_link_fixes(document):
    link = Link(
        rel="drop",
        href="/x",
        method="POST",
        operation="create_registration_transition",
        media_type="application/json",
        body={"to": "dropped"},
    )

    form = document.form(link)

    assert form["to"].fixed == "dropped"
    assert "withdrawn" in form["to"].choices
    assert form.is_repeatable
    assert form.missing({}) == ()
    assert form.body({"reason_code": "moved"}) == {"to": "dropped", "reason_code": "moved"}
    with pytest.raises(Contradiction, match="fixes to"):
        form.body({"to": "removed"})
    with pytest.raises(KeyError):
        _ = form["nonsense"]


def test_a_form_tells_what_is_needed_and_leaves_out_what_only_the_server_sets(document):
    link = Link(
        rel="create",
        href="/x",
        method="POST",
        operation="create_class",
        media_type="application/json",
    )

    form = document.form(link)

    assert form.missing({}) == ("title",)
    assert "seats_taken" not in {member.name for member in form}
    assert (form["capacity"].kind, form["capacity"].is_nullable) == ("integer", True)
    assert form["waitlist"].kind == "object"
    assert form["title"].description


def test_an_operation_that_keeps_no_keys_is_not_repeatable(document):
    link = Link(rel="token", href="/x", method="POST", operation="create_token")

    assert not document.form(link).is_repeatable


def test_an_action_that_the_document_does_not_describe_has_an_empty_form(document):
    form = document.form(Link(rel="new", href="/x", method="POST", operation="do_the_new_thing"))

    assert list(form) == []
    assert not form.takes_a_body


def test_a_link_that_is_no_template_keeps_its_braces_and_takes_no_values():
    link = Link(rel="odd", href="/a{b}")

    assert link.url() == "/a%7Bb%7D"
    assert link.variables == ()
    with pytest.raises(UnknownVariable):
        Link(rel="plain", href="/a").url(title="Choir")


def test_links_blocks_and_what_is_embedded_are_there_by_name():
    thing = {
        "title": "Choir",
        "_links": {"self": {"href": "/c"}, "edit": {"href": "/c", "method": "PATCH"}},
        "_blocked": {"register": [{"code": "class-full"}], "drop": [{"code": "not-found"}]},
        "_embedded": {"term": {"name": "Autumn", "_links": {"self": {"href": "/t"}}}, "room": None},
    }
    with scripted({"/": [(200, PUBLIC, thing)]}) as script, Homeroom(script.address) as home:
        seen = home.root()

        with pytest.raises(NotOffered, match="register is blocked: class-full") as absent:
            seen.act("register")
        with pytest.raises(NotOffered, match="no nonsense here, only self, edit"):
            seen.follow("nonsense")
        with pytest.raises(ValueError, match="edit is an action"):
            seen.follow("edit")

    assert absent.value.codes == {"class-full"}
    assert (seen["title"], "title" in seen, "_links" in seen) == ("Choir", True, False)
    assert set(seen.embedded) == {"term"}
    assert seen.embedded["term"].url == "/t"
    assert repr(seen) == "<Resource /c>"


def test_a_bookmark_is_read_without_the_root():
    with (
        scripted({"/school/c": [(200, {}, {"title": "Choir"})]}) as script,
        Homeroom(f"{script.address}/school") as home,
    ):
        home.use("hr_token")
        seen = home.read(f"{script.address}/school/c")

    assert (seen["title"], seen.url) == ("Choir", f"{script.address}/school/c")
    assert len(script.asked) == 1


def test_a_thing_on_a_page_that_changed_since_is_stale_before_anything_is_sent():
    """The page shows version 1; alone the thing is at version 2 already."""
    with scripted({}) as script, Homeroom(script.address) as home:
        url = f"{script.address}/c"
        edit = {"href": url, "method": "PATCH", "precondition": "if-match", "operation": "x"}
        thing = {"_links": {"self": {"href": url}, "edit": edit}}
        root = {
            "items": [thing | {"version": 1}],
            "_links": {"service-desc": {"href": f"{script.address}/d"}},
        }
        script.answers |= {
            "/": [(200, PUBLIC, root)],
            "/d": [(200, PUBLIC, {"paths": {}})],
            "/c": [(200, {"ETag": '"v2"'}, thing | {"version": 2})],
        }
        with pytest.raises(problems.StaleVersion):
            home.root().entries[0].act("edit")
        home.root().entries[0].act("edit", on_stale="retry")

    sent = [(method, path, fields.get("If-Match")) for method, path, fields in script.asked]
    assert sent[-1] == ("PATCH", "/c", '"v2"')
    assert [method for method, *_ in sent].count("PATCH") == 1


@pytest.fixture
def without_versions():
    """A list with `fields=title`; alone the things have a version, and one is called otherwise."""
    with scripted({}) as script:
        url = f"{script.address}/c"
        edit = {"href": url, "method": "PATCH", "precondition": "if-match", "operation": "x"}
        links = {"_links": {"self": {"href": url}, "edit": edit}}
        root = {
            "items": [{"title": title, **links} for title in ("Choir", "Chess")],
            "_links": {"service-desc": {"href": f"{script.address}/d"}},
        }
        script.answers |= {
            "/": [(200, PUBLIC, root)],
            "/d": [(200, PUBLIC, {"paths": {}})],
            "/c": [(200, {"ETag": '"v2"'}, {"title": "Choir", "version": 2, **links})],
        }
        yield script
    sent = [fields["If-Match"] for method, _, fields in script.asked if method == "PATCH"]
    assert sent == ['"v2"']


def test_a_thing_without_its_version_is_the_same_while_it_shows_the_same(without_versions):
    with Homeroom(without_versions.address) as home:
        same, changed = home.root().entries

        same.act("edit")
        with pytest.raises(problems.StaleVersion):
            changed.act("edit")


def test_in_the_module_it_is_the_same_too(without_versions, node):
    assert json.loads(node("listed.mjs", without_versions.address)) == "StaleVersion"


def test_a_template_may_have_a_part_of_any_name():
    url = Link(rel="search", href="/c{?rel,self}", is_templated=True).url(rel="up", self="me")

    assert url == "/c?rel=up&self=me"
