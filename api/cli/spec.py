"""`homeroom spec`: print the OpenAPI document, or hold a committed or a released one against it."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import click

from api.cli.comparison.breaks import breaks_of, may_break

COMMITTED: Final = Path("docs/openapi.json")
RELEASED: Final = Path("docs/openapi.released.json")
"""The document of the last version that was released; `scripts/released` watches over it."""

DIFFERENCES: Final = 20
"""How many places a failed check names."""


@click.command("spec")
@click.option("--check", "task", flag_value="check", help="Hold FILE against the document.")
@click.option("--write", "task", flag_value="write", help="Write the document to FILE.")
@click.option(
    "--compare",
    "task",
    flag_value="compare",
    help=f"Name what breaks clients of FILE, an earlier version ({RELEASED}).",
)
@click.argument("file", type=click.Path(path_type=Path), required=False)
def command(*, task: str | None, file: Path | None) -> None:
    """Print the OpenAPI document that this release serves, or compare it with FILE."""
    document = built()
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    if task == "write":
        (file or COMMITTED).write_text(text, encoding="utf-8")
    elif task == "check":
        _check(file or COMMITTED, document, text)
    elif task == "compare":
        _compare(file, document)
    else:
        click.echo(text, nl=False)


def _check(file: Path, document: dict[str, Any], text: str) -> None:
    if file.exists() and file.read_text(encoding="utf-8") == text:
        return
    committed = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    for place in differences(committed, document)[:DIFFERENCES]:
        click.echo(f"{file}: {place}", err=True)
    click.echo(f"{file} is not what is served. Run: homeroom spec --write", err=True)
    sys.exit(1)


def _compare(file: Path | None, document: dict[str, Any]) -> None:
    if file is None and not RELEASED.exists():
        click.echo(f"There is no {RELEASED}: no version has been released yet.", err=True)
        return
    released = json.loads((file or RELEASED).read_text(encoding="utf-8"))
    found = breaks_of(released, document)
    for broken in found:
        click.echo(broken, err=True)
    if found and not may_break(released, document):
        version = released["info"]["version"]
        click.echo(f"This breaks clients of {version}: it needs a new major version.", err=True)
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
