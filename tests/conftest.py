"""No test may touch the state of whoever runs it, or depend on how fast the machine is."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections import Counter

import pytest

with contextlib.suppress(ImportError):  # some sessions do without it
    from hypothesis import HealthCheck, settings

    # Made-up examples are the same in each run, unless random ones are asked for; how long one takes says nothing on a busy machine.
    by_chance = os.environ.get("TRIGLOT_FUZZ") == "full"
    settings.register_profile(
        "tests", deadline=None, derandomize=not by_chance, database=None, suppress_health_check=[HealthCheck.too_slow]
    )
    settings.load_profile("tests")

# Before anything starts a gateway: its processes keep their state in memory, and settings made by hand find an empty place.
os.environ["TRIGLOT_STATE"] = "memory"
_PLACE = tempfile.TemporaryDirectory(prefix="triglot-state-", ignore_cleanup_errors=True)
os.environ["XDG_STATE_HOME"] = _PLACE.name


@pytest.fixture(scope="session", autouse=True)
def _leave_no_state():
    yield
    _PLACE.cleanup()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuses tests that share a name: side by side, pytest-xdist runs one of them and tells nothing of the others."""
    if shared := [name for name, count in Counter(item.nodeid for item in items).items() if count > 1]:
        raise pytest.UsageError(f"more than one test is called {' or '.join(shared)}")
