"""FastAPI on raw asyncpg with orjson and hand-written SQL: the fast form that few write."""

import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import orjson
from fastapi import FastAPI, HTTPException, Request, Response

COLUMNS = """
    c.id, c.course_id, c.external_id, c.section, c.title, c.description, c.instructors,
    c.location, c.timezone, c.status, c.capacity, c.seats_taken,
    c.capacity - c.seats_taken AS seats_free, c.waitlist_length, c.drop_until,
    c.withdraw_until, c.version, c.created_at, c.updated_at
"""
LIVE_TOKEN = "tokens t WHERE t.digest = $1 AND t.expires_at > now()"
ONE = f"""
    WITH caller AS (SELECT t.student_id FROM {LIVE_TOKEN})
    SELECT caller.student_id, {COLUMNS} FROM caller LEFT JOIN classes c ON c.id = $2
"""
PAGE = f"""
    WITH caller AS (SELECT t.student_id FROM {LIVE_TOKEN}),
    page AS (SELECT * FROM classes WHERE id > $2 ORDER BY id LIMIT $3)
    SELECT caller.student_id, {COLUMNS} FROM caller LEFT JOIN page c ON true ORDER BY c.id
"""
CALLER = f"""
    WITH caller AS (SELECT t.student_id FROM {LIVE_TOKEN})
    SELECT caller.student_id, i.fingerprint, i.status, i.body
    FROM caller LEFT JOIN idempotency_records i
        ON i.student_id = caller.student_id AND i.key = $2
"""
CLASH = """
    SELECT r.class_id FROM registrations r
    JOIN meetings mine ON mine.class_id = r.class_id
    JOIN meetings wanted ON wanted.weekday = mine.weekday
        AND wanted.starts_at < mine.ends_at AND wanted.ends_at > mine.starts_at
    WHERE r.student_id = $2 AND r.state = 'enrolled' AND wanted.class_id = $1
    LIMIT 1
"""
# One statement takes the seat and writes all that follows from it, so that the lock on the
# class is held for one round trip.
SEAT = """
    WITH seat AS (
        UPDATE classes SET seats_taken = seats_taken + 1, last_seq = last_seq + 1
        WHERE id = $1 AND (capacity IS NULL OR seats_taken < capacity)
        RETURNING id, seats_taken, last_seq
    ), registration AS (
        INSERT INTO registrations (class_id, student_id, state, ticket)
        SELECT id, $2, 'enrolled', seats_taken FROM seat
        RETURNING id, class_id, student_id, state, ticket, decided_at
    ), event AS (
        INSERT INTO events (class_id, seq, type, actor_id, data)
        SELECT seat.id, seat.last_seq, 'registration.enrolled', $2,
            jsonb_build_object('registration_id', registration.id, 'seat_delta', 1)
        FROM seat, registration
    )
    INSERT INTO idempotency_records (student_id, key, fingerprint, status, body)
    SELECT $2, $3, $4, 201, to_jsonb(registration) || jsonb_build_object('_links',
        jsonb_build_object(
            'class', jsonb_build_object('href', $5::text),
            'collection', jsonb_build_object('href', $5::text || '/registrations')))
    FROM registration
    RETURNING body
"""


@asynccontextmanager
async def lifespan(running: FastAPI) -> AsyncIterator[None]:
    async with asyncpg.create_pool(
        os.environ["PEERS_DATABASE_URL"], min_size=8, max_size=8
    ) as running.state.pool:
        yield


app = FastAPI(title="Fast peer", lifespan=lifespan)


def json_answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    content = body if isinstance(body, str) else orjson.dumps(body)
    return Response(content, status, headers, media_type="application/json")


def digest_of(request: Request) -> bytes:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme != "Bearer":
        raise HTTPException(401, "A valid bearer token is needed.")
    return hashlib.sha256(secret.encode()).digest()


def known(row: asyncpg.Record | None) -> asyncpg.Record:
    if row is None:
        raise HTTPException(401, "A valid bearer token is needed.")
    return row


def represented(row: asyncpg.Record, base: str) -> dict[str, Any]:
    shown = dict(row)
    del shown["student_id"]
    shown["instructors"] = orjson.Fragment(row["instructors"])
    own = f"{base}classes/{row['id']}"
    shown["_links"] = {
        "self": {"href": own},
        "collection": {"href": f"{base}classes"},
        "course": {"href": f"{base}courses/{row['course_id']}"},
        "registrations": {"href": f"{own}/registrations"},
        "register": {"href": f"{own}/registrations", "method": "POST"},
    }
    return shown


@app.get("/classes")
async def list_classes(request: Request, after: int = 0, limit: int = 25) -> Response:
    limit = max(1, min(limit, 100))
    found = await app.state.pool.fetch(PAGE, digest_of(request), after, limit + 1)
    known(found[0] if found else None)
    rows = [row for row in found if row["id"] is not None]
    base = str(request.base_url)
    links = {"self": {"href": str(request.url)}}
    if len(rows) > limit:
        rows = rows[:limit]
        links["next"] = {"href": f"{base}classes?after={rows[-1]['id']}&limit={limit}"}
    return json_answer({"items": [represented(row, base) for row in rows], "_links": links})


@app.get("/classes/{class_id}")
async def get_class(class_id: int, request: Request) -> Response:
    row = known(await app.state.pool.fetchrow(ONE, digest_of(request), class_id))
    if row["id"] is None:
        raise HTTPException(404, "no such class")
    etag = f'"v{row["version"]}-{row["seats_taken"]}-{row["waitlist_length"]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return json_answer(represented(row, str(request.base_url)), headers=headers)


@app.post("/classes/{class_id}/registrations")
async def register(class_id: int, request: Request) -> Response:
    key = request.headers.get("idempotency-key", "")
    body = await request.body()
    fingerprint = hashlib.sha256(request.url.path.encode() + body).hexdigest()
    pool = app.state.pool
    caller = known(await pool.fetchrow(CALLER, digest_of(request), key))
    if caller["status"] is not None:
        if caller["fingerprint"] != fingerprint:
            raise HTTPException(422, "this key was used for another request")
        return json_answer(caller["body"], caller["status"])
    if await pool.fetchval(CLASH, class_id, caller["student_id"]) is not None:
        raise HTTPException(409, "time-conflict")
    own = f"{request.base_url}classes/{class_id}"
    try:
        seat = await pool.fetchval(SEAT, class_id, caller["student_id"], key, fingerprint, own)
    except asyncpg.UniqueViolationError as broken:
        raise HTTPException(409, "already-registered") from broken
    if seat is None:
        raise HTTPException(409, "class-full")
    return json_answer(seat, 201)
