"""What may be done with a class now, and what stands in the way: the guards, as links."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from api.authz.actor import Actor
from api.authz.policy import Policy
from api.models.database import Transaction
from api.services.judged import Judged, Verdicts


def read(
    tx: Transaction, actor: Actor, class_id: UUID, *, student_id: UUID | None = None
) -> Row[Any] | None:
    """A class and everything its guards look at, in one statement; None: there is none.

    The row holds every column of `classes`. The subject is `student_id`, else the caller's own
    student in the organization of the class, else nobody.
    """
    raise NotImplementedError


def verdicts(policy: Policy, actor: Actor, row: Row[Any]) -> Verdicts:
    """The verdicts of one class that `read` gave."""
    raise NotImplementedError


def reread(tx: Transaction, policy: Policy, actor: Actor, class_id: UUID) -> Judged:
    """A class after a change, with its verdicts: one statement."""
    raise NotImplementedError


def judge_page(
    tx: Transaction,
    policy: Policy,
    actor: Actor,
    rows: Sequence[Row[Any]],
    *,
    student_id: UUID | None = None,
) -> list[Judged]:
    """The classes of a page with their verdicts: no statement, or one set query by student.

    `rows` come from `api.models.facts.CLASS_PAGE` (parameters `organization_id` and
    `own_student_ids`, see `own_students`) or a select made from it by `.where(…)`.
    """
    raise NotImplementedError


def own_students(actor: Actor) -> list[UUID]:
    """The students that the caller is, in any organization."""
    return [m.student_id for m in actor.memberships.values() if m.student_id is not None]
