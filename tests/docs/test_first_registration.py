import subprocess

from tests.docs.pages import ROOT, blocks
from tests.servers.programs import environment

PAGE = ROOT / "docs" / "first-registration.md"
_, SUITE = blocks(PAGE, "python")
INSTALL, RUN = blocks(PAGE, "sh")[1].splitlines()


def test_the_suite_of_the_page_passes(tmp_path):
    (tmp_path / "test_first.py").write_text(SUITE)
    (tmp_path / "homeroom").symlink_to(ROOT)

    done = subprocess.run(
        ["bash", "-ec", RUN],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    # Whoever runs this test has done the first command, which may want a network.
    assert INSTALL == "homeroom/scripts/install test"
    assert "1 passed" in done.stdout, done.stdout + done.stderr
