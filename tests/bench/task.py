"""One timed task in a process of its own: `task.py PEER.TASK SOURCE OUT` prints its seconds and rows as JSON.

Exit code 3: the peer is not installed.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from importlib import import_module
from pathlib import Path

NOT_INSTALLED = 3


def main(name: str, source: Path, out: Path) -> None:
    """Run the steps of a peer and time what lies between its two yields."""
    module, task = name.split(".")
    try:
        steps = getattr(import_module(f"peers.{module}"), task)(source, out)
        next(steps)
    except ModuleNotFoundError as error:
        print(f"{error.name} is not installed", file=sys.stderr)
        sys.exit(NOT_INSTALLED)
    gc.collect()  # what is left of the preparation is not timed
    start = time.perf_counter()
    rows = next(steps)
    seconds = time.perf_counter() - start
    next(steps, None)
    print(json.dumps({"seconds": seconds, "rows": rows}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
