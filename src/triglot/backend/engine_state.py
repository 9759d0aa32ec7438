"""What the process that owns the engine tells all others: one small file, replaced whole at each change.

A file is the simplest thing that several processes can read at any time, without a thread and without waiting for the owner. It has the
engine's key in it, so nobody else may read it. The owner's last word is `stopping`.
"""

from __future__ import annotations

import errno
import os
import time
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from triglot.backend.options import EngineOptions  # noqa: TC001 - msgspec reads the annotations

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAME: Final = "engine.json"
_REPLACE_ATTEMPTS: Final = 50
_REPLACE_PAUSE_S: Final = 0.01

Phase = Literal["waiting", "starting", "loading", "warming_up", "done"]


class ModelFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the head of a model's file says.

    Attributes:
        file: its name, without directories.
        name: the title within it.
        architecture: such as `llama`.
        parameters: number of weights.
        size_bytes: of all parts.
        context_trained: tokens of context that it was trained for.
        has_template: whether it brings a chat template.
    """

    file: str
    name: str | None
    architecture: str
    parameters: int
    size_bytes: int
    context_trained: int | None
    has_template: bool


class Engine(msgspec.Struct, frozen=True, kw_only=True):
    """An engine that serves.

    Attributes:
        program: `embedded`, or the llama-server's path.
        options: what it was started with.
        model: facts of its file; None when they could not be read.
    """

    program: str
    options: EngineOptions
    model: ModelFacts | None


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """A load that goes on, or the last one.

    Attributes:
        id: to wait for it, or to cancel it.
        alias: of the model.
        state: how far it came.
        phase: `waiting` for answers of the old engine, `starting` the program, `loading` the weights, `warming_up`, `done`.
        bytes_loaded: of the weights; None where the system does not tell.
        bytes_total: size of all files.
        elapsed_s: since it began, at most its whole duration.
        error: why it failed.
    """

    id: str
    alias: str
    state: Literal["loading", "ready", "failed", "cancelled"]
    phase: Phase
    bytes_loaded: int | None
    bytes_total: int
    elapsed_s: float
    error: str | None = None


class EngineState(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about the engine.

    Attributes:
        state: of what serves: `loading` while nothing does but soon will, `restarting` after a crash, `failed` when a restart failed
            (it is tried again), `stopping` while answers end before the engine is unloaded.
        serial: counts the engines that have served; what was known of an earlier one is void.
        url: where the engine is; None when requests cannot be sent.
        key: what it asks for; None with `url`.
        engine: which one; kept while it restarts.
        load: the load that goes on, or the last one.
        restarts: after crashes, of this engine.
        retry_s: when a failed engine is started again.
    """

    state: Literal["unloaded", "loading", "ready", "restarting", "failed", "stopping"]
    serial: int = 0
    url: str | None = None
    key: str | None = None
    engine: Engine | None = None
    load: Load | None = None
    restarts: int = 0
    retry_s: float | None = None


def write_state(directory: Path, state: EngineState) -> None:
    """Replace the file, and make the directory again if somebody has removed it.

    Raises:
        OSError: it cannot be written, or the directory is somebody else's by now.
    """
    directory.mkdir(mode=0o700, exist_ok=True)
    if not is_ours(directory.stat()):
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(directory))
    path = directory / FILE_NAME
    draft = path.with_suffix(".new")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123 - it has a key
        file.write(msgspec.json.encode(state))
    for attempt in range(_REPLACE_ATTEMPTS):
        try:
            os.replace(draft, path)  # noqa: PTH105 - replaces on every platform, in one step
        except PermissionError:  # Windows, while somebody reads it
            if attempt == _REPLACE_ATTEMPTS - 1:
                raise
            time.sleep(_REPLACE_PAUSE_S)
        else:
            return


def is_ours(entry: os.stat_result) -> bool:
    """Whether a file or directory belongs to this user; where there are no such users, it does."""
    return not hasattr(os, "getuid") or entry.st_uid == os.getuid()


def state_is_there(directory: Path) -> bool:
    """Whether the file is where it was written."""
    return (directory / FILE_NAME).exists()


class StateReader:
    """Reads the file again when it has changed; asking costs one look at its entry in the directory.

    Args:
        directory: where the file is.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / FILE_NAME
        self._seen: tuple[int, int, int] | None = None
        self._state = EngineState(state="stopping")

    def look(self) -> EngineState:
        """The state as it is now; while somebody has removed the file and its owner not put it back yet, as it was."""
        try:
            entry = os.stat(self._path)  # noqa: PTH116 - at each request
            seen = (entry.st_ino, entry.st_mtime_ns, entry.st_size)
            if seen != self._seen and is_ours(entry):
                self._state = msgspec.json.decode(self._path.read_bytes(), type=EngineState)
                self._seen = seen
        except OSError:
            self._seen = None
        return self._state
