"""What clients keep for us, unreadable to them: text under authenticated encryption.

A sealed text reads `tg1s.KEY.BOX`. KEY names the signing key (the start of its SHA-256); BOX is base64url of a nonce of 12 bytes and the
AES-256-GCM ciphertext of the compressed text. Each purpose has a key of its own, derived from the signing key (RFC 5869), so what was
sealed for one purpose opens for no other. A purpose may hold more than a word, such as whose text it is.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import secrets
import zlib
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_SCHEME: Final = "tg1s"
_NONCE_BYTES: Final = 12
_MAX_TEXT: Final = 64 * 1024 * 1024  # bytes of UTF-8: what is packed small must not fill the memory


def derive(key: bytes, purpose: str) -> bytes:
    """The key of 32 bytes for one purpose, made from the signing key."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"triglot {purpose}".encode(errors="surrogatepass")).derive(key)


def seal(key: bytes, purpose: str, text: str) -> str:
    """Seal `text`, which may be any, with the signing key `key`. Each time gives another result."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    prefix = _prefix(key)
    box = nonce + _cipher(key, purpose).encrypt(nonce, zlib.compress(text.encode(errors="surrogatepass")), prefix.encode())
    return prefix + base64.urlsafe_b64encode(box).rstrip(b"=").decode()


def unseal(key: bytes, purpose: str, sealed: str) -> str | None:
    """The text, or `None` if `sealed` is not ours: of another key or purpose, altered, or anything at all. Never raises."""
    prefix = _prefix(key)
    if not sealed.startswith(prefix):
        return None
    payload = sealed.removeprefix(prefix)
    try:
        box = base64.b64decode(payload + "=" * (-len(payload) % 4), altchars=b"-_", validate=True)
        packed = _cipher(key, purpose).decrypt(box[:_NONCE_BYTES], box[_NONCE_BYTES:], prefix.encode())
        unpacking = zlib.decompressobj()
        text = unpacking.decompress(packed, _MAX_TEXT)
        return text.decode(errors="surrogatepass") if unpacking.eof else None
    except (ValueError, InvalidTag, zlib.error):
        return None


@functools.lru_cache(maxsize=64)
def _cipher(key: bytes, purpose: str) -> AESGCM:
    return AESGCM(derive(key, purpose))


@functools.lru_cache(maxsize=8)
def _prefix(key: bytes) -> str:
    return f"{_SCHEME}.{hashlib.sha256(key).hexdigest()[:8]}."
