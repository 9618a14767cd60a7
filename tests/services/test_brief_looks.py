"""A class that was shown before is looked at briefly, and as a whole where that is not enough."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, update

from api.authz.policy import Policy
from api.clock import to_text
from api.errors import NotFound
from api.models import SchoolClass
from api.services import class_affordances
from api.services.class_affordances import Look
from tests import factories
from tests.services.school import School


def looked_at(tx, actor, row, *, may_be_brief=True):
    found = class_affordances.read(tx, Policy(), actor, Look(row.id, may_be_brief=may_be_brief))
    return found[1]()


@pytest.fixture(params=[{}, {"max_live_classes_per_term": 3}], ids=["unlimited", "limited"])
def school(request, database):
    return School.found(database, conflict_policy="block", **request.param)


@pytest.fixture
def student(school):
    return school.a_student_with_login()[1]


def test_only_what_changes_without_a_version_is_read_again_where_nothing_is_counted(
    school, student
):
    row = school.a_class(title="Algebra")
    is_limited = school.organization.max_live_classes_per_term is not None
    with school.database.read() as tx:
        first, second = looked_at(tx, student, row), looked_at(tx, student, row)
        asked_whole = looked_at(tx, student, row, may_be_brief=False)

    assert first.complete() is first
    assert first.verdicts == second.verdicts == asked_whole.verdicts
    assert hasattr(second.row, "title") == is_limited
    assert second.complete().row.title == asked_whole.row.title == "Algebra"


def test_a_class_whose_version_rose_is_read_as_a_whole(school, student):
    row = school.a_class(title="Algebra")
    with school.database.read() as tx:
        looked_at(tx, student, row)
    with school.database.write() as tx:
        tx.execute(
            update(SchoolClass)
            .where(SchoolClass.organization_id == row.organization_id, SchoolClass.id == row.id)
            .values(title="Geometry", version=SchoolClass.version + 1)
        )

    with school.database.read() as tx:
        found = looked_at(tx, student, row)

    assert found.complete() is found
    assert found.row.title == "Geometry"


def test_a_class_that_is_told_of_in_words_of_its_own_is_read_as_a_whole(school, student, clock):
    opens_at, closes_at = (to_text(clock.now() + timedelta(days=day)) for day in (1, 2))
    window = {"audience": None, "opens_at": opens_at, "closes_at": closes_at}
    row = school.a_class(windows=[window])

    with school.database.read() as tx:
        found = [looked_at(tx, student, row) for _ in range(3)]

    assert all(one.complete() is one for one in found)


@pytest.mark.parametrize("school", [{}], indirect=True)
def test_a_class_that_is_deleted_before_it_is_read_as_a_whole_is_not_there(school, student):
    with school.database.write() as tx:
        row = factories.a_class(tx, school.organization.id)
    with school.database.read() as tx:
        looked_at(tx, student, row)
        brief = looked_at(tx, student, row)
        with school.database.write() as deleting:
            deleting.execute(
                delete(SchoolClass).where(
                    SchoolClass.organization_id == row.organization_id, SchoolClass.id == row.id
                )
            )

        with pytest.raises(NotFound):
            brief.complete()
