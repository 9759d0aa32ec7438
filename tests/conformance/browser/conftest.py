"""A real Chromium, as the system has it: no browser is downloaded."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from triglot_conformance.reports.html import render

try:
    from playwright.sync_api import sync_playwright
except ImportError:
    sync_playwright = None

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from triglot_conformance.results import RunResult

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if sync_playwright is None:
        _do_without("playwright is not installed")
    if program is None:
        _do_without(f"there is no browser: none of {', '.join(NAMES)} is on the PATH")
    with sync_playwright() as playwright:
        # Chromium's sandbox does not start for root, as whom containers run.
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        yield browser
        browser.close()


def _do_without(reason: str) -> NoReturn:
    """Skip, unless a browser is wanted for sure."""
    if os.environ.get("TRIGLOT_REQUIRE_BROWSER"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def complaints() -> list[str]:
    """What the browser's console holds; empty at the end of a test."""
    return []


@pytest.fixture
def open_page(browser: Any, tmp_path: Path, complaints: list[str]) -> Iterator[Callable[..., Any]]:
    """Opens the report of some runs; at the end nothing must have been complained of, and nothing asked of a network."""
    asked: list[str] = []
    file = tmp_path / "report.html"
    contexts: list[Any] = []

    def open_page(runs: list[RunResult], hash_: str = "", *, script: str = "", **options: Any) -> Any:
        file.write_text(render(runs), encoding="utf-8")
        context = browser.new_context(**({"viewport": {"width": 1440, "height": 900}, "reduced_motion": "reduce"} | options))
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: asked.append(request.url.partition("#")[0]))
        page.on("requestfailed", lambda request: request.failure == "csp" and asked.remove(request.url))  # it was never sent
        if script:
            page.add_init_script(script)
        page.goto(file.as_uri() + hash_)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
    assert {url for url in asked if not url.startswith("data:")} <= {file.as_uri()}
