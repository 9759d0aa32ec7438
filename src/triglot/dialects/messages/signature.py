"""The signature of a thinking block: proof, for the server that made it, that the thinking is its own."""

from __future__ import annotations

import base64
import hashlib
import hmac


def sign_thinking(key: bytes, text: str) -> str:
    """The signature of `text`: base64 of an HMAC-SHA256 under `key`."""
    return base64.b64encode(hmac.digest(key, text.encode(), hashlib.sha256)).decode()
