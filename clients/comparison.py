"""Generate, compile and drive the SDKs against a live server, and hold the table of docs/sdks.md.

Usage: python -m clients.comparison [--whole | --write | --tools] [KEY …]; see scripts/sdk.
"""

import fcntl
import json
import re
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from api.models import migrate
from benchmarks.servers import Program, serving
from clients.generators import GENERATORS, ROOT, SDK, Generator
from clients.journey import STEPS

PAGE = ROOT / "docs/sdks.md"
BEGIN, END = "<!-- begin of the table -->\n", "<!-- end of the table -->\n"
OK, CANNOT, FAILED = "ok", "not expressible", "failed"
LIMIT = "60/hour"
"""Commands on seats: three times as many as the journey needs before it hurries."""
UNREACHED = "never reached, for what is said above"
ROWS = {"generated": "is generated", "compiled": "is compiled, all types checked", **STEPS}


@dataclass(frozen=True, slots=True)
class Cell:
    """How one step went; `why` unless it is ok."""

    outcome: str
    why: str = ""


Column = dict[str, Cell]
Bases = Sequence[str]
"""The addresses that a driver is given."""


@contextmanager
def homerooms() -> Iterator[Bases]:
    """Two server processes: one that has all to refuse with, and one whose database is away."""
    with TemporaryDirectory(prefix="homeroom-sdk-") as folder, ExitStack() as stack:
        migrate.upgrade(f"sqlite:///{Path(folder) / 'homeroom.sqlite3'}")
        with_database = {"HOMEROOM_RATE_LIMIT": "off", "HOMEROOM_REGISTRATION_RATE_LIMIT": LIMIT}
        # Nobody listens at that port.
        without = {"HOMEROOM_DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1:1/away"}
        bases = []
        for module, environment in (("tests.sdk.refusing", with_database), ("asgi", without)):
            program = Program(
                command=[sys.executable, "-m", module],
                environment={
                    "HOMEROOM_ENV": "development",
                    "HOMEROOM_OPEN_SIGNUP": "on",
                    "HOMEROOM_DATA_DIR": folder,
                    "PORT": "{port}",
                    **environment,
                },
                ready_path="/healthz",
                processes=1,
            )
            bases += stack.enter_context(serving(program, "sdk", SDK / "logs")).bases
        yield bases


def build(generator: Generator) -> Column:
    """Generate and compile it; the first thing that fails says why."""
    generator.lay_out()
    column = {}
    parts = {"generated": generator.generate, "compiled": generator.compile}
    for row, commands in parts.items():
        for command in commands:
            done = generator.run(command)
            said = done.stdout if done.returncode else None
            if row == "generated":
                said = said or generator.complaint(done.stdout)
            if said:
                return column | {row: Cell(FAILED, said[-2000:])}
        column[row] = Cell(OK)
    return column


def drive(generator: Generator, bases: Bases) -> Column:
    """Send it on its journey; a step that it does not report has failed."""
    done = generator.run((*generator.drive, *bases))
    column = {step: Cell(FAILED, f"not reported: {done.stdout[-500:]}") for step in STEPS}
    for line in done.stdout.splitlines():
        if line.startswith("{"):
            told = json.loads(line)
            column[told["step"]] = Cell(told["outcome"], told.get("why", ""))
    return column


def measure(generator: Generator, bases: Bases) -> Column:
    """Its whole column of the table; rows that were never reached have failed."""
    SDK.mkdir(parents=True, exist_ok=True)
    with (SDK / f"{generator.key}.lock").open("w") as lock:
        # Two runs at a time would build into one folder.
        fcntl.flock(lock, fcntl.LOCK_EX)
        column = {row: Cell(FAILED, UNREACHED) for row in ROWS} | build(generator)
        if column["compiled"].outcome == OK:
            column |= drive(generator, bases)
    return column


