"""Defects in the content coding of answers."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

from faulty.framing import Head, Whole
from faulty.hooks import defect

if TYPE_CHECKING:
    from faulty.exchange import Request


@defect("http/compresses-unasked", at="whole", caught_by="chat/wire/headers", source="envoyproxy/ai-gateway#2554")
def _(whole: Whole, _: Request) -> Whole:
    """Bodies are compressed with gzip, whatever the client accepts."""
    body = gzip.compress(whole.body, mtime=0)
    return Whole(Head(whole.head.status, {**whole.head.headers, "content-encoding": "gzip", "content-length": str(len(body))}), body)
