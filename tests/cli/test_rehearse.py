import asyncio
import gzip
import json
import threading
from contextlib import contextmanager

import orjson
import pytest
from click.testing import CliRunner

from api.cli.rehearsal import run
from api.cli.rehearse import rehearse
from tests.cli.tiny_school import TinyClass, TinySchool

SEATS = {"001": 2, "002": None}
STUDENTS = [f"S{n}" for n in range(9)]


@pytest.fixture(autouse=True)
def _no_sweeper(monkeypatch):
    """What stands after the day in a tiny school, stands at once."""
    monkeypatch.setattr(run, "SETTLED_SECONDS", 0)


@pytest.fixture
def day(tmp_path):
    """A folder with a day of demand, its catalogue and everybody's token."""
    events = [f"2022-02-12T08:{n:02d}:00,{name},request,001" for n, name in enumerate(STUDENTS)]
    events += [f"2022-02-12T09:{n:02d}:00,{name},drop,001" for n, name in enumerate(STUDENTS[:3])]
    with gzip.open(tmp_path / "events.csv.gz", "wt") as rows:
        rows.write("\n".join(("time,student,action,section_id", *events, "")))
    with gzip.open(tmp_path / "catalogue_sections.jsonl.gz", "wt") as lines:
        lines.writelines(
            json.dumps({"section_id": name, "seats": seats}) + "\n" for name, seats in SEATS.items()
        )
    tokens = [{"external_id": name, "token": f"token-{name}"} for name in STUDENTS]
    tokens.append({"role": "registrar", "token": "token-registrar"})
    (tmp_path / "tokens.jsonl").write_text("".join(json.dumps(one) + "\n" for one in tokens))
    return tmp_path


@contextmanager
def serving(school):
    """Serve a school on a loop of its own, for a command that runs a loop itself."""
    started, addresses, stop = threading.Event(), [], []

    async def serve():
        done = asyncio.Event()
        stop.append((asyncio.get_running_loop(), done))
        async with school.served() as address:
            addresses.append(address)
            started.set()
            await done.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    started.wait(5)
    try:
        yield f"http://{addresses[0]}"
    finally:
        loop, done = stop[0]
        loop.call_soon_threadsafe(done.set)
        thread.join(5)


def a_school(**changes):
    return TinySchool(
        classes=[TinyClass(f"cls_{name}", name, seats) for name, seats in SEATS.items()], **changes
    )


def invoke(day, *arguments):
    demand = ["--demand", str(day / "events.csv.gz"), "--output", str(day / "results")]
    return CliRunner(env={"HOMEROOM_DATABASE_URL": None}).invoke(
        rehearse, [*demand, *arguments], catch_exceptions=False
    )


def against(url, day):
    return ["--url", url, "--tokens", str(day / "tokens.jsonl"), "--connections", "3"]


def test_a_day_on_a_running_server_ends_with_a_table_a_picture_and_a_verdict(day):
    with serving(a_school()) as url:
        result = invoke(day, *against(url, day))

    assert result.exit_code == 0, result.output
    assert "2 enrolled, 4 waitlisted" in result.output
    assert "VERDICT: every check holds" in result.output
    assert {path.suffix for path in (day / "results").iterdir()} == {".json", ".png"}


def test_a_broken_promise_ends_with_status_1(day):
    def trouble(number, method, _path):
        return "lose" if method == "POST" and number == 7 else None

    with serving(a_school(trouble=trouble, forget_keys=True)) as url:
        result = invoke(day, *against(url, day))

    assert result.exit_code == 1
    assert "BROKEN  keys with two effects: 0" in result.output


def test_json_is_the_results_file(day):
    with serving(a_school()) as url:
        result = invoke(day, *against(url, day), "--json", "--limit", "5")

    told = orjson.loads(result.stdout)
    assert told["verdict"] == "holds"
    assert told["answers"]["answered"] == 5
    assert told["settings"]["foretold"] == "2 enrolled, 3 waitlisted"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--url", "http://127.0.0.1:1"], "--url and --tokens belong together"),
        (
            ["--url", "http://h", "--tokens", "t", "--kills", "1"],
            "--kills needs servers of our own",
        ),
        (["--speed", "fast"], "'fast' is neither max nor a number"),
        (["--speed", "0"], "greater than 0"),
        (["--database", "oracle"], "write sqlite, postgresql or a PostgreSQL URL"),
    ],
)
def test_what_cannot_be_done_is_refused_with_status_2(day, arguments, said):
    result = invoke(day, *arguments)

    assert result.exit_code == 2
    assert said in " ".join(result.output.replace("│", " ").split())


def test_an_address_that_is_no_url_is_refused(day):
    result = invoke(day, "--url", "school", "--tokens", str(day / "tokens.jsonl"))

    assert result.exit_code == 2
    assert "not an http URL: school" in result.output


def test_demand_from_standard_input_needs_to_be_told_where_the_catalogue_is():
    result = CliRunner().invoke(rehearse, ["--demand", "-"])

    assert result.exit_code == 2
    assert "--demand - needs --catalogue and --students" in result.output


def test_a_demand_without_events_is_refused(day):
    with gzip.open(day / "events.csv.gz", "wt") as rows:
        rows.write("time,student,action,section_id\n")

    result = invoke(day)

    assert result.exit_code == 2
    assert "no events" in result.output