def table(columns: dict[str, Column]) -> str:
    """A table in Markdown, and under it the reason of every cell that is not ok."""
    names = [each.key for each in GENERATORS if each.key in columns]
    lines = ["", f"| step | {' | '.join(names)} |", "| --- |" + " --- |" * len(names)]
    lines += [
        f"| {row}: {words} | {' | '.join(columns[name][row].outcome for name in names)} |"
        for row, words in ROWS.items()
    ]
    reasons = [
        f"- `{name}`, {row}: {cell.why}"
        for name in names
        for row, cell in columns[name].items()
        if cell.outcome != OK and cell.why != UNREACHED
    ]
    return "\n".join([*lines, "", *reasons, ""] if reasons else [*lines, ""])


def committed() -> dict[str, dict[str, str]]:
    """The outcomes that docs/sdks.md promises: generator, then row."""
    return outcomes_of(PAGE.read_text().partition(BEGIN)[2].partition(END)[0])


def outcomes_of(text: str) -> dict[str, dict[str, str]]:
    """What a table in Markdown says: generator, then row."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    rows = [re.split(r"\s*\|\s*", line.strip("| ")) for line in lines]
    if not rows:
        return {}
    names, steps = rows[0][1:], rows[2:]
    return {
        name: {cells[0].partition(":")[0]: cells[number] for cells in steps}
        for number, name in enumerate(names, 1)
    }


def losses(columns: dict[str, Column], promised: dict[str, dict[str, str]]) -> list[str]:
    """What is promised as ok and is not, and what failed without ever being promised."""
    found = []
    for name, column in columns.items():
        for row, cell in column.items():
            if cell.why == UNREACHED:
                continue
            kept = promised.get(name, {}).get(row, OK)
            if cell.outcome == FAILED or (kept == OK and cell.outcome != OK):
                found.append(f"{name}, {row}: {cell.outcome}: {cell.why}")
    return found


def write(columns: dict[str, Column]) -> None:
    """Put the table on its page."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(before + BEGIN + table(columns) + "\n" + END + rest.partition(END)[2])


def with_tools(generators: Sequence[Generator]) -> list[Generator]:
    """Those whose tools this machine has; it says which it leaves out, and why."""
    able = []
    for generator in generators:
        if reason := generator.tools():
            print(f"{generator.key} is left out: {reason}", file=sys.stderr)
        else:
            able.append(generator)
    return able


def measured(generators: Sequence[Generator]) -> dict[str, Column]:
    """Their columns, one after the other."""
    columns = {}
    for generator in generators:
        began = time.monotonic()
        with homerooms() as bases:
            columns[generator.key] = measure(generator, bases)
        took = time.monotonic() - began
        print(f"{generator.key}: {took:.0f} s", file=sys.stderr, flush=True)
    return columns


def main(arguments: list[str]) -> int:
    """Measure those named, or all; give 1 if something promised is lost, or one is missed.

    Raises:
        SystemExit: a name is unknown, or the table would have only those that are named.
    """
    wanted = [each for each in arguments if not each.startswith("--")]
    if unknown := set(wanted) - {each.key for each in GENERATORS}:
        known = ", ".join(each.key for each in GENERATORS)
        raise SystemExit(f"There is no {', '.join(sorted(unknown))}. Known: {known}.")
    if wanted and "--write" in arguments:
        raise SystemExit("--write puts the whole table on its page: name none.")
    generators = [each for each in GENERATORS if not wanted or each.key in wanted]
    able = with_tools(generators)
    is_missed = len(able) < len(generators)
    if "--tools" in arguments:
        return int(is_missed)
    columns = measured(able)
    print(table(columns))
    lost = losses(columns, committed())
    for line in lost:
        print(line, file=sys.stderr)
    # Who names nothing takes what there is, but a page without a column would promise less.
    failed = bool(lost) or (is_missed and bool(arguments))
    if "--write" in arguments and not failed:
        write(columns)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
