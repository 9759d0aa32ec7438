"""The reference server: it listens, and ends all that it has begun."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, Self

from faulty import chat, messages, responses
from faulty.connection import Connection, let_finish
from faulty.defects import DEFECTS
from faulty.host import CONTEXT, Host
from faulty.sending import Gone

if TYPE_CHECKING:
    from collections.abc import Iterable

_LINES = 1 << 20  # most bytes of a head


class FaultyServer:
    """A running server.

    ```python
    async with FaultyServer(["messages/blocks-overlap"]) as server:
        print(server.url)
    ```

    Args:
        defects: names of those to switch on.
        port: where to listen; 0 for any free port.
        host: the address to listen on.
        gap_s: pause between two tokens.
        reading_s: how long a stream takes to read a token of its prompt.
        context: tokens that a prompt may have, and that all streams together may write at one time.
        api_key: the key that requests must show; None for no key.

    Raises:
        ValueError: there is no such defect.
    """

    def __init__(  # noqa: PLR0913 - keywords
        self,
        defects: Iterable[str] = (),
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        gap_s: float = 0.002,
        reading_s: float = 0.0,
        context: int = CONTEXT,
        api_key: str | None = None,
    ) -> None:
        names = list(defects)
        if unknown := [name for name in names if name not in DEFECTS]:
            raise ValueError(f"there is no defect {', '.join(unknown)}")
        self._host = Host(names, gap_s=gap_s, reading_s=reading_s, context=context, api_key=api_key)
        self._dialects = [module.dialect(self._host) for module in (chat, messages, responses)]
        self._address = (host, port)
        self._connections: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connect, *self._address, limit=_LINES)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._host.close()
        await self._server.wait_closed()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        """Address of its root."""
        return f"http://{self._address[0]}:{self.port}"

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - we are in one
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError, Gone):
            while await Connection(self._host, self._dialects, reader, writer).serve():
                pass
            await let_finish(reader, writer)
        writer.close()
