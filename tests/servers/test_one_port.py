import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from api.server import HEAD_BYTES, listen


@pytest.fixture
def toy():
    """Serve the toy program in a process of its own; gives the process and its client."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.servers.toy"], stdout=subprocess.PIPE, text=True
    )
    try:
        port = int(process.stdout.readline())
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
            yield process, client
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def raw(client, *pieces, half_close=False):
    """Send bytes as they are, and give what comes back until the server closes or falls silent."""
    with socket.create_connection(("127.0.0.1", client.base_url.port), timeout=5) as sock:
        for piece in pieces:
            sock.sendall(piece)
        if half_close:
            sock.shutdown(socket.SHUT_WR)
        sock.settimeout(1)
        answer = b""
        try:
            while chunk := sock.recv(65536):
                answer += chunk
        except TimeoutError:
            pass
        return answer


def test_a_request_reaches_the_application_whole(toy):
    _, client = toy

    answer = client.post("/echo?a=1&b=%C3%A9", content="body")

    assert answer.status_code == 200
    assert answer.json()["body"] == "body"
    assert answer.json()["args"] == {"a": "1", "b": "é"}


def test_a_chunked_body_arrives_with_its_length(toy):
    _, client = toy

    answer = client.post("/echo", content=iter([b"one", b"two"])).json()

    assert answer["body"] == "onetwo"
    assert answer["headers"]["content-length"] == "6"
    assert "transfer-encoding" not in answer["headers"]


def test_a_body_over_the_limit_is_refused_by_the_application(toy):
    _, client = toy

    declared = client.post("/echo", content=b"x" * 1001)
    chunked = client.post("/echo", content=iter([b"x" * 600, b"x" * 600]))

    assert (declared.status_code, chunked.status_code) == (413, 413)
    assert client.get("/readyz").status_code == 200


def test_a_body_over_the_limit_is_refused_before_it_is_sent(toy):
    _, client = toy
    head = (
        b"POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 99999\r\n\r\n"
    )

    assert raw(client, head).startswith(b"HTTP/1.1 413 ")


def test_an_endless_body_is_refused_without_waiting_for_its_end(toy):
    _, client = toy
    head = b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

    assert raw(client, head, b"7d0\r\n" + b"x" * 2000 + b"\r\n").startswith(b"HTTP/1.1 413 ")


def test_a_client_that_leaves_within_its_body_reaches_no_thread(toy):
    _, client = toy
    head = b"POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf"

    raw(client, head, half_close=True)

    assert client.get("/readyz").status_code == 200


def test_slow_senders_hold_no_thread(toy):
    _, client = toy
    head = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf"
    senders = [socket.create_connection(("127.0.0.1", client.base_url.port)) for _ in range(8)]
    try:
        for sender in senders:
            sender.sendall(head)

        assert client.get("/readyz", timeout=1).status_code == 200
    finally:
        for sender in senders:
            sender.close()


def test_a_header_with_an_underscore_cannot_pose_as_one_with_a_hyphen(toy):
    _, client = toy

    headers = client.get("/echo", headers={"X_Forwarded_For": "10.0.0.1"}).json()["headers"]

    assert not [name for name in headers if "forwarded" in name]


def test_a_query_that_is_not_ascii_is_answered(toy):
    _, client = toy

    answer = raw(client, b"GET /echo?q=\xc3\xa9 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")

    # The parser may refuse such a request line; it may not break on it.
    assert answer[:12] in {b"HTTP/1.1 200", b"HTTP/1.1 400"}


def test_a_head_without_end_is_cut_off(toy):
    _, client = toy
    endless = b"GET / HTTP/1.1\r\nHost: a\r\nX-Long: " + b"x" * 1024

    answer = raw(client, endless, *[b"x" * 16384] * (HEAD_BYTES // 16384))

    assert answer.startswith(b"HTTP/1.1 400 ")


def test_stopping_says_so_then_finishes_what_is_in_flight(toy):
    process, client = toy
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(httpx.get, f"{client.base_url}/slow", timeout=10)
        assert process.stdout.readline() == "slow\n"
        assert client.get("/readyz").status_code == 200
        began = time.monotonic()

        process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        stopping = httpx.get(f"{client.base_url}/readyz")

        assert stopping.status_code == 503
        assert slow.result().text == "done"
    assert process.wait(timeout=10) == -signal.SIGTERM
    assert time.monotonic() - began < 5
    assert process.stdout.read() == "closed\n"


def test_an_interrupt_from_the_keyboard_ends_without_a_trace(toy):
    process, _ = toy

    process.send_signal(signal.SIGINT)

    assert process.wait(timeout=10) == 0
    assert process.stdout.read() == "closed\n"


def test_a_port_that_is_taken_is_refused_at_once():
    with listen("127.0.0.1", 0) as first:
        first.listen()

        with pytest.raises(OSError, match="in use"):
            listen("127.0.0.1", first.getsockname()[1])
