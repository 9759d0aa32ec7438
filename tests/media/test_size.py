from __future__ import annotations

import base64
import io
from typing import Any

import pytest
from PIL import Image

from triglot.media.size import MAX_IMAGE_TOKENS, estimate_tokens, image_size


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("GIF", {}),
        ("JPEG", {}),
        ("JPEG", {"progressive": True, "comment": b"x" * 500}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
        ("WEBP", {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0"}),
    ],
)
def test_the_header_tells_the_size(kind: str, options: dict[str, Any]) -> None:
    file = io.BytesIO()
    Image.new("RGB", (123, 45)).save(file, kind, **options)
    assert image_size(file.getvalue()) == (123, 45)
    for end in range(len(file.getvalue())):
        assert image_size(file.getvalue()[:end]) in (None, (123, 45))


@pytest.mark.parametrize("data", [b"", b"text", b"\xff\xd8", b"\xff\xd8\xff\xe0\x00\x00" * 9, b"RIFF\0\0\0\0WEBPJUNK"])
def test_what_is_no_image_has_no_size(data: bytes) -> None:
    assert image_size(data) is None


@pytest.mark.parametrize(("size", "tokens"), [((28, 28), 1), ((29, 28), 2), ((1000, 500), 36 * 18), ((9000, 9000), MAX_IMAGE_TOKENS)])
def test_an_estimate_of_tokens(size: tuple[int, int], tokens: int) -> None:
    file = io.BytesIO()
    Image.new("1", size).save(file, "PNG")
    assert estimate_tokens(f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}") == tokens


@pytest.mark.parametrize("url", ["data:image/png;base64,", "data:image/png;base64,!!!", "data:image/png;base64,aGVsbG8="])
def test_an_image_that_tells_nothing_is_taken_for_a_large_one(url: str) -> None:
    assert estimate_tokens(url) == MAX_IMAGE_TOKENS
