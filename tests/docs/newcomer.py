"""What a newcomer does, with the seconds that it takes: clone, start, register.

Everything is done in a temporary folder by the commands of the README, on the last commit; so this
needs git and a package index, and is no part of the suite: scripts/newcomer.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Timer

import httpx

from tests.docs.pages import README_ADDRESS, README_SAYS, ROOT, blocks

README = ROOT / "README.md"
IN_ALL_SECONDS = 300
"""The five minutes that the README promises."""
MOST_SECONDS = 600
"""For each command, so that a slow index is told by how long it took."""


def main():
    """Go the way; 0 if it leads where the README says, in five minutes."""
    if not shutil.which("git") or not (ROOT / ".git").exists():
        print("A newcomer's way is left out: there is no git, or nothing that it could clone.")
        return 0
    with TemporaryDirectory(prefix="homeroom-newcomer-") as name:
        folder = Path(name)
        began = time.monotonic()

        def say(what):
            print(f"newcomer: {what}: {time.monotonic() - began:.0f} s", flush=True)

        clone = cloned(folder)
        with served(clone, folder / "server.log") as address:
            httpx.get(address, timeout=30).raise_for_status()
            say("from git clone to the first answer of scripts/run")
            register(clone, address)
            say("to a registration, its end and its audit by README's commands")
            is_late = time.monotonic() - began > IN_ALL_SECONDS
    if is_late:
        print(f"newcomer: that is more than {IN_ALL_SECONDS} s", file=sys.stderr)
    return int(is_late)


def cloned(folder):
    """Clone the last commit of this checkout."""
    # Whoever owns the checkout: git would not clone what belongs to another user.
    trusting = folder / "gitconfig"
    trusting.write_text("[safe]\n\tdirectory = *\n")
    clone = folder / "homeroom"
    run(["git", "clone", "--quiet", ROOT, clone], folder, GIT_CONFIG_GLOBAL=str(trusting))
    return clone


@contextmanager
def served(clone, log):
    """Start the clone as README says, and give the address that it says it serves."""
    with log.open("w") as errors:
        process = subprocess.Popen(
            ["scripts/run"],
            cwd=clone,
            env=environment(PORT="0"),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        )
    bound = Timer(MOST_SECONDS, os.killpg, (process.pid, signal.SIGKILL))
    bound.start()
    try:
        said = ""
        while not (found := re.search(r"^Homeroom serves (\S+)$", said, re.MULTILINE)):
            line = process.stdout.readline()
            assert line, f"scripts/run ended before it served:\n{said}{log.read_text()}"
            said += line
        shown = blocks(README, "console")[0].replace(README_ADDRESS, found[1])
        assert said in shown, said
        yield found[1]
    finally:
        bound.cancel()
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)
        process.stdout.close()


def register(clone, address):
    """Copy all of README's commands into a shell."""
    script = "\n".join(["set -euo pipefail", *blocks(README, "sh")])
    said = run(["bash", "-c", script.replace(README_ADDRESS, address)], clone)
    assert [each for each in README_SAYS if each not in said] == []


def run(command, folder, **variables):
    """Run a command there; gives what it printed."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=MOST_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"It ended with {done.returncode}:\n{done.stdout[-2000:]}"
    return done.stdout


def environment(**variables):
    """Give the variables of somebody who has heard of Homeroom a minute ago."""
    ours = re.compile(r"HOMEROOM_|PYTHON|VIRTUAL_ENV$|PORT$|HOST$|GIT_")
    return {k: v for k, v in os.environ.items() if not ours.match(k)} | variables


if __name__ == "__main__":
    sys.exit(main())
