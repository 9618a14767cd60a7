import pytest

from api.authz.actor import Actor
from api.authz.policy import Policy
from api.errors import NotFound
from api.services.organizations import Organizations
from tests import factories


def test_an_organization_that_was_archived_at_this_moment_is_not_found(tx, ids):
    organizations = Organizations(policy=Policy(), ids=ids)
    gone = factories.an_organization(tx, archived_at=tx.now())

    for find in (organizations.get, organizations.find_for_update):
        with pytest.raises(NotFound):
            find(tx, Actor.system(), gone.id)
