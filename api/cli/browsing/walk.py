"""A journey on a terminal, step by step, or along steps that are known beforehand."""

from __future__ import annotations

import contextlib
import getpass
import shutil
import sys
from collections.abc import Iterable, Iterator
from typing import NoReturn

import click
import orjson

from api.cli.browsing.journey import REFUSED, Journey, Left
from api.cli.browsing.pages import page_of, printable
from homeroom_client import Homeroom, Problem

STANDARD_INPUT = "-"


class Terminal:
    """Whoever sits there."""

    def __call__(self, question: str, *, is_secret: bool = False) -> str:
        """The answer.

        Raises:
            EOFError, KeyboardInterrupt: Ctrl-D or Ctrl-C instead of one.
        """
        return getpass.getpass(question) if is_secret else input(question)

    def tell(self, text: str) -> None:
        """Show something in between."""
        click.echo(text)


def along(home: Homeroom, steps: Iterable[str], *, as_json: bool) -> None:
    """Take the steps, and print where they lead; of `as_json` one document, and nothing else.

    Raises:
        SystemExit: a step could not be taken.
    """
    journey = _begun(home, as_json=as_json)
    said = _taken(journey, steps, as_json=as_json)
    if as_json:
        click.echo(journey.as_json())
    elif said is None:
        click.echo(_page(journey))


def freely(home: Homeroom, steps: Iterable[str]) -> None:
    """Take the steps, then whatever is typed, until the end."""
    # What the line editor remembers is what was typed in this walk.
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401  # it extends input()

    asks = Terminal()
    journey = _begun(home, as_json=False)
    journey.asks = asks
    _taken(journey, steps, as_json=False)
    click.echo(_page(journey))
    with contextlib.suppress(Left, EOFError):
        while True:
            _step(journey, asks)
    click.echo("")


def _step(journey: Journey, asks: Terminal) -> None:
    try:
        line = asks("> ")
    except KeyboardInterrupt:
        click.echo("")
        return
    try:
        said = journey.obey(line)
    except (KeyboardInterrupt, EOFError):
        said = "\nNothing was done."
    except REFUSED as reason:
        said = _told(reason)
    click.echo(_page(journey) if said is None else said)


def _begun(home: Homeroom, *, as_json: bool) -> Journey:
    try:
        return Journey(home=home, here=home.root())
    except REFUSED as reason:
        _fail(reason, as_json=as_json)


def _taken(journey: Journey, steps: Iterable[str], *, as_json: bool) -> str | None:
    """What the last step had to tell, if that is not a page; none of `as_json` tells anything."""
    said = None
    try:
        for step in _lines(steps):
            said = journey.obey(step)
            if said is not None and not as_json:
                click.echo(said)
    except Left:
        return said
    except REFUSED as reason:
        _fail(reason, as_json=as_json)
    return said


def _lines(steps: Iterable[str]) -> Iterator[str]:
    for step in steps:
        if step == STANDARD_INPUT:
            yield from map(str.strip, sys.stdin)
        else:
            yield step


def _page(journey: Journey) -> str:
    return page_of(journey.here, shutil.get_terminal_size().columns)


def _told(reason: BaseException) -> str:
    return "\n".join(map(printable, str(reason).splitlines()))


def _fail(reason: BaseException, *, as_json: bool) -> NoReturn:
    if as_json and isinstance(reason, Problem):
        click.echo(orjson.dumps(reason.members).decode())
    click.echo(f"homeroom: {_told(reason)}", err=True)
    sys.exit(1)
