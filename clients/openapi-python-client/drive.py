"""The whole journey through the client that openapi-python-client makes."""

import base64
import secrets
import sys
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from answers import refused, typed
from homeroom_sdk import AuthenticatedClient, Client
from homeroom_sdk.api.account import create_token, create_user, delete_current_token, get_me
from homeroom_sdk.api.catalogue import create_class, get_class, list_classes, update_class
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
from homeroom_sdk.types import UNSET, Response, Unset
from journey import base_of, travel

PASSWORD = "a seat for everyone"  # noqa: S105  # of an account that lives as long as this run
LEAVE = ClassRegistrationCreateOnFull.FAIL
WAIT = ClassRegistrationCreateOnFull.WAITLIST


class Drive:
    """One person, and what they have made so far."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.name = f"sdk-{secrets.token_hex(6)}"
        self.anybody = Client(base_url=base)
        self.client = self.anybody_with("")
        self.students: list[str] = []
        self.registrations: list[str] = []
        self.classes: list[str] = []

    def anybody_with(self, token: str) -> AuthenticatedClient:
        """A client with a token of its own."""
        return AuthenticatedClient(base_url=self.base, token=token)

    def sign_up(self) -> None:
        body = SignUp(username=self.name, password=PASSWORD, display_name="Ada")
        user = typed(create_user.sync_detailed(client=self.anybody, body=body), User, 201)
        assert user.username == self.name

    def token(self) -> None:
        self.client = self.anybody_with(self.issued().token)
        me = typed(get_me.sync_detailed(client=self.client), Me, 200)
        assert me.user.username == self.name

    def issued(self, *scopes: CredentialsScopesItem) -> IssuedToken:
        # As Basic: the generator wants credentials wherever the document allows them.
        pair = base64.b64encode(f"{self.name}:{PASSWORD}".encode()).decode()
        basic = AuthenticatedClient(base_url=self.base, token=pair, prefix="Basic")
        body = Credentials(scopes=list(scopes) or UNSET)
        answer = create_token.sync_detailed(client=basic, body=body)
        return typed(answer, IssuedToken, 201)

    def organization(self) -> None:
        body = OrganizationCreate(name="Night school", slug=self.name, timezone="Europe/Berlin")
        answer = create_organization.sync_detailed(client=self.client, body=body)
        self.organization_id = typed(answer, Organization, 201).id

    def school_class(self) -> None:
        made = self.class_with("Choir", WaitlistInputMode.AUTO)
        assert (made.seats_free, made.title) == (1, "Choir")
        assert made.field_links["register"].method == "POST"
        assert made.field_links["self"].href.endswith(made.id)
        self.class_id = made.id

    def class_with(self, title: str, mode: WaitlistInputMode) -> SchoolClass:
        body = SchoolClassCreate(
            title=title,
            description="Mondays",
            capacity=1,
            status=SchoolClassCreateStatus.OPEN,
            waitlist=WaitlistInput(mode=mode),
        )
        answer = create_class.sync_detailed(self.organization_id, client=self.client, body=body)
        made = typed(answer, SchoolClass, 201)
        self.classes.append(made.id)
        return made

    def student(self) -> None:
        for given in ("Ada", "Ben", "Cleo"):
            answer = create_student.sync_detailed(
                self.organization_id,
                client=self.client,
                body=StudentCreate(given_name=given, family_name="Example"),
            )
            self.students.append(typed(answer, Student, 201).id)

    def asked(
        self,
        student: int,
        on_full: ClassRegistrationCreateOnFull,
        class_id: str = "",
        key: str | Unset = UNSET,
    ) -> Response[Problem | Registration | RegistrationDryRun]:
        return create_class_registration.sync_detailed(
            class_id or self.class_id,
            client=self.client,
            body=ClassRegistrationCreate(student_id=self.students[student], on_full=on_full),
            idempotency_key=key,
        )

    def moved(self, registration_id: str, to: TransitionCreateTo) -> Registration:
        answer = create_registration_transition.sync_detailed(
            registration_id, client=self.client, body=TransitionCreate(to=to)
        )
        return typed(answer, Registration, 200)

    def read(self, registration_id: str) -> Registration:
        answer = get_registration.sync_detailed(registration_id, client=self.client)
        return typed(answer, Registration, 200)

    def register(self) -> None:
        made = typed(self.asked(0, LEAVE), Registration, 201)
        assert made.state == "enrolled"
        self.registrations.append(made.id)

    def full(self) -> None:
        problem = refused(self.asked(1, LEAVE), 409, "class-full")
        assert not isinstance(problem.blocks, Unset)
        assert [block.code for block in problem.blocks] == ["class-full"]

    def waitlist(self) -> None:
        made = typed(self.asked(1, WAIT), Registration, 201)
        assert (made.state, made.position) == ("waitlisted", 1)
        self.registrations.append(made.id)
        line = get_class_waitlist.sync_detailed(self.class_id, client=self.client)
        places = typed(line, WaitlistPlacePage, 200).items
        assert [place.student_id for place in places] == [self.students[1]]

    def promotion(self) -> None:
        assert self.moved(self.registrations[0], TransitionCreateTo.DROPPED).state == "dropped"
        assert self.read(self.registrations[1]).state == "enrolled"

    def offer(self) -> None:
        self.offering = self.class_with("Drawing", WaitlistInputMode.OFFER).id
        first = typed(self.asked(0, LEAVE, self.offering), Registration, 201)
        second = typed(self.asked(1, WAIT, self.offering), Registration, 201)
        self.moved(first.id, TransitionCreateTo.DROPPED)
        offered = self.read(second.id)
        assert offered.state == "offered"
        assert isinstance(offered.offer_expires_at, datetime)
        assert self.moved(second.id, TransitionCreateTo.ENROLLED).state == "enrolled"
        self.accepted = second.id

    def dry_run(self) -> None:
        asked = create_class_registration.sync_detailed(
            self.offering,
            client=self.client,
            body=ClassRegistrationCreate(student_id=self.students[2], on_full=WAIT),
            dry_run=True,
        )
        would = typed(asked, RegistrationDryRun, 200)
        assert would.would.state == "waitlisted"
        leaving = create_registration_transition.sync_detailed(
            self.accepted,
            client=self.client,
            body=TransitionCreate(to=TransitionCreateTo.DROPPED),
            dry_run=True,
        )
        assert typed(leaving, RegistrationDryRun, 200).would.state == "dropped"
        assert self.read(self.accepted).state == "enrolled"

    def patched(self, body: SchoolClassPatch, etag: str) -> Response[Any]:
        return update_class.sync_detailed(
            self.class_id, client=self.client, body=body, if_match=etag
        )

    def update(self) -> None:
        read = get_class.sync_detailed(self.class_id, client=self.client)
        self.before = read.headers["ETag"]
        answer = self.patched(SchoolClassPatch(description="Tuesdays"), self.before)
        assert typed(answer, SchoolClass, 200).description == "Tuesdays"
        self.etag = answer.headers["ETag"]
        assert self.etag != self.before

    def clear(self) -> None:
        changed = typed(
            self.patched(SchoolClassPatch(description=None), self.etag), SchoolClass, 200
        )
        assert (changed.description, changed.title) == (None, "Choir")

    def stale(self) -> None:
        refused(self.patched(SchoolClassPatch(description="x"), self.before), 412, "stale-version")

    def without_etag(self) -> None:
        # The signature asks for it, so it is taken off the request on its way out.
        def leave_out(request: httpx.Request) -> None:
            request.headers.pop("If-Match")

        careless = AuthenticatedClient(
            base_url=self.base,
            token=self.client.token,
            httpx_args={"event_hooks": {"request": [leave_out]}},
        )
        body = SchoolClassPatch(description="x")
        answer = update_class.sync_detailed(self.class_id, client=careless, body=body, if_match="*")
        refused(answer, 428, "precondition-required")

    def retry(self) -> None:
        key = secrets.token_hex(8)
        first, second = (self.asked(2, WAIT, key=key) for _ in range(2))
        assert typed(first, Registration, 201).id == typed(second, Registration, 201).id
        assert "Idempotent-Replayed" not in first.headers
        assert second.headers["Idempotent-Replayed"] == "true"

    def paging(self) -> None:
        for number in range(5):
            self.class_with(f"Tutorial {number}", WaitlistInputMode.AUTO)
        found: list[str] = []
        cursor: str | Unset = UNSET
        while True:
            answer = list_classes.sync_detailed(
                self.organization_id, client=self.client, limit=2, cursor=cursor, sort="title"
            )
            page = typed(answer, SchoolClassPage, 200)
            found += [item.id for item in page.items]
            if "next" not in page.field_links:
                break
            cursor = parse_qs(urlsplit(page.field_links["next"].href).query)["cursor"][0]
        assert sorted(found) == sorted(self.classes)

    def bad_request(self) -> None:
        answer = list_classes.sync_detailed(
            self.organization_id, client=self.client, cursor="made-up"
        )
        refused(answer, 400, "invalid-cursor")

    def unauthenticated(self) -> None:
        answer = get_me.sync_detailed(client=self.anybody_with("made-up"))
        refused(answer, 401, "invalid-token")

    def forbidden(self) -> None:
        narrow = self.issued(CredentialsScopesItem.ACCOUNTREAD).token
        answer = list_organizations.sync_detailed(client=self.anybody_with(narrow))
        refused(answer, 403, "insufficient-scope")
        typed(list_organizations.sync_detailed(client=self.client), OrganizationPage, 200)

    def not_found(self) -> None:
        answer = get_class.sync_detailed("cls_" + "0" * 26, client=self.client)
        refused(answer, 404, "not-found")

    def conflict(self) -> None:
        body = SignUp(username=self.name, password=PASSWORD)
        answer = create_user.sync_detailed(client=self.anybody, body=body)
        refused(answer, 409, "duplicate-name")

    def invalid(self) -> None:
        body = OrganizationCreate(name="x", slug=f"{self.name}-2", timezone="Nowhere/Nope")
        answer = create_organization.sync_detailed(client=self.client, body=body)
        problem = refused(answer, 422, "validation-failed")
        assert not isinstance(problem.errors, Unset)
        assert problem.errors[0].pointer == "#/timezone"

    def sign_out(self) -> None:
        answer = delete_current_token.sync_detailed(client=self.client)
        assert (answer.status_code, answer.parsed) == (204, None)
        refused(get_me.sync_detailed(client=self.client), 401, "invalid-token")


if __name__ == "__main__":
    sys.exit(travel(Drive(base_of(sys.argv))) > 0)
