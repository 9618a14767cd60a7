"""`homeroom doctor`: the settings in force, the parts they name, and what to do about them."""

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
import orjson

if TYPE_CHECKING:
    from api.cli.installation.examination import Examination


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def doctor(*, as_json: bool) -> None:
    """Say what is in force, what is wrong, and how to mend it; secrets are not shown.

    Ends with status 1 if something is so wrong that nothing can be served as promised.
    """
    from api.cli.installation.examination import examine

    found = examine()
    click.echo(orjson.dumps(asdict(found)) if as_json else _told(found))
    sys.exit(1 if found.is_grave else 0)


def _told(found: "Examination") -> str:
    lines = [f"{name:<24} {value}" for name, value in (found.facts | found.settings).items()]
    for finding in found.findings:
        kind = "WRONG" if finding.is_grave else "note"
        lines.append(f"{kind}: {finding.what}\n    → {finding.cure}")
    return "\n".join((*lines, "" if found.findings else "all well"))
