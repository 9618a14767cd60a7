"""People write the last day of the calendar for what has no end."""

import pytest

LAST = "9999-12-31T23:59:59Z"


@pytest.mark.parametrize("timezone", ["Asia/Tokyo", "America/New_York"])
def test_a_class_may_go_on_to_the_end_of_the_calendar(school, timezone):
    term = school.registrar.post(
        f"{school.url}/terms",
        {"name": "Open end", "starts_on": "0001-01-01", "ends_on": "9999-12-31"},
    )
    window = {"opens_at": "2026-01-01T00:00:00Z", "closes_at": LAST}
    new = {
        "title": "For good",
        "status": "open",
        "term_id": term.json["id"],
        "timezone": timezone,
        "approval_required": True,
        "windows": [window],
        "drop_until": LAST,
    }

    made = school.registrar.post(f"{school.url}/classes", new)
    asked = school.student.post(f"{made.headers['Location']}/registrations", {})

    assert (term.status_code, made.status_code, asked.status_code) == (201, 201, 201)
    assert asked.json["state"] == "pending"
