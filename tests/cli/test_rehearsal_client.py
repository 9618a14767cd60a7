import asyncio
import random
import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from api.cli.rehearsal.client import Address, Answer, Client, GaveUp, Request, retry_after
from tests.cli.tiny_school import TinyClass, TinySchool

REGISTER = Request(
    method="POST", path="/v1/classes/cls_1/registrations", token="token-ada", key="k1", body=b"{}"
)


def a_school(trouble=lambda _number, _method, _path: None, **changes):
    return TinySchool(classes=[TinyClass("cls_1", "001", 5)], trouble=trouble, **changes)


def first_time(what):
    return lambda number, _method, _path: what if number == 0 else None


async def sent(school, request, **options):
    async with school.served() as address:
        client = Client(addresses=[address], chance=random.Random(1), **options)
        try:
            return await client.send(request), client.tally
        finally:
            client.close()


def closed_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def test_an_answer_comes_with_its_status_headers_and_body():
    answer, tally = asyncio.run(sent(a_school(), Request(method="GET", path="/v1/me")))

    assert answer.status == 200
    assert answer.headers["etag"] == '"v1"'
    assert answer.json()["memberships"][0]["role"] == "registrar"
    assert (tally.attempts, tally.broken) == (1, 0)


def test_an_answer_without_a_body_does_not_hold_up_the_next():
    async def exchange():
        school = a_school()
        async with school.served() as address:
            client = Client(addresses=[address])
            made = await client.send(REGISTER)
            gone = Request(method="DELETE", path=f"/v1/registrations/{made.json()['id']}", key="k2")
            answers = [made, await client.send(gone), await client.send(gone)]
            client.close()
        return [answer.status for answer in answers], answers[2].headers, client.tally

    statuses, headers, tally = asyncio.run(exchange())

    assert statuses == [201, 204, 204]
    assert headers["idempotent-replayed"] == "true"
    assert tally.attempts == 3


def test_a_request_whose_answer_was_lost_is_sent_again_with_its_key_and_has_one_effect():
    school = a_school(first_time("lose"))

    answer, tally = asyncio.run(sent(school, REGISTER))

    assert answer.status == 201
    assert [key for _, _, key in school.seen] == ["k1", "k1"]
    assert len(school.classes[0].rows) == 1
    assert tally.broken == 1


def test_a_request_that_never_arrived_is_sent_again():
    school = a_school(first_time("refuse"))

    answer, _ = asyncio.run(sent(school, REGISTER))

    assert answer.status == 201
    assert len(school.classes[0].rows) == 1


@pytest.mark.parametrize(("status", "counted"), [("503", "busy"), ("429", "limited")])
def test_a_server_that_asks_to_wait_is_asked_again_after_that_time(status, counted):
    school, slept = a_school(first_time(status), wait_seconds=7), []

    async def sleep(seconds):
        slept.append((seconds, len(school.seen)))

    answer, tally = asyncio.run(sent(school, REGISTER, sleep=sleep))

    assert answer.status == 201
    ((seconds, asked_before),) = slept
    assert 7 <= seconds <= 7.7
    assert (asked_before, len(school.seen)) == (1, 2)
    assert tally.waited_seconds == seconds
    assert getattr(tally, counted) == 1
    assert tally.broken == 0


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        (Answer(204, {"location": "/a", "etag": '"1"'}, b"{}"), False),
        (Answer(201, {"location": "/b", "etag": '"1"'}, b"{}"), False),
        (Answer(201, {"location": "/a", "etag": '"2"'}, b"{}"), False),
        (Answer(201, {"location": "/a", "etag": '"1"'}, b"{ }"), False),
        (Answer(201, {"location": "/a", "etag": '"1"', "date": "later"}, b"{}"), True),
    ],
)
def test_a_digest_tells_answers_apart_but_for_what_differs_each_time(changed, same):
    first = Answer(201, {"location": "/a", "etag": '"1"'}, b"{}")

    assert (changed.digest == first.digest) is same


def test_a_500_is_an_answer_and_not_sent_again():
    school = a_school(first_time("500"))

    answer, tally = asyncio.run(sent(school, REGISTER))

    assert answer.status == 500
    assert tally.attempts == 1


def test_when_a_server_is_away_another_is_asked_at_once():
    async def exchange():
        async with a_school().served() as stands:
            away = Address("127.0.0.1", closed_port())
            client = Client(addresses=[away, stands])
            answer = await client.send(REGISTER)
            client.close()
            return answer.status, client.tally.waited_seconds

    assert asyncio.run(exchange()) == (201, 0.0)


def test_a_client_returns_to_its_own_server_when_that_stands_again():
    async def exchange():
        homes, others = a_school(first_time("refuse")), a_school()
        async with homes.served() as home, others.served() as other:
            client = Client(addresses=[home, other])
            for _ in range(102):
                await client.send(Request(method="GET", path="/v1/me"))
            client.close()
        return len(homes.seen), len(others.seen)

    assert asyncio.run(exchange()) == (3, 100)


def test_a_client_gives_up_when_its_patience_ends():
    client = Client(addresses=[Address("127.0.0.1", closed_port())], patience_seconds=0.2)

    with pytest.raises(GaveUp, match="POST /v1/classes/cls_1/registrations"):
        asyncio.run(client.send(REGISTER))

    assert client.tally.attempts > 1


def test_what_is_not_http_breaks_the_connection():
    async def exchange():
        async def babble(reader, writer):
            try:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(b"hello?\r\n\r\n")
            finally:
                writer.close()

        server = await asyncio.start_server(babble, "127.0.0.1", 0)
        address = Address("127.0.0.1", server.sockets[0].getsockname()[1])
        client = Client(addresses=[address], patience_seconds=0.05)
        try:
            await client.send(REGISTER)
        finally:
            server.close()

    with pytest.raises(GaveUp, match="not HTTP"):
        asyncio.run(exchange())


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({}, 1.0), ({"retry-after": "7"}, 7.0), ({"retry-after": "soon"}, 1.0)],
)
def test_retry_after_is_read_as_seconds(headers, seconds):
    assert retry_after(Answer(503, headers, b"")) == seconds


def test_retry_after_may_be_a_date():
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)

    assert 25 < retry_after(Answer(503, {"retry-after": later}, b"")) <= 30


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://127.0.0.1:8000", Address("127.0.0.1", 8000)),
        ("https://school.example/a/", Address("school.example", 443, tls=True, prefix="/a")),
        ("http://[::1]:81", Address("::1", 81)),
    ],
)
def test_an_address_is_read_from_a_url(url, address):
    assert Address.of(url) == address


def test_an_address_is_not_read_from_anything_else():
    with pytest.raises(ValueError, match="not an http URL"):
        Address.of("ftp://school.example")


def test_the_prefix_is_put_before_a_path_once():
    address = Address.of("https://school.example/a")

    assert address.target("/v1/me") == "/a/v1/me"
    assert address.target("/a/v1/me") == "/a/v1/me"
    assert Request(method="GET", path="/v1/me").wire(address).startswith(b"GET /a/v1/me HTTP/1.1")
    assert str(Address("::1", 81)) == "[::1]:81"
