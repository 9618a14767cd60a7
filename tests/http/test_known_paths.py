"""A path that was matched once is matched the same way again, and for each request anew."""

import pytest
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import Map, MapAdapter, Rule

from api.http.known_paths import KnownPaths

RULES = [
    Rule("/classes/<int:class_id>", endpoint="one", methods=["GET"]),
    Rule("/classes", endpoint="many", methods=["GET", "POST"]),
    Rule("/by-external-id/<path:external_id>", endpoint="named", methods=["GET"]),
]


@pytest.fixture
def paths():
    return KnownPaths(Map(rules()))


def rules():
    # A rule belongs to one map.
    return [rule.empty() for rule in RULES]


def matched(paths, method, path):
    rule, values = paths.adapter(method, path, "https").match(return_rule=True)
    return rule.endpoint, values


def test_a_known_path_gives_what_it_gave_at_first(paths):
    found = [matched(paths, "GET", "/classes/7") for _ in range(3)]

    assert found == [("one", {"class_id": 7})] * 3


def test_each_request_has_its_values_to_itself(paths):
    _, values = matched(paths, "GET", "/classes/7")
    values["class_id"] = 8

    assert matched(paths, "GET", "/classes/7") == ("one", {"class_id": 7})


def test_the_rules_are_asked_once_for_a_path(paths, monkeypatch):
    asked = []
    match = MapAdapter.match

    def noted(self, *given, **named):
        asked.append(self.path_info)
        return match(self, *given, **named)

    monkeypatch.setattr(MapAdapter, "match", noted)
    for path in ("/classes/7", "/classes/8", "/classes/7"):
        matched(paths, "GET", path)

    assert [path.strip("/") for path in asked] == ["classes/7", "classes/8"]


def test_what_was_refused_is_refused_again(paths):
    for _ in range(2):
        with pytest.raises(NotFound):
            matched(paths, "GET", "/teachers")
        with pytest.raises(MethodNotAllowed):
            matched(paths, "POST", "/classes/7")
    assert matched(paths, "POST", "/classes") == ("many", {})


def test_whoever_asks_in_another_way_is_answered_by_the_rules(paths):
    adapter = paths.adapter("GET", "/classes/7", "https")

    assert adapter.match() == ("one", {"class_id": 7})
    assert adapter.match("/classes", method="POST") == ("many", {})


def test_a_long_path_is_matched_and_not_kept(paths):
    kept = matched(paths, "GET", "/by-external-id/short")
    for _ in range(2):
        assert matched(paths, "GET", f"/by-external-id/{'x' * 9000}")[0] == "named"

    assert kept == ("named", {"external_id": "short"})
    assert [len(path) < 200 for _, path in paths.found._young] == [True]
