"""What a pipeline does when the server at its other end is none any more."""

import signal
import socket
import threading
from contextlib import contextmanager

import psycopg
import pytest

from api.models import libpq

READY = b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I"
"""AuthenticationOk and ReadyForQuery (PostgreSQL's manual, 55.7)."""


@contextmanager
def server_that_answers(answer):
    """Greet one client as PostgreSQL does, and answer all that it then asks with these bytes."""

    def serve():
        client, _ = listener.accept()
        with client:
            client.recv(8192)
            client.sendall(READY)
            client.recv(8192)
            client.sendall(answer)
            while client.recv(8192):
                pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(10)


@pytest.fixture
def _in_time():
    """Fail what would go on for ever."""

    def stop(*_):
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, 10)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.usefixtures("_in_time")
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"\x01" + b"\xff" * 16, id="no message of the protocol"),
        pytest.param(b"C\0\0\0\x02", id="a length that no message has"),
    ],
)
def test_a_connection_that_makes_no_sense_is_lost_at_once(answer):
    with server_that_answers(answer) as port:
        conninfo = f"host=127.0.0.1 port={port} sslmode=disable gssencmode=disable user=nobody"
        driver = psycopg.connect(conninfo, autocommit=True)
        with pytest.raises(psycopg.OperationalError):
            libpq._in_one_trip(driver, [(b"one", None, None), (b"two", None, None)])
        is_lost = driver.closed
        driver.close()

    assert is_lost
