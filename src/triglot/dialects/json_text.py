"""One string member of a JSON object, read while its text comes in.

A free-form tool is offered to the model as a function with one text parameter. What the model writes is JSON, in fragments cut anywhere;
what the client wants is the text, as it grows.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Generator

_SPACE: Final = " \t\n\r"
_MARK: Final = re.compile(r'["\\]')
_ESCAPE: Final = re.compile(r'\\(?:u([0-9a-fA-F]{4})|(["\\/bfnrt]))')
_BEGUN_ESCAPE: Final = re.compile(r"\\(?:u[0-9a-fA-F]{0,3})?")
_LOW_SURROGATE: Final = re.compile(r"\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_PLAIN: Final = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_LOST: Final = "\N{REPLACEMENT CHARACTER}"


class StringMember:
    """Gives the decoded value of a string member as the text of its object comes in.

    Text that turns out not to be an object with such a member is given as it is. Within the value the reader forgives what models get
    wrong, bare line breaks and unknown escapes; halves of surrogate pairs become U+FFFD; what follows the value is not looked at. Of
    several members of that name the first counts.

    Args:
        name: of the member.
    """

    __slots__ = ("_held", "_is_open", "_search", "is_raw")

    def __init__(self, name: str) -> None:
        self._search: Generator[None, str, bool] | None = _search(name)
        next(self._search)
        self._held = ""  # text that cannot be decoded yet
        self._is_open = False  # within the value
        self.is_raw = False

    def feed(self, text: str) -> str:
        """Return what `text` adds to the value, possibly nothing."""
        if self._is_open:
            if not self._held and '"' not in text and "\\" not in text:
                return text
            return self._decode(self._held + text)
        if self._search is not None:
            return self._look_in(text, self._search)
        return text if self.is_raw else ""

    def end(self) -> str:
        """Return what is still to be added, once the text has ended."""
        held, self._held = self._held, ""
        if self._search is not None:
            self._search = None
            self.is_raw = True
            return held
        return _decode_rest(held)

    def _look_in(self, text: str, search: Generator[None, str, bool]) -> str:
        for place, letter in enumerate(text, 1):
            try:
                search.send(letter)
            except StopIteration as found:
                self._search = None
                if not found.value:
                    self.is_raw = True
                    held, self._held = self._held, ""
                    return held + text
                self._held = ""
                self._is_open = True
                return self.feed(text[place:])
        self._held += text
        return ""

    def _decode(self, text: str) -> str:
        """Decode up to the end of the value, or as far as it goes; hold the rest."""
        self._held = ""
        pieces: list[str] = []
        start = 0
        while mark := _MARK.search(text, start):
            place = mark.start()
            pieces.append(text[start:place])
            if mark[0] == '"':
                self._is_open = False
                return "".join(pieces)
            letters, start = _decode_escape(text, place)
            if letters is None:
                self._held = text[place:]
                return "".join(pieces)
            pieces.append(letters)
        pieces.append(text[start:])
        return "".join(pieces)


def _decode_escape(text: str, place: int) -> tuple[str | None, int]:
    """The characters that the escape at `place` stands for, and where it ends; None if that depends on text still to come."""
    escape = _ESCAPE.match(text, place)
    if escape is None:
        return (None, place) if _BEGUN_ESCAPE.fullmatch(text, place) else ("\\", place + 1)
    if escape[2]:
        return _PLAIN[escape[2]], escape.end()
    code = int(escape[1], 16)
    if not 0xD800 <= code <= 0xDFFF:  # noqa: PLR2004 - the surrogates
        return chr(code), escape.end()
    if code >= 0xDC00:  # noqa: PLR2004 - a second half without its first
        return _LOST, escape.end()
    low = _LOW_SURROGATE.match(text, escape.end())
    if low is not None:
        return chr(0x10000 + ((code - 0xD800) << 10) + int(low[1], 16) - 0xDC00), low.end()
    is_cut = escape.end() == len(text) or _BEGUN_ESCAPE.fullmatch(text, escape.end())
    return (None, place) if is_cut else (_LOST, escape.end())


def _decode_rest(held: str) -> str:
    """What an escape amounts to that never became whole."""
    escape = _ESCAPE.match(held)
    return held if escape is None else _LOST + held[escape.end() :]


# The search for the value: takes the text letter by letter, up to the opening quote, and returns whether there is one.


def _search(name: str) -> Generator[None, str, bool]:
    if (yield from _token()) != "{":
        return False
    while True:
        if (yield from _token()) != '"':
            return False
        key = yield from _key()
        if (yield from _token()) != ":":
            return False
        letter = yield from _token()
        if key == name:
            return letter == '"'
        if (yield from _skip_value(letter)) != ",":
            return False


def _token() -> Generator[None, str, str]:
    """The next letter that is no space."""
    letter = yield
    while letter in _SPACE:
        letter = yield
    return letter


def _key() -> Generator[None, str, str | None]:
    letters = ['"']
    yield from _skip_string(letters)
    try:
        return msgspec.json.decode("".join(letters), type=str)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None


def _skip_string(letters: list[str]) -> Generator[None, str, None]:
    while True:
        letter = yield
        letters.append(letter)
        if letter == "\\":
            letters.append((yield))
        elif letter == '"':
            return


def _skip_value(letter: str) -> Generator[None, str, str]:
    """Pass the value that begins with `letter`; returns the letter after it."""
    depth = 0
    while depth or letter not in ",}]":
        if letter == '"':
            yield from _skip_string([])
        elif letter in "{[":
            depth += 1
        elif letter in "}]":
            depth -= 1
        letter = yield from _token()
    return letter
