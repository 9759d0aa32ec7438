"""The instruments of `bench.stops`: an engine that never ends by itself, and requests that are stopped in the middle.

The engine logs each slot that it takes and frees. That shows the moment without asking it: an engine that is asked for its slots is a busy
one, and busy ones notice less. `/slots` is asked once afterwards, to confirm.
"""

from __future__ import annotations

import dataclasses
import http.client
import json
import logging
import re
import socket
import struct
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

from bench import traffic
from triglot import demo
from triglot.backend.launch import choose_engine
from triglot.backend.options import EngineOptions
from triglot.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from triglot.backend.process import EngineCommand

PHASES: Final = ("decode", "prefill")
NAMES: Final = {"chat": "completion_id", "responses": "response_id", "messages": "message_id"}
PATIENCE_S: Final = 30.0
CONTEXT: Final = 131072
"""Tokens for each slot: no answer reaches the end by itself while it is watched."""
_TEMPLATE: Final = "{% for message in messages %}{{ message.content }}\n{% endfor %}"  # the model's own cuts long prompts
_SENTENCE: Final = "Once upon a time there was a king. "
_SENTENCES: Final = {"decode": 1, "prefill": 2500}  # 20 tokens each
_SLOT: Final = re.compile(r"slot +(launch_slot_|release): id +(\d+) .*?(?:n_tokens = (\d+)|$)")
_ENDS: Final = {"chat": b"data: [DONE]", "responses": b"event: response.incomplete", "messages": b"event: message_stop"}


def write_endless_model(path: Path) -> Path:
    """Write the demo model without an end: what ended its answers is a word like any other, and it has room for long ones."""
    model = demo.MODEL.read_bytes().replace(b"<|im_end|>", b"<|im_enq|>")
    for key, old, new in (
        (b"tokenizer.ggml.eos_token_id", 2, 0),
        (b"tokenizer.ggml.eot_token_id", 2, 0),
        (b"llama.context_length", 32768, CONTEXT),
    ):
        before = key + struct.pack("<II", 4, old)
        if before not in model:
            raise ValueError(f"the demo model has no {key.decode()} of {old}")
        model = model.replace(before, key + struct.pack("<II", 4, new))
    path.write_bytes(model)
    return path


def choose_endless_engine(model: Path, batch: int | None = None) -> EngineCommand:
    """The embedded engine with an endless model, set up as for the demo model; `batch` tokens of a prompt are read at a time."""
    flags: dict[str, bool | int | float | str] = {} if batch is None else {"batch-size": batch}
    command = choose_engine(
        Settings(), EngineOptions(model=str(model), alias="endless", context=CONTEXT, chat_template=_TEMPLATE, flags=flags)
    )
    return dataclasses.replace(command, arguments=(*command.arguments, "--threads", "1", "--cache-mib", "64"))


class Change(NamedTuple):
    """A slot that the engine has taken or freed.

    Attributes:
        at: on the monotonic clock.
        is_free: what it is now.
        slot: its index.
        tokens: in the slot when it was freed, of prompt and answer.
    """

    at: float
    is_free: bool
    slot: int
    tokens: int


