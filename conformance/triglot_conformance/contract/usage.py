"""The arithmetic of token counts: which sums and bounds hold in every dialect, whatever the counts are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from triglot_conformance.contract.paths import MISSING, look_up, show
from triglot_conformance.verdicts import Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

# By dialect: the whole = the sum of its parts; a part <= its whole.
_SUMS = {
    "chat": [("total_tokens", ("prompt_tokens", "completion_tokens"))],
    "responses": [("total_tokens", ("input_tokens", "output_tokens"))],
    "messages": [],
}
_PARTS = {
    "chat": [
        ("prompt_tokens_details.cached_tokens", "prompt_tokens"),
        ("prompt_tokens_details.cache_write_tokens", "prompt_tokens"),
        ("prompt_tokens_details.text_tokens", "prompt_tokens"),
        ("prompt_tokens_details.image_tokens", "prompt_tokens"),
        ("prompt_tokens_details.audio_tokens", "prompt_tokens"),
        ("completion_tokens_details.reasoning_tokens", "completion_tokens"),
    ],
    "responses": [
        ("input_tokens_details.cached_tokens", "input_tokens"),
        ("input_tokens_details.cache_write_tokens", "input_tokens"),
        ("output_tokens_details.reasoning_tokens", "output_tokens"),
    ],
    "messages": [("output_tokens_details.thinking_tokens", "output_tokens")],
}
_COUNTS = {
    "chat": ["prompt_tokens", "completion_tokens", "total_tokens"],
    "responses": ["input_tokens", "output_tokens", "total_tokens"],
    "messages": ["input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens"],
}
_PROMPT = {
    "chat": ("prompt_tokens",),
    "responses": ("input_tokens",),
    "messages": ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"),
}
_OUTPUT = {"chat": "completion_tokens", "responses": "output_tokens", "messages": "output_tokens"}


def usage_findings(dialect: str, body: Any) -> list[Finding]:
    """Check the counts of a whole answer, or of what a stream folds to; no counts, no findings.

    Args:
        dialect: `chat`, `responses` or `messages`.
        body: the completion, response or message.
    """
    usage = look_up(body, "usage")
    if not isinstance(usage, dict):
        return []
    found = [*_whole_numbers(dialect, usage), *_sums(dialect, usage), *_parts(dialect, usage)]
    prompt = [number for name in _PROMPT[dialect] if (number := _count(usage, name)) is not None]
    output = _count(usage, _OUTPUT[dialect])
    if _says_something(dialect, body):
        if output == 0:
            found.append(_finding(f"usage.{_OUTPUT[dialect]} is 0 although the answer has content", "output is zero"))
        if prompt and sum(prompt) == 0:
            found.append(_finding(f"{' + '.join(_PROMPT[dialect])} is 0 although there was a prompt", "prompt is zero"))
    return found


def stream_usage_findings(dialect: str, events: Sequence[Any]) -> list[Finding]:
    """Check the counts that a stream tells on its way: those of Messages are cumulative, so they never go down."""
    if dialect != "messages":
        return []
    told, first = None, None
    for number, event in enumerate(events):
        usage = look_up(event, "message.usage" if look_up(event, "type") == "message_start" else "usage")
        output = _count(usage, "output_tokens")
        if output is None:
            continue
        if told is not None and output < told:
            words = f"event {number}: usage.output_tokens is {output}, event {first} said {told} already; the count is cumulative"
            return [Finding("usage", words, "usage output_tokens goes down", event=number)]
        told, first = output, number
    return []


def _whole_numbers(dialect: str, usage: Any) -> list[Finding]:
    names = [*_COUNTS[dialect], *(part for part, _ in _PARTS[dialect])]
    told = [(name, value) for name in names if (value := look_up(usage, name)) is not MISSING and value is not None]
    return [
        _finding(f"usage.{name} is {show(value)}, expected a whole number of at least 0", f"{name} is no count")
        for name, value in told
        if not isinstance(value, int) or isinstance(value, bool) or value < 0
    ]


def _sums(dialect: str, usage: Any) -> list[Finding]:
    found = []
    for whole, parts in _SUMS[dialect]:
        total, counts = _count(usage, whole), [_count(usage, part) for part in parts]
        known = [count for count in counts if count is not None]
        if total is not None and len(known) == len(parts) and total != sum(known):
            words = f"usage.{whole} is {total}, but {' + '.join(parts)} is {' + '.join(map(str, known))} = {sum(known)}"
            found.append(_finding(words, f"{whole} is not the sum"))
    return found


def _parts(dialect: str, usage: Any) -> list[Finding]:
    found = []
    for part, whole in _PARTS[dialect]:
        some, all_of_it = _count(usage, part), _count(usage, whole)
        if some is not None and all_of_it is not None and some > all_of_it:
            words = f"usage.{part} is {some}, more than {whole}, which is {all_of_it} and includes it"
            found.append(_finding(words, f"{part} is more than {whole}"))
    return found


def _says_something(dialect: str, body: Any) -> bool:
    """Whether the model wrote anything at all."""
    match dialect:
        case "chat":
            choices = look_up(body, "choices")
            messages = [look_up(choice, "message") for choice in choices] if isinstance(choices, list) else []
            return any(look_up(message, name) not in (MISSING, None, "", []) for message in messages for name in _WRITTEN)
        case "responses":
            return look_up(body, "output") not in (MISSING, None, [])
        case _:
            return look_up(body, "content") not in (MISSING, None, [])


def _count(usage: Any, path: str) -> int | None:
    value = look_up(usage, path)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _finding(message: str, way: str) -> Finding:
    return Finding("usage", message, f"usage {way}")


_WRITTEN = ("content", "reasoning_content", "tool_calls", "refusal")
