"""The moves that a person may ask for: of a registration, and of the status of a class."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from api.errors import Block
from api.models.registration import LIVE, SEATED, RegistrationState
from api.models.school_class import ClassStatus
from api.services.rules_facts import Facts
from api.services.rules_registration import ACCEPTANCE, judge
from api.services.rules_verdicts import Refused, approval_verdict

PENDING = RegistrationState.PENDING
WAITLISTED = RegistrationState.WAITLISTED
OFFERED = RegistrationState.OFFERED
ENROLLED = RegistrationState.ENROLLED


class Rel(StrEnum):
    """What a person may ask to be done with a registration."""

    DROP = "drop"
    WITHDRAW = "withdraw"
    LEAVE = "leave"
    ACCEPT = "accept"
    DECLINE = "decline"
    APPROVE = "approve"
    REJECT = "reject"
    REMOVE = "remove"
    COMPLETE = "complete"


_RELS = tuple(Rel)


class Asker(StrEnum):
    """As what a person asks: the student concerned, or staff."""

    STUDENT = "student"
    REGISTRAR = "registrar"
    INSTRUCTOR = "instructor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A move by its effect. An approval may also end `waitlisted`, when no seat is left."""

    to: RegistrationState
    sources: frozenset[RegistrationState]
    askers: frozenset[Asker]
    needs_reason: bool = False


_OWN = frozenset({Asker.STUDENT, Asker.REGISTRAR})
_STAFF = frozenset({Asker.REGISTRAR, Asker.INSTRUCTOR})

ASKABLE_MOVES: Mapping[Rel, Move] = MappingProxyType(
    {
        Rel.DROP: Move(to=RegistrationState.DROPPED, sources=frozenset({ENROLLED}), askers=_OWN),
        Rel.WITHDRAW: Move(
            to=RegistrationState.WITHDRAWN, sources=frozenset({ENROLLED}), askers=_OWN
        ),
        Rel.LEAVE: Move(
            to=RegistrationState.LEFT, sources=frozenset({PENDING, WAITLISTED}), askers=_OWN
        ),
        Rel.ACCEPT: Move(to=ENROLLED, sources=frozenset({OFFERED}), askers=_OWN),
        Rel.DECLINE: Move(to=RegistrationState.DECLINED, sources=frozenset({OFFERED}), askers=_OWN),
        Rel.APPROVE: Move(to=ENROLLED, sources=frozenset({PENDING}), askers=_STAFF),
        Rel.REJECT: Move(
            to=RegistrationState.REJECTED,
            sources=frozenset({PENDING}),
            askers=_STAFF,
            needs_reason=True,
        ),
        Rel.REMOVE: Move(
            to=RegistrationState.REMOVED, sources=LIVE, askers=_STAFF, needs_reason=True
        ),
        Rel.COMPLETE: Move(
            to=RegistrationState.COMPLETED, sources=frozenset({ENROLLED}), askers=_STAFF
        ),
    }
)
"""An instructor removes only where the organization lets instructors; the policy says so."""

ASKABLE = frozenset(move.to for move in ASKABLE_MOVES.values())
"""The values of `to` that a person may send; every other state is the system's to give."""

_C = ClassStatus

CLASS_MOVES: Mapping[ClassStatus, frozenset[ClassStatus]] = MappingProxyType(
    {
        _C.DRAFT: frozenset({_C.OPEN, _C.CANCELLED}),
        _C.OPEN: frozenset({_C.CLOSED, _C.ENDED, _C.CANCELLED}),
        _C.CLOSED: frozenset({_C.OPEN, _C.ENDED, _C.CANCELLED}),
        _C.ENDED: frozenset(),
        _C.CANCELLED: frozenset(),
    }
)
"""Where the status of a class may go; staff asks for it, and the day after its term ends it."""


def class_status_block(status: ClassStatus, to: ClassStatus) -> Block | None:
    """Why a class cannot go from `status` to `to`; nobody goes to where they are."""
    if to in CLASS_MOVES[status]:
        return None
    return Block("state-conflict", {"status": status, "allowed": sorted(CLASS_MOVES[status])})


