"""What may be done with a class now, and what stands in the way: the guards, as links."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row

from api.authz.actor import Actor
from api.authz.policy import Action, Policy, Subject
from api.errors import Block, NotFound
from api.models.ahead import Ahead, Holder, Question
from api.models.class_item import CLASS_ITEM, CLASS_ITEM_BRIEF, CLASS_ITEM_UNSEARCHED
from api.models.database import Transaction
from api.models.school_class import ClassStatus, instructor_ids
from api.services.class_likeness import Standing, likeness, present
from api.services.guard_facts import NOTHING, Elsewhere, elsewhere_of, facts_of
from api.services.judged import FORBIDDEN, Judged, Verdicts, permitted
from api.services.known_clashes import KNOWN_CLASHES, Found, Stamp
from api.services.page_facts import elsewhere_of_page
from api.services.recent import Recent
from api.services.registration_doors import own_students
from api.services.rules_facts import Facts
from api.services.rules_registration import CHEAP, CLASS_ONLY, FULL, Depth, blocks
from api.services.rules_states import class_status_block
from api.services.rules_verdicts import join_waitlist

_SHARED: Recent[tuple[Any, ...], Verdicts] = Recent(generation=4096)
"""Verdicts by what they depend on, some 2 KiB each: classes that are alike share one object."""

_PLAIN: Recent[tuple[Any, ...], Verdicts] = Recent(generation=256)
"""Verdicts without details, by what they say: there are few, whatever they depend on."""

_STATUS_OF_REL = {
    "open": ClassStatus.OPEN,
    "close": ClassStatus.CLOSED,
    "cancel": ClassStatus.CANCELLED,
}


class Look(NamedTuple):
    """Which class is looked at, and for whom: `student_id`, else the caller's own student there.

    `may_be_brief`: those columns are enough that change without a version, if the others of this
    version have been shown.
    """

    class_id: UUID
    student_id: UUID | None = None
    may_be_brief: bool = False


def read(
    tx: Transaction, policy: Policy, actor: Actor, look: Look
) -> tuple[Row[Any], Callable[[], Judged]] | None:
    """A committed class, to be judged once that is wanted; None: none there.

    One statement; two if there are clashes to be searched anew.
    """
    students = own_students(actor) if look.student_id is None else [look.student_id]
    known = _known_clashes(look.class_id, students)
    asked = _question(look, students, known, tx.given_now())
    row = tx.first(asked.statement, **asked.parameters)
    is_brief = asked.statement is CLASS_ITEM_BRIEF
    if known is not None and row is not None and _stamp(row) != known.stamp:
        known, is_brief, row = None, False, _item(tx, look.class_id, students)
    if row is None:
        return None

    def judged() -> Judged:
        judge = _Judge(policy, actor, Standing.of(actor, row), FULL)
        return _remembered(judge, row, known, whole if is_brief else None)

    def whole() -> Judged:
        again = read(tx, policy, actor, look._replace(may_be_brief=False))
        if again is None:
            raise NotFound
        return again[1]()

    return row, judged


def reread(tx: Transaction, policy: Policy, actor: Actor, class_id: UUID) -> Judged:
    """A class after a change, with its verdicts: one statement.

    Nothing of it is remembered: the change may be rolled back yet.
    """
    row = _item(tx, class_id, own_students(actor))
    assert row is not None, "it has just been changed"  # shown to mypy
    return Judged(row, _verdicts(policy, actor, row, facts=facts_of(row), depth=FULL))


def ahead(holder: Holder, *, class_id: UUID) -> Ahead | None:
    """What `read` asks of the database, if the caller is still who this process has last seen."""
    students = holder.students
    if students is None:
        return None
    known = _known_clashes(class_id, students)
    look = Look(class_id, may_be_brief=not holder.is_narrow)
    question = _question(look, students, known, holder.clock_now)
    return Ahead(question, lambda _students: question)


def _known_clashes(class_id: UUID, student_ids: Sequence[UUID]) -> Found | None:
    return KNOWN_CLASHES.find((class_id, student_ids[0])) if len(student_ids) == 1 else None


def _item(tx: Transaction, class_id: UUID, student_ids: Sequence[UUID]) -> Row[Any] | None:
    statement, parameters = _question(Look(class_id), student_ids, None, tx.given_now())
    return tx.first(statement, **parameters)


def _question(
    look: Look, student_ids: Sequence[UUID], known: Found | None, clock_now: datetime | None
) -> Question:
    statement = CLASS_ITEM
    if known is not None:
        is_brief = known.is_brief and look.may_be_brief
        statement = CLASS_ITEM_BRIEF if is_brief else CLASS_ITEM_UNSEARCHED
    asked = {"class_id": look.class_id, "student_ids": student_ids, "clock_now": clock_now}
    return Question(statement, asked)


def _stamp(row: Row[Any]) -> Stamp:
    return Stamp(row.version, row.subject_guard_version, row.organization_version)


def _remembered(
    judge: _Judge, row: Row[Any], known: Found | None, whole: Callable[[], Judged] | None
) -> Judged:
    """The verdicts on a committed class, by clashes that are known or else are from now on."""
    if row.subject_id is None:
        return judge.of(row, elsewhere_of(row, row.id), whole)
    # Not looked up again: another thread may have found a later state meanwhile.
    clashes, stamp = None if known is None else known.clashes, _stamp(row)
    found = elsewhere_of(row, row.id, clashes=clashes, stamp=stamp)
    judged = judge.of(row, found, whole)
    limits = row.max_live_classes_per_term, row.max_waitlists_per_term
    now = Found(stamp, found.clashes, is_brief=judged.is_shared and limits == (None, None))
    if now != known:
        KNOWN_CLASHES.keep((row.id, row.subject_id), now)
    return judged


def judge_page(
    tx: Transaction,
    policy: Policy,
    actor: Actor,
    rows: Sequence[Row[Any]],
    *,
    student_id: UUID | None = None,
) -> list[Judged]:
    """The classes of a page with their verdicts.

    Without `student_id` the cheap guards judge and no statement is sent; else all guards do, for
    that student. `rows` come from `api.models.class_page.CLASS_PAGE`, or a select made from it by
    `.where(…)`.
    """
    if not rows:
        return []
    elsewhere: Sequence[Elsewhere] = [NOTHING] * len(rows)
    depth = CHEAP
    if student_id is not None:
        elsewhere, depth = elsewhere_of_page(tx, rows, student_id), FULL
    judge = _Judge(policy, actor, Standing.of(actor, rows[0]), depth)
    return [judge.of(row, of_row) for row, of_row in zip(rows, elsewhere, strict=True)]


@dataclass(frozen=True, slots=True)
class _Judge:
    """Gives classes of one organization their verdicts, alike ones the same."""

    policy: Policy
    actor: Actor
    standing: Standing
    depth: Depth

    def of(
        self, row: Row[Any], elsewhere: Elsewhere, whole: Callable[[], Judged] | None = None
    ) -> Judged:
        like = likeness(self.standing, row, elsewhere)
        if like is None:
            return Judged(row, self._anew(row, elsewhere), whole=whole)
        key = (self.depth is FULL, like)
        found = _SHARED.find(key) or _SHARED.keep(key, _one_object(self._anew(row, elsewhere)))
        return Judged(row, found, is_shared=True, whole=whole)

    def _anew(self, row: Row[Any], elsewhere: Elsewhere) -> Verdicts:
        facts = facts_of(row, elsewhere=elsewhere)
        return _verdicts(self.policy, self.actor, row, facts=facts, depth=self.depth)


def _one_object(verdicts: Verdicts) -> Verdicts:
    """The verdicts, as one object with all that say the same, where no block has details.

    Whole items are kept by this object: a class with a free seat is told in the same words in its
    page, judged for a student or not, as alone.
    """
    if any(block.details for blocks in verdicts.values() for block in blocks):
        return verdicts
    said = tuple(verdicts.items())
    return _PLAIN.find(said) or _PLAIN.keep(said, verdicts)


def _verdicts(
    policy: Policy, actor: Actor, row: Row[Any], *, facts: Facts, depth: Depth
) -> Verdicts:
    now = present(row)
    subject = Subject(row.organization_id, instructors=instructor_ids(row.instructors))
    return {
        **_seats(policy, actor, row, facts=facts, depth=depth, now=now),
        **_edits(policy, actor, row, subject),
        **_reads(policy, actor, subject),
    }


def _seats(
    policy: Policy, actor: Actor, row: Row[Any], *, facts: Facts, depth: Depth, now: datetime
) -> dict[str, tuple[Block, ...]]:
    wished = Subject(row.organization_id, student_id=row.subject_id)
    if not policy.allows(actor, Action.REGISTRATION_CREATE, wished):
        return {"register": FORBIDDEN, "join-waitlist": FORBIDDEN}
    asked = depth if row.subject_id is not None else CLASS_ONLY
    found = {"register": blocks(facts, now, asked)}
    line = join_waitlist(facts, now, asked)
    if line is not None:
        found["join-waitlist"] = line
    return found


def _edits(
    policy: Policy, actor: Actor, row: Row[Any], subject: Subject
) -> dict[str, tuple[Block, ...]]:
    may_edit = policy.allows(actor, Action.CLASS_EDIT, subject)
    found = {"edit": permitted(policy.allows(actor, Action.CLASS_DESCRIBE, subject))}
    for rel, to in _STATUS_OF_REL.items():
        block = class_status_block(row.status, to)
        stands = () if block is None else (block,)
        found[rel] = stands if may_edit else FORBIDDEN
    # Every registration took a ticket, and none is ever removed.
    in_use = (Block("resource-in-use"),) if row.next_ticket > 1 else ()
    found["delete"] = in_use if may_edit else FORBIDDEN
    return found


def _reads(policy: Policy, actor: Actor, subject: Subject) -> dict[str, tuple[Block, ...]]:
    inside = permitted(policy.allows(actor, Action.REGISTRATION_LIST, subject))
    audits = permitted(policy.allows(actor, Action.LEDGER_READ, subject))
    return {"registrations": inside, "waitlist": inside, "events": audits, "audit": audits}
