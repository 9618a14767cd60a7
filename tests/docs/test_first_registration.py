import subprocess
import sys

from tests.docs.pages import ROOT, blocks
from tests.servers.programs import environment

_, SUITE = blocks(ROOT / "docs" / "first-registration.md", "python")


def test_the_suite_of_the_page_passes(tmp_path):
    (tmp_path / "test_first.py").write_text(SUITE)

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert "1 passed" in done.stdout, done.stdout + done.stderr
