"""Two ways to a server: over the network, or in this process by ASGI."""

from __future__ import annotations

import asyncio
import importlib
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote

from triglot_conformance.fuzz import FuzzError
from triglot_conformance.live.client import Answer
from triglot_conformance.live.patience import ask

if TYPE_CHECKING:
    from triglot_conformance.live.target import Target
    from triglot_conformance.wire.http1 import Request


class Sender(Protocol):
    """Sends one request at a time and waits for the whole answer."""

    def send(self, request: Request) -> Answer:
        """Send a request; a failure is told by the answer."""

    def close(self) -> None:
        """Let go of the server."""


class UrlSender:
    """Sends over the network; a server that limits the rate is waited for, as by the cases."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._loop = asyncio.new_event_loop()

    def send(self, request: Request) -> Answer:
        """Send a request on a connection of its own."""
        return self._loop.run_until_complete(ask(self._target, request))

    def close(self) -> None:
        """Nothing is kept but the loop, and what a signal has interrupted in it."""
        _end(self._loop)


class AppSender:
    """Calls an ASGI application; what it does in the background goes on while requests are answered."""

    def __init__(self, app: Any, timeout_s: float) -> None:
        self._app = app
        self._timeout_s = timeout_s
        self._loop = asyncio.new_event_loop()
        self._to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._from_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._life = self._loop.create_task(self._live())
        try:
            self._loop.run_until_complete(self._order("startup"))
        except FuzzError:
            _end(self._loop)
            raise

    async def _live(self) -> None:
        with suppress(Exception):  # an application without a lifespan says so by failing
            await self._app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, self._to_app.get, self._from_app.put)
        await self._from_app.put({"type": "lifespan.over"})

    async def _order(self, what: str) -> None:
        await self._to_app.put({"type": f"lifespan.{what}"})
        try:
            told = await asyncio.wait_for(self._from_app.get(), self._timeout_s)
        except TimeoutError:
            raise FuzzError(f"the application does not come to an end of its {what} within {self._timeout_s:g} s") from None
        if told["type"].endswith(".failed"):
            raise FuzzError(f"the application fails at {what}: {told.get('message', '')}")

    def send(self, request: Request) -> Answer:
        """Call the application with a request."""
        return self._loop.run_until_complete(self._call(request))

    def close(self) -> None:
        """Shut the application down."""
        try:
            if not self._life.done():
                self._loop.run_until_complete(self._order("shutdown"))
                self._loop.run_until_complete(asyncio.wait([self._life], timeout=self._timeout_s))
        finally:
            _end(self._loop)

    async def _call(self, request: Request) -> Answer:
        path, _, query = request.path.partition("?")
        headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in request.headers.items()]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(b"host", b"testserver"), (b"content-length", str(len(request.body)).encode()), *headers],
            "client": ("127.0.0.1", 1),
            "server": ("testserver", 80),
            "state": {},
        }
        call = _Call(request.body)
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._app(scope, call.receive, call.send)
        except TimeoutError:
            call.error = f"no complete answer within {self._timeout_s:g} s"
        except Exception as error:  # noqa: BLE001 - whatever the application lets out is what has to be told
            call.error = f"the application raises {error!r}"
        return Answer(call.status, call.headers, bytes(call.body), error=call.error, unreachable=not call.status)


def _end(loop: asyncio.AbstractEventLoop) -> None:
    """Whatever still goes on in the background ends here."""
    loop.run_until_complete(_cancel_the_rest())
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


async def _cancel_the_rest() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class _Call:
    """One request as ASGI messages, and what comes back."""

    def __init__(self, body: bytes) -> None:
        self._messages = [{"type": "http.request", "body": body, "more_body": False}]
        self._ended = asyncio.Event()
        self.status = 0
        self.headers: list[tuple[str, str]] = []
        self.body = bytearray()
        self.error: str | None = "the answer has no end"

    async def receive(self) -> dict[str, Any]:
        if self._messages:
            return self._messages.pop()
        await self._ended.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in message.get("headers", ())]
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")
            if not message.get("more_body", False):
                self.error = None
                self._ended.set()


def load_app(name: str) -> Any:
    """The application that a factory makes; `name` is `module:factory`, found from the current directory.

    Raises:
        FuzzError: there is none.
    """
    module, _, factory = name.partition(":")
    if not factory:
        raise FuzzError(f"{name}: say module:factory")
    sys.path.insert(0, os.getcwd())  # noqa: PTH109 - an entry of the path is a string
    try:
        return getattr(importlib.import_module(module), factory)()
    except Exception as error:
        raise FuzzError(f"{name}: {type(error).__name__}: {error}") from error
