"""The WebSockets of one case: a message goes out, and what comes back until its answer ends is told as an event stream would be."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from triglot_conformance.live.client import Answer, TimedFrame, secure
from triglot_conformance.wire.http1 import HttpError
from triglot_conformance.wire.sse import parse_stream
from triglot_conformance.wire.websocket import as_frame, open_socket

if TYPE_CHECKING:
    from triglot_conformance.live.target import Target
    from triglot_conformance.wire.http1 import Request
    from triglot_conformance.wire.websocket import WebSocket

_ENDS: Final = {"response.completed", "response.incomplete", "response.failed", "error"}
"""With these an answer ends."""
_HEADERS: Final = [("content-type", "text/event-stream")]
_REFUSAL: Final = re.compile(r"HTTP/1\.1 ([0-9]{3})")


class Sockets:
    """The open connections, by the names that steps give them."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._open: dict[str, WebSocket] = {}

    def close(self) -> None:
        """Say goodbye on each of them."""
        for socket in self._open.values():
            socket.close()

    async def ask(self, name: str, request: Request) -> Answer:
        """Send the body of a request as a message, on a new connection where none has the name."""
        loop = asyncio.get_running_loop()
        started = loop.time()

        def now_ms() -> float:
            return round((loop.time() - started) * 1000, 2)

        frames: list[TimedFrame] = []
        error = None
        try:
            if name not in self._open:
                self._open[name] = await self._connect(request)
            socket = self._open[name]
            socket.send(request.body)
            async with asyncio.timeout(self._target.timeout_s):
                while not frames or frames[-1].frame.event not in _ENDS:
                    raw = as_frame(self._target.mask(await socket.receive()))
                    frames.append(TimedFrame(parse_stream(raw)[0], now_ms()))
        except (HttpError, TimeoutError) as broken:
            error = str(broken) or f"no end of the answer within {self._target.timeout_s:g} s"
            if name not in self._open:
                return Answer(status=_refused_with(error), error=error, end_ms=now_ms())
        body = b"".join(timed.frame.raw for timed in frames)
        return Answer(200, list(_HEADERS), body, frames, frames[0].at_ms if frames else None, now_ms(), error)

    async def _connect(self, request: Request) -> WebSocket:
        target = self._target
        named = replace(request, headers={"Host": target.authority, **request.headers})
        return await open_socket(target.host, target.port, named, target.timeout_s, secure(target))


def _refused_with(error: str) -> int:
    """The status in `the handshake is refused: HTTP/1.1 404 ...`; 0 for none."""
    found = _REFUSAL.search(error)
    return int(found[1]) if found else 0
