import pytest
from sqlalchemy.exc import IntegrityError

from api.authz.actor import Actor
from api.authz.policy import Policy
from api.errors import DuplicateName, NotFound
from api.ids import Ids
from api.services.class_affordances import Look
from api.services.class_visibility import visible_classes
from api.services.classes import Classes
from api.services.courses import Courses
from api.services.external_ids import ExternalId, name_taken
from api.services.meeting_patterns import MeetingPatterns
from api.services.sessions import Sessions
from api.services.terms import Terms
from tests import factories

SERVICES = (Terms, Courses, Classes, MeetingPatterns, Sessions)


@pytest.mark.parametrize("service", SERVICES)
def test_what_does_not_exist_is_not_found_by_homeroom_itself_either(tx, service):
    made = service(policy=Policy(), ids=Ids(lambda: 0))
    nothing = factories.new_id()

    with pytest.raises(NotFound):
        made.find_for_update(tx, Actor.system(), nothing)
    with pytest.raises(NotFound):
        made.get(tx, Actor.system(), Look(nothing) if service is Classes else nothing)


@pytest.mark.parametrize("service", [MeetingPatterns, Sessions])
def test_a_class_that_does_not_exist_has_no_timetable(tx, service):
    made = service(policy=Policy(), ids=Ids(lambda: 0))

    with pytest.raises(NotFound):
        made.create(tx, Actor.system(), factories.new_id(), {})


@pytest.mark.parametrize("service", [Terms, Courses, Classes])
def test_an_external_id_that_nothing_has_is_not_found(tx, service):
    made = service(policy=Policy(), ids=Ids(lambda: 0))
    organization = factories.an_organization(tx)

    with pytest.raises(NotFound):
        made.get_by_external_id(tx, Actor.system(), ExternalId(organization.id, "none"))


def test_homeroom_itself_sees_drafts(tx):
    draft = factories.a_class(tx, status="draft")
    select, parameters = visible_classes(Policy(), Actor.system(), draft.organization_id)

    rows = tx.all(
        select,
        organization_id=draft.organization_id,
        student_ids=[],
        clock_now=tx.now(),
        **parameters,
    )

    assert [row.id for row in rows] == [draft.id]


def test_only_a_broken_constraint_of_a_name_is_a_taken_name():
    taken = IntegrityError("", {}, Exception("UNIQUE constraint failed: courses.code_fold"))
    broken = IntegrityError("", {}, Exception("CHECK constraint failed: credits_in_range"))

    assert isinstance(name_taken(taken, "external_id", "code"), DuplicateName)
    with pytest.raises(IntegrityError):
        name_taken(broken, "external_id", "code")
