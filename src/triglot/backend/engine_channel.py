"""How the processes of a gateway ask the one that owns the engine: one question and one answer a connection, as JSON.

The door is a socket in the private directory of the gateway (a named pipe on Windows), and whoever comes in must know the key that lies
there. Nothing is unpickled.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import sys
import threading
import time
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Listener
from typing import TYPE_CHECKING, Any, Final

import msgspec

from triglot.backend.engine_state import is_ours

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection
    from pathlib import Path

log = logging.getLogger("triglot.engine")

_SOCKET: Final = "engine.sock"
_DOOR_FILE: Final = "engine.door"


class _Door(msgspec.Struct):
    address: str
    key: str


LOOK_INTERVAL_S: Final = 1.0


class ChannelError(Exception):
    """The process that owns the engine cannot be asked."""


class EngineChannel:
    """The owner's side. Use it as a context manager.

    Args:
        directory: private to the gateway's processes.
        answer: takes a question and returns what is sent back; both are JSON texts. Called from several threads.
    """

    def __init__(self, directory: Path, answer: Callable[[bytes], bytes]) -> None:
        self._answer = answer
        self._directory = directory
        self._door_file = directory / _DOOR_FILE
        self._closing = threading.Event()
        self._listener: Listener | None = None
        self._open()
        self._keeper = threading.Thread(target=self._keep_open, name="engine door", daemon=True)
        self._keeper.start()

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._keeper.join()
        self._close()

    def _open(self) -> None:
        if sys.platform == "win32":
            address, family = rf"\\.\pipe\triglot-{secrets.token_hex(8)}", "AF_PIPE"
        else:
            address, family = str(self._directory / _SOCKET), "AF_UNIX"
        key = secrets.token_hex(16)
        with contextlib.suppress(FileNotFoundError):
            (self._directory / _SOCKET).unlink()  # of an earlier run that was killed
        self._listener = listener = Listener(address, family, authkey=key.encode())
        threading.Thread(target=self._serve, args=(listener,), name="engine channel", daemon=True).start()
        self._door_file.write_bytes(b"")
        self._door_file.chmod(0o600)
        self._door_file.write_bytes(msgspec.json.encode(_Door(address, key)))

    def _close(self) -> None:
        listener, self._listener = self._listener, None
        with contextlib.suppress(OSError):  # files may be gone
            self._door_file.unlink(missing_ok=True)
            if listener is not None:
                listener.close()

    def _keep_open(self) -> None:
        """Make the door anew when somebody who tidies up has removed it. The thread at the old one waits on; that is rare enough."""
        while not self._closing.wait(LOOK_INTERVAL_S):
            if self._listener and self._door_file.exists() and (sys.platform == "win32" or (self._directory / _SOCKET).exists()):
                continue
            self._close()
            try:
                self._open()
            except OSError:  # tried again; the directory itself is made anew by the owner of the engine
                self._close()

    def _serve(self, listener: Listener) -> None:
        while not self._closing.is_set() and self._listener is listener:
            try:
                connection = listener.accept()
            except (OSError, EOFError, AuthenticationError):
                continue  # somebody left at the door, or without the key
            threading.Thread(target=self._talk, args=(connection,), name="engine question", daemon=True).start()

    def _talk(self, connection: Connection[Any, Any]) -> None:
        with contextlib.suppress(OSError, EOFError), connection:
            connection.send_bytes(self._answer(connection.recv_bytes()))


def ask(directory: Path, question: bytes) -> bytes:
    """Ask the owner of the engine; blocks until it has answered.

    Raises:
        ChannelError: it has gone.
    """
    patience_s = time.monotonic() + 2 * LOOK_INTERVAL_S
    while True:
        try:
            return _ask_once(directory, question)
        except FileNotFoundError as error:  # the owner puts back what somebody has removed
            if time.monotonic() > patience_s:
                raise ChannelError("the process that owns the engine does not answer") from error
            time.sleep(LOOK_INTERVAL_S / 20)


def _ask_once(directory: Path, question: bytes) -> bytes:
    try:
        file = directory / _DOOR_FILE
        if not is_ours(file.stat()):
            raise ChannelError("the process that owns the engine does not answer")
        door = msgspec.json.decode(file.read_bytes(), type=_Door)
        with Client(door.address, authkey=door.key.encode()) as connection:
            connection.send_bytes(question)
            return connection.recv_bytes()
    except FileNotFoundError:
        raise
    except (OSError, EOFError, AuthenticationError, msgspec.MsgspecError) as error:
        raise ChannelError("the process that owns the engine does not answer") from error
