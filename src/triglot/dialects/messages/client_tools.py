"""The tools that the API defines and the client runs, as functions: a model that was not trained on them has to be told.

Names of tools, commands and parameters are those of the official SDK (`anthropic/types/beta/beta_tool_*`, `beta_memory_tool_*_command`) and
of the versions' published behaviour; the words are ours. Parameters of which each command needs others are told to be so in words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec

from triglot.dialects.chat_request import function_tool
from triglot.generated.messages import models as wire

if TYPE_CHECKING:
    from collections.abc import Sequence

ClientTool: TypeAlias = wire.BashTool | wire.TextEditorTool | wire.MemoryTool | wire.ComputerTool
Schema: TypeAlias = dict[str, Any]


def client_function(tool: ClientTool) -> dict[str, Any]:
    """The chat function for a tool; the model calls it by the name that the client gave, and the client gets the arguments it expects."""
    match tool:
        case wire.BashTool():
            description, schema = _BASH
        case wire.TextEditorTool():
            description, schema = _describe_editor(tool)
        case wire.MemoryTool():
            description, schema = _MEMORY
        case wire.ComputerTool():
            description, schema = _describe_computer(tool)
    return function_tool(tool.name, describe(description, tool.input_examples), schema, strict=tool.strict or None)


def describe(description: str | None, examples: Sequence[dict[str, Any]] | None) -> str | None:
    """A tool's description, its examples of arguments at the end: a chat function has no other place for them."""
    if not examples:
        return description
    lines = "\n".join(msgspec.json.encode(example).decode() for example in examples)
    return "\n\n".join(part for part in (description, f"Examples of arguments:\n{lines}") if part)


def object_schema(properties: dict[str, Schema], *required: str) -> Schema:
    """The schema of an object."""
    schema: Schema = {"type": "object", "properties": properties}
    if required:
        schema["required"] = list(required)
    return schema


def integers(length: int, description: str) -> Schema:
    """The schema of a list of so many whole numbers."""
    return {"type": "array", "items": {"type": "integer"}, "minItems": length, "maxItems": length, "description": description}


def number(kind: str, description: str) -> Schema:
    """The schema of an `integer` or a `number`."""
    return {"type": kind, "description": description}


def text(description: str) -> Schema:
    """The schema of a text."""
    return {"type": "string", "description": description}


def choice(values: list[str], description: str) -> Schema:
    """The schema of one of several words."""
    return {"type": "string", "enum": values, "description": description}


# Bash

_BASH: Final = (
    "Run a command in a shell that stays open: directory, variables and background jobs are kept from call to call.",
    object_schema(
        {
            "command": text("The command line. Needed unless restart is true."),
            "restart": {"type": "boolean", "description": "Set to true to start the shell anew."},
        }
    ),
)


# Text editor

_WITH_UNDO: Final = frozenset({"text_editor_20241022", "text_editor_20250124"})
_INSERT_TEXT: Final = frozenset({"text_editor_20250728"})  # earlier versions put the text to insert into new_str
_LINES: Final = "First and last line, counted from 1; -1 as the last means the end of the file. For view of a file."


def _describe_editor(tool: wire.TextEditorTool) -> tuple[str, Schema]:
    commands = {
        "view": "shows a file with line numbers, or lists a directory",
        "create": "writes a file",
        "str_replace": "replaces a text that occurs exactly once",
        "insert": "inserts text after a line",
    }
    if tool.type in _WITH_UNDO:
        commands["undo_edit"] = "takes back the last change of a file"
    limit = f" A view shows at most {tool.max_characters} characters." if tool.max_characters is not None else ""
    return f"View, create and edit text files. {_list_commands(commands)}{limit}", object_schema(
        {
            "command": choice(list(commands), "What to do."),
            "path": text("Absolute path of the file or directory."),
            "view_range": integers(2, _LINES),
            "file_text": text("Content of the new file. For create."),
            "old_str": text("The text to replace, exactly as it stands in the file. For str_replace."),
            **(
                {"new_str": text("The text to put in its place. For str_replace.")}
                if tool.type in _INSERT_TEXT
                else {"new_str": text("The text to put in its place, for str_replace, or the text to insert, for insert.")}
            ),
            "insert_line": number("integer", "Number of the line to insert after; 0 is the start of the file. For insert."),
            **({"insert_text": text("The text to insert. For insert.")} if tool.type in _INSERT_TEXT else {}),
        },
        "command",
        "path",
    )


