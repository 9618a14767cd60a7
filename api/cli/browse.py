"""`homeroom browse URL`: walk through a Homeroom by its links, on a terminal or in a pipe."""

import importlib.util
import sys

import click


@click.command()
@click.argument("url")
@click.argument("steps", nargs=-1)
@click.option("--token", envvar="HOMEROOM_TOKEN", help="Speak with this token. [HOMEROOM_TOKEN]")
@click.option("--json", "as_json", is_flag=True, help="Print where the steps lead, as JSON.")
def browse(*, url: str, steps: tuple[str, ...], token: str | None, as_json: bool) -> None:
    """Look at the Homeroom whose root is URL, follow its links, fill its forms.

    Each of STEPS is a line as it would be typed: "organizations", "1", "create title=Choir"; - is
    the lines of standard input. On a terminal it goes on from there; `help` tells how.

    Ends with status 1 if a step was refused or leads nowhere.
    """
    if importlib.util.find_spec("homeroom_client") is None:
        sys.exit("homeroom: browse needs homeroom-client: pip install --editable clients/python")
    import httpx

    from api.cli.browsing import walk
    from homeroom_client import Homeroom

    try:
        home = Homeroom(url, token=token)
    except httpx.InvalidURL as reason:
        raise click.BadParameter(f"{reason}", param_hint="URL") from reason
    with home:
        if sys.stdin.isatty() and not as_json:
            walk.freely(home, steps)
        else:
            walk.along(home, steps or [walk.STANDARD_INPUT], as_json=as_json)
