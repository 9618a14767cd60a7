import random
import struct
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from api.cli.rehearsal.client import Answer, Tally
from api.cli.rehearsal.demand import Command
from api.cli.rehearsal.journal import Departure, Journal
from api.cli.rehearsal.ledger import Move
from api.cli.rehearsal.picture import Day, binned, curves, dates, draw, percentile
from api.cli.rehearsal.report import Report
from api.cli.rehearsal.servers import Kill
from api.cli.rehearsal.verdict import check

BEGAN = datetime(2026, 1, 5, 8, tzinfo=UTC)
DAWN = datetime(2022, 2, 12, 8)  # noqa: DTZ001 - demand has local time without a zone
KILL = Kill(at_seconds=5.0, port=8001, answered=50, down_seconds=0.7)


def some_commands(count=100):
    return [
        Command(number, DAWN + timedelta(hours=number), f"S{number}", "request", "001")
        for number in range(1, count + 1)
    ]


def a_journal():
    """A hundred answers in ten seconds, each after 10 ms, the last after a second."""
    journal = Journal()
    for command in some_commands():
        took = 1.0 if command.number == 100 else 0.01
        answer = Answer(201, {"ratelimit": '"default";r=1;t=1'}, b"")
        journal.note(command, answer, sent=command.number * 0.09, took=took)
    return journal


def a_day(**changes):
    moves = [Move(BEGAN + timedelta(seconds=n / 10), 1, n % 2) for n in range(100)]
    day = {
        "title": "a day",
        "began": BEGAN,
        "seconds": 10.0,
        "journal": a_journal(),
        "commands": some_commands(),
        "moves": random.Random(1).sample(moves, 100),
        "kills": [KILL],
        "foretold": (100, 50),
    }
    return Day(**{**day, **changes})


def a_report(journal, *checks):
    return Report(
        settings={"speed": "max"},
        seconds=10.0,
        journal=journal,
        tally=Tally(attempts=103, broken=3),
        kills=[KILL],
        checks=checks,
        timings={"migrate": 0.5},
    )


def test_a_picture_is_made_from_recorded_samples(tmp_path):
    pytest.importorskip("matplotlib", reason="the picture is an extra: homeroom[picture]")

    draw(a_day(), tmp_path / "day.png")

    head = (tmp_path / "day.png").read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", head[16:24])
    assert (width, height) == (1210, 1100)


def test_a_day_on_which_nothing_was_answered_has_a_picture_too(tmp_path):
    pytest.importorskip("matplotlib", reason="the picture is an extra: homeroom[picture]")
    day = a_day(journal=Journal(), moves=[], kills=[], foretold=None)

    draw(day, tmp_path / "day.png")

    assert (tmp_path / "day.png").stat().st_size > 1000


def test_curves_are_sums_over_all_classes_in_the_order_of_time():
    seconds, seats, waiting = curves(a_day().moves, BEGAN)

    assert seconds == pytest.approx([n / 10 for n in range(100)])
    assert seats == list(range(1, 101))
    assert waiting[-1] == 50


def test_slices_hold_the_rate_and_the_latency_of_their_answers():
    slices = binned(a_journal(), 10.0, bins=10)

    assert sum(one.rate for one in slices) == pytest.approx(100)
    assert slices[0].p50 == pytest.approx(10)
    assert slices[-1].p99 == pytest.approx(1000)
    assert slices[0].middle == pytest.approx(0.5)


def test_an_empty_slice_has_no_latency():
    assert binned(Journal(), 10.0, bins=2)[0].p50 is None


def test_dates_of_the_demand_stand_over_the_seconds_of_the_run():
    marks = dates(a_day(), count=3)

    assert [mark for mark, _ in marks] == [0.0, 5.0, 10.0]
    assert [label for _, label in marks] == ["12 Feb 09:00", "14 Feb 16:00", "16 Feb 12:00"]


@pytest.mark.parametrize(("share", "value"), [(0.5, 51), (0.99, 100), (1.0, 100)])
def test_a_percentile_is_one_of_the_values(share, value):
    assert percentile(list(range(1, 101)), share) == value


def test_the_table_ends_with_the_verdict():
    text = a_report(a_journal(), check("seats are true", 7, [])).table()

    assert "100 (201: 100); 0 not sent" in text
    assert "p50 10.0 ms" in text
    assert "with RateLimit header  100" in text
    assert "1 at 5.0 s (down 0.70 s); 0 2xx before the last" in text
    assert "holds   seats are true  [0 of 7]" in text
    assert text.endswith("VERDICT: every check holds")


def test_a_broken_check_is_shown_with_examples_and_breaks_the_verdict():
    report = a_report(Journal(), check("seats are true", 7, [f"class {n}" for n in range(9)]))

    text = report.table()

    assert not report.holds
    assert "BROKEN  seats are true  [9 of 7]" in text
    assert "class 4" in text
    assert "class 5" not in text
    assert text.endswith("VERDICT: 1 checks are BROKEN")


def test_the_results_file_says_what_the_table_says(tmp_path):
    journal = a_journal()
    journal.departures["reg_1"] = Departure(
        command=some_commands()[0],
        request=None,
        registration_id="reg_1",
        digest=b"",
        answered_seconds=4.0,
    )

    a_report(journal, check("seats are true", 7, [])).write(tmp_path / "day.json")

    told = orjson.loads((tmp_path / "day.json").read_bytes())
    assert told["verdict"] == "holds"
    assert told["requests_per_second"] == 10.0
    assert told["latency_ms"]["max"] == 1000.0
    assert told["on_the_way"]["broken"] == 3
    assert told["acknowledged_before_the_last_kill"] == 1
    assert told["checks"] == [
        {"claim": "seats are true", "holds": True, "looked_at": 7, "faults": 0, "examples": []}
    ]
