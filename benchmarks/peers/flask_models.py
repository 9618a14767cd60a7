"""What the Flask peer stores, as Flask-SQLAlchemy models."""

from datetime import datetime, time

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, registry


class Base(DeclarativeBase):
    registry = registry(
        type_annotation_map={datetime: DateTime(timezone=True), dict: JSONB, list: JSONB}
    )


db = SQLAlchemy(model_class=Base)


class SchoolClass(db.Model):
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


class Token(db.Model):
    __tablename__ = "tokens"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    student_id: Mapped[int]
    expires_at: Mapped[datetime]


class Registration(db.Model):
    __tablename__ = "registrations"

    id: Mapped[int] = mapped_column(primary_key=True)
    class_id: Mapped[int] = mapped_column(ForeignKey("classes.id"))
    student_id: Mapped[int]
    state: Mapped[str]
    ticket: Mapped[int]
    decided_at: Mapped[datetime]


class Meeting(db.Model):
    __tablename__ = "meetings"

    id: Mapped[int] = mapped_column(primary_key=True)
    class_id: Mapped[int] = mapped_column(ForeignKey("classes.id"))
    weekday: Mapped[int]
    starts_at: Mapped[time]
    ends_at: Mapped[time]


class Event(db.Model):
    __tablename__ = "events"

    class_id: Mapped[int] = mapped_column(ForeignKey("classes.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    type: Mapped[str]
    actor_id: Mapped[int]
    data: Mapped[dict]


class IdempotencyRecord(db.Model):
    __tablename__ = "idempotency_records"

    student_id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    status: Mapped[int]
    body: Mapped[dict]
