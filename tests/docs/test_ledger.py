import json
import subprocess
import sys

import pytest

from api.services.verification import CLAIMS
from tests.docs.pages import ROOT, blocks

PAGE = ROOT / "docs" / "ledger.md"
(PROGRAM,) = blocks(PAGE, "python")


@pytest.fixture
def export(school):
    """The ledger of a class of one seat, as the API gives it, and the class as it shows itself."""
    new = {"title": "Exported", "capacity": 1, "status": "open", "waitlist": {"mode": "auto"}}
    url = school.registrar.post(f"{school.url}/classes", new).json["_links"]["self"]["href"]
    first, second = school.student, school.another()
    made = first.post(f"{url}/registrations", {"on_full": "fail"})
    second.post(f"{url}/registrations", {"on_full": "waitlist"})
    first.delete(made.json["_links"]["self"]["href"])
    events = school.registrar.get(f"{url}/events?limit=1000").json
    audit = school.registrar.get(f"{url}/audit").json
    return events, audit


def checked(events):
    return subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps(events),
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_program_of_the_page_checks_a_real_export(export):
    events, audit = export

    done = checked(events)

    assert audit["valid"]
    told = done.stdout.split()
    assert told[0] == str(audit["events"])
    assert told[2] == str(audit["seats_taken"])
    assert told[-1] == audit["head_hash"]
    assert audit["events"] == 5


@pytest.mark.parametrize(
    "forge",
    [
        lambda items: items[2]["data"].update(ticket=9),
        lambda items: items[1].update(at="2020-01-01T00:00:00.000Z"),
        lambda items: items.pop(1),
        lambda items: items.insert(2, items[1]),
    ],
)
def test_the_program_of_the_page_names_what_was_changed(export, forge):
    events, _ = export
    forge(events["items"])

    done = checked(events)

    assert done.returncode == 1
    assert "was changed" in done.stderr


def test_the_program_has_fifteen_lines_at_most():
    assert len([line for line in PROGRAM.splitlines() if line]) <= 15


def test_the_page_lists_the_promises_that_are_verified():
    listed = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]

    for number, claim in CLAIMS.items():
        assert f"| {number} | {claim} |" in listed
