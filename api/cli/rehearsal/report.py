"""The end of a rehearsal, for people (a table) and for programs (a file)."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson

from api.cli.rehearsal.client import Tally
from api.cli.rehearsal.journal import Journal
from api.cli.rehearsal.picture import percentile
from api.cli.rehearsal.servers import Kill
from api.cli.rehearsal.verdict import Check


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that is said about a run. Durations are seconds, latencies milliseconds."""

    settings: dict[str, Any]
    seconds: float
    journal: Journal
    tally: Tally
    kills: Sequence[Kill]
    checks: Sequence[Check]
    timings: dict[str, float] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        return all(check.holds for check in self.checks)

    def as_json(self) -> dict[str, Any]:
        return {
            "verdict": "holds" if self.holds else "broken",
            "settings": self.settings,
            "school_seconds": self.timings,
            "seconds": round(self.seconds, 3),
            "requests_per_second": round(len(self.journal.sent) / max(self.seconds, 1e-6), 1),
            "latency_ms": latencies(self.journal),
            "answers": self.journal.summary(),
            "on_the_way": asdict(self.tally),
            "kills": [asdict(kill) for kill in self.kills],
            "acknowledged_before_the_last_kill": self._before_the_last_kill(),
            "checks": [check.as_json() for check in self.checks],
        }

    def _before_the_last_kill(self) -> int:
        if not self.kills:
            return 0
        last = self.kills[-1].at_seconds
        claims, departures = self.journal.claims.values(), self.journal.departures.values()
        return sum(claim.answered_seconds <= last for claim in claims) + sum(
            departure.answered_seconds <= last for departure in departures
        )

    def write(self, to: Path) -> None:
        to.write_bytes(orjson.dumps(self.as_json(), option=orjson.OPT_INDENT_2) + b"\n")

    def table(self) -> str:
        """The report as lines of text, the verdict last."""
        told = self.as_json()
        answers, way, spread = told["answers"], told["on_the_way"], told["latency_ms"]
        statuses = ", ".join(f"{status}: {n:,}" for status, n in answers["statuses"].items())
        rows = [
            *((name, str(value)) for name, value in self.settings.items()),
            *((f"school: {name}", f"{took:.1f} s") for name, took in self.timings.items()),
            ("answers", f"{answers['answered']:,} ({statuses}); {answers['skipped']:,} not sent"),
            ("refused", ", ".join(f"{c}: {n:,}" for c, n in answers["refusals"].items()) or "none"),
            (
                "took",
                f"{self.seconds:.1f} s, {told['requests_per_second']:,.0f} answers per second",
            ),
            ("latency", ", ".join(f"{name} {value:,.1f} ms" for name, value in spread.items())),
            ("broken connections", f"{way['broken']:,}, each sent again with its key"),
            ("sent away", _sent_away(way)),
            ("with RateLimit header", f"{answers['with_rate_limit_header']:,}"),
            ("kills", _kills(self.kills, told["acknowledged_before_the_last_kill"])),
        ]
        width = max(len(name) for name, _ in rows)
        lines = [f"{name:<{width}}  {value}" for name, value in rows]
        return "\n".join([*lines, "", *_verdict(self.checks)])


def latencies(journal: Journal) -> dict[str, float]:
    """Percentiles from the first sending to the final answer; empty when nothing was answered."""
    ordered = sorted(journal.took)
    if not ordered:
        return {}
    shares = {"p50": 0.50, "p95": 0.95, "p99": 0.99, "max": 1.0}
    told = {name: round(percentile(ordered, share) * 1000, 2) for name, share in shares.items()}
    if journal.behind:
        told["behind_schedule_max"] = round(max(journal.behind) * 1000, 2)
    return told


def _sent_away(way: dict[str, Any]) -> str:
    waited = f"{way['waited_seconds']:,.1f} s waited in all"
    return f"503: {way['busy']:,}, 429: {way['limited']:,}; {waited}"


def _kills(kills: Sequence[Kill], before: int) -> str:
    if not kills:
        return "none"
    downs = ", ".join(f"{kill.at_seconds:.1f} s (down {kill.down_seconds:.2f} s)" for kill in kills)
    return f"{len(kills)} at {downs}; {before:,} 2xx before the last"


def _verdict(checks: Sequence[Check]) -> list[str]:
    lines = []
    for check in checks:
        mark = "holds " if check.holds else "BROKEN"
        lines.append(f"{mark}  {check.claim}  [{check.faults:,} of {check.looked_at:,}]")
        lines.extend(f"          {example}" for example in check.examples)
    broken = sum(not check.holds for check in checks)
    lines += [
        "",
        f"VERDICT: {'every check holds' if not broken else f'{broken} checks are BROKEN'}",
    ]
    return lines
