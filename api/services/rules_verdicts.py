"""What a registration, an approval or a place in line would come to, drawn from the guards."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from api.errors import Block
from api.models.school_class import ClassStatus
from api.models.student import StudentStatus
from api.services.rules_facts import Facts
from api.services.rules_registration import APPROVAL, FULL, Depth, conflict_warning, judge

CLASS_FULL = "class-full"
LINE_CODES = frozenset({"waitlist-limit", "waitlist-closed", "waitlist-full"})

# No reason given by staff lets one student register twice, fill a class that no longer takes
# place, or register somebody who asked to be forgotten.
_NEVER_WAIVED = "already-registered"
_NEVER_WAIVED_STATUSES = frozenset({ClassStatus.CANCELLED, ClassStatus.ENDED, StudentStatus.ERASED})


class OnFull(StrEnum):
    """What a registration wants when no seat is free."""

    FAIL = "fail"
    WAITLIST = "waitlist"


@dataclass(frozen=True, slots=True, kw_only=True)
class Enroll:
    """A seat. `waived` are the codes that an override set aside; warnings refuse nothing."""

    waived: tuple[str, ...] = ()
    warnings: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Waitlist:
    """A place in line."""

    waived: tuple[str, ...] = ()
    warnings: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A request that staff decides on; it keeps its ticket, so it loses no place meanwhile."""

    warnings: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Nothing; `blocks` are all the reasons, the most relevant first."""

    blocks: tuple[Block, ...]


Verdict = Enroll | Waitlist | Pending | Refused


def verdict(
    facts: Facts,
    now: datetime,
    on_full: OnFull = OnFull.FAIL,
    *,
    overrides: Collection[str] = (),
) -> Verdict:
    """What registering at `now` comes to.

    A seat only if one is free, nobody eligible waits and no promotion is under way. With
    `on_full` waitlist a full class is no refusal while its line is open. `overrides` are the
    codes of rules that staff waives; who does so also needs no approval.
    """
    outcome = _outcome(_weigh(FULL, facts, now, on_full, overrides=overrides), facts)
    if not facts.school_class.approval_required or overrides or isinstance(outcome, Refused):
        return outcome
    return Pending(warnings=outcome.warnings)


def would_wait(
    blocks: Sequence[Block], facts: Facts, now: datetime, overrides: Collection[str]
) -> bool:
    """Whether who is refused a seat for these reasons could have a place in line instead."""
    is_all = [block.code for block in blocks] == [CLASS_FULL]
    return is_all and not _standing(judge(FULL.line, facts, now), overrides)


def approval_verdict(facts: Facts, now: datetime) -> Enroll | Waitlist | Refused:
    """What approving a pending registration at `now` comes to: a seat, or its place in line.

    The rules are asked again save the windows, in which it was made.
    """
    return _outcome(_weigh(APPROVAL, facts, now, OnFull.WAITLIST), facts)


def join_waitlist(facts: Facts, now: datetime, depth: Depth = FULL) -> tuple[Block, ...] | None:
    """What stands against joining the line, as far as `depth` looks: nothing, or reasons.

    None: there is no line to join, for registering would give a seat.
    """
    weighed = _weigh(depth, facts, now, OnFull.WAITLIST)
    return weighed.standing if weighed.full or weighed.standing else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Weighed:
    standing: tuple[Block, ...]
    waived: tuple[str, ...]
    full: bool


_CLEAR = _Weighed(standing=(), waived=(), full=False)


def _weigh(
    depth: Depth,
    facts: Facts,
    now: datetime,
    on_full: OnFull,
    *,
    overrides: Collection[str] = (),
) -> _Weighed:
    against = judge(depth.seat, facts, now)
    if not against:
        return _CLEAR
    full = CLASS_FULL not in overrides and CLASS_FULL in [block.code for block in against]
    line_takes = False
    if full and on_full is OnFull.WAITLIST:
        line = judge(depth.line, facts, now)
        line_takes = not _standing(line, overrides)
        against += line
    standing = _standing(against, overrides)
    if line_takes:
        standing = tuple([block for block in standing if block.code != CLASS_FULL])
    waived = tuple([block.code for block in against if _is_waived(block, overrides)])
    return _Weighed(standing=standing, waived=waived, full=full)


def _outcome(weighed: _Weighed, facts: Facts) -> Enroll | Waitlist | Refused:
    if weighed.standing:
        return Refused(blocks=weighed.standing)
    warning = conflict_warning(facts)
    warnings = () if warning is None else (warning,)
    made = Waitlist if weighed.full else Enroll
    return made(waived=weighed.waived, warnings=warnings)


def _standing(against: Sequence[Block], overrides: Collection[str]) -> tuple[Block, ...]:
    return tuple([block for block in against if not _is_waived(block, overrides)])


def _is_waived(block: Block, overrides: Collection[str]) -> bool:
    return (
        block.code in overrides
        and block.code != _NEVER_WAIVED
        and block.details.get("status") not in _NEVER_WAIVED_STATUSES
    )
