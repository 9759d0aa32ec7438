"""What a request may hold. Source: specs/responses/schemas/request.yaml and input_items.yaml.

A check takes a value and its place in the request, and raises where the value cannot be used. `null` in an optional field is absence.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from faulty.exchange import Refusal
from faulty.responses.grammar import GrammarError, to_pattern

Document = dict[str, Any]
Check = Callable[[Any, str], None]


_NAMES: Final[dict[type, str]] = {
    str: "a string",
    bool: "a boolean",
    int: "an integer",
    float: "a decimal",
    list: "an array",
    dict: "an object",
}


def _kind(kind: type, *others: type) -> Check:
    kinds = (kind, *others)

    def check(value: Any, place: str) -> None:
        if type(value) not in kinds:
            wanted = " or ".join(_NAMES[kind] for kind in kinds)
            raise Refusal(
                400,
                f"Invalid type for '{place or 'body'}': expected {wanted}, but got {_NAMES.get(type(value), 'null')}.",
                param=place or None,
                code="invalid_type",
            )

    return check


def _one_of(*values: str) -> Check:
    def check(value: Any, place: str) -> None:
        if value not in values:
            raise Refusal(400, f"Invalid value: {value!r}. Supported values are: {', '.join(values)}.", param=place, code="invalid_value")

    return check


def _number(low: float, high: float | None = None, *, whole: bool = False) -> Check:
    kind = _kind(int) if whole else _kind(int, float)

    def check(value: Any, place: str) -> None:
        kind(value, place)
        if value < low or (high is not None and value > high):
            bounds = f"at least {low:g}" if high is None else f"between {low:g} and {high:g}"
            raise Refusal(400, f"Invalid '{place}': expected a value {bounds}, but got {value}.", param=place, code="invalid_value")

    return check


def _many(check: Check, *, at_most: int | None = None) -> Check:
    def check_all(value: Any, place: str) -> None:
        _LIST(value, place)
        if at_most is not None and len(value) > at_most:
            raise Refusal(
                400, f"Invalid '{place}': too many elements, at most {at_most} are allowed.", param=place, code="array_above_max_length"
            )
        for number, element in enumerate(value):
            check(element, f"{place}[{number}]")

    return check_all


def _fields(required: dict[str, Check] | None = None, optional: dict[str, Check] | None = None) -> Check:
    def check(value: Any, place: str) -> None:
        _OBJECT(value, place)
        dot = f"{place}." if place else ""
        for name, check_field in (required or {}).items():
            if name not in value:
                raise Refusal(400, f"Missing required parameter: '{dot}{name}'.", param=f"{dot}{name}", code="missing_required_parameter")
            check_field(value[name], f"{dot}{name}")
        for name, check_field in (optional or {}).items():
            if value.get(name) is not None:
                check_field(value[name], f"{dot}{name}")

    return check


def _text_or(check: Check) -> Check:
    def check_either(value: Any, place: str) -> None:
        if not isinstance(value, str):
            check(value, place)

    return check_either


def _tagged(checks: dict[str, Check], otherwise: Check | None = None) -> Check:
    """By `type`; an unknown one is accepted as it is."""

    def check(value: Any, place: str) -> None:
        _OBJECT(value, place)
        kind = value.get("type")
        if kind is None and otherwise is not None:
            otherwise(value, place)
            return
        _STRING(kind, f"{place}.type") if kind is not None else _fields({"type": _STRING})(value, place)
        checks.get(kind, _anything)(value, place)

    return check


def _anything(_value: Any, _place: str) -> None:
    pass


_STRING = _kind(str)
_BOOLEAN = _kind(bool)
_OBJECT = _kind(dict)
_LIST = _kind(list)
_LIST_OF_TEXT = _many(_STRING)


def _metadata(value: Any, place: str) -> None:
    _OBJECT(value, place)
    for name, entry in value.items():
        _STRING(entry, f"{place}.{name}")


_BEGINNINGS: Final = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"RIFF")


def _image(value: Any, place: str) -> None:
    _fields(optional={"image_url": _STRING, "file_id": _STRING, "detail": _one_of("low", "high", "auto", "original")})(value, place)
    if value.get("file_id"):
        raise Refusal(400, f"There is no file {value['file_id']}.", param=f"{place}.file_id", code="not_found")
    url = value.get("image_url") or ""
    head, _, data = url.partition(",")
    if not head.startswith("data:"):
        raise Refusal(400, "This server reads images as `data:` URLs only.", param=f"{place}.image_url", code="invalid_value")
    try:
        raw = base64.b64decode(data, validate=True)
    except binascii.Error as error:
        raise Refusal(400, "The image is not base64.", param=f"{place}.image_url", code="invalid_base64_image") from error
    if not raw.startswith(_BEGINNINGS):
        raise Refusal(400, "The image is of no kind that can be read.", param=f"{place}.image_url", code="invalid_image_format")


def _file(value: Any, place: str) -> None:
    _fields(optional={"file_data": _STRING, "file_id": _STRING, "file_url": _STRING, "filename": _STRING})(value, place)
    if value.get("file_id"):
        raise Refusal(400, f"There is no file {value['file_id']}.", param=f"{place}.file_id", code="not_found")
    if value.get("file_url"):
        raise Refusal(400, "This server fetches nothing.", param=f"{place}.file_url", code="invalid_value")
    head, _, data = (value.get("file_data") or "").rpartition(",")
    try:
        raw = base64.b64decode(data, validate=True) if head.endswith(";base64") or not head else data.encode()
        readable = raw.startswith(b"%PDF") or "\0" not in raw.decode()
    except ValueError:
        readable = False
    if not readable:
        raise Refusal(400, "The file is neither a PDF nor text.", param=place, code="invalid_value")


_TEXT_PART = _fields({"text": _STRING})
_AUDIO = _fields({"input_audio": _fields({"data": _STRING, "format": _one_of("mp3", "wav")})})
_PART = _tagged(
    {
        "input_text": _TEXT_PART,
        "output_text": _TEXT_PART,
        "refusal": _fields({"refusal": _STRING}),
        "input_image": _image,
        "input_file": _file,
        "input_audio": _AUDIO,
    }
)
_RESULT = _text_or(_many(_PART))
_ROLE = _one_of("user", "assistant", "system", "developer")
_MESSAGE = _fields({"role": _ROLE, "content": _text_or(_many(_PART))})
_REASONING_PARTS = _many(_fields({"text": _STRING}))


def _typeless(value: Any, place: str) -> None:
    if value.get("role") is None and value.get("id") is not None:
        _STRING(value["id"], f"{place}.id")
        return
    _MESSAGE(value, place)


def _function_output(value: Any, place: str) -> None:
    _fields({"output": _RESULT}, {"call_id": _STRING, "name": _STRING})(value, place)
    if not value.get("call_id") and not value.get("name"):
        raise Refusal(400, f"Missing required parameter: '{place}.call_id'.", param=f"{place}.call_id", code="missing_required_parameter")


def _grammar(value: Any, place: str) -> None:
    _fields({"syntax": _one_of("lark", "regex"), "definition": _STRING})(value, place)
    try:
        to_pattern(value["syntax"], value["definition"])
    except GrammarError as error:
        raise Refusal(400, f"The grammar cannot be read: {error}.", param="tools", code="invalid_grammar") from error


def _schema(value: Any, place: str) -> None:
    _OBJECT(value, place)
    try:
        Draft202012Validator.check_schema(value)
    except SchemaError as error:
        raise Refusal(400, f"Invalid schema: {error.message}.", param=place, code="invalid_json_schema") from error


_FUNCTION = _fields({"name": _STRING}, {"description": _STRING, "parameters": _schema, "strict": _BOOLEAN})
_CUSTOM = _fields({"name": _STRING}, {"description": _STRING, "format": _tagged({"grammar": _grammar})})
_MEMBERS = _many(_tagged({"function": _FUNCTION, "custom": _CUSTOM}))
TOOL: Final = _tagged(
    {
        "function": _FUNCTION,
        "custom": _CUSTOM,
        "namespace": _fields({"name": _STRING, "tools": _MEMBERS}, {"description": _STRING}),
        "tool_search": _fields(optional={"execution": _one_of("server", "client"), "description": _STRING, "parameters": _schema}),
        "shell": _fields(optional={"environment": _OBJECT}),
        "mcp": _fields({"server_label": _STRING}),
    }
)
ITEM: Final = _tagged(
    {
        "message": _MESSAGE,
        "function_call": _fields({"call_id": _STRING, "name": _STRING, "arguments": _STRING}),
        "function_call_output": _function_output,
        "custom_tool_call": _fields({"call_id": _STRING, "name": _STRING, "input": _STRING}),
        "custom_tool_call_output": _fields({"call_id": _STRING, "output": _RESULT}),
        "reasoning": _fields(optional={"summary": _REASONING_PARTS, "content": _REASONING_PARTS, "encrypted_content": _STRING}),
        "item_reference": _fields({"id": _STRING}),
        "compaction": _fields({"encrypted_content": _STRING}),
        "configuration_update": _fields(optional={"reasoning": _OBJECT, "text": _OBJECT}),
        "agent_message": _fields({"content": _many(_PART)}),
        "shell_call_output": _fields(optional={"output": _many(_OBJECT)}),
        "additional_tools": _fields({"tools": _many(TOOL)}),
        "tool_search_output": _fields({"tools": _many(TOOL)}),
    },
    _typeless,
)
_INCLUDABLE: Final = (
    "reasoning.encrypted_content",
    "message.output_text.logprobs",
    "message.input_image.image_url",
    "file_search_call.results",
    "web_search_call.results",
    "web_search_call.action.sources",
    "code_interpreter_call.outputs",
    "computer_call_output.output.image_url",
)
_FORMAT = _fields(
    {"type": _one_of("text", "json_object", "json_schema")},
)


def _form(value: Any, place: str) -> None:
    _FORMAT(value, place)
    if value["type"] == "json_schema":
        _fields({"name": _STRING, "schema": _schema})(value, place)


def _choice(value: Any, place: str) -> None:
    if isinstance(value, str):
        _one_of("none", "auto", "required")(value, place)
        return
    named = _fields({"name": _STRING})
    allowed = _fields({"mode": _one_of("auto", "required"), "tools": _many(_OBJECT)})
    _tagged({"function": named, "custom": named, "allowed_tools": allowed})(value, place)


_SUMMARY = _one_of("auto", "concise", "detailed")
_PROMPT: Final[dict[str, Check]] = {
    "model": _STRING,
    "input": _text_or(_many(ITEM)),
    "instructions": _STRING,
    "tools": _many(TOOL),
    "tool_choice": _choice,
    "parallel_tool_calls": _BOOLEAN,
    "text": _fields(optional={"format": _form, "verbosity": _one_of("low", "medium", "high")}),
    "reasoning": _fields(optional={"effort": _one_of("none", "minimal", "low", "medium", "high", "xhigh", "max"), "summary": _SUMMARY}),
    "truncation": _one_of("auto", "disabled"),
    "previous_response_id": _STRING,
    "conversation": _text_or(_fields({"id": _STRING})),
}
CREATE: Final = _fields(
    optional={
        **_PROMPT,
        "stream": _BOOLEAN,
        "stream_options": _OBJECT,
        "max_tool_calls": _number(0, whole=True),
        "max_output_tokens": _number(1, whole=True),
        "temperature": _number(0, 2),
        "top_p": _number(0, 1),
        "top_logprobs": _number(0, 20, whole=True),
        "include": _many(_one_of(*_INCLUDABLE)),
        "metadata": _metadata,
        "store": _BOOLEAN,
        "background": _BOOLEAN,
        "prompt_cache_key": _STRING,
        "safety_identifier": _STRING,
        "user": _STRING,
        "service_tier": _STRING,
    }
)
COUNT: Final = _fields(optional=_PROMPT)
COMPACT: Final = _fields({"model": _STRING}, _PROMPT)
CREATE_CONVERSATION: Final = _fields(optional={"items": _many(ITEM, at_most=20), "metadata": _metadata})
UPDATE_CONVERSATION: Final = _fields({"metadata": _anything}, {"metadata": _metadata})
APPEND_ITEMS: Final = _fields({"items": _many(ITEM, at_most=20)})
