"""The textbook form of our own stack: ORM objects, a marshmallow dump, `url_for` for links."""

import hashlib
import os
from datetime import UTC, datetime

from flask import Flask, Response, g, jsonify, request, url_for
from flask_restful import Api, Resource
from flask_sqlalchemy import SQLAlchemy
from marshmallow import Schema, fields
from sqlalchemy import DateTime, ForeignKey, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, registry
from werkzeug.exceptions import Conflict, HTTPException, NotFound, Unauthorized, UnprocessableEntity


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


class ClassSchema(Schema):
    id = fields.Integer()
    course_id = fields.Integer()
    external_id = fields.String()
    section = fields.String()
    title = fields.String()
    description = fields.String()
    instructors = fields.List(fields.Dict())
    location = fields.String()
    timezone = fields.String()
    status = fields.String()
    capacity = fields.Integer()
    seats_taken = fields.Integer()
    seats_free = fields.Function(
        lambda row: None if row.capacity is None else row.capacity - row.seats_taken
    )
    waitlist_length = fields.Integer()
    drop_until = fields.AwareDateTime(format="iso")
    withdraw_until = fields.AwareDateTime(format="iso")
    version = fields.Integer()
    created_at = fields.AwareDateTime(format="iso")
    updated_at = fields.AwareDateTime(format="iso")
    _links = fields.Method("links")

    def links(self, row: SchoolClass) -> dict[str, dict[str, str]]:
        register = url_for("classregistrations", class_id=row.id, _external=True)
        return {
            "self": {"href": url_for("classitem", class_id=row.id, _external=True)},
            "collection": {"href": url_for("classlist", _external=True)},
            "course": {"href": url_for("courseitem", course_id=row.course_id, _external=True)},
            "registrations": {"href": register},
            "register": {"href": register, "method": "POST"},
        }


class RegistrationSchema(Schema):
    id = fields.Integer()
    class_id = fields.Integer()
    student_id = fields.Integer()
    state = fields.String()
    ticket = fields.Integer()
    decided_at = fields.AwareDateTime(format="iso")
    _links = fields.Method("links")

    def links(self, row: Registration) -> dict[str, dict[str, str]]:
        return {
            "class": {"href": url_for("classitem", class_id=row.class_id, _external=True)},
            "collection": {
                "href": url_for("classregistrations", class_id=row.class_id, _external=True)
            },
        }


class_schema = ClassSchema()
classes_schema = ClassSchema(many=True)
registration_schema = RegistrationSchema()


def authenticate() -> None:
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    digest = hashlib.sha256(secret.encode()).digest()
    token = db.session.get(Token, digest) if scheme == "Bearer" else None
    if token is None or token.expires_at <= datetime.now(UTC):
        raise Unauthorized("A valid bearer token is needed.")
    g.student_id = token.student_id


class ClassItem(Resource):
    def get(self, class_id: int) -> Response:
        row = db.session.get(SchoolClass, class_id)
        if row is None:
            raise NotFound("no such class")
        etag = f"v{row.version}-{row.seats_taken}-{row.waitlist_length}"
        if request.if_none_match.contains_weak(etag):
            response = Response(status=304)
        else:
            response = jsonify(class_schema.dump(row))
        response.set_etag(etag)
        response.headers["Cache-Control"] = "private, no-cache"
        return response


class ClassList(Resource):
    def get(self) -> Response:
        after = request.args.get("after", 0, type=int)
        limit = min(request.args.get("limit", 25, type=int), 100)
        rows = db.session.scalars(
            select(SchoolClass)
            .where(SchoolClass.id > after)
            .order_by(SchoolClass.id)
            .limit(limit + 1)
        ).all()
        links = {"self": {"href": request.url}}
        if len(rows) > limit:
            rows = rows[:limit]
            following = url_for("classlist", after=rows[-1].id, limit=limit, _external=True)
            links["next"] = {"href": following}
        return jsonify({"items": classes_schema.dump(rows), "_links": links})


class CourseItem(Resource):
    def get(self, course_id: int) -> Response:
        raise NotFound("courses are linked to, not measured")


class ClassRegistrations(Resource):
    def post(self, class_id: int) -> Response:
        key = request.headers.get("Idempotency-Key", "")
        fingerprint = hashlib.sha256(request.path.encode() + request.get_data()).hexdigest()
        known = db.session.get(IdempotencyRecord, (g.student_id, key))
        if known is not None:
            if known.fingerprint != fingerprint:
                raise UnprocessableEntity("this key was used for another request")
            return created(known.body)
        row = db.session.get(SchoolClass, class_id, with_for_update=True)
        if row is None:
            raise NotFound("no such class")
        if row.capacity is not None and row.seats_taken >= row.capacity:
            raise Conflict("class-full")
        try:
            body = take_seat(row, key, fingerprint)
            db.session.commit()
        except IntegrityError as broken:
            db.session.rollback()
            raise Conflict("already-registered") from broken
        return created(body)


def take_seat(row: SchoolClass, key: str, fingerprint: str) -> dict:
    row.seats_taken += 1
    row.last_seq += 1
    registration = Registration(
        class_id=row.id,
        student_id=g.student_id,
        state="enrolled",
        ticket=row.seats_taken,
        decided_at=datetime.now(UTC),
    )
    db.session.add(registration)
    db.session.flush()
    body = registration_schema.dump(registration)
    db.session.add_all(
        [
            Event(
                class_id=row.id,
                seq=row.last_seq,
                type="registration.enrolled",
                actor_id=g.student_id,
                data={"registration_id": registration.id, "seat_delta": 1},
            ),
            IdempotencyRecord(
                student_id=g.student_id, key=key, fingerprint=fingerprint, status=201, body=body
            ),
        ]
    )
    return body


def created(body: dict) -> Response:
    response = jsonify(body)
    response.status_code = 201
    return response


class PlainErrors(Api):
    """Flask-RESTful with its errors answered as JSON by Flask."""

    def handle_error(self, e: Exception) -> Response:
        if not isinstance(e, HTTPException):
            raise e
        response = jsonify({"status": e.code, "title": e.name, "detail": e.description})
        response.status_code = e.code or 500
        return response


def create_app() -> Flask:
    flask_app = Flask(__name__)
    flask_app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["PEERS_DATABASE_URL"].replace(
        "postgresql://", "postgresql+psycopg://"
    )
    flask_app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"pool_size": 4, "max_overflow": 0}
    db.init_app(flask_app)
    flask_app.before_request(authenticate)
    api = PlainErrors(flask_app)
    api.add_resource(ClassList, "/classes")
    api.add_resource(ClassItem, "/classes/<int:class_id>")
    api.add_resource(CourseItem, "/courses/<int:course_id>")
    api.add_resource(ClassRegistrations, "/classes/<int:class_id>/registrations")
    return flask_app


app = create_app()
