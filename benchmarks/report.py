"""The results: a table to read, JSON to compute with, and a picture."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.goals import Line
from benchmarks.jobs import TITLES, Job
from benchmarks.measure import Sample, Shape

HEADINGS = (
    "subject | server | requests/s | against (c) | against (c2) | p50 ms | p99 ms"
    " | server CPU µs | database CPU µs | quiet rounds | verdict"
)
OURS_COLOUR, PEER_COLOUR = "#1f6f54", "#9aa5ad"


def table(found: Sequence[Line]) -> str:
    """Every job as a Markdown table of its own."""
    parts = []
    for job in Job:
        rows = [line for line in found if line.job is job]
        if rows:
            columns = HEADINGS.count("|") + 1
            head = f"### {TITLES[job]}\n\n| {HEADINGS} |\n|{' --- |' * columns}\n"
            parts.append(head + "".join(f"| {_cells(line)} |\n" for line in rows))
    return "\n".join(parts)


def _cells(line: Line) -> str:
    database = "" if line.database_us is None else f"{line.database_us:.0f}"
    cells = (
        f"({line.subject.key}) {line.subject.title}",
        line.subject.server,
        f"{line.rate:,.0f}",
        _times(line.ratio),
        _times(line.fast_ratio),
        f"{line.p50_ms:.1f}",
        f"{line.p99_ms:.1f}",
        f"{line.server_us:.0f}",
        database,
        f"{line.kept} of {line.taken}",
        line.verdict,
    )
    return " | ".join(cells)


def _times(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f} x"


def conditions(shape: Shape, postgres_version: str) -> dict[str, object]:
    """What a reader has to know to compare two results."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "postgresql": postgres_version,
        "processors": os.cpu_count(),
        **asdict(shape),
    }


def write(
    folder: Path, name: str, *, found: Sequence[Line], samples: Sequence[Sample], about: dict
) -> None:
    """Write `name`.md, `name`.json and `name`.png into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    said = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in about.items())
    faults = sorted({f"{s.subject}, {s.job}: {fault}" for s in samples for fault in s.faults})
    wrong = "".join(f"- {fault}\n" for fault in faults) or "- none\n"
    (folder / f"{name}.md").write_text(
        f"# Results\n\n{said}.\n\n{table(found)}\n### Wrong answers\n\n{wrong}\n![]({name}.png)\n"
    )
    whole = {"about": about, "samples": [asdict(sample) for sample in samples]}
    (folder / f"{name}.json").write_text(json.dumps(whole, indent=1) + "\n")
    picture(folder / f"{name}.png", found)


def picture(path: Path, found: Sequence[Line]) -> None:
    """One strip of bars for each job: answers per second, ours in colour.

    The ceilings of the servers are left out, unless there is nothing else: they dwarf the rest.
    """
    drawn = [line for line in found if line.subject.family != "e"] or list(found)
    jobs = [job for job in Job if any(line.job is job for line in drawn)]
    if not jobs:
        return
    counts = [sum(line.job is job for line in drawn) for job in jobs]
    height = 0.9 * len(jobs) + 0.32 * sum(counts)
    figure = Figure(figsize=(9, height), layout="constrained")
    axes = figure.subplots(len(jobs), 1, height_ratios=counts, squeeze=False)
    for axis, job in zip(axes[:, 0], jobs, strict=True):
        _strip(axis, TITLES[job], [line for line in drawn if line.job is job][::-1])
    axes[-1, 0].set_xlabel("answers per second, median of the quiet rounds")
    figure.savefig(path, dpi=130)


def _strip(axis: Axes, title: str, rows: Sequence[Line]) -> None:
    names = [f"{line.subject.key} · {_short(line.subject.server)}" for line in rows]
    ours = [line.subject.key.startswith("ours") for line in rows]
    colours = [OURS_COLOUR if own else PEER_COLOUR for own in ours]
    bars = axis.barh(names, [line.rate for line in rows], color=colours)
    axis.bar_label(bars, labels=[_label(line) for line in rows], padding=4, fontsize=8)
    axis.set_title(title, loc="left", fontsize=10, fontweight="bold")
    axis.set_xlim(0, max(line.rate for line in rows) * 1.2)
    axis.tick_params(labelsize=8)
    axis.spines[["top", "right"]].set_visible(False)


def _short(server: str) -> str:
    return server.partition(",")[0].partition(" (")[0]


def _label(line: Line) -> str:
    ratio = "" if line.ratio is None else f"  ({line.ratio:.1f} x c)"
    return f"{line.rate:,.0f}{ratio}"
