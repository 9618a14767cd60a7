"""What every driver does: walk the steps of steps.json in order, and print how each one went."""

import json
import sys
from pathlib import Path

STEPS: dict[str, str] = json.loads(Path(__file__).with_name("steps.json").read_text())


class NotExpressible(Exception):
    """The generated client has no way to say this; the text is the reason."""


def travel(driver: object) -> int:
    """Take each step by the driver's method of its name; give the number of steps that failed.

    A step that fails does not end the journey, so that one run shows all that a client can do.
    """
    failed = 0
    for step in STEPS:
        line = {"step": step, "outcome": "ok"}
        try:
            getattr(driver, step)()
        except NotExpressible as reason:
            line |= {"outcome": "not expressible", "why": str(reason)}
        except Exception as reason:  # noqa: BLE001  # whatever a generated client raises is a finding
            failed += 1
            line |= {"outcome": "failed", "why": f"{type(reason).__name__}: {reason}"[:600]}
        print(json.dumps(line), flush=True)
    return failed


def bases_of(arguments: list[str]) -> tuple[str, str]:
    """The addresses of the server, and of one whose database is away: the arguments of a driver.

    Raises:
        SystemExit: there are not exactly two arguments.
    """
    if len(arguments) != 3:
        sys.exit(f"usage: {arguments[0]} http://127.0.0.1:8000 http://127.0.0.1:8001")
    return arguments[1].rstrip("/"), arguments[2].rstrip("/")
