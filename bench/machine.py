"""Where figures are written, and of which machine they are."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any, Final

RESULTS: Final = Path(__file__).parent / "results"


def describe() -> dict[str, Any]:
    """What figures depend on, the load of the last 1, 5 and 15 minutes included."""
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": len(os.sched_getaffinity(0)),
        "load": os.getloadavg(),
    }
