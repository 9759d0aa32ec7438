"""Loads, swaps and ends of engines, with programs that only look like engines."""

from __future__ import annotations

import errno
import os
import select
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from triglot import demo
from triglot.backend import engine_host, process, procfs
from triglot.backend.checks import check
from triglot.backend.engine_host import BusyError, EngineHost
from triglot.backend.engine_state import FILE_NAME, EngineState, StateReader
from triglot.backend.options import EngineOptions
from triglot.backend.process import EngineCommand

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from triglot.backend.engine_state import Load

FAKE = Path(__file__).with_name("fake_engine.py")
OPTIONS = EngineOptions(model=str(demo.MODEL), alias="fake")
REPORT = check(OPTIONS, context=None)


def fake(*words: str) -> EngineCommand:
    return EngineCommand("a fake engine", "fake", (sys.executable, str(FAKE), *words))


def ends(pid: int, timeout_s: float = 60.0) -> bool:
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], timeout_s)[0])
    finally:
        os.close(handle)


class Stage:
    """A host, and what others see of it."""

    def __init__(self, directory: Path, **options: Any) -> None:
        self.host = EngineHost(directory, **{"start_timeout_s": 60, "drain_s": 60, "hang_s": None, **options})
        self.directory = directory
        self._reader = StateReader(directory)

    @property
    def seen(self) -> EngineState:
        return self._reader.look()

    def load(self, *words: str, swap: str = "beside", alias: str = "fake") -> Load:
        options = EngineOptions(model=OPTIONS.model, alias=alias)
        return self.host.load(fake(*words), "embedded", options, swap=swap, report=REPORT)

    def loaded(self, *words: str, **options: str) -> Load:
        return self.host.wait(self.load(*words, **options).id)

    def until(self, condition: Callable[[EngineState], bool], timeout_s: float = 60.0) -> EngineState:
        deadline = time.monotonic() + timeout_s
        while not condition(state := self.seen):
            assert time.monotonic() < deadline, f"it did not come to that: {state}"
            time.sleep(0.01)
        return state


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setattr(engine_host, "PROGRESS_INTERVAL_S", 0.02)
    monkeypatch.setattr(engine_host, "DRAIN_INTERVAL_S", 0.02)
    monkeypatch.setattr(engine_host, "KEEP_INTERVAL_S", 0.02)
    before = set(procfs.family(os.getpid()))
    stage = Stage(tmp_path)
    with closing(stage.host):
        yield stage
    assert set(procfs.family(os.getpid())) <= before, "an engine is left over"
    assert stage.seen.state == "stopping"


def pid_at(url: str) -> int:
    """The engine that listens there."""
    port = url.rpartition(":")[2]
    return next(
        pid for pid in procfs.family(os.getpid()) if Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[-2:-1] == [port.encode()]
    )


def test_nothing_is_there_before_the_first_load(stage: Stage):
    assert stage.seen == EngineState(state="unloaded")
    assert stage.host.cancel() is False
    assert stage.host.unload().state == "unloaded"


def test_a_load_ends_ready_and_tells_where_the_engine_is(stage: Stage):
    load = stage.load()
    assert (load.state, load.bytes_loaded, load.bytes_total) == ("loading", None, demo.MODEL.stat().st_size)
    assert stage.seen.state == "loading"
    assert stage.host.wait(load.id).state == "ready"
    state = stage.seen
    assert (state.state, state.serial, state.load.phase, state.load.bytes_loaded) == ("ready", 1, "done", demo.MODEL.stat().st_size)
    assert state.engine.options.alias == "fake"
    assert ends(pid_at(state.url), 0) is False


def test_the_old_engine_serves_until_the_new_one_is_ready(stage: Stage, tmp_path: Path):
    stage.loaded(alias="old")
    old = stage.seen.url
    load = stage.load("slow", str(tmp_path / "go"), alias="new")
    state = stage.until(lambda state: state.load.elapsed_s > 0.1)
    assert (state.state, state.url, state.engine.options.alias, state.load.alias, state.load.state) == (
        "ready",
        old,
        "old",
        "new",
        "loading",
    )
    old_pid = pid_at(old)
    (tmp_path / "go").touch()
    assert stage.host.wait(load.id).state == "ready"
    state = stage.seen
    assert (state.serial, state.engine.options.alias) == (2, "new")
    assert state.url != old
    assert ends(old_pid)


def test_answers_of_the_old_engine_may_end(stage: Stage, tmp_path: Path):
    stage.loaded("busy", str(tmp_path / "done"))
    old_pid = pid_at(stage.seen.url)
    stage.loaded()
    assert not ends(old_pid, 0.3)
    (tmp_path / "done").touch()
    assert ends(old_pid)


