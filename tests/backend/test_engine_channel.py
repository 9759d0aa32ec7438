"""Questions to the process that owns the engine."""

from __future__ import annotations

import threading
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client
from typing import TYPE_CHECKING

import pytest

from triglot.backend.engine_channel import ChannelError, EngineChannel, ask

if TYPE_CHECKING:
    from pathlib import Path


def test_questions_are_answered_also_at_the_same_time(tmp_path: Path):
    both = threading.Barrier(2, timeout=10)

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


def test_an_owner_that_has_gone_is_an_error(tmp_path: Path):
    with pytest.raises(ChannelError):
        ask(tmp_path, b"anyone?")
    with EngineChannel(tmp_path, bytes):
        door = (tmp_path / "engine.door").read_bytes()
    (tmp_path / "engine.door").write_bytes(door)  # as after kill -9
    with pytest.raises(ChannelError):
        ask(tmp_path, b"anyone?")
    with EngineChannel(tmp_path, bytes):
        assert ask(tmp_path, b"back again") == b"back again"
