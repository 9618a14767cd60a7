"""The textbook form of our own stack: ORM objects, a marshmallow dump, `url_for` for links."""

import hashlib
import os
from datetime import UTC, datetime

from flask import Flask, Response, g, jsonify, request, url_for
from flask_restful import Api, Resource
from marshmallow import Schema, fields
from sqlalchemy import and_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased
from werkzeug.exceptions import Conflict, HTTPException, NotFound, Unauthorized, UnprocessableEntity

from benchmarks.peers.flask_models import (
    Event,
    IdempotencyRecord,
    Meeting,
    Registration,
    SchoolClass,
    Token,
    db,
)


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
        clash = clashing_class(class_id)
        row = db.session.get(SchoolClass, class_id, with_for_update=True)
        if row is None:
            raise NotFound("no such class")
        if row.capacity is not None and row.seats_taken >= row.capacity:
            raise Conflict("class-full")
        if clash is not None:
            raise Conflict(f"time-conflict with class {clash}")
        try:
            body = take_seat(row, key, fingerprint)
            db.session.commit()
        except IntegrityError as broken:
            db.session.rollback()
            raise Conflict("already-registered") from broken
        return created(body)


mine, wanted = aliased(Meeting), aliased(Meeting)


def clashing_class(class_id: int) -> int | None:
    at_once = and_(
        wanted.weekday == mine.weekday,
        wanted.starts_at < mine.ends_at,
        wanted.ends_at > mine.starts_at,
    )
    return db.session.scalar(
        select(Registration.class_id)
        .join(mine, mine.class_id == Registration.class_id)
        .join(wanted, at_once)
        .where(
            Registration.student_id == g.student_id,
            Registration.state == "enrolled",
            wanted.class_id == class_id,
        )
        .limit(1)
    )


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
