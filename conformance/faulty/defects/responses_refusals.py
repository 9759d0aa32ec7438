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


_refuses(
    "namespaces", "Tools in namespaces are not supported.", _has_tool("namespace"), "responses/wire/agent-tools", "ggml-org/llama.cpp#20156"
)
_refuses(
    "web-search",
    "The tool web_search is not supported.",
    _has_tool("web_search"),
    "responses/wire/agent-tools",
    "lmstudio-ai/lmstudio-bug-tracker#1383",
)
_refuses(
    "image-generation", "The tool image_generation is not supported.", _has_tool("image_generation"), "responses/wire/agent-tools",
    "lmstudio-ai/lmstudio-bug-tracker#1810",
)  # fmt: skip
_refuses(
    "text-without-format", "text.format is required.", _text_without_format, "responses/stream/text-without-format",
    "lmstudio-ai/lmstudio-bug-tracker#1576",
)  # fmt: skip
_refuses(
    "result-parts", "The output of a call must be a text.", _result_in_parts, "responses/json/output-parts", "ggml-org/llama.cpp#23465"
)
_refuses(
    "developer", "The role developer is not known.", lambda body: any(item.get("role") == "developer" for item in _items(body)),
    "responses/json/input/developer-late", "unslothai/unsloth#5122",
)  # fmt: skip
_refuses(
    "late-instructions", "A system message must come first.", _late_system, "responses/json/input/developer-late", "unslothai/unsloth#5122"
)
_refuses(
    "empty-reasoning",
    "A reasoning item must have content.",
    _empty_reasoning,
    "responses/json/input/reasoning-null",
    "vllm-project/vllm#45273",
)
_refuses(
    "references",
    "Items of the type item_reference are not known.",
    _has_item("item_reference"),
    "responses/state/item-reference",
    "vllm-project/vllm#45273",
)
_refuses(
    "typeless-messages", "An item must have a type.", lambda body: any("type" not in item for item in _items(body)),
    "responses/json/input/typeless-messages", "vllm-project/vllm#45273",
)  # fmt: skip
_refuses(
    "earlier-text", "Parts of the type output_text are not input.", _has_part("output_text"),
    "responses/json/input/output-text-replayed", "vllm-project/vllm#45273",
)  # fmt: skip
_refuses(
    "earlier-refusals", "Parts of the type refusal are not input.", _has_part("refusal"),
    "responses/json/input/refusal-replayed", "vllm-project/vllm#45273",
)  # fmt: skip
_refuses(
    "hosted-calls",
    "Calls of hosted tools cannot be replayed.",
    _has_item("web_search_call", "mcp_call"),
    "responses/json/input/hosted-calls-replayed",
)
_refuses(
    "broken-arguments",
    "Failed to parse tool call arguments as JSON.",
    _broken_arguments,
    "responses/json/input/broken-arguments-replayed",
    "ggml-org/llama.cpp#25510",
)
_refuses("nulls", "A field must not be null.", lambda body: None in body.values(), "responses/json/nulls")
_refuses("unknown-fields", "An unknown field was given.", lambda body: "client_metadata" in body, "responses/json/agent-tools")
_refuses("include", "include is not supported.", lambda body: bool(body.get("include")), "responses/json/include-others")
_refuses(
    "compaction",
    "Items of the type compaction are not known.",
    _has_item("compaction"),
    "responses/state/compact",
    "llamastack/llama-stack#5507",
)
