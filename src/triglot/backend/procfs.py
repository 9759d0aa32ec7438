"""What Linux tells of running processes and of the machine. Everywhere else, and where it may not be read, the answer is None.

Source: proc(5).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

_PROC = Path("/proc")
_KIB = 1024
_LISTENING = "0A"  # the state in /proc/net/tcp
_AFTER_NAME = 2  # the first field behind the name of the program in /proc/PID/stat is the third


def family(pid: int) -> list[int]:
    """The process and everything that it started."""
    found = [pid]
    for member in found:
        for thread in _list(_PROC / str(member) / "task"):  # a child belongs to the thread that started it
            try:
                found += map(int, (thread / "children").read_text().split())
            except OSError:
                continue
    return found


def _list(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def cpu_s(pid: int) -> float | None:
    """CPU time that the process and what it started have used, in seconds."""
    try:
        ticks = sum(_cpu_ticks(member) for member in family(pid))
        return ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):
        return None


def _cpu_ticks(pid: int) -> int:
    fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return int(fields[13 - _AFTER_NAME]) + int(fields[14 - _AFTER_NAME])


def bytes_in_use(pid: int, paths: Collection[str]) -> int | None:
    """How much of the files the process, or what it started, holds in memory through a mapping or has read through an open file."""
    known = False
    mapped, read = dict.fromkeys(paths, 0), dict.fromkeys(paths, 0)
    for member in family(pid):
        try:
            _count_mapped(member, mapped)
            _count_read(member, read)
            known = True
        except (OSError, ValueError):
            continue
    return sum(max(mapped[path], read[path]) for path in paths) if known else None


def _count_mapped(pid: int, counts: dict[str, int]) -> None:
    """Add up the resident pages of the mappings of each file."""
    current = None
    with (_PROC / str(pid) / "smaps").open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line[:1].islower() or line[:1].isdigit():  # the head of a mapping: address, access, offset, device, inode, path
                fields = line.split(maxsplit=5)
                current = fields[5].rstrip("\n") if len(fields) > 5 and fields[5].rstrip("\n") in counts else None  # noqa: PLR2004
            elif current is not None and line.startswith("Rss:"):
                counts[current] += int(line.split()[1]) * _KIB


def _count_read(pid: int, counts: dict[str, int]) -> None:
    """Look how far each open file has been read."""
    folder = _PROC / str(pid)
    for entry in (folder / "fd").iterdir():
        try:
            path = str(entry.readlink())
            if path in counts:
                position = (folder / "fdinfo" / entry.name).read_text().split()[1]
                counts[path] = max(counts[path], int(position))
        except OSError:
            continue  # closed in the meantime


def listeners(port: int) -> set[int]:
    """The users whose programs listen at the TCP port; empty where nobody does, and where the system does not tell."""
    users = set()
    for table in ("tcp", "tcp6"):
        try:
            lines = (_PROC / "net" / table).read_text().splitlines()[1:]
        except OSError:
            continue
        for fields in map(str.split, lines):
            if fields[3] == _LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                users.add(int(fields[7]))
    return users


def available_bytes() -> int | None:
    """Memory that can be had without swapping."""
    try:
        lines = (_PROC / "meminfo").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * _KIB for line in lines if line.startswith("MemAvailable:")), None)
