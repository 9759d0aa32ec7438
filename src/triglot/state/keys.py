"""The signing key that outlives a restart: a file beside the store."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import sys
from typing import TYPE_CHECKING, Final

from triglot.state.store import StoreError

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAME: Final = "signing.key"
_SHORTEST: Final = 16
_ADVICE: Final = "give one with --signing-key, or keep nothing with --state memory"


def signing_key_for(state_file: Path | None) -> str:
    """The signing key of a store: the one beside its file, which is made if there is none; a new one if it is kept in memory.

    Any number of processes may ask at once, and all get the same key.

    Raises:
        StoreError: the file cannot be read or made, or others may read it.
    """
    if state_file is None:
        return new_signing_key()
    path = state_file.parent / FILE_NAME
    try:
        make_directory(path.parent)
        with contextlib.suppress(FileExistsError):
            if not path.exists():
                _create(path, new_signing_key())
        return _read(path)
    except OSError as error:
        raise StoreError(f"cannot keep the signing key in {path}: {error.strerror or error}; {_ADVICE}") from None


def new_signing_key() -> str:
    """A random signing key. What was signed or sealed with another counts as foreign."""
    return secrets.token_urlsafe(32)


def make_directory(path: Path) -> None:
    """Make a directory for private files, and those above it, where there is none; one that exists stays as it is."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError:  # said of a file in its place
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)) from None


def _create(path: Path, key: str) -> None:
    """Make the file with its content, all at once.

    Raises:
        FileExistsError: another process was faster.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(key.encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        # A rename would replace the key of a process that was faster; a link does not.
        os.link(draft, path)
    finally:
        draft.unlink()


def _read(path: Path) -> str:
    with path.open("rb") as file:
        if sys.platform != "win32" and os.fstat(file.fileno()).st_mode & 0o077:
            raise StoreError(f"others may read the signing key in {path}: make it private (chmod 600), or {_ADVICE}")
        key = file.read(4096).decode("ascii", errors="replace").strip()
    if len(key) < _SHORTEST or not key.isascii() or not key.isprintable():
        raise StoreError(f"{path} holds no signing key: remove it, and a new one is made; what was signed before counts as foreign then")
    return key
