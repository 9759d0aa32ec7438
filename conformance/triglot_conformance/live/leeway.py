"""What the specs require because triglot always sends it, while the official interface may leave it out: nobody is blamed for that.

The official SDKs and the official descriptions list these fields as optional. That a response repeats its settings is asked by
cases of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from triglot_conformance.verdicts import Finding

_OPTIONAL: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "responses": {
        "FunctionCall": ("status",),
        "Response": (
            *("background", "completed_at", "max_output_tokens", "max_tool_calls", "previous_response_id", "prompt_cache_key", "reasoning"),
            *("safety_identifier", "service_tier", "store", "text", "top_logprobs", "truncation", "user"),
        ),
    },
    "messages": {
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
