"""Takes out of recorded bodies what is nobody else's business: secrets, facts about a machine, and every sentence.

What stays is what a server reads: structure, field names, enums, names of tools and models, the prefixes of ids, JSON schemas without
their descriptions, numbers. All other text becomes filler of the same length, with the same lines and punctuation. The same word, path or
id becomes the same filler everywhere, so that a result still belongs to its call. What is filler already stays as it is.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from triglot_conformance.record import filler
from triglot_conformance.record.pictures import replace_media

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

Json: TypeAlias = Any

# Strings under these keys are values that a protocol knows, or names of tools and models.
_NAMES: Final = frozenset(
    {
        *("type", "role", "name", "namespace", "model", "status", "phase", "tool_name", "tool_choice", "execution", "syntax", "object"),
        *("media_type", "detail", "effort", "context", "summary", "verbosity", "display", "format", "keep", "ttl", "scope", "strict"),
        *("include", "truncation", "service_tier", "reasoning_effort", "modalities", "encoding", "size", "quality", "background", "mode"),
        *("stop_reason", "finish_reason", "caller", "allowed_callers", "betas", "speed", "search_context_size", "purpose"),
        *("generate_summary", "prompt_cache_retention", "inference_geo", "moderation", "voice", "shell"),
    }
)
_IDS: Final = frozenset(
    {
        *("id", "call_id", "tool_use_id", "tool_call_id", "previous_response_id", "response_id", "item_id", "message_id", "conversation"),
        *("conversation_id", "container", "container_id", "file_id", "approval_request_id", "prompt_cache_key", "thread_id", "session_id"),
        *("turn_id", "agent_id", "request_id", "parent_id"),
    }
)
_SEALS: Final = frozenset({"signature", "encrypted_content", "thought_signature", "redacted_data", "encrypted_index"})
_SCHEMAS: Final = frozenset({"parameters", "input_schema", "output_schema", "schema"})
# What lies below these keys is the user's, whatever its own keys are called.
_FREE: Final = frozenset({"metadata", "client_metadata", "arguments", "headers", "user_location", "variables", "input_examples"})
_FREE_TAIL: Final = "_passthrough"

_SCHEMA_MAPS: Final = frozenset({"properties", "$defs", "definitions", "patternProperties", "dependentSchemas"})
_SCHEMA_WORDS: Final = frozenset({"type", "format", "$anchor", "pattern", "contentEncoding", "contentMediaType", "required"})
_OWN_REFERENCE: Final = re.compile(r"#|https?://json-schema\.org/")
_SCHEMA_VALUES: Final = frozenset({"enum", "const", "default"})

_NAME: Final = re.compile(r"[\w$:/.#+*-]{1,80}", re.ASCII)
_KEY: Final = re.compile(r"[A-Za-z_$@-][\w$.:/@-]{0,79}", re.ASCII)
_UUID: Final = r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"
_PRIVATE: Final = re.compile(  # no name of a protocol looks like this
    _UUID + r"|\b(?=[A-Za-z]*[0-9])(?=[0-9]*[A-Za-z])[A-Za-z0-9]{24,}|\bsk-|\beyJ|\bgh[pousr]_|\bAKIA|\bhf_|\bxox"
    r"|/home/|/Users/|/root|\w@\w|^[/~.]|^[0-9]{1,3}(?:\.[0-9]{1,3}){3}"
)
_PREFIX: Final = (
    r"(?:call|toolu|srvtoolu|mcptoolu|msg|resp|rs|fc|fco|ctc|ctco|tsc|tsco|ws|cmp|cu|ci|ig|lsh|mcp|mcpr|conv|chatcmpl|cmpl|req|item|file"
    r"|run|asst)[_-]"
)
_ID: Final = re.compile(
    rf"(?P<prefix>(?!{_UUID})(?:{_PREFIX}|(?:session|thread|user|agent|container|batch|message)_)?)(?P<rest>\S*)", re.ASCII
)
_PROSE: Final = re.compile(
    r"(?P<escape>\\(?:u[0-9a-fA-F]{4}|.))"
    rf"|(?P<id>{_UUID}|\b{_PREFIX}(?=[A-Za-z0-9]*[0-9])[A-Za-z0-9]{{6,}})"
    r"|(?P<zeros>\b(?=[A-Za-z]*[0-9])(?=[0-9]*[A-Za-z])[A-Za-z0-9]{16,})"  # where its digits are would tell which it is
    r"|(?P<scheme>\b(?:https?|wss?|file)://)"
    r"|(?P<braces>\{\{(?=[^{}]+\}\}))"
    r"|(?P<word>[A-Za-z]+)|(?P<digits>[0-9]+)|(?P<letter>[^\W\d_])",
    re.DOTALL,
)
_BILLING: Final = re.compile(r"x-anthropic-billing-header: (?:[a-z_]+=[^;\s]*;? ?)+")
_BILLING_VALUE: Final = re.compile(r"(?<!cc_entrypoint)=(?!(?:true|false);)[^;\s]*")
_SECRET: Final = re.compile(  # of a machine, in a text that stays
    rf"{_UUID}|\b{_PREFIX}(?=[A-Za-z0-9]*[0-9])[A-Za-z0-9]{{6,}}|\{{\{{(?=[^{{}}]+\}}\}})|\b(?:sk|pk|rk)-[\w-]{{8,}}|\beyJ[\w-]+(?:\.[\w-]+)*"
    r"|\bgh[pousr]_\w+|\bgithub_pat_\w+|\bAKIA\w+|\bAIza[\w-]+|\bhf_\w+|\bxox[abp]-[\w-]+|(?<=Bearer )\S+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|(?:/home/|/Users/|[A-Z]:\\+Users\\+)[^\s\"']+|\b(?=[A-Za-z]*[0-9])(?=[0-9]*[A-Za-z])[A-Za-z0-9]{24,}|\b[0-9]{1,3}(?:\.[0-9]{1,3}){3}\b"
)
_DATA_URL: Final = re.compile(r"data:(?P<type>[\w.+-]+/[\w.+-]+);base64,(?P<data>.*)", re.DOTALL)
_PLAIN_QUERY: Final = re.compile(r"=|beta=true|stream=\w+|order=\w+|limit=[0-9]+|include(?:\[\]|%5B%5D)?=[a-z_.]+")
_COMMENT: Final = re.compile(r"(?<=//)[^\n]*")
_LARGEST_PLAIN: Final = 1_000_000_000  # a larger number is a time or an id


class Redaction:
    """The redaction of one session: what is the same in the original is the same in the result.

    Args:
        facts: words that must not stay even in a name, such as those of the user and the machine.
        kept: strings that stay as they are, wherever they stand alone.
        longest: a text of more characters is cut to so many; None for no limit.
        keeps_prose: sentences stay, for prompts of one's own; ids, secrets and facts about the machine go all the same.

    Attributes:
        was_cut: whether a text was.
        blank_media: types of media for which there is no file to put in their place: their data are zeros.
    """

    def __init__(
        self, facts: Collection[str] = (), kept: Collection[str] = (), longest: int | None = None, *, keeps_prose: bool = False
    ) -> None:
        self._facts = tuple(fact.lower() for fact in facts if len(fact) > 2)  # noqa: PLR2004
        self._kept = frozenset(kept)
        self._longest = longest
        self._keeps_prose = keeps_prose
        self._ids: dict[str, str] = {}
        self._taken: dict[str, str] = {}
        self.was_cut = False
        self.blank_media: set[str] = set()

    def body(self, value: Json, key: str = "") -> Json:
        """A body of a protocol, or a part of one that stands under `key`."""
        match value:
            case dict() | list() if key in _FREE or key.endswith(_FREE_TAIL) or (key == "input" and isinstance(value, dict)):
                return self.free(value)
            case dict() if key in _SCHEMAS:
                return self.schema(value)
            case dict():
                return {self._key(name): self._member(value, name) for name in value}
            case list():
                return [self.body(item, key if isinstance(item, str) else "") for item in value]
            case str():
                return self._string(value, key)
            case _:
                return value

    def schema(self, value: Json, key: str = "") -> Json:
        """A JSON schema: keywords and names of properties stay, its texts do not."""
        match value:
            case dict() if key in _SCHEMA_MAPS:
                return {self._key(name): self.schema(item) for name, item in value.items()}
            case dict():
                return {self._key(name): self.schema(item, name) for name, item in value.items()}
            case list():
                return [self.schema(item, key) for item in value]
            case str() if self._is_schema_word(value, key):
                return value
            case str():
                return self.text(value)
            case _:
                return value

    def free(self, value: Json, key: str = "") -> Json:
        """Somebody's own data: of strings nothing stays but their shape."""
        match value:
            case dict():
                return {self._key(name): self.free(item, name) for name, item in value.items()}
            case list():
                return [self.free(item, key) for item in value]
            case str() if key in _IDS and not re.search(r"\s", value):
                return self.identifier(value)
            case str():
                return self._written_json(value) or self.text(value)
            case int() | float() if not isinstance(value, bool) and _LARGEST_PLAIN <= abs(value) < math.inf:
                return 10 ** (len(str(int(abs(value)))) - 1)
            case _:
                return value

    def text(self, text: str) -> str:
        """Prose: each word becomes filler, each digit a zero; lines, blanks, punctuation and ids' prefixes stay."""
        if text in self._kept:
            return text
        found = _BILLING.match(text)
        if self._longest is not None and len(text) > self._longest and not found:
            self.was_cut = True
            text = text[: self._longest]
        if found:  # servers read this line of Claude Code's
            return _BILLING_VALUE.sub(lambda value: re.sub("[A-Za-z0-9]", "0", value[0]), found[0]) + self._prose(text[found.end() :])
        return self._prose(text)

    def identifier(self, text: str) -> str:
        """An id: its prefix stays."""
        if text in self._kept:
            return text
        if text not in self._ids:
            found = _ID.fullmatch(text)
            prefix, rest = (found["prefix"], found["rest"]) if found else ("", text)
            rest = re.sub(r"[^\W\d_]", lambda letter: letter[0] if letter[0].isascii() else filler.letter(letter[0]), rest)
            nonce = 0
            made = prefix + filler.token(rest)
            while self._taken.get(made, text) != text and nonce < 10 ** min(4, len(rest)):
                nonce += 1
                made = prefix + filler.token(rest, nonce)
            self._taken[made] = text
            self._ids[text] = made
        return self._ids[text]

    def route(self, route: str, given: Mapping[str, str] | None = None) -> str:
        """A path with its query: ids are replaced, those in `given` by what stands there."""
        path, mark, query = route.partition("?")
        if path.startswith("/v1/models/"):  # names, not ids
            return route
        parts = [(given or {}).get(part) or (self.identifier(part) if _is_id(part) else part) for part in path.split("/")]
        pairs = [pair.partition("=") for pair in query.split("&")]
        values = [
            name + sign + (value if _PLAIN_QUERY.fullmatch(f"{name}={value}") else self.identifier(value)) for name, sign, value in pairs
        ]
        return "/".join(parts) + mark + "&".join(values)

    def _member(self, holder: dict[str, Json], name: str) -> Json:
        """What stands under a key, where it depends on what stands beside it."""
        value = holder[name]
        match holder, name:
            case {"type": "base64", "media_type": str(kind)}, "data" if isinstance(value, str):
                return self._media(value, kind)
            case {"type": "redacted_thinking"}, "data" if isinstance(value, str):
                return self._seal(value)
            case {"format": str(kind)}, "data" if isinstance(value, str):
                return self._media(value, f"audio/{kind}")
            case {"role": "user" | "assistant" | "system" | "developer"}, "name" if isinstance(value, str):
                return self.text(value)
            case _:
                return self.body(value, name)

    def _string(self, value: str, key: str) -> str:
        if value in self._kept or (key in _NAMES and self._is_name(value)):
            return value
        if key in _IDS and not re.search(r"\s", value):
            return self.identifier(value)
        if key in _SEALS:
            return self._seal(value)
        if key == "definition":  # a grammar, which has to stay one
            return _COMMENT.sub(lambda comment: self._prose(comment[0]), value)
        found = _DATA_URL.fullmatch(value)
        if found:
            return f"data:{found['type']};base64,{self._media(found['data'], found['type'])}"
        return self._written_json(value, always=key == "arguments") or self.text(value)

    def _prose(self, text: str) -> str:
        if not self._keeps_prose:
            return _PROSE.sub(self._replace, text)
        for fact in self._facts:
            text = re.sub(re.escape(fact), lambda found: _PROSE.sub(self._replace, found[0]), text, flags=re.IGNORECASE)
        return _SECRET.sub(lambda found: _PROSE.sub(self._replace, found[0]), text)

    def _replace(self, found: re.Match[str]) -> str:
        kinds: dict[str, Callable[[str], str]] = {
            "id": self.identifier,
            "braces": lambda _: "{(",  # two would be a placeholder
            "zeros": lambda token: "0" * len(token),
            "word": filler.word,
            "digits": filler.digits,
            "letter": filler.letter,
        }
        return kinds.get(found.lastgroup or "", str)(found[0])

    def _written_json(self, text: str, *, always: bool = False) -> str | None:
        """A text that is JSON, written as it was; None for another. `always`: written as usual where its own way is not known."""
        if text[:1] not in ("{", "["):
            return None
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            return None
        styles: list[dict[str, Any]] = [
            {"ensure_ascii": ensure_ascii, **style}
            for ensure_ascii in (False, True)
            for style in ({"separators": (",", ":")}, {}, {"indent": 2}, {"indent": 4}, {"indent": 1})
        ]
        style = next((style for style in styles if json.dumps(document, **style) == text), styles[0] if always else None)
        return None if style is None else json.dumps(self.free(document), **style)

    def _media(self, data: str, kind: str) -> str:
        made = replace_media(data, kind)
        if made is None:
            self.blank_media.add(kind)
            return self._seal(data)
        return made

    def _seal(self, value: str) -> str:
        return value if value in self._kept else re.sub("[A-Za-z0-9+/_-]", "0", value)

    def _key(self, name: str) -> str:
        return name if _KEY.fullmatch(name) and not self._is_private(name) else self._prose(name)

    def _is_schema_word(self, value: str, key: str) -> bool:
        if key in ("$schema", "$ref"):
            return bool(_OWN_REFERENCE.match(value))
        return key in _SCHEMA_WORDS or (key in _SCHEMA_VALUES and self._is_name(value))

    def _is_name(self, value: str) -> bool:
        return bool(_NAME.fullmatch(value)) and not self._is_private(value)

    def _is_private(self, value: str) -> bool:
        low = value.lower()
        return bool(_PRIVATE.search(value)) or any(fact in low for fact in self._facts)


def _is_id(text: str) -> bool:
    """Whether a part of a path is one: words of an API have no digits in them but for a version, and neither has a number a letter."""
    return bool(re.search(r"[0-9]", text)) and bool(re.search(r"[A-Za-z]", text)) and not re.fullmatch(r"v[0-9]+\w*", text)
