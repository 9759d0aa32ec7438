"""Calls of tools, as output items in the form that each tool has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from triglot.dialects.json_text import StringMember
from triglot.dialects.responses.builtin_tools import call_fields

if TYPE_CHECKING:
    from triglot.dialects.responses.builtin_tools import BuiltinKind
    from triglot.dialects.responses.callee import Callee
    from triglot.dialects.responses.outlet import Outlet
    from triglot.dialects.translator import NewId
    from triglot.generated.responses.events import CustomToolCall, FunctionCall, ItemStatus

_PREFIXES: Final[dict[BuiltinKind, str]] = {"tool_search": "tsc_", "shell": "sh_", "local_shell": "lsh_", "apply_patch": "apc_"}


class CallItem(Protocol):
    """A call that is being written."""

    def add(self, arguments: str) -> None:
        """More of the JSON text of the arguments."""

    def close(self, status: ItemStatus) -> None:
        """End the call.

        Raises:
            BrokenAnswerError: it is not what its tool takes.
        """


class FunctionItem:
    """A call of a function; its arguments go on as they come."""

    __slots__ = ("_id", "_index", "_item", "_out", "_pieces")

    def __init__(self, out: Outlet, new_id: NewId, callee: Callee) -> None:
        self._out = out
        self._pieces: list[str] = []
        self._id = new_id("fc_")
        self._item: FunctionCall = {
            "type": "function_call",
            "id": self._id,
            "call_id": new_id("call_"),
            "name": callee.name,
            "arguments": "",
            "status": "in_progress",
        }
        if callee.namespace is not None:
            self._item["namespace"] = callee.namespace
        self._index = out.add_item(self._item)

    def add(self, arguments: str) -> None:
        """See `CallItem`."""
        self._pieces.append(arguments)
        self._out.emit(
            {
                "type": "response.function_call_arguments.delta",
                "sequence_number": self._out.number,
                "output_index": self._index,
                "item_id": self._id,
                "delta": arguments,
            }
        )

    def close(self, status: ItemStatus) -> None:
        """See `CallItem`."""
        arguments = "".join(self._pieces)
        self._out.emit(
            {
                "type": "response.function_call_arguments.done",
                "sequence_number": self._out.number,
                "output_index": self._index,
                "item_id": self._id,
                "arguments": arguments,
            }
        )
        self._out.end_item({**self._item, "arguments": arguments, "status": status})


class CustomItem:
    """A call of a tool that takes free text: what the model writes as its one argument goes on while it comes."""

    __slots__ = ("_accepts", "_id", "_index", "_item", "_out", "_pieces", "_reader")

    def __init__(self, out: Outlet, new_id: NewId, callee: Callee) -> None:
        self._out = out
        self._accepts = callee.accepts
        self._reader = StringMember("input")
        self._pieces: list[str] = []
        self._id = new_id("ctc_")
        self._item: CustomToolCall = {
            "type": "custom_tool_call",
            "id": self._id,
            "call_id": new_id("call_"),
            "name": callee.name,
            "input": "",
            "status": "in_progress",
        }
        if callee.namespace is not None:
            self._item["namespace"] = callee.namespace
        self._index = out.add_item(self._item)

    def add(self, arguments: str) -> None:
        """See `CallItem`."""
        self._add_input(self._reader.feed(arguments))

    def close(self, status: ItemStatus) -> None:
        """End the call. Text that breaks the tool's grammar is marked as incomplete, and so is what was cut."""
        if status == "completed":
            self._add_input(self._reader.end())
        text = "".join(self._pieces)
        self._out.emit(
            {
                "type": "response.custom_tool_call_input.done",
                "sequence_number": self._out.number,
                "output_index": self._index,
                "item_id": self._id,
                "input": text,
            }
        )
        is_whole = status == "completed" and (self._accepts is None or self._accepts(text))
        self._out.end_item({**self._item, "input": text, "status": "completed" if is_whole else "incomplete"})

    def _add_input(self, text: str) -> None:
        if text:
            self._pieces.append(text)
            self._out.emit(
                {
                    "type": "response.custom_tool_call_input.delta",
                    "sequence_number": self._out.number,
                    "output_index": self._index,
                    "item_id": self._id,
                    "delta": text,
                }
            )


class BuiltinItem:
    """A call of a tool that the API defines. Its item has no place for half of its arguments, so it is told once they are whole.

    A call that was cut is not told at all.
    """

    __slots__ = ("_kind", "_new_id", "_out", "_pieces")

    def __init__(self, out: Outlet, new_id: NewId, kind: BuiltinKind) -> None:
        self._out = out
        self._new_id = new_id
        self._kind = kind
        self._pieces: list[str] = []

    def add(self, arguments: str) -> None:
        """See `CallItem`."""
        self._pieces.append(arguments)

    def close(self, status: ItemStatus) -> None:
        """See `CallItem`."""
        if status != "completed":
            return
        fields = call_fields(self._kind, "".join(self._pieces))
        ids = {"type": f"{self._kind}_call", "id": self._new_id(_PREFIXES[self._kind]), "call_id": self._new_id("call_")}
        item: Any = {**ids, **fields, "status": "completed"}
        if self._kind == "shell":
            commands = item["action"]["commands"]
            begun: Any = {**item, "action": {**item["action"], "commands": []}, "status": "in_progress"}
            self._out.add_item(begun)
            for index, command in enumerate(commands):
                self._tell_command(index, command)
        else:
            begun = {**item, "status": "in_progress"}
            self._out.add_item(begun)
        self._out.end_item(item)

    def _tell_command(self, command_index: int, command: str) -> None:
        out = self._out
        out.emit(
            {
                "type": "response.shell_call_command.added",
                "sequence_number": out.number,
                "output_index": out.index,
                "command_index": command_index,
                "command": "",
            }
        )
        out.emit(
            {
                "type": "response.shell_call_command.delta",
                "sequence_number": out.number,
                "output_index": out.index,
                "command_index": command_index,
                "delta": command,
            }
        )
        out.emit(
            {
                "type": "response.shell_call_command.done",
                "sequence_number": out.number,
                "output_index": out.index,
                "command_index": command_index,
                "command": command,
            }
        )


class UntoldItem:
    """A call beyond the limit: nobody hears of it."""

    __slots__ = ()

    def add(self, arguments: str) -> None:
        """See `CallItem`."""

    def close(self, status: ItemStatus) -> None:
        """See `CallItem`."""
