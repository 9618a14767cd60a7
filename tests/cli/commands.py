"""Run the command line in this process, on a database of the test's own."""

import json

from click.testing import CliRunner

from api.cli import main


def run(url, *arguments, status=0, stdin=None, **variables):
    """Run `homeroom`; give what it printed on standard output."""
    env = {
        "HOMEROOM_ENV": "development",
        "HOMEROOM_DATABASE_URL": url,
        "HOMEROOM_DATA_DIR": None,
        # Else one would be made, and kept in the working directory.
        "HOMEROOM_SECRET_KEY": "a key for the tests of the command line",
        "HOMEROOM_REDIS_URL": None,
        "HOST": None,
        **variables,
    }
    result = CliRunner(env=env).invoke(main, [str(one) for one in arguments], input=stdin)
    told = (result.output, result.exception)
    assert result.exit_code == status, told
    return result.output


def run_json(url, *arguments, **options):
    """Run it with `--json`; give the one object that it printed."""
    return json.loads(run(url, *arguments, "--json", **options))
