"""The last day of use of a token: at most one write a day, and none in a request."""

import threading
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import event, select

from api.errors import Unavailable
from api.models import Token
from api.models.database import Database
from api.services import token_uses
from api.services.sweeper import Sweeper
from api.services.token_uses import TokenUses
from tests import factories


@pytest.fixture
def user(database):
    with database.write() as tx:
        return factories.a_user(tx)


@pytest.fixture
def a_token(database, user):
    def make():
        with database.write() as tx:
            return factories.a_token(tx, user.id)

    return make


@pytest.fixture
def used_on(database):
    def read(token):
        with database.read() as tx:
            return tx.first(select(Token.last_used_on).where(Token.id == token.id)).last_used_on

    return read


@pytest.fixture
def updates(database):
    """What was sent to change the rows of tokens."""
    sent = []

    def noted(_connection, _cursor, statement, *_):
        if statement.startswith("UPDATE tokens"):
            sent.append(statement)

    event.listen(database.engine, "before_cursor_execute", noted)
    yield sent
    event.remove(database.engine, "before_cursor_execute", noted)


def test_a_token_that_nobody_used_has_no_day(a_token, used_on):
    assert used_on(a_token()) is None


def test_the_day_is_written_later_and_once(database, a_token, used_on, updates, clock):
    uses, token, other = TokenUses(), a_token(), a_token()
    for _ in range(3):
        uses.note(token.id, clock.now())

    before = used_on(token)
    written = [uses.write(database), uses.write(database)]
    uses.note(token.id, clock.now())
    written.append(uses.write(database))

    assert (before, used_on(token), used_on(other)) == (None, clock.now().date(), None)
    assert (written, len(updates)) == ([1, 0, 0], 1)


def test_every_day_is_told_anew_and_none_is_taken_back(database, a_token, used_on, clock):
    uses, token, now = TokenUses(), a_token(), clock.now()

    for days in (0, 1, -1):
        uses.note(token.id, now + timedelta(days=days))
    uses.write(database)
    uses.note(token.id, now)
    uses.write(database)

    assert used_on(token) == (now + timedelta(days=1)).date()


def test_a_day_ends_at_midnight_of_utc(database, a_token, used_on):
    uses, token = TokenUses(), a_token()

    uses.note(token.id, datetime.fromisoformat("2027-03-01T23:59:59.999+00:00"))
    uses.write(database)
    first = used_on(token)
    uses.note(token.id, datetime.fromisoformat("2027-03-02T00:00:00+00:00"))
    uses.write(database)

    assert (first, used_on(token)) == (date(2027, 3, 1), date(2027, 3, 2))


def test_another_process_that_saw_it_too_changes_nothing(database, a_token, clock):
    token = a_token()
    rows = []
    for uses in (TokenUses(), TokenUses()):
        uses.note(token.id, clock.now())
        uses.write(database)
        with database.read() as tx:
            rows.append(tx.first(select(Token).where(Token.id == token.id)))

    assert rows[0] == rows[1]


def test_a_token_that_is_gone_holds_no_other_up(database, a_token, used_on, clock):
    uses, token = TokenUses(), a_token()

    uses.note(factories.new_id(), clock.now())
    uses.note(token.id, clock.now())
    uses.write(database)

    assert used_on(token) == clock.now().date()


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_a_token_that_somebody_else_changes_is_not_waited_for(database, a_token, used_on, clock):
    uses, held, free = TokenUses(), a_token(), a_token()
    for token in (held, free):
        uses.note(token.id, clock.now())

    with database.write() as tx:
        tx.first(select(Token.id).where(Token.id == held.id).with_for_update())
        writer = threading.Thread(target=uses.write, args=(database,))
        writer.start()
        writer.join(2)
        waited = writer.is_alive()
    writer.join()

    assert not waited
    assert (used_on(held), used_on(free)) == (None, clock.now().date())


def test_what_could_not_be_written_is_written_later(database, a_token, used_on, clock, monkeypatch):
    uses, token = TokenUses(), a_token()
    uses.note(token.id, clock.now())

    def away(_):
        raise Unavailable

    with monkeypatch.context() as patched:
        patched.setattr(Database, "write", away)
        with pytest.raises(Unavailable):
            uses.write(database)
    uses.write(database)

    assert used_on(token) == clock.now().date()


def test_a_crowd_is_written_by_and_by(database, a_token, used_on, clock, monkeypatch):
    monkeypatch.setattr(token_uses, "WRITTEN_AT_ONCE", 2)
    uses, tokens = TokenUses(), [a_token() for _ in range(3)]
    for token in tokens:
        uses.note(token.id, clock.now())

    written = [uses.write(database) for _ in range(3)]

    assert written == [2, 1, 0]
    assert [used_on(token) for token in tokens] == [clock.now().date()] * 3


def test_what_is_remembered_has_an_end(database, a_token, used_on, clock, monkeypatch):
    monkeypatch.setattr(token_uses, "KEPT_AT_MOST", 2)
    uses, tokens = TokenUses(), [a_token() for _ in range(3)]

    for token in tokens:
        uses.note(token.id, clock.now())

    assert len(uses._noted) == 1
    while uses.write(database):
        pass
    # Each of them is, or was once: the newest are kept.
    assert [used_on(token) for token in tokens] == [None, *[clock.now().date()] * 2]


def test_the_sweeper_writes_and_writes_what_is_left_when_it_ends(fresh_database, clock):
    with fresh_database.write() as tx:
        user = factories.a_user(tx)
        first, second = (factories.a_token(tx, user.id) for _ in range(2))
    sweeper = Sweeper(fresh_database)

    def days():
        with fresh_database.read() as tx:
            rows = tx.all(select(Token.id, Token.last_used_on))
        return {row.id: row.last_used_on for row in rows}

    sweeper.uses.note(first.id, clock.now())
    sweeper.once()
    by_a_pass = days()
    sweeper.start()
    sweeper.uses.note(second.id, clock.now())
    sweeper.stop()

    today = clock.now().date()
    assert by_a_pass == {first.id: today, second.id: None}
    assert days() == {first.id: today, second.id: today}
