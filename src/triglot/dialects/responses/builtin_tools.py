"""The tools that the API defines and the client runs, as functions: a model that was not trained on them has to be told.

Shapes are those of the official SDK (`openai/types/responses/response_function_shell_tool_call.py`, `response_apply_patch_tool_call.py`,
`LocalShellCall` of `response_output_item.py`, `tool_search_tool.py`); the words are ours. The arguments of each function are the object
that the item of its call holds as `action`, `operation` or `arguments`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias

import msgspec

from triglot.dialects.chat_request import function_tool
from triglot.dialects.responses.outlet import BrokenAnswerError
from triglot.generated.responses import models as wire

if TYPE_CHECKING:
    from collections.abc import Mapping

Schema: TypeAlias = dict[str, Any]
BuiltinTool: TypeAlias = wire.ToolSearchTool | wire.ShellTool | wire.LocalShellTool | wire.ApplyPatchTool
BuiltinKind: TypeAlias = Literal["tool_search", "shell", "local_shell", "apply_patch"]


def builtin_function(tool: BuiltinTool, name: str) -> dict[str, Any]:
    """The chat function for a tool, under the name that it has for the model."""
    match tool:
        case wire.ToolSearchTool():
            schema = tool.parameters if isinstance(tool.parameters, dict) else _SEARCH
            return function_tool(name, tool.description or _ABOUT_SEARCH, schema, strict=None)
        case wire.ShellTool():
            return function_tool(name, _ABOUT_SHELL + _describe_skills(tool.environment or {}), _SHELL, strict=None)
        case wire.LocalShellTool():
            return function_tool(name, _ABOUT_LOCAL_SHELL, _LOCAL_SHELL, strict=None)
        case wire.ApplyPatchTool():
            return function_tool(name, _ABOUT_PATCH, _PATCH, strict=None)


def call_fields(kind: BuiltinKind, arguments: str) -> dict[str, Any]:
    """What the item of a call holds of its arguments.

    Args:
        kind: of the tool.
        arguments: the JSON text that the model wrote.

    Raises:
        BrokenAnswerError: the arguments are not what the item needs.
    """
    try:
        return _read_call(kind, arguments)
    except (msgspec.DecodeError, RecursionError) as error:  # a ValidationError is a DecodeError
        raise BrokenAnswerError(f"The model called {kind} with arguments that the tool does not take: {error}.") from error


# What the model may write.


class _Shell(msgspec.Struct):
    commands: Annotated[list[str], msgspec.Meta(min_length=1)]
    timeout_ms: int | None = None
    max_output_length: int | None = None


class _LocalShell(msgspec.Struct):
    command: Annotated[list[str], msgspec.Meta(min_length=1)]
    env: dict[str, str] | None = None
    working_directory: str | None = None
    user: str | None = None
    timeout_ms: int | None = None


class _CreateFile(msgspec.Struct, tag="create_file"):
    path: str
    diff: str


class _UpdateFile(msgspec.Struct, tag="update_file"):
    path: str
    diff: str


class _DeleteFile(msgspec.Struct, tag="delete_file"):
    path: str


def _read_call(kind: BuiltinKind, arguments: str) -> dict[str, Any]:
    match kind:
        case "tool_search":
            return {"execution": "client", "arguments": msgspec.json.decode(arguments or "{}", type=dict[str, Any])}
        case "shell":
            return {"action": msgspec.to_builtins(msgspec.json.decode(arguments, type=_Shell, strict=False))}
        case "local_shell":
            action = msgspec.json.decode(arguments, type=_LocalShell, strict=False)
            return {"action": {"type": "exec", **msgspec.to_builtins(action), "env": action.env or {}}}
        case "apply_patch":
            return {"operation": msgspec.to_builtins(msgspec.json.decode(arguments, type=_CreateFile | _UpdateFile | _DeleteFile))}


# What it is told.


def _text(description: str) -> Schema:
    return {"type": "string", "description": description}


def _texts(description: str) -> Schema:
    return {"type": "array", "items": {"type": "string"}, "minItems": 1, "description": description}


def _count(description: str) -> Schema:
    return {"type": "integer", "description": description}


def _object(properties: dict[str, Schema], *required: str) -> Schema:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


_ABOUT_SEARCH: Final = "Look for tools beyond those listed here. What is found can be called from then on."
_SEARCH: Final = _object({"query": _text("What the tool should be able to do.")}, "query")

_ABOUT_SHELL: Final = (
    "Run commands in a shell. Commands of one call may run at the same time; what needs an earlier result comes in a later call."
)
_SHELL: Final = _object(
    {
        "commands": _texts("The command lines."),
        "timeout_ms": _count("Milliseconds after which a command is stopped."),
        "max_output_length": _count("How many characters of each command's output to show at most."),
    },
    "commands",
)

_ABOUT_LOCAL_SHELL: Final = 'Run a program on the user\'s computer. For shell syntax run a shell, as in ["bash", "-lc", "ls | wc -l"].'
_LOCAL_SHELL: Final = _object(
    {
        "command": _texts("The program and its arguments, one by one."),
        "working_directory": _text("The directory to run it in."),
        "env": {"type": "object", "additionalProperties": {"type": "string"}, "description": "Environment variables to set for it."},
        "timeout_ms": _count("Milliseconds after which it is stopped."),
        "user": _text("The user to run it as."),
    },
    "command",
)

_ABOUT_PATCH: Final = """\
Create, change or delete one text file. The diff has no line numbers and no file headers; the first character of each line tells what it is.
create_file: all lines of the new file, each after a "+".
update_file: one or more sections of the file. A line that stays begins with a space, one that goes with "-", one that comes with "+". \
Show about three unchanged lines before and after a change, exactly as they stand in the file. Each section begins with a line "@@", or \
with "@@ " and a line that stands somewhere above, such as the head of the function, where the place would not be clear otherwise.
delete_file: the diff is empty."""
_PATCH: Final = _object(
    {
        "type": {"type": "string", "enum": ["create_file", "update_file", "delete_file"], "description": "What to do."},
        "path": _text("The path of the file."),
        "diff": _text("The diff."),
    },
    *("type", "path", "diff"),
)


def _describe_skills(environment: Mapping[str, Any]) -> str:
    """The skills that the client's computer has: directories with instructions and scripts."""
    skills = environment.get("skills")
    lines = [
        f"- {skill.get('name')} ({skill.get('path')}): {skill.get('description')}"
        for skill in (skills if isinstance(skills, list) else ())
        if isinstance(skill, dict)
    ]
    return "\n".join(["\nSkills, each a directory with instructions to read before it is used:", *lines]) if lines else ""
