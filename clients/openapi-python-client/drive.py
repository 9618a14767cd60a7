"""What the journey needs, said with the client that openapi-python-client makes."""

import base64
from collections.abc import Sequence
from typing import Any, TypeVar

import httpx
from flow import drive
from homeroom_sdk import AuthenticatedClient, Client
from homeroom_sdk.api.account import create_token, create_user, delete_current_token, get_me
from homeroom_sdk.api.catalogue import create_class, get_class, list_classes, update_class
from homeroom_sdk.api.jobs import create_export, get_job, get_job_result
from homeroom_sdk.api.organizations import create_organization, list_organizations
from homeroom_sdk.api.people import create_student
from homeroom_sdk.api.registrations import (
    create_class_registration,
    create_registration_transition,
    get_class_waitlist,
    get_registration,
)
from homeroom_sdk.models import (
    ClassRegistrationCreate,
    ClassRegistrationCreateOnFull,
    Credentials,
    CredentialsScopesItem,
    IssuedToken,
    Job,
    Me,
    Organization,
    OrganizationCreate,
    OrganizationPage,
    Problem,
    Registration,
    RegistrationDryRun,
    SchoolClass,
    SchoolClassCreate,
    SchoolClassCreateStatus,
    SchoolClassPage,
    SchoolClassPatch,
    SignUp,
    Student,
    StudentCreate,
    TransitionCreate,
    TransitionCreateTo,
    User,
    WaitlistInput,
    WaitlistInputMode,
    WaitlistPlacePage,
)
from homeroom_sdk.types import UNSET, File, Response
from sdk import Answer, Change, Page, Refused, Sdk, Thing, lower
from sdk import SchoolClass as AnyClass

Typed = TypeVar("Typed")


