"""No test may touch the state of whoever runs it."""

from __future__ import annotations

import os
import tempfile

import pytest

# Before anything starts a gateway: its processes keep their state in memory, and settings made by hand find an empty place.
os.environ["TRIGLOT_STATE"] = "memory"
_PLACE = tempfile.TemporaryDirectory(prefix="triglot-state-", ignore_cleanup_errors=True)
os.environ["XDG_STATE_HOME"] = _PLACE.name


@pytest.fixture(scope="session", autouse=True)
def _leave_no_state():
    yield
    _PLACE.cleanup()
