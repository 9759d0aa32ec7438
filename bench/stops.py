"""How soon a slot of the engine is free after a stop: `python -m bench.stops`.

A request of each dialect, streamed or not, is stopped in the middle of its prompt or of its answer: its client leaves, or it is cancelled
by one of its names. Either nothing else goes on, or the engine also writes two other streams and is asked for its slots 100 times a
second. Prints a table and writes JSON.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import platform
import random
import statistics
import sys
import tempfile
import threading
import time
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bench import processes, traffic
from bench.stopping import (
    NAMES,
    PHASES,
    Client,
    Poller,
    SlotWatch,
    busy_slots,
    cancel,
    choose_endless_engine,
    write_endless_model,
)
from triglot.backend.process import EngineProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

LOADS: Final = ("alone", "busy")
STOPS: Final = ("disconnect", "id")
RESULTS: Final = Path(__file__).parent / "results"
LIMIT_MS: Final = 1500.0
DISTURBED_MS: Final = 100.0
"""A try in which a process waited so long for a core says more about the machine."""


class Situation(NamedTuple):
    """What is tried."""

    load: str
    phase: str
    stop: str
    dialect: str
    stream: bool


class Try(NamedTuple):
    """One try.

    Attributes:
        by: the name that was used, or `disconnect`.
        free_ms: from the stop until the slot was free.
        told_ms: from the stop until the client had all of the ending, if it is still there.
        tokens: that were in the slot at the end, of prompt and answer.
        taken_ms: for so long the slot was taken.
        waited_ms: for so long, of `free_ms`, the gateway, the engine and this process had work and no core to do it on, each.
    """

    by: str
    free_ms: float
    told_ms: float | None
    tokens: int
    taken_ms: float
    waited_ms: tuple[float, float, float]


class Stand:
    """A gateway in front of an engine, both fresh.

    Args:
        gateway, engine: their ports.
        key: of the engine.
        watch: of the engine.
        pids: of the gateway and the engine.
    """

    def __init__(self, gateway: int, engine: int, key: str, watch: SlotWatch, pids: tuple[int, int]) -> None:
        self.gateway = gateway
        self.engine = engine
        self._key = key
        self._watch = watch
        self._pids = (*pids, os.getpid())
        self._tries = 0

    def stop_one(self, situation: Situation) -> Try:
        """Stop one request.

        Raises:
            SystemExit: it did not stop, or not in the way that was to be tried.
        """
        self._tries += 1
        dialect, stream = situation.dialect, situation.stream
        name = f"stop-{self._tries}"
        by = "disconnect" if situation.stop == "disconnect" else self._choose_name(situation)
        names = {"x-cancel-id": name, "x-session-id": f"session of {name}"}
        before = self._watch.count
        client = Client(self.gateway, dialect, stream=stream, phase=situation.phase, nonce=name, names=names)
        with contextlib.closing(client):
            taken = self._watch.wait(before, is_free=False)
            if taken is None:
                raise SystemExit(f"{situation}: the engine has not begun: {client.received!r}")
            if by in NAMES.values():
                name = client.read_id()
            time.sleep(random.uniform(0.02, 0.3))  # anywhere in a batch
            before = self._watch.count
            waits = [_waited_ms(pid) for pid in self._pids]
            stopped = time.monotonic()
            told = self._stop(client, by, name)
            freed = self._watch.wait(before, is_free=True, slot=taken.slot)
            gateway, engine, ours = (_waited_ms(pid) - before for pid, before in zip(self._pids, waits, strict=True))
        if freed is None:
            raise SystemExit(f"{situation}: the slot is still taken")
        if taken.slot in busy_slots(self.engine, self._key):
            raise SystemExit(f"{situation}: the engine says that the slot is taken")
        told_ms = None if told is None else (told - stopped) * 1000
        taken_ms = (freed.at - taken.at) * 1000
        return Try(by, (freed.at - stopped) * 1000, told_ms, freed.tokens, taken_ms, (gateway, engine, ours))

    @contextlib.contextmanager
    def load(self, load: str) -> Iterator[None]:
        """What else goes on."""
        with contextlib.ExitStack() as stack:
            if load == "busy":
                for dialect in ("chat", "messages"):
                    before = self._watch.count
                    nonce = f"Other {time.monotonic_ns()}"
                    stack.enter_context(_read_on(Client(self.gateway, dialect, stream=True, phase="decode", nonce=nonce)))
                    self._watch.wait(before, is_free=False)
                poller = stack.enter_context(contextlib.closing(Poller(self.engine, self._key)))
                poller.start()
            yield

    def _choose_name(self, situation: Situation) -> str:
        names = ["cancel_id", "session_id"]
        # A chat stream tells its id with its first chunk, and has none while the prompt is read.
        if situation.stream and (situation.phase == "decode" or situation.dialect != "chat"):
            names.append(NAMES[situation.dialect])
        return random.choice(names)

    def _stop(self, client: Client, by: str, name: str) -> float | None:
        if by == "disconnect":
            client.close()
            return None
        target = f"session of {name}" if by == "session_id" else name
        if cancel(self.gateway, **{by: target}) != 1:
            raise SystemExit(f"cancelling by {by} stopped nothing")
        client.read_to_end()
        told = time.monotonic()
        if not client.has_ended_well():
            raise SystemExit(f"{client.dialect}, cancelled by {by}, ended with {client.received[-300:]!r}")
        return told


def _waited_ms(pid: int) -> float:
    """For so long all threads of a process together have waited for a core."""
    waited_ns = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            waited_ns += int((task / "schedstat").read_text().split()[1])
    return waited_ns / 1e6


@contextlib.contextmanager
def open_stand(batch: int | None = None) -> Iterator[Stand]:
    """Start an engine that reads `batch` tokens of a prompt at a time, and a gateway."""
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-stops-")))
        watch = stack.enter_context(SlotWatch())
        command = choose_endless_engine(write_endless_model(directory / "endless.gguf"), batch)
        engine = stack.enter_context(EngineProcess(command, start_timeout_s=60))
        port = int(engine.url.rpartition(":")[2])
        gateway = stack.enter_context(contextlib.closing(processes.start_triglot(port, engine.key)))
        assert engine.pid is not None
        for task in Path(f"/proc/{gateway.pid}/task").iterdir():
            os.sched_setaffinity(int(task.name), os.sched_getaffinity(0))  # it shares the cores, as with users
        yield Stand(gateway.port, port, engine.key, watch, (gateway.pid, engine.pid))


@contextlib.contextmanager
def _read_on(client: Client) -> Iterator[None]:
    """Read a stream in a thread until it is closed here."""

    def read() -> None:
        with contextlib.suppress(OSError, ValueError):
            client.read_to_end()

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        yield
    finally:
        client.leave()
        reader.join()
        client.close()


def main() -> None:
    """Measure, print and write."""
    options = _parse()
    logging.getLogger("triglot.engine").propagate = False
    situations = [Situation(*one) for one in product(options.loads, options.phases, STOPS, traffic.PATHS, (True, False))]
    tries: dict[Situation, list[Try]] = {situation: [] for situation in situations}
    busy_before = os.getloadavg()[1]
    with open_stand(options.batch) as stand:
        for _ in range(options.tries):  # in rounds, so that a noisy minute is everybody's
            for load in options.loads:
                with stand.load(load):
                    for situation in situations:
                        if situation.load == load:
                            tries[situation].append(stand.stop_one(situation))
            _progress(f"{len(tries[situations[0]])} of {options.tries}")
    print(f"\r{render(tries)}")
    print(f"\n{_write(tries, options.batch, busy_before)}")
    if any(one.free_ms > LIMIT_MS and max(one.waited_ms) < DISTURBED_MS for found in tries.values() for one in found):
        raise SystemExit(f"a slot was free after more than {LIMIT_MS:.0f} ms, and not for want of a core")


def render(tries: dict[Situation, list[Try]]) -> str:
    """A table: median, and in brackets the longest, in ms."""
    columns = list(dict.fromkeys((situation.dialect, situation.stream) for situation in tries))
    heads = [f"{dialect}, {'streamed' if stream else 'whole'}" for dialect, stream in columns]
    lines = ["| ms: median (longest) | " + " | ".join(heads) + " |", "|---|" + "---|" * len(columns)]
    for load, phase, stop in dict.fromkeys(situation[:3] for situation in tries):
        cells = [_cell([one.free_ms for one in tries[Situation(load, phase, stop, *column)]]) for column in columns]
        lines.append(f"| {load}, {phase}, by {stop} | " + " | ".join(cells) + " |")
    everything = [one for found in tries.values() for one in found]
    undisturbed = [one for one in everything if max(one.waited_ms) < DISTURBED_MS]
    lines += ["", f"all {len(everything)}: {_cuts(everything)}"]
    lines.append(f"the {len(undisturbed)} in which no process waited {DISTURBED_MS:.0f} ms for a core: {_cuts(undisturbed)}")
    return "\n".join(lines)


def _cuts(tries: list[Try]) -> str:
    times = sorted(one.free_ms for one in tries)
    return ", ".join(f"{share:.0%} {times[int(share * (len(times) - 1))]:.0f}" for share in (0.5, 0.9, 0.99, 1) if times) + " ms"


def _cell(values: list[float]) -> str:
    return f"{statistics.median(values):.0f} ({max(values):.0f})"


def _write(tries: dict[Situation, list[Try]], batch: int | None, busy_before: float) -> Path:
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / time.strftime("stops-%Y%m%dT%H%M%S.json", time.gmtime())
    rows: list[dict[str, Any]] = [{**situation._asdict(), "tries": [one._asdict() for one in found]} for situation, found in tries.items()]
    machine = {"system": platform.platform(), "cores": len(os.sched_getaffinity(0)), "load": [busy_before, os.getloadavg()[1]]}
    path.write_text(json.dumps({"machine": machine, "batch": batch, "situations": rows}, indent=1) + "\n")
    return path


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.stops", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tries", type=int, default=20, help="of each situation (default: 20)")
    parser.add_argument("--loads", nargs="+", choices=LOADS, default=LOADS, help="what else goes on (default: both)")
    parser.add_argument("--phases", nargs="+", choices=PHASES, default=PHASES, help="what the engine is at (default: both)")
    parser.add_argument("--batch", type=int, help="tokens of a prompt that the engine reads at a time (default: its own number)")
    return parser.parse_args()


def _progress(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
