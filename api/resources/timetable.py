"""Meeting patterns and sessions over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import UUID

from api.authz.actor import Actor
from api.authz.policy import Action
from api.errors import Forbidden, NotFound, StateConflict
from api.http.edge import Edge
from api.http.filters import Listing, choice, day, identifier, instant, number
from api.http.operation import operation
from api.http.restful import Resource
from api.models.database import Transaction
from api.models.session import (
    MAX_DURATION_MINUTES,
    ClassSession,
    MeetingPattern,
    SessionStatus,
)
from api.schemas.dumping import members_of
from api.schemas.hypermedia import Rel
from api.schemas.timetable import MEETING_PATTERN, SESSION, MeetingPatternSchema, SessionSchema
from api.services.judged import Judged, Listed
from api.services.meeting_patterns import MeetingPatterns
from api.services.sessions import Sessions

TAG = "catalogue"
PATTERN_LISTING = Listing(
    name="meeting_patterns",
    tiebreak=MeetingPattern.id,
    sorts={
        "created_at": MeetingPattern.created_at,
        "from_date": MeetingPattern.from_date,
        "to_date": MeetingPattern.to_date,
    },
    default_sort="created_at",
    filters={
        "id": identifier(MeetingPattern.id, "pat"),
        "from_date": day(MeetingPattern.from_date),
        "to_date": day(MeetingPattern.to_date),
        "duration_minutes": number(
            MeetingPattern.duration_minutes, least=1, most=MAX_DURATION_MINUTES
        ),
        "created_at": instant(MeetingPattern.created_at),
        "updated_at": instant(MeetingPattern.updated_at),
    },
    members=tuple(name for name, _ in members_of(MeetingPatternSchema)),
)
SESSION_LISTING = Listing(
    name="sessions",
    tiebreak=ClassSession.id,
    sorts={
        "starts_at": ClassSession.starts_at,
        "ends_at": ClassSession.ends_at,
        "created_at": ClassSession.created_at,
    },
    default_sort="starts_at",
    filters={
        "id": identifier(ClassSession.id, "ses"),
        "starts_at": instant(ClassSession.starts_at),
        "ends_at": instant(ClassSession.ends_at),
        "status": choice(ClassSession.status, SessionStatus),
        "pattern_id": identifier(ClassSession.pattern_id, "pat", nullable=True),
        "created_at": instant(ClassSession.created_at),
        "updated_at": instant(ClassSession.updated_at),
    },
    members=tuple(name for name, _ in members_of(SessionSchema)),
)
Revise = Callable[[Any], Mapping[str, Any]]
Check = Callable[[Any], None]


@dataclass(kw_only=True, eq=False)
class ClassMeetingPatternList(Resource):
    """The meeting patterns of a class."""

    edge: Edge
    patterns: MeetingPatterns

    @operation(
        summary="List the meeting patterns of a class",
        tag=TAG,
        action=Action.CLASS_READ,
        access="optional",
        returns=MEETING_PATTERN,
        listing=PATTERN_LISTING,
        rels=(Rel(name="create", operation="create_class_meeting_pattern", judged=True),),
        statements=2,
        raises=(NotFound,),
    )
    def get(self, *, tx: Transaction, actor: Actor, class_id: UUID) -> Listed:
        return self.patterns.of_class(tx, actor, class_id)

    @operation(
        summary="Let a class meet weekly",
        description="The sessions are made at once, on the wall clock of the class.",
        tag=TAG,
        action=Action.CLASS_EDIT,
        body=MeetingPatternSchema,
        returns=MEETING_PATTERN,
        status=HTTPStatus.CREATED,
        raises=(NotFound, Forbidden, StateConflict),
    )
    def post(
        self, *, tx: Transaction, actor: Actor, class_id: UUID, body: Mapping[str, Any]
    ) -> Judged:
        return self.patterns.create(tx, actor, class_id, body)


@dataclass(kw_only=True, eq=False)
class MeetingPatternItem(Resource):
    """One meeting pattern."""

    edge: Edge
    patterns: MeetingPatterns

    @operation(
        summary="Read a meeting pattern",
        tag=TAG,
        action=Action.CLASS_READ,
        access="optional",
        returns=MEETING_PATTERN,
        raises=(NotFound,),
    )
    def get(self, *, tx: Transaction, actor: Actor, pattern_id: UUID) -> Judged:
        return self.patterns.get(tx, actor, pattern_id)

    @operation(
        summary="Change a meeting pattern",
        description="Sessions on days that it keeps stay the same; nobody loses a place.",
        tag=TAG,
        action=Action.CLASS_EDIT,
        body=MeetingPatternSchema,
        returns=MEETING_PATTERN,
        conditional="required",
        raises=(NotFound, Forbidden),
    )
    def patch(self, *, tx: Transaction, actor: Actor, pattern_id: UUID, revise: Revise) -> Judged:
        found = self.patterns.find_for_update(tx, actor, pattern_id)
        return self.patterns.update(tx, actor, found, revise(found[1]))

    @operation(
        summary="Remove a meeting pattern with its sessions",
        description="Sessions that were made by hand stay, and nobody loses a place.",
        tag=TAG,
        action=Action.CLASS_EDIT,
        conditional="honoured",
        status=HTTPStatus.NO_CONTENT,
        raises=(NotFound, Forbidden),
    )
    def delete(
        self, *, tx: Transaction, actor: Actor, pattern_id: UUID, precondition: Check
    ) -> None:
        found = self.patterns.find_for_update(tx, actor, pattern_id)
        precondition(found[1])
        self.patterns.delete(tx, actor, found)


@dataclass(kw_only=True, eq=False)
class ClassSessionList(Resource):
    """The sessions of a class."""

    edge: Edge
    sessions: Sessions

    @operation(
        summary="List the sessions of a class",
        tag=TAG,
        action=Action.CLASS_READ,
        access="optional",
        returns=SESSION,
        listing=SESSION_LISTING,
        rels=(Rel(name="create", operation="create_class_session", judged=True),),
        statements=2,
        raises=(NotFound,),
    )
    def get(self, *, tx: Transaction, actor: Actor, class_id: UUID) -> Listed:
        return self.sessions.of_class(tx, actor, class_id)

    @operation(
        summary="Let a class meet once",
        description="A session that belongs to no pattern, on the wall clock of the class. "
        "Nobody loses a place, clash or not.",
        tag=TAG,
        action=Action.CLASS_EDIT,
        body=SessionSchema,
        returns=SESSION,
        status=HTTPStatus.CREATED,
        raises=(NotFound, Forbidden, StateConflict),
    )
    def post(
        self, *, tx: Transaction, actor: Actor, class_id: UUID, body: Mapping[str, Any]
    ) -> Judged:
        return self.sessions.create(tx, actor, class_id, body)


@dataclass(kw_only=True, eq=False)
class SessionItem(Resource):
    """One session."""

    edge: Edge
    sessions: Sessions

    @operation(
        summary="Read a session",
        tag=TAG,
        action=Action.CLASS_READ,
        access="optional",
        returns=SESSION,
        raises=(NotFound,),
    )
    def get(self, *, tx: Transaction, actor: Actor, session_id: UUID) -> Judged:
        return self.sessions.get(tx, actor, session_id)

    @operation(
        summary="Cancel, hold or move a session",
        description="One that is moved no longer follows its pattern, which notes an exception.",
        tag=TAG,
        action=Action.CLASS_EDIT,
        body=SessionSchema,
        returns=SESSION,
        conditional="required",
        raises=(NotFound, Forbidden, StateConflict),
    )
    def patch(self, *, tx: Transaction, actor: Actor, session_id: UUID, revise: Revise) -> Judged:
        found = self.sessions.find_for_update(tx, actor, session_id)
        return self.sessions.update(tx, actor, found, revise(found[1]))

    @operation(
        summary="Remove a session",
        description="Its pattern, if it has one, notes the day as an exception.",
        tag=TAG,
        action=Action.CLASS_EDIT,
        conditional="honoured",
        status=HTTPStatus.NO_CONTENT,
        raises=(NotFound, Forbidden, StateConflict),
    )
    def delete(
        self, *, tx: Transaction, actor: Actor, session_id: UUID, precondition: Check
    ) -> None:
        found = self.sessions.find_for_update(tx, actor, session_id)
        precondition(found[1])
        self.sessions.delete(tx, actor, found)
