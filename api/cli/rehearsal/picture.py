"""The picture of the day: seats taken, the line, requests per second and latency."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from pathlib import Path
from typing import Any

from api.cli.rehearsal.demand import Command
from api.cli.rehearsal.journal import Journal
from api.cli.rehearsal.ledger import Move
from api.cli.rehearsal.servers import Kill

BINS = 120
INK = {"seats": "#1b6ca8", "line": "#c45a11", "rate": "#3a7d44", "p50": "#6a4c93", "p99": "#b23a48"}


class NoPicture(Exception):
    """The package that draws is not installed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What is drawn. `moves` carry the server's clock, `began` is this clock at the start."""

    title: str
    began: datetime
    seconds: float
    journal: Journal
    commands: Sequence[Command]
    moves: Sequence[Move]
    kills: Sequence[Kill]
    foretold: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Bin:
    """One slice of the day: its middle in seconds, answers per second, latencies in ms."""

    middle: float
    rate: float
    p50: float | None
    p99: float | None


def percentile(ordered: Sequence[float], share: float) -> float:
    """The value below which `share` of the ordered values lie (nearest rank)."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def binned(journal: Journal, seconds: float, bins: int = BINS) -> list[Bin]:
    """Sort the samples into equal slices of the run, by the moment of their answer."""
    width = max(seconds, 1e-6) / bins
    slices: list[list[float]] = [[] for _ in range(bins)]
    for sent, took in zip(journal.sent, journal.took, strict=True):
        slices[min(bins - 1, int((sent + took) / width))].append(took * 1000)
    return [
        Bin(
            (place + 0.5) * width,
            len(ordered) / width,
            percentile(ordered, 0.50) if ordered else None,
            percentile(ordered, 0.99) if ordered else None,
        )
        for place, ordered in enumerate(map(sorted, slices))
    ]


def curves(moves: Sequence[Move], began: datetime) -> tuple[list[float], list[int], list[int]]:
    """Seats taken and length of the line over the seconds of the run, summed over all classes."""
    ordered = sorted(moves, key=lambda move: move.at)
    return (
        [(move.at - began).total_seconds() for move in ordered],
        list(accumulate(move.seats for move in ordered)),
        list(accumulate(move.waiting for move in ordered)),
    )


def dates(day: Day, count: int = 7) -> list[tuple[float, str]]:
    """Which moment of the demand was being replayed, at a few seconds of the run."""
    by_number = {command.number: command.at for command in day.commands}
    samples = sorted(zip(day.journal.sent, day.journal.numbers, strict=True))
    if not samples:
        return []
    seconds = [sent for sent, _ in samples]
    marks = [day.seconds * step / (count - 1) for step in range(count)]
    nearest = [samples[min(len(samples) - 1, bisect_left(seconds, mark))][1] for mark in marks]
    return [
        (mark, f"{by_number[number]:%d %b %H:%M}")
        for mark, number in zip(marks, nearest, strict=True)
    ]


def draw(day: Day, to: Path) -> None:
    """Write the picture as a PNG file.

    Raises:
        NoPicture: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as absent:
        raise NoPicture("no picture: matplotlib is not installed (homeroom[picture])") from absent
    figure = Figure(figsize=(11, 10), layout="constrained")
    seats, line, rate, latency = figure.subplots(4, 1, sharex=True)
    figure.suptitle(day.title)
    _people(day, seats, line)
    _traffic(day, rate, latency)
    for axes in (seats, line, rate, latency):
        axes.grid(visible=True, alpha=0.3)
        axes.set_xlim(0, max(day.seconds, 1e-6))
        for kill in day.kills:
            axes.axvline(kill.at_seconds, color="black", linestyle=":", linewidth=1)
    top = seats.secondary_xaxis("top")
    marks = dates(day)
    top.set_xticks([mark for mark, _ in marks], [label for _, label in marks], fontsize=8)
    figure.savefig(to, dpi=110)


def _people(day: Day, seats: Any, line: Any) -> None:
    moments, taken, waiting = curves(day.moves, day.began)
    seats.step(moments, taken, where="post", color=INK["seats"])
    line.step(moments, waiting, where="post", color=INK["line"])
    seats.set_ylabel("seats taken")
    line.set_ylabel("on the waitlists")
    for axes in (seats, line):
        axes.yaxis.set_major_formatter("{x:,.0f}")
    if day.foretold is not None:
        for axes, end in zip((seats, line), day.foretold, strict=True):
            axes.axhline(end, color="grey", linestyle="--", linewidth=1)
            axes.annotate(f" foretold: {end:,}", (0, end), fontsize=8, va="bottom")


def _traffic(day: Day, rate: Any, latency: Any) -> None:
    slices = binned(day.journal, day.seconds)
    rate.plot([one.middle for one in slices], [one.rate for one in slices], color=INK["rate"])
    rate.set_ylabel("answers per second")
    rate.set_ylim(bottom=0)
    busy = [one for one in slices if one.p50 is not None]
    for name in ("p50", "p99"):
        values = [getattr(one, name) for one in busy]
        latency.plot([one.middle for one in busy], values, color=INK[name], label=name)
    latency.set_yscale("log")
    latency.set_ylabel("latency, ms (retries included)")
    latency.set_xlabel("seconds of the run; dotted: kill -9" if day.kills else "seconds of the run")
    if busy:
        latency.legend(loc="upper right")
