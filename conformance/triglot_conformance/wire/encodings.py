"""Compressed request bodies."""

from __future__ import annotations

import gzip
import sys
from typing import Literal

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Encoding = Literal["gzip", "zstd"]


def compress(body: bytes, encoding: Encoding) -> bytes:
    """The body in a content encoding."""
    return gzip.compress(body) if encoding == "gzip" else zstd.compress(body)
