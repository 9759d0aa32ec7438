"""`python -m faulty --port 9000 --defect NAME`: run the reference server, with defects or without."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys

from faulty.defects import DEFECTS
from faulty.host import CONTEXT
from faulty.server import FaultyServer

_UNREAD = 141  # as shells tell it


def main() -> int:
    """Run the server until it is interrupted."""
    options = _read_options()
    if options.list:
        return _list()
    unknown = [name for name in options.defect if name not in DEFECTS]
    if unknown:
        print(f"no such defect: {', '.join(unknown)}; --list names them all", file=sys.stderr)  # noqa: T201 - as above
        return 2
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run(options))
    return 0


def _list() -> int:
    try:
        for name, entry in sorted(DEFECTS.items()):
            print(f"{name:45} {entry.says}  [{entry.caught_by}]")  # noqa: T201 - the output of the command
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read has seen enough, as in `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _UNREAD
    return 0


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="faulty", description="A reference server whose defects can be switched on.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=9000, help="port to listen on, 0 for any (default: %(default)s)")
    parser.add_argument("--defect", action="append", default=[], metavar="NAME", help="switch a defect on; may be given several times")
    parser.add_argument("--api-key", help="require this key")
    parser.add_argument("--gap-ms", type=float, default=2.0, help="pause between two tokens (default: %(default)s)")
    parser.add_argument("--reading-ms", type=float, default=0.0, help="time to read a token of a prompt (default: %(default)s)")
    parser.add_argument("--context", type=int, default=CONTEXT, help="tokens of a prompt, and of all streams (default: %(default)s)")
    parser.add_argument("--list", action="store_true", help="name all defects, and the case that catches each")
    return parser.parse_args()


async def _run(options: argparse.Namespace) -> None:
    server = FaultyServer(
        options.defect,
        host=options.host,
        port=options.port,
        gap_s=options.gap_ms / 1000,
        reading_s=options.reading_ms / 1000,
        context=options.context,
        api_key=options.api_key,
    )
    async with server:
        print(f"{server.url} with {', '.join(options.defect) or 'no defects'}", flush=True)  # noqa: T201 - as above
        await asyncio.Event().wait()


if __name__ == "__main__":
    sys.exit(main())
