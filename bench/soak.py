"""Runs the soak: `python -m bench.soak`, or `nox -s soak`.

So many requests are open at any time, of all three dialects, most of them streams at a pace; one in ten is stopped halfway, by closing its
connection in any phase or by one of its ids. There are fewer slots than requests, so that some always wait. Looked at before, meanwhile
and after: what the gateway has in memory, in files, tasks, threads, connections, and in objects of its own classes. At the end all of it
must be back where it was after a warm-up as long as two of the longest answers, every answer that was not stopped must have been whole, a
full complement of requests must be in the backend at once, and nothing may have been written to stderr. The exit status says so.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from bench import processes, traffic
from bench.machine import RESULTS, describe

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bench.processes import Told

MEMORY_SHARE: Final = 0.10
MEMORY_SLACK_KB: Final = 4096
"""How much larger resident memory may be at the end than after the warm-up: for holes that the allocator cannot give back, and what SQLite
keeps."""
_PATIENCE_S: Final = 60.0
_SETTLE_S: Final = 10.0
_LEAST_FILL_S: Final = 2.0
_FILL_S: Final = 0.01  # for each request: on a busy machine setting one up takes half of it
_STOPPED: Final = 0.1
_SLOT_SHARE: Final = 0.9


class Sample(msgspec.Struct, frozen=True):
    """What the gateway holds at one moment.

    Attributes:
        moment: where in the run.
        at_s: seconds since its begin.
        rss_kb, uss_kb: resident memory, and the part of it that is the gateway's alone.
        files, threads, tasks: open file descriptors, threads, asyncio tasks.
        upstream: connections that the backend sees.
        requests: answers that the backend is making.
        cpu_s: CPU time used so far.
        objects: of the gateway's own classes, by class.
    """

    moment: str
    at_s: float
    rss_kb: int
    uss_kb: int
    files: int
    threads: int
    tasks: int
    upstream: int
    requests: int
    cpu_s: float
    objects: dict[str, int]


class Outcome(msgspec.Struct, frozen=True):
    """What has come of the run.

    Attributes:
        counts: of the clients' requests and their ends.
        failures: answers that were neither whole nor stopped.
        admitted: of how many requests at once the backend had how many within the time.
        status: with which the gateway ended after SIGTERM; None if it did not.
        stderr: what it wrote there.
    """

    counts: dict[str, int]
    failures: list[str]
    admitted: tuple[int, int]
    status: int | None
    stderr: str


class Gateway:
    """A gateway that can be looked at.

    Args:
        upstream: the backend's port.
        directory: for its state, its stderr and what it counts.
    """

    def __init__(self, upstream: int, directory: Path) -> None:
        self._census = directory / "census.json"
        self._stderr = directory / "stderr"
        self.port = processes.free_port()
        options = {
            "--backend": f"http://{traffic.HOST}:{upstream}",
            "--host": traffic.HOST,
            "--port": str(self.port),
            "--log-level": "warning",
            "--queue-limit": "100000",
            "--state": str(directory / "state.sqlite3"),
            "--state-max-bytes": str(64 << 20),
        }
        command = [sys.executable, "-m", "bench.watched", "serve", *(text for option in options.items() for text in option)]
        with self._stderr.open("wb") as stderr:
            environment = {"BENCH_CENSUS": str(self._census)}
            self._subject = processes.Subject("triglot", command, self.port, environment=environment, stderr=stderr.fileno())
        with urllib.request.urlopen(f"http://{traffic.HOST}:{self.port}/v1/models") as answer:  # it listens before its loop runs
            answer.read()

    def look(self, moment: str, at_s: float, upstream: Told) -> Sample:
        """Take a sample."""
        process = Path(f"/proc/{self._subject.pid}")
        seen = upstream("tally")
        census = self._count()
        rollup = {line.split(":")[0]: line.split()[1] for line in (process / "smaps_rollup").read_text().splitlines()[1:]}
        return Sample(
            moment=moment,
            at_s=round(at_s, 1),
            rss_kb=int(rollup["Rss"]),
            uss_kb=int(rollup["Private_Clean"]) + int(rollup["Private_Dirty"]),
            files=len(list((process / "fd").iterdir())),
            threads=len(list((process / "task").iterdir())),
            tasks=census["tasks"],
            upstream=seen["connections"],
            requests=seen["open"],
            cpu_s=round(self._subject.cpu_s(), 2),
            objects=census["objects"],
        )

    def end(self) -> tuple[int | None, str]:
        """Ask it to end; gives its status and all that it wrote to stderr."""
        return self._subject.terminate(), self._stderr.read_text()

    def close(self) -> None:
        """End it by force, if it has not ended."""
        self._subject.close()

    def _count(self) -> dict[str, Any]:
        self._census.unlink(missing_ok=True)
        os.kill(self._subject.pid, signal.SIGUSR1)
        if not _wait_for(self._census.exists):
            raise SystemExit("the gateway does not answer the signal")
        census: dict[str, Any] = json.loads(self._census.read_text())
        return census


class Soak:
    """One run.

    Args:
        streams: requests open at any time.
        seconds: how long.
        every_s: between two samples.
        rate: pieces a second of each answer.
        events: the smallest and the largest number of pieces of an answer.
        tell: is given each sample.
    """

    def __init__(  # noqa: PLR0913 - keywords
        self,
        *,
        streams: int,
        seconds: float,
        every_s: float,
        rate: float,
        events: tuple[int, int],
        tell: Callable[[Sample], None],
    ) -> None:
        self._streams = streams
        self._slots = max(int(streams * _SLOT_SHARE), 1)
        self._seconds = seconds
        self._every_s = every_s
        self._rate = rate
        self._events = events
        self._life_s = events[1] / rate
        self._tell = tell
        self._start = time.monotonic()
        self.samples: list[Sample] = []

    def run(self) -> Outcome:
        """Run it."""
        with contextlib.ExitStack() as stack:
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-soak-")))
            self._upstream = stack.enter_context(contextlib.closing(processes.Told("bench.soak_upstream")))
            self._upstream("soak", rate=self._rate, prefill_s=2.0, slots=self._slots)
            self._clients = stack.enter_context(contextlib.closing(processes.Told("bench.soak_clients")))
            self._gateway = stack.enter_context(contextlib.closing(Gateway(self._upstream.greeting["port"], directory)))
            self._look("started")
            self._load(self._streams, 2 * self._life_s, stopped=_STOPPED, events=self._events)
            self._finish()
            self._look("warm")
            end = time.monotonic() + self._seconds
            self._load(self._streams, self._seconds, stopped=_STOPPED, events=self._events)
            while (left := end - time.monotonic()) > 0:
                time.sleep(min(left, self._every_s))
                self._look("under load")
            self._finish()
            admitted = self._fill()
            self._finish()
            self._look("after")
            tally = self._clients("tally")
            status, stderr = self._gateway.end()
        return Outcome(tally["counts"], tally["failures"], (admitted, self._slots), status, stderr)

    def _load(self, streams: int, seconds: float, *, stopped: float, events: tuple[int, int]) -> None:
        order = {"port": self._gateway.port, "rate": self._rate, "events": events, "stopped": stopped}
        self._clients("soak", streams=streams, seconds=seconds, **order)

    def _fill(self) -> int:
        """Send as many requests as there are slots; gives how many of them the backend has at once, before the first one ends."""
        pieces = int(self._rate * (_LEAST_FILL_S + self._slots * _FILL_S))
        self._load(self._slots, 0.0, stopped=0.0, events=(pieces, pieces))
        _wait_for(lambda: self._upstream("tally")["open"] == self._slots, _SETTLE_S)
        return int(self._upstream("tally")["open"])

    def _finish(self) -> None:
        """Wait until the clients have their answers, and what the gateway keeps open for a while is closed."""
        if not _wait_for(lambda: self._clients("tally")["open"] == 0, 3 * self._life_s + _PATIENCE_S):
            raise SystemExit(f"{self._clients('tally')['open']} requests do not end")
        _wait_for(lambda: self._upstream("tally")["connections"] == 0, _SETTLE_S)

    def _look(self, moment: str) -> None:
        sample = self._gateway.look(moment, time.monotonic() - self._start, self._upstream)
        self.samples.append(sample)
        self._tell(sample)


def find_faults(samples: Sequence[Sample], outcome: Outcome) -> list[str]:
    """What is not as it has to be at the end of a run, in words."""
    warm, after = (next(sample for sample in samples if sample.moment == moment) for moment in ("warm", "after"))
    faults = []
    for name in ("rss_kb", "uss_kb"):
        before, now = getattr(warm, name), getattr(after, name)
        if now > before * (1 + MEMORY_SHARE) + MEMORY_SLACK_KB:
            faults.append(f"{name} was {before} and is {now}")
    counted = {name: (getattr(warm, name), getattr(after, name)) for name in ("files", "threads", "tasks", "upstream", "requests")}
    counted |= {f"objects {name}": (warm.objects.get(name, 0), count) for name, count in after.objects.items()}
    faults += [f"{name}: {before} before, {now} after" for name, (before, now) in counted.items() if now > before]
    counts = outcome.counts
    faults += [f"an answer is neither whole nor stopped: {failure}" for failure in outcome.failures]
    if counts.get("wrong"):
        faults.append(f"{counts['wrong']} answers are wrong")
    if counts.get("cut", 0) > counts.get("cancels that met their request", 0):
        faults.append(f"{counts['cut']} answers were cut, but only {counts.get('cancels that met their request', 0)} were asked to")
    ended = counts.get("whole", 0) + counts.get("cut", 0) + counts.get("wrong", 0)
    gone = sum(count for name, count in counts.items() if name.startswith("disconnected"))
    if ended + gone != counts["requests"]:
        faults.append(f"of {counts['requests']} requests {ended} ended and {gone} were given up")
    if outcome.admitted[0] != outcome.admitted[1]:
        faults.append(f"afterwards only {outcome.admitted[0]} of {outcome.admitted[1]} requests were in the backend at once")
    if outcome.status != 0:
        faults.append(f"the gateway ended with {outcome.status}")
    if outcome.stderr:
        faults.append(f"on stderr: {outcome.stderr[:2000]}")
    return faults


def _wait_for(is_so: Callable[[], bool], within_s: float = _PATIENCE_S) -> bool:
    end = time.monotonic() + within_s
    while not (result := is_so()) and time.monotonic() < end:
        time.sleep(0.05)
    return result


_COLUMNS: Final = ("rss_kb", "uss_kb", "files", "threads", "tasks", "upstream", "requests", "cpu_s")


def _show(sample: Sample) -> None:
    if sample.moment == "started":
        print(f"{'':12}{'s':>8}" + "".join(f"{name.replace('_', ' '):>10}" for name in (*_COLUMNS, "objects")))
    cells = [*(getattr(sample, name) for name in _COLUMNS), sum(sample.objects.values())]
    print(f"{sample.moment:12}{sample.at_s:>8}" + "".join(f"{cell:>10}" for cell in cells), flush=True)


def _write(samples: Sequence[Sample], outcome: Outcome, faults: Sequence[str], options: Mapping[str, Any]) -> Path:
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / time.strftime("soak-%Y%m%dT%H%M%S.json", time.gmtime())
    document = {"machine": describe(), "options": options, "samples": samples, "outcome": outcome, "faults": faults}
    path.write_bytes(msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n")
    return path


def main() -> None:
    """Run, print, write, judge."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long (default: 10)")
    parser.add_argument("--streams", type=int, default=1000, help="requests that are open at any time (default: 1000)")
    parser.add_argument("--every", type=float, default=30.0, metavar="SECONDS", help="between two samples (default: 30)")
    parser.add_argument("--rate", type=float, default=4.0, help="pieces a second of each answer (default: 4)")
    parser.add_argument("--events", type=int, nargs=2, default=(20, 100), metavar=("LEAST", "MOST"), help="pieces of an answer")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    pace = {"rate": options.rate, "events": tuple(options.events)}
    soak = Soak(streams=options.streams, seconds=options.minutes * 60, every_s=options.every, tell=_show, **pace)
    outcome = soak.run()
    faults = find_faults(soak.samples, outcome)
    print(*(f"  {name}: {count}" for name, count in sorted(outcome.counts.items())), sep="\n")
    print(f"  in the backend at once afterwards: {outcome.admitted[0]} of {outcome.admitted[1]}")
    print(f"\nwritten to {_write(soak.samples, outcome, faults, vars(options))}")
    if faults:
        raise SystemExit("\n".join(faults))


if __name__ == "__main__":
    main()