def _list_commands(commands: dict[str, str]) -> str:
    return "Commands: " + "; ".join(f"{name} {effect}" for name, effect in commands.items()) + "."


# Memory

_MEMORY_COMMANDS: Final = {
    "view": "shows a file, or lists a directory",
    "create": "writes a file",
    "str_replace": "replaces a text in a file",
    "insert": "inserts text after a line",
    "delete": "removes a file or directory",
    "rename": "renames or moves one",
}
_MEMORY: Final = (
    "Keep notes in a directory, /memories, that outlasts this conversation. Look there for earlier progress before you start on a task. "
    + _list_commands(_MEMORY_COMMANDS),
    object_schema(
        {
            "command": choice(list(_MEMORY_COMMANDS), "What to do."),
            "path": text("Path of the file or directory, beginning with /memories. For all commands but rename."),
            "view_range": integers(2, _LINES),
            "file_text": text("Content of the file. For create."),
            "old_str": text("The text to replace. For str_replace."),
            "new_str": text("The text to put in its place. For str_replace."),
            "insert_line": number("integer", "Number of the line to insert after; 0 is the start of the file. For insert."),
            "insert_text": text("The text to insert. For insert."),
            "old_path": text("The present path. For rename."),
            "new_path": text("The path to be. For rename."),
        },
        "command",
    ),
)


# Computer

_ACTIONS_20241022: Final = {
    "key": "presses a key or combination, such as ctrl+s",
    "type": "types text",
    "cursor_position": "tells where the cursor is",
    "mouse_move": "moves the cursor",
    "left_click": "",
    "left_click_drag": "drags with the left button",
    "right_click": "",
    "middle_click": "",
    "double_click": "",
    "screenshot": "shows the screen",
}
_ACTIONS_20250124: Final = {
    **_ACTIONS_20241022,
    "triple_click": "",
    "left_mouse_down": "presses the left button and keeps it down",
    "left_mouse_up": "lets it go",
    "scroll": "turns the mouse wheel",
    "hold_key": "keeps a key or combination down for a while",
    "wait": "pauses",
}
_ZOOM: Final = {"zoom": "shows a part of the screen enlarged"}


def _describe_computer(tool: wire.ComputerTool) -> tuple[str, Schema]:
    actions = dict(_ACTIONS_20241022 if tool.type == "computer_20241022" else _ACTIONS_20250124)
    properties = {"coordinate": integers(2, "x and y of the place to act at, in pixels from the left and the top edge.")}
    keys = "The text to type, for type, or the keys, for key"
    if tool.type == "computer_20241022":
        properties["text"] = text(f"{keys}.")
    else:
        properties |= {
            "start_coordinate": integers(2, "x and y of the place to start from. For left_click_drag."),
            "text": text(f"{keys} and hold_key. With a click or scroll: keys to hold down meanwhile."),
            "scroll_direction": choice(["up", "down", "left", "right"], "Where to scroll to."),
            "scroll_amount": number("integer", "How many notches of the wheel to scroll."),
            "duration": number("number", "Seconds. For hold_key and wait."),
        }
    if tool.type == "computer_20251124" and tool.enable_zoom:
        actions |= _ZOOM
        properties["region"] = integers(4, "Left, top, right and bottom edge of the part to show, in pixels. For zoom.")
    told = "; ".join(f"{name} {effect}".strip() for name, effect in actions.items())
    screen = f"It is {tool.display_width_px} pixels wide and {tool.display_height_px} high"
    display = f", X11 display :{tool.display_number}" if tool.display_number is not None else ""
    description = (
        f"Use a computer by its screen, mouse and keyboard. {screen}{display}. Look at a screenshot before you click. Actions: {told}."
    )
    return description, object_schema({"action": choice(list(actions), "What to do."), **properties}, "action")
