"""Random ids, many for one call of the system: a long conversation needs one for each of its items at every turn."""

from __future__ import annotations

import os
from typing import Final

_ID_BYTES: Final = 12
_AT_ONCE: Final = 256
_drawn: Final[list[str]] = []


def new_id(prefix: str) -> str:
    """A random id: the prefix and 24 hexadecimal digits."""
    if not _drawn:
        digits = os.urandom(_ID_BYTES * _AT_ONCE).hex()
        width = 2 * _ID_BYTES
        _drawn.extend(digits[start : start + width] for start in range(0, len(digits), width))
    return prefix + _drawn.pop()


# A child would draw the same ids as its parent. Windows has no fork.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_drawn.clear)
