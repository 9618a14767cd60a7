"""Our programs with exports that never end by themselves: a server, or `work` as an argument."""

import runpy
import sys
import time
from pathlib import Path

from api.cli import main
from api.services.exports import Export

STEP_SECONDS = 0.05


def endless(export):
    while True:
        export.tell(1)
        time.sleep(STEP_SECONDS)


Export.made = endless
if sys.argv[1:]:
    main(sys.argv[1:])
else:
    runpy.run_path(str(Path(__file__).parents[2] / "asgi.py"), run_name="__main__")
