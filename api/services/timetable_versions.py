"""Who sits in a class whose meetings move is judged anew, wherever they register.

A seat is judged by the timetables of the other classes of its student, and tested under the lock by
the student's `guard_version` alone. So whatever moves a meeting lets that rise, behind the lock of
the class that it is of.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from uuid import UUID

from api.models import places, seats
from api.models.database import Transaction
from api.models.locks import LockStep


def rise(tx: Transaction, organization_id: UUID, class_ids: AbstractSet[UUID]) -> None:
    """Let the students of locked classes know that these meet at another time.

    Whoever waits in one is locked with those who sit there: the change may give them a seat, and
    students are locked all at once.
    """
    rows = tx.all(
        places.STUDENTS_OF_CLASSES,
        organization_id=organization_id,
        class_ids=frozenset(class_ids),
    )
    students = sorted(row.student_id for row in rows)
    if not students:
        return
    tx.lock(LockStep.STUDENT, *students)
    tx.all(seats.LOCKED_STUDENTS, student_ids=students)
    tx.execute(seats.BUMP_STUDENTS, {"of_organization": organization_id, "student_ids": students})
