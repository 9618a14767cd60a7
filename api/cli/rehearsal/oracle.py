"""What must stand at the end of the day, told from the demand alone and never from the server."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from api.cli.rehearsal.demand import Command, DemandBroken, by_student, open_text

SECTIONS = "*sections.jsonl*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """How a class must end: `capacity` null means that there is no limit."""

    capacity: int | None
    live: int

    @property
    def enrolled(self) -> int:
        return self.live if self.capacity is None else min(self.capacity, self.live)

    @property
    def waitlisted(self) -> int:
        return self.live - self.enrolled


def read_seats(catalogue: Path) -> dict[str, int | None]:
    """Read the seats of every section from the one sections file of a catalogue folder.

    Raises:
        DemandBroken: the folder has no such file, or more than one.
    """
    found = sorted(catalogue.glob(SECTIONS))
    if len(found) != 1:
        raise DemandBroken(f"{catalogue}: {len(found)} files match {SECTIONS}, one is needed")
    with open_text(found[0]) as lines:
        sections = [json.loads(line) for line in lines if line.strip()]
    return {section["section_id"]: section["seats"] for section in sections}


def foretell(commands: Iterable[Command], seats: Mapping[str, int | None]) -> dict[str, Expected]:
    """Tell each requested section's end: enrolled = min(capacity, requests - drops).

    This holds in whatever order the students are served, as long as each student's own order
    is kept: a seat that falls free goes to the line at once, so a class is full or nobody waits.

    Raises:
        DemandBroken: a student asks for a section already held or leaves one that is not held
            (then the end would depend on answers), or a section is not in the catalogue.
    """
    live: Counter[str] = Counter()
    for student, stream in by_student(commands).items():
        held: set[str] = set()
        for command in stream:
            if (command.section in held) is (command.action == "request"):
                verb = "asks again for" if command.action == "request" else "leaves"
                raise DemandBroken(
                    f"event {command.number}: {student} {verb} {command.section} "
                    f"{'while holding' if command.action == 'request' else 'without holding'} it"
                )
            held ^= {command.section}
            live[command.section] += 1 if command.action == "request" else -1
    unknown = sorted(set(live) - set(seats))
    if unknown:
        raise DemandBroken(f"sections not in the catalogue: {', '.join(unknown[:5])}")
    return {
        section: Expected(capacity=seats[section], live=count) for section, count in live.items()
    }


def totals(expected: Mapping[str, Expected]) -> tuple[int, int]:
    """Enrolled and waitlisted students of all sections together."""
    ends = expected.values()
    return sum(end.enrolled for end in ends), sum(end.waitlisted for end in ends)
