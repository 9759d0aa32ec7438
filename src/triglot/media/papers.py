"""Has PDFs read, each by a process of its own: see `documents`."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE
from typing import Final

import msgspec

from triglot.errors import ApiError, ErrorKind

MAX_BYTES: Final = 32 * 1024 * 1024
MAX_SECONDS: Final = 60.0


class Outcome(msgspec.Struct, omit_defaults=True):
    """What the process says: the text of the PDF, or why there is none."""

    text: str = ""
    problem: str | None = None


async def read_paper(data: bytes, *, where: str, max_seconds: float = MAX_SECONDS) -> str:
    """The text of a PDF; empty if no page has any.

    Args:
        data: the file.
        where: its place in the request, for the error.
        max_seconds: then the process is killed.

    Raises:
        ApiError: INVALID_REQUEST: too large, too long, encrypted, or no PDF that can be read.
    """
    if len(data) > MAX_BYTES:
        raise _refusal(where, f"has more than {MAX_BYTES // 2**20} MiB; send a smaller one, or its text")
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "triglot.media.documents", stdin=PIPE, stdout=PIPE, stderr=DEVNULL)
    try:
        async with asyncio.timeout(max_seconds):
            answer, _ = await process.communicate(data)
        outcome = msgspec.json.decode(answer, type=Outcome)
    except TimeoutError:
        raise _refusal(where, f"takes more than {max_seconds:g} s to read; send its text") from None
    except msgspec.DecodeError:
        raise _refusal(where, "cannot be read: it breaks the reader; send its text") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if outcome.problem is not None:
        raise _refusal(where, outcome.problem)
    return outcome.text


def _refusal(where: str, what: str) -> ApiError:
    return ApiError(ErrorKind.INVALID_REQUEST, f"{where}: the PDF {what}.", param=where)
