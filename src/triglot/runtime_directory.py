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
_LOCK: Final = "lock"
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
        lock = _take_lock(Path(name))
        try:
            yield Path(name)
        finally:
            if lock is not None:
                lock.close()


class _Lock:
    """A lock that the system lets go of when its process dies."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def close(self) -> None:
        os.close(self._descriptor)


def _take_lock(directory: Path) -> _Lock | None:
    """The lock of the directory, if nobody has it. Where there are no such locks, everybody gets it."""
    descriptor = os.open(directory / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    if sys.platform != "win32":
        import fcntl  # noqa: PLC0415 - not on Windows

        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return None
    return _Lock(descriptor)


def _find_base() -> Path:
    """Where the desktop keeps such things, else where all temporary files are."""
    base = Path(os.environ.get("XDG_RUNTIME_DIR", ""))
    return base if base.is_absolute() and os.access(base, os.W_OK | os.X_OK) else Path(tempfile.gettempdir())


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
