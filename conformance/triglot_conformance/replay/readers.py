"""A client that reads slowly: a few bytes at a time, from a socket that holds little."""

from __future__ import annotations

import asyncio
import random
import socket
from typing import TYPE_CHECKING

from triglot_conformance.wire.http1 import HttpError, Message, read_message

if TYPE_CHECKING:
    from triglot_conformance.wire.http1 import Request

_RECEIVE_BUFFER = 2048  # bytes; systems give a little more
_LARGEST_SIP = 48  # bytes


async def exchange_slowly(  # noqa: PLR0913 - what `exchange` takes, and how slowly
    host: str, port: int, request: Request, timeout_s: float, seed: str, *, largest_sip: int = _LARGEST_SIP
) -> Message:
    """Send a request on a connection of its own and read the answer a few bytes at a time, until the server closes the connection.

    Raises:
        HttpError: no answer, a malformed one, or none within the time.
    """
    loop = asyncio.get_running_loop()
    chance = random.Random(seed)  # noqa: S311 - it must come again with the same seed
    answer = asyncio.StreamReader()
    with socket.socket() as connection:
        connection.setblocking(False)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)  # before connecting: it limits the window
        try:
            async with asyncio.timeout(timeout_s):
                await loop.sock_connect(connection, (host, port))
                await loop.sock_sendall(connection, request.encode(f"{host}:{port}"))
                while sip := await loop.sock_recv(connection, chance.randint(1, largest_sip)):
                    answer.feed_data(sip)
                    await asyncio.sleep(0)  # the others go first
        except TimeoutError:
            raise HttpError(f"no complete answer within {timeout_s:g} s") from None
        except OSError as error:
            raise HttpError(f"the connection broke: {error}") from error
    answer.feed_eof()
    message = await read_message(answer, is_answer=True, to_head=request.method == "HEAD")
    if message is None:
        raise HttpError("the connection was closed without an answer")
    if more := await answer.read():
        raise HttpError(f"the answer is over, and then comes {more[:80]!r}")
    return message
