"""Media in place of somebody's own: images of one pixel, filled up to the length of the original as far as the format lets them."""

from __future__ import annotations

import base64
import binascii
import struct
import zlib
from typing import Final

_GIF: Final = "R0lGODlhAQABAIAAAP///wAAACH5BAAAAAAALAAAAAABAAEAAAICRAEAOw=="
_JPEG: Final = (
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1tdhbWGkJ6jq62rZ4C8ybqmx5mo"
    "q6T/wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAAP/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AP//Z"
)
_PNG_HEAD: Final = b"\x89PNG\r\n\x1a\n"


def replace_media(data: str, media_type: str) -> str | None:
    """Base64 of another file of this type; None for a type that there is no file for.

    Args:
        data: base64 of the original.
        media_type: what it is, such as `image/png`.
    """
    try:
        size = len(base64.b64decode(data, validate=False))
    except binascii.Error:
        size = 0
    match media_type.lower():
        case "image/png":
            return base64.b64encode(_png(size)).decode()
        case "image/gif":
            return _GIF
        case "image/jpeg" | "image/jpg":
            return _JPEG
        case _:
            return None


def _png(size: int) -> bytes:
    """A PNG of one pixel; what it lacks of `size` bytes is a comment."""
    head = _PNG_HEAD + _chunk(b"IHDR", struct.pack("!IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    tail = _chunk(b"IDAT", zlib.compress(b"\x00\x80", 9)) + _chunk(b"IEND", b"")
    missing = size - len(head) - len(tail) - len(_chunk(b"tEXt", b"Comment\x00"))
    comment = _chunk(b"tEXt", b"Comment\x00" + b" " * missing) if missing >= 0 else b""
    return head + comment + tail


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))
