import subprocess
import time

import pytest
import uvicorn
from click.testing import CliRunner

from api.cli import main
from homeroom_testing import running as client_side
from homeroom_testing.process import command_of
from tests.servers.programs import PYTHON, one_port

ADDRESSES = {"base_url", "clock_url", "organizations_url", "reset_url", "key"}


def without_addresses(told):
    return {name: value for name, value in told.items() if name not in ADDRESSES}


def test_two_servers_tell_the_same_but_for_their_addresses(ephemeral_server, start):
    other = start()

    assert without_addresses(other.told) == without_addresses(ephemeral_server.told)
    assert other.told["base_url"] != ephemeral_server.told["base_url"]
    assert other.told["key"] != ephemeral_server.told["key"]


def test_the_options_say_what_it_is_made_from_and_the_environment_does_not(
    ephemeral_server, start, monkeypatch
):
    monkeypatch.setenv("HOMEROOM_ENV", "production")
    monkeypatch.setenv("HOMEROOM_DATABASE_URL", "postgresql://127.0.0.1:1/in-earnest")
    monkeypatch.setenv("PORT", "1")

    other = start("--seed", "7", "--starts-at", "2030-01-01T00:00:00+01:00").told

    assert other["base_url"].startswith("http://127.0.0.1:")
    assert other["now"] == "2029-12-31T23:00:00.000Z"
    assert other["organization_id"] != ephemeral_server.told["organization_id"]
    assert not set(other["tokens"].values()) & set(ephemeral_server.told["tokens"].values())
    assert list(other["classes"]) == list(ephemeral_server.told["classes"])


def test_requests_are_logged_beside_the_one_line_on_standard_output(ephemeral_server, running):
    running.client().get("/v1")

    ephemeral_server.process.stdout.flush()
    assert "operation=get_version_root status=200" in ephemeral_server.log.read_text()


def test_each_class_of_the_fixtures_is_what_its_name_says(running):
    student = running.fixtures.student.http
    blocks = {}
    for name, class_id in running.told["classes"].items():
        answer = student.get(f"/v1/classes/{class_id}")
        blocked = answer.json().get("_blocked", {}).get("register", [])
        blocks[name] = [block["code"] for block in blocked] or answer.status_code

    assert blocks == {
        "open": 200,
        "clashing": 200,
        "unlimited": 200,
        "full": ["class-full"],
        "offer": ["class-full"],
        "offered": ["class-full"],
        "approval": 200,
        "opens-later": ["not-open-yet"],
        "last-days-to-leave": ["already-registered", "class-full"],
        "closed": ["class-not-open"],
        "draft": 404,
    }


def test_each_registration_of_the_fixtures_is_in_the_state_that_its_class_is_for(running):
    owner = running.fixtures.owner.http
    told = running.told["registrations"]

    states = {name: owner.get(f"/v1/registrations/{one}").json() for name, one in told.items()}

    assert {name: one["state"] for name, one in states.items()} == {
        "full/student2": "enrolled",
        "full/student3": "waitlisted",
        "offer/student2": "enrolled",
        "offer/student3": "waitlisted",
        "offered/student2": "dropped",
        "offered/student3": "offered",
        "last-days-to-leave/student": "enrolled",
    }


def test_the_books_of_every_class_of_the_fixtures_are_right(running):
    owner = running.fixtures.owner.http

    audits = [
        owner.get(f"/v1/classes/{one}/audit").json() for one in running.told["classes"].values()
    ]

    assert {audit["valid"] for audit in audits} == {True}


def test_a_connection_is_not_kept_until_the_server_closes_it(ephemeral_server, monkeypatch):
    # log_config=None: else uvicorn takes over its loggers, for all later tests too.
    assert uvicorn.Config(None, log_config=None).timeout_keep_alive > client_side.IDLE_SECONDS
    monkeypatch.setattr(client_side, "IDLE_SECONDS", 0.05)
    running = client_side.RunningHomeroom(ephemeral_server.told)

    ends = []
    for _ in range(2):
        stream = running.client().get("/v1").extensions["network_stream"]
        ends.append(stream.get_extra_info("client_addr"))
        time.sleep(0.1)
    running.close()

    assert ends[0] != ends[1]


def test_people_of_the_fixtures_and_of_a_test_can_log_in(running):
    people = [running.fixtures.student, running.organization().student]

    for person in people:
        credentials = (person.username, running.told["password"])
        answer = running.client().post("/v1/tokens", auth=credentials)
        assert answer.status_code == 201


def test_a_stranger_can_sign_up(running):
    account = {"username": "new-here", "password": "correct horse battery"}

    assert running.client().post("/v1/users", json=account).status_code == 201


def test_a_port_that_is_taken_is_named(running):
    port = running.base_url.rpartition(":")[2]

    ran = subprocess.run(
        [*command_of([]), "serve", "--ephemeral", "--port", port],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ran.returncode, ran.stdout) == (1, "")
    assert f"127.0.0.1:{port}" in ran.stderr


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--port", "1"], "--port is for --ephemeral"),
        (["--until-stdin-ends"], "--until-stdin-ends is for --ephemeral"),
        (["--ephemeral", "--demo"], "leave --demo out"),
        (["--ephemeral", "--starts-at", "soon"], "is no instant"),
        (["--ephemeral", "--starts-at", "2026-09-01T08:00:00"], "has no offset"),
    ],
)
def test_options_that_do_not_go_together_are_refused(options, told):
    result = CliRunner().invoke(main, ["serve", *options])

    assert (result.exit_code, result.stdout) == (2, "")
    assert told in " ".join(result.stderr.split())


def test_without_ephemeral_the_command_serves_what_the_settings_name(tmp_path):
    with one_port(tmp_path, "serve", "--demo", program=PYTHON.parent / "homeroom") as (_, client):
        login = client.post("/v1/tokens", auth=("student", "try-homeroom"))
        desk = client.get("/ephemeral/clock")

    assert login.status_code == 201
    assert (desk.status_code, desk.json()["code"]) == (404, "not-found")
    assert (tmp_path / "homeroom.sqlite3").exists()
