"""The response object: what the request asked for, said again, and what became of it.

Source: specs/responses/schemas/response.yaml. The answer that is not streamed is the object that the stream's last event carries, so the
two cannot disagree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from triglot.dialects.chat_request import without_null
from triglot.errors import ApiError, ErrorKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from triglot.events import Usage
    from triglot.generated.responses import models as wire
    from triglot.generated.responses.events import Response, StreamEvent
    from triglot.generated.responses.events import Usage as ResponseUsage

# What most requests leave out: one for all, because each open stream would hold its own.
_NO_TOOLS: Final = msgspec.Raw(b"[]")
_AUTO: Final = msgspec.Raw(b'"auto"')
_PLAIN_TEXT: Final = msgspec.Raw(b'{"format":{"type":"text"}}')
_NO_METADATA: Final = msgspec.Raw(b"{}")


def begin_response(  # noqa: PLR0913 - keywords
    request: wire.CreateResponse,
    document: Mapping[str, Any],
    *,
    model: str,
    response_id: str,
    created_at: int,
    conversation_id: str | None = None,
) -> Response:
    """The response as it stands before the first token.

    What a client wrote at length is kept as encoded JSON: it is sent several times, and a stream holds it to its end.

    Args:
        request: the validated request.
        document: the same, decoded, from which what is echoed is taken as the client wrote it.
        model: the name the client asked for, else the backend's.
        response_id: `resp_...`.
        created_at: seconds since 1970.
        conversation_id: the conversation that it belongs to.
    """
    text = without_null(document.get("text") or {})
    reasoning = document.get("reasoning") or {}
    response: Response = {
        "id": response_id,
        "object": "response",
        "created_at": created_at,
        "completed_at": None,
        "status": "queued" if request.background else "in_progress",
        "error": None,
        "incomplete_details": None,
        "model": model,
        "output": [],
        "usage": None,
        "instructions": request.instructions,
        "tools": _encoded(document.get("tools"), _NO_TOOLS),
        "tool_choice": _encoded(document.get("tool_choice"), _AUTO),
        "parallel_tool_calls": request.parallel_tool_calls is not False,
        "max_tool_calls": request.max_tool_calls,
        "max_output_tokens": request.max_output_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "top_logprobs": request.top_logprobs or 0,
        "text": _encoded({"format": {"type": "text"}, **text} if text else None, _PLAIN_TEXT),
        "reasoning": {"effort": reasoning.get("effort"), "summary": reasoning.get("summary")},
        "truncation": request.truncation or "disabled",
        "metadata": _encoded(document.get("metadata"), _NO_METADATA),
        "store": request.store is not False,
        "background": request.background is True,
        "previous_response_id": request.previous_response_id,
        "prompt_cache_key": request.prompt_cache_key,
        "safety_identifier": request.safety_identifier,
        "service_tier": "default",
        "user": request.user,
    }
    if conversation_id is not None:
        response["conversation"] = {"id": conversation_id}
    return response


def _encoded(value: Any, absent: msgspec.Raw) -> Any:
    """JSON that goes as it is into whatever is encoded around it. Typed as what it stands for."""
    return msgspec.Raw(msgspec.json.encode(value)) if value else absent


def convert_usage(usage: Usage) -> ResponseUsage:
    """Token counts as Responses counts them: `input_tokens` includes what came from the cache."""
    return {
        "input_tokens": usage.prompt,
        "input_tokens_details": {"cached_tokens": usage.cached, "cache_write_tokens": 0},
        "output_tokens": usage.completion,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.prompt + usage.completion,
    }


def fold_events(events: Sequence[StreamEvent]) -> Response:
    """Return the response that the events of a complete stream add up to: the one its last event carries.

    Raises:
        ApiError: the response failed for what the model wrote.
    """
    last = events[-1]
    if last["type"] == "response.failed" and last["response"]["error"] is not None:
        raise ApiError(ErrorKind.BACKEND_FAILED, last["response"]["error"]["message"])
    if last["type"] not in ("response.completed", "response.incomplete"):
        raise ValueError(f"a stream that ended with {last['type']} adds up to no response")
    return last["response"]
