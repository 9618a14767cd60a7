"""Who is measured, and under which server."""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.jobs import Job
from benchmarks.servers import ROOT, Program

BUILD = ROOT / "build"
PEERS_VENV = BUILD / "peers-venv"
PEERS_BIN = PEERS_VENV / "bin"
OWN_BIN = Path(sys.executable).parent
LOCK = ROOT / "benchmarks/peers/requirements.txt"
DATABASE_JOBS = tuple(job for job in Job if job is not Job.SUBJECT)
"""What every subject does; to judge a page for one student is ours alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One line of the table; `family` groups the servers of one program."""

    key: str
    family: str
    title: str
    server: str
    command: Sequence[str]
    ready_path: str = "/classes"
    jobs: Sequence[Job] = DATABASE_JOBS

    def program(self, database_url: str) -> Program:
        """How to run it on the peers' database."""
        return Program(
            command=self.command,
            environment={"PEERS_DATABASE_URL": database_url, "PYTHONPATH": str(ROOT)},
            ready_path=self.ready_path,
        )


def _bin(name: str) -> str:
    return str(PEERS_BIN / name)


def _gthread(app: str) -> list[str]:
    options = (
        "--worker-class gthread --workers 1 --threads 4 --keep-alive 30 --bind 127.0.0.1:{port}"
    )
    return [_bin("gunicorn"), *options.split(), app]


def _granian(interface: str, app: str, *options: str, folder: Path = PEERS_BIN) -> list[str]:
    shape = f"--interface {interface} --workers 1 --host 127.0.0.1 --port {{port}}"
    return [str(folder / "granian"), *shape.split(), *options, "--no-access-log", app]


def _uvicorn(app: str) -> list[str]:
    options = "--host 127.0.0.1 --port {port} --workers 1 --loop uvloop --http httptools"
    return [_bin("uvicorn"), *options.split(), "--no-access-log", app]


_FLASK = "benchmarks.peers.flask_textbook:app"
_FASTAPI = "benchmarks.peers.fastapi_async:app"
_RAW = "benchmarks.peers.fastapi_raw:app"
_DJANGO = "benchmarks.peers.drf.wsgi:app"
_HELLO = "benchmarks.peers.wsgi_hello:app"

PEERS = (
    Subject(
        key="a",
        family="a",
        title="Flask textbook (ORM, marshmallow, url_for)",
        server="gunicorn gthread, 2 x 4 threads",
        command=_gthread(_FLASK),
    ),
    Subject(
        key="c-uvicorn",
        family="c",
        title="FastAPI, SQLAlchemy async ORM, pydantic",
        server="uvicorn (uvloop, httptools), 2 x 1",
        command=_uvicorn(_FASTAPI),
    ),
    Subject(
        key="c-granian",
        family="c",
        title="FastAPI, SQLAlchemy async ORM, pydantic",
        server="granian ASGI (uvloop), 2 x 1",
        command=_granian("asgi", _FASTAPI, "--loop", "uvloop"),
    ),
    Subject(
        key="c2",
        family="c2",
        title="FastAPI, raw asyncpg, orjson",
        server="uvicorn (uvloop, httptools), 2 x 1",
        command=_uvicorn(_RAW),
    ),
    Subject(
        key="d",
        family="d",
        title="Django REST Framework",
        server="gunicorn gthread, 2 x 4 threads",
        command=_gthread(_DJANGO),
    ),
    Subject(
        key="e-granian",
        family="e",
        title="bare WSGI hello, no database",
        server="granian WSGI, 2 x 1 thread",
        command=_granian("wsgi", _HELLO, "--blocking-threads", "1"),
        ready_path="/",
        jobs=(Job.ONE,),
    ),
    Subject(
        key="e-gthread",
        family="e",
        title="bare WSGI hello, no database",
        server="gunicorn gthread, 2 x 4 threads",
        command=_gthread(_HELLO),
        ready_path="/",
        jobs=(Job.ONE,),
    ),
)

OURS = (
    Subject(
        key="ours-pg",
        family="ours-pg",
        title="Homeroom on PostgreSQL",
        server="granian WSGI, 2 x 2 threads",
        command=_granian("wsgi", "wsgi:application", "--blocking-threads", "2", folder=OWN_BIN),
        ready_path="/readyz",
        jobs=tuple(Job),
    ),
    Subject(
        key="ours-sqlite",
        family="ours-sqlite",
        title="Homeroom on SQLite, one process",
        server="uvicorn and the WSGI bridge of asgi.py",
        command=[sys.executable, "asgi.py"],
        ready_path="/readyz",
        jobs=tuple(Job),
    ),
)


def chosen(wanted: str) -> list[Subject]:
    """The subjects that a comma-separated list of keys or families names; "all" is everyone.

    Raises:
        SystemExit: a name is unknown.
    """
    everyone = [*OURS, *PEERS]
    if wanted == "all":
        return everyone
    names = wanted.split(",")
    unknown = set(names) - {name for s in everyone for name in (s.key, s.family)}
    if unknown:
        known = ", ".join(s.key for s in everyone)
        raise SystemExit(f"Unknown subjects: {', '.join(sorted(unknown))}. Known: {known}.")
    return [s for s in everyone if s.key in names or s.family in names]


def install_peers() -> None:
    """Make the peers' environment from its lock, unless it is that already."""
    stamp = PEERS_VENV / "lock.sha256"
    wanted = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    shutil.rmtree(PEERS_VENV, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(PEERS_VENV)], check=True)
    install = [
        _bin("python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--require-hashes",
        "-r",
        str(LOCK),
    ]
    subprocess.run(install, check=True)
    stamp.write_text(wanted)
