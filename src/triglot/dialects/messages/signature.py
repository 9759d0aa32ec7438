"""The signature of a thinking block: proof, for the server that made it, that the thinking is its own.

A signature reads `tg1.KEY.MAC`, or `tg1.KEY.MAC.THINKING` where the thinking was kept from the client and travels in its signature. KEY
names the signing key (the start of its SHA-256), MAC is a base64url HMAC-SHA256, THINKING is base64url of the compressed text.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import zlib
from typing import Final

_SCHEME: Final = "tg1"
_MAX_THINKING: Final = 16 * 1024 * 1024  # bytes of UTF-8; a model writes far less, and what is packed smaller could fill the memory


def sign_thinking(key: bytes, text: str) -> str:
    """The signature of thinking that the client sees."""
    return f"{_prefix(key)}{_mac(key, b'shown', text)}"


def seal_thinking(key: bytes, text: str) -> str:
    """The signature of thinking that the client does not see: it carries the text. It is not encrypted, only out of sight."""
    payload = _encode(zlib.compress(text.encode(errors="surrogatepass")))
    return f"{_prefix(key)}{_mac(key, b'sealed', payload)}.{payload}"


def restore_thinking(key: bytes, text: str, signature: str | None) -> str | None:
    """The thinking of a block that came back.

    Args:
        key: the signing key.
        text: the block's thinking, empty if it was sealed.
        signature: the block's signature, whoever made it.

    Returns:
        What we signed or sealed, `None` if that was altered on its way, and `text` as it came if the signature is not ours.
    """
    prefix = _prefix(key)
    if signature is None or not signature.startswith(prefix):
        return text
    mac, sealed, payload = signature.removeprefix(prefix).partition(".")
    if not sealed:
        return text if _equal(mac, _mac(key, b"shown", text)) else None
    # the payload is looked into only when it is known to be our own
    restored = _unpack(payload) if _equal(mac, _mac(key, b"sealed", payload)) else None
    return restored if text in ("", restored) else None


def _prefix(key: bytes) -> str:
    return f"{_SCHEME}.{hashlib.sha256(key).hexdigest()[:8]}."


def _mac(key: bytes, purpose: bytes, text: str) -> str:
    """Signs the purpose too, so that a signature of one kind is none of the other."""
    return _encode(hmac.digest(key, purpose + b"\0" + text.encode(errors="surrogatepass"), hashlib.sha256))


def _equal(given: str, expected: str) -> bool:
    """Whether the texts are the same, in a time that does not tell where they differ. Their bytes could be the same with another text."""
    return hmac.compare_digest(given.encode(errors="surrogatepass"), expected.encode())


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unpack(payload: str) -> str | None:
    try:
        data = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
        unpacking = zlib.decompressobj()
        text = unpacking.decompress(data, _MAX_THINKING)
        return text.decode(errors="surrogatepass") if unpacking.eof else None
    except (ValueError, zlib.error):
        return None
