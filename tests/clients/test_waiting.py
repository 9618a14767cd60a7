"""A job is looked at until its state is final, by both clients, as often as the server says."""

import json

import pytest

from homeroom_client import Homeroom, Patience, Unfinished
from tests.clients.scripted import scripted

pytestmark = [pytest.mark.xdist_group("clients")]


@pytest.fixture
def waited_in_python():
    """Give how the wait of the Python client for the job at the root ended, and each sleep."""

    def wait(script, within):
        slept = []
        with Homeroom(script.address, patience=Patience(sleep=slept.append)) as home:
            home.exchange.clock = lambda: sum(slept)
            try:
                said = home.root().finished(within=within)["state"]
            except Unfinished as late:
                said = f"{late.job['state']}: {late}"
        return [said, slept]

    return wait


@pytest.fixture
def waited_in_node(node):
    """Give the same of the ES module."""
    return lambda script, within: json.loads(node("waiting.mjs", script.address, str(within)))


@pytest.fixture(params=["waited_in_python", "waited_in_node"])
def waited(request):
    """Each in turn."""
    return request.getfixturevalue(request.param)


def a_job(state, after=None, status=200, **fields):
    """An answer of a job in this state, with the seconds after which to come again."""
    said = {} if after is None else {"Retry-After": str(after)}
    return (status, said | fields, {"state": state})


def test_a_job_is_looked_at_as_long_after_as_the_server_said_last(waited):
    job = [a_job("queued", 2, 202), a_job("running"), a_job("running", 5), a_job("succeeded")]
    with scripted({"/": job}) as script:
        assert waited(script, 60) == ["succeeded", [2, 2, 5]]

    assert len(script.asked) == 4


@pytest.mark.parametrize("after", [None, 0, "soon", "Mon, 30 Nov 2026 22:00:00 GMT"])
def test_where_the_server_names_no_seconds_it_is_one(waited, after):
    with scripted({"/": [a_job("queued", after), a_job("running"), a_job("succeeded")]}) as script:
        assert waited(script, 60) == ["succeeded", [1, 1]]


@pytest.mark.parametrize("state", ["succeeded", "failed", "cancelled"])
def test_what_has_ended_is_given_as_it_is_whichever_way_it_went(waited, state):
    with scripted({"/": [a_job("running"), a_job(state)]}) as script:
        assert waited(script, 60) == [state, [1]]
    with scripted({"/": [a_job(state, 9)]}) as script:
        assert waited(script, 0) == [state, []]

    assert len(script.asked) == 1


def test_nobody_waits_longer_than_they_said_and_the_last_look_is_at_the_end(waited):
    with scripted({"/": [a_job("queued", 2), a_job("running")]}) as script:
        said, slept = waited(script, 5)

    assert said.startswith(f"running: {script.address}")
    assert said.endswith(" is running still, after 5 seconds")
    assert slept == [2, 2, 1]
    assert len(script.asked) == 4


def test_an_unchanged_job_costs_no_body_and_may_still_say_when_to_come_again(waited):
    job = [
        a_job("running", ETag='"v1"'),
        (304, {"ETag": '"v1"', "Retry-After": "3"}, None),
        a_job("succeeded", ETag='"v2"'),
    ]
    with scripted({"/": job}) as script:
        assert waited(script, 60) == ["succeeded", [1, 3]]

    sent = [fields.get("If-None-Match") for _, _, fields in script.asked]
    assert sent == [None, '"v1"', '"v1"']
