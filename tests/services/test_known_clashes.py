TERM = {"from_date": "2026-10-05", "to_date": "2026-10-09"}


def meeting(school, weekday):
    """A class that meets once, on that day of one week."""
    new = {"title": f"On {weekday}", "status": "open", "capacity": 5}
    made = school.registrar.post(f"{school.url}/classes", new).json["_links"]
    pattern = {"weekdays": [weekday], "start_local": "09:00", "duration_minutes": 60, **TERM}
    school.registrar.post(made["meeting-patterns"]["href"], pattern)
    return made


def blocks(school, made):
    """The codes that stand between the student and the class, read twice: the second is known."""
    first, second = (school.student.get(made["self"]["href"]).json for _ in range(2))
    assert first.get("_blocked") == second.get("_blocked")
    return [block["code"] for block in second["_blocked"].get("register", ())]


def test_a_known_clash_goes_with_the_seat_that_it_came_from(school):
    taken, wanted = meeting(school, "mo"), meeting(school, "mo")
    assert blocks(school, wanted) == []

    seat = school.student.post(taken["registrations"]["href"], {})
    assert blocks(school, wanted) == ["time-conflict"]

    school.student.delete(seat.json["_links"]["self"]["href"])
    assert blocks(school, wanted) == []


def test_a_known_clash_goes_when_the_other_class_meets_at_another_time(school):
    taken, wanted = meeting(school, "tu"), meeting(school, "tu")
    school.student.post(taken["registrations"]["href"], {})
    assert blocks(school, wanted) == ["time-conflict"]

    (session,) = school.registrar.get(taken["sessions"]["href"]).json["items"]
    moved = {"local_start": "2026-10-07T09:00"}
    seen = school.registrar.get(session["_links"]["self"]["href"])
    changed = school.registrar.patch(
        session["_links"]["self"]["href"], moved, if_match=seen.headers["ETag"]
    )

    assert changed.status_code == 200
    assert blocks(school, wanted) == []


def test_a_known_clash_goes_when_the_organization_lets_classes_clash(school):
    taken, wanted = meeting(school, "we"), meeting(school, "we")
    school.student.post(taken["registrations"]["href"], {})
    assert blocks(school, wanted) == ["time-conflict"]

    etag = school.owner.get(school.url).headers["ETag"]
    school.owner.patch(school.url, {"conflict_policy": "ignore"}, if_match=etag)

    assert blocks(school, wanted) == []
