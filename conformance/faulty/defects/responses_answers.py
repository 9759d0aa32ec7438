"""Whole answers of Responses that lack something, settings that are not met, and errors that clients cannot read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from faulty.exchange import Reply, Stream
from faulty.hooks import Defect, add, defect

if TYPE_CHECKING:
    from faulty.exchange import Request
    from faulty.model import Plan

Document = dict[str, Any]

_ECHO = "responses/wire/echo"
_CALL = "responses/tools/call"
_MADE = ("create_response",)
_ERRORS = "responses/refusals/error-fields"
_CLIENT, _SERVER = 400, 500
_PLANE = 0x10000


def _forgets(name: str, field: str, value: Any, caught_by: str = _ECHO) -> None:
    """An answer that says nothing of a setting."""

    def apply(response: Document, _request: Request) -> Document:
        return response | {field: value}

    add(
        Defect(
            f"responses/{name}-not-repeated", "responses.object", caught_by, f"Does not repeat {field} in the response.", None, _MADE, apply
        )
    )


_forgets("metadata", "metadata", {})
_forgets("instructions", "instructions", None)
_forgets("tools", "tools", [])
_forgets("tool-choice", "tool_choice", "auto")
_forgets("temperature", "temperature", 1.0)
_forgets("max-output-tokens", "max_output_tokens", None)
_forgets("text-format", "text", {"format": {"type": "text"}})
_forgets("previous-response", "previous_response_id", None, "responses/stored/chain")


def _ignores(name: str, field: str, caught_by: str, source: str | None = None) -> None:
    """A request whose field has no effect."""

    def apply(body: Any, _request: Request) -> Any:
        return {key: value for key, value in body.items() if key != field} if isinstance(body, dict) else body

    says = f"Takes {field} and pays no attention to it."
    add(Defect(f"responses/{name}-ignored", "responses.request", caught_by, says, source, ("create_response",), apply))


_ignores("tool-choice-required", "tool_choice", "responses/tools/choice-required", "ggml-org/llama.cpp#26535")
_ignores("parallel-tool-calls", "parallel_tool_calls", "responses/tools/parallel-off")
_ignores("text", "text", "responses/answer/json-schema")
_ignores("max-output-tokens", "max_output_tokens", "responses/answer/max-output-tokens")
_ignores("top-logprobs", "top_logprobs", "responses/answer/logprobs")
_ignores("previous-response", "previous_response_id", "responses/stored/chain")
_ignores("conversation", "conversation", "responses/conversations/used")
_ignores("background", "background", "responses/stored/background")
_ignores("stream", "stream", "responses/events/text")
_ignores("store", "store", "responses/stored/not-stored")
_ignores("instructions-and-so-on", "instructions", "responses/answer/echo")
_ignores("range-of-temperature", "temperature", "responses/refusals/bad-temperature")
_ignores("include", "include", "responses/reasoning/encrypted")
_ignores("prompt", "prompt", "responses/wire/unknown-prompt")


@defect("responses/named-tool-ignored", at="responses.request", caught_by="responses/tools/choice-named", source="ggml-org/llama.cpp#26535")
def _named_is_auto(body: Any, _request: Request) -> Any:
    """Takes a named tool_choice for `auto`."""
    return body | {"tool_choice": "auto"} if isinstance(body, dict) and isinstance(body.get("tool_choice"), dict) else body


@defect("responses/tool-choice-none-ignored", at="responses.request", caught_by="responses/tools/choice-none")
def _none_is_auto(body: Any, _request: Request) -> Any:
    """Calls tools although tool_choice is `none`."""
    return body | {"tool_choice": "auto"} if isinstance(body, dict) and body.get("tool_choice") == "none" else body


@defect("responses/choice-none-as-text", at="responses.plan", caught_by="responses/tools/choice-none-text")
def _raw_calls(plan: Plan, request: Request) -> Plan:
    """With tool_choice `none` the call that the model would make is left in the text."""
    raw = '<tool_call>{"name": "get_weather", "arguments": {"city": "Paris"}}</tool_call>'
    return replace(plan, text=plan.text + raw) if isinstance(request.json, dict) and request.json.get("tool_choice") == "none" else plan


@defect("responses/only-last-item-read", at="responses.request", caught_by="responses/wire/history", only=_MADE)
def _only_last(body: Any, _request: Request) -> Any:
    """Reads only the last item of the input."""
    return body | {"input": body["input"][-1:]} if isinstance(body, dict) and isinstance(body.get("input"), list) else body


@defect(
    "responses/unknown-model-answered",
    at="responses.request",
    caught_by="responses/refusals/unknown-model",
    source="sgl-project/sglang#38690",
)
def _any_model(body: Any, _request: Request) -> Any:
    """Answers for a model that it does not have."""
    return {key: value for key, value in body.items() if key != "model"} if isinstance(body, dict) and _request.operation in _MADE else body


@defect("responses/custom-tool-as-function", at="responses.request", caught_by="responses/custom/call")
def _custom_as_function(body: Any, _request: Request) -> Any:
    """Offers custom tools as functions, and gives their calls back as such."""
    if not isinstance(body, dict) or not body.get("tools"):
        return body
    schema = {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}
    return body | {
        "tools": [tool | {"type": "function", "parameters": schema} if tool["type"] == "custom" else tool for tool in body["tools"]]
    }


@defect("responses/other-tools-dropped", at="responses.request", caught_by="responses/wire/agent-tools", source="ggml-org/llama.cpp#20156")
def _functions_only(body: Any, _request: Request) -> Any:
    """Drops every tool that is no function, without a word."""
    if not isinstance(body, dict) or not body.get("tools"):
        return body
    return body | {"tools": [tool for tool in body["tools"] if tool["type"] == "function"]}


@defect("responses/json-in-fences", at="responses.plan", caught_by="responses/answer/json-schema")
def _fences(plan: Plan, _request: Request) -> Plan:
    """Puts the JSON that was asked for between the fences of Markdown."""
    return replace(plan, text=f"```json\n{plan.text}\n```") if plan.text.startswith("{") else plan


@defect("responses/unicode-lost", at="responses.plan", caught_by="responses/answer/unicode", source="musistudio/claude-code-router#1672")
def _surrogates(plan: Plan, _request: Request) -> Plan:
    """Writes two signs of replacement for each letter that UTF-16 writes as two."""
    return replace(plan, text="".join(letter if ord(letter) < _PLANE else "\ufffd\ufffd" for letter in plan.text))


@defect("responses/tool-names-prefixed", at="responses.plan", caught_by="responses/tools/any-name")
def _prefixed(plan: Plan, _request: Request) -> Plan:
    """Calls tools by a name that is not theirs."""
    return replace(plan, calls=tuple(replace(call, name=f"functions.{call.name}") for call in plan.calls))


@defect("responses/namespace-lost", at="responses.object", caught_by="responses/wire/namespace", only=_MADE)
def _no_namespace(response: Document, _request: Request) -> Document:
    """Does not say to which namespace a call belongs."""
    return response | {"output": [{name: value for name, value in item.items() if name != "namespace"} for item in response["output"]]}


@defect("responses/calls-as-text", at="responses.plan", caught_by="responses/tools/choice-required", source="unslothai/unsloth#4999")
def _calls_as_text(plan: Plan, _request: Request) -> Plan:
    """Gives calls as raw text."""
    if not plan.calls:
        return plan
    text = "".join(f'<tool_call>{{"name": "{call.name}", "arguments": {call.arguments}}}</tool_call>' for call in plan.calls)
    return replace(plan, text=plan.text + text, calls=(), finish="stop")


@defect("responses/arguments-broken", at="responses.plan", caught_by=_CALL)
def _broken(plan: Plan, _request: Request) -> Plan:
    """Gives arguments that are not JSON as those of a completed call."""
    return replace(plan, calls=tuple(replace(call, arguments=call.arguments[:-1]) for call in plan.calls))


@defect("responses/arguments-emptied", at="responses.plan", caught_by=_CALL)
def _emptied(plan: Plan, _request: Request) -> Plan:
    """Gives `{}` for arguments that it cannot read."""
    return replace(plan, calls=tuple(replace(call, arguments="{}") for call in plan.calls))


@defect("responses/thinking-in-text", at="responses.plan", caught_by="responses/answer/no-markup")
def _in_text(plan: Plan, _request: Request) -> Plan:
    """Leaves the model's thinking in the text, tags and all."""
    return replace(plan, reasoning="", text=f"<think>{plan.reasoning}</think>{plan.text}") if plan.reasoning else plan


