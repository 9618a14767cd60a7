"""`homeroom spec`: print the OpenAPI document, or hold the committed one against it."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import click

COMMITTED: Final = Path("docs/openapi.json")
DIFFERENCES: Final = 20
"""How many places a failed check names."""


@click.command("spec")
@click.option("--check", is_flag=True, help="Compare FILE with the document; write nothing.")
@click.option("--write", is_flag=True, help="Write the document to FILE.")
@click.argument("file", type=click.Path(path_type=Path), default=COMMITTED)
def command(*, check: bool, write: bool, file: Path) -> None:
    """Print the OpenAPI document that this release serves, or compare it with FILE."""
    document = built()
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    if write:
        file.write_text(text, encoding="utf-8")
    elif not check:
        click.echo(text, nl=False)
    elif not file.exists() or file.read_text(encoding="utf-8") != text:
        committed = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        for place in differences(committed, document)[:DIFFERENCES]:
            click.echo(f"{file}: {place}", err=True)
        click.echo(f"{file} is not what is served. Run: homeroom spec --write", err=True)
        sys.exit(1)


def built() -> dict[str, Any]:
    """The document of an application that touches no database and no setting of this machine."""
    from api.app import create_app
    from api.http.openapi import build_document
    from api.settings import Settings

    with tempfile.TemporaryDirectory() as folder:
        environ = {"HOMEROOM_ENV": "development", "HOMEROOM_DATA_DIR": folder}
        app = create_app(Settings.from_environment(environ))
        try:
            return build_document(app)
        finally:
            app.extensions["homeroom"].database.close()


def differences(committed: Any, served: Any, place: str = "#") -> list[str]:
    """Where two JSON values differ, as JSON Pointers with what is there."""
    if isinstance(committed, dict) and isinstance(served, dict):
        found = []
        for name in sorted({*committed, *served}):
            below = f"{place}/{name.replace('~', '~0').replace('/', '~1')}"
            if name not in served:
                found.append(f"{below} is no longer served")
            elif name not in committed:
                found.append(f"{below} is new")
            else:
                found += differences(committed[name], served[name], below)
        return found
    return [] if committed == served else [f"{place} differs"]
