"""What `homeroom doctor` looks at: the settings in force, the parts they name, and what to mend."""

import os
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import Any, Final

from flask import Flask
from sqlalchemy import func, make_url, select, text

from api.clock import SystemClock
from api.errors import Unavailable
from api.models import migrate
from api.models.database import Database, Transaction, open_database
from api.models.engines import UnsuitableDatabase
from api.models.fitness import check_fit, timeouts
from api.models.registration import PromotionDue
from api.models.tenancy import across
from api.release import RELEASE
from api.settings import SettingRefused, Settings

LATE: Final = timedelta(seconds=60)
"""A sweeper serves what is due within a second; what is so old was seen by none."""

_OLDEST_NOTE = select(func.min(PromotionDue.created_at)).execution_options(**across("sweeper"))


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to mend; `is_grave`: nothing can be served, or not as promised."""

    what: str
    cure: str
    is_grave: bool = False


@dataclass(slots=True)
class Examination:
    """What was found."""

    settings: dict[str, str] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    @property
    def is_grave(self) -> bool:
        """Whether there is anything without which nothing can be served."""
        return any(finding.is_grave for finding in self.findings)


def examine(environ: Mapping[str, str] = os.environ) -> Examination:
    """Look everything over, as far as one can get."""
    found = Examination()
    found.facts["release"] = RELEASE
    found.facts["python"] = platform.python_version()
    try:
        settings = Settings.from_environment(environ)
    except SettingRefused as refused:
        found.findings.append(Finding(str(refused), "set it and start again", is_grave=True))
        return found
    found.settings = shown(settings)
    found.findings += _of_settings(settings)
    _look_at_database(settings, found)
    _look_at_redis(settings, found)
    return found


def shown(settings: Settings) -> dict[str, str]:
    """The settings by name; of one that may hold a secret only what is none."""
    values = {}
    for one in fields(settings):
        value = getattr(settings, one.name)
        values[one.name] = _plain(value) if one.repr else _hidden(one.name, value)
    return values


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    return "none" if value is None else str(value)


def _hidden(name: str, value: str | None) -> str:
    if value is None:
        return "none"
    # Rendered without its password.
    return make_url(value).render_as_string() if name.endswith("_url") else "set"


def _of_settings(settings: Settings) -> Iterator[Finding]:
    if settings.workers > 1 and settings.redis_url is None:
        yield Finding(
            f"each of {settings.workers} processes keeps its own share of the rate limits",
            "name a Redis in HOMEROOM_REDIS_URL, so that they share them",
        )
    if not settings.sweeper:
        yield Finding(
            "this process does not do what falls due by the clock",
            "leave HOMEROOM_SWEEPER on in some process, or run homeroom sweep each second",
        )
    if not settings.jobs:
        yield Finding(
            "this process does no jobs, such as exports",
            "leave HOMEROOM_JOBS on in some process, or run homeroom work beside it",
        )
    if settings.development:
        return
    if settings.rate_limit is None or settings.registration_rate_limit is None:
        yield Finding(
            "requests are not limited",
            "unset HOMEROOM_RATE_LIMIT and HOMEROOM_REGISTRATION_RATE_LIMIT, or name limits",
        )
    if settings.open_signup:
        yield Finding(
            "any stranger can make an account",
            "unset HOMEROOM_OPEN_SIGNUP, unless that is meant",
        )


def _look_at_database(settings: Settings, found: Examination) -> None:
    try:
        revision = migrate.current(settings.database_url)
        found.facts["schema"] = f"{revision or 'no tables'} (needs {migrate.head()})"
        if revision is None or revision < migrate.head():
            found.findings.append(
                Finding("the schema is behind the code", "homeroom db upgrade", is_grave=True)
            )
            return
        database = open_database(
            Flask("api"),
            url=settings.database_url,
            threads=1,
            pooler=settings.pooler,
            clock=SystemClock(),
        )
        try:
            _ask(database, settings, found)
        finally:
            database.close()
    except (UnsuitableDatabase, Unavailable) as reason:
        cure = "mend it, or name another in HOMEROOM_DATABASE_URL"
        found.findings.append(Finding(f"database: {reason}", cure, is_grave=True))


def _ask(database: Database, settings: Settings, found: Examination) -> None:
    with database.read() as tx:
        check_fit(tx, release=RELEASE)
        if tx.dialect == "sqlite":
            found.facts["database"] = f"SQLite {tx.scalar(text('SELECT sqlite_version()'))}"
        else:
            found.facts["database"] = f"PostgreSQL {tx.scalar(text('SHOW server_version'))}"
            limits = timeouts(tx)
            found.facts.update(limits)
            found.findings += _of_limits(limits)
        _look_for_demonstration(tx, settings, found)
        oldest = tx.scalar(_OLDEST_NOTE)
        if oldest is not None and oldest < tx.now() - LATE:
            found.findings.append(
                Finding(
                    f"lines wait for a sweeper since {oldest:%Y-%m-%dT%H:%M:%SZ}",
                    "start a process with HOMEROOM_SWEEPER on, or run homeroom sweep",
                )
            )


def _of_limits(limits: Mapping[str, str]) -> Iterator[Finding]:
    for name, value in limits.items():
        if value == "0":
            yield Finding(
                f"{name} is 0: a request may wait for ever",
                "homeroom db grant ROLE sets it on the role that serves",
            )


def _look_for_demonstration(tx: Transaction, settings: Settings, found: Examination) -> None:
    from api.cli.seeding import demonstration

    if settings.development:
        return
    known = [one.username for one in demonstration.logins(tx) if one.password is not None]
    if known:
        found.findings.append(
            Finding(
                f"everybody knows the passwords of {', '.join(known)}",
                "homeroom users set-password NAME for each of them",
                is_grave=True,
            )
        )


def _look_at_redis(settings: Settings, found: Examination) -> None:
    if settings.redis_url is None:
        return
    import redis

    try:
        with redis.from_url(
            settings.redis_url, socket_timeout=2, socket_connect_timeout=2
        ) as client:
            found.facts["redis"] = str(client.info("server")["redis_version"])
    except redis.RedisError as reason:
        found.findings.append(
            Finding(
                f"redis: {reason}",
                "mend it: until then limits fail open, and logging in is refused",
                is_grave=True,
            )
        )
