import signal
import subprocess
import time

import pytest

from api.models import migrate
from api.server import listen
from tests.servers.programs import PYTHON, ROOT, environment, granian, one_port

KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    """A data directory with an SQLite file that is up to date."""
    folder = tmp_path_factory.mktemp("data")
    migrate.upgrade(f"sqlite:///{folder / 'homeroom.sqlite3'}")
    return folder


def refused(data_dir, **variables):
    """Run asgi.py where it cannot start, and give its status and its last words."""
    ran = subprocess.run(
        [PYTHON, ROOT / "asgi.py"],
        env=environment(data_dir, **variables),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return ran.returncode, ran.stderr


@pytest.mark.parametrize("program", [one_port, granian])
def test_both_programs_serve_the_same_application(program, data_dir):
    with program(data_dir) as (_, client):
        live, ready, unknown = client.get("/healthz"), client.get("/readyz"), client.get("/nowhere")

    assert live.is_success
    assert ready.is_success
    assert unknown.status_code == 404
    assert unknown.headers["content-type"] == "application/problem+json"
    assert unknown.json()["status"] == 404


def test_the_one_port_program_ends_by_the_signal_that_asked_it_to(data_dir):
    with one_port(data_dir) as (process, client):
        assert client.get("/readyz").is_success

        process.send_signal(signal.SIGTERM)
        time.sleep(0.2)

        assert client.get("/readyz").status_code == 503
        assert process.wait(timeout=10) == -signal.SIGTERM


def test_nothing_is_left_when_the_one_port_program_is_killed(data_dir):
    with one_port(data_dir) as (process, client):
        port = client.base_url.port
        process.kill()
        process.wait()

    listen("127.0.0.1", port).close()


def test_a_body_over_the_limit_is_a_problem_of_the_application(data_dir):
    with one_port(data_dir) as (_, client):
        answer = client.post("/v1/organizations", content=b"x" * (1024 * 1024 + 1))

    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "body-too-large"


def test_a_database_behind_the_code_stops_the_start_with_the_way_out(tmp_path):
    (tmp_path / "homeroom.sqlite3").touch()

    status, words = refused(tmp_path)

    assert status == 1
    assert words == "homeroom: the schema is behind the code: homeroom db upgrade\n"


def test_a_file_that_cannot_be_opened_stops_the_start(tmp_path):
    url = f"sqlite:///{tmp_path}/no-such-folder/homeroom.sqlite3"

    status, words = refused(tmp_path, HOMEROOM_DATABASE_URL=url)

    assert status == 1
    assert words == "homeroom: the database that HOMEROOM_DATABASE_URL names does not answer\n"


def test_a_refused_setting_is_one_line_without_a_trace(tmp_path):
    status, words = refused(tmp_path, HOMEROOM_ENV="production", HOMEROOM_SECRET_KEY=KEY)

    assert status == 1
    assert words.startswith("homeroom: HOMEROOM_PUBLIC_URL: production needs it")
    assert words.count("\n") == 1


def test_a_port_that_is_taken_is_one_line_that_names_the_way_out(tmp_path):
    with listen("127.0.0.1", 0) as other:
        other.listen()
        status, words = refused(tmp_path, PORT=str(other.getsockname()[1]))

    assert status == 1
    assert "choose another with PORT=" in words
    assert words.count("\n") == 1
