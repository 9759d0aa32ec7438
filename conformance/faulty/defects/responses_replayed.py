"""Requests that Responses servers read wrong: input that is passed over or refused, tools that are not offered, errors without a place."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from faulty.edits import drop, get, has, put
from faulty.exchange import Refusal
from faulty.hooks import Defect, add, defect

if TYPE_CHECKING:
    from collections.abc import Callable

    from faulty.exchange import Reply, Request

_COUNT, _COMPACT, _CONVERSATION = ("count_response_input_tokens",), ("compact_response",), ("create_conversation",)


# Input that is passed over


def _items(body: Any) -> list[Any]:
    given = get(body, "input")
    return given if isinstance(given, list) else []


def _in_content(body: Any, field: str, change: Callable[[list[Any]], list[Any]]) -> Any:
    """The body with the parts of a field of each item changed."""
    items = [put(item, field, change(item[field])) if isinstance(get(item, field), list) else item for item in _items(body)]
    return put(body, "input", items) if items else body


def _passes_over(name: str, caught_by: str, passed: Callable[[Any], bool], says: str) -> None:
    """Register a defect that leaves items out."""

    def apply(body: Any, _request: Request) -> Any:
        items = _items(body)
        return put(body, "input", [item for item in items if not passed(item)]) if items else body

    add(Defect(f"responses/{name}", "responses.request", caught_by, says, apply=apply))


def _typed(kind: str) -> Callable[[Any], bool]:
    return lambda item: bool(get(item, "type") == kind)


_IN = "responses/json/input"
_passes_over("shell-outputs-dropped", f"{_IN}/shell-replayed", _typed("shell_call_output"), "Passes over what commands wrote.")
_passes_over(
    "local-shell-outputs-dropped", f"{_IN}/local-shell-replayed", _typed("local_shell_call_output"), "Passes over what a command wrote."
)
_passes_over(
    "patch-outputs-dropped", f"{_IN}/apply-patch-replayed", _typed("apply_patch_call_output"), "Passes over what became of a patch."
)
_passes_over(
    "custom-outputs-dropped", f"{_IN}/custom-call-replayed", _typed("custom_tool_call_output"), "Passes over results of custom tools."
)
_passes_over("additional-tools-dropped", f"{_IN}/additional-tools", _typed("additional_tools"), "Passes over tools in the input.")
_passes_over("found-tools-dropped", f"{_IN}/tool-search-replayed", _typed("tool_search_output"), "Passes over tools that were found.")
_passes_over(
    "system-messages-dropped", f"{_IN}/system-merged", lambda item: get(item, "role") == "system", "Passes over messages of the system."
)
_passes_over("compactions-dropped", "responses/errors/compaction-foreign", _typed("compaction"), "Passes over a compaction.")
_passes_over("triggers-dropped", "responses/state/compaction-trigger", _typed("compaction_trigger"), "Passes over the order to summarise.")


@defect("responses/files-dropped", at="responses.request", caught_by=f"{_IN}/file-text")
def _(body: Any, _: Request) -> Any:
    """Files in messages are passed over."""
    return _in_content(body, "content", lambda parts: [part for part in parts if get(part, "type") != "input_file"])


@defect("responses/files-in-results-dropped", at="responses.request", caught_by=f"{_IN}/output-file")
def _(body: Any, _: Request) -> Any:
    """Files in results are passed over."""
    return _in_content(body, "output", lambda parts: [part for part in parts if get(part, "type") != "input_file"])


@defect("responses/only-first-part", at="responses.request", caught_by=f"{_IN}/text-parts")
def _(body: Any, _: Request) -> Any:
    """Of several parts of a message only the first is read."""
    return _in_content(body, "content", lambda parts: parts[:1])


@defect("responses/instructions-uncounted", at="responses.request", caught_by="responses/state/input-tokens", only=_COUNT)
def _(body: Any, _: Request) -> Any:
    """Instructions are not counted."""
    return drop(body, "instructions")


@defect("responses/chain-uncounted", at="responses.request", caught_by="responses/state/input-tokens-chain", only=_COUNT)
def _(body: Any, _: Request) -> Any:
    """What a response continues is not counted."""
    return drop(body, "previous_response_id")


@defect("responses/chain-uncompacted", at="responses.request", caught_by="responses/state/compact-chain", only=_COMPACT)
def _(body: Any, _: Request) -> Any:
    """Of a chain that shall be compacted nothing is read."""
    return put(drop(body, "previous_response_id"), "input", "hello") if get(body, "previous_response_id") else body


@defect("responses/item-limit-silent", at="responses.request", caught_by="responses/errors/conversation-items-many", only=_CONVERSATION)
def _(body: Any, _: Request) -> Any:
    """Of more items than a conversation takes at once the first are taken, and nothing is said."""
    return put(body, "items", body["items"][:20]) if get(body, "items") else body


@defect("responses/one-of-two-histories", at="responses.request", caught_by="responses/state/conversation-and-chain")
def _(body: Any, _: Request) -> Any:
    """Of a conversation and a response to continue the conversation wins."""
    return drop(body, "previous_response_id") if get(body, "conversation") else body


# Tools and choices


@defect("responses/functions-hidden-by-namespaces", at="responses.request", caught_by="responses/json/agent-tools")
def _(body: Any, _: Request) -> Any:
    """Beside a namespace no function is offered."""
    tools = get(body, "tools") or []
    hides = any(get(tool, "type") == "namespace" for tool in tools)
    return put(body, "tools", [tool for tool in tools if get(tool, "type") != "function"]) if hides else body


@defect("responses/lark-ignored", at="responses.request", caught_by="responses/json/tools/grammar-lark")
def _(body: Any, _: Request) -> Any:
    """Only regular expressions hold the input of a custom tool."""
    tools = get(body, "tools") or []
    return put(body, "tools", [drop(tool, "format") if get(tool, "format.syntax") == "lark" else tool for tool in tools]) if tools else body


@defect("responses/allowed-tools-taken-as-auto", at="responses.request", caught_by="responses/json/tools/choice-allowed")
def _(body: Any, _: Request) -> Any:
    """Of an allowed set that need not be called nothing is kept."""
    return drop(body, "tool_choice") if get(body, "tool_choice.mode") == "auto" else body


@defect("responses/demand-without-tools-ignored", at="responses.request", caught_by="responses/errors/tool-choice-without-tools")
def _(body: Any, _: Request) -> Any:
    """A call is demanded of a model without tools, and nothing is said."""
    return drop(body, "tool_choice") if not get(body, "tools") else body


# What is refused, or breaks


def _refuses(name: str, caught_by: str, wrong: Callable[[Any], bool], says: str, status: int = 400) -> None:
    """Register a defect that refuses a part of a content."""

    def apply(body: Any, _request: Request) -> Any:
        parts = [part for item in _items(body) for part in (item, *(get(item, "content") or ()))]
        if any(isinstance(part, dict) and wrong(part) for part in parts):
            raise Refusal(status, "The input cannot be read.", param="input")
        return body

    add(Defect(f"responses/{name}", "responses.request", caught_by, says, apply=apply))


_refuses("phase-refused", f"{_IN}/phase", has("phase"), "Refuses the phase of a message.")
_refuses("citations-refused", f"{_IN}/output-text-replayed", has("annotations"), "Refuses a message that cites.")
_refuses("sound-fails", "responses/errors/audio-on-text-model", has("input_audio"), "Breaks at sound that it cannot hear.", status=500)


@defect("responses/refused-without-place", at="responses.error", caught_by="responses/errors/wrong-type-in-item")
def _(reply: Reply, _: Request) -> Reply:
    """An error names the field only where it is one of the request's own."""
    inside = "[" in (get(reply.body, "error.param") or "")
    return replace(reply, body=put(reply.body, "error.param", None)) if inside else reply


@defect("responses/chain-refused-without-code", at="responses.error", caught_by="responses/state/chain-not-stored")
def _(reply: Reply, _: Request) -> Reply:
    """That a response cannot be continued is told without the code that clients look for."""
    return replace(reply, body=put(reply.body, "error.code", None))