def test_answers_of_the_old_engine_are_not_waited_for_for_ever(tmp_path: Path):
    stage = Stage(tmp_path, drain_s=0.2)
    with closing(stage.host):
        stage.loaded("busy", str(tmp_path / "never"))
        old_pid = pid_at(stage.seen.url)
        stage.loaded()
        assert ends(old_pid)


def test_where_memory_is_short_the_old_engine_ends_first(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(procfs, "available_bytes", lambda: REPORT.memory_bytes)
    stage.loaded("busy", str(tmp_path / "done"))
    old_pid = pid_at(stage.seen.url)
    load = stage.load(swap="auto")
    state = stage.until(lambda state: state.state == "loading")
    assert (state.url, state.load.phase) == (None, "waiting")
    assert not ends(old_pid, 0.1)
    (tmp_path / "done").touch()
    assert stage.host.wait(load.id).state == "ready"
    assert ends(old_pid, 0)


@pytest.mark.parametrize("swap", ["beside", "after"])
def test_a_load_that_fails_leaves_the_old_model_served(stage: Stage, swap: str, caplog: pytest.LogCaptureFixture):
    stage.loaded(alias="old")
    load = stage.loaded("broken", alias="new", swap=swap)
    assert (load.state, load.phase) == ("failed", "starting")
    assert load.error.endswith("  | no such tensor")
    state = stage.seen
    assert (state.state, state.engine.options.alias) == ("ready", "old")
    assert not ends(pid_at(state.url), 0)
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_of_a_first_load_that_fails_its_beginner_tells_and_of_later_ones_the_log(stage: Stage, caplog: pytest.LogCaptureFixture):
    first = stage.loaded("broken")
    assert (first.state, caplog.records) == ("failed", [])
    assert stage.loaded("broken").state == "failed"
    assert len(caplog.records) == 1
    assert stage.host.wait(first.id) is None


def test_who_waits_for_a_load_does_not_wait_for_ever(tmp_path: Path):
    stage = Stage(tmp_path)
    load, waited = stage.load("never-ready"), []
    waiting = threading.Thread(target=lambda: waited.append(stage.host.wait(load.id)))
    waiting.start()
    stage.host.close()
    waiting.join(60)
    assert waited == [None]


def test_one_load_at_a_time(stage: Stage):
    stage.load("never-ready", alias="slow")
    with pytest.raises(BusyError, match="slow is being loaded: wait for its end, or cancel it"):
        stage.load()
    with pytest.raises(BusyError):
        stage.host.unload()


@pytest.mark.parametrize("swap", ["beside", "after"])
def test_a_load_can_be_cancelled(stage: Stage, swap: str):
    stage.loaded(alias="old")
    load = stage.load("never-ready", alias="new", swap=swap)
    stage.until(lambda state: state.load.phase == "starting" and state.load.id == load.id)
    assert stage.host.cancel("load_of_another") is False
    assert stage.host.cancel(load.id) is True
    load = stage.host.wait(load.id)
    assert (load.state, load.error) == ("cancelled", None)
    state = stage.seen
    assert (state.state, state.engine.options.alias) == ("ready", "old")
    assert stage.host.cancel() is False
    assert stage.loaded().state == "ready"


def test_a_load_that_waits_for_answers_can_be_cancelled(stage: Stage, tmp_path: Path):
    stage.loaded("busy", str(tmp_path / "never"))
    old = stage.seen
    load = stage.load(swap="after")
    stage.until(lambda state: state.load.phase == "waiting")
    assert stage.host.cancel()
    assert stage.host.wait(load.id).state == "cancelled"
    assert (stage.seen.url, stage.seen.serial) == (old.url, old.serial)
    (tmp_path / "never").touch()


def test_unloading_lets_answers_end(stage: Stage, tmp_path: Path):
    stage.loaded("busy", str(tmp_path / "done"))
    pid = pid_at(stage.seen.url)
    assert stage.host.unload().state == "stopping"
    assert stage.seen.url is None
    with pytest.raises(BusyError, match="is being stopped"):
        stage.load()
    assert not ends(pid, 0.1)
    (tmp_path / "done").touch()
    state = stage.until(lambda state: state.state == "unloaded")
    assert (state.engine, state.url) == (None, None)
    assert ends(pid, 0)
    assert stage.loaded().state == "ready"


def test_a_crash_is_told_and_mended(stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture):
    monkeypatch.setattr(process, "FIRST_DELAY_S", 0.3)
    stage.loaded()
    url = stage.seen.url
    os.kill(pid_at(url), signal.SIGKILL)
    state = stage.until(lambda state: state.state == "restarting")
    assert (state.url, state.retry_s, state.engine.options.alias) == (None, 0.3, "fake")
    state = stage.until(lambda state: state.state == "ready")
    assert (state.serial, state.restarts) == (2, 1)
    assert state.url is not None
    assert len(caplog.records) == 1


def test_an_engine_that_does_not_come_back_is_told_apart(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(process, "FIRST_DELAY_S", 0.01)
    flag = tmp_path / "broken"
    code = f"import os, runpy, sys\nif os.path.exists({str(flag)!r}): sys.exit(3)\nrunpy.run_path({str(FAKE)!r}, run_name='__main__')"
    command = EngineCommand("a fake engine", "fake", (sys.executable, "-c", code))
    assert stage.host.wait(stage.host.load(command, "embedded", OPTIONS, report=REPORT).id).state == "ready"
    flag.touch()
    os.kill(pid_at(stage.seen.url), signal.SIGKILL)
    state = stage.until(lambda state: state.state == "failed")
    assert state.url is None
    assert state.retry_s > 0.01
    flag.unlink()
    stage.until(lambda state: state.state == "ready")


def test_a_model_can_be_loaded_in_place_of_an_engine_that_keeps_dying(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(process, "FIRST_DELAY_S", 30.0)
    stage.loaded()
    os.kill(pid_at(stage.seen.url), signal.SIGKILL)
    stage.until(lambda state: state.state == "restarting")
    assert stage.loaded(alias="new").state == "ready"
    assert stage.seen.engine.options.alias == "new"


def test_an_engine_that_hangs_is_started_again(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    stage = Stage(tmp_path, hang_s=1.5)
    with closing(stage.host):
        stage.loaded()
        pid = pid_at(stage.seen.url)
        os.kill(pid, signal.SIGSTOP)
        assert ends(pid)
        stage.until(lambda state: state.restarts == 1)
    assert "has given no sign of life for 1.5 s" in caplog.text


def test_closing_ends_everything_at_once(tmp_path: Path):
    before = set(procfs.family(os.getpid()))
    stage = Stage(tmp_path)
    stage.loaded("busy", str(tmp_path / "never"))
    stage.load("never-ready")
    stage.until(lambda state: state.load.phase == "starting" and len(procfs.family(os.getpid())) >= len(before) + 2)
    began = time.monotonic()
    stage.host.close()
    assert time.monotonic() - began < 30
    assert set(procfs.family(os.getpid())) <= before
    with pytest.raises(BusyError, match="triglot is stopping"):
        stage.load()


def test_the_engine_of_the_state_asks_for_the_key_of_the_state(stage: Stage):
    stage.loaded()
    keys = {stage.seen.key}
    os.kill(pid_at(stage.seen.url), signal.SIGKILL)
    state = stage.until(lambda state: state.restarts == 1)
    keys.add(state.key)
    assert len(keys) == 2
    request = urllib.request.Request(f"{state.url}/props", headers={"authorization": f"Bearer {state.key}"})
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200
    stage.host.unload()
    assert stage.until(lambda state: state.state == "unloaded").key is None


def test_a_state_that_somebody_removed_is_written_again(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    stage.loaded()
    state = stage.seen
    (tmp_path / FILE_NAME).unlink()
    wait_until((tmp_path / FILE_NAME).exists)
    assert StateReader(tmp_path).look() == state


def test_a_directory_that_somebody_removed_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(engine_host, "KEEP_INTERVAL_S", 0.02)
    directory = tmp_path / "run"
    directory.mkdir()
    stage = Stage(directory)
    with closing(stage.host):
        stage.loaded()
        directory.rename(tmp_path / "gone")  # at once: what removes file after file may meet one that was just written again
        wait_until((directory / FILE_NAME).exists)
        assert directory.stat().st_mode & 0o777 == 0o700
        assert stage.loaded(alias="new").state == "ready"


@pytest.mark.parametrize("when", ["load", "end"])
def test_a_state_that_cannot_be_written_stops_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, when: str
):
    stage.loaded(alias="old")
    write, full = engine_host.write_state, threading.Event()

    def fail(directory: Path, state: EngineState) -> None:
        if full.is_set():
            raise OSError(errno.ENOSPC, "No space left on device")
        write(directory, state)
        if when == "end" and state.load is not None and state.load.state == "loading":
            full.set()

    monkeypatch.setattr(engine_host, "write_state", fail)
    if when == "load":
        full.set()
    assert stage.loaded(alias="new").state == "ready"
    assert stage.loaded(alias="newer").state == "ready"
    assert StateReader(stage.directory).look().engine.options.alias == "old"
    full.clear()
    stage.until(lambda state: state.state == "ready" and state.engine.options.alias == "newer")
    assert [record.getMessage() for record in caplog.records] == [
        "the state of the engine cannot be written, and is tried again: [Errno 28] No space left on device"
    ]


@pytest.mark.parametrize("swap", ["beside", "after"])
@pytest.mark.parametrize("place", ["_drain", "_new_process", "_watch_nothing"])
def test_a_load_that_meets_a_fault_of_ours_ends_and_the_old_model_stays(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, swap: str, place: str
):
    stage.loaded(alias="old")
    whole, faults = getattr(stage.host, place, None), [ZeroDivisionError("a fault")]

    def fail(*arguments: Any) -> Any:
        if faults:
            raise faults.pop()
        return whole(*arguments)

    if place == "_watch_nothing":
        monkeypatch.setattr(threading.Thread, "start", fail_once(threading.Thread.start, "engine progress"))
    elif place == "_drain" and swap == "beside":
        pytest.skip("the old engine is not drained before")
    else:
        monkeypatch.setattr(stage.host, place, fail)
    load = stage.loaded(alias="new", swap=swap)
    assert (load.state, load.error) == ("failed", "triglot failed on this load; its log has the reason")
    assert any(record.exc_info for record in caplog.records)
    assert (stage.seen.state, stage.seen.engine.options.alias) == ("ready", "old")
    assert not ends(pid_at(stage.seen.url), 0)
    monkeypatch.undo()
    assert stage.loaded(alias="newer").state == "ready"


def test_a_load_that_cannot_even_begin_is_not_remembered(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    stage.loaded(alias="old")
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", fail_once(threading.Thread.start, "engine load"))
        with pytest.raises(RuntimeError, match="can't start new thread"):
            stage.load(alias="new")
    assert stage.loaded(alias="newer").state == "ready"
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", fail_once(threading.Thread.start, "engine unload"))
        with pytest.raises(RuntimeError, match="can't start new thread"):
            stage.host.unload()
    assert stage.host.unload().state == "stopping"


def fail_once(start: Callable[[threading.Thread], None], name: str) -> Callable[[threading.Thread], None]:
    """`Thread.start`, which fails for the first thread of this name."""
    faults = [RuntimeError("can't start new thread")]

    def fail(thread: threading.Thread) -> None:
        if thread.name == name and faults:
            raise faults.pop()
        start(thread)

    return fail


def wait_until(condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.01)


def test_loads_that_are_begun_and_cancelled_at_once_leave_nothing(stage: Stage):
    stage.loaded(alias="old")
    for _ in range(5):
        load = stage.load(alias="new")
        threading.Thread(target=stage.host.cancel).start()
        assert stage.host.wait(load.id).state in ("cancelled", "ready")
    assert stage.seen.state == "ready"
    assert not ends(pid_at(stage.seen.url), 0)


HOST = """
import sys
from pathlib import Path
from triglot import demo
from triglot.backend.checks import check
from triglot.backend.engine_host import EngineHost
from triglot.backend.options import EngineOptions
from triglot.backend.process import EngineCommand
options = EngineOptions(model=str(demo.MODEL), alias="fake")
def load(*words):
    command = EngineCommand("", "fake", (*sys.argv[2:], *words))
    return host.load(command, "embedded", options, swap="beside", report=check(options, context=None))
host = EngineHost(Path(sys.argv[1]), start_timeout_s=60, drain_s=60, hang_s=None)
host.wait(load("busy", "/no/such/file").id)
host.wait(load("busy", "/no/such/file").id)
load("never-ready")
print("ready", flush=True)
input()
"""


@pytest.mark.parametrize("foreign", [False, True], ids=["own", "foreign"])
def test_no_engine_outlives_a_killed_gateway_in_the_middle_of_a_swap(tmp_path: Path, foreign: bool):
    """Three of them run then: the old one with an answer under way, the one that serves, and one that is being loaded."""
    leash = [sys.executable, "-m", "triglot.backend.leash"] if foreign else []
    command = [sys.executable, "-c", HOST, str(tmp_path), *leash, sys.executable, str(FAKE), *(["deaf"] if foreign else [])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as gateway:
        assert gateway.stdout.readline() == b"ready\n"
        wanted = 7 if foreign else 4
        deadline = time.monotonic() + 60
        while len(family := procfs.family(gateway.pid)) < wanted:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        gateway.kill()
    assert all(ends(pid) for pid in family)
