"""A stream and its unstreamed twin have one shape: the same fields with the same kinds of values, wherever the model has no say.

What the model says may differ between two requests, and so may the number and kinds of items. Compared are the fields of the answer itself,
of its counts, and of items, blocks, parts and calls of a kind that both answers have. A field that is null, empty or false is as good as
absent, because a stream need not tell what is not there. What only echoes the request must be equal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from triglot_conformance.contract.paths import MISSING, look_up, show
from triglot_conformance.verdicts import Finding

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

# Whether these are there hangs on the model, on the moment, or on what only one of both forms can carry.
_FREE = {
    "chat": {"usage", "timings", "prompt_progress", "system_fingerprint", "service_tier", "obfuscation", "logprobs", "moderation"}
    | {"metadata", "content", "reasoning_content", "tool_calls", "refusal", "annotations", "audio", "function_call"},
    "responses": {"output", "usage", "error", "incomplete_details", "completed_at", "encrypted_content", "annotations", "logprobs"}
    | {"content", "summary", "prompt_cache_diagnostics"},
    "messages": {"stop_sequence", "stop_details", "diagnostics", "citations", "input", "signature", "input_transformations"},
}
_ECHOES = {
    "chat": ["model"],
    "responses": [
        *("model", "instructions", "tools", "tool_choice", "parallel_tool_calls", "temperature", "top_p", "max_output_tokens"),
        *("text", "truncation", "metadata", "store", "previous_response_id"),
    ],
    "messages": ["model", "role", "type"],
}
# Counts of details, which a server may know of one answer and not of the other.
_COUNTS = {
    "chat": ("prompt_tokens", "completion_tokens", "total_tokens"),
    "responses": ("input_tokens", "input_tokens_details", "output_tokens", "output_tokens_details", "total_tokens"),
    "messages": ("input_tokens", "output_tokens"),
}


def shape_findings(dialect: str, fold: Any, whole: Any, known: Collection[str] | None = None) -> list[Finding]:
    """Compare what a stream folds to with the answer to the same request without streaming.

    Args:
        dialect: `chat`, `responses` or `messages`.
        fold: of the stream.
        whole: body of the twin.
        known: names of fields; others are the server's own, and it may tell them as it likes. None for all.
    """
    if not isinstance(fold, dict) or not isinstance(whole, dict):
        return []
    found: list[Finding] = []
    streamed, unstreamed = dict(_objects(dialect, fold)), dict(_objects(dialect, whole))
    for place in streamed.keys() & unstreamed.keys():
        own = set() if known is None else (streamed[place] | unstreamed[place]).keys() - known
        found += _compare(place, streamed[place], unstreamed[place], _FREE[dialect] | own)
    found += _compare_counts(dialect, fold, whole)
    for name in _ECHOES[dialect]:
        one, other = look_up(fold, name), look_up(whole, name)
        if MISSING not in (one, other) and one != other:
            words = f"$.{name} is {show(one)} in the stream and {show(other)} in the unstreamed answer to the same request"
            found.append(Finding("shape", words, f"shape {name} differs"))
    return sorted(found, key=lambda finding: finding.rule)


def _compare(place: str, one: dict[str, Any], other: dict[str, Any], free: set[str]) -> list[Finding]:
    found = []
    for name in (one | other).keys() - free:
        kinds = [_kind(side.get(name)) for side in (one, other)]
        if kinds[0] == kinds[1] or (None in kinds and _is_empty(one.get(name)) and _is_empty(other.get(name))):
            continue
        words = [kind or ("null" if name in side else "missing") for kind, side in zip(kinds, (one, other), strict=True)]
        message = f"{place}.{name} is {words[0]} in the stream and {words[1]} in the unstreamed answer to the same request"
        found.append(Finding("shape", message, f"shape {place}.{name}"))
    return found


def _compare_counts(dialect: str, fold: Any, whole: Any) -> list[Finding]:
    """Counts are compared where both answers tell any: a stream of chunks tells them only when asked."""
    one, other = look_up(fold, "usage"), look_up(whole, "usage")
    if not isinstance(one, dict) or not isinstance(other, dict):
        return []
    names = _COUNTS[dialect]
    return _compare(
        "$.usage", {name: one[name] for name in names if name in one}, {name: other[name] for name in names if name in other}, set()
    )


def _objects(dialect: str, body: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects that are compared, by their place; of each kind the first."""
    yield "$", {name: value for name, value in body.items() if name != "usage"}
    match dialect:
        case "chat":
            choice = next(iter(_objects_in(body, "choices")), {})
            yield "$.choices[*]", choice
            message = look_up(choice, "message")
            if isinstance(message, dict):
                yield "$.choices[*].message", message
            for call in _objects_in(choice, "message.tool_calls")[:1]:
                yield "$.choices[*].message.tool_calls[*]", call
                function = look_up(call, "function")
                if isinstance(function, dict):
                    yield "$.choices[*].message.tool_calls[*].function", function
        case "responses":
            for item in reversed(_objects_in(body, "output")):
                kind = f"$.output[*].{show(item.get('type'))}"
                yield kind, item
                for part in reversed([*_objects_in(item, "content"), *_objects_in(item, "summary")]):
                    yield f"{kind}.{show(part.get('type'))}", part
        case _:
            for block in reversed(_objects_in(body, "content")):
                yield f"$.content[*].{show(block.get('type'))}", block


def _objects_in(value: Any, path: str) -> list[dict[str, Any]]:
    found = look_up(value, path)
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def _kind(value: Any) -> str | None:
    """The JSON type of a value; None for null."""
    for types, name in ((bool, "true or false"), (int | float, "a number"), (str, "a string"), (list, "an array"), (dict, "an object")):
        if isinstance(value, types):
            return name
    return None


def _is_empty(value: Any) -> bool:
    return value in (None, "", [], {}, False)
