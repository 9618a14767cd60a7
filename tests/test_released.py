"""The script that watches over the document of the last release, in repositories of its own."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "released"
WHO = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "homeroom",
    "GIT_AUTHOR_EMAIL": "homeroom",
    "GIT_COMMITTER_NAME": "homeroom",
    "GIT_COMMITTER_EMAIL": "homeroom",
}


class Repository:
    """A folder with the two files that the script reads."""

    def __init__(self, folder):
        self.folder = folder
        self.file = folder / "docs" / "openapi.released.json"
        for name in ("docs", "api"):
            (folder / name).mkdir()
        self.release("0.1.0")

    def release(self, version):
        (self.folder / "api" / "release.py").write_text(f'RELEASE = "{version}"\n')

    def write(self, version, paths=()):
        document = {"info": {"version": version}, "paths": {path: {} for path in paths}}
        self.file.write_text(json.dumps(document))

    def git(self, *arguments):
        if shutil.which("git") is None:
            pytest.skip("there is no git here, so no history can be looked at")
        subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            env={**os.environ, **WHO},
            check=True,
            capture_output=True,
        )

    def commit(self):
        if not (self.folder / ".git").exists():
            self.git("init", "--quiet")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "One more state")

    def check(self):
        ran = subprocess.run(
            [sys.executable, SCRIPT], cwd=self.folder, capture_output=True, text=True, check=False
        )
        return ran.returncode, ran.stdout + ran.stderr


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path)


def test_before_the_first_release_there_is_nothing_to_hold(repository):
    repository.commit()

    assert repository.check() == (0, "")


def test_a_release_raises_the_version_and_writes_the_document(repository):
    repository.write("0.1.0")
    repository.commit()
    repository.release("0.2.0")
    repository.write("0.2.0", ["/new"])
    repository.commit()

    assert repository.check() == (0, "")


def test_a_change_that_is_not_committed_yet_needs_a_higher_version(repository):
    repository.write("0.1.0")
    repository.commit()
    repository.write("0.1.0", ["/new"])

    status, told = repository.check()

    assert status == 1
    assert "changes in this working tree, and its info.version does not rise" in told


def test_a_change_that_was_committed_is_found_later(repository):
    repository.write("0.1.0")
    repository.commit()
    repository.write("0.1.0", ["/new"])
    repository.commit()
    repository.release("0.2.0")
    repository.write("0.2.0", ["/new"])
    repository.commit()

    status, told = repository.check()

    assert status == 1
    assert told.count("its info.version does not rise") == 1
    assert "changes in commit" in told


def test_the_document_of_a_release_stays(repository):
    repository.write("0.1.0")
    repository.commit()
    repository.file.unlink()

    status, told = repository.check()

    assert status == 1
    assert "is gone in this working tree" in told


def test_a_version_that_rises_without_its_document_is_found_without_history(repository):
    repository.write("0.1.0")
    repository.release("0.2.0")

    status, told = repository.check()

    assert status == 1
    assert "There is no history here" in told
    assert "api/release.py says 0.2.0" in told
