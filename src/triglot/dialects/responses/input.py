"""The input of a Responses request as the messages of a chat. Source: specs/responses/schemas/input_items.yaml."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from triglot.dialects.chat_request import ChatMessage, Part, content_of, join_texts, split_parts, text_part, user_message
from triglot.dialects.history import repair_history
from triglot.dialects.responses.content import convert_content, place_of
from triglot.dialects.responses.hosted import describe_approval, describe_item
from triglot.dialects.responses.prior import convert_call, convert_output, found_tools
from triglot.dialects.telling import describe_result
from triglot.errors import ApiError, ErrorKind
from triglot.generated.responses import models as wire
from triglot.support import Loss

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from triglot.dialects.responses.plan import CallNamer, Unseal
    from triglot.dialects.responses.prior import Result

SUMMARY_REQUEST: Final = (
    "Write a summary of this conversation, from which somebody else can go on with it at once and without having seen it. Keep what was "
    "asked for and every instruction and preference that still holds; what was done and found out, with the names of files, commands, "
    "identifiers, numbers and errors as they are; what was decided and why; and what is left to do, the next step first. Leave out what no "
    "longer matters. Write the summary alone: no greeting, no question, no call of a tool."
)
SUMMARY_INTRODUCTION: Final = "Summary of the conversation so far:\n"

_SAID: Final = wire.InputMessage | wire.TypelessMessage


class ChatInput(msgspec.Struct, frozen=True):
    """A converted input.

    Attributes:
        system: the texts of system and developer messages.
        messages: all others, repaired, and without a system message.
        compacts: a summary of the conversation is asked for, by the last message.
        losses: what could not be kept, beside what the support table says.
    """

    system: list[str]
    messages: list[ChatMessage]
    compacts: bool = False
    losses: tuple[Loss, ...] = ()


def convert_input(items: str | Sequence[Any], name_call: CallNamer, unseal: Unseal, prior: int = 0) -> ChatInput:
    """The system texts and the messages.

    What the assistant did between two words of the others, its thinking, text and calls, is one chat message.

    Args:
        items: text of the user, or items, their stored ones and media already in their places.
        name_call: names the calls.
        unseal: opens sealed reasoning and summaries.
        prior: how many of the items come from what the request continues.

    Raises:
        ApiError: NOT_FOUND: an item is not stored here; INVALID_REQUEST: a summary cannot be opened, a result belongs to no call;
            UNSUPPORTED: an image is not inline.
    """
    if isinstance(items, str):
        return ChatInput([], [{"role": "user", "content": items}])
    compacts = bool(items) and isinstance(items[-1], wire.CompactionTrigger)
    reading = _Reading(name_call, unseal)
    for index, item in enumerate(items[:-1] if compacts else items):
        reading.read(item, place_of(index, prior))
    if compacts:
        reading.messages.append({"role": "user", "content": SUMMARY_REQUEST})
    messages = _without_loose_end(repair_history(reading.messages))
    return ChatInput(reading.system, messages, compacts, tuple(reading.losses))


def tools_in(items: str | Sequence[Any] | None) -> list[Any]:
    """The tools that join in the middle of the conversation, in their order: given by the client, or found by its search."""
    given = items if isinstance(items, list) else ()
    return [tool for item in given if _adds_tools(item) for tool in item.tools]


def _adds_tools(item: Any) -> bool:
    return isinstance(item, wire.AdditionalTools) or (isinstance(item, wire.ToolSearchOutput) and item.execution != "server")


def updates_in(items: str | Sequence[Any] | None) -> Iterator[wire.ConfigurationUpdate]:
    """The changes of settings, in their order."""
    return (item for item in (items if isinstance(items, list) else ()) if isinstance(item, wire.ConfigurationUpdate))


class _Reading:
    """Reads items one after the other. Neighbouring messages of one role become one in the repair that follows."""

    def __init__(self, name_call: CallNamer, unseal: Unseal) -> None:
        self.system: list[str] = []
        self.messages: list[ChatMessage] = []
        self.losses: list[Loss] = []
        self._name_call = name_call
        self._unseal = unseal
        self._shell_items: dict[str, str] = {}  # item id -> call id; results of local_shell may name either

    def read(self, item: Any, where: str) -> None:
        """Add what an item stands for."""
        if isinstance(item, _SAID):
            self._read_message(item)
        elif (call := convert_call(item, self._name_call)) is not None:
            if isinstance(item, wire.PriorLocalShellCall) and item.id:
                self._shell_items[item.id] = call.call_id
            function = {"name": call.name, "arguments": call.arguments}
            self._assistant(None, tool_calls=[{"id": call.call_id, "type": "function", "function": function}])
        elif (result := convert_output(item, self._name_call)) is not None:
            self._read_result(result)
        elif (text := describe_item(item)) is not None:
            self._assistant(text)
        else:
            self._read_other(item, where)

    def _read_other(self, item: Any, where: str) -> None:
        match item:
            case wire.PriorReasoning():
                self._read_thinking(item, where)
            case wire.PriorCompaction():
                self._user([text_part(SUMMARY_INTRODUCTION + self._open_summary(item, where))])
            case wire.AgentMessage():
                way = f"Message from {item.author or 'another agent'} to {item.recipient or 'this one'}:"
                self._user([text_part(way), *convert_content(item.content)])
            case wire.McpApprovalResponse():
                self._user([text_part(describe_approval(item))])
            case wire.ToolSearchOutput():
                self._assistant(describe_result("tool_search", found_tools(item.tools, self._name_call)))
            case wire.FunctionCallOutput():
                self._read_loose_result(item, where)
            case wire.CompactionTrigger():
                self.losses.append(Loss(where, "ignored", "a summary is asked for at the end of the input only", item.type))
            case wire.ItemReference() | wire.TypelessReference():
                raise ApiError(ErrorKind.NOT_FOUND, f"{where}: no item {item.id} is stored here; send the item itself.", param="input")
            case _:
                pass  # sets something, or is named in the loss report

    def _user(self, parts: list[Part]) -> None:
        self.messages += user_message(parts)

    def _assistant(self, content: str | None, **more: Any) -> None:
        self.messages.append({"role": "assistant", "content": content, **more})

    def _read_message(self, message: wire.InputMessage | wire.TypelessMessage) -> None:
        parts = convert_content(message.content)
        if message.role == "user":
            self.messages.append({"role": "user", "content": content_of(join_texts(parts))})
            return
        place = "in the assistant's message" if message.role == "assistant" else "in the instructions"
        texts, others = split_parts(parts, place)
        text = "\n".join(texts)
        if message.role != "assistant":
            self.system.append(text)
        elif text:
            self._assistant(text)
        self._user(others)

    def _read_result(self, result: Result) -> None:
        call_id = self._shell_items.get(result.call_id, result.call_id)
        self.messages.append({"role": "tool", "tool_call_id": call_id, "content": result.text})
        self._user(result.others)

    def _read_loose_result(self, output: wire.FunctionCallOutput, where: str) -> None:
        """A result without the id of its call is told by the name of its tool."""
        if output.name is None:
            message = f"{where}: a function_call_output needs the call_id of the call that it answers."
            raise ApiError(ErrorKind.INVALID_REQUEST, message, param=f"{where}.call_id")
        name = self._name_call("function", output.name, output.namespace)
        self._user([text_part(f"Result of {name}:"), *convert_content(output.output)])

    def _read_thinking(self, item: wire.PriorReasoning, where: str) -> None:
        thinking = "".join(part.text for part in item.content or ())
        if not thinking and item.encrypted_content:
            opened = self._unseal(item.encrypted_content)
            if opened is None:
                self.losses.append(Loss(f"{where}.encrypted_content", "ignored", "it was not sealed here, or was altered"))
            thinking = opened or ""
        thinking = thinking or "\n\n".join(part.text for part in item.summary or ())
        if thinking:
            self._assistant("", reasoning_content=thinking)

    def _open_summary(self, item: wire.PriorCompaction, where: str) -> str:
        summary = self._unseal(item.encrypted_content)
        if summary is None:
            message = (
                f"{where}: this compaction item cannot be opened: it was made elsewhere, with another signing key, or altered. "
                "Without it the conversation is lost: send the conversation itself."
            )
            raise ApiError(ErrorKind.INVALID_REQUEST, message, param="input")
        return summary


def _without_loose_end(messages: list[ChatMessage]) -> list[ChatMessage]:
    """The messages without thinking at their end.

    A backend takes a last message of the assistant as the beginning of its answer and repeats it. The client has that thinking already, and
    where nothing else followed, the model shall think anew.
    """
    last = messages[-1] if messages else {}
    if last.get("role") != "assistant" or "reasoning_content" not in last:
        return messages
    content = last.get("content")
    return [*messages[:-1], {"role": "assistant", "content": content}] if content else messages[:-1]
