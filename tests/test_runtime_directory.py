from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from triglot import runtime_directory
from triglot.runtime_directory import RuntimeDirectoryError, open_runtime_directory

HOLD = "import sys\nfrom triglot.runtime_directory import *\nwith open_runtime_directory(None) as path: print(path, flush=True); input()"


@pytest.fixture(autouse=True)
def base(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    base = tmp_path_factory.mktemp("base")  # a short one: sockets have to fit in
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(base))
    return base


def test_it_is_private_and_gone_at_the_end(base: Path):
    with open_runtime_directory(None) as path:
        assert path.parent == base
        assert path.stat().st_mode & 0o077 == 0
        (path / "something").touch()
    assert list(base.iterdir()) == []


def test_a_place_of_the_desktop_without_room_for_sockets_is_passed_over(
    base: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
):
    (base / ("x" * 80)).mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(base / ("x" * 80)))
    temporary = tmp_path_factory.mktemp("tmp")
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    with open_runtime_directory(None) as path:
        assert path.parent == temporary


@pytest.mark.parametrize("elsewhere", ["", "relative", "/no/such/directory"])
def test_without_a_place_of_the_desktop_it_is_among_temporary_files(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, elsewhere: str
):
    temporary = tmp_path_factory.mktemp("temporary")
    monkeypatch.setenv("XDG_RUNTIME_DIR", elsewhere)
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    with open_runtime_directory(None) as path:
        assert path.parent == temporary


def test_a_named_one_stays_and_is_for_one_gateway(base: Path):
    named = base / "deep" / "named"
    with open_runtime_directory(named) as path:
        assert path == named
        with pytest.raises(RuntimeDirectoryError, match="another triglot uses the runtime directory"), open_runtime_directory(named):
            pass
    with open_runtime_directory(named):
        assert named.is_dir()


def test_one_that_cannot_be_made_is_an_error(base: Path):
    (base / "file").touch()
    with pytest.raises(RuntimeDirectoryError, match="cannot be used: Not a directory"), open_runtime_directory(base / "file" / "x"):
        pass


def test_one_that_others_can_write_to_is_refused(base: Path, monkeypatch: pytest.MonkeyPatch):
    for mode in (0o777, 0o770, 0o702, 0o1777):
        open_to_all = base / oct(mode)
        open_to_all.mkdir()
        open_to_all.chmod(mode)
        with (
            pytest.raises(RuntimeDirectoryError, match=r"other users can write to .*: choose another"),
            open_runtime_directory(open_to_all),
        ):
            pass
        assert list(open_to_all.iterdir()) == []
    (base / "readable").mkdir(mode=0o755)
    with open_runtime_directory(base / "readable"):
        pass
    monkeypatch.setattr(os, "getuid", lambda: 1 + (base / "readable").stat().st_uid)
    with pytest.raises(RuntimeDirectoryError, match="other users can write to"), open_runtime_directory(base / "readable"):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="sockets have other names there")
def test_one_whose_path_leaves_no_room_for_sockets_is_refused(base: Path):
    room = runtime_directory.SOCKET_PATH_BYTES - len(os.fsencode(base)) - 1 - len("/cancel-0123456789abcdef.sock")
    with open_runtime_directory(base / ("x" * room)) as path, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path / "cancel-0123456789abcdef.sock"))
    with (
        pytest.raises(RuntimeDirectoryError, match=r"is too long for sockets: \d+ bytes fit"),
        open_runtime_directory(base / ("x" * room + "y")),
    ):
        pass


def test_its_lock_is_no_file_that_could_be_removed(base: Path):
    with open_runtime_directory(base / "named") as path:
        assert list(path.iterdir()) == []
        with pytest.raises(RuntimeDirectoryError, match="another triglot uses"), open_runtime_directory(path):
            pass


def test_what_a_killed_gateway_left_is_removed_and_what_another_one_uses_is_not(base: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(runtime_directory, "_FRESH_S", 0.0)
    holders = [subprocess.Popen([sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(2)]
    killed, running = [Path(os.fsdecode(holder.stdout.readline().strip())) for holder in holders]
    (base / "triglot-run-file").touch()
    holders[0].kill()
    holders[0].wait()
    assert killed.is_dir()
    with open_runtime_directory(None) as path:
        assert {entry.name for entry in base.iterdir()} == {running.name, path.name, "triglot-run-file"}
    for holder in holders:
        holder.communicate()


def test_a_fresh_one_is_left_alone(base: Path):
    (base / "triglot-run-new").mkdir()
    with open_runtime_directory(None):
        pass
    assert (base / "triglot-run-new").is_dir()
