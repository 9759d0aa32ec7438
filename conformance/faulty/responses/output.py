"""The response object: the settings of the request, and what the model made. Source: specs/responses/schemas/response.yaml."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from faulty.model import Plan, pieces
from faulty.responses.tools import Offered, call_items

if TYPE_CHECKING:
    from collections.abc import Callable

    from faulty.model import Usage
    from faulty.responses.seals import Seals

Document = dict[str, Any]

_SEALED = "reasoning.encrypted_content"
_LOGPROBS = "message.output_text.logprobs"
_REASONING = "reasoning"


def begin_response(body: Document, *, response_id: str, created_at: int, model: str) -> Document:
    """The response before the model has said anything."""
    reasoning = body.get("reasoning") or {}
    conversation = body.get("conversation")
    begun: Document = {
        "id": response_id,
        "object": "response",
        "created_at": created_at,
        "completed_at": None,
        "status": "queued" if body.get("background") else "in_progress",
        "error": None,
        "incomplete_details": None,
        "model": model,
        "output": [],
        "usage": None,
        "instructions": body.get("instructions"),
        "tools": body.get("tools") or [],
        "tool_choice": body.get("tool_choice") or "auto",
        "parallel_tool_calls": body.get("parallel_tool_calls") is not False,
        "max_tool_calls": body.get("max_tool_calls"),
        "max_output_tokens": body.get("max_output_tokens"),
        "temperature": 1.0 if body.get("temperature") is None else body["temperature"],
        "top_p": 1.0 if body.get("top_p") is None else body["top_p"],
        "top_logprobs": body.get("top_logprobs") or 0,
        "text": {"format": {"type": "text"}, **{name: value for name, value in (body.get("text") or {}).items() if value is not None}},
        "reasoning": {"effort": reasoning.get("effort"), "summary": reasoning.get("summary")},
        "truncation": body.get("truncation") or "disabled",
        "metadata": body.get("metadata") or {},
        "store": body.get("store") is not False,
        "background": body.get("background") is True,
        "previous_response_id": body.get("previous_response_id"),
        "prompt_cache_key": body.get("prompt_cache_key"),
        "safety_identifier": body.get("safety_identifier"),
        "service_tier": "default",
        "user": body.get("user"),
    }
    if conversation is not None:
        begun["conversation"] = {"id": conversation if isinstance(conversation, str) else conversation["id"]}
    return begun


def end_response(begun: Document, output: list[Document], plan: Plan, *, now: int) -> Document:
    """The response when the model is done."""
    cut = plan.finish == "length"
    ended = (
        {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
        if cut
        else {"status": "completed", "completed_at": now}
    )
    return {**begun, **ended, "output": output, "usage": count(plan.usage)}


def count(usage: Usage) -> Document:
    """Token counts."""
    return {
        "input_tokens": usage.prompt,
        "input_tokens_details": {"cached_tokens": usage.cached, "cache_write_tokens": 0},
        "output_tokens": usage.completion,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.prompt + usage.completion,
    }


def make_output(body: Document, plan: Plan, offered: Offered, seals: Seals, new_id: Callable[[str], str]) -> list[Document]:
    """The items of what the model said: thinking, text, calls."""
    cut = plan.finish == "length"
    calls = call_items(plan.calls, offered, new_id, cut=cut, limit=body.get("max_tool_calls"))
    items: list[Document] = []
    if plan.reasoning:
        items.append(_reasoning(body, plan.reasoning, seals, new_id))
    if plan.text:
        items.append(_message(body, plan.text, new_id))
    if cut and not calls and items:
        items[-1] = items[-1] | {"status": "incomplete"}
    return items + calls


def _reasoning(body: Document, thought: str, seals: Seals, new_id: Callable[[str], str]) -> Document:
    item: Document = {"type": "reasoning", "id": new_id("rs_"), "summary": [], "status": "completed"}
    if (body.get("reasoning") or {}).get("summary") is not None:
        item["summary"] = [{"type": "summary_text", "text": thought}]
    else:
        item["content"] = [{"type": "reasoning_text", "text": thought}]
    if _SEALED in (body.get("include") or []):
        item["encrypted_content"] = seals.close(_REASONING, thought)
    return item


def _message(body: Document, text: str, new_id: Callable[[str], str]) -> Document:
    top = body.get("top_logprobs") or 0
    asked = top > 0 or _LOGPROBS in (body.get("include") or [])
    logprobs = [_logprob(token, top) for token in pieces(text)] if asked else []
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": logprobs}
    return {"type": "message", "id": new_id("msg_"), "role": "assistant", "status": "completed", "content": [part]}


def _logprob(token: str, top: int) -> Document:
    """This model is sure of itself: each token has nearly all the probability."""
    others = [
        {"token": f"{token}{number}", "bytes": list(f"{token}{number}".encode()), "logprob": -7.0 - number} for number in range(1, top)
    ]
    itself: Document = {"token": token, "bytes": list(token.encode()), "logprob": -0.01}
    return {**itself, "top_logprobs": [itself, *others] if top else []}
