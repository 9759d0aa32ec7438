"""Which engine runs a model, and with which command.

Two can: the embedded one (`triglot.backend.engine`, the `xllamacpp` wheel) and a `llama-server` on PATH. A user's own model goes to the
user's own llama-server when there is one, because that is the build with the right drivers. The demo model prefers the engine it was made
for.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from typing import TYPE_CHECKING

from triglot import demo
from triglot.backend.engine import PING_INTERVAL_S
from triglot.backend.process import EngineCommand

if TYPE_CHECKING:
    from pathlib import Path

    from triglot.settings import Settings

INSTALL_HINT = "install the embedded engine with: pip install 'triglot[embedded]'"


class NoEngineError(Exception):
    """Nothing on this machine can run the model; the message says what to install."""


def choose_engine(settings: Settings) -> EngineCommand:
    """The engine for the model in `settings`, or for the demo model.

    Raises:
        NoEngineError: there is none.
    """
    llama_server = shutil.which("llama-server")
    embedded = importlib.util.find_spec("xllamacpp") is not None
    if settings.model is None:
        context = settings.context or demo.CONTEXT
        if embedded:
            # One thread: two that compete for a core are five times slower with a model this small.
            return embedded_engine(demo.MODEL, demo.NAME, settings.slots, context, ["--threads", "1", "--cache-mib", "64"])
        if llama_server:
            return external_engine(llama_server, demo.MODEL, demo.NAME, settings.slots, context)
        raise NoEngineError(f"no engine for the demo model: {INSTALL_HINT}, or name a running server with --backend URL")
    if llama_server:
        return external_engine(llama_server, settings.model, settings.model.stem, settings.slots, settings.context)
    if embedded:
        return embedded_engine(settings.model, settings.model.stem, settings.slots, settings.context, [])
    raise NoEngineError(f"no engine for {settings.model.name}: put llama-server on PATH, or {INSTALL_HINT}")


def embedded_engine(model: Path, alias: str, slots: int, context: int | None, extra: list[str]) -> EngineCommand:
    """The engine of the `embedded` extra."""
    module = [sys.executable, "-m", "triglot.backend.engine"]
    options = ["--model", str(model), "--alias", alias, "--slots", str(slots), "--context", str(context or 0), *extra]
    return EngineCommand(f"embedded llama.cpp with {alias}", alias, (*module, *options))


def external_engine(program: str, model: Path, alias: str, slots: int, context: int | None) -> EngineCommand:
    """A `llama-server`.

    All but the essential goes through its variables: an older build ignores one that it does not know, and the user's own win.
    """
    ours = {
        "LLAMA_ARG_ALIAS": alias,
        "LLAMA_ARG_N_PARALLEL": str(slots),
        "LLAMA_ARG_KV_UNIFIED": "1",
        "LLAMA_ARG_CTX_SIZE": str(context or 0),
        "LLAMA_ARG_SSE_PING_INTERVAL": str(PING_INTERVAL_S),
        "LLAMA_ARG_JINJA": "1",
        "LLAMA_ARG_UI": "0",
    }
    leash = [sys.executable, "-m", "triglot.backend.leash"]
    command = [program, "--model", str(model), "--host", "127.0.0.1"]
    environ = {name: value for name, value in ours.items() if name not in os.environ}
    return EngineCommand(f"{program} with {alias}", alias, (*leash, *command), environ)
