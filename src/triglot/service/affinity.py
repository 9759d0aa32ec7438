"""What requests have in common with earlier ones, so that each goes to the slot that knows the beginning of its prompt already."""

from __future__ import annotations

import hashlib
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from triglot.dialects.messages.content import without_billing_header

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_END: Final = 128
_LONG: Final = 4000
"""Characters of instructions and tools that are worth more than what another conversation has left in a slot: about a thousand tokens."""
_TOOL: Final = 500  # characters: a guess, because it is quicker than a look
_OPENING_ROLES: Final = frozenset({"system", "developer", "user"})


class Affinity(NamedTuple):
    """Two marks of a request, of 64 bits.

    Attributes:
        conversation: the same in all requests of a conversation, retries included, and never 0. An agent and its sub-agents have one each.
        kin: the same in all requests that begin alike: that have the same `prompt_cache_key` or, without one, the same instructions and
            tools, if these are long; else 0.
    """

    conversation: int
    kin: int


def affinity_of(document: Mapping[str, Any], session: str | None = None, root: str | None = None) -> Affinity:
    """The marks of a request, from what it says until the model speaks for the first time.

    Nothing depends on what changes from turn to turn: Claude Code's billing header, `cache_control`, a text that is one block or a string.
    Of a text only its length and its ends count, because this is done for every request.

    Args:
        document: the request's body, in any dialect.
        session: what the client calls its session.
        root: names the conversation where the document holds only its end.
    """
    opening = list(takewhile(_is_opening, _items(document)))
    first_user = next((index for index, item in enumerate(opening) if item["role"] == "user"), len(opening))
    instructions = [*_texts(document.get("system")), *_texts(document.get("instructions"))]
    instructions += [text for item in opening[:first_user] for text in _texts(item.get("content"))]
    tools = list(_tool_names(document.get("tools")))
    prompt = [*map(_sample, instructions), *tools]
    key = _text(document.get("prompt_cache_key"))
    begun = root or _conversation(document.get("conversation"))
    said = [begun] if begun else [_sample(text) for item in opening[first_user:] for text in _texts(item.get("content"))]
    is_long = sum(map(len, instructions)) + _TOOL * len(tools) >= _LONG
    return Affinity(_mark(key, session or "", *prompt, "", *said), _mark(key or "\0".join(prompt)) if key or is_long else 0)


def _items(document: Mapping[str, Any]) -> Iterator[Any]:
    """The conversation, as far as the request holds it."""
    items = document.get("messages", document.get("input"))
    if isinstance(items, str):
        yield {"role": "user", "content": items}
    elif isinstance(items, list):
        yield from items


def _is_opening(item: Any) -> bool:
    role = item.get("role") if isinstance(item, dict) else None
    return isinstance(role, str) and role in _OPENING_ROLES


def _texts(content: Any) -> Iterator[str]:
    """The texts of a message or an instruction, which is one text or consists of parts."""
    for part in content if isinstance(content, list) else (content,):
        text = part.get("text") if isinstance(part, dict) else part
        if isinstance(text, str) and (text := without_billing_header(text)):
            yield text


def _tool_names(tools: Any) -> Iterator[str]:
    for tool in tools if isinstance(tools, list) else ():
        if isinstance(tool, dict):
            function = tool.get("function")
            yield _text((function if isinstance(function, dict) else tool).get("name")) or _text(tool.get("type"))


def _conversation(value: Any) -> str:
    return _text(value.get("id") if isinstance(value, dict) else value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _sample(text: str) -> str:
    return text if len(text) <= 2 * _END else f"{len(text)}\n{text[:_END]}\n{text[-_END:]}"


def _mark(*parts: str) -> int:
    digest = hashlib.blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest) or 1
