import struct

import pytest

from tests.browser.chromium import visiting
from tests.browser.newcomer import PICTURE, SIZE, picture, steps
from tests.servers.programs import one_port

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.fixture
def demonstration(browser, tmp_path):
    """A page at the program as `scripts/run` starts it."""
    with (
        one_port(tmp_path, "--demo") as (_, client),
        visiting(browser, str(client.base_url).rstrip("/"), viewport=SIZE) as seen,
    ):
        yield seen


def size_of(png):
    """Width and height of a PNG in pixels (its IHDR chunk)."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    return {"width": width, "height": height}


def test_who_does_what_the_readme_says_is_registered_and_the_picture_shows_it(demonstration):
    taken = picture(demonstration)

    shown = demonstration.page.locator(".live-responses-table").last.inner_text()
    assert '"state": "enrolled"' in shown
    assert size_of(taken) == size_of(PICTURE.read_bytes()) == SIZE
    assert demonstration.complaints == []
    assert demonstration.strays == []


def test_the_picture_of_the_readme_is_small():
    assert 10_000 < PICTURE.stat().st_size < 200_000


def test_the_readme_tells_five_steps():
    assert len(steps()) == 5
