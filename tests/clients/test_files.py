"""Answers that are files, in both clients: taken as they are, never read, never kept."""

import json

import pytest

from homeroom_client import File, Homeroom
from tests.clients.scripted import CUT, scripted
from tests.clients.speaking import Refused

pytestmark = [pytest.mark.xdist_group("clients")]

ZIP = b"PK\x03\x04 \x00\xff\r\n and so on"
TYPE = {"Content-Type": "application/zip"}
NAMED = TYPE | {"Content-Disposition": 'attachment; filename="school.zip"', "ETag": '"f1"'}


def test_a_file_is_the_bytes_that_came_with_their_type_and_their_name(speaking):
    with scripted({"/f": [(200, NAMED, ZIP)]}) as script:
        file = speaking(script, token="hr_x").fetch(f"{script.address}/f", "application/zip")

    assert file == File(media_type="application/zip", name="school.zip", body=ZIP)
    ((_, _, fields),) = script.asked
    assert fields["Accept"] == "application/zip, application/problem+json"
    assert fields["Authorization"] == "Bearer hr_x"


def test_what_a_link_says_no_type_of_is_taken_whatever_it_is(speaking):
    with scripted({"/f": [(200, {}, b"[1]")]}) as script:
        file = speaking(script).fetch(f"{script.address}/f")

    assert file == File(media_type="application/json", name=None, body=b"[1]")
    assert script.asked[0][2]["Accept"] == "*/*, application/problem+json"


def test_an_empty_file_is_one(speaking):
    with scripted({"/f": [(200, NAMED, b"")]}) as script:
        assert speaking(script).fetch(f"{script.address}/f").body == b""


def test_no_file_is_kept(speaking):
    with scripted({"/f": [(200, NAMED, ZIP)]}) as script:
        exchange = speaking(script)
        for _ in range(2):
            exchange.fetch(f"{script.address}/f")

    assert ["If-None-Match" in fields for _, _, fields in script.asked] == [False, False]


def test_a_file_that_is_refused_is_a_problem_by_its_code(speaking):
    gone = (404, {"Content-Type": "application/problem+json"}, {"code": "not-found"})
    with scripted({"/f": [gone]}) as script, pytest.raises(Refused) as refused:
        speaking(script).fetch(f"{script.address}/f", "application/zip")

    assert (refused.value.name, refused.value.status) == ("NotFound", 404)


@pytest.mark.parametrize("unlucky", [CUT, (200, NAMED | {"Content-Length": "99"}, ZIP)])
def test_a_file_of_which_the_end_is_missing_is_fetched_again(speaking, unlucky):
    with scripted({"/f": [unlucky, (200, NAMED, ZIP)]}) as script:
        exchange = speaking(script)
        assert exchange.fetch(f"{script.address}/f").body == ZIP

    assert exchange.slept == [0.1]


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('attachment; filename="night school.zip"', "night school.zip"),
        ("attachment;FileName=school.zip", "school.zip"),
        (r'attachment; filename="a\"b.zip"', 'a"b.zip'),
        ('attachment; x="; filename=wrong.zip"; filename=right.zip', "right.zip"),
        ("attachment; filename=x.zip; filename*=UTF-8''na%C3%AFve%20%E2%82%AC.zip", "naïve €.zip"),
        ("attachment; filename*=UTF-8''%FF.zip; filename=plain.zip", "plain.zip"),
        ("attachment; filename*=UTF-8''100%25%zz.zip; filename=plain.zip", "plain.zip"),
        ("attachment; filename*=iso-8859-1''%E4.zip; filename=plain.zip", "plain.zip"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        (r'attachment; filename="C:\\temp\\x.zip"', "x.zip"),
        ("attachment; filename*=UTF-8''..%2Fx.zip", "x.zip"),
        ("attachment; filename*=UTF-8''a%1B%5B2J%E2%80%AE%0Ab.zip", "a[2Jb.zip"),
        ('attachment; filename=".profile"', "profile"),
        ('attachment; filename=".."', None),
        ('attachment; filename="school/"', None),
        ('attachment; filename=""', None),
        ("attachment", None),
    ],
)
def test_a_name_is_what_the_server_says_and_never_leads_elsewhere(speaking, disposition, name):
    fields = TYPE | {"Content-Disposition": disposition}
    with scripted({"/f": [(200, fields, ZIP)]}) as script:
        assert speaking(script).fetch(f"{script.address}/f").name == name


def test_what_is_read_by_a_link_with_a_type_is_asked_for_in_that_type_first(speaking):
    with scripted({"/": [(200, {}, {})]}) as script:
        exchange = speaking(script)
        exchange.read(f"{script.address}/")
        exchange.read(f"{script.address}/", media_type="application/linkset+json")

    usual = "application/json, application/problem+json"
    asked = [fields["Accept"] for _, _, fields in script.asked]
    assert asked == [usual, f"application/linkset+json, {usual}"]


@pytest.fixture
def done():
    """A server with a job that is done, whose result is an archive."""
    with scripted({}) as script:
        at = script.address
        links = {
            "result": {"href": f"{at}/f", "type": "application/zip"},
            "cancel": {"href": f"{at}/", "method": "DELETE", "operation": "delete_job"},
        }
        script.answers |= {"/": [(200, {}, {"_links": links})], "/f": [(200, NAMED, b"PK")]}
        yield script
    assert [asked[:2] for asked in script.asked] == [("GET", "/"), ("GET", "/f")]


def test_a_link_to_a_file_is_fetched_and_no_other_way_leads_along_it(done):
    with Homeroom(done.address) as home:
        root = home.root()
        with pytest.raises(ValueError, match=r"result is application/zip: fetch\(\) is the way"):
            root.follow("result")
        with pytest.raises(ValueError, match="cancel is an action"):
            root.fetch("cancel")

        file = root.fetch("result")

    assert (file.media_type, file.name, file.body) == ("application/zip", "school.zip", b"PK")
    assert repr(file) == "File(media_type='application/zip', name='school.zip')"


def test_in_the_module_they_are_the_same_ways(done, node):
    assert json.loads(node("fetching.mjs", done.address)) == [
        "TypeError: result is application/zip: fetch() is the way",
        "TypeError: cancel is an action: act() or form() is the way",
        {"mediaType": "application/zip", "name": "school.zip", "body": "PK"},
    ]
