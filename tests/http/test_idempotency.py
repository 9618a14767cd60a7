"""One key, one effect: for a retry, for a crowd, and for requests that were refused."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import delete, func, select, text

from api.errors import StateConflict
from api.ids import Ids
from api.models import Member, User
from api.models.idempotency import IdempotencyKey
from tests.toys import toys

BEAR = {"name": "Bear"}
CROWD = 10
WAIT_SECONDS = 10
HOW_MANY_KEYS = select(func.count()).select_from(IdempotencyKey)


def keys_of(shop):
    mine = HOW_MANY_KEYS.where(IdempotencyKey.user_id == shop.keeper.member.user_id)
    with shop.database.read() as tx:
        return tx.scalar(mine)


def same(answer, first):
    """Whether an answer is the replay of another: all that the client of the first one learned."""
    alike = ("Location", "ETag", "Content-Type", "Content-Length", "Cache-Control", "Vary")
    return (
        answer.headers.get("Idempotent-Replayed") == "true"
        and (answer.status_code, answer.data) == (first.status_code, first.data)
        and all(answer.headers.get(name) == first.headers.get(name) for name in alike)
    )


def test_a_retry_gets_the_first_answer_byte_for_byte_and_does_nothing(shop):
    first = shop.keeper.post(shop.url, BEAR, key="k")
    shop.keeper.patch(first.headers["Location"], {"size": 9}, if_match="*")

    bare, quoted = (shop.keeper.post(shop.url, BEAR, key=key) for key in ("k", '"k"'))

    assert "Idempotent-Replayed" not in first.headers
    assert same(bare, first)
    assert same(quoted, first)
    assert shop.names() == ["Bear"]


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
def test_every_unsafe_method_is_replayed_even_where_its_tag_is_stale_by_now(shop, method):
    made = shop.made()
    url, tag = made.headers["Location"], made.headers["ETag"]
    body = None if method == "DELETE" else {"name": "Fox"}

    first = shop.keeper.open(method, url, json=body, if_match=tag, key="k")
    again = shop.keeper.open(method, url, json=body, if_match=tag, key="k")

    assert first.status_code in {200, 204}
    assert same(again, first)


@pytest.mark.parametrize("body", [b'{"name":"Fox"}', b'{"name":  "Bear"}'])
def test_the_same_key_with_another_body_is_refused(shop, body):
    shop.keeper.post(shop.url, BEAR, key="k")

    refused = shop.keeper.post(shop.url, key="k", data=body, content_type="application/json")

    assert (refused.status_code, refused.json["code"]) == (422, "idempotency-key-reused")
    assert shop.names() == ["Bear"]


def test_a_key_belongs_to_one_user_one_method_and_one_path(shop):
    first = shop.keeper.post(shop.url, BEAR, key="k")
    colleague = shop.school.registrar.post(shop.url, {"name": "Fox"}, key="k")
    changed = shop.keeper.patch(first.headers["Location"], {"size": 2}, if_match="*", key="k")

    assert (first.status_code, colleague.status_code, changed.status_code) == (201, 201, 200)
    assert shop.names() == ["Bear", "Fox"]


@pytest.mark.parametrize("key", ['"', '""', "", "a b", "é", "x" * 256, '"a"b'])
def test_a_key_that_cannot_be_one_is_refused(shop, key):
    refused = shop.keeper.post(shop.url, BEAR, key=key)

    assert (refused.status_code, refused.json["code"]) == (400, "invalid-header")
    assert refused.json["errors"][0]["header"] == "Idempotency-Key"
    assert shop.names() == []


@pytest.mark.parametrize("key", ["x" * 255, '"8e03 with spaces"', "~!#$%"])
def test_any_printable_key_will_do(shop, key):
    assert shop.keeper.post(shop.url, BEAR, key=key).status_code == 201
    assert shop.keeper.post(shop.url, BEAR, key=key).headers["Idempotent-Replayed"] == "true"


def test_refused_requests_leave_the_key_free(shop):
    student = shop.school.student
    shop.made("Taken")
    for who, body in ((shop.keeper, {"name": 3}), (shop.keeper, {"name": "Taken"})):
        assert who.post(shop.url, body, key="k").status_code in {409, 422}
    assert student.post(shop.url, BEAR, key="k").status_code == 403

    assert keys_of(shop) == 0
    assert shop.keeper.post(shop.url, BEAR, key="k").status_code == 201
    assert keys_of(shop) == 1


def test_a_read_keeps_nothing(shop):
    shop.keeper.get(shop.url, key="k")

    assert keys_of(shop) == 0


def test_a_dry_run_neither_uses_nor_keeps_a_key(shop):
    tried = shop.keeper.post(f"{shop.url}?dry_run=true", BEAR, key="k")
    made = shop.keeper.post(shop.url, BEAR, key="k")
    again = shop.keeper.post(f"{shop.url}?dry_run=true", {"name": "Fox"}, key="k")

    assert (tried.status_code, made.status_code, again.status_code) == (200, 201, 200)
    assert "Idempotent-Replayed" not in again.headers
    assert keys_of(shop) == 1


def test_a_minimal_answer_and_a_whole_one_are_replays_of_one_another(shop):
    minimal = {"Prefer": "return=minimal"}
    first = shop.keeper.post(shop.url, BEAR, key="k", headers=minimal)
    whole = shop.keeper.post(shop.url, BEAR, key="k")

    assert (first.status_code, first.data) == (201, b"")
    assert whole.json["name"] == "Bear"
    assert whole.headers["ETag"] == first.headers["ETag"]


def test_the_key_is_kept_in_the_transaction_of_its_effect(shop):
    def ends_badly(tx):
        tx.execute(toys.update().values(friend_id=Ids(lambda: 0).new()))

    shop.toys.meanwhile = ends_badly

    failed = shop.keeper.post(shop.url, BEAR, key="k")

    assert (failed.status_code, failed.json["code"]) == (500, "internal-error")
    assert shop.names() == []
    assert keys_of(shop) == 0


def at_once(shop, answer):
    """Let a crowd call: each has found no answer under its key before any of them writes."""
    meeting = threading.Barrier(CROWD)
    shop.toys.before = lambda: meeting.wait(WAIT_SECONDS)
    with ThreadPoolExecutor(CROWD) as crowd:
        return list(crowd.map(answer, range(CROWD)))


def in_its_own_thread(shop, body):
    """The same person on a connection of each caller's own."""

    def call(_number):
        client = shop.app.test_client()
        headers = {"Authorization": f"Bearer {shop.keeper.token}", "Idempotency-Key": "k"}
        return client.post(shop.url, json=body, headers=headers)

    return call


