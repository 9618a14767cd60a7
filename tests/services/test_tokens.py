import pytest
from argon2 import PasswordHasher
from sqlalchemy import delete, select

from api.authz.actor import Actor
from api.authz.policy import Policy
from api.errors import InvalidCredentials, NotFound
from api.models import Token, User
from api.services.passwords import Passwords
from api.services.tokens import Tokens
from tests import factories


@pytest.fixture
def tokens(ids):
    return Tokens(policy=Policy(), ids=ids, passwords=Passwords())


@pytest.fixture
def user(database, tokens):
    with database.write() as tx:
        return factories.a_user(tx, password_hash=tokens.passwords.hash("password"))


@pytest.mark.parametrize("name", ["nobody", "", "a\x00b", "x" * 5000, "Ünï ćødé"])
def test_every_name_that_nobody_has_gets_the_same_refusal(database, tokens, name):
    with pytest.raises(InvalidCredentials) as refused:
        tokens.identify(database, name, "password")

    assert refused.value.members == {}


def test_a_user_whom_an_operator_made_without_a_password_cannot_log_in(database, tokens):
    with database.write() as tx:
        user = factories.a_user(tx, password_hash=None)

    with pytest.raises(InvalidCredentials):
        tokens.identify(database, user.username, "")


def test_a_hash_of_yesterdays_parameters_is_replaced_when_its_user_logs_in(database, tokens):
    with database.write() as tx:
        weak = PasswordHasher(1, 8 * 1024, 1).hash("password")
        user = factories.a_user(tx, password_hash=weak)

    identity = tokens.identify(database, user.username, "password")
    with database.write() as tx:
        tokens.issue(tx, Actor.nobody(), identity, {})

    with database.read() as tx:
        stored = tx.scalar(select(User.password_hash).where(User.id == user.id))
    assert stored != weak
    assert tokens.passwords.matches(stored, "password")
    assert tokens.identify(database, user.username, "password").new_hash is None


def test_only_an_operator_issues_tokens_for_others(database, tokens, user):
    with database.write() as tx:
        assert tokens.issue_to(tx, Actor.system(), []) == []
        with pytest.raises(NotFound):
            tokens.issue_to(tx, Actor(user_id=user.id), [user.id])

    with database.read() as tx:
        assert tx.all(select(Token.id).where(Token.user_id == user.id)) == []


def test_whoever_is_deleted_between_password_and_token_gets_none(database, tokens, user):
    identity = tokens.identify(database, user.username, "password")
    with database.write() as tx:
        tx.execute(delete(User).where(User.id == user.id))

    with pytest.raises(InvalidCredentials), database.write() as tx:
        tokens.issue(tx, Actor.nobody(), identity, {})
