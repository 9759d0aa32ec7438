"""A llama-server that costs next to nothing: prepared bytes, raw sockets, one thread, told over standard input what to do.

A streamed request gets the opening and one piece at once and is then held; `pace`, `flood` and `finish` say how it goes on. In mode
`instant` every request is answered whole.
"""

from __future__ import annotations

import json
import re
import select
import socket
import sys
import time
from typing import Any

from bench import traffic

PROPS = {
    "default_generation_settings": {"n_ctx": 32768},
    "total_slots": 4096,
    "modalities": {"vision": False, "audio": False},
    "chat_template": "",
}
MODELS = {"object": "list", "data": [{"id": "tiny", "object": "model", "created": 1795160610, "owned_by": "llamacpp"}]}
_HEAD = re.compile(rb"(?is).*?(?:\r\ncontent-length: *(\d+).*?)?\r\n\r\n")


class Upstream:
    """The server; one object a process."""

    def __init__(self) -> None:
        self._listener = socket.create_server((traffic.HOST, 0), backlog=4096)
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]
        self._poll = select.epoll()
        self._poll.register(self._listener, select.EPOLLIN)
        self._poll.register(sys.stdin, select.EPOLLIN)
        self._sockets: dict[int, socket.socket] = {}
        self._buffers: dict[int, bytearray] = {}
        self._held: dict[int, socket.socket] = {}
        self._instant = False
        self._kind = "text"

    def run(self) -> None:
        """Serve until standard input ends."""
        say(port=self.port)
        while True:
            for fd, events in self._poll.poll():
                if fd == self._listener.fileno():
                    self._accept()
                elif fd == sys.stdin.fileno():
                    line = sys.stdin.readline()
                    if not line:
                        return
                    self._obey(json.loads(line))
                else:
                    self._receive(fd, events)

    def _obey(self, order: dict[str, Any]) -> None:
        match order.pop("do"):
            case "mode":
                self._instant, self._kind = order["instant"], order["kind"]
                say()
            case "held":
                say(held=len(self._held))
            case "pace":
                self._pace(**order)
            case "flood":
                self._flood(**order)
            case "finish":
                for stream in self._held.values():
                    stream.sendall(traffic.closing(self._kind))
                    stream.sendall(traffic.LAST_CHUNK)
                self._held.clear()
                say()

    def _pace(self, rate: float, events: int) -> None:
        """Send `events` pieces on each held stream, `rate` a second on each, one by one and evenly spread over all of them."""
        streams = list(self._held.values())
        data = traffic.piece(self._kind)
        gap = 1 / (rate * len(streams))
        start = due = time.perf_counter()
        for _ in range(events):
            for stream in streams:
                due += gap
                wait = due - time.perf_counter()
                if wait > 0:
                    time.sleep(wait)
                stream.send(data)
        say(sent=events * len(streams), seconds=time.perf_counter() - start)

    def _flood(self, events: int) -> None:
        """Send `events` pieces on each held stream as fast as they are read."""
        data = memoryview(traffic.piece(self._kind) * events)
        left = dict.fromkeys(self._held, data)
        poll = select.epoll()
        for fd, stream in self._held.items():
            stream.setblocking(False)
            poll.register(fd, select.EPOLLOUT)
        start = time.perf_counter()
        while left:
            for fd, _ in poll.poll():
                sent = self._held[fd].send(left[fd][: 1 << 20])
                left[fd] = left[fd][sent:]
                if not left[fd]:
                    del left[fd]
                    poll.unregister(fd)
        poll.close()
        for stream in self._held.values():
            stream.setblocking(True)
        say(sent=events * len(self._held), seconds=time.perf_counter() - start)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except BlockingIOError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setblocking(True)
            fd = connection.fileno()
            self._sockets[fd] = connection
            self._buffers[fd] = bytearray()
            self._poll.register(fd, select.EPOLLIN)

    def _receive(self, fd: int, events: int) -> None:
        try:
            data = self._sockets[fd].recv(1 << 18) if events & select.EPOLLIN else b""
        except ConnectionError:
            data = b""
        if not data:
            self._poll.unregister(fd)
            self._held.pop(fd, None)
            self._dropped(fd)
            self._sockets.pop(fd).close()
            return
        buffer = self._buffers[fd]
        buffer += data
        while head := _HEAD.match(buffer):
            end = head.end() + int(head[1] or 0)
            if len(buffer) < end:
                return
            self._answer(fd, bytes(head[0]), bytes(buffer[head.end() : end]))
            del head
            del buffer[:end]

    def _dropped(self, fd: int) -> None:
        """The other side has closed a connection."""

    def _answer(self, fd: int, head: bytes, body: bytes) -> None:
        connection = self._sockets[fd]
        if head.startswith(b"GET "):
            connection.sendall(traffic.json_response(PROPS if b"/props" in head[:40] else MODELS))
        elif b'"stream":true' not in body:
            connection.sendall(traffic.whole_json())
        elif self._instant:
            connection.sendall(traffic.whole_stream(self._kind))
            connection.sendall(traffic.LAST_CHUNK)
        else:
            connection.sendall(traffic.opening(self._kind) + traffic.piece(self._kind))
            self._held[fd] = connection


def say(**facts: Any) -> None:
    """Answer an order."""
    print(json.dumps(facts), flush=True)


if __name__ == "__main__":
    Upstream().run()
