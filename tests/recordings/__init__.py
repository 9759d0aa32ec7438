"""Answers of a real llama-server (b11549, the demo model), byte for byte with their chunking removed.

NAME.req.json is what was asked, NAME.http what was answered.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

RECORDINGS: Final = Path(__file__).parent / "llama-server-b11549"
CHAT_STREAMS: Final = sorted(path.stem for path in RECORDINGS.glob("chat_*stream*.http"))


def read_body(name: str) -> bytes:
    """The body of a recorded answer."""
    return (RECORDINGS / f"{name}.http").read_bytes().partition(b"\r\n\r\n")[2]


def read_status(name: str) -> int:
    """The status of a recorded answer."""
    return int((RECORDINGS / f"{name}.http").read_bytes().split(b" ", 2)[1])
