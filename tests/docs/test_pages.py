import ast
import re

import pytest

from api.cli import COMMANDS
from tests.docs.pages import PAGES, ROOT

OPERATING = ROOT / "docs" / "operating.md"
SETTINGS = ROOT / "api" / "settings.py"
BEGIN, END = "<!-- settings:", "<!-- end of settings -->"
DECISIONS = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
PARTS = ["Status", "Context", "Decision", "Consequences", "Alternatives", "Held by"]


def settings_table():
    """The table of settings, from the docstring after each field."""
    (klass,) = [
        node
        for node in ast.parse(SETTINGS.read_text()).body
        if isinstance(node, ast.ClassDef) and node.name == "Settings"
    ]
    rows = ["| variable | what it is |", "| --- | --- |"]
    for node, following in zip(klass.body, klass.body[1:], strict=False):
        if isinstance(node, ast.AnnAssign):
            assert isinstance(following, ast.Expr), f"{node.target.id} has no docstring"
            name, _, what = ast.literal_eval(following.value).partition(":")
            variable, _, values = name.partition(" ")
            told = " ".join(what.split()).replace("|", "\\|")
            rows.append(f"| `{variable}` {values}".rstrip() + f" | {told} |")
    return "\n".join(rows)


def test_the_page_lists_every_setting_in_its_own_words():
    page = OPERATING.read_text()
    shown = page[page.index("-->", page.index(BEGIN)) + 3 : page.index(END)].strip()

    assert shown == settings_table()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_to_one(page):
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())

    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_the_readme_names_every_command():
    readme = (ROOT / "README.md").read_text()

    assert [
        name for name in COMMANDS if f"`{name}`" not in readme and f"homeroom {name}`" not in readme
    ] == []


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_a_decision_has_all_its_parts_on_one_page(page):
    lines = page.read_text().splitlines()

    assert [line[3:] for line in lines if line.startswith("## ")] == PARTS
    assert lines[0].startswith(f"# {int(page.name[:4])}. ")
    assert len(lines) <= 60


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_what_holds_a_decision_is_there(page):
    held_by = page.read_text().split("## Held by\n")[1]
    named = re.findall(r"`((?:tests|setup\.cfg|scripts|api)[^`:]*)(?:::(\w+))?`", held_by)

    assert named
    for path, name in named:
        assert (ROOT / path).exists(), path
        assert not name or name in (ROOT / path).read_text(), f"{path}::{name}"


def test_decisions_are_numbered_without_a_gap():
    assert [int(page.name[:4]) for page in DECISIONS] == list(range(1, len(DECISIONS) + 1))
