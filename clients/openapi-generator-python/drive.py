"""The whole journey through the Python client that openapi-generator makes."""

import secrets
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from homeroom_sdk import (
    AccountApi,
    ApiClient,
    CatalogueApi,
    ClassRegistrationCreate,
    Configuration,
    Credentials,
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
    UnauthorizedException,
    UnprocessableEntityException,
)
from homeroom_sdk.rest import RESTResponse
from journey import base_of, travel

PASSWORD = "a seat for everyone"  # noqa: S105  # of an account that lives as long as this run


class WithoutETag(ApiClient):
    """Takes If-Match, which the signatures ask for, off the request on its way out."""

    def call_api(
        self,
        method: Any,
        url: Any,
        header_params: Any = None,
        body: Any = None,
        post_params: Any = None,
        _request_timeout: Any = None,
    ) -> RESTResponse:
        """Send what is left."""
        header_params.pop("If-Match")
        return super().call_api(method, url, header_params, body, post_params, _request_timeout)


def refused(
    call: Callable[[], object], status: int, code: str, kind: type[ApiException] = ApiException
) -> Problem:
    """The problem that a call ends with, which must have this status, code and exception."""
    try:
        call()
    except kind as refusal:
        found = refusal
    else:
        raise AssertionError(f"{code} was expected")
    problem = found.data
    assert isinstance(problem, Problem)
    assert (found.status, problem.status, problem.code) == (status, status, code), problem
    assert problem.title
    assert problem.request_id
    return problem


def header(answer: ApiResponse[Any], name: str) -> str | None:
    """A header of an answer, by its name in any case."""
    found = {each.lower(): value for each, value in (answer.headers or {}).items()}
    return found.get(name.lower())


