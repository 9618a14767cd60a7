"""What the guards look at for a page of classes and one student: two statements at most."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from api.models import page_facts as queries
from api.models.database import Transaction
from api.models.organization import ConflictPolicy
from api.models.registration import SEATED, RegistrationState
from api.services.guard_facts import NOTHING, Elsewhere
from api.services.known_clashes import KNOWN_CLASHES, Found, Stamp
from api.services.rules_conflicts import Clash, Span, Timetable

Places = Sequence[Row[Any]]
"""Rows of `api.models.page_facts.PLACES`."""

Clashes = Mapping[UUID, tuple[Clash, ...]]
"""By class; a class that is not there has none."""


def elsewhere_of_page(
    tx: Transaction, page: Sequence[Row[Any]], student_id: UUID
) -> Sequence[Elsewhere]:
    """What the student has elsewhere, for each class of a page of one organization, in its order.

    Timetables are read only where it is not known yet what clashes.
    """
    # The rules and the student are what the rows of a page have in common.
    first = page[0]
    conflicts = first.conflict_policy != ConflictPolicy.IGNORE
    limits = (first.max_live_classes_per_term, first.max_waitlists_per_term) != (None, None)
    if first.subject_id is None or not (conflicts or limits):
        return [NOTHING] * len(page)
    places = tx.all(queries.PLACES, organization_id=first.organization_id, student_id=student_id)
    clashes = _clashes(tx, page, places) if conflicts else {}
    if not limits:
        return [
            Elsewhere(clashes=clashes[row.id]) if clashes.get(row.id) else NOTHING for row in page
        ]
    return [_with_counts(row, places, clashes.get(row.id, ())) for row in page]


def _with_counts(row: Row[Any], places: Places, clashes: tuple[Clash, ...]) -> Elsewhere:
    in_term = [
        place.state
        for place in places
        if place.term_id is not None and place.term_id == row.term_id and place.class_id != row.id
    ]
    return Elsewhere(
        clashes=clashes,
        live_count=len(in_term),
        waitlist_count=in_term.count(RegistrationState.WAITLISTED),
    )


def _clashes(tx: Transaction, page: Sequence[Row[Any]], places: Places) -> Clashes:
    seats = [place for place in places if place.state in SEATED]
    if not seats:
        return {}
    versions = seats[0].guard_version, seats[0].organization_version
    student_id = page[0].subject_id
    found, unknown = {}, {}
    for row in page:
        key = (row.id, student_id)
        stamp = Stamp(row.version, *versions)
        known = KNOWN_CLASHES.find(key)
        if known is not None and known.stamp == stamp:
            found[row.id] = known.clashes
        else:
            unknown[row.id] = stamp
    if unknown:
        searched = _searched(tx, page[0].organization_id, frozenset(unknown), seats)
        # The stamps were read before the timetables: one that has changed since never comes again.
        for class_id, clashes in searched.items():
            key = (class_id, student_id)
            found[class_id] = KNOWN_CLASHES.keep(key, Found(unknown[class_id], clashes)).clashes
    return found


def _searched(
    tx: Transaction, organization_id: UUID, class_ids: frozenset[UUID], seats: Places
) -> Clashes:
    """What clashes of each class with the others in which the student has a seat."""
    seated = frozenset(seat.class_id for seat in seats)
    sessions = defaultdict(list)
    # What is found is kept for long, and each row comes with a UUID of its own for its class.
    one = {class_id: class_id for class_id in class_ids | seated}
    for row in tx.all(
        queries.SESSIONS, organization_id=organization_id, class_ids=class_ids | seated
    ):
        class_id = one[row.class_id]
        sessions[class_id].append(Span(row.session_id, class_id, row.starts_at, row.ends_at))

    def attended(*, without: frozenset[UUID] = frozenset()) -> Timetable:
        others = seated - without
        spans = (span for class_id in others for span in sessions[class_id])
        return Timetable.of(spans, seats[0].min_gap_minutes)

    whole = attended()
    own = {class_id: attended(without=frozenset([class_id])) for class_id in class_ids & seated}
    return {
        class_id: tuple(own.get(class_id, whole).clashes_with(sessions[class_id]))
        for class_id in class_ids
    }
