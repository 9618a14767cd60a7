"""One of everything in one school, so that every URL and every body can be filled in."""

import secrets as randomness
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import update

from api import ids
from api.authz import secrets
from api.authz.scopes import Scope
from api.models import Role, Student
from tests import factories
from tests.apps import Client, a_school

UNKNOWN = "0" * 26
PREFIXES = {
    "organization_id": "org",
    "user_id": "usr",
    "token_id": "tok",
    "member_id": "mem",
    "invitation_id": "inv",
    "student_id": "stu",
    "term_id": "trm",
    "course_id": "crs",
    "class_id": "cls",
    "pattern_id": "pat",
    "session_id": "ses",
    "registration_id": "reg",
    "job_id": "job",
}
"""Every id of a URL with its prefix; the world below has a row for each."""

WORDS = {"external_id": "known-elsewhere", "code": "class-full", "rel": "edit"}
"""Every other variable of a URL."""


@dataclass
class World:
    """A school with one row of every kind, and everybody who may come to its door."""

    school: object
    rows: dict = field(default_factory=dict)
    personas: dict = field(default_factory=dict)
    invitation_code: str = ""

    def path(self, template, **known):
        """The path of an operation, filled with rows of this world and with `known`."""
        filled = {name: self.public(name) for name in PREFIXES} | WORDS | known
        return template.format(**filled)

    def unknown_path(self, template):
        """The same path where every id is of nothing."""
        nothing = {name: f"{prefix}_{UNKNOWN}" for name, prefix in PREFIXES.items()}
        return template.format(**nothing, **WORDS)

    def public(self, name):
        return ids.encode(PREFIXES[name], self.rows[name])

    def body(self, operation_id):
        """The smallest body of a POST that is valid."""
        return BODIES[operation_id](self)


BODIES = {
    "create_user": lambda _: {
        "username": f"new-{randomness.token_hex(6)}",
        "password": "correct horse",
    },
    "create_token": lambda _: {
        "username": f"nobody-{randomness.token_hex(6)}",
        "password": "wrong",
    },
    "create_organization": lambda _: {
        "name": "Another",
        "slug": f"another-{randomness.token_hex(6)}",
        "timezone": "UTC",
    },
    "create_member": lambda world: {"username": world.rows["username"], "role": "student"},
    "create_invitation": lambda _: {"role": "student"},
    "create_invitation_acceptance": lambda world: {"code": world.invitation_code},
    "create_student": lambda _: {"given_name": "Given", "family_name": "Family"},
    "create_term": lambda _: {
        "name": "Spring",
        "starts_on": "2027-03-01",
        "ends_on": "2027-06-30",
    },
    "create_course": lambda _: {"code": "NEW 1", "title": "New"},
    "create_class": lambda _: {"title": "New"},
    "create_class_meeting_pattern": lambda _: {
        "weekdays": ["fr"],
        "start_local": "14:00",
        "duration_minutes": 60,
        "from_date": "2026-12-01",
        "to_date": "2026-12-31",
    },
    "create_class_session": lambda _: {
        "local_start": "2026-12-24T10:00",
        "duration_minutes": 60,
    },
    "create_registration": lambda world: {
        "student_id": world.public("student_id"),
        "class_id": world.public("class_id"),
    },
    "create_class_registration": lambda world: {"student_id": world.public("student_id")},
    "create_student_registration": lambda world: {"class_id": world.public("class_id")},
    "create_registration_transition": lambda _: {"to": "dropped"},
    "create_export": lambda _: {"format": "oneroster-1.1"},
}


def a_world(app):
    """A school with a row of every kind; the student has a seat in the instructor's class."""
    school = a_school(app)
    world = World(school)
    organization_id = school.row.id
    with school.database.write() as tx:
        elsewhere = {"external_id": WORDS["external_id"]}
        teacher = {"member_id": str(school.instructor.member.id), "name": "Teacher"}
        term = factories.a_term(tx, organization_id, **elsewhere)
        course = factories.a_course(tx, organization_id, **elsewhere)
        school_class = factories.a_class(
            tx, organization_id, instructors=[teacher], capacity=20, **elsewhere
        )
        student = school.student.student
        tx.execute(update(Student).where(Student.id == student.id).values(**elsewhere))
        code = secrets.new_secret(secrets.INVITATION_PREFIX)
        owner = school.owner.member.user_id
        known = factories.a_user(tx)
        world.rows = {
            "organization_id": organization_id,
            "user_id": owner,
            "token_id": factories.a_token(tx, owner, scopes=list(Scope)).id,
            "member_id": factories.a_member(tx, organization_id, Role.REGISTRAR).id,
            "invitation_id": factories.an_invitation(
                tx, organization_id, Role.STUDENT, code_hash=secrets.hash_of(code)
            ).id,
            "student_id": student.id,
            "term_id": term.id,
            "course_id": course.id,
            "class_id": school_class.id,
            "pattern_id": factories.a_meeting_pattern(tx, school_class).id,
            "session_id": factories.a_session(tx, school_class).id,
            "registration_id": factories.a_registration(tx, school_class, student).id,
            "job_id": factories.a_finished_job(tx, organization_id).id,
            "username": known.username,
        }
        world.invitation_code = code
        world.personas = {
            "nobody": Client(app.test_client()),
            "revoked": _with_token(app, tx, owner, revoked_at=tx.now()),
            "expired": _with_token(app, tx, owner, expires_at=tx.now() - timedelta(days=1)),
            **{str(role): person for role, person in school.people.items()},
        }
    world.personas["stranger"] = a_school(app).owner
    world.personas["classmate"] = school.another(Role.STUDENT)
    world.personas["colleague"] = school.another(Role.INSTRUCTOR)
    return world


def _with_token(app, tx, user_id, **given):
    secret = secrets.new_secret(secrets.TOKEN_PREFIX)
    given = {"scopes": list(Scope), **given}
    factories.a_token(tx, user_id, hash=secrets.hash_of(secret), **given)
    return Client(app.test_client(), secret)