class SlotWatch(logging.Handler):
    """Reads the log of the engine of this process. Use it as a context manager."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._changes: list[Change] = []
        self._changed = threading.Condition()
        self._log = logging.getLogger("triglot.engine")
        self._level = self._log.level

    def __enter__(self) -> Self:
        self._log.addHandler(self)
        self._log.setLevel(logging.DEBUG)
        return self

    def __exit__(self, *_: object) -> None:
        self._log.removeHandler(self)
        self._log.setLevel(self._level)

    def emit(self, record: logging.LogRecord) -> None:
        """Note a change."""
        if found := _SLOT.search(record.getMessage()):
            change = Change(time.monotonic(), found[1] == "release", int(found[2]), int(found[3] or 0))
            with self._changed:
                self._changes.append(change)
                self._changed.notify_all()

    @property
    def count(self) -> int:
        """Changes so far."""
        return len(self._changes)

    def wait(self, after: int, *, is_free: bool, slot: int | None = None, within_s: float = PATIENCE_S) -> Change | None:
        """The first change of this kind after the first so many; None if there is none in time."""

        def find() -> Change | None:
            return next((one for one in self._changes[after:] if one.is_free is is_free and slot in (None, one.slot)), None)

        with self._changed:
            return self._changed.wait_for(find, within_s)


class Client:
    """One request on a connection of its own.

    Args:
        port: of the gateway.
        phase: in which the engine will be for long.
        nonce: makes the prompt a new one.
        names: headers that name the request.
    """

    def __init__(self, port: int, dialect: str, *, stream: bool, phase: str, nonce: str, names: dict[str, str] | None = None) -> None:  # noqa: PLR0913 - keywords
        self.dialect = dialect
        self.stream = stream
        self.received = b""
        body = json.dumps(_body(dialect, f"{nonce}. " + _SENTENCE * _SENTENCES[phase], stream=stream)).encode()
        more = "".join(f"{name}: {value}\r\n" for name, value in (names or {}).items())
        head = f"POST {traffic.PATHS[dialect]} HTTP/1.1\r\nhost: {traffic.HOST}\r\ncontent-type: application/json\r\nconnection: close\r\n"
        self._socket = socket.create_connection((traffic.HOST, port), timeout=PATIENCE_S)
        self._socket.sendall(f"{head}{more}content-length: {len(body)}\r\n\r\n".encode() + body)

    def read_id(self) -> str:
        """The id of the answer, as soon as the stream tells it."""
        while not (found := re.search(rb'"id":"((?:chatcmpl|resp|msg)[-_]\w+)"', self.received)):
            self._read()
        return found[1].decode()

    def read_to_end(self) -> bytes:
        """All of the answer, with its headers."""
        with suppress(EOFError):
            while True:
                self._read()
        return self.received

    def has_ended_well(self) -> bool:
        """Whether a request that was cancelled ended in the way of its dialect; all of it has been read."""
        status = self.received.split(b" ", 2)[1]
        return status == b"499" or (self.stream and status == b"200" and _ENDS[self.dialect] in self.received)

    def leave(self) -> None:
        """Close the connection although another thread reads from it."""
        self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Leave, whatever is under way."""
        self._socket.close()

    def _read(self) -> None:
        data = self._socket.recv(1 << 16)
        if not data:
            raise EOFError
        self.received += data


class Poller(threading.Thread):
    """Asks the engine for its slots all the time: each answer is news to everything that waits for the engine."""

    def __init__(self, port: int, key: str, every_s: float = 0.01) -> None:
        super().__init__(name="poller", daemon=True)
        self._port = port
        self._key = key
        self._every_s = every_s
        self._ended = threading.Event()

    def run(self) -> None:
        """Until `close`."""
        while not self._ended.wait(self._every_s):
            busy_slots(self._port, self._key)

    def close(self) -> None:
        """Stop asking."""
        self._ended.set()
        self.join()


def busy_slots(port: int, key: str) -> set[int]:
    """The slots of the engine that work, as it says itself to those who show its key."""
    connection = http.client.HTTPConnection(traffic.HOST, port, timeout=PATIENCE_S)
    try:
        connection.request("GET", "/slots", headers={"authorization": f"Bearer {key}"})
        slots = json.load(connection.getresponse())
    finally:
        connection.close()
    return {slot["id"] for slot in slots if slot["is_processing"]}


def cancel(port: int, **target: str) -> int:
    """Cancel by a name; returns how many requests that stopped."""
    connection = http.client.HTTPConnection(traffic.HOST, port, timeout=PATIENCE_S)
    try:
        connection.request("POST", "/api/inference/cancel", json.dumps(target), {"content-type": "application/json"})
        count: int = json.load(connection.getresponse())["cancelled"]
    finally:
        connection.close()
    return count


def _body(dialect: str, text: str, *, stream: bool) -> dict[str, Any]:
    common = {"model": "endless", "stream": stream}
    match dialect:
        case "responses":
            return {**common, "input": text, "store": False}
        case "messages":
            return {**common, "max_tokens": 60_000, "messages": [{"role": "user", "content": text}]}
        case _:
            return {**common, "messages": [{"role": "user", "content": text}]}
