import pytest
from sqlalchemy import select

from api.authz.actor import Actor
from api.authz.policy import Policy
from api.errors import Busy, NotFound
from api.models import Organization
from api.services.organizations import Organizations
from tests import factories


def test_an_organization_that_was_archived_at_this_moment_is_not_found(tx, ids):
    organizations = Organizations(policy=Policy(), ids=ids)
    gone = factories.an_organization(tx, archived_at=tx.now())

    for find in (organizations.get, organizations.find_for_update):
        with pytest.raises(NotFound):
            find(tx, Actor.system(), gone.id)


def test_whoever_is_deleted_at_this_moment_founds_nothing(database, ids):
    organizations = Organizations(policy=Policy(), ids=ids)
    new = {"name": "Nowhere", "slug": f"nowhere-{ids.new().hex}", "timezone": "UTC"}

    with pytest.raises(Busy), database.write() as tx:
        organizations.create(tx, Actor(user_id=ids.new()), new)

    with database.read() as tx:
        assert tx.first(select(Organization).where(Organization.slug == new["slug"])) is None
