"""What may be done with classes: on a page of many each is judged as it is alone."""

from datetime import timedelta
from itertools import product

from api.authz.policy import Policy
from api.models import facts
from api.services import class_affordances
from tests import factories
from tests.services.school import School


def test_a_class_on_a_page_is_judged_as_it_is_alone(database, clock):
    school = School.found(database)
    student, actor = school.a_student_with_login()
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
            facts.CLASS_PAGE,
            organization_id=school.organization.id,
            student_ids=[student.id],
            clock_now=clock.now(),
        )
        together = class_affordances.judge_page(tx, Policy(), actor, page)
        alone = [class_affordances.judge_page(tx, Policy(), actor, [row])[0] for row in page]

    assert len(together) == 96
    for one, other in zip(together, alone, strict=True):
        assert one.verdicts == other.verdicts
