"""Text that a client keeps for the server and can neither read nor alter: thinking, and summaries of conversations."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

_TAG = 32


class Seals:
    """Seals text under one key.

    Args:
        key: nobody else knows it.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def close(self, kind: str, text: str) -> str:
        """Seal a text as one of a kind, so that it cannot be given back as another."""
        mask = self._mask(kind, len(text.encode()))
        hidden = bytes(left ^ right for left, right in zip(text.encode(), mask, strict=True))
        return base64.urlsafe_b64encode(self._tag(kind, hidden) + hidden).decode()

    def open(self, kind: str, sealed: str) -> str | None:
        """The text; None where it was not sealed here as one of this kind, or was altered."""
        try:
            raw = base64.b64decode(sealed.encode(), altchars=b"-_", validate=True)
        except (binascii.Error, UnicodeEncodeError):
            return None
        tag, hidden = raw[:_TAG], raw[_TAG:]
        if not hmac.compare_digest(tag, self._tag(kind, hidden)):
            return None
        return bytes(left ^ right for left, right in zip(hidden, self._mask(kind, len(hidden)), strict=True)).decode()

    def _tag(self, kind: str, hidden: bytes) -> bytes:
        return hmac.new(self._key, kind.encode() + b"\0" + hidden, hashlib.sha256).digest()

    def _mask(self, kind: str, length: int) -> bytes:
        """A reference server hides the text well enough that nobody reads it by accident; it keeps no secrets."""
        return hashlib.shake_256(self._key + kind.encode()).digest(length)
