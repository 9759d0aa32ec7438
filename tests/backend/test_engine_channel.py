"""Questions to the process that owns the engine."""

from __future__ import annotations

import threading
import time
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client
from typing import TYPE_CHECKING

import pytest

from triglot.backend import engine_channel
from triglot.backend.engine_channel import ChannelError, EngineChannel, ask

if TYPE_CHECKING:
    from pathlib import Path


def test_questions_are_answered_also_at_the_same_time(tmp_path: Path):
    both = threading.Barrier(2, timeout=60)

    def answer(question: bytes) -> bytes:
        both.wait()
        return question[::-1]

    answers = []
    with EngineChannel(tmp_path, answer):
        asking = [threading.Thread(target=lambda text=text: answers.append(ask(tmp_path, text))) for text in (b"abc", b"xyz")]
        for thread in asking:
            thread.start()
        for thread in asking:
            thread.join()
    assert sorted(answers) == [b"cba", b"zyx"]


def test_nobody_comes_in_without_the_key(tmp_path: Path):
    with EngineChannel(tmp_path, bytes):
        with pytest.raises((AuthenticationError, EOFError, OSError)):
            Client(str(tmp_path / "engine.sock"), authkey=b"guessed")
        Client(str(tmp_path / "engine.sock")).close()  # one that hangs up at the door
        assert ask(tmp_path, b"still there") == b"still there"
        assert (tmp_path / "engine.door").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("removed", [("engine.sock",), ("engine.door",), ("engine.sock", "engine.door")])
def test_a_door_that_somebody_removed_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, removed: tuple[str, ...]):
    monkeypatch.setattr(engine_channel, "LOOK_INTERVAL_S", 0.02)
    with EngineChannel(tmp_path, bytes):
        assert ask(tmp_path, b"hello") == b"hello"
        before = (tmp_path / "engine.door").read_bytes()
        for name in removed:
            (tmp_path / name).unlink()
        deadline = time.monotonic() + 60
        while (answer := try_to_ask(tmp_path)) is None:
            assert time.monotonic() < deadline
        assert answer == b"again"
        assert (tmp_path / "engine.door").read_bytes() != before
        assert (tmp_path / "engine.door").stat().st_mode & 0o077 == 0
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_comes_back_gets_its_door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(engine_channel, "LOOK_INTERVAL_S", 0.02)
    directory = tmp_path / "run"
    directory.mkdir()
    with EngineChannel(directory, bytes):
        directory.rename(tmp_path / "gone")  # at once: what removes file after file may meet one that was just made again
        time.sleep(0.1)  # a few looks in vain
        directory.mkdir()
        deadline = time.monotonic() + 60
        while try_to_ask(directory) is None:
            assert time.monotonic() < deadline
        directory.rename(tmp_path / "gone too")


def try_to_ask(directory: Path) -> bytes | None:
    try:
        return ask(directory, b"again")
    except ChannelError:
        return None


def test_an_owner_that_has_gone_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(engine_channel, "LOOK_INTERVAL_S", 0.02)
    with pytest.raises(ChannelError):
        ask(tmp_path, b"anyone?")
    with EngineChannel(tmp_path, bytes):
        door = (tmp_path / "engine.door").read_bytes()
    (tmp_path / "engine.door").write_bytes(door)  # as after kill -9
    with pytest.raises(ChannelError):
        ask(tmp_path, b"anyone?")
    with EngineChannel(tmp_path, bytes):
        assert ask(tmp_path, b"back again") == b"back again"