@defect("responses/arguments-as-object", at="responses.object", caught_by=_CALL, only=_MADE)
def _as_object(response: Document, _request: Request) -> Document:
    """Gives arguments as an object instead of a text."""
    return response | {"output": [item | {"arguments": {}} if item["type"] == "function_call" else item for item in response["output"]]}


@defect("responses/created-at-in-milliseconds", at="responses.object", caught_by="responses/answer/created-at", only=_MADE)
def _milliseconds(response: Document, _request: Request) -> Document:
    """Counts milliseconds where seconds are meant."""
    return response | {"created_at": response["created_at"] * 1000 + 0.5}


@defect("responses/chat-shaped", at="responses.object", caught_by="responses/answer/object", only=_MADE)
def _chat_shaped(response: Document, _request: Request) -> Document:
    """Answers with a chat completion."""
    text = "".join(part.get("text", "") for item in response["output"] for part in item.get("content") or [])
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return {"id": response["id"], "object": "chat.completion", "created": response["created_at"], "choices": [choice]}


@defect("responses/content-as-text", at="responses.object", caught_by="responses/answer/message", only=_MADE)
def _content_as_text(response: Document, _request: Request) -> Document:
    """Gives the content of a message as a text instead of parts."""
    output = [item | {"content": item["content"][0]["text"]} if item["type"] == "message" else item for item in response["output"]]
    return response | {"output": output}


