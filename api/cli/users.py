"""`homeroom users`: accounts made and mended by an operator, sign-up open or not."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click
import orjson

from api.authz.actor import Actor
from api.cli.installation.opening import installation
from api.clock import to_text
from api.errors import ValidationFailed

if TYPE_CHECKING:
    from api.services.accounts import Accounts

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")
from_stdin = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input, not a prompt."
)


@click.group()
def users() -> None:
    """Make and change users, as an operator."""


@users.command()
@click.argument("username")
@click.option("--display-name", metavar="NAME", help="What others read.")
@click.option("--email", metavar="ADDRESS", help="Where to write to.")
@click.option("--no-password", is_flag=True, help="Nobody can log in; issue tokens instead.")
@from_stdin
@as_json
def create(*, as_json: bool, **wanted: Any) -> None:
    """Make the user USERNAME; asks for a password."""
    with installation() as here:
        accounts = here.container.accounts
        with _faults_told():
            new = _validated(wanted)
            hashed = None if wanted["no_password"] else _hashed(accounts, new)
        with here.database.write() as tx:
            row = accounts.sign_up(tx, Actor.system(), new, hashed).row
    if as_json:
        _print({"id": _public(row.id), "username": row.username})
    else:
        click.echo(f"{row.username} is {_public(row.id)}")


@users.command("list")
@as_json
def list_(*, as_json: bool) -> None:
    """List all users by name."""
    with installation() as here, here.database.read() as tx:
        rows = here.container.accounts.everybody(tx, Actor.system())
    for row in rows:
        if as_json:
            _print({**row._asdict(), "id": _public(row.id), "created_at": to_text(row.created_at)})
        else:
            how = "password" if row.has_password else "no password"
            click.echo(f"{row.username:<30} {row.display_name or '':<30} {how}")


@users.command("set-password")
@click.argument("username")
@from_stdin
def set_password(*, username: str, password_stdin: bool) -> None:
    """Give USERNAME another password; all tokens of theirs end."""
    with installation() as here:
        accounts = here.container.accounts
        with _faults_told():
            hashed = _hashed(
                accounts, _validated({"username": username, "password_stdin": password_stdin})
            )
        with here.database.write() as tx:
            accounts.reset_password(tx, Actor.system(), username, hashed)
    click.echo(f"{username} has another password; tokens issued before are worth nothing.")


@users.command()
@click.argument("username")
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(*, username: str, yes: bool) -> None:
    """Delete the account of USERNAME; student records stay, without a login."""
    if not yes:
        click.confirm(f"Delete {username} for good?", abort=True, err=True)
    with installation() as here, here.database.write() as tx:
        here.container.accounts.delete_named(tx, Actor.system(), username)
    click.echo(f"{username} is deleted.")


@contextmanager
def _faults_told() -> Iterator[None]:
    """Say on standard error what a sign-up would be refused for, and end with status 2."""
    try:
        yield
    except ValidationFailed as refused:
        for fault in refused.members["errors"]:
            click.echo(f"{fault['pointer'].removeprefix('#/')}: {fault['detail']}", err=True)
        sys.exit(2)


def _hashed(accounts: Accounts, new: dict[str, Any]) -> str:
    return accounts.passwords.hash_chosen(new["password"], username=new["username"])


def _validated(wanted: dict[str, Any]) -> dict[str, Any]:
    """What a sign-up would make of this."""
    from api.http.parser import load_body
    from api.schemas.accounts import SignUpSchema

    body = {
        name: value
        for name, value in wanted.items()
        if name in {"username", "display_name", "email"} and value is not None
    }
    # The schema needs one; without a login it is thrown away.
    body["password"] = "without a login" if wanted.get("no_password") else _password(wanted)
    return load_body(SignUpSchema, body)


def _password(wanted: dict[str, Any]) -> str:
    if wanted["password_stdin"]:
        return sys.stdin.readline().rstrip("\n")
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return password


def _public(user_id: Any) -> str:
    from api import ids

    return ids.encode("usr", user_id)


def _print(line: dict[str, Any]) -> None:
    click.echo(orjson.dumps(line))
