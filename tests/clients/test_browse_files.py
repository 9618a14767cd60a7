"""`homeroom browse` where the way leads to a file: it says what it is, and keeps it if told to."""

import io
import json
import zipfile
from pathlib import Path

import pytest

from api.cli.browsing.files import NotKept, keep, told_of
from api.cli.browsing.journey import Journey, Lost
from homeroom_client import File, Homeroom, Patience
from tests.clients.scripted import scripted
from tests.clients.test_browse import piped

pytestmark = [pytest.mark.xdist_group("clients")]

SAVED = "school.zip"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The current directory, with a folder in which to be and one above it."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def script():
    """A server with a job that has just been done, and its archive."""
    with scripted({}) as script:
        at = script.address
        result = {"href": f"{at}/f", "type": "application/zip"}
        job = {"title": "Job", "state": "succeeded", "progress": 100, "_links": {"result": result}}
        fields = {"Content-Type": "application/zip", "Content-Disposition": f"x; filename={SAVED}"}
        script.answers |= {"/": [(200, {}, job)], "/f": [(200, fields, b"PK" * 600)]}
        yield script


def a_file(name=SAVED, media_type="application/zip", body=b"PK"):
    return File(media_type=media_type, name=name, body=body)


def test_who_goes_to_a_file_is_told_what_it_is_and_nothing_is_written(script, here):
    said, _ = piped(script.address, "result")

    assert said == (
        "It is application/zip, 1,200 bytes: school.zip\n"
        "`save` keeps it in this directory, `save NAME` elsewhere.\n"
    )
    assert list(here.iterdir()) == []


def test_who_says_save_has_it_under_its_name_or_under_theirs(script, here):
    said, _ = piped(script.address, "1", "save", "result", "save another.zip")

    assert f"It is kept as {here / SAVED}." in said
    assert {path.name: path.stat().st_size for path in here.iterdir()} == {
        SAVED: 1200,
        "another.zip": 1200,
    }


@pytest.mark.parametrize("is_link", [False, True])
def test_what_is_there_already_stays_as_it_is(script, here, is_link):
    there = here / SAVED
    if is_link:
        there.symlink_to(here.parent / "elsewhere")
    else:
        there.write_text("mine")

    _, err = piped(script.address, "result", "save", status=1)

    assert err == "homeroom: There is a school.zip already: say save NAME.\n"
    assert not (here.parent / "elsewhere").exists()
    assert is_link or there.read_text() == "mine"


def test_a_name_from_the_server_leads_to_no_other_folder(script, here):
    fields = {"Content-Disposition": 'attachment; filename="../../up.zip"'}
    script.answers["/f"] = [(200, fields, b"PK")]

    piped(script.address, "result", "save")

    assert [path.name for path in here.iterdir()] == ["up.zip"]
    assert [path.name for path in here.parent.iterdir()] == ["here"]


def test_save_without_a_file_and_after_one_is_told(script, here):
    _, before = piped(script.address, "save", status=1)
    _, after = piped(script.address, "result", "save", "save", status=1)

    assert before == after == "homeroom: You have fetched no file: go to one first.\n"


def test_one_json_document_stays_one_where_a_file_was_fetched(script, here):
    out, _ = piped(script.address, "--json", "result", "save")

    assert json.loads(out)["title"] == "Job"
    assert (here / SAVED).exists()


def test_a_file_is_told_without_what_would_steer_the_terminal():
    assert told_of(a_file(name=None, media_type="text/html; charset=utf-8")) == (
        "It is text/html, 2 bytes, without a name. `save NAME` keeps it."
    )
    assert "\x1b" not in told_of(a_file(media_type="a\x1b[2J", name="b\x1b"))
    assert "without a type" in told_of(a_file(media_type=""))


def test_what_cannot_be_written_is_told(here):
    with pytest.raises(NotKept, match="say save NAME"):
        keep(a_file(name=None), None)
    with pytest.raises(NotKept, match="nowhere/x.zip: No such file or directory"):
        keep(a_file(), "nowhere/x.zip")
    with pytest.raises(NotKept, match="null byte"):
        keep(a_file(), "a\0b")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")
def test_what_could_be_written_in_part_alone_is_not_left_there(here, monkeypatch):
    disk = Path.open

    def full(path, mode):
        disk(path, mode).close()
        return disk(Path("/dev/full"), "wb", buffering=0)

    monkeypatch.setattr(Path, "open", full)

    with pytest.raises(NotKept, match="No space left"):
        keep(a_file(), "x.zip")

    assert list(here.iterdir()) == []


def test_wait_is_over_when_the_job_is_and_means_nothing_elsewhere(script, here):
    job = script.answers["/"][0][2]
    script.answers["/"] = [(200, {}, job | {"state": "running"}), (200, {}, job)]
    slept = []
    with Homeroom(script.address, patience=Patience(sleep=slept.append)) as home:
        journey = Journey(home=home, here=home.root())
        assert journey.obey("wait") is None
        assert (journey.here["state"], slept) == ("succeeded", [1.0])

        script.answers["/"] = [(200, {}, {"state": "enrolled"})]
        journey.obey("again")
        with pytest.raises(Lost, match="This is no job"):
            journey.obey("wait")


def test_a_school_is_exported_from_the_root_to_a_file_in_one_line(plain, here):
    login = "token username=owner password=try-homeroom"
    way = [login, "root", "organizations", "1", "exports", "create", "wait", "result", "save"]

    said, _ = piped(plain.url, *way)

    (kept,) = here.iterdir()
    assert f"It is kept as {kept}." in said
    with zipfile.ZipFile(io.BytesIO(kept.read_bytes())) as archive:
        assert "users.csv" in archive.namelist()
