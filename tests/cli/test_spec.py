import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from api.cli.spec import built, command, differences

A_MONOLOGUE = {"operationId": "read_gone", "responses": {}}


@pytest.fixture(scope="module")
def document():
    return built()


def run(*arguments):
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_the_document_is_printed_as_json(document):
    ran = run()

    assert ran.exit_code == 0
    assert json.loads(ran.output) == document


def test_what_was_written_passes_the_check(tmp_path):
    file = tmp_path / "openapi.json"

    assert run("--write", file).exit_code == 0
    assert run("--check", file).exit_code == 0


def test_a_file_that_says_something_else_is_named_with_the_places(tmp_path, document):
    other = {**document, "paths": {**document["paths"], "/v1/gone": {}}}
    other["info"] = {**document["info"], "title": "Another"}
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(other))

    ran = run("--check", file)

    assert ran.exit_code == 1
    assert f"{file}: #/paths/~1v1~1gone is no longer served" in ran.output
    assert f"{file}: #/info/title differs" in ran.output
    assert json.loads(file.read_text()) == other


def test_a_file_that_is_not_there_fails_the_check(tmp_path):
    ran = run("--check", tmp_path / "nothing.json")

    assert ran.exit_code == 1
    assert "homeroom spec --write" in ran.output


def released(folder, document):
    """The file of an earlier version, in which there is one more operation."""
    file = folder / "openapi.released.json"
    paths = {**document["paths"], "/v1/gone": {"get": A_MONOLOGUE}}
    file.write_text(json.dumps({**document, "paths": paths}))
    return file


def test_a_release_that_breaks_clients_needs_a_new_major_version(tmp_path, document):
    file = released(tmp_path, document)

    ran = run("--compare", file)

    assert ran.exit_code == 1
    assert "read_gone: GET /v1/gone is gone, or has another operationId" in ran.output
    assert f"This breaks clients of {document['info']['version']}" in ran.output


def test_a_new_major_version_may_break_clients_and_says_how(tmp_path, document, monkeypatch):
    monkeypatch.setattr("api.http.openapi.RELEASE", "2.0.0")
    file = released(tmp_path, document)

    ran = run("--compare", file)

    assert ran.exit_code == 0
    assert "read_gone: GET /v1/gone is gone" in ran.output


def test_before_the_first_release_there_is_nothing_to_break(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    ran = run("--compare")

    assert ran.exit_code == 0
    assert "no version has been released yet" in ran.output


def test_the_document_names_no_place_of_this_machine(document):
    assert str(Path.cwd()) not in json.dumps(document)


@pytest.mark.parametrize(
    ("committed", "served", "found"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2}, ["#/a differs"]),
        ({"a": 1}, {}, ["#/a is no longer served"]),
        ({}, {"a/b": 1}, ["#/a~1b is new"]),
        ({"a": {"b": [1]}}, {"a": {"b": [2]}}, ["#/a/b differs"]),
    ],
)
def test_two_documents_differ_where_they_differ(committed, served, found):
    assert differences(committed, served) == found
