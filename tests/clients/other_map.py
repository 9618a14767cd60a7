"""The program `asgi.py` with another URL map: every path renamed and nested the other way round."""

import hashlib
import runpy
import sys
from pathlib import Path

from flask import Flask

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))


def renamed(rule):
    """Give another noun for each noun, the last first: /v1/classes/<x> → /<x>/q…/q…."""
    if rule == "/":
        return rule
    steps = [step for step in rule.split("/") if step]
    return "/" + "/".join(step if "<" in step else _noun(step) for step in reversed(steps))


def _noun(step):
    return "q" + hashlib.sha256(step.encode()).hexdigest()[:6]


plain = Flask.add_url_rule


def add_url_rule(app, rule, *names, **options):
    return plain(app, renamed(rule), *names, **options)


Flask.add_url_rule = add_url_rule

if __name__ == "__main__":
    runpy.run_path(str(ROOT / "asgi.py"), run_name="__main__")
