"""What the FastAPI peer stores (SQLAlchemy 2 declarative) and shows (pydantic)."""

from datetime import datetime, time
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import DateTime, ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    type_annotation_map = {datetime: DateTime(timezone=True), dict: JSONB, list: JSONB}


class SchoolClass(Base):
    __tablename__ = "classes"

    id: Mapped[int] = mapped_column(primary_key=True)
    course_id: Mapped[int]
    external_id: Mapped[str]
    section: Mapped[str]
    title: Mapped[str]
    description: Mapped[str | None]
    instructors: Mapped[list]
    location: Mapped[str | None]
    timezone: Mapped[str]
    status: Mapped[str]
    capacity: Mapped[int | None]
    seats_taken: Mapped[int]
    waitlist_length: Mapped[int]
    drop_until: Mapped[datetime | None]
    withdraw_until: Mapped[datetime | None]
    last_seq: Mapped[int]
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    @property
    def seats_free(self) -> int | None:
        return None if self.capacity is None else self.capacity - self.seats_taken

    @property
    def etag(self) -> str:
        return f'"v{self.version}-{self.seats_taken}-{self.waitlist_length}"'


class Token(Base):
    __tablename__ = "tokens"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    student_id: Mapped[int]
    expires_at: Mapped[datetime]


class Registration(Base):
    __tablename__ = "registrations"

    id: Mapped[int] = mapped_column(primary_key=True)
    class_id: Mapped[int] = mapped_column(ForeignKey("classes.id"))
    student_id: Mapped[int]
    state: Mapped[str]
    ticket: Mapped[int]
    decided_at: Mapped[datetime]


class Meeting(Base):
    __tablename__ = "meetings"

    id: Mapped[int] = mapped_column(primary_key=True)
    class_id: Mapped[int] = mapped_column(ForeignKey("classes.id"))
    weekday: Mapped[int]
    starts_at: Mapped[time]
    ends_at: Mapped[time]


class Event(Base):
    __tablename__ = "events"

    class_id: Mapped[int] = mapped_column(ForeignKey("classes.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    type: Mapped[str]
    actor_id: Mapped[int]
    data: Mapped[dict]


class IdempotencyRecord(Base):
    __tablename__ = "idempotency_records"

    student_id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    status: Mapped[int]
    body: Mapped[dict]


class Link(BaseModel):
    href: str
    method: str = "GET"


class ClassOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    course_id: int
    external_id: str
    section: str
    title: str
    description: str | None
    instructors: list[dict[str, Any]]
    location: str | None
    timezone: str
    status: str
    capacity: int | None
    seats_taken: int
    seats_free: int | None
    waitlist_length: int
    drop_until: datetime | None
    withdraw_until: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime
    links: dict[str, Link] = Field(default_factory=dict, serialization_alias="_links")


class ClassPage(BaseModel):
    items: list[ClassOut]
    links: dict[str, Link] = Field(serialization_alias="_links")


class RegistrationOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    class_id: int
    student_id: int
    state: str
    ticket: int
    decided_at: datetime
    links: dict[str, Link] = Field(default_factory=dict, serialization_alias="_links")
