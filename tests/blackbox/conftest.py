import pytest


@pytest.fixture(scope="session")
def document(world):
    """The OpenAPI document, as the server gives it."""
    return world.nobody.get("/openapi.json").json()
