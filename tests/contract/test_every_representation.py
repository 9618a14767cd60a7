"""Patches, `Prefer`, `fields` and `expand`, at every operation that takes them.

What takes them, the operations say themselves, so a new resource is here without a line.
"""

from datetime import date

import pytest
from marshmallow import fields
from sqlalchemy import update

from api.http.links import targets_of
from api.models import RegistrationState, SchoolClass
from api.schemas import fields as members
from tests import factories
from tests.contract.test_access_matrix import names
from tests.contract.world import a_world

on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True, scope="session")
JSON_PATCH = "application/json-patch+json"
MINIMAL = {"Prefer": "return=minimal"}
NO_NEWS = {"create_token": 401}
"""Operations whose smallest call is refused, and how: its credentials are nobody's."""

OTHERS = {"create_invitation_acceptance": "stranger"}
"""Who calls, where it is not the owner."""


@pytest.fixture
def world(app, http_clock):
    """A world with a full class in a term and a course; the registration is of who waits."""
    world = a_world(app)
    organization_id = world.school.row.id
    linked = {name: world.rows[name] for name in ("term_id", "course_id")}
    with world.school.database.write() as tx:
        of_class = update(SchoolClass).where(SchoolClass.id == world.rows["class_id"])
        columns = SchoolClass.__table__.columns
        row = tx.execute(of_class.values(**linked, capacity=1).returning(*columns)).one()
        waiting = factories.a_student(tx, organization_id)
        place = factories.a_registration(tx, row, waiting, state=RegistrationState.WAITLISTED)
    world.rows["registration_id"] = place.id
    return world


@pytest.fixture(scope="session")
def here(app):
    return targets_of(app)


def named(*prefixes):
    return pytest.mark.parametrize(
        "name", [name for name in names() if name.startswith(prefixes)], ids=str
    )


def another(field, value):
    """A value of this kind that differs from the present one, or None if nothing is known."""
    if isinstance(field, members.Text):
        return "Changed" if value != "Changed" else "Changed again"
    if isinstance(field, fields.Boolean):
        return not value
    if isinstance(field, fields.Integer):
        return 1 if value is None else value + 1
    if isinstance(field, members.Enum):
        return next(each.value for each in reversed(field.enum) if each.value != value)
    if isinstance(field, fields.Date):
        return date(2027, 12, 31).isoformat()
    return None


def a_change(target, document):
    """A member that the operation changes, and another value for it."""
    schema = target.served.body()
    for field_name, field in schema.load_fields.items():
        name = field.data_key or field_name
        if name in document:
            value = another(field, document[name])
            if value is not None:
                return name, value
    raise AssertionError(f"{target.operation_id} changes no member that a test can choose")


def opened(world, target, **options):
    """The operation on this world's row, by whoever may call it."""
    persona = world.personas[OTHERS.get(target.operation_id, "owner")]
    return persona.open(target.method, world.path(target.template), **options)


def read(world, target):
    found = world.personas["owner"].get(world.path(target.template))
    assert found.status_code == 200, found.text
    return found


def writable(target, document, *, beside):
    """The members that the operation could change, but for one."""
    fields_here = target.served.body().load_fields.items()
    found = {field.data_key or name for name, field in fields_here} - {beside}
    return {name: value for name, value in document.items() if name in found}


@on_sqlite
@named("update_")
def test_a_merge_patch_changes_what_it_names_and_nothing_else(world, here, name):
    target = here[name]
    before = read(world, target)
    member, value = a_change(target, before.json)

    changed = opened(world, target, json={member: value}, if_match=before.headers["ETag"])

    assert changed.status_code == 200, changed.text
    assert changed.json[member] == value
    assert writable(target, changed.json, beside=member) == writable(
        target, before.json, beside=member
    )
    assert changed.json["version"] == before.json["version"] + 1
    assert read(world, target).json == changed.json


@on_sqlite
@named("update_")
def test_a_json_patch_changes_all_or_nothing(world, here, name):
    target = here[name]
    before = read(world, target)
    member, value = a_change(target, before.json)
    pointer = f"/{member}"
    replace = {"op": "replace", "path": pointer, "value": value}
    held = {"op": "test", "path": pointer, "value": before.json[member]}
    tag = before.headers["ETag"]

    refused = opened(world, target, json=[replace, held], content_type=JSON_PATCH, if_match=tag)
    unchanged = read(world, target)
    changed = opened(world, target, json=[held, replace], content_type=JSON_PATCH, if_match=tag)

    assert (refused.status_code, refused.json["code"]) == (409, "patch-test-failed")
    assert unchanged.json == before.json
    assert changed.status_code == 200, changed.text
    assert changed.json[member] == value
    assert writable(target, changed.json, beside=member) == writable(
        target, before.json, beside=member
    )


@on_sqlite
@named("update_", "replace_")
def test_whoever_prefers_little_is_told_little_of_a_change(world, here, name):
    target = here[name]
    before = read(world, target)
    member, value = a_change(target, before.json)
    sent = {member: value} if target.method == "PATCH" else {**before.json, member: value}

    done = opened(world, target, json=sent, if_match=before.headers["ETag"], headers=MINIMAL)
    after = read(world, target)

    assert (done.status_code, done.data) == (204, b""), done.text
    assert done.headers["Preference-Applied"] == "return=minimal"
    assert after.json[member] == value
    assert done.headers["ETag"] == after.headers["ETag"]


