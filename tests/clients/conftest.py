"""Tests of real clients run when they are asked for by their marker: `nox -s clients` does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--client", help="the command of the client to drive")
    parser.addoption("--record", action="store_true", help="write what the client sent to tests/clients/recorded, its prose replaced")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave real clients out of every run that does not name the marker, whatever else it picks."""
    if "clients" in config.option.markexpr:
        return
    left_out = [item for item in items if item.get_closest_marker("clients")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("clients")]


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """One line for each scenario, with its duration."""
    if report.when == "call" and "clients" in report.keywords and report.outcome in {"passed", "failed"}:
        return report.outcome, report.outcome[0], f"{report.outcome} in {report.duration:.1f} s"
    return None


@pytest.fixture(scope="session")
def client(request: pytest.FixtureRequest) -> str:
    """The client's command."""
    command = request.config.getoption("--client")
    assert command, "say which client to drive: --client COMMAND, or run `nox -s clients -- NAME`"
    return command


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """An empty directory for one run."""
    return tmp_path
