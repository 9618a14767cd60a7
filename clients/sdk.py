"""What the journey needs of a generated client, whatever it calls its types and methods."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, Self, TypeVar
from urllib.parse import urljoin

T_co = TypeVar("T_co", covariant=True)


class Thing(Protocol):
    """What has an id."""

    @property
    def id(self) -> str:
        """Its id."""


class SchoolClass(Thing, Protocol):
    """A class, as far as the journey looks at it."""

    @property
    def title(self) -> str:
        """What people call it."""

    @property
    def description(self) -> object:
        """More of the same, or None."""

    @property
    def seats_free(self) -> object:
        """How many may still come."""


class Registration(Thing, Protocol):
    """A seat or a place in line."""

    @property
    def state(self) -> str:
        """Where it stands."""

    @property
    def position(self) -> object:
        """The place in line, from 1."""

    @property
    def offer_expires_at(self) -> object:
        """A date and time, while a seat is offered."""


class Job(Thing, Protocol):
    """What takes longer than a request."""

    @property
    def state(self) -> str:
        """How far it is."""


class Problem(Protocol):
    """The object of a refusal."""

    @property
    def status(self) -> int:
        """That of the answer."""

    @property
    def code(self) -> str:
        """Which refusal it is."""

    @property
    def title(self) -> str:
        """What it is called."""

    @property
    def request_id(self) -> str:
        """What an operator asks for."""


@dataclass(frozen=True, slots=True)
class Answer(Generic[T_co]):
    """The typed object of an answer; the names of its headers are in lower case."""

    body: T_co
    status: int
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Page:
    """The ids of a page, and the address of the next."""

    ids: Sequence[str]
    next: str | None


class Refused(Exception):
    """A refusal that came as a typed object."""

    def __init__(self, problem: Problem, answer: Answer[object]) -> None:
        super().__init__(str(problem))
        self.problem = problem
        self.status, self.headers = answer.status, answer.headers
        self.blocks: list[str] = []
        """The code of each reason."""
        self.pointers: list[object] = []
        """The place of each fault."""
        self.links: dict[str, str] = {}
        """Where each relation leads."""


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of a request on its way out, by the means that a client has for that."""

    method: str | None = None
    headers: Mapping[str, str | None] = field(default_factory=dict)
    """None takes one off."""
    content: str | None = None
    path: str | None = None

    def address_of(self, before: str) -> str:
        """Where it is sent."""
        return before if self.path is None else urljoin(before, self.path)

    def headers_of(self, before: Mapping[str, str]) -> dict[str, str]:
        """The headers that are sent."""
        changed = {name.lower(): value for name, value in self.headers.items()}
        if self.content is not None:
            # Whoever sends it counts.
            changed["content-length"] = None
        kept = {name: value for name, value in before.items() if name.lower() not in changed}
        return kept | {name: value for name, value in changed.items() if value is not None}


def lower(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Headers by their names in lower case."""
    return {name.lower(): value for name, value in headers}


class Sdk(ABC):
    """A generated client, for somebody with a token; every call raises `Refused`."""

    def __init__(self, base: str, token: str = "", change: Change | None = None) -> None:
        self.base, self.token, self.change = base, token, change

    def with_token(self, token: str) -> Self:
        """The same for somebody else."""
        return type(self)(self.base, token, self.change)

    def changing(self, change: Change) -> Self:
        """The same, with requests that are changed on their way out."""
        return type(self)(self.base, self.token, change)

    @abstractmethod
    def sign_up(self, name: str, password: str) -> str:
        """Make an account; its user name."""

    @abstractmethod
    def issue(self, name: str, password: str, scope: str | None = None) -> str:
        """Get a token, of all scopes or of one."""

    @abstractmethod
    def whoami(self) -> str:
        """The user name that belongs to the token."""

    @abstractmethod
    def revoke(self) -> int:
        """Give the token up; the status."""

    @abstractmethod
    def list_organizations(self) -> Sequence[Thing]:
        """The first page."""

    @abstractmethod
    def create_organization(self, name: str, slug: str, timezone: str) -> Thing:
        """Make an organization."""

    @abstractmethod
    def create_class(self, organization_id: str, title: str, mode: str) -> SchoolClass:
        """Make an open class with one seat, and a line of this mode."""

    @abstractmethod
    def method_of(self, school_class: SchoolClass, rel: str) -> object:
        """The method of one of its links."""

    @abstractmethod
    def get_class(self, class_id: str) -> Answer[SchoolClass]:
        """Read a class."""

    @abstractmethod
    def describe(self, class_id: str, etag: str, text: str | None) -> Answer[SchoolClass]:
        """Change the description, or clear it, with a merge patch."""

    @abstractmethod
    def list_classes(self, organization_id: str, cursor: str | None = None) -> Page:
        """Two classes, by title."""

    @abstractmethod
    def create_student(self, organization_id: str, given_name: str) -> Thing:
        """Make a student."""

    @abstractmethod
    def register(
        self, class_id: str, student_id: str, on_full: str, key: str | None = None
    ) -> Answer[Registration]:
        """Ask for a seat."""

    @abstractmethod
    def would_register(self, class_id: str, student_id: str, on_full: str) -> object:
        """The state that it would have."""

    @abstractmethod
    def move(self, registration_id: str, to: str) -> Registration:
        """Bring a registration to another state."""

    @abstractmethod
    def would_move(self, registration_id: str, to: str) -> object:
        """The state that it would have."""

    @abstractmethod
    def get_registration(self, registration_id: str) -> Registration:
        """Read a registration."""

    @abstractmethod
    def line(self, class_id: str) -> Sequence[object]:
        """The ids of the students in line."""

    @abstractmethod
    def export(self, organization_id: str) -> Answer[Job]:
        """Ask for an export, with nothing but where."""

    @abstractmethod
    def get_job(self, job_id: str) -> Job:
        """Read a job."""

    @abstractmethod
    def result(self, job_id: str) -> bytes:
        """The file that a job made."""
