"""Where somebody is and has been, and what each command does about it."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import httpx
import orjson

from api.cli.browsing.files import NotKept, keep, told_of
from api.cli.browsing.filling import Asks, Missing, NotThat, fill
from api.cli.browsing.pages import Choice, choices_of, name_of, printable
from homeroom_client import (
    Contradiction,
    File,
    Homeroom,
    Link,
    NotOffered,
    Problem,
    Redirected,
    Resource,
    Unfinished,
    UnknownVariable,
    Unreadable,
    problems,
)

HELP: Final = """\
NUMBER or RELATION     go there, or do it; name=value after it fills what it takes
back [N], again        the page before, or the one before that; this page as it is now
wait                   this job as it is when it has ended
history, root          where you have been; where everything begins
login NAME, login hr_… with a password, or with a token that you have; logout
save [NAME]            keep the file that you fetched, under its name or another
json                   this page as the server sent it
help, quit"""
TOKEN: Final = "hr_"  # noqa: S105  # how a token begins


class Left(Exception):
    """Whoever walked has had enough."""


class Lost(ValueError):
    """There is no such command, number or relation here; the text says so."""


REFUSED: Final = (
    *(Lost, NotKept, NotThat, Missing, Contradiction, NotOffered, UnknownVariable),
    *(Problem, Redirected, Unfinished, Unreadable, httpx.RequestError, httpx.InvalidURL),
)
"""Why a step was not taken; whoever walks is where they were."""


@dataclass(slots=True, kw_only=True)
class Journey:
    """One person's walk: `here` is what they see; `asks` is None where nobody can be asked."""

    home: Homeroom
    here: Resource
    asks: Asks | None = None
    trail: list[Resource] = field(default_factory=list)
    fetched: File | None = None
    """The last file, until it is saved or another is fetched."""

    def obey(self, line: str) -> str | None:
        """Do what a line says; gives what there is to tell, None if `here` is to be seen.

        Raises:
            Left: it says to go.
            REFUSED: it cannot be done, or the server would not; the text says why.
        """
        words = _words(line)
        if not words:
            return None
        command = COMMANDS.get(words[0])
        if command is not None:
            return command(self, words[1:])
        return self._take(self._chosen(words[0]), _pairs(words[1:]))

    def _chosen(self, word: str) -> Choice:
        choices = choices_of(self.here)
        if word.isdecimal():
            if not 1 <= int(word) <= len(choices):
                raise Lost(f"There is no number {word} here.")
            return choices[int(word) - 1]
        try:
            return Choice(link=self.here.link(word))
        except NotOffered as absent:
            if absent.blocks:
                raise
            raise Lost(f"There is no {printable(word)} here; `help` says what there is.") from None

    def _take(self, choice: Choice, given: Mapping[str, str]) -> str | None:
        link = choice.link
        if choice.entry is not None:
            if given:
                raise NotThat(f"What is in a list takes no {', '.join(given)}: go there first.")
            has_page = "self" in choice.entry.links
            self._arrive(choice.entry.refreshed() if has_page else choice.entry)
        elif link is not None and link.is_action:
            self._act(link.rel, given)
        elif link is not None:
            return self._go(link, given or self._variables(link.variables))
        return None

    def _go(self, link: Link, given: Mapping[str, str]) -> str | None:
        if link.is_file:
            self.fetched = self.here.fetch(link.rel, **given)
            return told_of(self.fetched)
        self._arrive(self.here.follow(link.rel, **given))
        return None

    def _variables(self, names: Sequence[str]) -> Mapping[str, str]:
        if self.asks is None or not names:
            return {}
        self.asks.tell("May be given: " + " ".join(names))
        return _pairs(_words(self.asks("name=value …, or Enter: ")))

    def _act(self, rel: str, given: Mapping[str, str]) -> None:
        values = fill(self.here.form(rel), given, self.asks)
        done = self.here.act(rel, values)
        if done is None:
            self._retreat()
            return
        if str(done.document.get("token", "")).startswith(TOKEN):
            self.home.use(done["token"])
        self._arrive(done)

    def _retreat(self) -> None:
        """Stay if the page is there still, else go to the nearest before it: more may be gone.

        Raises:
            Lost: nobody answers.
        """
        before = [*self.trail, self.here]
        try:
            while before:
                page = before.pop()
                with contextlib.suppress(Problem):
                    self.here, self.trail = page.refreshed(), before
                    return
            self.trail = []
            self.here = self.home.root()
        except problems.InvalidToken:
            # It was the token itself.
            self.log_out(())
        except REFUSED as reason:
            raise Lost(f"It is done. But then: {reason}") from reason

    def _arrive(self, there: Resource) -> None:
        if there.url != self.here.url:
            self.trail.append(self.here)
        self.here = there

    def back(self, words: Sequence[str]) -> None:
        """Return by so many steps, to what is there now."""
        said = " ".join(words) or "1"
        if not said.isdecimal():
            raise Lost(f"{printable(said)} is no number of pages: say back, or back 2.")
        steps = int(said)
        if not 1 <= steps <= len(self.trail):
            raise Lost("You have not been anywhere before that.")
        there = self.trail[-steps].refreshed()
        del self.trail[-steps:]
        self.here = there

    def again(self, _: Sequence[str]) -> None:
        """Look anew."""
        self.here = self.here.refreshed()

    def wait(self, _: Sequence[str]) -> None:
        """Look anew until the job that is here has ended.

        Raises:
            Lost: this is none.
            Unfinished: it takes longer than anybody would wait.
        """
        if "progress" not in self.here:
            raise Lost("This is no job: there is nothing to wait for.")
        self.here = self.here.finished()

    def root(self, _: Sequence[str]) -> None:
        """Go where everything begins."""
        self._arrive(self.home.root())

    def history(self, _: Sequence[str]) -> str:
        """Where one has been, the last place first."""
        been = enumerate(reversed(self.trail), 1)
        lines = [f"back {n:<3} {name_of(page)}  {printable(page.url)}" for n, page in been]
        return "\n".join(lines) or "You have just begun."

    def save(self, words: Sequence[str]) -> str:
        """Keep the file that was fetched last, where nothing of that name is."""
        if self.fetched is None:
            raise Lost("You have fetched no file: go to one first.")
        kept = keep(self.fetched, " ".join(words) or None)
        self.fetched = None
        return kept

    def as_json(self, _: Sequence[str] = ()) -> str:
        """The page as the server sent it."""
        return orjson.dumps(self.here.document, option=orjson.OPT_INDENT_2).decode()

    def log_in(self, words: Sequence[str]) -> str:
        """Speak for somebody: by a token, or by a name and a password that is asked for."""
        if not words:
            raise Lost("login NAME, or login hr_…")
        if words[0].startswith(TOKEN):
            self.home.use(words[0])
        elif self.asks is None:
            raise Lost("A password can only be asked for in a terminal; use --token.")
        else:
            self.home.log_in(words[0], self.asks("password: ", is_secret=True))
        self.here = self.here.refreshed()
        return "You are logged in."

    def log_out(self, _: Sequence[str]) -> None:
        """Speak for nobody, from the root on; the token lives on."""
        self.home.use(None)
        self.trail.clear()
        self.here = self.home.root()

    def leave(self, _: Sequence[str]) -> str:
        """End the walk.

        Raises:
            Left: always.
        """
        raise Left


COMMANDS: Final[Mapping[str, Callable[[Journey, Sequence[str]], str | None]]] = {
    "back": Journey.back,
    "again": Journey.again,
    "wait": Journey.wait,
    "root": Journey.root,
    "history": Journey.history,
    "save": Journey.save,
    "json": Journey.as_json,
    "login": Journey.log_in,
    "logout": Journey.log_out,
    "help": lambda *_: HELP,
    "?": lambda *_: HELP,
    "quit": Journey.leave,
    "q": Journey.leave,
}


def _words(line: str) -> list[str]:
    """The words of a line, as a shell takes them.

    Raises:
        Lost: a quotation has no end.
    """
    try:
        return shlex.split(line)
    except ValueError as reason:
        raise Lost(f"{reason}.") from None


def _pairs(words: Sequence[str]) -> dict[str, str]:
    """`name=value` words as values.

    Raises:
        NotThat: a word has no `=`.
    """
    wrong = [word for word in words if "=" not in word]
    if wrong:
        raise NotThat(f"{printable(wrong[0])}: say name=value")
    return dict(word.split("=", 1) for word in words)
