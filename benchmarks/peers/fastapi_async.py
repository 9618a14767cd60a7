"""FastAPI over SQLAlchemy's async ORM with pydantic models: what a user would pick instead."""

import hashlib
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, HTTPException, Query, Request, Response
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import and_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import aliased

from benchmarks.peers.fastapi_models import (
    ClassOut,
    ClassPage,
    Event,
    IdempotencyRecord,
    Link,
    Meeting,
    Registration,
    RegistrationOut,
    SchoolClass,
    Token,
)

engine = create_async_engine(
    os.environ["PEERS_DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://"),
    pool_size=8,
    max_overflow=0,
)
new_session = async_sessionmaker(engine, expire_on_commit=False)
bearer = HTTPBearer()
app = FastAPI(title="Peer")


async def session_of_request() -> AsyncIterator[AsyncSession]:
    async with new_session() as session:
        yield session


Database = Annotated[AsyncSession, Depends(session_of_request)]


async def current_student(
    credentials: Annotated[HTTPAuthorizationCredentials, Depends(bearer)], session: Database
) -> int:
    digest = hashlib.sha256(credentials.credentials.encode()).digest()
    token = await session.get(Token, digest)
    if token is None or token.expires_at <= datetime.now(UTC):
        raise HTTPException(401, "A valid bearer token is needed.")
    return token.student_id


Student = Annotated[int, Depends(current_student)]


def represented(row: SchoolClass, base: str) -> ClassOut:
    shown = ClassOut.model_validate(row)
    own = f"{base}classes/{row.id}"
    shown.links = {
        "self": Link(href=own),
        "collection": Link(href=f"{base}classes"),
        "course": Link(href=f"{base}courses/{row.course_id}"),
        "registrations": Link(href=f"{own}/registrations"),
        "register": Link(href=f"{own}/registrations", method="POST"),
    }
    return shown


@app.get("/classes", response_model=ClassPage)
async def list_classes(
    request: Request,
    session: Database,
    student: Student,
    *,
    after: int = 0,
    limit: Annotated[int, Query(ge=1, le=100)] = 25,
) -> ClassPage:
    found = await session.scalars(
        select(SchoolClass).where(SchoolClass.id > after).order_by(SchoolClass.id).limit(limit + 1)
    )
    rows = found.all()
    base = str(request.base_url)
    links = {"self": Link(href=str(request.url))}
    if len(rows) > limit:
        rows = rows[:limit]
        links["next"] = Link(href=f"{base}classes?after={rows[-1].id}&limit={limit}")
    return ClassPage(items=[represented(row, base) for row in rows], links=links)


@app.get("/classes/{class_id}", response_model=ClassOut)
async def get_class(
    class_id: int,
    request: Request,
    response: Response,
    *,
    session: Database,
    student: Student,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Any:
    row = await session.get(SchoolClass, class_id)
    if row is None:
        raise HTTPException(404, "no such class")
    headers = {"ETag": row.etag, "Cache-Control": "private, no-cache"}
    if if_none_match == row.etag:
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    return represented(row, str(request.base_url))


@app.get("/courses/{course_id}")
async def get_course(course_id: int) -> None:
    raise HTTPException(404, "courses are linked to, not measured")


@app.post("/classes/{class_id}/registrations", status_code=201, response_model=RegistrationOut)
async def register(
    class_id: int,
    request: Request,
    session: Database,
    student: Student,
    *,
    idempotency_key: Annotated[str, Header()],
) -> Any:
    fingerprint = hashlib.sha256(request.url.path.encode() + await request.body()).hexdigest()
    known = await session.get(IdempotencyRecord, (student, idempotency_key))
    if known is not None:
        if known.fingerprint != fingerprint:
            raise HTTPException(422, "this key was used for another request")
        return JSONResponse(known.body, known.status)
    clash = await clashing_class(session, class_id, student)
    row = await session.get(SchoolClass, class_id, with_for_update=True)
    if row is None:
        raise HTTPException(404, "no such class")
    if row.capacity is not None and row.seats_taken >= row.capacity:
        raise HTTPException(409, "class-full")
    if clash is not None:
        raise HTTPException(409, f"time-conflict with class {clash}")
    try:
        shown = await take_seat(session, row, student, request)
        remember(session, shown, idempotency_key, fingerprint)
        await session.commit()
    except IntegrityError as broken:
        raise HTTPException(409, "already-registered") from broken
    return shown


mine, wanted = aliased(Meeting), aliased(Meeting)


async def clashing_class(session: AsyncSession, class_id: int, student: int) -> int | None:
    at_once = and_(
        wanted.weekday == mine.weekday,
        wanted.starts_at < mine.ends_at,
        wanted.ends_at > mine.starts_at,
    )
    return await session.scalar(
        select(Registration.class_id)
        .join(mine, mine.class_id == Registration.class_id)
        .join(wanted, at_once)
        .where(
            Registration.student_id == student,
            Registration.state == "enrolled",
            wanted.class_id == class_id,
        )
        .limit(1)
    )


async def take_seat(
    session: AsyncSession, row: SchoolClass, student: int, request: Request
) -> RegistrationOut:
    row.seats_taken += 1
    row.last_seq += 1
    registration = Registration(
        class_id=row.id,
        student_id=student,
        state="enrolled",
        ticket=row.seats_taken,
        decided_at=datetime.now(UTC),
    )
    session.add(registration)
    await session.flush()
    session.add(
        Event(
            class_id=row.id,
            seq=row.last_seq,
            type="registration.enrolled",
            actor_id=student,
            data={"registration_id": registration.id, "seat_delta": 1},
        )
    )
    shown = RegistrationOut.model_validate(registration)
    shown.links = {
        "class": Link(href=f"{request.base_url}classes/{row.id}"),
        "collection": Link(href=str(request.url)),
    }
    return shown


def remember(session: AsyncSession, shown: RegistrationOut, key: str, fingerprint: str) -> None:
    session.add(
        IdempotencyRecord(
            student_id=shown.student_id,
            key=key,
            fingerprint=fingerprint,
            status=201,
            body=shown.model_dump(mode="json", by_alias=True),
        )
    )
