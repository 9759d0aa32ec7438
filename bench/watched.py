"""The gateway as users start it, which on SIGUSR1 also counts what it holds: `python -m bench.watched serve ...`.

The counts go, as one line of JSON, into the file named in BENCH_CENSUS. The signal is ours alone: the gateway knows nothing of it.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from triglot.cli import main


def count(*_: Any) -> None:
    """Write down the tasks of the running loop and the objects of the gateway's own classes; the file appears complete."""
    gc.collect()
    objects = Counter(kind.__name__ for kind in map(type, gc.get_objects()) if kind.__module__.startswith("triglot."))
    census = Path(os.environ["BENCH_CENSUS"])
    draft = census.with_suffix(".draft")
    draft.write_text(json.dumps({"tasks": len(asyncio.all_tasks()), "objects": objects}))
    draft.rename(census)


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, count)
    sys.exit(main())
