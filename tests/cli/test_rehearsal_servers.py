import asyncio
import os
import random
import socket
import sys
from dataclasses import replace

import psutil
import pytest

from api.cli.rehearsal.servers import (
    Fleet,
    Progress,
    Server,
    ServerFailed,
    four_workers,
    free_ports,
    moments_of,
    one_program,
)

# A server with a child that holds the port, as granian's first process has.
PARENT_AND_CHILD = """
import http.server, os, subprocess, sys
if len(sys.argv) == 1:
    sys.exit(subprocess.call([sys.executable, __file__, "child"]))
class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Answer).serve_forever()
"""


@pytest.fixture
def fleet(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PARENT_AND_CHILD)
    port = free_ports(1)[0]
    server = Server(
        port=port,
        command=[sys.executable, str(program)],
        env=dict(os.environ),
        log=tmp_path / "log",
    )
    yield Fleet(servers=[server])
    server.stop()


def listens(port):
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def serves_no_more(process):
    """Dead, though nobody may have collected it: a machine's first process decides about that."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_kill_ends_the_whole_group_and_the_server_comes_back(fleet):
    progress = Progress()
    port = fleet.servers[0].port

    async def day():
        await fleet.start()
        first = fleet.servers[0]._process.pid
        children = psutil.Process(first).children()
        strike = asyncio.create_task(fleet.strike([2], progress, random.Random(1)))
        await asyncio.sleep(0)
        progress.advance()
        await asyncio.sleep(0.05)
        unharmed = not fleet.kills and listens(port)
        progress.advance()
        await strike
        return first, children, unharmed

    first, children, unharmed = asyncio.run(day())

    assert unharmed
    assert len(children) == 1
    assert not psutil.pid_exists(first)
    assert all(serves_no_more(child) for child in children)
    assert listens(port)
    assert [kill.port for kill in fleet.kills] == [port]
    assert fleet.kills[0].answered == 2


def test_stopping_leaves_no_process_and_no_port(fleet):
    asyncio.run(fleet.start())
    process = fleet.servers[0]._process

    fleet.stop()

    assert not psutil.pid_exists(process.pid)
    assert not listens(fleet.servers[0].port)


def test_a_server_that_ends_by_itself_is_reported_with_its_log(fleet, tmp_path):
    broken = replace(fleet.servers[0], command=[sys.executable, "-c", "raise SystemExit('no way')"])

    with pytest.raises(ServerFailed, match=r"ended by itself; the end of .*log:\nno way"):
        asyncio.run(Fleet(servers=[broken]).start())


def test_stopping_what_never_started_does_nothing(fleet):
    fleet.stop()

    assert fleet.servers[0]._process is None


def test_the_moments_of_kills_depend_on_the_seed_alone_and_leave_the_end_out():
    moments = moments_of(5, 1000, random.Random(7))

    assert moments == moments_of(5, 1000, random.Random(7))
    assert moments != moments_of(5, 1000, random.Random(8))
    assert moments == sorted(set(moments))
    assert max(moments) < 950


def test_waiting_for_a_count_that_is_over_does_not_wait():
    async def wait():
        progress = Progress()
        progress.advance()
        await asyncio.wait_for(progress.reach(1), 1)
        return progress.over

    assert asyncio.run(wait()) == 1


def test_sqlite_is_served_by_one_program_and_postgresql_by_four_workers(tmp_path):
    one, four = one_program({}, tmp_path), four_workers({}, tmp_path)

    assert [server.command[-1].endswith("asgi.py") for server in one.servers] == [True]
    assert len({server.port for server in four.servers}) == 4
    assert all(server.env["HOMEROOM_WORKERS"] == "4" for server in four.servers)
    assert all("granian" in server.command for server in four.servers)
    assert [address.port for address in four.addresses] == [s.port for s in four.servers]
