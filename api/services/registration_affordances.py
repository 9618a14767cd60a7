"""What may be done with a registration now, and what stands in the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from api.authz.actor import Actor
from api.authz.policy import Action, Policy, Subject
from api.models.database import Transaction
from api.models.school_class import instructor_ids
from api.services.guard_facts import facts_of, move_facts
from api.services.judged import FORBIDDEN, Judge, Judged, Verdicts, permitted
from api.services.recent import Recent
from api.services.registration_likeness import likeness
from api.services.rules_states import Rel, moves

ACTION_OF: Mapping[Rel, Action] = {
    Rel.DROP: Action.REGISTRATION_LEAVE,
    Rel.WITHDRAW: Action.REGISTRATION_LEAVE,
    Rel.LEAVE: Action.REGISTRATION_LEAVE,
    Rel.ACCEPT: Action.REGISTRATION_LEAVE,
    Rel.DECLINE: Action.REGISTRATION_LEAVE,
    Rel.APPROVE: Action.REGISTRATION_APPROVE,
    Rel.REJECT: Action.REGISTRATION_APPROVE,
    Rel.COMPLETE: Action.REGISTRATION_APPROVE,
    Rel.REMOVE: Action.REGISTRATION_REMOVE,
}
"""Whose say a move is: one action of the policy for each rel."""

_ACTIONS = frozenset(ACTION_OF.values())

_SHARED: Recent[tuple[Any, ...], Verdicts] = Recent(generation=1024)
"""Verdicts by what they depend on, some 2 KiB each."""


def subject_of(row: Row[Any]) -> Subject:
    """A registration as the policy sees it."""
    return Subject(
        row.organization_id,
        instructors=instructor_ids(row.class_instructors),
        student_id=row.student_id,
    )


def judged(policy: Policy, actor: Actor, row: Row[Any]) -> Judged:
    """A registration that `api.models.registration_reads` gave, with its verdicts."""
    return judged_in(policy, actor, row, context=row, now=row.clock_now)


def judged_in(
    policy: Policy, actor: Actor, registration: Any, *, context: Row[Any], now: datetime
) -> Judged:
    """A registration with its verdicts; `context` holds the class under `class_…`, and the facts.

    Alike ones get the same verdicts: a rush, and the roster of a class, know few different ones.
    """
    like = likeness(actor, registration, context, now)
    if like is None:
        return Judged(registration, _verdicts(policy, actor, registration, context, now=now))
    found = _SHARED.find(like) or _SHARED.keep(
        like, _verdicts(policy, actor, registration, context, now=now)
    )
    return Judged(registration, found, is_shared=True)


def judge(policy: Policy, actor: Actor) -> Judge:
    """The judge of a page of registrations."""

    def judge_page(_tx: Transaction, rows: Sequence[Row[Any]]) -> list[Judged]:
        return [judged(policy, actor, row) for row in rows]

    return judge_page


def _verdicts(
    policy: Policy, actor: Actor, registration: Any, context: Row[Any], *, now: datetime
) -> Verdicts:
    subject = Subject(
        registration.organization_id,
        instructors=instructor_ids(context.class_instructors),
        student_id=registration.student_id,
    )
    state = move_facts(registration, facts_of(context, "class_"), context, "class_")
    allowed = {action: policy.allows(actor, action, subject) for action in _ACTIONS}
    found = {
        rel.value: blocks if allowed[ACTION_OF[rel]] else FORBIDDEN
        for rel, blocks in moves(state, now).items()
    }
    found["edit"] = permitted(policy.allows(actor, Action.REGISTRATION_EDIT, subject))
    return found
