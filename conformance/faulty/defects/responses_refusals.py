"""Requests of real clients that Responses servers refuse. Each defect is a server that answers 400 to what it does not know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from faulty.exchange import Refusal
from faulty.hooks import Defect, add

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from faulty.exchange import Request

Document = dict[str, Any]


def _refuses(name: str, says: str, wrong: Callable[[Document], bool], caught_by: str, source: str | None = None) -> None:
    def apply(body: Any, _request: Request) -> Any:
        if isinstance(body, dict) and wrong(body):
            raise Refusal(400, says, param="input")
        return body

    add(Defect(f"responses/{name}-refused", "responses.request", caught_by, says, source, apply=apply))


def _items(body: Document) -> Iterator[Document]:
    given = body.get("input")
    yield from given if isinstance(given, list) else ()


def _parts(body: Document) -> Iterator[Document]:
    for item in _items(body):
        yield from item["content"] if isinstance(item.get("content"), list) else ()


def _has_tool(*kinds: str) -> Callable[[Document], bool]:
    return lambda body: any(tool.get("type") in kinds for tool in body.get("tools") or ())


def _has_item(*kinds: str) -> Callable[[Document], bool]:
    return lambda body: any(item.get("type") in kinds for item in _items(body))


def _has_part(kind: str) -> Callable[[Document], bool]:
    return lambda body: any(part.get("type") == kind for part in _parts(body))


def _has_role(role: str) -> Callable[[Document], bool]:
    return lambda body: any(item.get("role") == role for item in _items(body))


def _has_no_type(body: Document) -> bool:
    return any("type" not in item for item in _items(body))


def _late_system(body: Document) -> bool:
    return any(item.get("role") in ("system", "developer") for item in list(_items(body))[1:])


def _empty_reasoning(body: Document) -> bool:
    return any(item.get("type") == "reasoning" and not item.get("summary") and not item.get("content") for item in _items(body))


def _text_without_format(body: Document) -> bool:
    return isinstance(body.get("text"), dict) and "format" not in body["text"]


def _result_in_parts(body: Document) -> bool:
    return any(item.get("type") == "function_call_output" and not isinstance(item.get("output"), str) for item in _items(body))


def _broken_arguments(body: Document) -> bool:
    return any(item.get("type") == "function_call" and not str(item.get("arguments")).endswith("}") for item in _items(body))


_LM_STUDIO = "lmstudio-ai/lmstudio-bug-tracker"
_VLLM = "vllm-project/vllm#45273"
_AGENT = "responses/wire/agent-tools"
_DEVELOPER = "responses/answer/developer"

for _name, _says, _wrong, _caught_by, _source in (
    ("namespaces", "Tools in namespaces are not known.", _has_tool("namespace"), "responses/tools/namespace", "ggml-org/llama.cpp#20156"),
    ("web-search", "The tool web_search is not known.", _has_tool("web_search"), "responses/tools/hosted", f"{_LM_STUDIO}#1383"),
    ("image-generation", "The tool image_generation is not known.", _has_tool("image_generation"), _AGENT, f"{_LM_STUDIO}#1810"),
    ("text-without-format", "text.format is missing.", _text_without_format, "responses/answer/text-without-format", f"{_LM_STUDIO}#1576"),
    ("result-parts", "The output of a call is no text.", _result_in_parts, "responses/tools/result-parts", "ggml-org/llama.cpp#23465"),
    ("developer", "The role developer is not known.", _has_role("developer"), _DEVELOPER, "unslothai/unsloth#5122"),
    ("late-instructions", "A system message must come first.", _late_system, _DEVELOPER, "unslothai/unsloth#5122"),
    ("empty-reasoning", "A reasoning item has no content.", _empty_reasoning, "responses/reasoning/summary-null", _VLLM),
    ("references", "The item item_reference is not known.", _has_item("item_reference"), "responses/stored/item-reference", _VLLM),
    ("typeless-messages", "An item has no type.", _has_no_type, "responses/answer/typeless-messages", _VLLM),
    ("earlier-text", "The part output_text is no input.", _has_part("output_text"), "responses/answer/replayed-output", _VLLM),
    ("earlier-refusals", "The part refusal is no input.", _has_part("refusal"), "responses/wire/refusal-history", _VLLM),
    ("hosted-calls", "The item web_search_call is no input.", _has_item("web_search_call"), "responses/wire/hosted-history", _VLLM),
    ("broken-arguments", "Arguments are not JSON.", _broken_arguments, "responses/tools/history-malformed", "ggml-org/llama.cpp#25510"),
    ("nulls", "A field is null.", lambda body: None in body.values(), "responses/answer/nulls", None),
    ("unknown-fields", "client_metadata is not known.", lambda body: "client_metadata" in body, _AGENT, None),
    ("include", "include is not known.", lambda body: bool(body.get("include")), _AGENT, None),
):
    _refuses(_name, _says, _wrong, _caught_by, _source)
