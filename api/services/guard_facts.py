"""From the row that `api.models.facts` reads to the facts that the rules look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Row

from api import clock
from api.models.registration import RegistrationState
from api.services.known_clashes import Stamp
from api.services.rules_conflicts import Clash, Span, in_order_of_time
from api.services.rules_facts import (
    NOBODY,
    ClassFacts,
    Facts,
    LiveRegistration,
    OrganizationFacts,
    StudentFacts,
)
from api.services.rules_states import MoveFacts
from api.services.rules_windows import Window

Counters = Mapping[str, Any]

_PLAIN = (
    "status",
    "capacity",
    "seats_taken",
    "waiting",
    "eligible_waiting",
    "promotion_pending",
    "waitlist_enabled",
    "waitlist_capacity",
    "approval_required",
    "effective_timezone",
)


def _reader(prefix: str) -> Callable[[Any], tuple[Any, ...]]:
    read: Callable[[Any], tuple[Any, ...]] = attrgetter(*(prefix + name for name in _PLAIN))
    return read


_READ = {prefix: _reader(prefix) for prefix in ("", "class_")}


def class_facts(row: Any, prefix: str = "", counters: Counters | None = None) -> ClassFacts:
    """What guards read of a class; `counters` are those of its open book, which are newer."""
    values = dict(zip(_PLAIN, _READ[prefix](row), strict=True))
    if counters is not None:
        values.update({name: counters[name] for name in _PLAIN if name in counters})
    return ClassFacts(
        windows=windows_of(getattr(row, f"{prefix}windows")),
        promotion_ends_at=getattr(row, f"{prefix}effective_promotion_ends_at"),
        **values,
    )


def windows_of(stored: Sequence[Mapping[str, Any]]) -> tuple[Window, ...]:
    """The windows of a class from their stored form."""
    return _windows(orjson.dumps(stored)) if stored else ()


@lru_cache(maxsize=4096)
def _windows(stored: bytes) -> tuple[Window, ...]:
    return tuple(
        Window(
            audience=window.get("audience"),
            opens_at=clock.from_text(window["opens_at"]),
            closes_at=clock.from_text(window["closes_at"]),
        )
        for window in orjson.loads(stored)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """What a student has in other classes than the one that is judged, as far as a rule asks.

    The counts are of the term of the class; the clashes are with its sessions. `stamp`: what the
    clashes were found from, where that is known.
    """

    clashes: tuple[Clash, ...] = ()
    stamp: Stamp | None = None
    live_count: int = 0
    waitlist_count: int = 0


NOTHING = Elsewhere()


def elsewhere_of(
    row: Any,
    class_id: UUID,
    *,
    clashes: tuple[Clash, ...] | None = None,
    stamp: Stamp | None = None,
) -> Elsewhere:
    """The same from a row with the columns `api.models.facts.DEEP`; nothing from any other.

    `clashes` are given where they are known without the row.
    """
    live_count, waitlist_count = getattr(row, "counts", None) or (0, 0)
    if clashes is None:
        clashes = clashes_of(getattr(row, "clashes", None), class_id)
    return Elsewhere(
        clashes=clashes,
        stamp=stamp,
        live_count=live_count,
        waitlist_count=waitlist_count,
    )


def student_facts(row: Any, elsewhere: Elsewhere) -> StudentFacts:
    """What guards read of the subject of a row; nobody where there is none."""
    if row.subject_id is None:
        return NOBODY
    live, live_id = None, getattr(row, "live_id", None)
    if live_id is not None:
        live = LiveRegistration(id=live_id, state=RegistrationState(row.live_state))
    return StudentFacts(
        status=row.subject_status,
        groups=frozenset(row.subject_groups),
        live=live,
        clashes=elsewhere.clashes,
        live_count=elsewhere.live_count,
        waitlist_count=elsewhere.waitlist_count,
    )


def clashes_of(pairs: Sequence[Sequence[str]] | None, class_id: UUID) -> tuple[Clash, ...]:
    """The clashes of a class as the row of its facts holds them, in the order of time."""
    found = [
        Clash(
            Span(
                session_id=UUID(ours),
                class_id=class_id,
                starts_at=clock.from_text(starts),
                ends_at=clock.from_text(ends),
            ),
            Span(
                session_id=UUID(theirs),
                class_id=UUID(their_class),
                starts_at=clock.from_text(their_start),
                ends_at=clock.from_text(their_end),
            ),
        )
        for ours, starts, ends, their_class, theirs, their_start, their_end in pairs or ()
    ]
    return tuple(sorted(found, key=in_order_of_time))


def facts_of(
    row: Row[Any],
    prefix: str = "",
    counters: Counters | None = None,
    *,
    elsewhere: Elsewhere | None = None,
) -> Facts:
    """Everything that the guards of a registration look at.

    `elsewhere` is given where it is known without the row.
    """
    if elsewhere is None:
        elsewhere = elsewhere_of(row, getattr(row, f"{prefix}id"))
    return Facts(
        school_class=class_facts(row, prefix, counters),
        student=student_facts(row, elsewhere),
        organization=OrganizationFacts(
            conflict_policy=row.conflict_policy,
            max_live_classes_per_term=row.max_live_classes_per_term,
            max_waitlists_per_term=row.max_waitlists_per_term,
        ),
    )


def move_facts(registration: Any, facts: Facts, school_class: Any, prefix: str = "") -> MoveFacts:
    """What the moves of a registration depend on; `school_class` holds the deadlines."""
    return MoveFacts(
        state=RegistrationState(registration.state),
        facts=facts,
        offer_expires_at=registration.offer_expires_at,
        drop_until=getattr(school_class, f"{prefix}effective_drop_until"),
        withdraw_until=getattr(school_class, f"{prefix}effective_withdraw_until"),
    )
