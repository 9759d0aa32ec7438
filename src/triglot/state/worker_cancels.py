"""The cancel registry of one of several processes that serve the same address.

Each process listens on a socket of its own in a private directory. A cancel is told to all of them, each answers with one line, and a
process that is gone refuses the connection: there is nothing to keep up to date and nobody to ask who is there.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
from typing import TYPE_CHECKING, Any, Final

import msgspec

from triglot.state.cancels import Names  # noqa: TC001 - msgspec reads it
from triglot.state.local_cancels import LocalCancels, Told

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from triglot.state.local_cancels import LocalRegistration

log = logging.getLogger("triglot")

_SOCKETS: Final = "cancel-*.sock"
_ANSWER_WITHIN_S: Final = 0.5
"""A process that is stopped or very busy is not waited for any longer; it stops its requests when it comes to it."""
_LONGEST_MESSAGE: Final = 1 << 16


class Message(msgspec.Struct, frozen=True):
    """What one process tells another: to stop what has a name, or only that a remembered `cancel_id` has done its work."""

    target: Names
    forget: bool = False


class WorkerCancels:
    """Implements `CancelRegistry` over all processes that share a directory.

    Args:
        directory: where they meet; nobody else may enter it.
    """

    def __init__(self, directory: Path) -> None:
        self._local = LocalCancels()
        self._directory = directory
        self._address: Path | None = None
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Transport] = set()
        self._tasks: set[asyncio.Task[Sequence[Told]]] = set()

    def register(self, names: Names, cancel: Callable[[], None]) -> LocalRegistration:
        """Let a request be stopped."""
        registration = self._local.register(names, cancel)
        if registration.cancelled:  # by a cancel that all processes remember
            self._spread(Message(names, forget=True))
        return registration

    async def cancel(self, target: Names) -> int:
        """Stop what has one of the names, here first."""
        if not any(target.ids()):
            return 0
        told = [self._local.tell(target), *await self._tell_others(Message(target))]
        if target.cancel_id is not None and any(answer.known for answer in told):
            self._local.forget(target)
            self._spread(Message(target, forget=True))
        return sum(answer.count for answer in told)

    async def start(self) -> None:
        """Listen. If that cannot be, requests of this process are stopped only by those who reach it."""
        try:
            listener = self._bind()
        except OSError as error:
            log.warning("requests of this process cannot be cancelled through the others: no socket in %s: %s", self._directory, error)
            return
        self._server = await asyncio.get_running_loop().create_unix_server(lambda: _Listener(self._local, self._connections), sock=listener)

    async def aclose(self) -> None:
        """Be gone."""
        if self._address is not None:
            self._address.unlink(missing_ok=True)
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.abort()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _bind(self) -> socket.socket:
        """A socket that listens before anybody sees it, so that one that refuses is dead."""
        if not hasattr(socket, "AF_UNIX"):
            raise OSError("this system has no sockets in directories")
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        hidden = self._directory / f".{secrets.token_hex(8)}"
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listener.bind(str(hidden))
            hidden.chmod(0o600)
            listener.listen(128)
            self._address = hidden.rename(self._directory / _SOCKETS.replace("*", hidden.name[1:]))
        except OSError:
            listener.close()
            hidden.unlink(missing_ok=True)
            raise
        return listener

    def _spread(self, message: Message) -> None:
        """Tell the others without waiting for them."""
        task = asyncio.create_task(self._tell_others(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tell_others(self, message: Message) -> Sequence[Told]:
        others = [path for path in self._directory.glob(_SOCKETS) if path != self._address]
        if not others:
            return ()
        line = msgspec.json.encode(message) + b"\n"
        asked = [asyncio.create_task(_ask(path, line)) for path in others]
        try:
            done, _ = await asyncio.wait(asked, timeout=_ANSWER_WITHIN_S)
        finally:
            for task in asked:
                task.cancel()
        return [task.result() for task in done]


async def _ask(path: Path, line: bytes) -> Told:
    """What another process answers; nothing if there is none."""
    try:
        reader, writer = await asyncio.open_unix_connection(os.fspath(path))
    except ConnectionRefusedError:
        _remove(path)  # its process was killed
        return Told()
    except OSError:
        return Told()
    try:
        writer.write(line)
        return msgspec.json.decode(await reader.readline(), type=Told)
    except (OSError, ValueError, msgspec.DecodeError):
        return Told()  # it has ended meanwhile, and its requests with it
    finally:
        writer.close()


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


class _Listener(asyncio.Protocol):
    """One message of another process, and its answer."""

    def __init__(self, local: LocalCancels, connections: set[asyncio.Transport]) -> None:
        self._local = local
        self._connections = connections
        self._received = b""

    def connection_made(self, transport: Any) -> None:
        """It begins."""
        self._transport: asyncio.Transport = transport  # uvloop's is no subclass of it
        self._connections.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the interface of asyncio
        """It is over."""
        self._connections.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        """Answer once the line is there."""
        self._received += data
        if not self._received.endswith(b"\n") and len(self._received) <= _LONGEST_MESSAGE:
            return
        try:
            message = msgspec.json.decode(self._received, type=Message)
        except msgspec.DecodeError:
            self._transport.abort()
            return
        if message.forget:
            self._local.forget(message.target)
            answer = Told()
        else:
            answer = self._local.tell(message.target)
        self._transport.write(msgspec.json.encode(answer) + b"\n")
        self._transport.close()
