"""A Responses request as a chat request. Source: specs/responses/schemas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from triglot.dialects.chat_request import (
    ChatRequest,
    schema_format,
    stream_fields,
    thinking_fields,
    with_system,
    without_null,
)
from triglot.dialects.responses.input import convert_input, tools_in, updates_in
from triglot.dialects.responses.plan import Converted, StreamPlan
from triglot.dialects.responses.tools import have_grammars, plan_tools
from triglot.dialects.tools import make_room_for_calls
from triglot.errors import ApiError, ErrorKind
from triglot.events import AnswerRules
from triglot.generated.responses import models as wire
from triglot.support import Loss

if TYPE_CHECKING:
    from triglot.backend.profiles import Profile
    from triglot.dialects.chat_request import ChatMessage
    from triglot.dialects.responses.callee import Callees
    from triglot.dialects.responses.plan import Unseal

_LOGPROBS: Final = "message.output_text.logprobs"
_SEALED: Final = "reasoning.encrypted_content"


class PromptRequest(Protocol):
    """What of a request makes its prompt: one for a response, or one that asks how long its prompt is."""

    model: str | None
    input: Any
    instructions: str | None
    tools: Any
    tool_choice: Any
    parallel_tool_calls: bool | None
    text: wire.TextOptions | None
    reasoning: wire.ReasoningOptions | None


class _Prompt(NamedTuple):
    """The fields of the chat request that make the prompt, and what was found on the way."""

    body: dict[str, Any]
    callees: Callees
    single_call: bool
    compacts: bool
    losses: tuple[Loss, ...]


def convert_request(request: wire.CreateResponse, profile: Profile, unseal: Unseal, prior: int = 0, *, answers: bool = True) -> Converted:
    """The chat request for a response, and how its answer is to be told.

    Args:
        request: the request, its stored items and media already in their places.
        profile: of the backend.
        unseal: opens sealed reasoning and summaries.
        prior: how many items of the input come from what the request continues.
        answers: whether an answer is wanted. A request that only prepares the next one may have nothing to answer.

    Raises:
        ApiError: there is nothing to answer, an item cannot be used, or `tool_choice` cannot be met.
    """
    prompt = _convert_prompt(request, profile, unseal, prior)
    if answers:
        _require_messages(prompt)
    rules = AnswerRules(prefill=_prefill(prompt.body["messages"]), single_call=prompt.single_call)
    top_logprobs = _top_logprobs(request)
    losses = prompt.losses
    if top_logprobs is not None and profile.extensions and "tools" in prompt.body:
        losses += (Loss("top_logprobs", "ignored", "llama-server tells no log probabilities in a stream where tools are offered"),)
        top_logprobs = None
    body: dict[str, Any] = {
        **prompt.body,
        **stream_fields(profile, count_each=rules.may_end_early),
        **without_null({"max_tokens": request.max_output_tokens, "temperature": request.temperature, "top_p": request.top_p}),
        **(without_null({"t_max_predict_ms": request.t_max_predict_ms}) if profile.extensions else {}),
    }
    if top_logprobs is not None:
        body |= {"logprobs": True, "top_logprobs": max(top_logprobs, 1)}  # llama-server takes 0 for no probabilities at all
    included = request.include or ()
    reasoning = request.reasoning
    plan = StreamPlan(
        prompt.callees,
        summarises=reasoning is not None and (reasoning.summary or reasoning.generate_summary) is not None,
        seals=_SEALED in included,
        max_tool_calls=request.max_tool_calls,
        compacts=prompt.compacts,
        top_logprobs=top_logprobs,
    )
    return Converted(ChatRequest(body, rules), plan, losses)


def count_body(request: PromptRequest, profile: Profile, unseal: Unseal, prior: int = 0) -> dict[str, Any]:
    """The chat request whose tokens a backend counts for a response's prompt.

    Raises:
        ApiError: as `convert_request`.
    """
    prompt = _convert_prompt(request, profile, unseal, prior)
    _require_messages(prompt)
    return prompt.body


def takes_long(request: PromptRequest) -> bool:
    """Whether the conversion may take so long that nothing should wait for it."""
    return have_grammars([*(request.tools or ()), *tools_in(request.input)])


def _convert_prompt(request: PromptRequest, profile: Profile, unseal: Unseal, prior: int) -> _Prompt:
    if request.input is None:
        raise ApiError(ErrorKind.INVALID_REQUEST, "input is required: a text, or a list of items.", param="input")
    joining = tools_in(request.input)
    tools = plan_tools(request.tools or (), request.tool_choice, parallel=request.parallel_tool_calls, profile=profile, more=joining)
    chat = convert_input(request.input, tools.name_call, unseal, prior)
    messages = with_system([request.instructions or "", *chat.system], chat.messages)
    effort, form = _settings(request)
    body: dict[str, Any] = {**without_null({"model": request.model}), "messages": messages}
    losses = (*tools.losses, *chat.losses)
    if chat.compacts:
        return _Prompt(body | _convert_effort(effort, profile), {}, False, True, losses)
    body |= {**tools.fields, **without_null({"response_format": _convert_format(form, profile)}), **_convert_effort(effort, profile)}
    make_room_for_calls(body, profile)
    if profile.schema_bars_calls and "response_format" in body and "tools" in body:
        losses = (*losses, Loss("tools", "ignored", "the backend calls no tool beside a text.format, unless tool_choice demands it"))
    return _Prompt(body, tools.callees, tools.single_call and bool(tools.fields), False, losses)


def _require_messages(prompt: _Prompt) -> None:
    if not prompt.body["messages"]:
        raise ApiError(ErrorKind.INVALID_REQUEST, "input: there is nothing in it that a model could answer.", param="input")


def _prefill(messages: list[ChatMessage]) -> str:
    """The text of a last message of the assistant: llama-server goes on with it, and repeats it in its answer."""
    last = messages[-1] if messages else {"role": "user"}
    return str(last.get("content") or "") if last["role"] == "assistant" else ""


def _top_logprobs(request: wire.CreateResponse) -> int | None:
    """How many likely tokens to tell at each place of the text; `None`: nothing at all."""
    count = request.top_logprobs or 0
    return count if count or _LOGPROBS in (request.include or ()) else None


def _settings(request: PromptRequest) -> tuple[str | None, Any]:
    """The reasoning effort and the text format that hold at the end of the input."""
    effort = request.reasoning.effort if request.reasoning is not None else None
    form = request.text.format if request.text is not None else None
    for update in updates_in(request.input):
        if update.reasoning is not None and "effort" in update.reasoning.model_fields_set:
            effort = update.reasoning.effort
        if update.text is not None and "format" in update.text.model_fields_set:
            form = update.text.format
    return effort, form


def _convert_format(form: Any, profile: Profile) -> dict[str, Any] | None:
    match form:
        case wire.JsonSchemaFormat(name=name, schema_=schema):
            return schema_format(name, schema)
        case wire.JsonObjectFormat():
            return {"type": "json_object", "schema": {"type": "object"}} if profile.schemaless_json else {"type": "json_object"}
        case _:
            return None


def _convert_effort(effort: str | None, profile: Profile) -> dict[str, Any]:
    if effort is None:
        return {}
    if effort == "none":
        return thinking_fields(profile, enabled=False, effort=None)
    return thinking_fields(profile, enabled=True, effort=effort)
