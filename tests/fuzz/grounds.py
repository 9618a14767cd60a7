"""A server process, and schools on its database that can be made anew whenever one is spoilt."""

import secrets as randomness
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
from sqlalchemy import select, update

from api import ids
from api.app import create_app
from api.authz import secrets
from api.models import Role, User
from tests import factories
from tests.apps import SECRET_KEY, settings_for
from tests.blackbox.world import PASSWORD, World, serving
from tests.contract.world import BODIES, PREFIXES, WORDS, a_world

PERSONAS = ("owner", "student", "nobody")
ELSEWHERE = frozenset({"create_class_registration", "delete_class", "replace_class"})
"""Operations that reach their inside only with a class that nobody of this school sits in."""
UNDONE = frozenset({"delete_job"})
"""Those that need a job that is not done."""


@dataclass
class Place:
    """One school, and the words that a client of it knows."""

    school: object
    spare: dict
    tokens: dict
    usernames: dict

    def named(self, persona, operation_id):
        """Give the ids and words that fit a persona and an operation, by the name of the member."""
        known = {name: self.school.public(name) for name in PREFIXES}
        known["external_id"] = WORDS["external_id"]
        if operation_id in WORDS_OF_A_BODY:
            name = WORDS_OF_A_BODY[operation_id]
            known[name] = self.smallest(operation_id, persona)[name]
        if persona == "student":
            own = self.school.school.student.member
            known |= {"user_id": ids.encode("usr", own.user_id)}
            known |= {"token_id": self.spare["token_id"]}
        if operation_id in ELSEWHERE:
            known["class_id"] = self.spare["class_id"]
        if operation_id in UNDONE:
            known["job_id"] = self.spare["job_id"]
        return known

    def in_a_body(self, persona):
        """Give what a body may name beside: those of whom a registration is not yet made."""
        student = {"student_id": self.spare["student_id"]} if persona == "owner" else {}
        return {"class_id": self.spare["class_id"], **student}

    def smallest(self, operation_id, persona):
        """Give the smallest valid body of a POST."""
        if operation_id == "create_token":
            # The token is the persona's own, so that it can be looked at and deleted.
            return {"username": self.usernames[persona], "password": PASSWORD}
        if operation_id == "create_invitation_acceptance":
            return {"code": self.spare["code"]}
        if operation_id not in BODIES:
            return {}
        body = self.school.body(operation_id)
        if operation_id == "create_course":
            body["code"] = f"C {randomness.token_hex(6)}"
        return body | {k: v for k, v in self.in_a_body(persona).items() if k in body}

    def steps(self, operation_id, persona):
        """Give a JSON Patch that can be done; an empty one where nothing can be said beforehand."""
        if operation_id not in PATCHED:
            return []
        body = self.smallest(operation_id.replace("update", "create"), persona)
        return [{"op": "add", "path": f"/{name}", "value": value} for name, value in body.items()]


PATCHED = frozenset({"update_class", "update_course", "update_student", "update_term"})
"""Operations that may write again what the smallest body of a POST holds."""
WORDS_OF_A_BODY = {"create_member": "username", "create_invitation_acceptance": "code"}


@dataclass
class Grounds:
    """The server under test, and the application that writes schools beside it."""

    base: str
    url: str
    app: object
    guest: str
    """The name of somebody who signed up; their password is everybody's."""
    made: int = 0

    def a_place(self):
        """Make a school with one of everything, and with what is still to be done in it."""
        world = a_world(self.app)
        database = self.app.extensions["homeroom"].database
        member = world.school.student.member
        elsewhere = world.personas["stranger"].member.organization_id
        code = secrets.new_secret(secrets.INVITATION_PREFIX)
        newcomer = world.school.another(Role.STUDENT)
        # The last owner of a school could not leave.
        world.school.another(Role.OWNER)
        with database.write() as tx:
            spare = factories.a_class(tx, world.school.row.id, capacity=20)
            token = factories.a_token(tx, member.user_id, scopes=["account:read"])
            job = factories.a_job(tx, world.school.row.id)
            factories.an_invitation(tx, elsewhere, Role.STUDENT, code_hash=secrets.hash_of(code))
            usernames = self._with_a_password(
                tx, owner=world.rows["user_id"], student=member.user_id
            )
        self.made += 1
        return Place(
            world,
            {
                "class_id": ids.encode("cls", spare.id),
                "student_id": ids.encode("stu", newcomer.student.id),
                "token_id": ids.encode("tok", token.id),
                "job_id": ids.encode("job", job.id),
                "code": code,
            },
            {name: world.personas[name].token for name in PERSONAS},
            {**usernames, "nobody": self.guest},
        )

    def _with_a_password(self, tx, **users):
        """Let people log in; gives their names."""
        password = select(User.password_hash).where(User.username == self.guest)
        known = tx.execute(password).scalar_one()
        tx.execute(update(User).where(User.id.in_(users.values())).values(password_hash=known))
        return {
            persona: tx.execute(select(User.username).where(User.id == user_id)).scalar_one()
            for persona, user_id in users.items()
        }

    def document(self):
        """Fetch the document that the server itself gives."""
        answer = httpx.get(f"{self.base}/openapi.json", timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.json()


@contextmanager
def grounds(backend, folder, url):
    """Serve a migrated database, and open it beside the server."""
    settings = {
        "HOMEROOM_SECRET_KEY": SECRET_KEY,
        "HOMEROOM_SWEEPER": "off",
        "HOMEROOM_JOBS": "off",
    }
    with serving(backend, folder, url, **settings) as client:
        base = str(client.base_url).rstrip("/")
        person = World(base, client).signed_up(f"guest-{randomness.token_hex(4)}")
        app = create_app(settings_for(url))
        try:
            yield Grounds(base, url, app, person.username)
        finally:
            app.extensions["homeroom"].database.close()
