"""What the conformance suite finds at llama-server only where it is set up for it: a small context, a strict template, slow reading."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from triglot import demo
from triglot.backend.launch import choose_engine
from triglot.backend.options import EngineOptions
from triglot.settings import Settings
from triglot_conformance.cli import main
from triglot_conformance.results import from_json

from .conftest import running_server, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from triglot_conformance.results import CaseResult

pytestmark = pytest.mark.engine

SMALL = 1024
"""Tokens of a context in which two prompts of the cases still fit, and four answers do not."""
STRICT = """
{%- for message in messages %}
{%- if message.role == 'system' and not loop.first %}{{ raise_exception('System message must be at the beginning.') }}{% endif %}
{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}
"""
"""A template as those of many models are: it wants the system message first. Unlike the demo's own it shortens nothing."""
BROKEN = ("chat/context/broken-stream", "messages/context/broken-stream", "responses/context/broken-stream")
LATE = ("messages/answer/system-in-messages", "messages/waiting/long-prompt")


@pytest.fixture(scope="module")
def small_engine() -> Iterator[str]:
    """An engine whose slots share a context that is soon full."""
    options = EngineOptions(model=str(demo.MODEL), alias=demo.NAME, context=SMALL)
    with running_server(choose_engine(Settings(), options)) as url:
        yield url


@pytest.fixture(scope="module")
def strict_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An engine with a strict template, which reads a few tokens at a time."""
    template = tmp_path_factory.mktemp("templates") / "strict.jinja"
    template.write_text(STRICT, "utf-8")
    options = EngineOptions(model=str(demo.MODEL), alias=demo.NAME, flags={"n_batch": 4, "n_ubatch": 4})
    command = choose_engine(Settings(), options)
    with running_server(replace(command, arguments=(*command.arguments, "--chat-template-file", str(template)))) as url:
        yield url


def conform(url: str, results: Path, *arguments: str) -> dict[str, CaseResult]:
    main(["conform", url, "--no-progress", "--json", str(results), *arguments])
    return {case.id: case for case in from_json(results.read_text("utf-8")).cases}


def in_a_small_context(url: str, tmp_path: Path) -> dict[str, CaseResult]:
    return conform(url, tmp_path / "results.json", "--filter", "*/context/*", "--with", "small-context")


def with_a_strict_template(url: str, tmp_path: Path) -> dict[str, CaseResult]:
    return conform(url, tmp_path / "results.json", *(word for case in LATE for word in ("--filter", case)))


def verdicts(cases: dict[str, CaseResult]) -> dict[str, str]:
    return {name: str(case.verdict) for name, case in cases.items()}


def test_llama_server_breaks_streams_with_a_bare_error_and_ignores_truncation(small_engine, tmp_path):
    cases = in_a_small_context(small_engine, tmp_path)
    assert verdicts(cases) == {
        "chat/context/broken-stream": "pass",
        "messages/context/broken-stream": "fail",
        "responses/context/broken-stream": "fail",
        "responses/context/truncation-auto": "fail",
        "responses/context/truncation-disabled": "pass",
    }
    told = {name: [finding.message for finding in case.findings if not finding.inherited] for name, case in cases.items()}
    assert any('its type "server_error"' in message for message in told["messages/context/broken-stream"])
    assert any("type is missing" in message for message in told["responses/context/broken-stream"])
    assert "the status is 400" in cases["responses/context/truncation-auto"].reason


def test_the_gateway_ends_streams_that_break_and_truncates(small_engine, tmp_path):
    with serving("--backend", small_engine, "--log-level", "error") as url:
        found = verdicts(in_a_small_context(url, tmp_path))
    assert {found.pop(name) for name in BROKEN} <= {"pass", "inconclusive"}  # all may be refused before they begin
    assert found == {"responses/context/truncation-auto": "pass", "responses/context/truncation-disabled": "pass"}


def test_llama_server_starts_late_and_cannot_have_system_messages_where_the_template_is_strict(strict_engine, tmp_path):
    cases = with_a_strict_template(strict_engine, tmp_path)
    assert verdicts(cases) == dict.fromkeys(LATE, "fail")
    assert "System message must be at the beginning" in str(cases[LATE[0]].exchanges[0].body)
    assert "expected at most 0.5 times" in cases[LATE[1]].reason


def test_the_gateway_starts_early_and_bears_system_messages(strict_engine, tmp_path):
    with serving("--backend", strict_engine) as url:
        assert verdicts(with_a_strict_template(url, tmp_path)) == dict.fromkeys(LATE, "pass")
