import json

import pytest

from benchmarks import rehearsals
from benchmarks.rehearsals import (
    DAYS,
    WITH_CONFLICTS,
    WITH_KILLS,
    WITH_LIMITS,
    WITHOUT_KILLS,
    faults,
    rehearsed,
)


def told(*, seeding=59.9, kills=5, limited=3, shown=10, holds=True, again="1,010"):
    claim = f"sent again with its key, an answer comes back byte for byte: {again} of 1,010"
    claims = [("seats are true", holds), *([(claim, True)] if again else [])]
    return {
        "checks": [{"claim": claim, "holds": holds} for claim, holds in claims],
        "school_seconds": {"seed catalogue": seeding},
        "kills": [{}] * kills,
        "answers": {"answered": 10, "with_rate_limit_header": shown},
        "on_the_way": {"limited": limited},
    }


def test_each_database_has_a_day_with_kills_one_without_and_one_that_conflicts_block():
    for database in ("sqlite", "postgresql"):
        days = [day for on, day in DAYS if on == database]

        assert {WITHOUT_KILLS, WITH_KILLS, WITH_CONFLICTS} <= set(days)


@pytest.mark.parametrize(("database", "day"), DAYS, ids=lambda one: " ".join(one) or "plain")
def test_a_day_that_comes_out_as_it_must_has_no_fault(database, day):
    assert faults(database, day, told()) == []


@pytest.mark.parametrize(
    ("day", "results", "named"),
    [
        (WITHOUT_KILLS, told(seeding=60.0), "the catalogue was seeded in 60.0 s"),
        (WITHOUT_KILLS, told(holds=False), "seats are true"),
        (WITHOUT_KILLS, told(again="1,009"), "not every command was sent again"),
        (WITHOUT_KILLS, told(again=None), "not every command was sent again"),
        (WITHOUT_KILLS, None, "it could not be run"),
        (WITH_KILLS, told(kills=4), "4 kills, not 5"),
        (WITH_CONFLICTS, told(kills=0), "0 kills, not 5"),
        (WITH_LIMITS, told(limited=0), "nobody met the limit"),
        (WITH_LIMITS, told(shown=9), "an answer did not show the limit"),
    ],
)
def test_a_day_that_does_not_has_one_that_names_it(day, results, named):
    (fault,) = faults("sqlite", day, results)

    assert fault.startswith(named)


def test_how_long_postgresql_is_seeded_is_nobodys_promise():
    assert faults("postgresql", WITHOUT_KILLS, told(seeding=70)) == []


def test_the_results_of_a_day_are_those_that_it_wrote(tmp_path, monkeypatch):
    monkeypatch.setattr(rehearsals, "RESULTS", tmp_path)
    (tmp_path / "rehearsal-sqlite-1.json").write_text("{}")
    writes = ("sh", "-c", 'echo "[\\"$*\\"]" > "$2/rehearsal-sqlite-2.json"', "homeroom")

    found = rehearsed("sqlite", WITH_KILLS, ["--limit", "5"], command=writes)
    nothing = rehearsed("sqlite", WITH_KILLS, [], command=("false",))

    assert json.dumps(found).endswith('--database sqlite --kills 5 --limit 5"]')
    assert nothing is None
