"""The replay level: recorded backend bytes through a whole gateway, over real sockets."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from triglot_conformance.replay.backend import ScriptedBackend
from triglot_conformance.replay.gateway import run_gateway
from triglot_conformance.replay.runner import CaseRunner

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from triglot_conformance.case import Case
    from triglot_conformance.replay.runner import Result, Settings


_LEAST_SHARE = 20  # cases for which a gateway more is worth its start


async def replay(cases: Sequence[Case], settings: Settings, report: Callable[[Result], None]) -> list[str]:
    """Run every case; each job has a gateway and a backend of its own and takes one case after the other.

    Cases that need the server in another set-up run together, one gateway for each set-up.

    Args:
        cases: what to run.
        settings: how.
        report: called once for each case as it ends.

    Returns:
        Tracebacks found in the gateways' logs.

    Raises:
        GatewayError: a gateway did not start.
    """
    shares = _share(cases, settings.jobs)
    logs: list[str] = []

    async def work() -> None:
        while shares:
            logs.append(await _run_share(shares.pop(), settings, report))

    await asyncio.gather(*(work() for _ in range(settings.jobs)))
    return [log[log.index("Traceback") :] for log in logs if "Traceback" in log]


def _share(cases: Sequence[Case], jobs: int) -> list[list[Case]]:
    """Divide the cases into lists of one set-up each, none much longer than a job's part of the whole."""
    by_setup: dict[str, list[Case]] = {}
    for case in cases:
        by_setup.setdefault(case.setup, []).append(case)
    size = max(-(-len(cases) // jobs), _LEAST_SHARE)
    return [group[start : start + size] for group in by_setup.values() for start in range(0, len(group), size)]


async def _run_share(cases: Sequence[Case], settings: Settings, report: Callable[[Result], None]) -> str:
    setup = settings.setups[cases[0].setup]
    folders = [settings.recordings, *([setup.recordings] if setup.recordings else [])]
    async with (
        ScriptedBackend(*folders) as backend,
        run_gateway(settings.command, setup.environment, backend.port, settings.start_timeout_s) as gateway,
    ):
        runner = CaseRunner(backend, gateway.port, settings)
        for case in cases:
            report(await runner.run(case))
    return gateway.log
