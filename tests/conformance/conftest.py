from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from triglot_conformance.case import Case, load_case
from triglot_conformance.contract.contract import Contract

ROOT = Path(__file__).resolve().parents[2]
CASES = ROOT / "conformance" / "cases"


@pytest.fixture(scope="session")
def contract() -> Contract:
    return Contract(ROOT / "specs")


@pytest.fixture
def case(request: pytest.FixtureRequest) -> Case:
    """The case whose id is the test's `case` parameter."""
    return load_case(CASES / request.param, request.param)


@pytest.fixture
def child_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets child processes import what this process can, also where nothing is installed."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
