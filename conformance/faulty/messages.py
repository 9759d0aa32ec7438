"""Messages: answers whole and as events, token counts, and the list of models."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from faulty import messages_request
from faulty.checks import as_object, bad_field, check_model
from faulty.exchange import FULL, Dialect, Refusal, Reply, Request, Route, Stream
from faulty.host import CONTEXT, MAX_OUTPUT
from faulty.model import Plan, pieces

if TYPE_CHECKING:
    from collections.abc import Iterator

    from faulty.exchange import Event
    from faulty.host import Host

_STOPS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "stop_sequence": "stop_sequence"}
_KINDS = {
    401: "authentication_error", 403: "permission_error", 404: "not_found_error", 413: "request_too_large", 429: "rate_limit_error",
    500: "api_error", 504: "timeout_error", 529: "overloaded_error",
}  # fmt: skip


def dialect(host: Host) -> Dialect:
    """The dialect on a host."""

    async def create(request: Request) -> Reply | Stream:
        return _create(host, request)

    async def count(request: Request) -> Reply:
        body = as_object(request.json)
        prompt = messages_request.read_prompt(body, counts=True)
        check_model(body, host)
        return Reply({"input_tokens": len(prompt.tokens())})

    async def list_models(request: Request) -> Reply:
        return Reply(_page(host, request.query))

    async def get_model(request: Request) -> Reply:
        return Reply(_model(check_model({"model": request.params["model_id"]}, host)))

    routes = (
        Route("POST", "/v1/messages", "create_message", create),
        Route("POST", "/v1/messages/count_tokens", "count_message_tokens", count),
        Route("GET", "/v1/models", "list_models", list_models, when_header="anthropic-version"),
        Route("GET", "/v1/models/{model_id*}", "get_model", get_model, when_header="anthropic-version"),
    )
    return Dialect("messages", routes, error, _break, event_line=True, id_header="request-id")


def error(refusal: Refusal, request: Request) -> Reply:
    """An error in Anthropic's shape."""
    problem: dict[str, Any] = {"type": _KINDS.get(refusal.status, "invalid_request_error"), "message": refusal.message}
    if refusal.details:
        problem["details"] = refusal.details
    return Reply({"type": "error", "error": problem, "request_id": request.id}, refusal.status, refusal.headers)


def _break(_number: int) -> Event:
    return {"type": "error", "error": {"type": "api_error", "message": FULL}}


def _create(host: Host, request: Request) -> Reply | Stream:
    body = as_object(request.json)
    prompt = messages_request.read_prompt(body)
    model = check_model(body, host)
    if (asked := len(prompt.tokens())) > host.context:
        raise Refusal(400, f"prompt is too long: {asked} tokens > {host.context} maximum")
    plan = host.plan(prompt, request)
    hides = body.get("thinking", {}).get("display") == "omitted"
    blocks = list(_blocks(host, plan, hides=hides))
    start = {"id": host.new_id("msg_"), "type": "message", "role": "assistant", "model": model}
    end = {"stop_reason": _STOPS[plan.finish], "stop_sequence": plan.stop}
    if not body.get("stream"):
        whole = {**start, "content": [block for block, _ in blocks], **end, "usage": _usage(plan, plan.usage.completion)}
        return Reply(whole, tokens=plan.usage.completion)
    events = _events({**start, "content": [], "stop_reason": None, "stop_sequence": None}, plan, blocks, end)
    return Stream(list(events), reads=plan.usage.uncached)


def _usage(plan: Plan, written: int) -> dict[str, Any]:
    """Cached tokens are not among the input tokens."""
    return {
        "input_tokens": plan.usage.uncached,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": plan.usage.cached,
        "output_tokens": written,
    }


def _blocks(host: Host, plan: Plan, *, hides: bool) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """The content blocks, each whole and with the deltas that make it."""
    if plan.reasoning:
        shown = "" if hides else plan.reasoning
        signature = base64.b64encode(plan.reasoning.encode()).decode()
        deltas = [{"type": "thinking_delta", "thinking": piece} for piece in pieces(shown)]
        yield (
            {"type": "thinking", "thinking": shown, "signature": signature},
            [*deltas, {"type": "signature_delta", "signature": signature}],
        )
    if plan.text:
        yield {"type": "text", "text": plan.text}, [{"type": "text_delta", "text": piece} for piece in pieces(plan.text)]
    for call in plan.calls:
        block = {"type": "tool_use", "id": host.new_id("toolu_"), "name": call.name, "input": _read_arguments(call.arguments)}
        yield block, [{"type": "input_json_delta", "partial_json": piece} for piece in pieces(call.arguments)]


def _read_arguments(arguments: str) -> Any:
    """The arguments, or none where they were cut off."""
    try:
        return json.loads(arguments or "{}")
    except json.JSONDecodeError:
        return {}


def _events(
    start: dict[str, Any], plan: Plan, blocks: list[tuple[dict[str, Any], list[dict[str, Any]]]], end: dict[str, Any]
) -> Iterator[Event]:
    empty: dict[str, dict[str, Any]] = {"thinking": {"thinking": "", "signature": ""}, "text": {"text": ""}, "tool_use": {"input": {}}}
    yield {"type": "message_start", "message": {**start, "usage": _usage(plan, 0)}}
    for index, (block, deltas) in enumerate(blocks):
        yield {"type": "content_block_start", "index": index, "content_block": block | empty[block["type"]]}
        if index == 0:
            yield {"type": "ping"}
        for delta in deltas:
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    yield {"type": "message_delta", "delta": end, "usage": _usage(plan, plan.usage.completion)}
    yield {"type": "message_stop"}


# Models


def _model(name: str) -> dict[str, Any]:
    return {
        "type": "model", "id": name, "display_name": name.capitalize(), "created_at": "2026-01-01T00:00:00Z", "lifecycle": "active",
        "max_input_tokens": CONTEXT, "max_tokens": MAX_OUTPUT,
    }  # fmt: skip


def _page(host: Host, query: dict[str, list[str]]) -> dict[str, Any]:
    names = list(host.models)
    given = {name: values[-1] for name, values in query.items()}
    limit = given.get("limit", "20")
    if not limit.isdecimal() or not 1 <= int(limit) <= 1000:  # noqa: PLR2004 - the API's own bound
        raise bad_field("limit", "must be from 1 to 1000")
    for cursor in ("after_id", "before_id"):
        if cursor in given and given[cursor] not in names:
            raise bad_field(cursor, f"names no model: {given[cursor]!r}")
    if "after_id" in given:
        names = names[names.index(given["after_id"]) + 1 :]
    if "before_id" in given:
        names = names[: names.index(given["before_id"])]
        page = names[-int(limit) :]
    else:
        page = names[: int(limit)]
    return {
        "data": [_model(name) for name in page],
        "has_more": len(page) < len(names),
        "first_id": page[0] if page else None,
        "last_id": page[-1] if page else None,
    }
