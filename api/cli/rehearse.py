"""`homeroom rehearse`: a registration day from a file of demand, replayed and judged."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

import click
import orjson
import uvloop

from api.cli.rehearsal.client import Address, GaveUp
from api.cli.rehearsal.demand import DemandBroken, read_demand
from api.cli.rehearsal.directory import NotReady, Tokens, read_tokens
from api.cli.rehearsal.oracle import foretell, read_seats, totals
from api.cli.rehearsal.picture import Day, NoPicture, draw
from api.cli.rehearsal.report import Report
from api.cli.rehearsal.run import Outcome, Plan, Rehearsal
from api.cli.rehearsal.school import School, temporary_school
from api.cli.rehearsal.servers import ROOT, Fleet, ServerFailed, four_workers, one_program
from api.cli.rehearsal.verdict import Check, check

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What was asked for on the command line; the names are those of the options."""

    demand: Path
    catalogue: Path
    students: Path
    url: tuple[str, ...]
    tokens: Path | None
    database: str
    connections: int
    speed: float | None
    limit: int | None
    kills: int
    seed: int
    conflicts: str
    rate_limit: str
    output: Path
    keep: bool
    as_json: bool


class Speed(click.ParamType[float | None]):
    """`max`, or how many times faster than the real day."""

    name = "max|N"

    def convert(self, value: Any, param: Any, ctx: Any) -> float | None:
        if value in (None, "max"):
            return None
        try:
            speed = float(value)
        except ValueError:
            self.fail(f"{value!r} is neither max nor a number", param, ctx)
        if not speed > 0:
            self.fail("a speed is greater than 0", param, ctx)
        return speed


@click.command()
@click.option("--demand", type=Path, required=True, help="CSV of events, .gz or not; - is stdin.")
@click.option("--catalogue", type=Path, help="Folder of the sections file. [default: demand's]")
@click.option("--students", type=Path, help="CSV of students. [default: beside the demand]")
@click.option("--url", multiple=True, help="A running server, instead of our own; repeatable.")
@click.option("--tokens", type=Path, help="JSON lines of `homeroom tokens issue`; with --url.")
@click.option(
    "--database", default="sqlite", show_default=True, help="sqlite, postgresql or a URL."
)
@click.option("--connections", default=32, show_default=True, type=click.IntRange(1, 1024))
@click.option("--speed", type=Speed(), default="max", show_default=True)
@click.option("--limit", type=click.IntRange(1), help="Only the first events.")
@click.option("--kills", default=0, type=click.IntRange(0, 1000), help="kill -9 so many times.")
@click.option("--seed", default=20220212, show_default=True, help="Chooses the moments of kills.")
@click.option("--conflicts", type=click.Choice(["ignore", "block"]), default="ignore")
@click.option(
    "--rate-limit", default="off", show_default=True, help="off, default or a student's: 60/minute."
)
@click.option("--output", type=Path, help="Folder of the results. [default: benchmarks/results]")
@click.option("--keep", is_flag=True, help="Leave the database and the logs where they are.")
@click.option("--json", "as_json", is_flag=True, help="Print the results file, not the table.")
def rehearse(**given: Any) -> None:
    """Replay a registration day as its students, and judge what stands afterwards.

    Ends with status 0 if every check holds, 1 if one is broken, 2 if the day could not be run.
    """
    options = _options(given)
    # Servers of ours must not outlive this command, however it is asked to end.
    previous = signal.signal(signal.SIGTERM, _leave)
    try:
        report = _rehearse(options)
    except (DemandBroken, GaveUp, NotReady, ServerFailed) as reason:
        raise click.UsageError(str(reason)) from reason
    finally:
        signal.signal(signal.SIGTERM, previous)
    if options.as_json:
        click.echo(orjson.dumps(report.as_json()))
    else:
        click.echo(report.table())
    sys.exit(0 if report.holds else 1)


def _leave(*_: object) -> None:
    sys.exit(128 + signal.SIGTERM)


def _options(given: dict[str, Any]) -> Options:
    if bool(given["url"]) is not bool(given["tokens"]):
        raise click.UsageError("--url and --tokens belong together")
    if given["url"] and given["kills"]:
        raise click.UsageError("--kills needs servers of our own, so it goes without --url")
    beside = given["demand"].parent
    if str(given["demand"]) == "-" and not (given["catalogue"] and given["students"]):
        raise click.UsageError("--demand - needs --catalogue and --students")
    given["catalogue"] = given["catalogue"] or beside
    name = given["demand"].name.replace("events", "students")
    given["students"] = given["students"] or beside / name
    given["output"] = given["output"] or ROOT / "benchmarks" / "results"
    return Options(**given)


