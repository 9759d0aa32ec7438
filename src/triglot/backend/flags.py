"""Which further options an engine takes: a llama-server says so in its `--help`, the embedded one by the fields of its parameters.

Options that come over HTTP may tune an engine. Only those that `tuning` lists can be given.
"""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import msgspec

from triglot.backend.tuning import EMBEDDED_PARAMETERS, SERVER_OPTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

Value = bool | int | float | str

ASK_TIMEOUT_S: Final = 30.0
_MODULE: Final = (sys.executable, "-m", "triglot.backend.engine")
_FLAG: Final = re.compile(r"(--?[A-Za-z0-9][\w-]*)(?:,\s*|\s+|$)")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]*")

# What has a field of its own, by llama-server's names and by those of the embedded engine's parameters.
OWN_FIELDS: Final = {
    **dict.fromkeys(("model", "alias"), "model"),
    **dict.fromkeys(("ctx-size", "n_ctx"), "context"),
    **dict.fromkeys(("parallel", "n_parallel"), "slots"),
    **dict.fromkeys(("gpu-layers", "n-gpu-layers", "n_gpu_layers"), "gpu_layers"),
    **dict.fromkeys(("cache-type-k", "cache-type-v", "cache_type_k", "cache_type_v"), "kv_type"),
    **dict.fromkeys(("chat-template", "chat-template-file"), "chat_template"),
    **dict.fromkeys(("mmproj", "mmproj-url", "mmproj-auto"), "mmproj"),
    **dict.fromkeys(("lora", "lora-scaled"), "adapters"),
    **dict.fromkeys(("model-draft", "spec-draft-model"), "draft_model"),
}
# A listed option that has such a value in this build is another one than we know.
_FILE_HINT: Final = re.compile(r"FILE|FNAME|PATH|DIR|URL|REPO|HOST")
# llama-server's names of what users tune most, for the embedded engine.
_FIELD_NAMES: Final = {
    "batch-size": "n_batch",
    "ubatch-size": "n_ubatch",
    "flash-attn": "flash_attn_type",
    "cache-ram": "cache_ram_mib",
    "cache-reuse": "n_cache_reuse",
    "keep": "n_keep",
    "predict": "n_predict",
    "context-shift": "ctx_shift",
    "rope-scale": "rope_freq_scale",
    "rope-freq-base": "rope_freq_base",
    "kv-unified": "kv_unified",
    "slot-prompt-similarity": "slot_prompt_similarity",
}


_told: dict[str, dict[str, str]] = {}
_told_embedded: dict[str, list[str] | str] = {}
_WORDS: Final = {"on": "enabled", "off": "disabled"}


class FlagError(ValueError):
    """An option that cannot be given; the message says why.

    Attributes:
        name: of the option.
    """

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


def read_help(text: str) -> dict[str, str]:
    """The long options of a llama-server by its help text, without dashes, and what their value looks like (empty for a switch)."""
    known = {}
    for line in text.splitlines():
        names, at = [], 0
        while found := _FLAG.match(line, at):
            names.append(found[1])
            at = found.end()
            if "," not in found[0]:
                break
        hint = re.split(r"\s{2,}", line[at:], maxsplit=1)[0].strip() if names and not line[:at].endswith("  ") else ""
        known.update({name[2:]: hint for name in names if name.startswith("--")})
    return known


def ask_llama_server(program: str) -> Mapping[str, str]:
    """The options of a `llama-server`, as `read_help`; empty if it does not tell them, in which case it is asked again the next time."""
    if program not in _told:
        try:
            done = subprocess.run([program, "--help"], capture_output=True, text=True, errors="replace", timeout=ASK_TIMEOUT_S, check=False)  # noqa: S603
        except (OSError, subprocess.TimeoutExpired):
            return {}
        if not (known := read_help(done.stdout + done.stderr)):
            return {}
        _told[program] = known
    return _told[program]


def ask_embedded_engine() -> Mapping[str, list[str] | str]:
    """The parameters of the embedded engine that are a switch, a number or one of several words; empty, and asked again, as above."""
    if not _told_embedded:
        try:
            done = subprocess.run([*_MODULE, "--describe"], capture_output=True, timeout=ASK_TIMEOUT_S, check=False)  # noqa: S603
            _told_embedded.update(msgspec.json.decode(done.stdout, type=dict[str, list[str] | str]))
        except (OSError, subprocess.TimeoutExpired, msgspec.MsgspecError):
            return {}
    return _told_embedded


def convert_flags(flags: Mapping[str, Value], known: Mapping[str, str]) -> list[str]:
    """The command line of a llama-server that takes the options `known`.

    Raises:
        FlagError: one of them is unknown, not allowed, or has no such value.
    """
    arguments = []
    for name, value in flags.items():
        _check_name(name)
        _refuse_unless(name.removeprefix("no-") in SERVER_OPTIONS, name)
        hint = known.get(name)
        if value is False and name in known and f"no-{name}" in known:
            arguments.append(f"--no-{name}")
            continue
        if hint is None:
            raise FlagError(name, f"this llama-server has no option --{name}")
        if _FILE_HINT.search(hint):
            raise FlagError(name, f"--{name} names a file or an address, which cannot be given over HTTP")
        if isinstance(value, bool) is not (not hint):
            raise FlagError(name, f"--{name} takes a value ({hint})" if hint else f"--{name} is a switch: give it true or false")
        if value is False:
            raise FlagError(name, f"--{name} cannot be turned off: leave it out")
        arguments += [f"--{name}"] if value is True else [f"--{name}", str(value)]
    return arguments


def convert_fields(flags: Mapping[str, Value], known: Mapping[str, list[str] | str]) -> dict[str, Value]:
    """The parameters of the embedded engine, which takes those in `known`.

    Raises:
        FlagError: one of them is unknown, not allowed, or has no such value.
    """
    fields: dict[str, Value] = {}
    for name, value in flags.items():
        _check_name(name)
        field = _FIELD_NAMES.get(name, name.replace("-", "_"))
        _check_name(field)
        _refuse_unless(field in EMBEDDED_PARAMETERS, name)
        kind = known.get(field)
        if kind is None:
            raise FlagError(name, f"this embedded engine has no parameter {field!r}")
        if isinstance(value, str):
            value = value.lower() if value.lower() in kind else _WORDS.get(value.lower(), value)  # noqa: PLW2901 - the same value
        if isinstance(kind, list):
            fitting = value in kind
        else:
            fitting = {"bool": isinstance(value, bool), "int": type(value) is int, "float": type(value) in (int, float)}[kind]
        if not fitting:
            wanted = f"one of {', '.join(kind)}" if isinstance(kind, list) else {"bool": "true or false", "int": "a whole number"}.get(kind)
            raise FlagError(name, f"{field!r} must be {wanted or 'a number'}")
        fields[field] = value
    return fields


def _check_name(name: str) -> None:
    if name in OWN_FIELDS:
        raise FlagError(name, f"{name!r} is not a further option: use the field {OWN_FIELDS[name]}")
    if not _NAME.fullmatch(name):
        raise FlagError(name, f"{name!r} is not the name of an option: write it in lower case, without leading dashes")


def _refuse_unless(allowed: bool, name: str) -> None:
    if not allowed:
        raise FlagError(name, f"{name!r} is not one of the options that tune this kind of engine and can be given over HTTP")


__all__ = ["FlagError", "Value", "ask_embedded_engine", "ask_llama_server", "convert_fields", "convert_flags", "read_help"]
