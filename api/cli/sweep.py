"""`homeroom sweep`: one pass of the sweeper, for a scheduler or for an operator."""

import click
import orjson

from api.cli.installation.opening import installation


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def sweep(*, as_json: bool) -> None:
    """Do once what falls due: offers, deadlines, promotions, and records to throw away."""
    from api.services.sweeper import Sweeper

    with installation() as here:
        swept = Sweeper(here.database).once()
    if as_json:
        done = {"classes": swept.classes, "records": swept.records}
        click.echo(orjson.dumps(done).decode())
    else:
        click.echo(f"{swept.classes} classes settled, {swept.records} old records thrown away")