@on_sqlite
@named("update_")
def test_a_merge_patch_with_a_null_for_what_there_is_not_names_it(world, here, name):
    target = here[name]
    before = read(world, target)

    refused = opened(world, target, json={"no_such": None}, if_match=before.headers["ETag"])

    assert refused.status_code == 422, refused.text
    assert [(e["pointer"], e["code"]) for e in refused.json["errors"]] == [
        ("#/no_such", "unknown-member")
    ]
    assert read(world, target).data == before.data


@on_sqlite
@named("create_")
def test_whoever_prefers_little_is_told_little_of_what_was_made(app, http_clock, here, name):
    target, world = here[name], a_world(app)
    if target.template.endswith("/registrations"):
        with world.school.database.write() as tx:
            world.rows["student_id"] = factories.a_student(tx, world.school.row.id).id

    made = opened(world, target, json=world.body(name), headers=MINIMAL)

    if name in NO_NEWS:
        assert made.status_code == NO_NEWS[name]
        return
    # What a POST changed, without making anything, needs no word at all.
    status = target.served.status if target.served.status in {201, 202} else 204
    assert (made.status_code, made.data) == (status, b""), made.text
    assert made.headers["Preference-Applied"] == "return=minimal"
    assert "ETag" in made.headers


@on_sqlite
@named("upsert_")
def test_whoever_prefers_little_is_told_little_of_an_upsert(app, http_clock, here, name):
    target, world = here[name], a_world(app)
    owner = world.personas["owner"]
    path = world.path(target.template, external_id="heard-of-by-nobody")
    new = world.body(name.replace("upsert_", "create_"))

    made = owner.put(path, new, headers=MINIMAL)
    stored = owner.get(path).json
    del stored["external_id"]  # that of the address
    member, value = a_change(target, stored)
    changed = owner.put(path, {**new, member: value}, headers=MINIMAL)
    after = owner.get(path)

    assert (made.status_code, changed.status_code) == (201, 204), changed.text
    assert made.data == changed.data == b""
    for answer in (made, changed):
        assert answer.headers["Preference-Applied"] == "return=minimal"
    assert changed.headers["ETag"] == after.headers["ETag"]
    assert after.json[member] == value


def taken_by(target):
    """The parameters that a read takes."""
    served = target.served
    kind = served.query if served.listing is None else served.listing.schema
    return set() if kind is None else set(kind().fields)


def reads(here):
    """Reads of what has an id, alone or in lists."""
    return {
        name: target
        for name, target in here.items()
        if target.method == "GET" and target.served.returns is not None and "id" in shown_by(target)
    }


def shown_by(target):
    """The members of what an operation answers."""
    return target.served.returns.schema().dump_fields


def test_every_read_of_what_has_an_id_takes_fields_and_expands_all_that_it_can(targets):
    for name, target in reads(targets).items():
        kind = target.served.returns
        assert "fields" in taken_by(target), name
        assert ("expand" in taken_by(target)) == bool(kind.expandable), name
        if target.served.listing is not None:
            assert target.served.listing.expands == kind.expandable, name
        assert all(path.count(".") <= 1 for path in kind.expandable), name


def items_of(target, document):
    return [document] if target.served.listing is None else document["items"]


@on_sqlite
@named("get_", "list_")
def test_fields_leave_what_was_asked_for(world, here, name):
    target = reads(here).get(name)
    if target is None:
        assert here[name].served.download or "id" not in shown_by(here[name])
        return
    url, owner = world.path(target.template), world.personas["owner"]
    full = items_of(target, owner.get(url).json)
    assert full, "there is something to read"
    members_shown = [member for member in full[0] if member[0] != "_"]

    for member in members_shown:
        sparse = items_of(target, owner.get(url, query_string={"fields": member}).json)
        for item, whole in zip(sparse, full, strict=True):
            kept = {"id", member, "_links", "_blocked"}
            assert item == {key: value for key, value in whole.items() if key in kept}
    refused = owner.get(url, query_string={"fields": f"id,no_such_{name}"})

    assert (refused.status_code, refused.json["code"]) == (400, "invalid-parameter")
    assert set(refused.json["allowed"]) == set(members_shown)


@on_sqlite
@named("get_", "list_")
def test_expand_embeds_what_its_own_address_shows_two_deep(world, here, name):
    target = here[name]
    paths = target.served.returns.expandable if target.served.returns else ()
    url, owner = world.path(target.template), world.personas["owner"]
    if not paths:
        assert owner.get(url, query_string={"expand": "class"}).status_code == 400
        return

    every = items_of(target, owner.get(url, query_string={"expand": ",".join(paths)}).json)

    assert every
    for path in paths:
        for item in items_of(target, owner.get(url, query_string={"expand": path}).json):
            first, _, second = path.partition(".")
            embedded = item["_embedded"][first]
            assert embedded["id"] == item[f"{first}_id"]
            if second:
                embedded = embedded["_embedded"][second]
            alone = owner.get(embedded["_links"]["self"]["href"]).json
            assert {**embedded, "_embedded": None} == {**alone, "_embedded": None}
    too_deep = owner.get(url, query_string={"expand": f"{paths[-1]}.class.course"})
    assert (too_deep.status_code, too_deep.json["code"]) == (400, "invalid-parameter")
    assert too_deep.json["allowed"] == sorted(paths)
