"""Forgetting a person: what is personal goes, what counts and chains rest on stays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, or_, select, update

from api.authz.actor import Actor
from api.errors import Busy
from api.models import student as students
from api.models.database import Transaction
from api.models.idempotency import IdempotencyKey
from api.models.locks import LockStep
from api.models.organization import Invitation, Member, Role
from api.models.registration import RegistrationState
from api.models.student import Student, StudentStatus
from api.services import job_queue, organization_news
from api.services.class_seats import locked_class
from api.services.organizations import BY_ID_FOR_UPDATE as ORGANIZATION_FOR_UPDATE
from api.services.place import Place
from api.services.seat_book import SeatBook

NOBODY: Mapping[str, Any] = {
    "given_name": "",
    "given_name_fold": "",
    "family_name": "",
    "family_name_fold": "",
    "email": None,
    "email_fold": None,
    "external_id": None,
    "external_id_fold": None,
    "groups": [],
    "member_id": None,
    "status": StudentStatus.ERASED,
}
"""The columns of an erased student. Names stay sortable, so they are empty and not null."""

Books = Mapping[UUID, SeatBook]


def open_books(tx: Transaction, row: Row[Any]) -> Books:
    """Lock the organization and every class in which the student has a place, in order.

    Before the student is locked. The organization, for no export may be asked for meanwhile: it
    could be done, with the person in it, before this transaction is.
    """
    tx.lock(LockStep.ORGANIZATION, row.organization_id)
    tx.first(ORGANIZATION_FOR_UPDATE, organization_id=row.organization_id)
    named = {"organization_id": row.organization_id, "student_id": row.id}
    books = {}
    for place in tx.all(students.PLACES_HELD, **named):
        class_row = locked_class(tx, place.class_id)
        assert class_row is not None, "a class with registrations is never deleted"  # shown to mypy
        books[place.class_id] = SeatBook.open(class_row, class_row.clock_now)
    return books


def vacate(tx: Transaction, actor: Actor, row: Row[Any], books: Books) -> None:
    """Take a locked student out of all classes; who waits there moves up within a second.

    Whoever moves up would have to be locked in the order of students, over all classes at once:
    that is left to the sweeper, and newcomers can only queue until then.

    Raises:
        Busy: the student has taken a place elsewhere since the books were opened.
    """
    named = {"organization_id": row.organization_id, "student_id": row.id}
    for place in tx.all(students.PLACES_HELD, **named):
        book = books.get(place.class_id)
        if book is None:
            raise Busy("The student is registering elsewhere at this moment.")
        book.move(
            Place.of(place),
            RegistrationState.REMOVED,
            type="registration.removed",
            actor_id=actor.user_id,
            reason_code="erased",
            is_news=False,
        )
        if book.now["waiting"]:
            book.now["promotion_pending"] = book.due_again = True
        book.write_rows(tx)
        book.write_class(tx)


def forget(tx: Transaction, actor: Actor, row: Row[Any]) -> None:
    """Erase a locked student who has no place left; ids, tickets and events stay.

    Kept answers go: those about the student, and those to the person's own requests. So do
    invitations to claim the record, a membership that was the student's alone, and exports.
    """
    organization_id, member_id = row.organization_id, row.member_id
    own_user = select(Member.user_id).where(
        Member.organization_id == organization_id, Member.id == member_id
    )
    tx.execute(
        delete(IdempotencyKey).where(
            or_(IdempotencyKey.student_id == row.id, IdempotencyKey.user_id.in_(own_user))
        )
    )
    tx.execute(
        delete(Invitation).where(
            Invitation.organization_id == organization_id, Invitation.student_id == row.id
        )
    )
    tx.execute(
        update(Student)
        .where(Student.organization_id == organization_id, Student.id == row.id)
        .values(
            **NOBODY,
            guard_version=Student.guard_version + 1,
            version=row.version + 1,
            updated_at=tx.now(),
        )
    )
    ended = tx.execute(
        delete(Member)
        .where(
            Member.organization_id == organization_id,
            Member.id == member_id,
            Member.role == Role.STUDENT,
        )
        .returning(Member.id, Member.user_id)
    ).all()
    job_queue.forget_exports(tx, organization_id)
    gone = [organization_news.member_gone(one.id, one.user_id, actor.user_id) for one in ended]
    organization_news.tell(tx, organization_id, *gone)