def drop_the_unique_name(shop):
    """Let names repeat, so that nothing but the key stands between a crowd and ten effects."""
    number = iter(range(CROWD))
    lock = threading.Lock()
    write = shop.toys.write

    def numbered(tx, organization_id, new):
        with lock:
            name = f"{new['name']} {next(number)}"
        return write(tx, organization_id, {**new, "name": name})

    shop.toys.write = numbered


@pytest.mark.race("test_twin_without_the_constraint_on_keys_there_are_ten_effects")
def test_ten_requests_at_once_with_one_key_have_one_effect(own_shop):
    shop = own_shop(HOMEROOM_THREADS=str(CROWD))
    drop_the_unique_name(shop)

    answers = at_once(shop, in_its_own_thread(shop, BEAR))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.data for answer in answers}) == 1
    assert sum("Idempotent-Replayed" not in answer.headers for answer in answers) == 1
    assert len(shop.names()) == 1
    assert keys_of(shop) == 1


@pytest.mark.twin
def test_twin_without_the_constraint_on_keys_there_are_ten_effects(own_shop):
    shop = own_shop(HOMEROOM_THREADS=str(CROWD))
    drop_the_unique_name(shop)
    take_the_constraint_away(shop)

    answers = at_once(shop, in_its_own_thread(shop, BEAR))

    assert {answer.status_code for answer in answers} == {201}
    assert len(shop.names()) == CROWD


def take_the_constraint_away(shop):
    copied = [
        "CREATE TABLE copied AS SELECT * FROM idempotency_keys",
        "DROP TABLE idempotency_keys",
        "ALTER TABLE copied RENAME TO idempotency_keys",
    ]
    with shop.database.write() as tx:
        for statement in copied:
            tx.execute(text(statement))


def test_who_waited_and_would_be_refused_gets_the_answer_of_its_twin(own_shop):
    shop = own_shop(HOMEROOM_THREADS=str(CROWD))

    answers = at_once(shop, in_its_own_thread(shop, BEAR))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.data for answer in answers}) == 1
    assert shop.names() == ["Bear"]


def test_who_waited_with_another_key_is_refused_for_its_own_reason(own_shop):
    shop = own_shop(HOMEROOM_THREADS=str(CROWD))

    def call(number):
        client = shop.app.test_client()
        token = {"Authorization": f"Bearer {shop.keeper.token}"}
        return client.post(shop.url, json=BEAR, headers={**token, "Idempotency-Key": f"k{number}"})

    answers = at_once(shop, call)

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * (CROWD - 1)


def test_a_refusal_without_a_key_is_final(shop):
    def refuse(_tx):
        raise StateConflict

    shop.toys.meanwhile = refuse

    assert shop.keeper.post(shop.url, BEAR).status_code == 409
    assert shop.names() == []


def test_a_key_of_somebody_who_is_deleted_meanwhile_undoes_its_request(shop):
    user_id = shop.keeper.member.user_id

    def leave():
        with shop.database.write() as tx:
            tx.execute(delete(Member).where(Member.user_id == user_id))
            tx.execute(delete(User).where(User.id == user_id))

    shop.toys.before = leave

    refused = shop.keeper.post(shop.url, BEAR, key="k")

    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    assert shop.names() == []
    assert shop.keeper.get(shop.url).status_code == 401
