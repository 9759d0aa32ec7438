"""Image files of every kind, made for a test: a picture with a red left and a blue right half."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

from PIL import Image

RED, BLUE = (255, 0, 0), (0, 0, 255)


def picture(mode: str = "RGB", size: tuple[int, int] = (64, 32)) -> Image.Image:
    """The picture, in a mode of Pillow's."""
    image = Image.new("RGB", size, RED)
    image.paste(BLUE, (size[0] // 2, 0, *size))
    return image.convert(mode)


def encode(image: Image.Image, kind: str, **options: Any) -> bytes:
    """The file."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def decode(data: bytes) -> Image.Image:
    """The image of a file, decoded."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def png(width: int, height: int, depth: int, colour: int, *rows: bytes) -> bytes:
    """A PNG of kinds that Pillow reads and does not write; `colour` is 0 gray, 2 RGB, 4 gray and alpha, 6 RGBA."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def near(one: Any, other: Any) -> bool:
    """Whether two colours look the same, after a lossy format."""
    return all(abs(a - b) < 24 for a, b in zip(one, other, strict=True))
