import pytest
from office import Office


@pytest.fixture
def office(homeroom_organization):
    """The office's software in an organization of this test alone."""
    return Office(homeroom_organization.registrar.http, homeroom_organization.url)
