from __future__ import annotations

import multiprocessing
import os
import stat

import pytest

from triglot.state import keys
from triglot.state.keys import signing_key_for
from triglot.state.store import StoreError


def ask(start, state_file, answers):
    start.wait(60)
    answers.put(signing_key_for(state_file))


def test_the_key_is_made_once_and_kept_private(tmp_path):
    state_file = tmp_path / "new" / "triglot" / "state.sqlite3"
    key = signing_key_for(state_file)
    assert len(key) >= 32
    assert signing_key_for(state_file) == key
    [file] = state_file.parent.iterdir()
    assert (file.name, stat.S_IMODE(file.stat().st_mode)) == ("signing.key", 0o600)
    assert stat.S_IMODE(state_file.parent.stat().st_mode) == 0o700
    assert key in file.read_text()


def test_state_in_memory_has_a_new_key_each_time():
    assert signing_key_for(None) != signing_key_for(None)


def test_processes_that_race_end_with_one_key(tmp_path):
    context = multiprocessing.get_context("spawn")
    start, answers = context.Barrier(4), context.SimpleQueue()
    processes = [context.Process(target=ask, args=(start, tmp_path / "state.sqlite3", answers)) for _ in range(4)]
    for process in processes:
        process.start()
    assert len({answers.get() for _ in processes}) == 1
    for process in processes:
        process.join(30)
    assert [path.name for path in tmp_path.iterdir()] == ["signing.key"]


def test_a_key_that_another_process_makes_meanwhile_wins(tmp_path, monkeypatch):
    state_file = tmp_path / "state.sqlite3"
    made = []

    def link(source, target, really=os.link):
        if not made:
            made.append("the-other-process-key")
            (tmp_path / "other").write_text(made[0])
            (tmp_path / "other").chmod(0o600)
            really(tmp_path / "other", target)
        really(source, target)

    monkeypatch.setattr(keys.os, "link", link)
    assert signing_key_for(state_file) == "the-other-process-key"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "signing.key"]


@pytest.mark.parametrize("content", [b"", b"short", b"\xff" * 40, b"0123456789\x00\x01\x02\x03\x04\x05\x06\x07"])
def test_a_file_without_a_key_is_named(tmp_path, content):
    (tmp_path / "signing.key").write_bytes(content)
    (tmp_path / "signing.key").chmod(0o600)
    with pytest.raises(StoreError, match=f"{tmp_path}/signing.key holds no signing key: remove it"):
        signing_key_for(tmp_path / "state.sqlite3")
    assert (tmp_path / "signing.key").read_bytes() == content


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_a_key_that_others_may_read_is_refused(tmp_path, mode):
    signing_key_for(tmp_path / "state.sqlite3")
    (tmp_path / "signing.key").chmod(mode)
    with pytest.raises(StoreError, match="others may read the signing key"):
        signing_key_for(tmp_path / "state.sqlite3")


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=f"cannot keep the signing key in {tmp_path}/file/signing.key: Not a directory; give one"):
        signing_key_for(tmp_path / "file" / "state.sqlite3")


def test_a_disk_that_is_full_leaves_nothing_behind(tmp_path, monkeypatch):
    def fail(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keys.os, "fsync", fail)
    with pytest.raises(StoreError, match="No space left on device"):
        signing_key_for(tmp_path / "state.sqlite3")
    assert list(tmp_path.iterdir()) == []
