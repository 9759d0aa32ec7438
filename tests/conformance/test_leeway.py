"""What a server may leave out without blame, and that no more is excused."""

from __future__ import annotations

import pytest

from triglot_conformance.live.leeway import excuse
from triglot_conformance.verdicts import Finding


@pytest.mark.parametrize(
    ("dialect", "rule", "is_excused"),
    [
        ("responses", "schema Response lacks safety_identifier", True),
        ("responses", "schema Response lacks status", False),
        ("responses", "schema Response.safety_identifier is no string or null", False),
        ("messages", "schema ErrorResponse lacks request_id", True),
        ("messages", "schema ErrorResponse lacks type", False),
        ("messages", "schema Usage lacks cache_read_input_tokens", True),
        ("messages", "schema Usage lacks input_tokens", False),
        ("messages", "schema MessageDeltaUsage lacks input_tokens", True),
        ("messages", "schema MessageDeltaUsage lacks output_tokens", False),
        ("messages", "schema MessageDelta lacks stop_reason", False),
        ("responses", "schema Response lacks usage", True),
        ("chat", "schema ErrorDetail lacks param", True),
        ("chat", "schema ErrorDetail lacks message", False),
        ("chat", "schema ErrorDetail.code is no string or null", False),
    ],
)
def test_only_what_the_official_interface_lists_as_optional_is_excused(dialect: str, rule: str, is_excused: bool) -> None:
    finding = Finding("schema", "it is missing", rule)
    assert excuse(dialect, [finding]) == ([] if is_excused else [finding])
