"""What the specs require because triglot always sends it, while the official interface may leave it out: nobody is blamed for that.

The official SDKs read these fields as optional, whether or not the official server always tells them. That a response repeats its settings,
that a message tells what came from the cache, that an error has all its fields, and that an answer that is over has its usage, is asked by
cases and checks of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from triglot_conformance.verdicts import Finding

_OPTIONAL: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "chat": {"ErrorDetail": ("param", "code")},
    "responses": {
        "ErrorDetail": ("param", "code"),
        "FunctionCall": ("status",),
        "Response": (
            *("background", "completed_at", "max_output_tokens", "max_tool_calls", "previous_response_id", "prompt_cache_key", "reasoning"),
            *("usage", "safety_identifier", "service_tier", "store", "text", "top_logprobs", "truncation", "user"),
        ),
    },
    "messages": {
        "Usage": ("cache_creation_input_tokens", "cache_read_input_tokens"),
        "MessageDelta": ("stop_sequence",),
        "MessageDeltaUsage": ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"),
        "ErrorResponse": ("request_id",),
        "ModelInfo": ("lifecycle", "max_input_tokens", "max_tokens"),
    },
}
_RULES: Final = {
    dialect: frozenset(f"schema {name} lacks {field}" for name, fields in schemas.items() for field in fields)
    for dialect, schemas in _OPTIONAL.items()
}


def excuse(dialect: str, findings: Iterable[Finding]) -> list[Finding]:
    """The findings without those about what a server may leave out."""
    return [finding for finding in findings if finding.rule not in _RULES.get(dialect, ())]
