"""`homeroom serve`: the one-port program; with `--ephemeral` one for a test suite."""

import os
from datetime import UTC, datetime

import click

STARTS_AT = "2026-09-01T08:00:00Z"


class InstantType(click.ParamType[datetime]):
    """An RFC 3339 instant with an offset."""

    name = "instant"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """The instant, in UTC."""
        if isinstance(value, datetime):
            return value
        try:
            instant = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no instant such as {STARTS_AT}", param, ctx)
        if instant.tzinfo is None:
            self.fail(f"{value!r} has no offset, such as Z", param, ctx)
        return instant.astimezone(UTC)


@click.command()
@click.option("--demo", is_flag=True, help="Migrate, and fill an empty database first.")
@click.option("--ephemeral", is_flag=True, help="A temporary school for a test suite.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Of --ephemeral. [a free one]"
)
@click.option("--seed", type=int, default=0, help="Of --ephemeral: what ids and tokens come from.")
@click.option(
    "--starts-at",
    type=InstantType(),
    default=STARTS_AT,
    metavar="INSTANT",
    show_default=True,
    help="Of --ephemeral: where its clock stands.",
)
@click.option(
    "--until-stdin-ends", is_flag=True, help="Of --ephemeral: end with standard input, too."
)
@click.pass_context
def serve(
    context: click.Context,
    *,
    demo: bool,
    ephemeral: bool,
    port: int,
    seed: int,
    starts_at: datetime,
    until_stdin_ends: bool,
) -> None:
    """Serve Homeroom on one port, as the settings say; PORT and HOST say where.

    With --ephemeral no setting is read. A school that is the same each time is served on loopback
    from a temporary database, which is gone when this process or its parent ends. One JSON object
    on standard output says where, and who may do what; docs/testing-against-homeroom.md has more.
    """
    # Known before what takes long to load: the parent may end while this process starts.
    parent = os.getppid()
    if not ephemeral:
        _refuse_without_ephemeral(context)
        from asgi import main

        main(["--demo"] if demo else [])
        return
    if demo:
        raise click.UsageError("--ephemeral has fixtures of its own: leave --demo out")
    from api.ephemeral.program import run

    run(port=port, seed=seed, starts_at=starts_at, parent=parent, reads_stdin=until_stdin_ends)


def _refuse_without_ephemeral(context: click.Context) -> None:
    given = [
        parameter.opts[0]
        for parameter in context.command.params
        if parameter.name in {"port", "seed", "starts_at", "until_stdin_ends"}
        and context.get_parameter_source(parameter.name) is not click.core.ParameterSource.DEFAULT
    ]
    if given:
        raise click.UsageError(f"{given[0]} is for --ephemeral; PORT and HOST are settings")
