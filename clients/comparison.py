"""Generate, compile and drive the SDKs against a live server, and hold the table of docs/sdks.md.

Usage: python -m clients.comparison [--write | --tools] [KEY …]; see scripts/sdk.
"""

import fcntl
import json
import re
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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
UNREACHED = "never reached, for what is said above"
ROWS = {"generated": "is generated", "compiled": "is compiled, all types checked", **STEPS}


@dataclass(frozen=True, slots=True)
class Cell:
    """How one step went; `why` unless it is ok."""

    outcome: str
    why: str = ""


Column = dict[str, Cell]


@contextmanager
def homeroom() -> Iterator[str]:
    """A server process with a database of its own, open for sign-up and without limits."""
    with TemporaryDirectory(prefix="homeroom-sdk-") as folder:
        migrate.upgrade(f"sqlite:///{Path(folder) / 'homeroom.sqlite3'}")
        program = Program(
            command=[sys.executable, "asgi.py"],
            environment={
                "HOMEROOM_ENV": "development",
                "HOMEROOM_OPEN_SIGNUP": "on",
                "HOMEROOM_DATA_DIR": folder,
                "HOMEROOM_RATE_LIMIT": "off",
                "HOMEROOM_REGISTRATION_RATE_LIMIT": "off",
                "PORT": "{port}",
            },
            ready_path="/readyz",
            processes=1,
        )
        with serving(program, "sdk", SDK / "logs") as running:
            yield running.bases[0]


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


def drive(generator: Generator, base: str) -> Column:
    """Send it on its journey; a step that it does not report has failed."""
    done = generator.run((*generator.drive, base))
    column = {step: Cell(FAILED, f"not reported: {done.stdout[-500:]}") for step in STEPS}
    for line in done.stdout.splitlines():
        if line.startswith("{"):
            told = json.loads(line)
            column[told["step"]] = Cell(told["outcome"], told.get("why", ""))
    return column


def measure(generator: Generator, base: str) -> Column:
    """Its whole column of the table; rows that were never reached have failed."""
    SDK.mkdir(parents=True, exist_ok=True)
    with (SDK / f"{generator.key}.lock").open("w") as lock:
        # Two runs at a time would build into one folder.
        fcntl.flock(lock, fcntl.LOCK_EX)
        column = {row: Cell(FAILED, UNREACHED) for row in ROWS} | build(generator)
        if column["compiled"].outcome == OK:
            column |= drive(generator, base)
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
    between = PAGE.read_text().partition(BEGIN)[2].partition(END)[0]
    rows = [re.split(r"\s*\|\s*", line.strip("| ")) for line in between.splitlines() if "|" in line]
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
    """The columns of those that this machine has the tools for."""
    columns = {}
    for generator in with_tools(generators):
        began = time.monotonic()
        with homeroom() as base:
            columns[generator.key] = measure(generator, base)
        took = time.monotonic() - began
        print(f"{generator.key}: {took:.0f} s", file=sys.stderr, flush=True)
    return columns


def main(arguments: list[str]) -> int:
    """Measure those named, or all; give 1 if something promised is lost.

    Raises:
        SystemExit: a name is unknown.
    """
    wanted = [each for each in arguments if not each.startswith("--")]
    if unknown := set(wanted) - {each.key for each in GENERATORS}:
        known = ", ".join(each.key for each in GENERATORS)
        raise SystemExit(f"There is no {', '.join(sorted(unknown))}. Known: {known}.")
    generators = [each for each in GENERATORS if not wanted or each.key in wanted]
    if "--tools" in arguments:
        return int(len(with_tools(generators)) < len(generators))
    columns = measured(generators)
    print(table(columns))
    lost = losses(columns, committed())
    if "--write" in arguments and not lost:
        write(columns)
    for line in lost:
        print(line, file=sys.stderr)
    return int(bool(lost))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
