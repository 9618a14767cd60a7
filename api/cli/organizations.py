"""`homeroom organizations`: archived organizations, listed and removed for good."""

import click
import orjson

from api.authz.actor import Actor
from api.cli.installation.opening import installation
from api.clock import to_text

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")


@click.group()
def organizations() -> None:
    """Remove archived organizations for good."""


@organizations.command("list")
@as_json
def list_(*, as_json: bool) -> None:
    """List the archived organizations, the longest archived first."""
    with installation() as here, here.database.read() as tx:
        rows = here.container.purge.archived(tx, Actor.system())
    for row in rows:
        archived_at = to_text(row.archived_at)
        if as_json:
            line = {"slug": row.slug, "name": row.name, "archived_at": archived_at}
            click.echo(orjson.dumps(line))
        else:
            click.echo(f"{row.slug:<40} archived {archived_at}  {row.name}")


@organizations.command()
@click.argument("slug")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
def purge(*, slug: str, yes: bool, as_json: bool) -> None:
    """Remove the archived organization SLUG, and everything in it, for good."""
    if not yes:
        click.confirm(f"Remove {slug} and everything in it for good?", abort=True, err=True)
    with installation() as here, here.database.write() as tx:
        deleted = here.container.purge.purge(tx, Actor.system(), slug)
    if as_json:
        click.echo(orjson.dumps({"slug": slug, "deleted": deleted}))
    else:
        click.echo(f"{slug} is removed: {sum(deleted.values())} rows.")
