"""`fuzz`: its options, and what it says."""

from __future__ import annotations

import os
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from triglot_conformance import locations
from triglot_conformance.arguments import positive, seconds
from triglot_conformance.contract.contract import Contract
from triglot_conformance.fuzz import FuzzError
from triglot_conformance.fuzz.senders import AppSender, UrlSender, load_app
from triglot_conformance.live.target import parse_target

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from triglot_conformance.fuzz.run import Run
    from triglot_conformance.fuzz.senders import Sender
    from triglot_conformance.wire.http1 import Request

DIALECTS = ("chat", "responses", "messages")
_APP_URL = "http://127.0.0.1:8000"  # where a reader may serve the application to repeat a request


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of `fuzz`; `run` takes them."""
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("url", nargs="?", metavar="URL", help="base URL of the server, such as http://localhost:8080")
    where.add_argument("--app", metavar="MODULE:FACTORY", help="call an ASGI application in this process instead")
    parser.add_argument("--dialect", action="append", choices=DIALECTS, help="only this dialect; may be repeated")
    parser.add_argument("--filter", action="append", default=[], metavar="GLOB", help="only operations such as 'chat/*'; may be repeated")
    parser.add_argument("--model", default="", metavar="NAME", help="the model to ask for (default: whatever is made up)")
    parser.add_argument("--api-key-env", metavar="VARIABLE", help="environment variable that holds the key")
    parser.add_argument("--max-examples", type=positive, default=100, metavar="N", help="requests to each operation (default 100)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="the same seed makes up the same requests (default 1)")
    parser.add_argument("--timeout", type=seconds, default=60.0, metavar="SECONDS", help="for one answer (default 60)")
    parser.add_argument("--specs", type=Path, default=locations.SPECS, metavar="DIR", help="another contract than the suite's own")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Fuzz a server; gives the exit status.

    Raises:
        FuzzError, TargetError: the run could not be done.
    """
    try:
        from triglot_conformance.fuzz.run import Plan, Run, as_command  # noqa: PLC0415 - heavy, and an extra of its own
    except ModuleNotFoundError as error:
        raise FuzzError(f'fuzz needs {error.name}: pip install "triglot[fuzz]"') from None
    key = os.environ.get(options.api_key_env) if options.api_key_env else None
    if options.api_key_env and key is None:
        raise FuzzError(f"the environment has no {options.api_key_env}")
    target = parse_target(options.url or _APP_URL, key=key, model=options.model, timeout_s=options.timeout)
    sender: Sender = AppSender(load_app(options.app), options.timeout) if options.app else UrlSender(target)
    plan = Plan(
        url=target.url,
        model=options.model,
        examples=options.max_examples,
        seed=options.seed,
        dialects=options.dialect or DIALECTS,
        headers=lambda dialect: target.headers(dialect, {}),
        filters=options.filter,
    )
    started = time.monotonic()
    run_ = Run(plan, Contract(options.specs), sender)
    try:
        run_.run(lambda label: _print(f"{label}: {run_.requests.get(label, 0)} requests", to=sys.stderr))
    finally:  # also of a run that is stopped, or that the server ends
        sender.close()
        if run_.requests:
            _tell(run_, partial(as_command, plan.url), f"{time.monotonic() - started:.1f} s, seed {plan.seed}")
    return 1 if run_.faults else 0


def _tell(run_: Run, as_command: Callable[[Request], str], took: str) -> None:
    for note in run_.notes:
        _print(note)
    for fault in run_.faults.values():
        count, places = fault.counts.total(), len(fault.counts)
        seen = "once" if count == 1 else f"{count} times" if places == 1 else f"{count} times in {places} operations"
        _print(f"FAIL {fault.operation} [{fault.finding.check}] {fault.finding.message} -- seen {seen}; the smallest request:")
        _print(f"  {as_command(fault.request)}")
    _print(f"{sum(run_.requests.values())} requests to {len(run_.requests)} operations in {took}: {len(run_.faults)} faults")


def _print(line: str, to: TextIO | None = None) -> None:
    print(line, flush=True, file=to)
