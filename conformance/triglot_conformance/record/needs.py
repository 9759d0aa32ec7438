"""What a server must be able to do for a request to be one for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

Json: TypeAlias = Any

_CALLS: Final = {"function_call", "tool_use", "function_call_output", "tool_result"}
_CUSTOM: Final = {"custom", "custom_tool_call", "custom_tool_call_output"}
_MEDIA: Final = {"image", "image_url", "input_image", "document", "input_file", "file", "input_audio"}
_COMPACTION: Final = {"compaction", "compaction_trigger", "compact_20260112"}
_THOUGHTS: Final = {"reasoning", "thinking", "redacted_thinking"}


def needs_of(dialect: str, route: str, document: Json) -> list[str]:
    """The needs of a request, in the words of `case.schema.json`."""
    body = document if isinstance(document, dict) else {}
    path = route.partition("?")[0]
    kinds = set(_kinds(body))
    found = {
        "models": path.startswith("/v1/models"),
        "count-tokens": path.endswith("count_tokens"),
        "conversations": path.startswith("/v1/conversations") or bool(body.get("conversation")),
        "state": _keeps_state(dialect, path, body, kinds),
        "background": body.get("background") is True,
        "tools": bool(body.get("tools")) or bool(kinds & {*_CALLS, "additional_tools"}),
        "custom-tools": bool(kinds & _CUSTOM) and dialect != "messages",
        "reasoning": bool(kinds & _THOUGHTS),
        "structured-output": _wants_form(body),
        "logprobs": bool(body.get("logprobs") or body.get("top_logprobs")),
        "media": bool(kinds & _MEDIA),
        "compaction": path.endswith("/compact") or bool(kinds & _COMPACTION),
    }
    return [need for need, is_needed in found.items() if is_needed]


def _kinds(value: Json, key: str = "") -> Iterator[str]:
    """The types of everything in a body, but for what stands in schemas and in the data of tools."""
    match value:
        case dict():
            kind = value.get("type")
            if isinstance(kind, str) and key not in ("thinking", "format"):
                yield kind
            for name, item in value.items():
                if name not in ("parameters", "input_schema", "schema", "metadata", "arguments") and not (
                    name == "input" and isinstance(item, dict)
                ):
                    yield from _kinds(item, name)
        case list():
            for item in value:
                yield from _kinds(item, key)
        case _:
            pass


def _keeps_state(dialect: str, path: str, body: dict[str, Json], kinds: set[str]) -> bool:
    if dialect != "responses":
        return False
    return bool(body.get("previous_response_id")) or "item_reference" in kinds or path.startswith("/v1/responses/")


def _wants_form(body: dict[str, Json]) -> bool:
    text, config = body.get("text"), body.get("output_config")
    forms = [body.get("response_format"), body.get("output_format")]
    forms += [part.get("format") for part in (text, config) if isinstance(part, dict)]
    return any(isinstance(form, dict) and form.get("type") not in (None, "text") for form in forms)
