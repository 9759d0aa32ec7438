"""Chat Completions: completions whole and in chunks, and the list of models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from faulty import chat_request
from faulty.checks import as_object, check_model
from faulty.exchange import FULL, Dialect, Refusal, Reply, Request, Route, Stream
from faulty.model import Plan, Usage, pieces

if TYPE_CHECKING:
    from faulty.exchange import Event
    from faulty.host import Host

_FINISH = {"stop": "stop", "length": "length", "tool_calls": "tool_calls", "stop_sequence": "stop"}
_KINDS = {429: "rate_limit_error", 500: "server_error", 503: "server_error"}


def dialect(host: Host) -> Dialect:
    """The dialect on a host."""

    async def create(request: Request) -> Reply | Stream:
        return _create(host, request)

    async def list_models(_: Request) -> Reply:
        return Reply({"object": "list", "data": [_model(host, name) for name in host.models]})

    async def get_model(request: Request) -> Reply:
        return Reply(_model(host, check_model({"model": request.params["model_id"]}, host)))

    routes = (
        Route("POST", "/v1/chat/completions", "create_chat_completion", create),
        Route("GET", "/v1/models", "list_models", list_models),
        Route("GET", "/v1/models/{model_id*}", "get_model", get_model),
    )
    return Dialect("chat", routes, error, _break, event_line=False, sentinel="[DONE]")


def error(refusal: Refusal, _: Request) -> Reply:
    """An error in OpenAI's shape."""
    kind = _KINDS.get(refusal.status, "invalid_request_error")
    body = {"error": {"message": refusal.message, "type": kind, "param": refusal.param, "code": refusal.code}}
    return Reply(body, refusal.status, refusal.headers)


def _break(_number: int) -> Event:
    return {"error": {"message": FULL, "type": "server_error", "param": None, "code": None}}


def _model(host: Host, name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": host.started, "owned_by": "reference"}


def _create(host: Host, request: Request) -> Reply | Stream:
    body = as_object(request.json)
    prompt = chat_request.read_prompt(body)
    model = check_model(body, host)
    if (asked := len(prompt.tokens())) > host.context:
        raise Refusal(
            400, f"The prompt has {asked} tokens, the model takes {host.context}", param="messages", code="context_length_exceeded"
        )
    plans = [host.plan(prompt, request) for _ in range(body.get("n", 1))]
    start = {"id": host.new_id("chatcmpl-"), "created": host.now(), "model": model, "system_fingerprint": "reference"}
    top = body.get("top_logprobs", 0) if body.get("logprobs") else None
    ids = [[host.new_id("call_") for _ in plan.calls] for plan in plans]
    if not body.get("stream"):
        choices = [_choice(number, plan, names, top) for number, (plan, names) in enumerate(zip(plans, ids, strict=True))]
        whole = {**start, "object": "chat.completion", "choices": choices, "usage": _usage(plans)}
        return Reply(whole, tokens=sum(plan.usage.completion for plan in plans))
    counts = bool(body.get("stream_options", {}).get("include_usage"))
    start |= {"object": "chat.completion.chunk"} | ({"usage": None} if counts else {})
    lanes = [_pieces(number, plan, names, top) for number, (plan, names) in enumerate(zip(plans, ids, strict=True))]
    turns = [lane[n] for n in range(max(map(len, lanes))) for lane in lanes if n < len(lane)]
    chunks: list[Event] = [{**start, "choices": [piece]} for piece in turns]
    return Stream([*chunks, {**start, "choices": [], "usage": _usage(plans)}] if counts else chunks, reads=plans[0].usage.uncached)


def _choice(number: int, plan: Plan, ids: list[str], top: int | None) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": plan.text}
    if plan.reasoning:
        message["reasoning_content"] = plan.reasoning
    if plan.calls:
        message["tool_calls"] = [
            {"id": name, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for name, call in zip(ids, plan.calls, strict=True)
        ]
    probabilities = {} if top is None else {"logprobs": {"content": [_probability(piece, top) for piece in pieces(plan.text)]}}
    return {"index": number, "message": message, **probabilities, "finish_reason": _FINISH[plan.finish]}


def _pieces(number: int, plan: Plan, ids: list[str], top: int | None) -> list[dict[str, Any]]:
    """One choice in pieces: role, thinking, text, calls, end."""
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"reasoning_content": piece} for piece in pieces(plan.reasoning)]
    deltas += [{"content": piece} for piece in pieces(plan.text)]
    for place, (name, call) in enumerate(zip(ids, plan.calls, strict=True)):
        first = {"index": place, "id": name, "type": "function", "function": {"name": call.name, "arguments": ""}}
        deltas += [{"tool_calls": [first]}]
        deltas += [{"tool_calls": [{"index": place, "function": {"arguments": piece}}]} for piece in pieces(call.arguments)]
    choices = [{"index": number, "delta": delta, **_probabilities(delta, top), "finish_reason": None} for delta in deltas]
    return [*choices, {"index": number, "delta": {}, "finish_reason": _FINISH[plan.finish]}]


def _probabilities(delta: dict[str, Any], top: int | None) -> dict[str, Any]:
    return {"logprobs": {"content": [_probability(delta["content"], top)]}} if top is not None and delta.get("content") else {}


def _probability(piece: str, top: int) -> dict[str, Any]:
    """A token that was nearly certain, and its rivals."""
    own = {"token": piece, "logprob": -0.01, "bytes": list(piece.encode())}
    rivals = [{"token": f"{piece}{rank}", "logprob": -5.0 - rank, "bytes": list(f"{piece}{rank}".encode())} for rank in range(1, top)]
    return {**own, "top_logprobs": [own, *rivals][:top]}


def _usage(plans: list[Plan]) -> dict[str, Any]:
    """The prompt is counted once, the answers together."""
    asked: Usage = plans[0].usage
    answered = sum(plan.usage.completion for plan in plans)
    return {
        "prompt_tokens": asked.prompt,
        "completion_tokens": answered,
        "total_tokens": asked.prompt + answered,
        "prompt_tokens_details": {"cached_tokens": asked.cached},
        "completion_tokens_details": {"reasoning_tokens": sum(plan.usage.reasoning for plan in plans)},
    }
