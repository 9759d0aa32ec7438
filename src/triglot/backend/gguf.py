"""Reads the head of a GGUF file: what it holds, and whether all of it is there. No tensor is read.

Source: the format's description in ggml's repository (docs/gguf.md), versions 2 and 3. Sizes are checked before anything is read, so that a
damaged or hostile head costs nothing.
"""

from __future__ import annotations

import math
import re
import struct
from typing import IO, TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

MAGIC: Final = b"GGUF"
VERSIONS: Final = (2, 3)
LONGEST_KEY: Final = 65_535
LONGEST_TEXT: Final = 16 * 1024 * 1024
LONGEST_LIST: Final = 4096
"""Longer lists, such as vocabularies, are stepped over."""

_STRING: Final = 8
_LIST: Final = 9
_SCALARS: Final = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_LEAST: Final = {**{code: struct.calcsize(form) for code, form in _SCALARS.items()}, _STRING: 8, _LIST: 12}
_ALIGNMENT: Final = 32
_MOST_DIMENSIONS: Final = 4
_SPLIT: Final = re.compile(r"-(\d{5})-of-(\d{5})\.gguf$")

# Weights of one block and its bytes, by ggml's number of the type. Of a type that is not here, only the beginning of the tensor is checked.
# fmt: off
_BLOCKS: Final = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 36), 10: (256, 84), 11: (256, 110),
    12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292), 16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50),
    20: (32, 18), 21: (256, 110), 22: (256, 82), 23: (256, 136), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8),
    29: (256, 56), 30: (1, 2), 34: (256, 54), 35: (256, 66), 39: (32, 17),
}
# fmt: on


class GgufError(ValueError):
    """The file is not a GGUF file that can be read; the message says why, without its path."""


class GgufFile(msgspec.Struct, frozen=True, kw_only=True):
    """The head of a file, or of the first of several that belong together.

    Attributes:
        size_bytes: of all parts.
        version: of the format.
        metadata: keys and values; long lists are left out.
        parameters: number of weights in this part.
        parts: every file of the model, in order.
    """

    size_bytes: int
    version: int
    metadata: dict[str, Any]
    parameters: int
    parts: tuple[Path, ...]

    def text(self, key: str) -> str | None:
        """A value that is a text."""
        value = self.metadata.get(key)
        return value if isinstance(value, str) else None

    def number(self, key: str) -> int | None:
        """A value that is a whole number; of a list, such as one entry for each layer, the largest."""
        value = self.metadata.get(key)
        if isinstance(value, list) and value and all(isinstance(entry, int) for entry in value):
            value = max(value)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    @property
    def architecture(self) -> str:
        """Such as `llama` or `qwen3`; `clip` for a projector."""
        return self.text("general.architecture") or ""

    @property
    def kind(self) -> str:
        """`model`, `projector`, `adapter`, or what the file calls itself."""
        said = self.text("general.type")
        if self.architecture == "clip" or said == "mmproj":
            return "projector"
        return said or "model"

    def of_architecture(self, key: str) -> int | None:
        """A number that stands under the name of the architecture, such as `context_length`."""
        return self.number(f"{self.architecture}.{key}")


def read_gguf(path: Path) -> GgufFile:
    """Read the head of `path` and look whether the file, and each further part of it, is as long as it says.

    Raises:
        GgufError: it is no GGUF file, is damaged or cut off, or a part is missing.
        OSError: it cannot be read.
    """
    head = _read_part(path)
    count = head.number("split.count") or 1
    if count == 1:
        return head
    found = _SPLIT.search(path.name)
    if found is None or int(found[1]) != 1:
        raise GgufError(f"is one of {count} parts, but not the first: name the file that ends in -00001-of-{count:05}.gguf")
    others = [path.with_name(f"{path.name[: found.start()]}-{number:05}-of-{count:05}.gguf") for number in range(2, count + 1)]
    missing = next((other for other in others if not other.is_file()), None)
    if missing is not None:
        raise GgufError(f"has {count} parts, and {missing.name} is missing")
    rest = [_read_part(other) for other in others]
    return GgufFile(
        size_bytes=sum(part.size_bytes for part in (head, *rest)),
        version=head.version,
        metadata=head.metadata,
        parameters=sum(part.parameters for part in (head, *rest)),
        parts=(path, *others),
    )


