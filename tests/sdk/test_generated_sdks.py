"""Two SDKs are generated, compiled and driven; `scripts/soak sdk` does so with all."""

import pytest

from clients.comparison import (
    CANNOT,
    FAILED,
    OK,
    ROWS,
    Cell,
    committed,
    homeroom,
    losses,
    measure,
    table,
)
from clients.generators import FAST, GENERATORS

KNOWN = {each.key: each for each in GENERATORS}


@pytest.mark.xdist_group("sdk")
@pytest.mark.parametrize("key", FAST)
def test_a_generated_sdk_compiles_and_does_what_its_column_promises(key):
    generator = KNOWN[key]
    if reason := generator.tools():
        pytest.skip(reason)

    with homeroom() as base:
        column = measure(generator, base)

    assert losses({key: column}, committed()) == []
    assert {row for row, cell in column.items() if cell.outcome == OK} == set(ROWS)


def test_the_table_in_the_docs_knows_every_generator_and_every_step():
    promised = committed()

    assert set(promised) == set(KNOWN)
    for column in promised.values():
        assert set(column) == set(ROWS)
        assert set(column.values()) <= {OK, CANNOT}


def test_a_table_is_read_back_as_it_was_written(tmp_path, monkeypatch):
    column = {row: Cell(OK) for row in ROWS} | {"clear": Cell(CANNOT, "it knows no null")}
    page = tmp_path / "sdks.md"
    page.write_text("<!-- begin of the table -->\n" + table({FAST[0]: column}))
    monkeypatch.setattr("clients.comparison.PAGE", page)

    assert committed() == {FAST[0]: {row: cell.outcome for row, cell in column.items()}}
    assert f"- `{FAST[0]}`, clear: it knows no null" in page.read_text()


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
