"""The URL map: every resource, where it is, and what it is given."""

from __future__ import annotations

from api.container import Container
from api.http.discovery import Discovery
from api.http.edge import Edge
from api.http.restful import HomeroomApi
from api.resources.accounts import Me, UserItem, UserList
from api.resources.class_ledgers import ClassAudit, ClassEventList
from api.resources.classes import ClassByExternalId, ClassItem, ClassList
from api.resources.courses import CourseByExternalId, CourseItem, CourseList
from api.resources.invitations import (
    InvitationAcceptanceList,
    InvitationItem,
    InvitationList,
)
from api.resources.jobs import ExportList, JobItem, JobResult
from api.resources.members import MemberItem, MemberList
from api.resources.organizations import OrganizationItem, OrganizationList
from api.resources.problems import ProblemType
from api.resources.registrations import (
    ClassRegistrationList,
    RegistrationItem,
    RegistrationList,
    StudentRegistrationList,
)
from api.resources.rels import Relation
from api.resources.root import ApiCatalog, Root, VersionRoot
from api.resources.students import StudentByExternalId, StudentItem, StudentList
from api.resources.terms import TermByExternalId, TermItem, TermList
from api.resources.timetable import (
    ClassMeetingPatternList,
    ClassSessionList,
    MeetingPatternItem,
    SessionItem,
)
from api.resources.tokens import CurrentToken, TokenItem, TokenList
from api.resources.transitions import RegistrationTransitionList
from api.resources.waitlist import ClassWaitlist

ORGANIZATION = "/v1/organizations/<id(org):organization_id>"
BY_EXTERNAL_ID = "by-external-id/<path:external_id>"
CLASS = "/v1/classes/<id(cls):class_id>"


def add_discovery(api: HomeroomApi, edge: Edge, discovery: Discovery) -> None:
    """Serve what tells clients where everything is, and what it means."""
    api.add(Root, "/", edge=edge, discovery=discovery)
    api.add(VersionRoot, "/v1", edge=edge, discovery=discovery)
    api.add(ApiCatalog, "/.well-known/api-catalog", edge=edge, discovery=discovery)
    api.add(ProblemType, "/problems/<code>", edge=edge, discovery=discovery)
    api.add(Relation, "/rels/<rel>", edge=edge, discovery=discovery)


def add_resources(api: HomeroomApi, edge: Edge, c: Container) -> None:
    """Serve everything else."""
    api.add(UserList, "/v1/users", edge=edge, accounts=c.accounts)
    api.add(UserItem, "/v1/users/<id(usr):user_id>", edge=edge, accounts=c.accounts)
    api.add(Me, "/v1/me", edge=edge, accounts=c.accounts)
    api.add(TokenList, "/v1/tokens", edge=edge, tokens=c.tokens)
    api.add(TokenItem, "/v1/tokens/<id(tok):token_id>", edge=edge, tokens=c.tokens)
    api.add(CurrentToken, "/v1/tokens/current", edge=edge, tokens=c.tokens)
    api.add(OrganizationList, "/v1/organizations", edge=edge, organizations=c.organizations)
    api.add(OrganizationItem, ORGANIZATION, edge=edge, organizations=c.organizations)
    _add_catalogue(api, edge, c)
    _add_jobs(api, edge, c)
    api.add(MemberList, f"{ORGANIZATION}/members", edge=edge, members=c.members)
    api.add(MemberItem, "/v1/members/<id(mem):member_id>", edge=edge, members=c.members)
    api.add(InvitationList, f"{ORGANIZATION}/invitations", edge=edge, invitations=c.invitations)
    api.add(
        InvitationItem,
        "/v1/invitations/<id(inv):invitation_id>",
        edge=edge,
        invitations=c.invitations,
    )
    api.add(
        InvitationAcceptanceList,
        "/v1/invitation-acceptances",
        edge=edge,
        invitations=c.invitations,
    )
    api.add(StudentList, f"{ORGANIZATION}/students", edge=edge, students=c.students)
    api.add(StudentItem, "/v1/students/<id(stu):student_id>", edge=edge, students=c.students)
    api.add(
        StudentByExternalId,
        f"{ORGANIZATION}/students/{BY_EXTERNAL_ID}",
        edge=edge,
        students=c.students,
    )


def _add_jobs(api: HomeroomApi, edge: Edge, c: Container) -> None:
    job = "/v1/jobs/<id(job):job_id>"
    api.add(ExportList, f"{ORGANIZATION}/exports", edge=edge, jobs=c.jobs)
    api.add(JobItem, job, edge=edge, jobs=c.jobs)
    api.add(JobResult, f"{job}/result", edge=edge, jobs=c.jobs)


def _add_catalogue(api: HomeroomApi, edge: Edge, c: Container) -> None:
    terms, courses, classes = (f"{ORGANIZATION}/{noun}" for noun in ("terms", "courses", "classes"))
    api.add(TermList, terms, edge=edge, terms=c.terms)
    api.add(TermItem, "/v1/terms/<id(trm):term_id>", edge=edge, terms=c.terms)
    api.add(TermByExternalId, f"{terms}/{BY_EXTERNAL_ID}", edge=edge, terms=c.terms)
    api.add(CourseList, courses, edge=edge, courses=c.courses)
    api.add(CourseItem, "/v1/courses/<id(crs):course_id>", edge=edge, courses=c.courses)
    api.add(CourseByExternalId, f"{courses}/{BY_EXTERNAL_ID}", edge=edge, courses=c.courses)
    api.add(ClassList, classes, edge=edge, classes=c.classes)
    api.add(ClassItem, CLASS, edge=edge, classes=c.classes)
    api.add(ClassByExternalId, f"{classes}/{BY_EXTERNAL_ID}", edge=edge, classes=c.classes)
    api.add(ClassMeetingPatternList, f"{CLASS}/meeting-patterns", edge=edge, patterns=c.patterns)
    api.add(
        MeetingPatternItem,
        "/v1/meeting-patterns/<id(pat):pattern_id>",
        edge=edge,
        patterns=c.patterns,
    )
    api.add(ClassSessionList, f"{CLASS}/sessions", edge=edge, sessions=c.sessions)
    api.add(SessionItem, "/v1/sessions/<id(ses):session_id>", edge=edge, sessions=c.sessions)
    _add_registrations(api, edge, c)


def _add_registrations(api: HomeroomApi, edge: Edge, c: Container) -> None:
    doors = {"edge": edge, "registrations": c.registrations, "lists": c.registration_lists}
    school_class = "/v1/classes/<id(cls):class_id>"
    registration = "/v1/registrations/<id(reg):registration_id>"
    api.add(RegistrationList, f"{ORGANIZATION}/registrations", **doors)
    api.add(ClassRegistrationList, f"{school_class}/registrations", **doors)
    api.add(StudentRegistrationList, "/v1/students/<id(stu):student_id>/registrations", **doors)
    api.add(RegistrationItem, registration, edge=edge, transitions=c.transitions)
    api.add(
        RegistrationTransitionList,
        f"{registration}/transitions",
        edge=edge,
        transitions=c.transitions,
    )
    api.add(ClassWaitlist, f"{school_class}/waitlist", edge=edge, lists=c.registration_lists)
    api.add(ClassEventList, f"{school_class}/events", edge=edge, ledgers=c.ledgers)
    api.add(ClassAudit, f"{school_class}/audit", edge=edge, ledgers=c.ledgers)
