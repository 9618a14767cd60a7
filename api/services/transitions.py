"""What becomes of a registration: the moves that a person may ask for, and its history."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from api.authz.actor import Actor
from api.authz.policy import Action, Policy
from api.errors import Block, Blocked, NotFound, OfferExpired, Refusal, StateConflict
from api.models import facts as fact_queries
from api.models import ledger, places, registration_reads
from api.models.database import Transaction
from api.models.registration import RegistrationState
from api.services import promotion
from api.services.class_seats import locked_class
from api.services.guard_facts import class_facts, facts_of
from api.services.judged import Judged
from api.services.place import Place
from api.services.registration_affordances import ACTION_OF, judged, subject_of
from api.services.rules_facts import Facts
from api.services.rules_states import (
    ASKABLE_MOVES,
    MoveFacts,
    Rel,
    move_blocks,
    rel_of,
    rel_of_leaving,
)
from api.services.rules_verdicts import Waitlist, approval_verdict
from api.services.seat_book import SeatBook

_EVENT = {
    Rel.DROP: "registration.dropped",
    Rel.WITHDRAW: "registration.withdrawn",
    Rel.LEAVE: "registration.left",
    Rel.ACCEPT: "registration.accepted",
    Rel.DECLINE: "registration.declined",
    Rel.APPROVE: "registration.enrolled",
    Rel.REJECT: "registration.rejected",
    Rel.REMOVE: "registration.removed",
    Rel.COMPLETE: "registration.completed",
}
_IN_LINE = frozenset({RegistrationState.PENDING, RegistrationState.WAITLISTED})


Check = Callable[[Any], None]


def _nothing(_row: Any) -> None:
    """No precondition was sent."""


@dataclass(slots=True, kw_only=True)
class _Open:
    """A registration whose class is locked and settled; `guard_version` where facts were read."""

    seen: Row[Any]
    book: SeatBook
    place: Place
    facts: MoveFacts
    guard_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transitions:
    """Changes of state, each under the lock of the class, with what a freed seat leads to."""

    policy: Policy

    def get(self, tx: Transaction, actor: Actor, registration_id: UUID) -> Judged:
        """One registration.

        Raises:
            NotFound: there is none that the caller may see.
        """
        return judged(self.policy, actor, self._find(tx, actor, registration_id))

    def history(self, tx: Transaction, actor: Actor, registration_id: UUID) -> History:
        """Every change of a registration, oldest first.

        Raises:
            NotFound: there is none that the caller may see.
        """
        row = self._find(tx, actor, registration_id)
        events = tx.all(
            ledger.OF_REGISTRATION, class_id=row.class_id, registration_id=registration_id
        )
        return History(id=registration_id, items=events)

    def move(
        self,
        tx: Transaction,
        actor: Actor,
        registration_id: UUID,
        wish: Mapping[str, Any],
        precondition: Check = _nothing,
    ) -> Judged:
        """Take a registration to the state `to`, if it may go there and the caller may ask.

        Raises:
            NotFound, Forbidden: who may see it, and who may ask for that.
            StateConflict: it cannot go there from where it is.
            OfferExpired: the offer ran out.
            Blocked: a guard or a deadline stands against it.
            Busy: the student registers elsewhere at this moment.
        """
        seen = self._find(tx, actor, registration_id)
        to = wish["to"]
        self.policy.require(actor, ACTION_OF[_rel(to, seen.state)], subject_of(seen))
        opened = self._open(tx, seen, looks_at_student=to == RegistrationState.ENROLLED)
        precondition(opened.place)
        rel = _rel(to, opened.place.state)
        self.policy.require(actor, ACTION_OF[rel], subject_of(seen))
        self._make(tx, actor, opened, rel, wish.get("reason_code"))
        return self._reread(tx, actor, registration_id)

    def leave(
        self,
        tx: Transaction,
        actor: Actor,
        registration_id: UUID,
        precondition: Check = _nothing,
    ) -> None:
        """Give up a registration: drop, withdraw, leave the line or decline, whichever is legal.

        Raises:
            NotFound, Forbidden: who may see it, and who may ask for that.
            StateConflict: there is nothing to leave any more.
            OfferExpired, Blocked: as for `move`.
        """
        seen = self._find(tx, actor, registration_id)
        self.policy.require(actor, Action.REGISTRATION_LEAVE, subject_of(seen))
        opened = self._open(tx, seen, looks_at_student=False)
        precondition(opened.place)
        rel = rel_of_leaving(opened.facts, opened.book.at)
        if rel is None:
            raise StateConflict(state=opened.place.state)
        self._make(tx, actor, opened, rel, None)

    def find_for_update(self, tx: Transaction, actor: Actor, registration_id: UUID) -> Row[Any]:
        """The registration, with its class locked, for an edit by staff.

        Raises:
            NotFound, Forbidden: who may see it, and who may edit it.
        """
        seen = self._find(tx, actor, registration_id)
        self.policy.require(actor, Action.REGISTRATION_EDIT, subject_of(seen))
        locked_class(tx, seen.class_id)
        return self._find(tx, actor, registration_id)

    def update(
        self, tx: Transaction, actor: Actor, row: Row[Any], changes: Mapping[str, Any]
    ) -> Judged:
        """Move somebody in the line by another priority; the ticket stays.

        Raises:
            StateConflict: it does not wait.
        """
        if not changes:
            return judged(self.policy, actor, row)
        opened = self._open(tx, row, looks_at_student=False)
        # Not the state of the row: time may have ended it, and nobody wrote that down.
        state = opened.place.state
        if state is None or state not in _IN_LINE:
            raise StateConflict(state=state)
        opened.book.move(
            opened.place,
            state,
            type="registration.prioritized",
            actor_id=actor.user_id,
            priority=changes["priority"],
            skip_reason=opened.place.skip_reason,
            versions=1,
        )
        promotion.finish(tx, opened.book)
        return self._reread(tx, actor, row.id)

    def _find(self, tx: Transaction, actor: Actor, registration_id: UUID) -> Row[Any]:
        row = tx.first(
            registration_reads.ITEM, registration_id=registration_id, clock_now=tx.given_now()
        )
        if row is None:
            self.policy.require_user(actor, Action.REGISTRATION_READ)
            raise NotFound
        self.policy.require(actor, Action.REGISTRATION_READ, subject_of(row))
        tx.seen_seqs[row.class_id] = row.class_last_seq
        return row

    def _reread(self, tx: Transaction, actor: Actor, registration_id: UUID) -> Judged:
        row = tx.first(
            registration_reads.ITEM, registration_id=registration_id, clock_now=tx.given_now()
        )
        assert row is not None, "registrations are never deleted"  # shown to mypy
        return judged(self.policy, actor, row)

    def _open(self, tx: Transaction, seen: Row[Any], *, looks_at_student: bool) -> _Open:
        class_row = locked_class(tx, seen.class_id)
        assert class_row is not None, "a class with registrations is never deleted"  # shown to mypy
        book = SeatBook.open(class_row, class_row.clock_now)
        promotion.settle_if_due(tx, book)
        place = _place(tx, book, seen.id)
        facts = Facts(school_class=class_facts(class_row, counters=book.now))
        guard_version = None
        if looks_at_student:
            row = tx.first(
                fact_queries.GUARDS,
                class_id=class_row.id,
                student_ids=[seen.student_id],
                clock_now=book.at,
            )
            assert row is not None, "the class is there"  # shown to mypy
            facts = facts_of(row, "class_", book.now)
            guard_version = row.subject_guard_version
        moving = MoveFacts(
            state=place.state or seen.state,
            facts=facts,
            offer_expires_at=seen.offer_expires_at,
            drop_until=class_row.effective_drop_until,
            withdraw_until=class_row.effective_withdraw_until,
        )
        return _Open(seen=seen, book=book, place=place, facts=moving, guard_version=guard_version)

    def _make(
        self, tx: Transaction, actor: Actor, opened: _Open, rel: Rel, reason_code: str | None
    ) -> None:
        book, seen = opened.book, opened.seen
        blocks = move_blocks(rel, opened.facts, book.at)
        if blocks:
            raise _refusal(blocks).read_in(book.row.effective_timezone)
        to, event = ASKABLE_MOVES[rel].to, _EVENT[rel]
        if rel is Rel.APPROVE and isinstance(
            approval_verdict(opened.facts.facts, book.at), Waitlist
        ):
            to, event = RegistrationState.WAITLISTED, "registration.waitlisted"
            book.due(book.row.effective_promotion_ends_at)

        membership = actor.membership(book.row.organization_id)
        is_own = membership is not None and membership.student_id == seen.student_id
        book.move(
            opened.place,
            to,
            type=event,
            actor_id=actor.user_id,
            reason_code=reason_code,
            is_news=not is_own,
        )
        promotion.promote(tx, book)
        if opened.guard_version is not None:
            book.require_unchanged(tx, seen.student_id, opened.guard_version)
        promotion.finish(tx, book, is_promoted=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The changes of one registration, as rows of `events`."""

    id: UUID
    items: Sequence[Row[Any]]


def _place(tx: Transaction, book: SeatBook, registration_id: UUID) -> Place:
    row = tx.first(
        places.ONE_LOCKED,
        organization_id=book.row.organization_id,
        class_id=book.row.id,
        registration_id=registration_id,
    )
    assert row is not None, "registrations are never deleted"  # shown to mypy
    return book.now_of(row)


def _rel(to: RegistrationState, state: RegistrationState | None) -> Rel:
    rel = rel_of(to, state or RegistrationState.ENROLLED)
    assert rel is not None, "the schema takes only states that a person may ask for"  # to mypy
    return rel


def _refusal(blocks: Sequence[Block]) -> Refusal:
    first = blocks[0]
    if first.code == "state-conflict":
        return StateConflict(**first.details)
    if first.code == "offer-expired":
        return OfferExpired(**first.details)
    return Blocked.by(blocks)
