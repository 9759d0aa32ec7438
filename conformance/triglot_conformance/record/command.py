"""`triglot record`: sits between a client and a server, and writes what the client asked as cases, without its secrets and sentences."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import getpass
import ipaddress
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from triglot_conformance.record.author import RecordError, Redacting, draft_cases, write_case
from triglot_conformance.record.proxy import Proxy, ProxyError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triglot_conformance.record.session import Exchange

PORT: Final = 8421


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    parser = argparse.ArgumentParser(prog="triglot record", description=__doc__)
    add_options(parser)
    return run(parser.parse_args(arguments))


def add_options(parser: argparse.ArgumentParser) -> None:
    """Give a parser the options of this command."""
    parser.add_argument("--to", required=True, metavar="URL", help="root URL of the server, such as http://127.0.0.1:8420")
    parser.add_argument("--out", required=True, type=_folder, metavar="DIR", help="folder of cases to write to; made if it is not there")
    parser.add_argument(
        "--port", type=_port, default=PORT, metavar="PORT", help="port to listen on; 0 takes a free one (default: %(default)s)"
    )
    parser.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="address to listen on (default: %(default)s)")
    parser.add_argument("--longest", type=_positive, metavar="N", help="cut texts to N characters; default: all keep their length")
    parser.add_argument("--keep-prose", action="store_true", help="sentences stay: for prompts that are your own")
    parser.add_argument("--hide", action="append", default=[], metavar="WORD", help="a word that must not stay even in a name; repeatable")
    parser.add_argument(
        "--force", action="store_true", help="begin with the number 01 again, and replace what is there; otherwise the numbers go on"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Record until a signal to stop; the exit status is 0 when cases were written, 1 when there was nothing to write, 2 on an error."""
    try:
        _check_place(options.out)
        return _write(asyncio.run(_record(options)), options)
    except (RecordError, ProxyError, OSError) as error:
        print(f"triglot record: {error}", file=sys.stderr)  # noqa: T201
        return 2


def _folder(text: str) -> Path:
    path = Path(text)
    if path.exists() and not path.is_dir():
        raise argparse.ArgumentTypeError(f"{path} is not a directory")
    return path


def _check_place(folder: Path) -> None:
    """Find out before a session whether its cases can be written, so that it is not lost; nothing is left behind.

    Raises:
        OSError: they cannot.
    """
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    with tempfile.TemporaryFile(dir=there):
        pass


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) >= 1 << 16:
        raise argparse.ArgumentTypeError(f"not a port: {text}")
    return int(text)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"not a number from 1: {text}")
    return int(text)


async def _record(options: argparse.Namespace) -> list[Exchange]:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        async with Proxy(options.to, host=options.host, port=options.port, report=_report) as proxy:
            _say(f"Recording what goes to {proxy.to}. Point the client to one of these, and press Ctrl-C when it is done:")
            _say(f"  OpenAI clients       {proxy.url}/v1   (OPENAI_BASE_URL)")
            _say(f"  Anthropic clients    {proxy.url}   (ANTHROPIC_BASE_URL)")
            if not _is_loopback(options.host):
                _say("Whoever reaches this machine can ask through it, and is recorded as well.")
            await stop.wait()
        return proxy.exchanges
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _write(exchanges: list[Exchange], options: argparse.Namespace) -> int:
    taken = () if options.force else [path.parent.relative_to(options.out).as_posix() for path in options.out.rglob("case.yaml")]
    drafts, notes = draft_cases(exchanges, Redacting((*machine_facts(), *options.hide), options.longest, options.keep_prose), taken)
    for draft in drafts:
        _say(f"{write_case(draft, options.out, force=options.force)}: {len(draft.bodies)} request{'s' if len(draft.bodies) > 1 else ''}")
    for note in notes:
        _say(note)
    if not drafts:
        _say("Nothing was asked that a case can be made of.")
        return 1
    _say("Read them before you pass them on: the filler is made by rules, and no rule knows every secret.")
    return 0


def machine_facts() -> list[str]:
    """Words that tell whose machine this is."""
    facts = {Path.home().name, socket.gethostname(), socket.gethostname().partition(".")[0]}
    with contextlib.suppress(OSError, KeyError):
        facts.add(getpass.getuser())
    return sorted(facts - {"", "root", "localhost", "user"})


def _report(exchange: Exchange) -> None:
    sizes = f"{len(exchange.body):,} bytes asked, {len(exchange.answer):,} answered"
    if exchange.said or exchange.heard:
        sizes = f"{len(exchange.said)} messages said, {len(exchange.heard)} heard"
    notes = "".join(f"; {note}" for note in exchange.notes)
    _say(f"{exchange.method} {exchange.path} -> {exchange.status or 'no answer'}: {sizes}, {exchange.seconds:.1f} s{notes}")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _say(words: str) -> None:
    print(words, flush=True)  # noqa: T201
