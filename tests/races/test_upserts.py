"""Several put the same thing by its external id at once: one makes it, and nobody sees a fault."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

CROWD = 4
ROUNDS = 5
BODIES = {
    "students": {"given_name": "Ada", "family_name": "Lovelace"},
    "terms": {"name": "Autumn", "starts_on": "2026-10-01", "ends_on": "2027-01-31"},
    "courses": {"title": "Algebra"},
    "classes": {"title": "Algebra A"},
}


@pytest.mark.parametrize("kind", BODIES)
def test_of_several_puts_at_once_one_makes_it(school, kind):
    made = [put_at_once(school, kind, f"{kind}-{number}") for number in range(ROUNDS)]

    for statuses in made:
        assert statuses.count(201) == 1
        assert set(statuses) <= {200, 201, 409}
    listed = school.registrar.get(f"{school.url}/{kind}").json["items"]
    assert sorted(one["external_id"] for one in listed if one["external_id"]) == [
        f"{kind}-{number}" for number in range(ROUNDS)
    ]


def put_at_once(school, kind, external_id):
    """The statuses that a crowd gets."""
    url = f"{school.url}/{kind}/by-external-id/{external_id}"
    meeting = Barrier(CROWD)
    body = {**BODIES[kind], **({"code": external_id} if kind == "courses" else {})}

    def put(_number):
        client = school.app.test_client()
        meeting.wait(10)
        token = {"Authorization": f"Bearer {school.registrar.token}"}
        return client.put(url, json=body, headers=token).status_code

    with ThreadPoolExecutor(CROWD) as crowd:
        return list(crowd.map(put, range(CROWD)))
