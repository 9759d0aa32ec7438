from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from triglot_conformance import case as cases
from triglot_conformance.case import Case, load_case
from triglot_conformance.contract.contract import Contract

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
CASES = ROOT / "conformance" / "cases"


@pytest.fixture(scope="session", autouse=True)
def _read_each_case_once() -> Iterator[None]:
    """Reading the thousand cases of the suite takes two seconds, and many tests run a command that reads them."""
    read_once = cache(load_case)

    def read(folder: Path, case_id: str) -> Case:
        return (read_once if folder.is_relative_to(CASES) else load_case)(folder, case_id)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cases, "load_case", read)
        yield


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
