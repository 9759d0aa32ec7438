"""Takes the prose out of recorded requests: names and structure stay, every sentence becomes filler of the same length.

What stays is what a gateway reads: keys, types, names of tools and models, ids in the shape of ids, enum values, numbers. Everything else
is somebody's text, a fact about a machine or an id of a session, and goes.
"""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .tap import Exchange

RECORDED: Final = Path(__file__).parent / "recorded"

# Strings under these keys are names of the protocol or of tools.
KEPT_KEYS: Final = frozenset(
    {
        *("type", "role", "name", "namespace", "model", "status", "phase", "tool_name", "tool_choice", "execution", "syntax"),
        *("media_type", "detail", "effort", "context", "summary", "verbosity", "display", "$schema", "format", "keep", "ttl", "scope"),
    }
)
# Lists of strings under these keys are names of parameters and their values.
KEPT_LISTS: Final = frozenset({"required", "enum", "type", "allowed_domains", "blocked_domains", "include", "search_content_types"})
KEPT_HEADERS: Final = frozenset(
    {"accept", "anthropic-beta", "anthropic-version", "content-encoding", "content-type", "openai-beta", "x-app", "x-codex-beta-features"}
)
ID_KEYS: Final = frozenset({"id", "call_id", "tool_use_id", "tool_call_id"})
# All strings below these keys belong to a machine, a session or a request.
SESSION_KEYS: Final = frozenset({"client_metadata"})

_NAME: Final = re.compile(r"[\w$:/.#+-]{1,80}")
LATIN: Final = "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore et dolore magna aliqua "


class Filler:
    """Replaces the prose of one recording; the same id gets the same new id everywhere in it."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}

    def replace(self, value: Any, key: str = "") -> Any:
        """The value with every text in it replaced; `key` is the one it stands under."""
        match value:
            case dict() if key in SESSION_KEYS:
                return {name: _hide(item) for name, item in value.items()}
            case dict():
                return {name: self.replace(item, name) for name, item in value.items()}
            case list() if key in KEPT_LISTS:
                return [item if not isinstance(item, str) or _NAME.fullmatch(item) else fill(item) for item in value]
            case list():
                return [self.replace(item, key) for item in value]
            case str():
                return self._replace_text(value, key)
            case _:
                return value

    def _replace_text(self, text: str, key: str) -> str:
        if key in KEPT_KEYS and _NAME.fullmatch(text):
            return text
        if key in ID_KEYS:
            kind, _, rest = text.partition("_")
            return self._ids.setdefault(text, f"{kind}_{len(self._ids):0{len(rest)}d}")
        if key == "arguments":
            return json.dumps(self.replace(json.loads(text)))
        if text.startswith("x-anthropic-billing-header: "):
            return re.sub(r"(?<=cc_version=)[^;]*|(?<=cch=)[^;]*", _zeros, text)
        return REPLACEMENTS.get(key, fill)(text)


def fill(text: str) -> str:
    """Filler of the same length, broken into lines where the text is."""
    letters = itertools.cycle(LATIN)
    return "".join(letter if letter == "\n" else next(letters) for letter in text)


def _zeros(found: re.Match[str]) -> str:
    return _hide(found[0])


def _hide(text: str) -> str:
    return re.sub(r"\w", "0", text)


def _fill_user(text: str) -> str:
    """Claude Code's user id: a JSON object with ids of the machine, the account and the session."""
    return json.dumps({name: _hide(item) for name, item in json.loads(text).items()}, separators=(",", ":"))


REPLACEMENTS: Final[dict[str, Callable[[str], str]]] = {
    "data": lambda text: text if len(text) < 200 else fill(text),  # the one pixel of our test, or somebody's picture
    "image_url": lambda text: text if len(text) < 200 else fill(text),
    "definition": lambda text: text,  # a grammar
    "signature": lambda text: "0" * len(text),
    "encrypted_content": lambda text: "0" * len(text),
    "prompt_cache_key": _hide,
    "user_id": _fill_user,
}


def record_headers(headers: dict[str, str]) -> dict[str, str]:
    """The headers that are part of the protocol, and the names of the others."""
    return {name: value if name in KEPT_HEADERS else "" for name, value in sorted(headers.items())}


def write_recordings(exchanges: Sequence[Exchange], names: Mapping[int, str], client: str) -> None:
    """Write requests without their prose to recorded/CLIENT: that of each number, counted from 1, under its name."""
    folder = RECORDED / client
    folder.mkdir(parents=True, exist_ok=True)
    filler = Filler()
    for number, exchange in enumerate(exchanges, 1):
        body = filler.replace(exchange.document)
        if number in names:
            document = {"method": exchange.method, "path": exchange.path, "headers": record_headers(exchange.headers), "body": body}
            text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
            (folder / f"{names[number]}.json").write_text(text, encoding="utf-8")
