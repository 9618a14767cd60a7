"""`scripts/bench suites` judges what it measured, and leaves it as files."""

import json
from types import SimpleNamespace

import pytest

from benchmarks import suites


@pytest.mark.parametrize(
    ("organization", "status", "verdict"),
    [([10.0, 49.0, 900.0], 0, "kept"), ([10.0, 51.0, 60.0], 1, "missed")],
)
def test_the_median_of_an_organization_decides(
    monkeypatch, tmp_path, capsys, organization, status, verdict
):
    measured = {"organization": organization, "clock": [2.0]}
    server = SimpleNamespace(told={"key": "k", "base_url": "http://127.0.0.1"}, stop=lambda: None)
    monkeypatch.setattr(suites.ServerProcess, "start", lambda *_: server)
    monkeypatch.setattr(suites, "started_and_ended", lambda *_: {"start": [300.0]})
    monkeypatch.setattr(suites, "used", lambda *_: measured)

    assert suites.main(["--results", str(tmp_path)]) == status

    told = json.loads((tmp_path / "suites.json").read_text())
    assert told["milliseconds"] == {"start": [300.0], **measured}
    page = (tmp_path / "suites.md").read_text()
    assert f"An organization in 50 ms: {verdict}." in page
    assert f"| organization | {organization[1]} | 10.0 | {organization[2]} | 3 |" in page
    assert capsys.readouterr().out.strip() == page.strip()
