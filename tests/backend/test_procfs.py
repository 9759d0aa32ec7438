"""What the system tells of processes."""

from __future__ import annotations

import mmap
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from triglot.backend import procfs

if TYPE_CHECKING:
    from pathlib import Path

MIB = 1 << 20
HOLDER = """
import mmap, sys
file = open(sys.argv[1], "rb")
if sys.argv[2] == "map":
    mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    for page in range(0, int(sys.argv[3]), mmap.PAGESIZE): mapped[page]
else:
    file.read(int(sys.argv[3]))
print("held", flush=True)
input()
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "weights of a model"
    path.write_bytes(bytes(4 * MIB))
    return path


@pytest.mark.parametrize(("how", "size"), [("map", 0), ("map", 4 * MIB), ("read", MIB), ("read", 4 * MIB)])
def test_what_a_process_holds_of_a_file_is_known(file: Path, how: str, size: int):
    """The kernel maps neighbouring pages of a file together, so a part of a mapping may count for more."""
    command = [sys.executable, "-c", HOLDER, str(file), how, str(size)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        assert procfs.bytes_in_use(holder.pid, [str(file)]) == size
        assert procfs.bytes_in_use(holder.pid, [str(file.parent / "another")]) == 0
        assert procfs.bytes_in_use(os.getpid(), [str(file)]) == size, "what a process started counts with it"
        holder.communicate(b"\n")
    assert procfs.bytes_in_use(holder.pid, [str(file)]) is None


def test_children_of_every_thread_are_found():
    started: list[subprocess.Popen[bytes]] = []
    stop = threading.Event()

    def start() -> None:
        started.append(
            subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        )
        ready.set()
        stop.wait()

    ready = threading.Event()
    thread = threading.Thread(target=start)
    thread.start()
    ready.wait()
    assert started[0].pid in procfs.family(os.getpid())
    started[0].communicate(b"\n")
    stop.set()
    thread.join()


def test_cpu_time_grows_with_work_and_is_unknown_of_nobody():
    before = procfs.cpu_s(os.getpid())
    sum(number * number for number in range(2_000_000))
    assert procfs.cpu_s(os.getpid()) > before
    assert procfs.cpu_s(2**22 + 1) is None


def test_free_memory_is_a_number_of_bytes():
    assert procfs.available_bytes() > mmap.PAGESIZE
