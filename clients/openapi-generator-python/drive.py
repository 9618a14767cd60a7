"""What the journey needs, said with the Python client that openapi-generator makes."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from flow import drive
from homeroom_sdk import (
    AccountApi,
    ApiClient,
    CatalogueApi,
    ClassRegistrationCreate,
    Configuration,
    Credentials,
    Job,
    JobsApi,
    Organization,
    OrganizationCreate,
    OrganizationsApi,
    PeopleApi,
    Problem,
    Registration,
    RegistrationDryRun,
    RegistrationsApi,
    SchoolClass,
    SchoolClassCreate,
    SchoolClassPatch,
    SignUp,
    Student,
    StudentCreate,
    TransitionCreate,
    WaitlistInput,
)
from homeroom_sdk.api_response import ApiResponse
from homeroom_sdk.exceptions import (
    ApiException,
    BadRequestException,
    ConflictException,
    ForbiddenException,
    NotFoundException,
    ServiceException,
    UnauthorizedException,
    UnprocessableEntityException,
)
from homeroom_sdk.rest import RESTResponse
from sdk import Answer, Change, Page, Refused, Sdk, Thing, lower
from sdk import SchoolClass as AnyClass

P = ParamSpec("P")
Typed = TypeVar("Typed")

EXCEPTIONS: dict[int, type[ApiException]] = {
    400: BadRequestException,
    401: UnauthorizedException,
    403: ForbiddenException,
    404: NotFoundException,
    409: ConflictException,
    422: UnprocessableEntityException,
    500: ServiceException,
    503: ServiceException,
}
"""What it raises by status; the others are plain."""


class Changing(ApiClient):
    """Sends another request than it was given."""

    change = Change()

    def call_api(
        self,
        method: Any,
        url: Any,
        header_params: Any = None,
        body: Any = None,
        post_params: Any = None,
        _request_timeout: Any = None,
    ) -> RESTResponse:
        """Send what is left of it."""
        return super().call_api(
            self.change.method or method,
            self.change.address_of(url),
            self.change.headers_of(header_params),
            body if self.change.content is None else self.change.content,
            post_params,
            _request_timeout,
        )


def refusal_of(raised: ApiException) -> Refused:
    """What it raised, as the journey understands it."""
    status, problem = raised.status or 0, raised.data
    assert type(raised) is EXCEPTIONS.get(status, ApiException), raised
    assert isinstance(problem, Problem), raised
    refusal = Refused(problem, Answer(problem, status, lower((raised.headers or {}).items())))
    refusal.blocks = [block.code for block in problem.blocks or []]
    refusal.pointers = [fault.pointer for fault in problem.errors or []]
    refusal.links = {rel: link.href for rel, link in (problem.links or {}).items()}
    return refusal


def refusing(call: Callable[P, Typed]) -> Callable[P, Typed]:
    """Make a call raise what the journey understands."""

    @wraps(call)
    def told(*args: P.args, **kwargs: P.kwargs) -> Typed:
        try:
            return call(*args, **kwargs)
        except ApiException as raised:
            raise refusal_of(raised) from raised

    return told


def answered(answer: ApiResponse[Any], kind: type[Typed]) -> Answer[Typed]:
    """The object of an answer, which must have this type, also as one of several."""
    found = getattr(answer.data, "actual_instance", answer.data)
    assert isinstance(found, kind), f"{type(found)} is no {kind}"
    return Answer(found, answer.status_code, lower((answer.headers or {}).items()))


class Driven(Sdk):
    """Every tag is a class here; a problem is the `data` of an exception by status."""

    def __init__(self, base: str, token: str = "", change: Change | None = None) -> None:
        super().__init__(base, token, change)
        client = Changing(Configuration(host=base, access_token=token))
        client.change = change or client.change
        self.account, self.catalogue = AccountApi(client), CatalogueApi(client)
        self.organizations, self.people = OrganizationsApi(client), PeopleApi(client)
        self.seats, self.jobs = RegistrationsApi(client), JobsApi(client)

    @refusing
    def sign_up(self, name: str, password: str) -> str:
        body = SignUp(username=name, password=password, display_name="Ada")
        return self.account.create_user(body).username

    @refusing
    def issue(self, name: str, password: str, scope: str | None = None) -> str:
        scopes = [scope] if scope else None
        credentials = Credentials(username=name, password=password, scopes=scopes)
        return self.account.create_token(credentials=credentials).token

    @refusing
    def whoami(self) -> str:
        return self.account.get_me().user.username

    @refusing
    def revoke(self) -> int:
        return self.account.delete_current_token_with_http_info().status_code

    @refusing
    def list_organizations(self) -> Sequence[Thing]:
        return self.organizations.list_organizations().items

    @refusing
    def create_organization(self, name: str, slug: str, timezone: str) -> Organization:
        body = OrganizationCreate(name=name, slug=slug, timezone=timezone)
        return self.organizations.create_organization(body)

    @refusing
    def create_class(self, organization_id: str, title: str, mode: str) -> SchoolClass:
        body = SchoolClassCreate(
            title=title,
            description="Mondays",
            capacity=1,
            status="open",
            waitlist=WaitlistInput(mode=mode),
        )
        return self.catalogue.create_class(organization_id, body)

    def method_of(self, school_class: AnyClass, rel: str) -> object:
        assert isinstance(school_class, SchoolClass)
        return school_class.links[rel].method

    @refusing
    def get_class(self, class_id: str) -> Answer[SchoolClass]:
        return answered(self.catalogue.get_class_with_http_info(class_id), SchoolClass)

    @refusing
    def describe(self, class_id: str, etag: str, text: str | None) -> Answer[SchoolClass]:
        body = SchoolClassPatch(description=text)
        return answered(
            self.catalogue.update_class_with_http_info(class_id, etag, body), SchoolClass
        )

    @refusing
    def list_classes(self, organization_id: str, cursor: str | None = None) -> Page:
        page = self.catalogue.list_classes(organization_id, limit=2, sort="title", cursor=cursor)
        links = page.links
        return Page(
            [item.id for item in page.items], links["next"].href if "next" in links else None
        )

    @refusing
    def create_student(self, organization_id: str, given_name: str) -> Student:
        body = StudentCreate(given_name=given_name, family_name="Example")
        return self.people.create_student(organization_id, body)

    @refusing
    def register(
        self, class_id: str, student_id: str, on_full: str, key: str | None = None
    ) -> Answer[Registration]:
        body = ClassRegistrationCreate(student_id=student_id, on_full=on_full)
        answer = self.seats.create_class_registration_with_http_info(
            class_id, body, idempotency_key=key
        )
        return answered(answer, Registration)

    @refusing
    def would_register(self, class_id: str, student_id: str, on_full: str) -> object:
        body = ClassRegistrationCreate(student_id=student_id, on_full=on_full)
        # The signature says Registration, which is what 201 is; the object is that of the status.
        answer = self.seats.create_class_registration_with_http_info(class_id, body, dry_run=True)
        return answered(answer, RegistrationDryRun).body.would.state

    @refusing
    def move(self, registration_id: str, to: str) -> Registration:
        body = TransitionCreate(to=to)
        answer = self.seats.create_registration_transition_with_http_info(registration_id, body)
        return answered(answer, Registration).body

    @refusing
    def would_move(self, registration_id: str, to: str) -> object:
        body = TransitionCreate(to=to)
        answer = self.seats.create_registration_transition_with_http_info(
            registration_id, body, dry_run=True
        )
        return answered(answer, RegistrationDryRun).body.would.state

    @refusing
    def get_registration(self, registration_id: str) -> Registration:
        return self.seats.get_registration(registration_id)

    @refusing
    def line(self, class_id: str) -> Sequence[object]:
        return [place.student_id for place in self.seats.get_class_waitlist(class_id).items]

    @refusing
    def export(self, organization_id: str) -> Answer[Job]:
        return answered(self.jobs.create_export_with_http_info(organization_id), Job)

    @refusing
    def get_job(self, job_id: str) -> Job:
        return self.jobs.get_job(job_id)

    @refusing
    def result(self, job_id: str) -> bytes:
        return self.jobs.get_job_result(job_id)


if __name__ == "__main__":
    drive(Driven)
