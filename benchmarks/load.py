"""Load by wrk: two of them side by side, so that two ports get equal numbers of connections."""

import json
import os
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.jobs import Request

SCRIPT = Path(__file__).with_name("load.lua")
LONGEST_RUSH_SECONDS = 120


class NoLoadGenerator(Exception):
    """wrk is not installed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came back. Times are milliseconds; `refused` are answers above 399."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    refused: int
    broken: int
    statuses: dict[str, int]

    @property
    def rate(self) -> float:
        """Answers per second."""
        return self.requests / self.seconds if self.seconds else 0.0


def require_wrk() -> str:
    """The path of wrk.

    Raises:
        NoLoadGenerator: with the command that installs it.
    """
    found = shutil.which("wrk")
    if found is None:
        raise NoLoadGenerator(
            "scripts/bench drives its load with wrk, which is not on the path.\n"
            "Debian and Ubuntu: apt-get install wrk. macOS: brew install wrk."
        )
    return found


def repeat(
    requests: Sequence[Request], bases: Sequence[str], *, seconds: float, connections: int
) -> Outcome:
    """Play `requests` again and again for `seconds`."""
    with tempfile.TemporaryDirectory() as folder:
        running = [
            _start(Path(folder, str(i)), base, _rotated(requests, i), (seconds, connections // 2))
            for i, base in enumerate(_two(bases))
        ]
        return _repeated([_result(wrk, seconds + 30) for wrk in running])


def play_once(requests: Sequence[Request], bases: Sequence[str], *, connections: int) -> Outcome:
    """Play every request exactly once, as fast as they are answered."""
    with tempfile.TemporaryDirectory() as folder:
        running = [
            _start(
                Path(folder, str(i)),
                base,
                requests[i::2],
                (LONGEST_RUSH_SECONDS, connections // 2),
                once=True,
            )
            for i, base in enumerate(_two(bases))
        ]
        return _played([_result(wrk, LONGEST_RUSH_SECONDS + 30) for wrk in running])


def _two(bases: Sequence[str]) -> tuple[str, str]:
    return bases[0], bases[-1]


def _rotated(requests: Sequence[Request], i: int) -> list[Request]:
    half = i * (len(requests) // 2)
    return [*requests[half:], *requests[:half]]


def _start(
    path: Path,
    base: str,
    requests: Sequence[Request],
    shape: tuple[float, int],
    *,
    once: bool = False,
) -> subprocess.Popen[str]:
    seconds, connections = shape
    path.write_text("".join(request.line() + "\n" for request in requests))
    command = [require_wrk(), "-t1", f"-c{connections}", f"-d{seconds:.0f}s", "--timeout", "30s"]
    return subprocess.Popen(
        [*command, "-s", str(SCRIPT), base, "--", str(path)],
        env={**os.environ, "HOMEROOM_LOAD_ONCE": str(int(once))},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _result(wrk: subprocess.Popen[str], timeout: float) -> dict:
    said, _ = wrk.communicate(timeout=timeout)
    for line in said.splitlines():
        if line.startswith("RESULT "):
            return json.loads(line.removeprefix("RESULT "))
    raise RuntimeError(f"wrk gave no result:\n{said}")


def _repeated(results: Sequence[dict]) -> Outcome:
    return _joined(results, max(result["seconds"] for result in results))


def _played(results: Sequence[dict]) -> Outcome:
    # A half that did not end in time has no end; the other half's clock would flatter it.
    if not all(result["ended"] for result in results):
        raise RuntimeError(f"the rush did not end within {LONGEST_RUSH_SECONDS} s: {results}")
    began = min(result["began"] for result in results)
    return _joined(results, max(result["ended"] for result in results) - began)


def _joined(results: Sequence[dict], seconds: float) -> Outcome:
    statuses: Counter[str] = Counter()
    for result in results:
        statuses.update(result["statuses"])
    return Outcome(
        requests=sum(statuses.values()) or sum(result["requests"] for result in results),
        seconds=seconds,
        p50_ms=sum(result["p50_ms"] for result in results) / len(results),
        p99_ms=max(result["p99_ms"] for result in results),
        refused=sum(result["refused"] for result in results),
        broken=sum(result["broken"] for result in results),
        statuses=dict(statuses),
    )