@defect("responses/whole-usage-missing", at="responses.object", caught_by="responses/answer/usage", only=_MADE)
def _whole_without_usage(response: Document, _request: Request) -> Document:
    """Tells no token counts where nothing is streamed."""
    return response | {"usage": None}


@defect("responses/usage-details-missing", at="responses.object", caught_by="responses/answer/usage-details", only=_MADE)
def _no_details(response: Document, _request: Request) -> Document:
    """Leaves the details out of its token counts."""
    return response | {"usage": {name: count for name, count in response["usage"].items() if not name.endswith("_details")}}


@defect("responses/whole-always-completed", at="responses.object", caught_by="responses/answer/max-output-tokens", only=_MADE)
def _whole_completed(response: Document, _request: Request) -> Document:
    """Gives a cut answer as completed where nothing is streamed."""
    return response | {"status": "completed", "incomplete_details": None}


@defect("responses/ids-reused", at="responses.object", caught_by="responses/answer/id", only=_MADE)
def _reused(response: Document, _request: Request) -> Document:
    """Gives all responses the same id."""
    return response | {"id": "resp_0"}


@defect("responses/errors-as-detail", at="responses.error", caught_by=_ERRORS)
def _detail(reply: Reply, _request: Request) -> Reply:
    """Answers errors in its web framework's own shape."""
    return replace(reply, body={"detail": reply.body["error"]["message"]})


@defect("responses/errors-as-text", at="responses.error", caught_by=_ERRORS)
def _error_as_text(reply: Reply, _request: Request) -> Reply:
    """Answers errors with a text where an object belongs."""
    return replace(reply, body={"error": reply.body["error"]["message"]})


@defect("responses/errors-without-param", at="responses.error", caught_by="responses/wire/error-fields")
def _no_param(reply: Reply, _request: Request) -> Reply:
    """Never says which field is at fault."""
    return replace(reply, body={"error": reply.body["error"] | {"param": None}})


@defect("responses/client-faults-are-500", at="responses.error", caught_by=_ERRORS, source="ggml-org/llama.cpp#25510")
def _server_fault(reply: Reply, _request: Request) -> Reply:
    """Blames itself for what the client did wrong."""
    return replace(reply, status=_SERVER) if reply.status == _CLIENT else reply


@defect("responses/errors-with-200", at="responses.error", caught_by=_ERRORS)
def _fine(reply: Reply, _request: Request) -> Reply:
    """Answers errors with status 200."""
    return replace(reply, status=200)


@defect(
    "responses/errors-in-stream", at="responses.error", caught_by="responses/refusals/in-stream-request", source="unslothai/unsloth#5099"
)
def _in_stream(reply: Reply, request: Request) -> Reply | Stream:
    """Answers a request for a stream that it refuses with a stream of one error."""
    if not isinstance(request.json, dict) or not request.json.get("stream"):
        return reply
    return Stream([{"type": "error", "sequence_number": 0, **{name: reply.body["error"][name] for name in ("code", "message", "param")}}])


@defect("responses/unknown-response-is-empty", at="responses.error", caught_by="responses/stored/get-unknown", only=("get_response",))
def _empty(reply: Reply, _request: Request) -> Reply:
    """Answers 200 with an empty object for a response that is not there."""
    return replace(reply, status=200, body={})


@defect("responses/unknown-chain-is-500", at="responses.error", caught_by="responses/stored/chain-unknown")
def _chain_fails(reply: Reply, _request: Request) -> Reply:
    """Breaks on a previous_response_id that is not there."""
    if reply.body["error"]["code"] != "previous_response_not_found":
        return reply
    return Reply({"error": {"message": "KeyError", "type": "server_error", "param": None, "code": None}}, _SERVER)
