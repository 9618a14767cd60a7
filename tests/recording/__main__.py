"""Writes `api/http/examples.json`: what a scripted school is answered, and every problem."""

import argparse
import sys

from api.http.openapi_examples import FILE
from tests.recording.making import recorded


def main():
    """Write the file, or with `--check` say whether a new recording is the same."""
    parser = argparse.ArgumentParser(prog="scripts/record", description=__doc__)
    parser.add_argument("--check", action="store_true", help="Write nothing; compare.")
    is_check = parser.parse_args().check
    text = recorded()
    if not is_check:
        FILE.write_text(text, encoding="utf-8")
    elif not FILE.exists() or FILE.read_text(encoding="utf-8") != text:
        print(f"{FILE.name} is not what the application answers now. Run: scripts/record")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
