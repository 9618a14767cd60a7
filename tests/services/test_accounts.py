import threading

import pytest
from sqlalchemy import delete, select

from api.authz.actor import Actor
from api.authz.policy import Policy
from api.errors import AuthenticationRequired, Busy, LastOwner, NotFound, StaleVersion
from api.models import Member, Role, User
from api.services import memberships
from api.services.accounts import Accounts
from api.services.passwords import Passwords
from tests import factories

SOON = 0.3


@pytest.fixture
def accounts(ids):
    return Accounts(policy=Policy(), ids=ids, passwords=Passwords(), is_signup_open=True)


@pytest.mark.parametrize("what", ["get", "find_for_update"])
def test_an_account_that_was_deleted_at_this_moment_is_not_found(tx, accounts, what):
    gone = factories.new_id()

    with pytest.raises(NotFound):
        getattr(accounts, what)(tx, Actor(user_id=gone), gone)


def test_whose_token_died_at_this_moment_is_nobody_any_more(tx, accounts):
    user = factories.a_user(tx)

    with pytest.raises(NotFound):
        accounts.me(tx, Actor(user_id=user.id, token_id=factories.new_id()))


def test_a_membership_that_ended_at_this_moment_is_passed_over(tx, monkeypatch):
    user, organization = factories.a_user(tx), factories.an_organization(tx)
    factories.a_member(tx, organization.id, user_id=user.id)

    def and_is_gone(tx, organization_id):
        tx.execute(delete(Member).where(Member.organization_id == organization_id))

    monkeypatch.setattr(memberships, "lock_organization", and_is_gone)

    assert memberships.end_memberships(tx, user.id) == []


@pytest.mark.parametrize(
    ("actor", "refusal"),
    [(Actor(user_id=factories.new_id()), NotFound), (Actor.nobody(), AuthenticationRequired)],
)
def test_only_an_operator_lists_and_mends_the_accounts_of_others(tx, accounts, actor, refusal):
    user = factories.a_user(tx)

    with pytest.raises(refusal):
        accounts.everybody(tx, actor)
    with pytest.raises(refusal):
        accounts.reset_password(tx, actor, user.username, "hash")
    with pytest.raises(refusal):
        accounts.delete_named(tx, actor, user.username)

    kept = tx.first(select(User.password_hash).where(User.id == user.id))
    assert kept.password_hash is None


def test_a_password_that_was_changed_meanwhile_is_not_changed_again(database, accounts):
    with database.write() as tx:
        user = factories.a_user(tx, password_hash=accounts.passwords.hash("the first one"))
        row = accounts.get(tx, Actor(user_id=user.id), user.id).row
    wanted = {"password": "the second one", "current_password": "the first one"}
    new = accounts.prepare_change(row, wanted)
    with database.write() as tx:
        accounts.reset_password(tx, Actor.system(), user.username, "the hash of another")

    with pytest.raises(StaleVersion), database.write() as tx:
        now = accounts.find_for_update(tx, Actor(user_id=user.id), user.id)
        accounts.update(tx, now, wanted, new)

    with database.read() as tx:
        kept = tx.first(select(User.password_hash).where(User.id == user.id))
    assert kept.password_hash == "the hash of another"


def test_an_operator_cannot_delete_the_last_owner_either(tx, accounts):
    user = factories.a_user(tx)
    factories.a_member(tx, role=Role.OWNER, user_id=user.id)

    with pytest.raises(LastOwner):
        accounts.delete_named(tx, Actor.system(), user.username)


def test_an_account_that_two_requests_delete_at_once_is_deleted_once(database, accounts):
    with database.write() as tx:
        user = factories.a_user(tx)
        member = factories.a_member(tx, role=Role.STUDENT, user_id=user.id)
    actor = Actor(user_id=user.id)

    def delete():
        with database.write() as tx:
            accounts.delete(tx, actor, user.id)

    thread = threading.Thread(target=delete)
    with database.write() as tx:
        accounts.delete(tx, actor, user.id)
        thread.start()
        thread.join(SOON)
    thread.join()

    with database.read() as tx:
        assert tx.first(select(User.id).where(User.id == user.id)) is None
        members = select(Member.id).where(Member.organization_id == member.organization_id)
        assert tx.all(members) == []


def test_an_account_that_joins_a_school_meanwhile_is_deleted_whole_or_not_at_all(
    database, accounts, backend
):
    with database.write() as tx:
        user, organization = factories.a_user(tx), factories.an_organization(tx)
    fared = []

    def delete():
        try:
            with database.write() as tx:
                accounts.delete(tx, Actor(user_id=user.id), user.id)
        except Busy as busy:
            fared.append(busy)

    thread = threading.Thread(target=delete)
    with database.write() as tx:
        factories.a_member(tx, organization.id, Role.STUDENT, user_id=user.id)
        thread.start()
        thread.join(SOON)
    thread.join()

    with database.read() as tx:
        users = tx.all(select(User.id).where(User.id == user.id))
        members = tx.all(select(Member.id).where(Member.organization_id == organization.id))
    # SQLite lets one writer in at a time, so there the second sees what the first did.
    kept = int(backend == "postgresql")
    assert (len(fared), len(users), len(members)) == (kept, kept, kept)
