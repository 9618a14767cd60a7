"""Logs on standard error: one JSON object a line for machines, one line of text for people.

A line never holds a body, a query value or a token: callers pass members by name, and only those.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, Literal, TextIO

import orjson

_MEMBERS: Final = "homeroom_members"


def configure(form: Literal["json", "text"], *, stream: TextIO | None = None) -> None:
    """Send every logger of this process to `stream` (standard error) in one form."""
    root = logging.getLogger()
    root.handlers[:] = [Lines(stream or sys.stderr, JsonLine() if form == "json" else TextLine())]
    root.setLevel(logging.INFO)
    # What no line of ours shows is not looked up: the caller's frame, the thread, the process.
    logging._srcfile = None  # noqa: SLF001  # as its manual says
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    # alembic tells of its context at every start, which is no news to an operator.
    logging.getLogger("alembic").setLevel(logging.WARNING)


def line(
    logger: logging.Logger, message: str, *, level: int = logging.INFO, **members: Any
) -> None:
    """Write one line. Members that are None are left out; times in them are milliseconds."""
    if not logger.isEnabledFor(level):
        return
    handler = _only_handler(logger)
    if handler is None or not handler.has_written(level, message, members):
        # As `logger.log` would make it, less the search for a caller and for names taken twice.
        record = logging.LogRecord(logger.name, level, "", 0, message, None, None)
        record.__dict__[_MEMBERS] = members
        logger.handle(record)


def _only_handler(logger: logging.Logger) -> Lines | None:
    """The handler that `configure` made, where no other hears this logger of ours."""
    here = logger
    while here.parent is not None and here.propagate and not here.handlers:
        here = here.parent
    if len(here.handlers) == 1 and isinstance(here.handlers[0], Lines):
        return here.handlers[0]
    return None


class Lines(logging.StreamHandler[TextIO]):
    """Writes lines of one form; those of requests without the record that others need."""

    def __init__(self, stream: TextIO, form: JsonLine | TextLine) -> None:
        super().__init__(stream)
        self.setFormatter(form)
        self._form = form

    def has_written(self, level: int, message: str, members: Mapping[str, Any]) -> bool:
        """Write one line of ours; False if the stream did not take it."""
        now = time.time()  # noqa: TID251  # as a record of logging has it
        text = self._form.line(now, logging.getLevelName(level), message, members)
        try:
            with self.lock:  # type: ignore[union-attr]  # it is made by the constructor
                self.stream.write(text + "\n")
                self.stream.flush()
        except (OSError, ValueError):
            return False
        return True


class JsonLine(logging.Formatter):
    """`{"at": …, "level": …, "message": …}`, then the members of the line, on one line."""

    def format(self, record: logging.LogRecord) -> str:
        """Render `record`; a value that JSON lacks is written as its text."""
        more = dict(_members(record))
        if record.name.partition(".")[0] != "homeroom":
            more["logger"] = record.name
        if record.exc_info:
            more["trace"] = self.formatException(record.exc_info)
        return self.line(record.created, record.levelname, record.getMessage(), more)

    @staticmethod
    def line(created: float, level: str, message: str, members: Mapping[str, Any]) -> str:
        """Render what stands in a line; `created`: seconds of POSIX."""
        document = {"at": _at(created), "level": level.lower(), "message": message}
        document.update([item for item in members.items() if item[1] is not None])
        return orjson.dumps(document, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


class TextLine(logging.Formatter):
    """`2026-11-20T09:30:00.000Z INFO message name=value …`; a trace follows on lines of its own."""

    def format(self, record: logging.LogRecord) -> str:
        """Render `record`; a text that is not one plain word is quoted, so no line is forged."""
        text = self.line(record.created, record.levelname, record.getMessage(), _members(record))
        return f"{text}\n{self.formatException(record.exc_info)}" if record.exc_info else text

    @staticmethod
    def line(created: float, level: str, message: str, members: Mapping[str, Any]) -> str:
        """Render what stands in a line; `created`: seconds of POSIX."""
        told = [f"{k}={_plain(value)}" for k, value in members.items() if value is not None]
        return " ".join([_at(created), level, message.translate(_NO_BREAKS), *told])


_NO_BREAKS: Final = dict.fromkeys((*range(32), 127, 0x85, 0x2028, 0x2029), " ")


def _plain(value: Any) -> str:
    text = str(value)
    return text if text.isascii() and text.isprintable() and " " not in text else json.dumps(text)


def _members(record: logging.LogRecord) -> Mapping[str, Any]:
    members: Mapping[str, Any] = getattr(record, _MEMBERS, {})
    return members


def _at(created: float) -> str:
    second = int(created)
    return f"{_to_the_second(second)}.{int((created - second) * 1000):03}Z"


@lru_cache(maxsize=2)
def _to_the_second(second: int) -> str:
    # Of a thousand lines in a second each would write it anew.
    return datetime.fromtimestamp(second, UTC).isoformat()[:-6]
