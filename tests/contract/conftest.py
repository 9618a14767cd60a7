"""The application and its document for laws that need no database."""

import pytest

from api.app import create_app
from api.http.links import targets_of
from api.http.openapi import build_document
from tests.apps import settings_for


@pytest.fixture(scope="session")
def served(tmp_path_factory):
    """The application as it is served; its database is never opened."""
    file = tmp_path_factory.mktemp("served") / "homeroom.sqlite3"
    app = create_app(settings_for(f"sqlite:///{file}"))
    yield app
    app.extensions["homeroom"].database.close()


@pytest.fixture(scope="session")
def document(served):
    return build_document(served)


@pytest.fixture(scope="session")
def targets(served):
    return targets_of(served)
