"""A server on SQLite, and ground on which schools are made for it."""

import pytest

from tests.fuzz.grounds import grounds


@pytest.fixture(scope="session")
def ground(backend, server, tmp_path_factory):
    url = server.create("fuzz", like="migrated")
    with grounds(backend, tmp_path_factory.mktemp("fuzz"), url) as served:
        yield served
    server.drop("fuzz")
