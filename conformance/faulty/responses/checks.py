"""What a request may hold. Source: specs/responses/schemas/request.yaml and input_items.yaml."""

from __future__ import annotations

import base64
import binascii
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from faulty.exchange import Refusal
from faulty.responses.checking import BOOLEAN, OBJECT, STRING, Check, anything, fields, many, number, one_of, tagged, text_or
from faulty.responses.grammar import GrammarError, to_pattern


def _metadata(value: Any, place: str) -> None:
    OBJECT(value, place)
    for name, entry in value.items():
        STRING(entry, f"{place}.{name}")


_BEGINNINGS: Final = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"RIFF")


def _image(value: Any, place: str) -> None:
    fields(optional={"image_url": STRING, "file_id": STRING, "detail": one_of("low", "high", "auto", "original")})(value, place)
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
    fields(optional={"file_data": STRING, "file_id": STRING, "file_url": STRING, "filename": STRING})(value, place)
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


_TEXT_PART = fields({"text": STRING})
_AUDIO = fields({"input_audio": fields({"data": STRING, "format": one_of("mp3", "wav")})})
_PART = tagged(
    {
        "input_text": _TEXT_PART,
        "output_text": _TEXT_PART,
        "refusal": fields({"refusal": STRING}),
        "input_image": _image,
        "input_file": _file,
        "input_audio": _AUDIO,
    }
)
_RESULT = text_or(many(_PART))
_ROLE = one_of("user", "assistant", "system", "developer")
_MESSAGE = fields({"role": _ROLE, "content": text_or(many(_PART))})
_REASONING_PARTS = many(fields({"text": STRING}))


def _typeless(value: Any, place: str) -> None:
    if value.get("role") is None and value.get("id") is not None:
        STRING(value["id"], f"{place}.id")
        return
    _MESSAGE(value, place)


def _function_output(value: Any, place: str) -> None:
    fields({"output": _RESULT}, {"call_id": STRING, "name": STRING})(value, place)
    if not value.get("call_id") and not value.get("name"):
        raise Refusal(400, f"Missing required parameter: '{place}.call_id'.", param=f"{place}.call_id", code="missing_required_parameter")


def _grammar(value: Any, place: str) -> None:
    fields({"syntax": one_of("lark", "regex"), "definition": STRING})(value, place)
    try:
        to_pattern(value["syntax"], value["definition"])
    except GrammarError as error:
        raise Refusal(400, f"The grammar cannot be read: {error}.", param="tools", code="invalid_grammar") from error


def _schema(value: Any, place: str) -> None:
    OBJECT(value, place)
    try:
        Draft202012Validator.check_schema(value)
    except SchemaError as error:
        raise Refusal(400, f"Invalid schema: {error.message}.", param=place, code="invalid_json_schema") from error


_FUNCTION = fields({"name": STRING}, {"description": STRING, "parameters": _schema, "strict": BOOLEAN})
_CUSTOM = fields({"name": STRING}, {"description": STRING, "format": tagged({"grammar": _grammar})})
_MEMBERS = many(tagged({"function": _FUNCTION, "custom": _CUSTOM}))
TOOL: Final = tagged(
    {
        "function": _FUNCTION,
        "custom": _CUSTOM,
        "namespace": fields({"name": STRING, "tools": _MEMBERS}, {"description": STRING}),
        "tool_search": fields(optional={"execution": one_of("server", "client"), "description": STRING, "parameters": _schema}),
        "shell": fields(optional={"environment": OBJECT}),
        "mcp": fields({"server_label": STRING}),
    }
)
ITEM: Final = tagged(
    {
        "message": _MESSAGE,
        "function_call": fields({"call_id": STRING, "name": STRING, "arguments": STRING}),
        "function_call_output": _function_output,
        "custom_tool_call": fields({"call_id": STRING, "name": STRING, "input": STRING}),
        "custom_tool_call_output": fields({"call_id": STRING, "output": _RESULT}),
        "reasoning": fields(optional={"summary": _REASONING_PARTS, "content": _REASONING_PARTS, "encrypted_content": STRING}),
        "item_reference": fields({"id": STRING}),
        "compaction": fields({"encrypted_content": STRING}),
        "configuration_update": fields(optional={"reasoning": OBJECT, "text": OBJECT}),
        "agent_message": fields({"content": many(_PART)}),
        "shell_call_output": fields(optional={"output": many(OBJECT)}),
        "additional_tools": fields({"tools": many(TOOL)}),
        "tool_search_output": fields({"tools": many(TOOL)}),
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
_FORMAT = fields(
    {"type": one_of("text", "json_object", "json_schema")},
)


def _form(value: Any, place: str) -> None:
    _FORMAT(value, place)
    if value["type"] == "json_schema":
        fields({"name": STRING, "schema": _schema})(value, place)


def _choice(value: Any, place: str) -> None:
    if isinstance(value, str):
        one_of("none", "auto", "required")(value, place)
        return
    named = fields({"name": STRING})
    allowed = fields({"mode": one_of("auto", "required"), "tools": many(OBJECT)})
    tagged({"function": named, "custom": named, "allowed_tools": allowed})(value, place)


_SUMMARY = one_of("auto", "concise", "detailed")
_PROMPT: Final[dict[str, Check]] = {
    "model": STRING,
    "input": text_or(many(ITEM)),
    "instructions": STRING,
    "tools": many(TOOL),
    "tool_choice": _choice,
    "parallel_tool_calls": BOOLEAN,
    "text": fields(optional={"format": _form, "verbosity": one_of("low", "medium", "high")}),
    "reasoning": fields(optional={"effort": one_of("none", "minimal", "low", "medium", "high", "xhigh", "max"), "summary": _SUMMARY}),
    "truncation": one_of("auto", "disabled"),
    "previous_response_id": STRING,
    "conversation": text_or(fields({"id": STRING})),
}
CREATE: Final = fields(
    optional={
        **_PROMPT,
        "stream": BOOLEAN,
        "stream_options": OBJECT,
        "max_tool_calls": number(0, whole=True),
        "max_output_tokens": number(1, whole=True),
        "temperature": number(0, 2),
        "top_p": number(0, 1),
        "top_logprobs": number(0, 20, whole=True),
        "include": many(one_of(*_INCLUDABLE)),
        "metadata": _metadata,
        "store": BOOLEAN,
        "background": BOOLEAN,
        "prompt_cache_key": STRING,
        "safety_identifier": STRING,
        "user": STRING,
        "service_tier": STRING,
    }
)
COUNT: Final = fields(optional=_PROMPT)
COMPACT: Final = fields({"model": STRING}, _PROMPT)
CREATE_CONVERSATION: Final = fields(optional={"items": many(ITEM, at_most=20), "metadata": _metadata})
UPDATE_CONVERSATION: Final = fields({"metadata": anything}, {"metadata": _metadata})
APPEND_ITEMS: Final = fields({"items": many(ITEM, at_most=20)})
