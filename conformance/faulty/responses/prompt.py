"""What the model is asked: the items of a request as turns. Source: specs/responses/schemas/input_items.yaml."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from faulty.exchange import Refusal
from faulty.model import Prompt, Turn
from faulty.responses.items import text_of
from faulty.responses.tools import Offered, offer_tools

if TYPE_CHECKING:
    from collections.abc import Iterator

    from faulty.responses.seals import Seals

Document = dict[str, Any]

_COMPACTION = "compaction"


def make_prompt(body: Document, items: list[Document], seals: Seals, *, context: int) -> tuple[Prompt, Offered]:
    """The prompt of a request, and the tools in it.

    Args:
        body: the request.
        items: all that the model reads, stored items in their places.
        seals: opens summaries.
        context: tokens that a prompt may have.

    Raises:
        Refusal: there is nothing to answer, it is too long, or a choice or a summary cannot be used.
    """
    joined = [tool for item in items if item["type"] in ("additional_tools", "tool_search_output") for tool in item["tools"]]
    offered = offer_tools([*(body.get("tools") or []), *joined], body.get("tool_choice"))
    turns = [turn for item in items for turn in _turns(item, seals)]
    if not turns:
        raise Refusal(400, "There is nothing in the input that a model could answer.", param="input")
    instructions = [Turn("system", body["instructions"])] if body.get("instructions") else []
    effort, form = _settings(body, items)
    prompt = Prompt(
        turns=(*instructions, *turns),
        tools=tuple(offer.tool for offer in offered.offers),
        choice=offered.choice,
        parallel=body.get("parallel_tool_calls") is not False,
        schema=_schema(form),
        reasons=effort != "none",
        max_tokens=body.get("max_output_tokens"),
    )
    return _fit(prompt, context, drops=body.get("truncation") == "auto"), offered


def summarise(items: list[Document], seals: Seals) -> str:
    """What was said, in short enough words for a model that reads nothing else of it."""
    return "\n".join(turn.text for item in items for turn in _turns(item, seals) if turn.role in ("user", "system"))


def seal_summary(text: str, seals: Seals) -> str:
    """The content of a compaction item."""
    return seals.close(_COMPACTION, text)


def _turns(item: Document, seals: Seals) -> Iterator[Turn]:
    match item:
        case {"type": "message", "role": role, "content": content}:
            yield Turn({"user": "user", "assistant": "assistant"}.get(role, "system"), text_of(content))  # type: ignore[arg-type]
        case {"type": "agent_message", "content": content}:
            yield Turn("user", text_of(content))
        case {"type": "function_call", "name": name, "arguments": text} | {"type": "custom_tool_call", "name": name, "input": text}:
            yield Turn("assistant", f"{name} {text}")
        case {"type": "function_call_output" | "custom_tool_call_output", "output": output}:
            yield Turn("tool", text_of(output))
        case {"type": "shell_call_output", "output": list(output)}:
            yield Turn("tool", "\n".join(str(one.get("stdout", "")) for one in output))
        case {"type": "local_shell_call_output" | "apply_patch_call_output", **rest}:
            yield Turn("tool", str(rest.get("output") or rest.get("status") or ""))
        case {"type": "tool_search_output"}:
            yield Turn("tool", "The tools were found.")
        case {"type": "compaction", "encrypted_content": sealed}:
            summary = seals.open(_COMPACTION, sealed)
            if summary is None:
                raise Refusal(400, "A compaction item in the input was not made by this server.", param="input")
            yield Turn("system", summary)
        case _:
            pass


def _settings(body: Document, items: list[Document]) -> tuple[str | None, Document]:
    """The effort and the format that hold at the end of the input."""
    effort, form = (body.get("reasoning") or {}).get("effort"), (body.get("text") or {}).get("format") or {}
    for item in items:
        if item["type"] == "configuration_update":
            effort = (item.get("reasoning") or {}).get("effort", effort)
            form = (item.get("text") or {}).get("format", form) or {}
    return effort, form


def _schema(form: Document) -> Document | None:
    match form.get("type"):
        case "json_schema":
            schema: Document = form["schema"]
            return schema
        case "json_object":
            return {}
        case _:
            return None


def _fit(prompt: Prompt, context: int, *, drops: bool) -> Prompt:
    length = len(prompt.tokens())
    while drops and length > context and len(prompt.turns) > 1:
        oldest = next((number for number, turn in enumerate(prompt.turns[:-1]) if turn.role != "system"), None)
        if oldest is None:
            break
        prompt = Prompt(**{**vars(prompt), "turns": prompt.turns[:oldest] + prompt.turns[oldest + 1 :]})
        length = len(prompt.tokens())
    if length > context:
        message = f"Your input exceeds the context window of this model: {length} tokens of at most {context}."
        raise Refusal(400, message, param="input", code="context_length_exceeded")
    return prompt
