"""`homeroom tokens`: tokens issued by an operator, to one user or to a whole organization."""

import datetime as dt
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click
import orjson

from api.authz.actor import Actor
from api.cli.installation.opening import Installation, installation

if TYPE_CHECKING:
    from api.models.database import Transaction

LABEL = "issued by an operator"
LONGEST_DAYS = 365


@click.group()
def tokens() -> None:
    """Issue tokens, as an operator."""


@tokens.command()
@click.argument("username", required=False)
@click.option("--all-students", is_flag=True, help="To each student who has a login, and to staff.")
@click.option("--organization", metavar="SLUG", help="Whose students; needed if there are several.")
@click.option(
    "--days",
    type=click.IntRange(1, LONGEST_DAYS),
    default=30,
    show_default=True,
    help="Days until it expires.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def issue(
    *,
    username: str | None,
    all_students: bool,
    organization: str | None,
    days: int,
    as_json: bool,
) -> None:
    """Issue a token of every scope to USERNAME, or to a whole organization.

    With --all-students: a line for each student with a login and an external id, and one for a
    registrar and an owner, who are made where there is none. `homeroom rehearse` reads them all:
    its verdict reads as the registrar, and the owner sets the policy of --conflicts block.
    """
    if (username is None) is not all_students:
        raise click.UsageError("Name a user, or say --all-students.")
    with installation() as here, here.database.write() as tx:
        if username is not None:
            entries = [({"username": username}, _user(tx, username))]
        else:
            entries = list(_everybody(here, tx, _organization(tx, organization)))
        issued = here.container.tokens.issue_to(
            tx,
            Actor.system(),
            [user_id for _, user_id in entries],
            lifetime=dt.timedelta(days=days),
            label=LABEL,
        )
    lines = [{**who, "token": token} for (who, _), token in zip(entries, issued, strict=True)]
    # After the commit: a token that is printed is one that works.
    click.echo("\n".join(_line(line, as_json=as_json) for line in lines))


def _user(tx: "Transaction", username: str) -> UUID:
    from api.services.tokens import BY_USERNAME

    row = tx.first(BY_USERNAME, username=username.casefold())
    if row is None:
        sys.exit(f"homeroom: there is no user {username}")
    user_id: UUID = row.id
    return user_id


def _organization(tx: "Transaction", slug: str | None) -> UUID:
    """The organization of that slug, or the only one."""
    from sqlalchemy import select

    from api.models import Organization

    living = select(Organization.id, Organization.slug).where(Organization.archived_at.is_(None))
    rows = tx.all(living.order_by(Organization.slug).limit(100))
    found = [row.id for row in rows if slug in (None, row.slug)]
    if len(found) != 1:
        known = ", ".join(row.slug for row in rows) or "none"
        sys.exit(f"homeroom: name one organization by --organization; there are: {known}")
    organization_id: UUID = found[0]
    return organization_id


def _everybody(
    here: Installation, tx: "Transaction", organization_id: UUID
) -> Iterator[tuple[dict[str, Any], UUID]]:
    """Each student by external id, then a registrar and an owner, with their users."""
    from sqlalchemy import select

    from api.models import Member, Role, Student

    students = (
        select(Student.external_id, Member.user_id)
        .join(Member, Member.id == Student.member_id)
        .where(
            Student.organization_id == organization_id,
            Member.organization_id == organization_id,
            Student.external_id.is_not(None),
        )
        .order_by(Student.external_id)
    )
    for row in tx.all(students):
        yield {"external_id": row.external_id}, row.user_id
    for role in (Role.REGISTRAR, Role.OWNER):
        first = (
            select(Member.user_id)
            .where(Member.organization_id == organization_id, Member.role == role)
            .order_by(Member.id)
            .limit(1)
        )
        user_id = tx.scalar(first)
        if user_id is None:
            user_id = here.container.intake.staff(tx, Actor.system(), organization_id, role)
        yield {"role": role.value}, user_id


def _line(line: dict[str, Any], *, as_json: bool) -> str:
    return orjson.dumps(line).decode() if as_json else " ".join(line.values())
