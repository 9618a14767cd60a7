"""Every race has a twin that sees the violation, and every twin is the twin of a race."""

from pathlib import Path

import pytest

from tests.races.pairs import ON_SQLITE, complaints, pairing_of

TESTS = Path(__file__).parents[1]
RACES = sorted(set(Path(__file__).parent.glob("test_*.py")) - {Path(__file__)})
ELSEWHERE = sorted(set(TESTS.rglob("test_*.py")) - set(Path(__file__).parent.iterdir()))

A_RACE = '@pytest.mark.race("test_twin")\ndef test_race(database): ...\n'
A_TWIN = "@pytest.mark.twin\ndef test_twin(database): ...\n"
ON_SQLITE_ALONE = '@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)\n'


@pytest.mark.parametrize("module", RACES, ids=lambda path: path.stem)
def test_each_race_names_a_twin_that_is_there(module):
    assert complaints(pairing_of(module.stem, module.read_text()), are_all_races=True) == []


def test_elsewhere_too_a_twin_is_the_twin_of_a_race():
    pairings = [pairing_of(module.stem, module.read_text()) for module in ELSEWHERE]

    assert [one for each in pairings for one in complaints(each, are_all_races=False)] == []


def test_what_keeps_all_races_apart_on_sqlite_has_its_twin_there():
    module, twin = ON_SQLITE
    source = (Path(__file__).parent / f"{module}.py").read_text()

    assert pairing_of(module, source).twins[twin] == ["sqlite"]


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        (A_RACE, "test_race names test_twin, which is no twin here"),
        (A_RACE.replace('"test_twin"', "") + A_TWIN, "test_race names no twin"),
        (A_TWIN, "test_twin is the twin of no race"),
        (A_RACE + ON_SQLITE_ALONE + A_TWIN, "test_race has no twin on PostgreSQL"),
        (A_RACE + A_TWIN + "def test_it(): ...", "test_it is neither race nor twin"),
        (A_RACE + "@pytest.mark.twin\n" + A_RACE, "test_race is race and twin"),
    ],
)
def test_a_pair_that_is_none_is_complained_of(source, complaint):
    assert f"x: {complaint}" in complaints(pairing_of("x", source), are_all_races=True)


@pytest.mark.parametrize("source", [A_RACE + A_TWIN, ON_SQLITE_ALONE + A_RACE + A_TWIN])
def test_a_pair_is_not_complained_of(source):
    assert complaints(pairing_of("x", source), are_all_races=True) == []
