"""Logs on standard error: one JSON object a line for machines, one line of text for people.

A line never holds a body, a query value or a token: callers pass members by name, and only those.
"""

import json
import logging
import sys
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, Literal, TextIO

import orjson

_MEMBERS: Final = "homeroom_members"


def configure(form: Literal["json", "text"], *, stream: TextIO | None = None) -> None:
    """Send every logger of this process to `stream` (standard error) in one form."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLine() if form == "json" else TextLine())
    root = logging.getLogger()
    root.handlers[:] = [handler]
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
    if logger.isEnabledFor(level):
        # As `logger.log` would make it, less the search for a caller and for names taken twice.
        record = logging.LogRecord(logger.name, level, "", 0, message, None, None)
        record.__dict__[_MEMBERS] = members
        logger.handle(record)


class JsonLine(logging.Formatter):
    """`{"at": …, "level": …, "message": …}`, then the members of the line, on one line."""

    def format(self, record: logging.LogRecord) -> str:
        """Render `record`; a value that JSON lacks is written as its text."""
        document = {
            "at": _at(record),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **_members(record),
        }
        if record.name.partition(".")[0] != "homeroom":
            document["logger"] = record.name
        if record.exc_info:
            document["trace"] = self.formatException(record.exc_info)
        return orjson.dumps(document, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


class TextLine(logging.Formatter):
    """`2026-11-20T09:30:00.000Z INFO message name=value …`; a trace follows on lines of its own."""

    def format(self, record: logging.LogRecord) -> str:
        """Render `record`; a text that is not one plain word is quoted, so no line is forged."""
        message = record.getMessage().translate(_NO_BREAKS)
        pairs = [f"{name}={_plain(value)}" for name, value in _members(record).items()]
        text = " ".join([_at(record), record.levelname, message, *pairs])
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        return text


_NO_BREAKS: Final = dict.fromkeys((*range(32), 127, 0x85, 0x2028, 0x2029), " ")


def _plain(value: Any) -> str:
    text = str(value)
    return text if text.isascii() and text.isprintable() and " " not in text else json.dumps(text)


def _members(record: logging.LogRecord) -> dict[str, Any]:
    members: dict[str, Any] = getattr(record, _MEMBERS, {})
    return {name: value for name, value in members.items() if value is not None}


def _at(record: logging.LogRecord) -> str:
    return f"{_to_the_second(int(record.created))}.{int(record.msecs):03}Z"


@lru_cache(maxsize=2)
def _to_the_second(second: int) -> str:
    # Of a thousand lines in a second each would write it anew.
    return datetime.fromtimestamp(second, UTC).isoformat()[:-6]
