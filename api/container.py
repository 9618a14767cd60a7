"""The composition root: which object plays which part."""

from __future__ import annotations

from dataclasses import dataclass

from api.authz.policy import Policy
from api.ids import Ids
from api.models.database import Database
from api.services.accounts import Accounts
from api.services.classes import Classes
from api.services.courses import Courses
from api.services.intake import Intake
from api.services.invitations import Invitations
from api.services.jobs import Jobs
from api.services.ledger_reads import Ledgers
from api.services.meeting_patterns import MeetingPatterns
from api.services.members import Members
from api.services.organizations import Organizations
from api.services.passwords import Passwords
from api.services.purge import Purge
from api.services.registration_lists import RegistrationLists
from api.services.registrations import Registrations
from api.services.sessions import Sessions
from api.services.students import Students
from api.services.terms import Terms
from api.services.tokens import Tokens
from api.services.transitions import Transitions


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """Every use-case of the application, built once and shared by all edges and threads."""

    database: Database
    policy: Policy
    accounts: Accounts
    tokens: Tokens
    organizations: Organizations
    members: Members
    invitations: Invitations
    students: Students
    intake: Intake
    purge: Purge
    terms: Terms
    courses: Courses
    registrations: Registrations
    registration_lists: RegistrationLists
    transitions: Transitions
    ledgers: Ledgers
    classes: Classes
    patterns: MeetingPatterns
    sessions: Sessions
    jobs: Jobs


def build(database: Database, *, ids: Ids, is_signup_open: bool) -> Container:
    """Put the parts together."""
    policy = Policy()
    passwords = Passwords()
    return Container(
        database=database,
        policy=policy,
        accounts=Accounts(
            policy=policy, ids=ids, passwords=passwords, is_signup_open=is_signup_open
        ),
        tokens=Tokens(policy=policy, ids=ids, passwords=passwords),
        organizations=Organizations(policy=policy, ids=ids),
        members=Members(policy=policy, ids=ids),
        invitations=Invitations(policy=policy, ids=ids),
        students=Students(policy=policy, ids=ids),
        intake=Intake(policy=policy, ids=ids),
        purge=Purge(policy=policy),
        terms=Terms(policy=policy, ids=ids),
        courses=Courses(policy=policy, ids=ids),
        registrations=Registrations(policy=policy, ids=ids),
        registration_lists=RegistrationLists(policy=policy),
        transitions=Transitions(policy=policy),
        ledgers=Ledgers(policy=policy),
        classes=Classes(policy=policy, ids=ids),
        patterns=MeetingPatterns(policy=policy, ids=ids),
        sessions=Sessions(policy=policy, ids=ids),
        jobs=Jobs(policy=policy, ids=ids),
    )
