"""A school for tests of registrations: who asks, who is registered, and what the ledger says."""

from dataclasses import dataclass, field

from sqlalchemy import select

from api.authz.actor import Actor, Membership
from api.authz.policy import Policy
from api.clock import SystemClock, epoch_ms
from api.ids import Ids
from api.models import Event, Registration, Role, SchoolClass, StreamKind
from api.models.database import Database
from api.services import class_seats
from api.services.ledger_reads import Ledgers
from api.services.registration_doors import Door
from api.services.registrations import Registrations
from api.services.rules_verdicts import OnFull
from api.services.transitions import Transitions
from tests import factories

POLICY = Policy()


@dataclass
class School:
    """One organization in a database, with short words for what happens in it."""

    database: Database
    organization: object
    registrar: Actor
    registrations: Registrations
    transitions: Transitions = field(default_factory=lambda: Transitions(policy=POLICY))
    ledgers: Ledgers = field(default_factory=lambda: Ledgers(policy=POLICY))

    @classmethod
    def found(cls, database, **settings):
        with database.write() as tx:
            organization = factories.an_organization(tx, **settings)
            member = factories.a_member(tx, organization.id, Role.REGISTRAR)
        ids = Ids(lambda: epoch_ms(database.clock.now()))
        return cls(
            database=database,
            organization=organization,
            registrar=actor_of(member),
            registrations=Registrations(policy=POLICY, ids=ids),
        )

    def by_system_clock(self):
        """The same school where the database's own clock decides, as in production."""
        database = Database(self.database.engine, self.database._reads, SystemClock())
        return School(database, self.organization, self.registrar, self.registrations)

    def a_class(self, **given):
        """Make a class with the first event of its ledger."""
        with self.database.write() as tx:
            row = factories.a_class(tx, self.organization.id, **given)
            return class_seats.created(tx, self.registrar, row)

    def a_student(self, **given):
        with self.database.write() as tx:
            return factories.a_student(tx, self.organization.id, **given)

    def students(self, count):
        with self.database.write() as tx:
            return [factories.a_student(tx, self.organization.id) for _ in range(count)]

    def a_student_with_login(self, **given):
        """Make a student with a login; give the row and the actor."""
        with self.database.write() as tx:
            member = factories.a_member(tx, self.organization.id, Role.STUDENT)
            student = factories.a_student(tx, self.organization.id, member_id=member.id, **given)
        return student, actor_of(member, student.id)

    def a_session(self, school_class, starts_at, **given):
        with self.database.write() as tx:
            return factories.a_session(tx, school_class, starts_at=starts_at, **given)

    def register(self, school_class, student, *, wait=False, actor=None, **new):
        with self.database.write() as tx:
            return self.registrations.register(
                tx,
                actor or self.registrar,
                Door(class_id=school_class.id),
                {
                    "student_id": student.id,
                    "on_full": OnFull.WAITLIST if wait else OnFull.FAIL,
                    **new,
                },
            ).row

    def move(self, registration, to, *, actor=None, **wish):
        with self.database.write() as tx:
            wish = {"to": to, **wish}
            return self.transitions.move(tx, actor or self.registrar, registration.id, wish).row

    def leave(self, registration, *, actor=None):
        with self.database.write() as tx:
            self.transitions.leave(tx, actor or self.registrar, registration.id)

    def change(self, school_class, change, *arguments):
        """Do one of the changes of `class_seats` to the class."""
        with self.database.write() as tx:
            row = class_seats.locked_class(tx, school_class.id)
            return change(tx, self.registrar, row, *arguments)

    def class_now(self, school_class):
        with self.database.read() as tx:
            return tx.first(select(SchoolClass.__table__).where(SchoolClass.id == school_class.id))

    def states(self, school_class):
        """Every state of the class's registrations, by ticket."""
        with self.database.read() as tx:
            rows = tx.all(
                select(Registration.state)
                .where(
                    Registration.organization_id == self.organization.id,
                    Registration.class_id == school_class.id,
                )
                .order_by(Registration.ticket)
            )
        return [row.state.value for row in rows]

    def events(self, school_class):
        with self.database.read() as tx:
            return tx.all(
                select(Event)
                .where(Event.stream_kind == StreamKind.CLASS, Event.stream_id == school_class.id)
                .order_by(Event.seq)
            )

    def event_types(self, school_class):
        return [event.type for event in self.events(school_class)]

    def audit(self, school_class):
        with self.database.snapshot() as tx:
            return self.ledgers.audit(tx, self.registrar, school_class.id)


def actor_of(member, student_id=None):
    membership = Membership(member.id, member.organization_id, member.role, student_id)
    return Actor(user_id=member.user_id, memberships={member.organization_id: membership})