def seat_delta(before: RegistrationState | None, after: RegistrationState) -> int:
    """Seats that a change takes (+1), frees (-1) or leaves alone; `before` null: just made."""
    return (after in SEATED) - (before in SEATED)


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveFacts:
    """A registration and what its moves depend on; the deadlines are the effective ones.

    `facts` may leave clashes and counts out where only a list's links are judged.
    """

    state: RegistrationState
    facts: Facts
    offer_expires_at: datetime | None = None
    drop_until: datetime | None = None
    withdraw_until: datetime | None = None

    def may_drop_at(self, now: datetime) -> bool:
        """Whether a seat is given back without a trace: by default until the class has ended."""
        if self.drop_until is None:
            return self.facts.school_class.status != ClassStatus.ENDED
        return now < self.drop_until

    def may_withdraw_at(self, now: datetime) -> bool:
        """Whether a seat is given back with a trace: once dropping is over, if at all."""
        late_enough = not self.may_drop_at(now)
        return late_enough and self.withdraw_until is not None and now < self.withdraw_until

    def offer_has_expired_at(self, now: datetime) -> bool:
        """Whether the offer is over, also if nobody has written it down yet."""
        if self.state == RegistrationState.EXPIRED:
            return True
        return self.offer_expires_at is not None and self.offer_expires_at <= now


def rel_of(to: RegistrationState, state: RegistrationState) -> Rel | None:
    """What is asked for by `to` of a registration in `state`; null: not for a person to ask.

    `enrolled` approves what is pending and accepts an offer.
    """
    if to == ENROLLED:
        return Rel.APPROVE if state == PENDING else Rel.ACCEPT
    return next((rel for rel, move in ASKABLE_MOVES.items() if move.to == to), None)


def rel_of_leaving(facts: MoveFacts, now: datetime) -> Rel | None:
    """What the plain "I leave" of a DELETE means at `now`; null: there is nothing to leave.

    Where neither drop nor withdrawal is open it means a drop, whose blocks say why not.
    """
    if facts.state == ENROLLED:
        return Rel.WITHDRAW if facts.may_withdraw_at(now) else Rel.DROP
    if facts.state == OFFERED:
        return Rel.DECLINE
    return Rel.LEAVE if facts.state in ASKABLE_MOVES[Rel.LEAVE].sources else None


def move_blocks(rel: Rel, facts: MoveFacts, now: datetime) -> tuple[Block, ...]:
    """All reasons why the move would be refused at `now`; who may ask is the policy's."""
    offer_moves = (Rel.ACCEPT, Rel.DECLINE)
    offer_is_over = facts.state in {OFFERED, RegistrationState.EXPIRED}
    if rel in offer_moves and offer_is_over and facts.offer_has_expired_at(now):
        return (Block("offer-expired", {"offer_expires_at": facts.offer_expires_at}),)
    if facts.state not in ASKABLE_MOVES[rel].sources:
        return (Block("state-conflict", {"state": facts.state}),)
    guard = _GUARDS.get(rel)
    return () if guard is None else guard(facts, now)


def moves(facts: MoveFacts, now: datetime) -> dict[Rel, tuple[Block, ...]]:
    """Every move with what stands against it at `now`; nothing does against a legal one."""
    return {rel: move_blocks(rel, facts, now) for rel in _RELS}


def _against_drop(facts: MoveFacts, now: datetime) -> tuple[Block, ...]:
    if facts.may_drop_at(now):
        return ()
    return (Block("registration-closed", {"closed_at": facts.drop_until}),)


def _against_withdraw(facts: MoveFacts, now: datetime) -> tuple[Block, ...]:
    if facts.may_withdraw_at(now):
        return ()
    if facts.withdraw_until is None or facts.withdraw_until <= now:
        return (Block("registration-closed", {"closed_at": facts.withdraw_until}),)
    return (Block("not-open-yet", {"opens_at": facts.drop_until}),)


def _against_accept(facts: MoveFacts, now: datetime) -> tuple[Block, ...]:
    return judge(ACCEPTANCE.seat, facts.facts, now)


def _against_approve(facts: MoveFacts, now: datetime) -> tuple[Block, ...]:
    verdict = approval_verdict(facts.facts, now)
    return verdict.blocks if isinstance(verdict, Refused) else ()


def _against_complete(facts: MoveFacts, _: datetime) -> tuple[Block, ...]:
    # A seat freed by completion goes to nobody, so it must not happen while somebody could wait.
    status = facts.facts.school_class.status
    if status == ClassStatus.ENDED:
        return ()
    return (Block("state-conflict", {"state": facts.state, "class_status": status}),)


_GUARDS: Mapping[Rel, Callable[[MoveFacts, datetime], tuple[Block, ...]]] = MappingProxyType(
    {
        Rel.DROP: _against_drop,
        Rel.WITHDRAW: _against_withdraw,
        Rel.ACCEPT: _against_accept,
        Rel.APPROVE: _against_approve,
        Rel.COMPLETE: _against_complete,
    }
)
