"""The response object: what the request asked for, said again, and what became of it.

Source: specs/responses/schemas/response.yaml. The answer that is not streamed is the object that the stream's last event carries, so the two
cannot disagree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from triglot.events import Usage
from triglot.generated.responses import models as wire

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from triglot.dialects.translator import StreamEvent


def begin_response(request: wire.CreateResponse, document: Mapping[str, Any], *, response_id: str, created_at: int) -> dict[str, Any]:
    """The response as it stands before the first token.

    Args:
        request: the validated request.
        document: the same, decoded, from which what is echoed is taken as the client wrote it.
        response_id: `resp_...`.
        created_at: seconds since 1970.
    """
    text = document.get("text") or {}
    reasoning = document.get("reasoning") or {}
    return {
        "id": response_id,
        "object": "response",
        "created_at": created_at,
        "status": "in_progress",
        "background": False,
        "completed_at": None,
        "error": None,
        "incomplete_details": None,
        "instructions": request.instructions,
        "max_output_tokens": request.max_output_tokens,
        "max_tool_calls": request.max_tool_calls,
        "model": request.model or "",
        "output": [],
        "parallel_tool_calls": request.parallel_tool_calls is not False,
        "previous_response_id": None,
        "prompt_cache_key": request.prompt_cache_key,
        "reasoning": {"effort": reasoning.get("effort"), "summary": reasoning.get("summary")},
        "safety_identifier": request.safety_identifier,
        "service_tier": "default",
        "store": False,
        "temperature": request.temperature,
        "text": {"format": {"type": "text"}, **{name: value for name, value in text.items() if value is not None}},
        "tool_choice": document.get("tool_choice") or "auto",
        "tools": document.get("tools") or [],
        "top_logprobs": request.top_logprobs or 0,
        "top_p": request.top_p,
        "truncation": request.truncation or "disabled",
        "usage": None,
        "user": request.user,
        "metadata": document.get("metadata") or {},
    }


def convert_usage(usage: Usage) -> dict[str, Any]:
    """Token counts as Responses counts them: `input_tokens` includes what came from the cache."""
    return {
        "input_tokens": usage.prompt,
        "input_tokens_details": {"cached_tokens": usage.cached},
        "output_tokens": usage.completion,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.prompt + usage.completion,
    }


def fold_events(events: Iterable[StreamEvent]) -> dict[str, Any]:
    """Return the response that the events of a complete stream add up to."""
    response: dict[str, Any] = {}
    for event in events:
        if "response" in event:
            response = event["response"]
    return response
