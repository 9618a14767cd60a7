"""A file that somebody fetched: what it is, and where it is kept if they say so."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from api.cli.browsing.pages import printable
from homeroom_client import File


class NotKept(ValueError):
    """The file was not written; the text says why."""


def told_of(file: File) -> str:
    """What it is, how big, and how to keep it: nothing is written before that is said."""
    kind = printable(file.media_type.partition(";")[0]) or "without a type"
    said = f"It is {kind}, {len(file.body):,} bytes"
    if file.name is None:
        return f"{said}, without a name. `save NAME` keeps it."
    return (
        f"{said}: {printable(file.name)}\n`save` keeps it in this directory, `save NAME` elsewhere."
    )


def keep(file: File, name: str | None) -> str:
    """Write the file under a name that somebody typed, else under its own; tells where it is.

    Raises:
        NotKept: it has no name, or there is something of that name, or it cannot be written.
    """
    where = name or file.name
    if where is None:
        raise NotKept("It has no name: say save NAME.")
    path = Path(where)
    try:
        # What is there stays, also a link that leads elsewhere.
        with path.open("xb") as written:
            _write(path, written, file.body)
    except FileExistsError:
        raise NotKept(f"There is a {printable(where)} already: say save NAME.") from None
    except OSError as reason:
        raise NotKept(f"{printable(where)}: {reason.strerror}") from reason
    except ValueError as reason:
        raise NotKept(f"{printable(where)}: {reason}") from reason
    return f"It is kept as {printable(str(path.absolute()))}."


def _write(path: Path, opened: BinaryIO, body: bytes) -> None:
    """Write all of it, or leave nothing: half a file would look like the whole."""
    try:
        opened.write(body)
        opened.flush()
    except OSError:
        path.unlink()
        raise
