"""A compressed request reaches the backend as if it had come plain: as the clients that compress send it."""

from __future__ import annotations

import asyncio
import gzip
import json
import sys
import zlib
from typing import TYPE_CHECKING

import pytest

from .harness import HEAD, REQUESTS, Connection, Gateway, chunk, playing

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("coding", "compress"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("zstd", zstd.compress),
        ("gzip, zstd", lambda data: zstd.compress(gzip.compress(data))),
    ],
)
@pytest.mark.parametrize("dialect", REQUESTS)
def test_the_backend_gets_what_was_compressed(gateway: Gateway, dialect: str, coding: str, compress: Callable[[bytes], bytes]) -> None:
    told = "told " * 300_000  # large enough for the thread

    async def run() -> str:
        seen: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        async def play(connection: Connection) -> None:
            seen.set_result(json.dumps(connection.body))
            await connection.send(HEAD)
            await connection.send_chunk(chunk({"content": "yes"}) + chunk({}, "stop") + b"data: [DONE]\n\n")
            await connection.send(b"0\r\n\r\n")

        path, body = REQUESTS[dialect]
        payload = compress(json.dumps({**body, "stream": True}).replace("hello", told).encode())
        async with playing(gateway, play):
            reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
            head = [f"POST {path} HTTP/1.1", "host: localhost", "content-type: application/json", f"content-encoding: {coding}"]
            writer.write("\r\n".join([*head, f"content-length: {len(payload)}", "connection: close", "", ""]).encode() + payload)
            answer = await asyncio.wait_for(reader.read(), 60)
            writer.close()
            assert answer.startswith(b"HTTP/1.1 200")
            assert b"yes" in answer
            return await seen

    assert told in asyncio.run(run())
