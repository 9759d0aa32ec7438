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
from typing import TYPE_CHECKING, Final

import msgspec

from triglot import demo
from triglot.backend.engine import PING_INTERVAL_S
from triglot.backend.flags import FlagError, ask_embedded_engine, ask_llama_server, convert_fields, convert_flags
from triglot.backend.options import EngineOptions
from triglot.backend.process import EngineCommand

if TYPE_CHECKING:
    from triglot.settings import Settings

INSTALL_HINT = "install the embedded engine with: pip install 'triglot[embedded]'"
EMBEDDED: Final = "embedded"
_DRAFT_FLAGS: Final = ("model-draft", "spec-draft-model")


class NoEngineError(Exception):
    """Nothing on this machine can run the model; the message says what to install."""


def first_options(settings: Settings) -> EngineOptions:
    """What `settings` ask for: their model, or the demo model."""
    if settings.model is None:
        return EngineOptions(model=str(demo.MODEL), alias=demo.NAME)
    return EngineOptions(model=str(settings.model), alias=settings.model.stem)


def choose_program(options: EngineOptions) -> str:
    """`embedded`, or the path of the llama-server.

    Raises:
        NoEngineError: there is neither.
    """
    llama_server = shutil.which("llama-server")
    embedded = importlib.util.find_spec("xllamacpp") is not None
    is_demo = options.model == str(demo.MODEL)
    if embedded and (is_demo or not llama_server):
        return EMBEDDED
    if llama_server:
        return llama_server
    if is_demo:
        raise NoEngineError(f"no engine for the demo model: {INSTALL_HINT}, or name a running server with --backend URL")
    raise NoEngineError(f"no engine for {options.alias}: put llama-server on PATH, or {INSTALL_HINT}")


def choose_engine(settings: Settings, options: EngineOptions | None = None) -> EngineCommand:
    """The engine for `options`, or for the model in `settings`; what the options leave open comes from the settings.

    Raises:
        NoEngineError: there is none.
        FlagError: it does not take one of the flags.
    """
    options = first_options(settings) if options is None else options
    program = choose_program(options)
    if program == EMBEDDED:
        return embedded_engine(options, settings)
    return external_engine(program, options, settings)


def context_of(options: EngineOptions, settings: Settings) -> int | None:
    """Tokens of context that the engine will be asked for; None for what the model was trained for."""
    return options.context or settings.context or (demo.CONTEXT if options.model == str(demo.MODEL) else None)


def embedded_engine(options: EngineOptions, settings: Settings) -> EngineCommand:
    """The engine of the `embedded` extra.

    Raises:
        FlagError: it does not take one of the flags.
    """
    context = context_of(options, settings) or 0
    command = [sys.executable, "-m", "triglot.backend.engine", "--model", options.model, "--alias", options.alias]
    command += ["--slots", str(options.slots or settings.engine_slots), "--context", str(context)]
    if options.model == str(demo.MODEL):
        # One thread: two that compete for a core are five times slower with a model this small.
        command += ["--threads", "1", "--cache-mib", "64"]
    for flag, value in (
        ("--gpu-layers", options.gpu_layers),
        ("--kv-type", options.kv_type),
        ("--mmproj", options.mmproj),
        ("--draft-model", options.draft_model),
    ):
        if value is not None:
            command.append(f"{flag}={value}")
    for adapter in options.adapters:
        command += ["--adapter", adapter.path, str(adapter.scale)]
    if options.flags:
        command += ["--parameters", msgspec.json.encode(convert_fields(options.flags, ask_embedded_engine())).decode()]
    return EngineCommand(f"embedded llama.cpp with {options.alias}", options.alias, tuple(command), template=options.chat_template)


def external_engine(program: str, options: EngineOptions, settings: Settings) -> EngineCommand:
    """A `llama-server`.

    What the settings say goes through its variables where it can: an older build ignores one that it does not know, and the user's own win.
    What the options say goes on its command line, and wins over all variables.

    Raises:
        FlagError: it does not take one of the options.
    """
    ours = {
        "LLAMA_ARG_ALIAS": options.alias,
        "LLAMA_ARG_N_PARALLEL": str(settings.engine_slots),
        "LLAMA_ARG_KV_UNIFIED": "1",
        "LLAMA_ARG_CTX_SIZE": str(settings.context or 0),
        "LLAMA_ARG_SSE_PING_INTERVAL": str(PING_INTERVAL_S),
        "LLAMA_ARG_JINJA": "1",
        "LLAMA_ARG_UI": "0",
    }
    leash = [sys.executable, "-m", "triglot.backend.leash"]
    command = [program, "--model", options.model, "--host", "127.0.0.1", *_say(program, options)]
    environ = {name: value for name, value in ours.items() if name not in os.environ}
    return EngineCommand(f"{program} with {options.alias}", options.alias, (*leash, *command), environ, options.chat_template)


def _say(program: str, options: EngineOptions) -> list[str]:
    """What the options ask for, on the command line of a llama-server."""
    said: list[str] = []
    for flag, value in (
        ("--ctx-size", options.context),
        ("--parallel", options.slots),
        ("--n-gpu-layers", options.gpu_layers),
        ("--cache-type-k", options.kv_type),
        ("--cache-type-v", options.kv_type),
        ("--mmproj", options.mmproj),
    ):
        if value is not None:
            said += [flag, str(value)]
    if options.chat_template is not None:
        said.append("--jinja")  # without it only built-in names are taken for templates
    if not (options.adapters or options.draft_model or options.flags):
        return said
    known = ask_llama_server(program)
    if options.draft_model is not None:
        draft_flag = next((name for name in _DRAFT_FLAGS if name in known), None)
        if draft_flag is None:
            raise FlagError("draft_model", "this llama-server does not take a draft model")
        said += [f"--{draft_flag}", options.draft_model]
    colon = ":" in known.get("lora-scaled", "")  # how path and scale are joined has changed
    for adapter in options.adapters:
        if "," in adapter.path or (colon and ":" in adapter.path):
            raise FlagError("adapters", f"a llama-server cannot read the path of {adapter.name}: it has a comma or a colon")
        said += ["--lora-scaled", *([f"{adapter.path}:{adapter.scale}"] if colon else [adapter.path, str(adapter.scale)])]
    return said + convert_flags(options.flags, known)
