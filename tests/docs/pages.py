"""The pages of the documentation, as tests read them."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    ]
)

README_ADDRESS = "http://127.0.0.1:8000"
README_SAYS = [
    '"state":"enrolled"',
    '"state":"dropped"',
    '"registration.dropped"',
    '"valid":true',
    "every invariant holds",
    "all well",
]
"""What the commands of the README print, among other things."""


def blocks(page, kind):
    """The code of the blocks marked with `kind`, in order."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)
