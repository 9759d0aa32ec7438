"""Reads what passes on a WebSocket."""

from __future__ import annotations

import json
from typing import Any

from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN, Protocol, Side

WINDOW_BITS = 15  # reads what was written with any smaller window, too


class FrameReader:
    """Reads the messages of one direction, each of them a JSON text.

    Args:
        reader: the side that they go to.
        agreed: the extensions, as the answer to the handshake names them.
        messages: gets the decoded messages.
    """

    def __init__(self, reader: Side, agreed: str, messages: list[Any]) -> None:
        self._protocol = Protocol(reader, state=OPEN, max_size=None)
        if "permessage-deflate" in agreed:
            writer = "client" if reader is Side.SERVER else "server"
            forgets = f"{writer}_no_context_takeover" in agreed
            self._protocol.extensions = [PerMessageDeflate(forgets, True, WINDOW_BITS, WINDOW_BITS)]
        self._messages = messages
        self._pieces: list[bytes] = []

    def feed(self, data: bytes) -> None:
        """Read some more bytes."""
        self._protocol.receive_data(data)
        for frame in self._protocol.events_received():
            if isinstance(frame, Frame):
                self._receive(frame)

    def _receive(self, frame: Frame) -> None:
        if frame.opcode not in {Opcode.TEXT, Opcode.CONT}:
            return
        self._pieces.append(bytes(frame.data))
        if frame.fin:
            self._messages.append(json.loads(b"".join(self._pieces)))
            self._pieces.clear()
