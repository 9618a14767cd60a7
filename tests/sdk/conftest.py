"""What the page of the first registration has a newcomer do, once a session."""

import subprocess

import pytest

from clients.generators import ROOT, python_tools
from tests.docs.pages import blocks


@pytest.fixture(scope="session")
def done_by_the_page():
    """Give how the command of the page went, which leaves an SDK in build/sdk."""
    if reason := python_tools():
        pytest.skip(reason)
    command, _ = blocks(ROOT / "docs/first-registration.md", "sh")
    return subprocess.run(
        ["bash", "-ec", command], cwd=ROOT, capture_output=True, text=True, check=False
    )
