"""Gateways as processes of their own in front of the faulty backend, and what they hold."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.gateway.harness import REQUESTS, Reply, unchunk

from .backend import HEALTHY, FaultyBackend
from .ways import WAYS, WHOLE, Way, judge

if TYPE_CHECKING:
    from collections.abc import Iterator

WITHIN_S: Final = 60.0
_PROGRAM: Final = str(Path(__file__).with_name("observed.py"))
_COMPLAINTS: Final = re.compile(r"Traceback|Warning: |Exception|\bERROR\b|never (retrieved|awaited)")


class ObservedGateway:
    """A gateway process that says what it holds."""

    def __init__(self, backend_port: int, *flags: str) -> None:
        backend = f"http://127.0.0.1:{backend_port}"
        command = [sys.executable, "-X", "dev", _PROGRAM, "serve", "--port", "0", "--backend", backend, *flags]
        self._log = (Path(os.environ["XDG_STATE_HOME"]) / f"gateway-{backend_port}-{len(flags)}.log").open("w+", encoding="utf-8")
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True)
        assert self._process.stdout is not None
        banner = ""
        while not (found := re.search(r"Messages\s+http://127.0.0.1:(\d+)", banner)):
            line = self._process.stdout.readline()
            assert line, f"the gateway ended at its start: {Path(self._log.name).read_text(encoding='utf-8')}"
            banner += line
        self.port = int(found[1])
        self._read = 0

    def holds(self) -> dict[str, int]:
        """Its tasks, its objects for requests and connections, and its file descriptors."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        while not (line := self._process.stdout.readline()).startswith("{"):
            assert line, "the gateway has ended"  # else it is the rest of the banner
        counts: dict[str, int] = json.loads(line)
        return {**counts, "descriptors": len(list(Path(f"/proc/{self._process.pid}/fd").iterdir()))}

    def complaints(self) -> list[str]:
        """Lines of its log, since the last look, that no fault of a backend may cause."""
        text = Path(self._log.name).read_text(encoding="utf-8")
        fresh, self._read = text[self._read :], len(text)
        return [fresh] if _COMPLAINTS.search(fresh) else []

    def stop(self) -> None:
        """End it as a user would, and look at how it ended."""
        self._process.terminate()
        with self._process:
            status = self._process.wait(timeout=WITHIN_S)
        left = self.complaints()
        self._log.close()
        assert left == []
        assert status == 0

    async def send(self, way: Way, model: str, limits: str) -> Reply:
        """Send a request and read its whole answer."""
        path, body = REQUESTS[way.dialect]
        payload = json.dumps({**body, "model": model, "stream": way.stream}).encode()
        lines = [f"POST {path} HTTP/1.1", "host: localhost", "content-type: application/json", "connection: close"]
        lines += [f"content-length: {len(payload)}", f"x-triglot-timeout: {limits}", "", ""]
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write("\r\n".join(lines).encode() + payload)
        head, _, rest = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()
        status, _, fields = head.decode().partition("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in fields.split("\r\n"))
        return Reply(int(status.split(" ")[1]), headers, unchunk(rest) if "transfer-encoding" in headers else rest)


class Stage:
    """The backend and its two gateways, in one event loop.

    Attributes:
        outcomes: what each way got by each fault.
    """

    def __init__(self, backend: FaultyBackend, folding: ObservedGateway, verbatim: ObservedGateway) -> None:
        self.backend = backend
        self.gateways = (folding, verbatim)
        self.outcomes: dict[str, dict[Way, str]] = {}
        self._at_rest: list[dict[str, int]] = []

    async def ask(self, way: Way, model: str, limits: str = "idle=60") -> Reply:
        """Ask for an answer."""
        return await asyncio.wait_for(self.gateways[way.verbatim].send(way, model, limits), WITHIN_S)

    async def serve_next(self) -> None:
        """See that every way gets an answer again."""
        replies = await asyncio.gather(*(self.ask(way, HEALTHY) for way in WAYS))
        assert [judge(way, reply) for way, reply in zip(WAYS, replies, strict=True)] == [WHOLE] * len(WAYS)

    async def rest(self) -> None:
        """See that the gateways come to hold what they held at first, and not a connection more."""
        until = time.monotonic() + WITHIN_S
        while True:
            self.backend.close_idle()
            await asyncio.sleep(0.02)
            held = [gateway.holds() for gateway in self.gateways] if not self.backend.open else []
            self._at_rest = self._at_rest or held
            if held and held == self._at_rest:
                break
            assert time.monotonic() < until, f"{held} is not {self._at_rest}; open: {len(self.backend.open)}"
        assert [line for gateway in self.gateways for line in gateway.complaints()] == []


@contextlib.contextmanager
def set_up(backend: FaultyBackend, runner: asyncio.Runner) -> Iterator[Stage]:
    """Start everything, and look what it holds when nothing is asked of it."""
    runner.run(backend.listen())
    with contextlib.ExitStack() as stack:
        stack.callback(lambda: runner.run(backend.refuse()))
        gateways = []
        for flags in ((), ("--nonstream-relay", "verbatim")):
            gateways.append(ObservedGateway(backend.port, *flags))
            stack.callback(gateways[-1].stop)
        stage = Stage(backend, *gateways)

        async def warm_up() -> None:
            await stage.serve_next()
            backend.close_idle()

        runner.run(warm_up())
        runner.run(stage.rest())
        yield stage
        runner.run(stage.rest())


def table_of(outcomes: dict[str, dict[Way, str]]) -> list[str]:
    """The outcomes as rows of a table in Markdown."""
    titles = [way.title for way in WAYS]
    rows = [["The backend", *titles], ["---"] * (len(titles) + 1)]
    rows += [[name, *(ends.get(way, "") for way in WAYS)] for name, ends in outcomes.items()]
    return [f"| {' | '.join(row)} |" for row in rows]


__all__: list[Any] = ["ObservedGateway", "Stage", "set_up", "table_of"]
