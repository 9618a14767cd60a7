import re

import pytest

from tests.docs.pages import ROOT

PAGES = [ROOT / "docs" / name for name in ("constraints.md", "first-registration.md")]
CONSTRAINTS = [
    "Client and server",
    "Stateless",
    "Cacheable",
    "Uniform interface",
    "Layered",
    "Code on demand",
]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


@pytest.mark.parametrize(
    ("file", "name"), sorted({found for page in PAGES for found in NAMED.findall(page.read_text())})
)
def test_a_test_that_a_page_names_is_there(file, name):
    assert re.search(rf"^def {name}\(", (ROOT / file).read_text(), re.MULTILINE)


def test_every_constraint_has_an_argument_and_a_test():
    parts = re.split(r"^## ", PAGES[0].read_text(), flags=re.MULTILINE)[1:]

    assert [part.partition("\n")[0] for part in parts] == CONSTRAINTS
    for part in parts:
        assert NAMED.search(part)
        assert len(part.partition("\n- ")[0].split()) > 30
