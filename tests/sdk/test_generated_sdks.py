"""Two SDKs are generated, compiled and driven; `scripts/soak sdk` does so with all."""

import shutil
import subprocess
from dataclasses import replace

import pytest

from api.http.problems import STATUS_OF_FAMILY
from clients import comparison
from clients.comparison import (
    CANNOT,
    FAILED,
    OK,
    ROWS,
    Cell,
    committed,
    homerooms,
    losses,
    measure,
    outcomes_of,
    table,
)
from clients.generators import GENERATORS, ROOT
from clients.journey import STEPS

KNOWN = {each.key: each for each in GENERATORS}
PYTHON = "openapi-python-client"


@pytest.mark.xdist_group("sdk")
def test_the_python_sdk_compiles_and_does_all_by_the_command_of_the_page(done_by_the_page):
    (column,) = outcomes_of(done_by_the_page.stdout).values()

    assert column == dict.fromkeys(ROWS, OK), done_by_the_page.stderr


@pytest.mark.xdist_group("sdk")
def test_the_typescript_sdk_compiles_and_does_all():
    generator = KNOWN["openapi-fetch"]
    if reason := generator.tools():
        pytest.skip(reason)

    with homerooms() as bases:
        column = measure(generator, bases)

    assert losses({generator.key: column}, committed()) == []
    assert {row for row, cell in column.items() if cell.outcome == OK} == set(ROWS)


def test_the_table_in_the_docs_knows_every_generator_and_every_step():
    promised = committed()

    assert set(promised) == set(KNOWN)
    for column in promised.values():
        assert set(column) == set(ROWS)
        assert set(column.values()) <= {OK, CANNOT}


def test_there_is_a_step_for_every_status_that_a_refusal_can_have():
    stepped = {int(words[:3]) for words in STEPS.values() if words[:3].isdecimal()}

    assert stepped == set(STATUS_OF_FAMILY.values())


def test_a_table_is_read_back_as_it_was_written(tmp_path, monkeypatch):
    column = {row: Cell(OK) for row in ROWS} | {"clear": Cell(CANNOT, "it knows no null")}
    page = tmp_path / "sdks.md"
    page.write_text("<!-- begin of the table -->\n" + table({PYTHON: column}))
    monkeypatch.setattr("clients.comparison.PAGE", page)

    assert committed() == {PYTHON: {row: cell.outcome for row, cell in column.items()}}
    assert f"- `{PYTHON}`, clear: it knows no null" in page.read_text()


@pytest.mark.parametrize(
    ("before", "now", "lost"),
    [
        (OK, OK, False),
        (OK, CANNOT, True),
        (OK, FAILED, True),
        (CANNOT, CANNOT, False),
        (CANNOT, FAILED, True),
        (CANNOT, OK, False),
    ],
)
def test_a_loss_is_what_was_promised_and_is_not_there_or_anything_that_fails(before, now, lost):
    found = losses({"go": {"clear": Cell(now, "why")}}, {"go": {"clear": before}})

    assert bool(found) is lost


@pytest.mark.parametrize(
    ("arguments", "status"),
    [([], 0), (["--whole"], 1), (["--write"], 1), ([PYTHON], 1), (["--tools"], 1)],
)
def test_one_without_its_tools_is_a_failure_where_all_are_asked_for_or_it_is_named(
    monkeypatch, capsys, arguments, status
):
    page = comparison.PAGE.read_text()
    missing = replace(KNOWN[PYTHON], tools=lambda: "there is no compiler")
    monkeypatch.setattr(comparison, "GENERATORS", (missing,))

    assert comparison.main(arguments) == status
    assert f"{PYTHON} is left out: there is no compiler" in capsys.readouterr().err
    assert comparison.PAGE.read_text() == page


def test_the_table_is_not_written_with_some_of_its_columns_alone():
    with pytest.raises(SystemExit, match="name none"):
        comparison.main(["--write", PYTHON])


@pytest.mark.parametrize("status", [0, 1])
def test_the_long_form_asks_for_all_and_ends_as_they_do(tmp_path, status):
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    shutil.copy(ROOT / "scripts/soak", scripts)
    for name, does in {"install": "", "sdk": f'echo "asked for:" "$@"; exit {status}'}.items():
        (scripts / name).write_text(f"#!/usr/bin/env bash\n{does}\n")
        (scripts / name).chmod(0o755)

    done = subprocess.run(
        [scripts / "soak", "sdk"], capture_output=True, text=True, timeout=30, check=False
    )

    assert (done.returncode, done.stdout) == (status, "asked for: --whole\n")
