"""What may be done with classes: on a page of many each is judged as it is alone."""

from datetime import timedelta
from itertools import product

import pytest

from api.authz.policy import Policy
from api.models import class_page
from api.services import class_affordances
from tests import factories
from tests.services.school import School


@pytest.mark.parametrize("caller", ["student", "registrar"])
def test_a_class_on_a_page_is_judged_as_it_is_alone(database, clock, caller, monkeypatch):
    school = School.found(database)
    student, own = school.a_student_with_login()
    actor = own if caller == "student" else school.registrar
    ends = [None, *(clock.now() + timedelta(hours=hours) for hours in (-2, -1, 1))]
    kinds = product(["open", "closed"], [None, 0, 1], [True, False], [None, 0], ends)
    with school.database.write() as tx:
        for status, capacity, is_enabled, line, ends_at in kinds:
            factories.a_class(
                tx,
                school.organization.id,
                status=status,
                capacity=capacity,
                waitlist_enabled=is_enabled,
                waitlist_capacity=line,
                promotion_ends_at=ends_at,
            )

    with school.database.read() as tx:
        page = tx.all(
            class_page.CLASS_PAGE,
            organization_id=school.organization.id,
            student_ids=[student.id],
            clock_now=clock.now(),
        )
        together = class_affordances.judge_page(tx, Policy(), actor, page)
        # Without likeness to any other, each is looked at for itself.
        monkeypatch.setattr(class_affordances, "likeness", lambda *_: None)
        alone = class_affordances.judge_page(tx, Policy(), actor, page)

    assert len(together) == 96
    assert all(one.is_shared for one in together)
    assert not any(one.is_shared for one in alone)
    for one, other in zip(together, alone, strict=True):
        assert one.verdicts == other.verdicts


def test_what_is_told_in_the_same_words_is_one_object_however_it_was_judged(database, clock):
    school = School.found(database)
    student, actor = school.a_student_with_login()
    free, full = school.a_class(capacity=5), school.a_class(capacity=0)

    with school.database.read() as tx:
        page = tx.all(
            class_page.CLASS_PAGE,
            organization_id=school.organization.id,
            student_ids=[student.id],
            clock_now=clock.now(),
        )
        cheap, deep = (
            {
                one.row.id: one.verdicts
                for one in class_affordances.judge_page(
                    tx, Policy(), actor, page, student_id=student_id
                )
            }
            for student_id in (None, student.id)
        )

    assert cheap == deep
    assert cheap[free.id] is deep[free.id]
    assert cheap[full.id]["register"][0].code == "class-full"


@pytest.mark.parametrize("status", ["draft", "open", "closed", "ended", "cancelled"])
def test_a_class_tells_of_every_status_whether_it_may_go_there(database, clock, status):
    school = School.found(database)
    row = school.a_class(status=status)
    legal = {
        "draft": {"open", "cancel"},
        "open": {"close", "cancel"},
        "closed": {"open", "cancel"},
    }

    with school.database.read() as tx:
        _, judge = class_affordances.read(
            tx, Policy(), school.registrar, class_affordances.Look(row.id)
        )
    found = {rel: judge().verdicts[rel] for rel in ("open", "close", "cancel")}

    assert {rel for rel, blocks in found.items() if not blocks} == legal.get(status, set())
    for blocks in found.values():
        assert all(
            block.code == "state-conflict" and block.details["status"] == status for block in blocks
        )