def _read_part(path: Path) -> GgufFile:
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        try:
            return _Reader(file, size).read(path)
        except UnicodeDecodeError:
            raise GgufError("is damaged: a text in its head is not UTF-8") from None


class _Reader:
    """Reads values one behind the other, none of them beyond the end of the file."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file = file
        self._size = size
        self._at = 0
        self._order = "<"

    def read(self, path: Path) -> GgufFile:
        if self._size < len(MAGIC) or self._take(len(MAGIC)) != MAGIC:
            raise GgufError("is not a GGUF file: it does not begin with GGUF")
        version = self._read_version()
        tensors, entries = self._number("Q"), self._number("Q")
        self._expect(entries, 8 + 4 + 1, "metadata entries")
        metadata = dict(self._read_entry() for _ in range(entries))
        self._expect(tensors, 8 + 4 + 8 + 4 + 8, "tensors")
        found = [self._read_tensor() for _ in range(tensors)]
        alignment = metadata.get("general.alignment", _ALIGNMENT)
        if not isinstance(alignment, int) or alignment <= 0:
            raise GgufError(f"is damaged: its alignment is {alignment!r}")
        start = math.ceil(self._at / alignment) * alignment
        for name, _, offset, length in found:
            if start + offset + length > self._size:
                raise GgufError(f"is cut off: it has {self._size} bytes, and {name} goes to {start + offset + length}")
        weights = sum(count for _, count, _, _ in found)
        return GgufFile(size_bytes=self._size, version=version, metadata=metadata, parameters=weights, parts=(path,))

    def _read_version(self) -> int:
        version: int = self._number("I")
        if version & 0xFFFF == 0 and version:
            self._order = ">"
            version = int.from_bytes(version.to_bytes(4, "little"), "big")
        if version not in VERSIONS:
            raise GgufError(f"is of version {version} of the format; {' and '.join(map(str, VERSIONS))} can be read")
        return version

    def _read_entry(self) -> tuple[str, Any]:
        key = self._text(LONGEST_KEY)
        return key, self._value(self._number("I"), key)

    def _read_tensor(self) -> tuple[str, int, int, int]:
        """Name, weights, place and bytes."""
        name = self._text(LONGEST_KEY)
        dimensions: int = self._number("I")
        if dimensions > _MOST_DIMENSIONS:
            raise GgufError(f"is damaged: tensor {name} has {dimensions} dimensions")
        weights = math.prod(self._number("Q") for _ in range(dimensions))
        per_block, block = _BLOCKS.get(self._number("I"), (1, 0))
        return name, weights, self._number("Q"), weights // per_block * block

    def _value(self, code: int, key: str) -> Any:
        if code in _SCALARS:
            return self._number(_SCALARS[code])
        if code == _STRING:
            return self._text(LONGEST_TEXT)
        if code != _LIST:
            raise GgufError(f"is damaged: the value of {key} is of type {code}, which the format does not have")
        inner, count = self._number("I"), self._number("Q")
        if inner == _LIST or inner not in _LEAST:
            raise GgufError(f"is damaged: the list {key} is of type {inner}")
        self._expect(count, _LEAST[inner], f"entries of {key}")
        if inner == _STRING:
            texts = [self._text(LONGEST_TEXT) for _ in range(count)]
            return texts if count <= LONGEST_LIST else None
        raw = self._take(count * _LEAST[inner])
        return list(struct.unpack(f"{self._order}{count}{_SCALARS[inner]}", raw)) if count <= LONGEST_LIST else None

    def _text(self, longest: int) -> str:
        length = self._number("Q")
        if length > longest:
            raise GgufError(f"is damaged: a text in its head claims {length} bytes")
        return self._take(length).decode()

    def _number(self, form: str) -> Any:
        value: Any = struct.unpack(self._order + form, self._take(struct.calcsize(self._order + form)))[0]
        return value

    def _expect(self, count: int, least: int, what: str) -> None:
        if count * least > self._size - self._at:
            raise GgufError(f"is damaged or cut off: it claims {count} {what}, more than its {self._size} bytes can hold")

    def _take(self, count: int) -> bytes:
        if self._at + count > self._size:
            raise GgufError(f"is cut off within its head: it ends at {self._size} bytes")
        self._at += count
        return self._file.read(count)
