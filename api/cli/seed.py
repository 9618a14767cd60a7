"""`homeroom seed`: a demonstration, a real catalogue, or students from a file."""

import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from ipaddress import ip_address
from pathlib import Path

import click
import orjson
from marshmallow import ValidationError
from tqdm import tqdm

from api.cli.installation.opening import Installation, installation
from api.settings import Settings


@dataclass(slots=True)
class Report:
    """What was made, and how long it took."""

    counts: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def note(self, what: str, seconds: float, **counts: int) -> None:
        """Add one part of the work."""
        self.counts |= counts
        self.seconds[what] = round(seconds, 3)

    def __str__(self) -> str:
        """One line: the counts, then the seconds."""
        counts = ", ".join(f"{count:,} {what}" for what, count in self.counts.items())
        seconds = ", ".join(f"{what} {took:.1f} s" for what, took in self.seconds.items())
        return f"{counts} ({seconds})"


@click.command()
@click.option("--demo", is_flag=True, help="A small school, if the database is empty.")
@click.option("--catalogue", type=Path, metavar="DIR", help="Courses and classes from files.")
@click.option("--students", type=Path, metavar="FILE", help="A CSV with the column student; or -.")
@click.option("--organization", metavar="SLUG", help="Its short name. [default: the catalogue's]")
@click.option(
    "--starts-on",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The Monday of the term. [default: the first in at least 8 weeks]",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def seed(
    *,
    demo: bool,
    catalogue: Path | None,
    students: Path | None,
    organization: str | None,
    starts_on: datetime | None,
    as_json: bool,
) -> None:
    """Fill the configured database with a school, through the use-cases that the API serves."""
    if not (demo or catalogue or students):
        raise click.UsageError("say what: --demo, --catalogue DIR, --students FILE")
    report = Report()
    with installation() as here:
        if demo:
            _demonstrate(here, as_json=as_json)
        if catalogue:
            monday = None if starts_on is None else starts_on.date()
            organization = _sow(
                here, catalogue, organization, monday, report=report, bar=not as_json
            )
        if students:
            _enrol(here, students, organization, report=report, bar=not as_json)
        here.database.analyze()
    if report.counts:
        document = orjson.dumps({"counts": report.counts, "seconds": report.seconds})
        click.echo(document if as_json else str(report))


def _demonstrate(here: Installation, *, as_json: bool) -> None:
    from api.cli.seeding import demonstration

    is_made = _is_private(here.settings) and demonstration.fill(here)
    with here.database.read() as tx:
        logins = demonstration.logins(tx)
    if as_json:
        people = [{"username": one.username, "password": one.password} for one in logins]
        click.echo(orjson.dumps({"made": is_made, "logins": people}))
        return
    if not logins and not _is_private(here.settings):
        click.echo(
            "No demonstration here: its passwords are known to everybody, so it is made in"
            " development (HOMEROOM_ENV) and on loopback (HOST) alone."
        )
    elif is_made:
        click.echo(f"Made a demonstration school in {here.settings.data_dir}/")
    for one in logins:
        click.echo(f"  {one.username:<12} {one.password or '(a password of their own)'}")


def _is_private(settings: Settings) -> bool:
    try:
        is_loopback = ip_address(settings.host).is_loopback
    except ValueError:
        is_loopback = settings.host == "localhost"
    return settings.development and is_loopback


def _sow(
    here: Installation,
    folder: Path,
    slug: str | None,
    starts_on: date | None,
    *,
    report: Report,
    bar: bool,
) -> str:
    from api.cli.seeding import catalogue as catalogues

    began = time.monotonic()
    try:
        catalogue = catalogues.Catalogue.read(folder)
        move = catalogues.shift(here.clock.now().date(), starts_on)
        slug = slug or catalogue.name.replace("_", "-")
        sowing = catalogues.Sowing(here=here, catalogue=catalogue, slug=slug, move=move)
        total = len(catalogue.courses) + len(catalogue.sections)
        _follow(sowing.sow(), total, "catalogue", bar=bar)
    except (catalogues.CatalogueBroken, ValidationError) as broken:
        sys.exit(f"homeroom: {folder}: {broken}")
    report.note(
        "catalogue",
        time.monotonic() - began,
        courses=len(catalogue.courses),
        classes=len(catalogue.sections),
    )
    return slug


def _enrol(here: Installation, path: Path, slug: str | None, *, report: Report, bar: bool) -> None:
    from api.cli.seeding import roster

    began = time.monotonic()
    try:
        organization_id = roster.school_named(here, slug)
        external_ids = roster.read(path)
    except roster.RosterBroken as broken:
        sys.exit(f"homeroom: {broken}")
    work = roster.enrol(here, organization_id, external_ids)
    made = _follow(work, len(external_ids), "students", bar=bar)
    report.note("students", time.monotonic() - began, students=made)


def _follow(work: Iterable[int], total: int, what: str, *, bar: bool) -> int:
    """Do the work under a progress bar (none where standard error is no terminal); count it."""
    done = 0
    with tqdm(total=total, desc=what, unit="", disable=None if bar else True) as progress:
        for made in work:
            done += made
            progress.update(made)
    return done
