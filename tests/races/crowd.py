"""A crowd before a few classes: students come and go while staff change what they come to."""

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import select

from api.authz.actor import Actor
from api.authz.policy import Policy
from api.errors import Refusal
from api.models import ClassStatus, Registration, RegistrationState
from api.models.registration import LIVE
from api.services.classes import Classes
from api.services.registration_doors import Door
from api.services.rules_verdicts import OnFull
from api.services.rules_waitlist import Shrink
from api.services.sweeper import settle_class

SYSTEM = Actor.system()
MODES = ("auto", "offer", "offer")
SEATS = 2
STUDENTS = 8
STEPS = 12
CURIOSITY = 0.6
"""How often somebody who has a place asks for another before giving it up."""
ANSWERS = (RegistrationState.ENROLLED, RegistrationState.DECLINED)
"""To an offer."""

EXPECTED = {
    "already-registered",
    "capacity-below-taken",
    "class-not-open",
    "offer-expired",
    "state-conflict",
    "time-conflict",
    # Others were faster at every attempt: nothing was done, and one may ask again.
    "upstream-unavailable",
}
"""What may be answered to somebody in a crowd; every other refusal is a fault."""


@dataclass
class Crowd:
    """Who does what to which classes, drawn by `seed`, and what all of them were told."""

    school: object
    seed: int = 0
    told: list = field(default_factory=list)
    """For each effect that somebody was told of: of which class it was the event, and its seq."""

    def __post_init__(self):
        school = self.school
        self.database = school.database
        self.service = Classes(policy=Policy(), ids=school.registrations.ids)
        self.classes = [school.a_class(capacity=SEATS, waitlist_mode=mode) for mode in MODES]
        # The first two meet at once: nobody can have a seat in both.
        for school_class in self.classes[:2]:
            school.a_session(school_class, school.database.clock.now() + timedelta(days=90))
        self.people = [school.a_student_with_login() for _ in range(STUDENTS)]

    def acts(self):
        """One act for each thread: every student, and two who change the classes."""
        people = [self._student(number) for number in range(STUDENTS)]
        return [*people, self._staff(random.Random(f"{self.seed} a")), self._cancelling]

    def settle(self):
        """Let the sweeper finish what was left to it."""
        for school_class in self.classes:
            with self.database.write() as tx:
                assert settle_class(tx, school_class.id)

    def missing(self):
        """What was acknowledged and is not there, or was to two."""
        events = {(one.id, event.seq) for one in self.classes for event in self.school.events(one)}
        return sorted((Counter(self.told) - Counter(events)).elements())

    def _student(self, number):
        (student, actor), drawn = self.people[number], random.Random(f"{self.seed} {number}")

        def act():
            for _ in range(STEPS):
                held = self._held(student)
                if not held or drawn.random() < CURIOSITY:
                    self._try(self._register, student, actor, drawn.choice(self.classes))
                else:
                    self._try(self._move, actor, drawn.choice(held), drawn.choice(ANSWERS))

        return act

    def _staff(self, drawn):
        def act():
            for _ in range(2 * STEPS):
                changes = drawn.choice(
                    [
                        {"capacity": drawn.randint(1, 2 * SEATS)},
                        {"capacity": drawn.randint(1, 2 * SEATS)},
                        {"status": ClassStatus.CLOSED},
                        {"status": ClassStatus.OPEN},
                        {"status": ClassStatus.OPEN},
                    ]
                )
                shrink = drawn.choice([None, *Shrink])
                self._try(self._change, drawn.choice(self.classes), changes, shrink)

        return act

    def _cancelling(self):
        for capacity in range(SEATS, SEATS + STEPS):
            self._try(self._change, self.classes[-1], {"capacity": capacity}, Shrink.KEEP)
        self._try(self._change, self.classes[-1], {"status": ClassStatus.CANCELLED}, None)

    def _held(self, student):
        with self.database.read() as tx:
            mine = select(Registration.id, Registration.state).where(
                Registration.organization_id == self.school.organization.id,
                Registration.student_id == student.id,
            )
            return [row for row in tx.all(mine) if row.state in LIVE]

    def _register(self, tx, student, actor, school_class):
        new = {"student_id": student.id, "on_full": OnFull.WAITLIST}
        self.school.registrations.register(tx, actor, Door(class_id=school_class.id), new)

    def _move(self, tx, actor, held, to):
        if held.state == RegistrationState.OFFERED:
            self.school.transitions.move(tx, actor, held.id, {"to": to})
        else:
            self.school.transitions.leave(tx, actor, held.id)

    def _change(self, tx, school_class, changes, shrink):
        row = self.service.find_for_update(tx, SYSTEM, school_class.id)
        self.service.update(tx, SYSTEM, row, changes, shrink=shrink)

    def _try(self, act, *given):
        """Do it in a transaction of its own, and note what was told: an effect, or a refusal."""
        try:
            with self.database.write() as tx:
                act(tx, *given)
                effect = tx.effect
        except Refusal as refusal:
            if refusal.code not in EXPECTED:
                raise
        else:
            if effect is not None:
                self.told.append(effect)
