"""An office of a school: what its staff do with jobs, and what the queue does, each by one word."""

from dataclasses import dataclass

from sqlalchemy import func, select, update

from api import ids as public_ids
from api.authz.policy import Policy
from api.clock import epoch_ms
from api.ids import Ids
from api.models import Event, Role, StreamKind
from api.models.job import Job, JobFormat, JobResult
from api.services import job_queue
from api.services.jobs import Jobs
from api.services.students import Students
from tests import factories
from tests.services.school import School, actor_of

POLICY = Policy()


@dataclass
class Office:
    """The registrar of a school asks, unless another actor is named."""

    school: School
    jobs: Jobs
    ids: Ids

    @classmethod
    def of(cls, database, **settings):
        ids = Ids(lambda: epoch_ms(database.clock.now()))
        return cls(School.found(database, **settings), Jobs(policy=POLICY, ids=ids), ids)

    @property
    def database(self):
        return self.school.database

    @property
    def id(self):
        return self.school.organization.id

    @property
    def registrar(self):
        return self.school.registrar

    def a_member(self, role):
        """Somebody else of the organization."""
        with self.database.write() as tx:
            return actor_of(factories.a_member(tx, self.id, role))

    def ask(self, actor=None):
        with self.database.write() as tx:
            new = {"format": JobFormat.ONEROSTER_1_1}
            return self.jobs.export(tx, actor or self.registrar, self.id, new)

    def job(self, actor=None):
        """Ask for an export; give the job."""
        return self.ask(actor).row

    def seen(self, job, actor=None):
        with self.database.read() as tx:
            return self.jobs.get(tx, actor or self.registrar, job.id)

    def now(self, job):
        """The job as it is stored."""
        with self.database.read() as tx:
            return tx.first(select(Job.__table__).where(Job.id == job.id))

    def cancel(self, job, actor=None):
        with self.database.write() as tx:
            self.jobs.cancel(tx, actor or self.registrar, job.id)

    def result(self, job, actor=None):
        with self.database.read() as tx:
            return self.jobs.result(tx, actor or self.registrar, job.id)

    def results(self):
        """The bytes of everything that jobs of the organization made."""
        with self.database.read() as tx:
            statement = select(JobResult.body).where(JobResult.organization_id == self.id)
            return [row.body for row in tx.all(statement)]

    def take(self):
        with self.database.write() as tx:
            return job_queue.take(tx)

    def keep(self, job, progress=50):
        with self.database.write() as tx:
            job_queue.keep(tx, job, progress)

    def succeed(self, job, body=b"PK"):
        with self.database.write() as tx:
            job_queue.succeed(tx, job, file_name="x.zip", body=body)

    def fail(self, job, detail="It cannot be done."):
        with self.database.write() as tx:
            job_queue.fail(tx, job, detail)

    def give_back(self, job):
        with self.database.write() as tx:
            job_queue.give_back(tx, job)

    def fall_silent(self, job):
        """Let the lease of the job lapse, as if its process had ended."""
        with self.database.write() as tx:
            statement = update(Job).where(Job.organization_id == self.id, Job.id == job.id)
            tx.execute(statement.values(lease_until=tx.now()))

    def erase(self, student):
        with self.database.write() as tx:
            self.erase_within(tx, student)

    def erase_within(self, tx, student):
        """What an owner does, in a transaction that is not over."""
        owner = actor_of(factories.a_member(tx, self.id, Role.OWNER))
        Students(policy=POLICY, ids=self.ids).erase(tx, owner, student.id, lambda _row: None)

    def told(self):
        """What the organization was told of jobs: type, job and who did it, in their order."""
        with self.database.read() as tx:
            statement = select(Event).where(
                Event.organization_id == self.id,
                Event.stream_kind == StreamKind.ORG,
                Event.type.like("job.%"),
            )
            events = tx.all(statement.order_by(Event.seq))
        return [
            (one.type, public_ids.decode("job", one.data["id"]), one.actor_id) for one in events
        ]

    def count(self, *conditions):
        with self.database.read() as tx:
            statement = select(func.count()).select_from(Job).where(Job.organization_id == self.id)
            return tx.scalar(statement.where(*conditions))
