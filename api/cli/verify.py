"""`homeroom verify`: the invariants of the seats, checked against the configured database."""

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

import click
import orjson
from tqdm import tqdm

from api.cli.installation.opening import installation

if TYPE_CHECKING:
    from api.models.database import Transaction
    from api.services.verification import Verdict


@click.command()
@click.option("--organization", metavar="SLUG", help="Only this organization.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def verify(*, organization: str | None, as_json: bool) -> None:
    """Check every invariant that the database can show; exact while others work on it.

    Ends with status 0 if all hold, 1 if one is broken.
    """
    from api.services import verification

    began = time.monotonic()
    with installation() as here, here.database.snapshot() as tx:
        wanted = None if organization is None else _organization(tx, organization)
        total = verification.size(tx, wanted)
        # tqdm leaves the bar out where standard error is no terminal.
        with tqdm(total=total, unit=" steps", disable=as_json or None, leave=False) as bar:
            verdicts = verification.verify(tx, organization_id=wanted, on_progress=bar.update)
    seconds = time.monotonic() - began
    if as_json:
        click.echo(orjson.dumps(_document(verdicts, seconds)))
    else:
        click.echo(_table(verdicts, seconds))
    sys.exit(0 if all(verdict.holds for verdict in verdicts) else 1)


def _organization(tx: "Transaction", slug: str) -> UUID:
    from sqlalchemy import bindparam, select

    from api.models import Organization

    found = tx.scalar(
        select(Organization.id).where(Organization.slug == bindparam("slug")), slug=slug
    )
    if found is None:
        sys.exit(f"homeroom: there is no organization {slug}")
    assert isinstance(found, UUID)
    return found


def _document(verdicts: "Sequence[Verdict]", seconds: float) -> dict[str, object]:
    return {
        "holds": all(verdict.holds for verdict in verdicts),
        "seconds": round(seconds, 3),
        "invariants": [
            {
                "number": verdict.number,
                "claim": verdict.claim,
                "holds": verdict.holds,
                "count": verdict.count,
                "offenders": verdict.offenders,
            }
            for verdict in verdicts
        ],
    }


def _table(verdicts: "Sequence[Verdict]", seconds: float) -> str:
    width = max(len(verdict.claim) for verdict in verdicts)
    lines = []
    for verdict in verdicts:
        told = "holds" if verdict.holds else f"BROKEN, {verdict.count:,} times"
        lines.append(f"{verdict.number:>3}  {verdict.claim:<{width}}  {told}")
        lines += [f"     {offender}" for offender in verdict.offenders]
        if verdict.count > len(verdict.offenders):
            lines.append(f"     … and {verdict.count - len(verdict.offenders):,} more")
    broken = sum(not verdict.holds for verdict in verdicts)
    ending = f"{broken} broken" if broken else "every invariant holds"
    return "\n".join((*lines, f"{len(verdicts)} checked in {seconds:.2f} s: {ending}"))