class Drive:
    """One person, and what they have made so far."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.name = f"sdk-{secrets.token_hex(6)}"
        self.anybody = AccountApi(ApiClient(Configuration(host=base)))
        self.students: list[str] = []
        self.registrations: list[str] = []
        self.classes: list[str] = []

    def client_with(self, token: str, kind: type[ApiClient] = ApiClient) -> ApiClient:
        """A client with a token of its own."""
        return kind(Configuration(host=self.base, access_token=token))

    def sign_up(self) -> None:
        user = self.anybody.create_user(
            SignUp(username=self.name, password=PASSWORD, display_name="Ada")
        )
        assert user.username == self.name

    def issued(self, scopes: list[str] | None = None) -> str:
        credentials = Credentials(username=self.name, password=PASSWORD, scopes=scopes)
        return self.anybody.create_token(credentials=credentials).token

    def token(self) -> None:
        self.secret = self.issued()
        client = self.client_with(self.secret)
        self.account, self.catalogue = AccountApi(client), CatalogueApi(client)
        self.organizations, self.people = OrganizationsApi(client), PeopleApi(client)
        self.seats = RegistrationsApi(client)
        assert self.account.get_me().user.username == self.name

    def organization(self) -> None:
        body = OrganizationCreate(name="Night school", slug=self.name, timezone="Europe/Berlin")
        self.organization_id = self.organizations.create_organization(body).id

    def school_class(self) -> None:
        made = self.class_with("Choir", "auto")
        assert (made.seats_free, made.title) == (1, "Choir")
        assert made.links["register"].method == "POST"
        self.class_id = made.id

    def class_with(self, title: str, mode: str) -> SchoolClass:
        body = SchoolClassCreate(
            title=title,
            description="Mondays",
            capacity=1,
            status="open",
            waitlist=WaitlistInput(mode=mode),
        )
        made = self.catalogue.create_class(self.organization_id, body)
        self.classes.append(made.id)
        return made

    def student(self) -> None:
        for given in ("Ada", "Ben", "Cleo"):
            body = StudentCreate(given_name=given, family_name="Example")
            self.students.append(self.people.create_student(self.organization_id, body).id)

    def asked(
        self, student: int, on_full: str, class_id: str = "", key: str | None = None
    ) -> ApiResponse[Registration]:
        return self.seats.create_class_registration_with_http_info(
            class_id or self.class_id,
            ClassRegistrationCreate(student_id=self.students[student], on_full=on_full),
            idempotency_key=key,
        )

    def moved(self, registration_id: str, to: str) -> Registration:
        answer = self.seats.create_registration_transition(registration_id, TransitionCreate(to=to))
        assert isinstance(answer.actual_instance, Registration)
        return answer.actual_instance

    def register(self) -> None:
        made = self.asked(0, "fail").data
        assert made.state == "enrolled"
        self.registrations.append(made.id)

    def full(self) -> None:
        problem = refused(lambda: self.asked(1, "fail"), 409, "class-full", ConflictException)
        assert problem.blocks is not None
        assert [block.code for block in problem.blocks] == ["class-full"]

    def waitlist(self) -> None:
        made = self.asked(1, "waitlist").data
        assert (made.state, made.position) == ("waitlisted", 1)
        self.registrations.append(made.id)
        places = self.seats.get_class_waitlist(self.class_id).items
        assert [place.student_id for place in places] == [self.students[1]]

    def promotion(self) -> None:
        assert self.moved(self.registrations[0], "dropped").state == "dropped"
        assert self.seats.get_registration(self.registrations[1]).state == "enrolled"

    def offer(self) -> None:
        self.offering = self.class_with("Drawing", "offer").id
        first = self.asked(0, "fail", self.offering).data
        second = self.asked(1, "waitlist", self.offering).data
        self.moved(first.id, "dropped")
        offered = self.seats.get_registration(second.id)
        assert offered.state == "offered"
        assert isinstance(offered.offer_expires_at, datetime)
        assert self.moved(second.id, "enrolled").state == "enrolled"
        self.accepted = second.id

    def dry_run(self) -> None:
        body = ClassRegistrationCreate(student_id=self.students[2], on_full="waitlist")
        # The signature says Registration, which is what 201 is; the object is that of the status.
        answer = self.seats.create_class_registration_with_http_info(
            self.offering, body, dry_run=True
        )
        joining: object = answer.data
        assert isinstance(joining, RegistrationDryRun)
        assert (answer.status_code, joining.would.state) == (200, "waitlisted")
        leaving = self.seats.create_registration_transition(
            self.accepted, TransitionCreate(to="dropped"), dry_run=True
        ).actual_instance
        assert isinstance(leaving, RegistrationDryRun)
        assert leaving.would.state == "dropped"
        assert self.seats.get_registration(self.accepted).state == "enrolled"

    def patched(self, body: SchoolClassPatch, etag: str) -> tuple[SchoolClass, str]:
        answer = self.catalogue.update_class_with_http_info(self.class_id, etag, body)
        changed, tag = answer.data.actual_instance, header(answer, "ETag")
        assert isinstance(changed, SchoolClass)
        assert tag
        return changed, tag

    def update(self) -> None:
        before = header(self.catalogue.get_class_with_http_info(self.class_id), "ETag")
        assert before
        self.before = before
        changed, self.etag = self.patched(SchoolClassPatch(description="Tuesdays"), before)
        assert changed.description == "Tuesdays"
        assert self.etag != before

    def clear(self) -> None:
        changed, _ = self.patched(SchoolClassPatch(description=None), self.etag)
        assert (changed.description, changed.title) == (None, "Choir")

    def stale(self) -> None:
        body = SchoolClassPatch(description="x")
        refused(lambda: self.patched(body, self.before), 412, "stale-version")

    def without_etag(self) -> None:
        careless = CatalogueApi(self.client_with(self.secret, WithoutETag))
        body = SchoolClassPatch(description="x")
        refused(
            lambda: careless.update_class(self.class_id, "*", body), 428, "precondition-required"
        )

    def retry(self) -> None:
        key = secrets.token_hex(8)
        first, second = (self.asked(2, "waitlist", key=key) for _ in range(2))
        assert first.data.id == second.data.id
        assert header(first, "Idempotent-Replayed") is None
        assert header(second, "Idempotent-Replayed") == "true"

    def paging(self) -> None:
        for number in range(5):
            self.class_with(f"Tutorial {number}", "auto")
        found: list[str] = []
        cursor = None
        while True:
            page = self.catalogue.list_classes(
                self.organization_id, limit=2, sort="title", cursor=cursor
            )
            found += [item.id for item in page.items]
            if "next" not in page.links:
                break
            cursor = parse_qs(urlsplit(page.links["next"].href).query)["cursor"][0]
        assert sorted(found) == sorted(self.classes)

    def bad_request(self) -> None:
        read, here = self.catalogue.list_classes, self.organization_id
        refused(lambda: read(here, cursor="made-up"), 400, "invalid-cursor", BadRequestException)

    def unauthenticated(self) -> None:
        stranger = AccountApi(self.client_with("made-up"))
        refused(stranger.get_me, 401, "invalid-token", UnauthorizedException)

    def forbidden(self) -> None:
        narrow = OrganizationsApi(self.client_with(self.issued(["account:read"])))
        refused(narrow.list_organizations, 403, "insufficient-scope", ForbiddenException)

    def not_found(self) -> None:
        read = self.catalogue.get_class
        refused(lambda: read("cls_" + "0" * 26), 404, "not-found", NotFoundException)

    def conflict(self) -> None:
        body = SignUp(username=self.name, password=PASSWORD)
        refused(lambda: self.anybody.create_user(body), 409, "duplicate-name", ConflictException)

    def invalid(self) -> None:
        body = OrganizationCreate(name="x", slug=f"{self.name}-2", timezone="Nowhere/Nope")
        problem = refused(
            lambda: self.organizations.create_organization(body),
            422,
            "validation-failed",
            UnprocessableEntityException,
        )
        assert problem.errors is not None
        assert problem.errors[0].pointer == "#/timezone"

    def sign_out(self) -> None:
        assert self.account.delete_current_token_with_http_info().status_code == 204
        refused(self.account.get_me, 401, "invalid-token", UnauthorizedException)


if __name__ == "__main__":
    sys.exit(travel(Drive(base_of(sys.argv))) > 0)
