"""A server on each database, with a school that every torture of this worker shares."""

import pytest

from tests.fuzz.grounds import grounds
from tests.torture.ground import Victim


def pytest_addoption(parser):
    parser.addoption("--whole", action="store_true", help="all texts on all operations")


@pytest.fixture(scope="session")
def is_whole(request):
    """Whether all is done, as in the soak, or a slice that meets each class of text."""
    return request.config.getoption("--whole", default=False)


@pytest.fixture(scope="session")
def victim(backend, server, tmp_path_factory):
    url = server.create("torture", like="migrated")
    with grounds(backend, tmp_path_factory.mktemp("torture"), url) as served:
        victim = Victim.of(served)
        yield victim
        victim.client.close()
    server.drop("torture")
