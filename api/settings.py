"""The settings of one process: read from the environment once, then handed on as values."""

import os
import re
import secrets
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self, TypeVar
from urllib.parse import urlsplit

SECRET_KEY_MINIMUM = 32
"""Characters: 32 of any alphabet that a generator uses hold more than 128 bits."""

_HOW_TO_MAKE_A_KEY = "make one with: openssl rand -base64 48"
_RATE = re.compile(r"[1-9][0-9]{0,8}/(second|minute|hour|day)")

_DATABASE_SCHEMES = {
    "sqlite": "sqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}

_T = TypeVar("_T")
_D = TypeVar("_D")

Environment = Literal["development", "production"]
LogForm = Literal["json", "text"]
Pooler = Literal["none", "transaction"]


class SettingRefused(Exception):
    """A variable that the program cannot start with; the text says what to do."""

    def __init__(self, name: str, what_to_do: str) -> None:
        """Keep `name`, the variable, beside the text."""
        super().__init__(f"{name}: {what_to_do}")
        self.name = name


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a process was started with. Values that may hold a secret are left out of the repr."""

    env: Environment = "production"
    """HOMEROOM_ENV: development opens sign-up and makes its own secret key."""

    database_url: str = field(repr=False)
    """HOMEROOM_DATABASE_URL: `sqlite:///file` (default: in data_dir) or `postgresql+psycopg://…`."""

    data_dir: Path
    """HOMEROOM_DATA_DIR: folder of the SQLite file and of development's key. Default `var/`."""

    redis_url: str | None = field(default=None, repr=False)
    """HOMEROOM_REDIS_URL: where processes share their limits. None: each keeps its own."""

    broker_url: str | None = field(default=None, repr=False)
    """HOMEROOM_BROKER_URL: a broker, which nothing uses yet: jobs are queued in the database."""

    public_url: str | None = None
    """HOMEROOM_PUBLIC_URL: how every link begins, no slash at its end. None: from the request."""

    secret_key: str = field(repr=False)
    """HOMEROOM_SECRET_KEY: at least 32 characters; signs cursors, tickets and fingerprints."""

    open_signup: bool = False
    """HOMEROOM_OPEN_SIGNUP (on, off): may a stranger make an account. Default: in development."""

    rate_limit: str | None = "600/minute"
    """HOMEROOM_RATE_LIMIT: requests by user and unit of time, over all processes. None: off."""

    registration_rate_limit: str | None = "120/minute"
    """HOMEROOM_REGISTRATION_RATE_LIMIT: the same for commands on seats, counted apart."""

    workers: int = 1
    """HOMEROOM_WORKERS: processes that serve together; limits kept in memory are divided by it."""

    threads: int = 8
    """HOMEROOM_THREADS: requests worked on at a time by a process; the size of its pools."""

    trusted_proxies: int = 0
    """HOMEROOM_TRUSTED_PROXIES: hops of `X-Forwarded-*` that are believed."""

    cors_origins: tuple[str, ...] = ()
    """HOMEROOM_CORS_ORIGINS: origins whose pages may call, with commas; `*`: all. Default: none."""

    metrics_token: str | None = field(default=None, repr=False)
    """HOMEROOM_METRICS_TOKEN: bearer token that reads `/metrics`. None: loopback only."""

    sweeper: bool = True
    """HOMEROOM_SWEEPER (on, off): whether this process does what falls due by the clock."""

    jobs: bool = True
    """HOMEROOM_JOBS (on, off): whether this process does jobs beside its requests."""

    log: LogForm = "json"
    """HOMEROOM_LOG: one JSON object a line, or text for people."""

    pooler: Pooler = "none"
    """HOMEROOM_POOLER: `transaction` behind PgBouncer in that mode: no prepared statements."""

    host: str = "127.0.0.1"
    """HOST: the address that is listened on."""

    port: int = 8000
    """PORT: TCP port; 0 takes a free one."""

    @property
    def development(self) -> bool:
        """Say whether this is a development process."""
        return self.env == "development"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """Read and check every variable; an empty one counts as not set.

        In development a missing secret key is made, and kept in the data directory (mode 0600).

        Raises:
            SettingRefused: a value cannot be used, or production lacks one; names the variable.
        """
        read = _Reader(environ)
        env: Environment = read(
            "ENV", _one_of({"development": "development", "production": "production"}), "production"
        )
        data_dir = read("DATA_DIR", Path, Path("var"))
        file = f"sqlite:///{data_dir / 'homeroom.sqlite3'}"
        return cls(
            env=env,
            data_dir=data_dir,
            database_url=read("DATABASE_URL", _database_url, file),
            redis_url=read("REDIS_URL", _redis_url, None),
            broker_url=read("BROKER_URL", _redis_url, None),
            public_url=_public_url_for(env, read),
            secret_key=_secret_key_for(env, read, data_dir),
            open_signup=read("OPEN_SIGNUP", _switch, env == "development"),
            rate_limit=read("RATE_LIMIT", _rate, "600/minute"),
            registration_rate_limit=read("REGISTRATION_RATE_LIMIT", _rate, "120/minute"),
            workers=read("WORKERS", _number(1, 1024), 1),
            threads=read("THREADS", _number(1, 256), 8),
            trusted_proxies=read("TRUSTED_PROXIES", _number(0, 16), 0),
            cors_origins=read("CORS_ORIGINS", _origins, ()),
            metrics_token=read("METRICS_TOKEN", str, None),
            sweeper=read("SWEEPER", _switch, default=True),
            jobs=read("JOBS", _switch, default=True),
            log=read("LOG", _one_of({"json": "json", "text": "text"}), "json"),
            pooler=read("POOLER", _one_of({"none": "none", "transaction": "transaction"}), "none"),
            host=_Reader(environ, prefix="")("HOST", str, "127.0.0.1"),
            port=_Reader(environ, prefix="")("PORT", _number(0, 65535), 8000),
        )


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads one variable at a time, and says its whole name when it refuses it."""

    environ: Mapping[str, str]
    prefix: str = "HOMEROOM_"

    def __call__(self, name: str, parse: Callable[[str], _T], default: _D) -> _T | _D:
        given = self.environ.get(self.prefix + name, "").strip()
        if not given:
            return default
        try:
            return parse(given)
        except ValueError as reason:
            raise SettingRefused(self.prefix + name, str(reason)) from None


def _one_of(choices: Mapping[str, _T]) -> Callable[[str], _T]:
    def parse(given: str) -> _T:
        if given not in choices:
            raise ValueError(f"is {given!r}; write {' or '.join(choices)}")
        return choices[given]

    return parse


_switch = _one_of({"on": True, "off": False})


def _number(least: int, most: int) -> Callable[[str], int]:
    def parse(given: str) -> int:
        if not (given.isascii() and given.isdigit() and least <= int(given[:9]) <= most):
            raise ValueError(f"is {given!r}; write a whole number from {least} to {most}")
        return int(given)

    return parse


def _rate(given: str) -> str | None:
    if given == "off":
        return None
    if not _RATE.fullmatch(given):
        raise ValueError(f"is {given!r}; write for example 600/minute, or off")
    return given


def _database_url(given: str) -> str:
    # The value is not repeated in the message: it may hold a password.
    scheme, separator, rest = given.partition("://")
    if scheme not in _DATABASE_SCHEMES or not separator:
        raise ValueError("write sqlite:///path/to/file or postgresql://user@host/database")
    if scheme == "sqlite" and rest.partition("?")[0] in {"", "/", "/:memory:"}:
        raise ValueError("a database in memory is lost to the second connection; name a file")
    return f"{_DATABASE_SCHEMES[scheme]}://{rest}"


def _redis_url(given: str) -> str:
    if urlsplit(given).scheme not in {"redis", "rediss", "unix"}:
        raise ValueError("write redis://host:6379/0, rediss://… or unix://path")
    return given


def _origins(given: str) -> tuple[str, ...]:
    origins = tuple(origin.strip() for origin in given.split(","))
    for origin in origins:
        url = urlsplit(origin)
        if origin != "*" and (not url.netloc or origin != f"{url.scheme}://{url.netloc}"):
            raise ValueError(f"has {origin!r}; write for example https://school.example, or *")
    return origins


def _public_url(given: str) -> str:
    url = urlsplit(given)
    if url.scheme not in {"http", "https"} or not url.hostname or url.query or url.fragment:
        raise ValueError(f"is {given!r}; write for example https://homeroom.example.edu")
    return given.rstrip("/")


def _public_url_for(env: Environment, read: _Reader) -> str | None:
    url = read("PUBLIC_URL", _public_url, None)
    if url is None and env == "production":
        raise SettingRefused(
            "HOMEROOM_PUBLIC_URL",
            "production needs it; write the address that clients use, "
            "for example https://homeroom.example.edu",
        )
    return url


def _secret_key(given: str) -> str:
    if len(given) < SECRET_KEY_MINIMUM:
        raise ValueError(f"is shorter than {SECRET_KEY_MINIMUM} characters; {_HOW_TO_MAKE_A_KEY}")
    return given


def _secret_key_for(env: Environment, read: _Reader, data_dir: Path) -> str:
    key = read("SECRET_KEY", _secret_key, None)
    if key is not None:
        return key
    if env == "production":
        raise SettingRefused("HOMEROOM_SECRET_KEY", f"production needs it; {_HOW_TO_MAKE_A_KEY}")
    try:
        return _kept_secret_key(data_dir)
    except OSError as reason:
        raise SettingRefused(
            "HOMEROOM_DATA_DIR", f"{reason}; name a folder that this user may write to"
        ) from None


def _kept_secret_key(data_dir: Path) -> str:
    """Give the key kept in `data_dir`, made on the first call; safe against a second process."""
    path = data_dir / "secret_key"
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        handle, fresh = tempfile.mkstemp(dir=data_dir, prefix="secret_key.")
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
        try:
            # Only one process can give its file the name, and never a half-written one.
            path.hardlink_to(fresh)
        except FileExistsError:
            pass
        finally:
            Path(fresh).unlink()
    return path.read_text(encoding="ascii")
