"""Refusals of a registration: one for each guard, and the family that carries all blocks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from types import MappingProxyType
from typing import Any

from api.errors.refusal import Block, Conflict


class Blocked(Conflict):
    """A guard of the registration does not hold; a subclass for each guard gives the code."""

    def __init__(self, blocks: Sequence[Block], **members: Any) -> None:
        super().__init__(**members)
        self.blocks = tuple(blocks)

    def _values(self) -> Iterable[Any]:
        return chain.from_iterable(block.details.values() for block in self.blocks)

    @classmethod
    def by(cls, blocks: Sequence[Block], **members: Any) -> Blocked:
        """The refusal whose type is the most relevant of the blocks (the first one)."""
        return BLOCKED_BY_CODE[blocks[0].code](blocks, **members)


class AlreadyRegistered(Blocked):
    """The student has a live registration in this class."""

    code = "already-registered"
    title = "Already registered"
    cure = "Use the registration that `_links.existing` names."


class StudentInactive(Blocked):
    """The student's record is inactive."""

    code = "student-inactive"
    title = "The student is inactive"
    cure = "A registrar can set the student's `status` to `active`."


class ClassNotOpen(Blocked):
    """The class is a draft, closed, cancelled or ended."""

    code = "class-not-open"
    title = "The class is not open"
    cure = "Choose another class, or wait until this one is opened."


class NotOpenYet(Blocked):
    """The registration window of this student has not begun, by the server's clock."""

    code = "not-open-yet"
    title = "Registration is not open yet"
    cure = "Try again at `opens_at`."


class RegistrationClosed(Blocked):
    """The registration window or the deadline has passed, by the server's clock."""

    code = "registration-closed"
    title = "Registration is closed"
    cure = "Choose another class, or ask a registrar, who may set the date aside."


class Audience(Blocked):
    """Every window of the class is for other groups of students."""

    code = "audience"
    title = "The class is for other students"
    cure = "A registrar can put the student into one of the `audiences`."


class TimeConflict(Blocked):
    """Sessions of the class overlap sessions of a class in which the student has a seat."""

    code = "time-conflict"
    title = "The class clashes with another one"
    cure = "Choose another class, or drop the one that `conflicts` names."


class TermLimit(Blocked):
    """The student has as many classes in this term as the organization allows."""

    code = "term-limit"
    title = "The limit of classes in the term is reached"
    cure = "Drop a class of this term first."


class ClassFull(Blocked):
    """No seat is free for a newcomer."""

    code = "class-full"
    title = "The class is full"
    cure = "Wait for a seat, by `_links.waitlist`, while the waitlist is open."


class WaitlistLimit(Blocked):
    """The student waits in as many lines of this term as the organization allows."""

    code = "waitlist-limit"
    title = "The limit of waitlists in the term is reached"
    cure = "Leave another waitlist first."


class WaitlistClosed(Blocked):
    """The class keeps no waitlist."""

    code = "waitlist-closed"
    title = "The waitlist is closed"
    cure = "Choose another class, or try again when a seat is free."


class WaitlistFull(Blocked):
    """The waitlist has as many people as it may."""

    code = "waitlist-full"
    title = "The waitlist is full"
    cure = "Try again later, or choose another class."


BY_RELEVANCE: tuple[type[Blocked], ...] = (
    AlreadyRegistered,
    StudentInactive,
    ClassNotOpen,
    NotOpenYet,
    RegistrationClosed,
    Audience,
    TimeConflict,
    TermLimit,
    ClassFull,
    WaitlistLimit,
    WaitlistClosed,
    WaitlistFull,
)
"""The first of these that applies is the type of the problem."""

BLOCK_CODES: tuple[str, ...] = tuple(refusal.code for refusal in BY_RELEVANCE)

BLOCKED_BY_CODE: Mapping[str, type[Blocked]] = MappingProxyType(
    {refusal.code: refusal for refusal in BY_RELEVANCE}
)
