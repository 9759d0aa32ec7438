"""The size of an image in pixels, read from its header alone.

Sources: PNG 1.2 (IHDR), JPEG T.81 (SOFn), GIF89a (logical screen), WebP container (VP8, VP8L, VP8X).
"""

from __future__ import annotations

import base64
import struct
from typing import Final

_MARKER: Final = 0xFF
_VP8X_END: Final = 30
_PATCH: Final = 28
_HEADER_LETTERS: Final = 4 * 65536  # of base64: the header of a JPEG may hold a thumbnail first
MAX_IMAGE_TOKENS: Final = 4096
# Start-of-frame markers: C0 to CF without DHT (C4), JPG (C8) and DAC (CC).
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def image_size(data: bytes) -> tuple[int, int] | None:
    """Width and height; `None` where the beginning of the file does not tell."""
    try:
        if data.startswith(b"\x89PNG\r\n\x1a\n"):
            return _pair(">II", data, 16)
        if data.startswith((b"GIF87a", b"GIF89a")):
            return _pair("<HH", data, 6)
        if data.startswith(b"\xff\xd8"):
            return _jpeg_size(data)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _webp_size(data)
    except (struct.error, IndexError):
        pass
    return None


def _pair(layout: str, data: bytes, offset: int) -> tuple[int, int]:
    first, second = struct.unpack_from(layout, data, offset)
    return first, second


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    position = 2
    while data[position] == _MARKER:
        marker = data[position + 1]
        if marker in _FRAMES:
            height, width = _pair(">HH", data, position + 5)
            return width, height
        (length,) = struct.unpack_from(">H", data, position + 2)
        position += 2 + length
    return None


def _webp_size(data: bytes) -> tuple[int, int] | None:
    match data[12:16]:
        case b"VP8 ":
            width, height = _pair("<HH", data, 26)
            return width & 0x3FFF, height & 0x3FFF
        case b"VP8L":
            (bits,) = struct.unpack_from("<I", data, 21)
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X" if len(data) >= _VP8X_END:
            return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
        case _:
            return None


def estimate_tokens(url: str) -> int:
    """How many tokens of a prompt an inline image makes, about: most projectors make one of 28 by 28 pixels, up to a limit.

    Args:
        url: a `data:` URL.
    """
    _, _, encoded = url.partition(",")
    try:
        size = image_size(base64.b64decode(encoded[:_HEADER_LETTERS]))
    except ValueError:
        size = None
    if size is None:
        return MAX_IMAGE_TOKENS
    width, height = (-(-side // _PATCH) for side in size)
    return min(width * height, MAX_IMAGE_TOKENS)
