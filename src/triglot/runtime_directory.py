"""The directory in which the processes of one gateway meet: private, used by one gateway at a time, gone with it."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX: Final = "triglot-run-"
SOCKET_PATH_BYTES: Final = 107 if sys.platform == "linux" else 103
"""Bytes that the path of a socket may have."""
_LONGEST_NAME: Final = "cancel-0123456789abcdef.sock"
_FRESH_S: Final = 60.0
"""A directory that is younger may belong to a gateway that has not locked it yet."""


class RuntimeDirectoryError(Exception):
    """The directory cannot be used; the message says why."""


@contextlib.contextmanager
def open_runtime_directory(given: Path | None) -> Iterator[Path]:
    """The directory for the time of the run: the one that is `given`, which stays, or a new one, which is removed.

    What a gateway left that was killed is removed by the next one: its lock is free.

    Raises:
        RuntimeDirectoryError: it cannot be made, or another gateway uses it.
    """
    if given is not None:
        try:
            given.mkdir(mode=0o700, parents=True, exist_ok=True)
            _look_at(given)
            lock = _take_lock(given)
        except OSError as error:
            raise RuntimeDirectoryError(f"the runtime directory {str(given)!r} cannot be used: {error.strerror}") from None
        if lock is None:
            raise RuntimeDirectoryError(f"another triglot uses the runtime directory {str(given)!r}: give each its own")
        with contextlib.closing(lock):
            yield given
        return
    base = _find_base()
    _sweep(base)
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=base, ignore_cleanup_errors=True) as name:
        _look_at(Path(name))
        lock = _take_lock(Path(name))
        try:
            yield Path(name)
        finally:
            if lock is not None:
                lock.close()


class _Lock:
    """A lock that the system lets go of when its process dies."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)


def _look_at(directory: Path) -> None:
    """Refuse a directory in which other users could put files in place of ours, or whose path leaves no room for sockets.

    Raises:
        RuntimeDirectoryError: it is such a directory.
    """
    if not _has_room(directory):
        limit = SOCKET_PATH_BYTES - len(_LONGEST_NAME) - 1
        raise RuntimeDirectoryError(f"the path of the runtime directory {str(directory)!r} is too long for sockets: {limit} bytes fit")
    if sys.platform == "win32":
        return
    entry = directory.stat()
    if entry.st_uid != os.getuid() or entry.st_mode & 0o022:
        raise RuntimeDirectoryError(f"other users can write to the runtime directory {str(directory)!r}: choose another, or chmod 700 it")


def _take_lock(directory: Path) -> _Lock | None:
    """The lock of the directory, if nobody has it. Where there are no such locks, everybody gets it.

    It is a lock on the directory itself: no file that could be removed, and systemd-tmpfiles leaves a locked directory alone.
    """
    if sys.platform == "win32":
        return _Lock(None)
    import fcntl  # noqa: PLC0415 - not on Windows

    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return _Lock(descriptor)


def _find_base() -> Path:
    """Where the desktop keeps such things, else where all temporary files are."""
    base = Path(os.environ.get("XDG_RUNTIME_DIR", ""))
    usable = base.is_absolute() and os.access(base, os.W_OK | os.X_OK) and _has_room(base / f"{PREFIX}12345678")
    return base if usable else Path(tempfile.gettempdir())


def _has_room(directory: Path) -> bool:
    return sys.platform == "win32" or len(os.fsencode(directory / _LONGEST_NAME)) <= SOCKET_PATH_BYTES


def _sweep(base: Path) -> None:
    """Remove what killed gateways of this user have left."""
    if sys.platform == "win32":
        return
    for directory in base.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            entry = directory.lstat()
            if not directory.is_dir() or directory.is_symlink() or entry.st_uid != os.getuid() or time.time() - entry.st_mtime < _FRESH_S:
                continue
            lock = _take_lock(directory)
            if lock is not None:
                with contextlib.closing(lock):
                    shutil.rmtree(directory, ignore_errors=True)