class Changing(httpx.HTTPTransport):
    """Sends another request than it was given."""

    def __init__(self, change: Change) -> None:
        super().__init__()
        self.change = change

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send what is left of it."""
        content = self.change.content
        changed = httpx.Request(
            self.change.method or request.method,
            self.change.address_of(str(request.url)),
            headers=self.change.headers_of(request.headers),
            content=request.read() if content is None else content.encode(),
            extensions=request.extensions,
        )
        return super().handle_request(changed)


def answered(answer: Response[Any], kind: type[Typed], status: int) -> Answer[Typed]:
    """The object of an answer, which must have this type and status; a problem is raised."""
    found, headers = answer.parsed, lower(answer.headers.items())
    if isinstance(found, Problem):
        refusal = Refused(found, Answer(found, answer.status_code, headers))
        refusal.blocks = [block.code for block in found.blocks or []]
        refusal.pointers = [fault.pointer for fault in found.errors or []]
        if found.field_links:
            links = found.field_links.additional_properties
            refusal.links = {rel: link.href for rel, link in links.items()}
        raise refusal
    assert answer.status_code == status, f"{answer.status_code}: {answer.content!r}"
    assert isinstance(found, kind), f"{type(found)} is no {kind}"
    return Answer(found, status, headers)


class Driven(Sdk):
    """Every operation is a module here; nothing is raised, a problem is what was parsed."""

    def __init__(self, base: str, token: str = "", change: Change | None = None) -> None:
        super().__init__(base, token, change)
        through: dict[str, Any] = {"transport": Changing(change)} if change else {}
        self.anybody = Client(base_url=base)
        self.client = AuthenticatedClient(base_url=base, token=token, httpx_args=through)

    def sign_up(self, name: str, password: str) -> str:
        body = SignUp(username=name, password=password, display_name="Ada")
        answer = create_user.sync_detailed(client=self.anybody, body=body)
        return answered(answer, User, 201).body.username

    def issue(self, name: str, password: str, scope: str | None = None) -> str:
        # As Basic: the generator wants credentials wherever the document allows them.
        pair = base64.b64encode(f"{name}:{password}".encode()).decode()
        basic = AuthenticatedClient(base_url=self.base, token=pair, prefix="Basic")
        body = Credentials(scopes=[CredentialsScopesItem(scope)] if scope else UNSET)
        answer = create_token.sync_detailed(client=basic, body=body)
        return answered(answer, IssuedToken, 201).body.token

    def whoami(self) -> str:
        return answered(get_me.sync_detailed(client=self.client), Me, 200).body.user.username

    def revoke(self) -> int:
        return answered(
            delete_current_token.sync_detailed(client=self.client), type(None), 204
        ).status

    def list_organizations(self) -> Sequence[Thing]:
        answer = list_organizations.sync_detailed(client=self.client)
        return answered(answer, OrganizationPage, 200).body.items

    def create_organization(self, name: str, slug: str, timezone: str) -> Organization:
        body = OrganizationCreate(name=name, slug=slug, timezone=timezone)
        answer = create_organization.sync_detailed(client=self.client, body=body)
        return answered(answer, Organization, 201).body

    def create_class(self, organization_id: str, title: str, mode: str) -> SchoolClass:
        body = SchoolClassCreate(
            title=title,
            description="Mondays",
            capacity=1,
            status=SchoolClassCreateStatus.OPEN,
            waitlist=WaitlistInput(mode=WaitlistInputMode(mode)),
        )
        answer = create_class.sync_detailed(organization_id, client=self.client, body=body)
        return answered(answer, SchoolClass, 201).body

    def method_of(self, school_class: AnyClass, rel: str) -> object:
        assert isinstance(school_class, SchoolClass)
        return school_class.field_links[rel].method

    def get_class(self, class_id: str) -> Answer[SchoolClass]:
        return answered(get_class.sync_detailed(class_id, client=self.client), SchoolClass, 200)

    def describe(self, class_id: str, etag: str, text: str | None) -> Answer[SchoolClass]:
        body = SchoolClassPatch(description=text)
        answer = update_class.sync_detailed(class_id, client=self.client, body=body, if_match=etag)
        return answered(answer, SchoolClass, 200)

    def list_classes(self, organization_id: str, cursor: str | None = None) -> Page:
        answer = list_classes.sync_detailed(
            organization_id, client=self.client, limit=2, cursor=cursor or UNSET, sort="title"
        )
        page = answered(answer, SchoolClassPage, 200).body
        links = page.field_links
        return Page(
            [item.id for item in page.items], links["next"].href if "next" in links else None
        )

    def create_student(self, organization_id: str, given_name: str) -> Student:
        body = StudentCreate(given_name=given_name, family_name="Example")
        answer = create_student.sync_detailed(organization_id, client=self.client, body=body)
        return answered(answer, Student, 201).body

    def register(
        self, class_id: str, student_id: str, on_full: str, key: str | None = None
    ) -> Answer[Registration]:
        how = ClassRegistrationCreateOnFull(on_full)
        body = ClassRegistrationCreate(student_id=student_id, on_full=how)
        answer = create_class_registration.sync_detailed(
            class_id, client=self.client, body=body, idempotency_key=key or UNSET
        )
        return answered(answer, Registration, 201)

    def would_register(self, class_id: str, student_id: str, on_full: str) -> object:
        how = ClassRegistrationCreateOnFull(on_full)
        body = ClassRegistrationCreate(student_id=student_id, on_full=how)
        answer = create_class_registration.sync_detailed(
            class_id, client=self.client, body=body, dry_run=True
        )
        return answered(answer, RegistrationDryRun, 200).body.would.state

    def move(self, registration_id: str, to: str) -> Registration:
        answer = create_registration_transition.sync_detailed(
            registration_id, client=self.client, body=TransitionCreate(to=TransitionCreateTo(to))
        )
        return answered(answer, Registration, 200).body

    def would_move(self, registration_id: str, to: str) -> object:
        answer = create_registration_transition.sync_detailed(
            registration_id,
            client=self.client,
            body=TransitionCreate(to=TransitionCreateTo(to)),
            dry_run=True,
        )
        return answered(answer, RegistrationDryRun, 200).body.would.state

    def get_registration(self, registration_id: str) -> Registration:
        answer = get_registration.sync_detailed(registration_id, client=self.client)
        return answered(answer, Registration, 200).body

    def line(self, class_id: str) -> Sequence[object]:
        answer = get_class_waitlist.sync_detailed(class_id, client=self.client)
        return [place.student_id for place in answered(answer, WaitlistPlacePage, 200).body.items]

    def export(self, organization_id: str) -> Answer[Job]:
        answer = create_export.sync_detailed(organization_id, client=self.client)
        return answered(answer, Job, 202)

    def get_job(self, job_id: str) -> Job:
        return answered(get_job.sync_detailed(job_id, client=self.client), Job, 200).body

    def result(self, job_id: str) -> bytes:
        answer = get_job_result.sync_detailed(job_id, client=self.client)
        return answered(answer, File, 200).body.payload.read()


if __name__ == "__main__":
    drive(Driven)
