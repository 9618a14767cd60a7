"""The document as redocly reads it; what it holds against is in `redocly.yaml`."""

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def redocly():
    """Runs redocly; where it cannot be had, these tests say that they leave it out."""
    installed = subprocess.run(
        ["scripts/node"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if installed.returncode != 0:
        pytest.skip(f"redocly's rules were not looked at: {installed.stderr.strip()}")

    def run(*arguments):
        return subprocess.run(
            ["scripts/node", "redocly", *arguments],
            cwd=ROOT,
            env={**os.environ, "REDOCLY_TELEMETRY": "off"},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def lint(redocly, folder, document):
    file = folder / "openapi.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    done = redocly("lint", str(file), "--config", "redocly.yaml", "--format", "json")
    return done.returncode, [problem["ruleId"] for problem in json.loads(done.stdout)["problems"]]


def test_redocly_has_no_error_and_no_warning(redocly, document, tmp_path):
    assert lint(redocly, tmp_path, document) == (0, [])


def test_redocly_would_see_what_is_wrong(redocly, document, tmp_path):
    broken = json.loads(json.dumps(document))
    del broken["paths"]["/v1/me"]["get"]["operationId"]

    status, problems = lint(redocly, tmp_path, broken)

    assert (status, problems) == (0, ["operation-operationId"])
