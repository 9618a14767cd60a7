import pytest

from tests.blackbox import deployed


def pytest_addoption(parser):
    parser.addoption("--everywhere", action="store_true", help="the whole look at every set-up")


def pytest_configure(config):
    config.addinivalue_line("markers", "everywhere: runs with --everywhere alone")


def pytest_collection_modifyitems(config, items):
    """The whole look at each set-up is a long form; its checks are tests of every run."""
    if config.getoption("--everywhere", default=False):
        return
    long = [item for item in items if item.get_closest_marker("everywhere")]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]


@pytest.fixture(scope="session")
def document(world):
    """The OpenAPI document, as the server gives it."""
    return world.nobody.get("/openapi.json").json()


@pytest.fixture
def place(backend, server, request):
    """Where a server is deployed: its kind, a database of its own; two processes share a Redis."""
    url = server.create("deployed", like="migrated")
    settings = {}
    if backend == "postgresql":
        settings = {
            "HOMEROOM_REDIS_URL": request.getfixturevalue("redis_url"),
            "HOMEROOM_WORKERS": "2",
            "GRANIAN_WORKERS": "2",
        }
    yield backend, url, settings
    server.drop("deployed")


@pytest.fixture
def alone(place, tmp_path):
    """Give what starts a server that clients reach as it is."""
    return _starting(deployed.deployed, place, tmp_path)


@pytest.fixture
def behind_nginx(place, tmp_path):
    """Give what starts a server that clients reach through the nginx of deploy/."""
    return _starting(deployed.deployed_behind_nginx, place, tmp_path)


def _starting(how, place, folder):
    backend, url, settings = place
    return lambda **changes: how(backend, url, folder, **settings | changes)
