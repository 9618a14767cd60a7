import gzip
import json

import pytest

from api.cli.rehearsal.demand import DemandBroken, by_student, read_demand, spread
from api.cli.rehearsal.oracle import Expected, foretell, read_seats, totals
from tests.given_data import EVENTS, FOLDER

HEAD = "time,student,action,section_id\n"


def demand(folder, *lines):
    """Write lines such as `ada request 001`, a second apart."""
    rows = (
        f"2022-02-12T08:00:{second:02d},{','.join(line.split())}\n"
        for second, line in enumerate(lines)
    )
    path = folder / "events.csv"
    path.write_text(HEAD + "".join(rows))
    return path


def test_students_beyond_the_capacity_wait_and_a_drop_lets_one_in(tmp_path):
    path = demand(tmp_path, "ada request 001", "bob request 001", "cyd request 001", "ada drop 001")

    expected = foretell(read_demand(path), {"001": 1})

    assert expected == {"001": Expected(capacity=1, live=2)}
    assert (expected["001"].enrolled, expected["001"].waitlisted) == (1, 1)


def test_a_class_without_seats_seats_nobody_and_one_without_limit_everybody(tmp_path):
    path = demand(tmp_path, "ada request 001", "ada request 002", "bob request 002")

    expected = foretell(read_demand(path), {"001": 0, "002": None})

    assert (expected["001"].enrolled, expected["001"].waitlisted) == (0, 1)
    assert (expected["002"].enrolled, expected["002"].waitlisted) == (2, 0)
    assert totals(expected) == (2, 1)


def test_a_section_that_everybody_left_is_foretold_to_be_empty(tmp_path):
    path = demand(tmp_path, "ada request 001", "ada drop 001")

    expected = foretell(read_demand(path), {"001": 5})

    assert expected["001"].live == 0


def test_a_student_may_come_back_after_leaving(tmp_path):
    path = demand(tmp_path, "ada request 001", "ada drop 001", "ada request 001")

    assert foretell(read_demand(path), {"001": 5})["001"].live == 1


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["ada drop 001"], "event 1: ada leaves 001 without holding it"),
        (["ada request 001", "ada request 001"], "event 2: ada asks again for 001 while holding"),
        (["ada request 777"], "not in the catalogue: 777"),
    ],
)
def test_a_demand_whose_end_would_depend_on_answers_is_refused(tmp_path, lines, said):
    commands = read_demand(demand(tmp_path, *lines))

    with pytest.raises(DemandBroken, match=said):
        foretell(commands, {"001": 5})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("time,student,action\n", "no column section_id"),
        (HEAD + "2022-02-12T08:00:00,ada,borrow,001\n", "event 1: unknown action 'borrow'"),
        (HEAD + "yesterday,ada,request,001\n", "event 1: Invalid isoformat"),
        (
            HEAD + "2022-02-12T08:00:01,ada,request,001\n2022-02-12T08:00:00,bob,request,001\n",
            "event 2: time runs backwards",
        ),
    ],
)
def test_a_file_that_is_no_demand_is_refused_by_line(tmp_path, text, said):
    path = tmp_path / "events.csv"
    path.write_text(text)

    with pytest.raises(DemandBroken, match=said):
        read_demand(path)


def test_a_limit_takes_the_first_events(tmp_path):
    path = demand(tmp_path, "ada request 001", "bob request 001", "cyd request 001")

    assert [command.student for command in read_demand(path, limit=2)] == ["ada", "bob"]


def test_each_student_stays_in_one_lane_and_in_order(tmp_path):
    path = demand(tmp_path, "ada request 001", "bob request 001", "cyd request 001", "ada drop 001")
    commands = read_demand(path)

    lanes = spread(commands, 2)

    assert [[command.number for command in lane] for lane in lanes] == [[1, 3, 4], [2]]
    assert [command.number for command in by_student(commands)["ada"]] == [1, 4]


def test_lanes_without_a_student_are_left_out(tmp_path):
    commands = read_demand(demand(tmp_path, "ada request 001"))

    assert len(spread(commands, 8)) == 1


def test_seats_are_read_from_the_one_sections_file_of_a_folder(tmp_path):
    with gzip.open(tmp_path / "catalogue_x_sections.jsonl.gz", "wt") as lines:
        lines.write(json.dumps({"section_id": "001", "seats": 7}) + "\n")
        lines.write(json.dumps({"section_id": "002", "seats": None}) + "\n")

    assert read_seats(tmp_path) == {"001": 7, "002": None}


def test_a_folder_with_two_sections_files_is_refused(tmp_path):
    (tmp_path / "a_sections.jsonl").touch()
    (tmp_path / "b_sections.jsonl").touch()

    with pytest.raises(DemandBroken, match="2 files match"):
        read_seats(tmp_path)


@pytest.mark.skipif(not EVENTS.exists(), reason=f"HOMEROOM_TEST_DATA has no {EVENTS.name}")
def test_the_real_day_ends_with_25_145_enrolled_and_697_waitlisted():
    commands = read_demand(EVENTS)

    expected = foretell(commands, read_seats(FOLDER))

    assert len(commands) == 51_482
    assert totals(expected) == (25_145, 697)
    assert sum(end.live for end in expected.values()) == 38_662 - 12_820
