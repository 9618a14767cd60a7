"""Where texts, catalogues and demand lie that others collected; no part of the repository."""

import os
from pathlib import Path

FOLDER = Path(os.environ.get("HOMEROOM_TEST_DATA") or Path(__file__).parents[2] / "shared" / "data")
"""HOMEROOM_TEST_DATA, else a folder beside the checkout."""
TORTURE = FOLDER / "torture"
EVENTS = FOLDER / "demand_ucsd_sp22_SYNTH_events.csv.gz"

if __name__ == "__main__":
    print(EVENTS)