def _rehearse(options: Options) -> Report:
    commands = read_demand(options.demand, options.limit)
    expected = foretell(commands, read_seats(options.catalogue))
    if not commands:
        raise DemandBroken(f"{options.demand}: no events")

    def plan(tokens: Tokens) -> Plan:
        return Plan(
            commands=commands,
            expected=expected,
            tokens=tokens,
            connections=options.connections,
            speed=options.speed,
            kills=options.kills,
            seed=options.seed,
            conflicts_block=options.conflicts == "block",
        )

    if options.url:
        return _on_their_server(options, plan)
    # A short run seeds only the students who take part in it.
    only = None if options.limit is None else {command.student for command in commands}
    return _on_our_own(options, plan, only)


def _on_their_server(options: Options, plan: Callable[[Tokens], Plan]) -> Report:
    assert options.tokens is not None
    agreed = plan(read_tokens(options.tokens))
    try:
        addresses = [Address.of(url) for url in options.url]
    except ValueError as wrong:
        raise NotReady(str(wrong)) from wrong
    rehearsal = Rehearsal(plan=agreed, addresses=addresses, bars=not options.as_json)
    outcome = _awaited(rehearsal.run)
    reached = "HOMEROOM_DATABASE_URL" in os.environ
    school = School(work=options.output, env=dict(os.environ), dialect="remote")
    return _reported(options, agreed, outcome, school, verified=reached)


def _on_our_own(options: Options, plan: Callable[[Tokens], Plan], only: set[str] | None) -> Report:
    with temporary_school(
        options.database, rate_limit=options.rate_limit, keep=options.keep
    ) as school:
        agreed = plan(school.fill(options.catalogue, options.students, only=only))
        form = one_program if school.dialect == "sqlite" else four_workers
        with _serving(form(school.env, school.work)) as fleet:
            rehearsal = Rehearsal(
                plan=agreed, addresses=fleet.addresses, fleet=fleet, bars=not options.as_json
            )
            outcome = _awaited(rehearsal.run, before=fleet.start)
            return _reported(options, agreed, outcome, school, verified=True)


@contextmanager
def _serving(fleet: Fleet) -> Iterator[Fleet]:
    try:
        yield fleet
    finally:
        fleet.stop()


def _awaited(
    run: Callable[[], Awaitable[_T]], before: Callable[[], Awaitable[None]] | None = None
) -> _T:
    """Run on uvloop; of several failures at once, the first is the one to report."""

    async def whole() -> _T:
        if before is not None:
            await before()
        return await run()

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(whole())
    except BaseExceptionGroup as several:
        raise _first(several) from several


def _first(failure: BaseException) -> BaseException:
    while isinstance(failure, BaseExceptionGroup):
        failure = failure.exceptions[0]
    return failure


def _reported(
    options: Options, plan: Plan, outcome: Outcome, school: School, *, verified: bool
) -> Report:
    checks = [*outcome.checks, *([_verified(school)] if verified else [])]
    enrolled, waitlisted = totals(plan.expected)
    report = Report(
        settings={
            "demand": f"{options.demand.name}, {len(plan.commands):,} events",
            "foretold": f"{enrolled:,} enrolled, {waitlisted:,} waitlisted",
            "server": ", ".join(options.url) or school.dialect,
            "connections": options.connections,
            "speed": options.speed or "max",
            "conflicts": options.conflicts,
            "rate limit": "theirs" if options.url else options.rate_limit,
            "seed": options.seed,
        },
        seconds=outcome.seconds,
        journal=outcome.journal,
        tally=outcome.tally,
        kills=outcome.kills,
        checks=checks,
        timings=school.timings,
    )
    _keep(options, plan, outcome, report, school.dialect)
    return report


def _verified(school: School) -> Check:
    try:
        school.run("verify", name="verify")
    except NotReady as broken:
        return check("homeroom verify finds every invariant to hold", 1, [str(broken)])
    return check("homeroom verify finds every invariant to hold", 1, [])


def _keep(options: Options, plan: Plan, outcome: Outcome, report: Report, dialect: str) -> None:
    options.output.mkdir(parents=True, exist_ok=True)
    block = plan.conflicts_block
    name = f"rehearsal-{dialect}{'-block' if block else ''}-{outcome.began:%Y%m%dT%H%M%SZ}"
    report.write(options.output / f"{name}.json")
    day = Day(
        title=f"{len(plan.commands):,} requests and drops on {dialect}, "
        f"{options.connections} connections, {len(outcome.kills)} kills",
        began=outcome.began,
        seconds=outcome.seconds,
        journal=outcome.journal,
        commands=plan.commands,
        moves=list(chain.from_iterable(f.ledger.moves for f in outcome.finals.values())),
        kills=outcome.kills,
        foretold=None if block else totals(plan.expected),
    )
    written: Sequence[str] = [f"{name}.json", f"{name}.png"]
    try:
        draw(day, options.output / written[1])
    except NoPicture as absent:
        click.echo(str(absent), err=True)
        written = written[:1]
    click.echo(f"written to {options.output}: {', '.join(written)}", err=True)
