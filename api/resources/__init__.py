"""The URL map: every resource, where it is, and what it is given."""

from __future__ import annotations

from api.container import Container
from api.http.edge import Edge
from api.http.restful import HomeroomApi
from api.resources.accounts import Me, UserItem, UserList
from api.resources.courses import CourseByExternalId, CourseItem, CourseList
from api.resources.organizations import OrganizationItem, OrganizationList
from api.resources.students import StudentByExternalId, StudentItem, StudentList
from api.resources.terms import TermByExternalId, TermItem, TermList
from api.resources.tokens import CurrentToken, TokenItem, TokenList

ORGANIZATION = "/v1/organizations/<id(org):organization_id>"


def add_resources(api: HomeroomApi, edge: Edge, c: Container) -> None:
    """Serve everything."""
    api.add(UserList, "/v1/users", edge=edge, accounts=c.accounts)
    api.add(UserItem, "/v1/users/<id(usr):user_id>", edge=edge, accounts=c.accounts)
    api.add(Me, "/v1/me", edge=edge, accounts=c.accounts)
    api.add(TokenList, "/v1/tokens", edge=edge, tokens=c.tokens)
    api.add(TokenItem, "/v1/tokens/<id(tok):token_id>", edge=edge, tokens=c.tokens)
    api.add(CurrentToken, "/v1/tokens/current", edge=edge, tokens=c.tokens)
    api.add(OrganizationList, "/v1/organizations", edge=edge, organizations=c.organizations)
    api.add(OrganizationItem, ORGANIZATION, edge=edge, organizations=c.organizations)
    api.add(TermList, f"{ORGANIZATION}/terms", edge=edge, terms=c.terms)
    api.add(TermItem, "/v1/terms/<id(trm):term_id>", edge=edge, terms=c.terms)
    by_external_id = "by-external-id/<path:external_id>"
    api.add(TermByExternalId, f"{ORGANIZATION}/terms/{by_external_id}", edge=edge, terms=c.terms)
    api.add(CourseList, f"{ORGANIZATION}/courses", edge=edge, courses=c.courses)
    api.add(CourseItem, "/v1/courses/<id(crs):course_id>", edge=edge, courses=c.courses)
    api.add(
        CourseByExternalId,
        f"{ORGANIZATION}/courses/{by_external_id}",
        edge=edge,
        courses=c.courses,
    )
    api.add(StudentList, f"{ORGANIZATION}/students", edge=edge, students=c.students)
    api.add(StudentItem, "/v1/students/<id(stu):student_id>", edge=edge, students=c.students)
    api.add(
        StudentByExternalId,
        f"{ORGANIZATION}/students/{by_external_id}",
        edge=edge,
        students=c.students,
    )
