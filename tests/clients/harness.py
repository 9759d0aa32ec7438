"""Runs a real client: an empty home, a scripted llama-server, the gateway as a process in front of it, and nobody else to talk to."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.backend.scripted_server import Peer, ScriptedServer

from .tap import Exchange, tapping

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from pathlib import Path

    from .llama_server import LlamaServer


@dataclass(frozen=True)
class Run:
    """How a program ended: its exit status, its output, and its standard error."""

    status: int
    output: str
    complaints: str


@dataclass
class Session:
    """What came of driving a client.

    Attributes:
        work: the directory that the client worked in.
        runs: how each of its runs ended.
        exchanges: what it asked the gateway, and what the gateway answered.
        backend: the llama-server, with what the gateway asked it.
        log: the gateway's log, at level debug.
        outside: the requests that the client wanted to send beyond the loopback; they were refused.
    """

    work: Path
    backend: LlamaServer
    runs: list[Run] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    @property
    def chats(self) -> list[dict[str, Any]]:
        """The chat requests that reached the llama-server."""
        return self.backend.chats

    @property
    def said(self) -> list[Any]:
        """The messages that the client sent on WebSockets."""
        return [message for exchange in self.exchanges for message in exchange.said]

    def posted(self, path: str) -> list[Exchange]:
        """The exchanges that began with a POST to `path`, whatever its query."""
        return [exchange for exchange in self.exchanges if exchange.method == "POST" and exchange.path.partition("?")[0] == path]

    @property
    def losses(self) -> set[str]:
        """What the gateway said it ignored, without the positions in lists."""
        headers = [exchange.answer_headers.get("x-triglot-loss", "") for exchange in self.exchanges]
        return {re.sub(r"\[\d+\]", "[]", name) for header in headers for name in header.split("; ") if name}

    def report(self) -> str:
        """What passed, for people: each request and how it was answered, and what the model was then asked."""
        lines: list[str] = []
        for exchange in self.exchanges:
            heard = exchange.event_types or [f"{len(exchange.answer)} bytes"]
            lost = exchange.answer_headers.get("x-triglot-loss", "nothing")
            asked = f"{exchange.method} {exchange.path}, {len(exchange.body)} bytes"
            lines.append(f"client: {asked} -> {exchange.status}, {heard[-1]}; lost: {lost}")
            for message in exchange.said:
                kinds = " ".join(item["type"] for item in message["input"])
                lines.append(f"    {message['type']} after {message.get('previous_response_id')}: {kinds}")
        for chat in self.chats:
            roles = " ".join(message["role"] for message in chat["messages"])
            lines.append(f"model: {len(chat.get('tools') or ())} tools; {roles}; last: {json.dumps(chat['messages'][-1])[:300]}")
        lines += [f"client's end: {run.status}, {run.output.strip()[-200:]!r}" for run in self.runs]
        return "\n".join([*lines, ""])

    def assert_served(self, *, refused: int = 0) -> None:
        """All but so many requests were met, nothing broke, nothing left the machine, and the client was content."""
        refusals = [(e.method, e.path, e.status, e.answer[:500]) for e in self.exchanges if e.status >= 400]
        assert len(refusals) == refused, refusals
        failures = [message for e in self.exchanges for message in e.heard if message["type"] in {"error", "response.failed"}]
        assert failures == []
        assert [line for line in self.log if "broke off" in line or "Traceback" in line or " ERROR " in line] == []
        assert self.backend.unknown == []
        assert self.outside == []
        assert [run for run in self.runs if run.status != 0] == []


async def drive(
    *commands: Sequence[str],
    backend: LlamaServer,
    environ: Callable[[str], Mapping[str, str]],
    base: Path,
    files: Callable[[str], Mapping[str, str]] = lambda _: {},
    settings: Sequence[str] = (),
    upgrades: bool = True,
    timeout_s: float = 120.0,
) -> Session:
    """Run each command to its end, one after the other.

    Args:
        commands: the client and its arguments.
        backend: plays the model's part.
        environ: from the gateway's root URL to what the client's environment has beyond PATH, HOME and the proxy.
        base: an empty directory; the client gets a home and a place to work in it, both for all its runs.
        files: from the gateway's root URL to the texts of the files that lie in the client's home, by their paths in it.
        settings: more arguments of `triglot serve`.
        upgrades: whether the way to the gateway lets WebSockets pass.
        timeout_s: after which a run is killed.
    """
    for name in ("home", "work", "tmp"):
        (base / name).mkdir()
    session = Session(base / "work", backend)

    async def refuse(peer: Peer) -> None:
        head, _ = await peer.request()
        session.outside.append(head.decode().partition("\r\n")[0])
        await peer.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    async with (
        backend.running(),
        ScriptedServer(refuse) as proxy,
        serving("--backend", backend.url, "--log-level", "debug", *settings, log=session.log) as port,
        tapping(port, session.exchanges, upgrades=upgrades) as url,
    ):
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(base / "home"),
            "TMPDIR": str(base / "tmp"),
            "SHELL": "/bin/bash",
            "LANG": "C.UTF-8",
            "HTTP_PROXY": proxy.url,
            "HTTPS_PROXY": proxy.url,
            "NO_PROXY": "127.0.0.1,localhost",
            **environ(url),
        }
        for name, text in files(url).items():
            path = base / "home" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        for command in commands:
            session.runs.append(await run(command, cwd=session.work, env=env, timeout_s=timeout_s))
    return session


async def run(command: Sequence[str], *, cwd: Path, env: Mapping[str, str], timeout_s: float) -> Run:
    """Run a program; it is killed, with all its children, when its time is over."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *command, cwd=cwd, env=env, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe, start_new_session=True
    )
    late = asyncio.get_running_loop().call_later(timeout_s, os.killpg, process.pid, signal.SIGKILL)
    output, complaints = await process.communicate()
    late.cancel()
    assert process.returncode is not None
    return Run(process.returncode, output.decode(), complaints.decode())


@contextlib.asynccontextmanager
async def serving(*arguments: str, log: list[str]) -> AsyncIterator[int]:
    """A `triglot serve` with these arguments, on a free port, which is yielded; it must end well."""
    pipe = asyncio.subprocess.PIPE
    command = [sys.executable, "-m", "triglot", "serve", "--port", "0", *arguments]
    env = {**os.environ, "TRIGLOT_STATE": "memory"}
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe, env=env)
    assert process.stdout is not None
    assert process.stderr is not None
    banner = ""
    while not (found := re.search(r"Messages\s+http://127\.0\.0\.1:(\d+)", banner)):
        line = (await process.stdout.readline()).decode()
        assert line, f"the gateway ended at its start: {(await process.stderr.read()).decode()}"
        banner += line

    async def read_log(stream: asyncio.StreamReader) -> None:
        while line := await stream.readline():
            log.append(line.decode().rstrip())

    reading = asyncio.ensure_future(read_log(process.stderr))
    try:
        yield int(found[1])
    finally:
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.wait(), 60)
        await reading
    assert process.returncode == 0
