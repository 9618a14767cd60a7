"""A server on each database, with a school that every torture of this worker shares."""

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.fuzz.grounds import grounds
from tests.torture.ground import Victim

RESULTS = Path("benchmarks/results/torture.json")


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


@pytest.fixture(scope="session")
def records(is_whole):
    """What was sent on each database; kept when all of it was."""
    records = {}
    yield records
    if is_whole:
        RESULTS.write_text(json.dumps(records, indent=1) + "\n")


@pytest.fixture
def record(records, backend):
    return records.setdefault(backend, Counter())
