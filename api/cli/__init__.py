"""The command line `homeroom`: a command is imported when called, so that starting is quick."""

import importlib
import importlib.util
from typing import Final

import click

COMMANDS: Final = {
    "browse": "Walk through a Homeroom by its links, on a terminal or in a pipe.",
    "db": "Make and change the tables of the configured database.",
    "doctor": "Say what is wrong with this installation, and how to mend it.",
    "organizations": "Remove archived organizations for good.",
    "rehearse": "Replay a registration day over HTTP and judge what it left behind.",
    "seed": "Fill a database with a school.",
    "serve": "Serve on one port; --ephemeral serves a temporary school to a test suite.",
    "spec": "Print the OpenAPI document.",
    "sweep": "Do once what falls due by the clock.",
    "tokens": "Issue tokens, as an operator.",
    "users": "Make and change users, as an operator.",
    "verify": "Check every invariant of the seats against the configured database.",
    "work": "Do jobs, such as exports, in a process that serves nobody.",
}
"""A line of help for each command; `api.cli.<name>` holds it, under its own name or `command`."""


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return sorted(name for name in COMMANDS if _exists(name))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS or not _exists(cmd_name):
            return None
        module = importlib.import_module(f"api.cli.{cmd_name}")
        command = getattr(module, cmd_name, None) or getattr(module, "command", None)
        assert isinstance(command, click.Command), f"api.cli.{cmd_name} holds no command"
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list from the table above, without importing a single command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name]) for name in self.list_commands(ctx)])


def _exists(name: str) -> bool:
    return importlib.util.find_spec(f"api.cli.{name}") is not None


@click.command(cls=LazyGroup)
@click.version_option(package_name="homeroom", prog_name="homeroom")
def main() -> None:
    """Homeroom's command line. Settings are environment variables; see the README."""
