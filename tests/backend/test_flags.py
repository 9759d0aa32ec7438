"""Further options of an engine: which are known, and which may be given over HTTP."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from triglot.backend import flags as flags_module
from triglot.backend.flags import FlagError, ask_embedded_engine, ask_llama_server, convert_fields, convert_flags, read_help
from triglot.backend.tuning import EMBEDDED_PARAMETERS

if TYPE_CHECKING:
    from pathlib import Path

HELP = """\
----- common params -----

-h,    --help, --usage                  print usage and exit
-t,    --threads N                      number of CPU threads to use during generation (default: -1)
                                        (env: LLAMA_ARG_THREADS)
-b,    --batch-size N                   logical maximum batch size (default: 2048)
--perf, --no-perf                       whether to enable internal performance timings
-fa,   --flash-attn [on|off|auto]       set Flash Attention use
--no-mmap                               do not memory-map model
--lora-scaled FNAME:SCALE,...           path to LoRA adapter with user defined scaling
-md,   --spec-draft-model, --model-draft FNAME
                                        draft model for speculative decoding
--sampler-seq, --sampling-seq SEQUENCE  simplified sequence for samplers
--grammar-file FNAME                    file to read grammar from
--reasoning-budget N                    --not-a-flag in the text
--prio FNAME                            a file by a name that we know
-hfd,  --spec-draft-hf, --hf-repo-draft <user>/<model>[:quant]
--gpt-oss-20b-default                   use gpt-oss-20b (note: can download weights from the internet)
--fim-qwen-7b-default                   use default Qwen 2.5 Coder 7B (note: can download weights from the internet)
--jinja, --no-jinja                     whether to use jinja template engine for chat (default: enabled)
--slots, --no-slots                     expose slots monitoring endpoint (default: enabled)
-to,   --timeout N                      server read/write timeout in seconds (default: 600)
--prefill-assistant, --no-prefill-assistant
--of-tomorrow                           what nobody has thought of yet
--no-kv-offload                         disable KV offload
"""


NOT_LISTED = "is not one of the options that tune this kind of engine"


def test_the_help_of_a_llama_server_is_read():
    known = read_help(HELP)
    assert known["threads"] == "N"
    assert known["flash-attn"] == "[on|off|auto]"
    assert known["perf"] == known["no-perf"] == known["no-mmap"] == ""
    assert known["lora-scaled"] == "FNAME:SCALE,..."
    assert known["model-draft"] == known["spec-draft-model"] == "FNAME"
    assert known["sampling-seq"] == "SEQUENCE"
    assert "not-a-flag" not in known


@pytest.mark.parametrize(
    ("flags", "arguments"),
    [
        ({}, []),
        ({"threads": 3}, ["--threads", "3"]),
        ({"flash-attn": "on", "batch-size": 256}, ["--flash-attn", "on", "--batch-size", "256"]),
        ({"no-mmap": True}, ["--no-mmap"]),
        ({"perf": True}, ["--perf"]),
        ({"perf": False}, ["--no-perf"]),
        ({"no-kv-offload": True}, ["--no-kv-offload"]),
    ],
)
def test_flags_become_a_command_line(flags: dict[str, Any], arguments: list[str]):
    assert convert_flags(flags, read_help(HELP)) == arguments


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ({"thread": 3}, NOT_LISTED),
        ({"top-k": 3}, "this llama-server has no option --top-k"),
        ({"--threads": 3}, "is not the name of an option"),
        ({"threads": True}, r"--threads takes a value \(N\)"),
        ({"no-mmap": "yes"}, "--no-mmap is a switch"),
        ({"no-mmap": False}, "--no-mmap cannot be turned off"),
        ({"ctx-size": 1}, "use the field context"),
        ({"model-draft": "x"}, "use the field draft_model"),
        ({"grammar-file": "/etc/passwd"}, NOT_LISTED),
        ({"prio": "/etc/passwd"}, "names a file or an address"),
        *(({name: "x"}, NOT_LISTED) for name in ("host", "port", "api-key", "path", "rpc", "hf-repo", "log-file", "tools")),
        *(({name: "x"}, NOT_LISTED) for name in ("slot-save-path", "models-dir", "media-path", "ssl-key-file", "mcp-config")),
        *(({name: "a/b"}, NOT_LISTED) for name in ("spec-draft-hf", "hf-repo-draft")),
        *(({name: True}, NOT_LISTED) for name in ("gpt-oss-20b-default", "fim-qwen-7b-default", "of-tomorrow", "no-slots")),
        *(({name: False}, NOT_LISTED) for name in ("jinja", "slots", "prefill-assistant")),
        ({"timeout": 1}, NOT_LISTED),
    ],
)
def test_what_reaches_beyond_the_engine_or_is_unknown_is_refused(flags: dict[str, Any], told: str):
    with pytest.raises(FlagError, match=told) as caught:
        convert_flags(flags, read_help(HELP))
    assert caught.value.name == next(iter(flags))


KNOWN = {
    "n_batch": "int",
    "kv_unified": "bool",
    "rope_freq_base": "float",
    "flash_attn_type": ["auto", "disabled", "enabled"],
    "port": "int",
    "use_jinja": "bool",
    "timeout_read": "int",
}


@pytest.mark.parametrize(
    ("flags", "fields"),
    [
        ({"batch-size": 256}, {"n_batch": 256}),
        ({"n-batch": 256}, {"n_batch": 256}),
        ({"rope-freq-base": 1}, {"rope_freq_base": 1}),
        ({"kv-unified": False}, {"kv_unified": False}),
        ({"flash-attn": "on"}, {"flash_attn_type": "enabled"}),
        ({"flash_attn_type": "AUTO"}, {"flash_attn_type": "auto"}),
    ],
)
def test_flags_become_parameters_of_the_embedded_engine(flags: dict[str, Any], fields: dict[str, Any]):
    assert convert_fields(flags, KNOWN) == fields


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ({"port": 1}, NOT_LISTED),
        ({"use_jinja": False}, NOT_LISTED),
        ({"jinja": False}, NOT_LISTED),
        ({"timeout_read": 1}, NOT_LISTED),
        ({"n_ubatch": 1}, "this embedded engine has no parameter 'n_ubatch'"),
        ({"n-ctx": 1}, "use the field context"),
        ({"n_ctx": 1}, "use the field context"),
        ({"hf_token": "x"}, NOT_LISTED),
        ({"chat_template": "x"}, NOT_LISTED),
        ({"batch-size": "many"}, "'n_batch' must be a whole number"),
        ({"batch-size": True}, "'n_batch' must be a whole number"),
        ({"kv-unified": 1}, "'kv_unified' must be true or false"),
        ({"rope-freq-base": "x"}, "'rope_freq_base' must be a number"),
        ({"flash-attn": "maybe"}, "'flash_attn_type' must be one of auto, disabled, enabled"),
        ({"flash-attn": 1}, "'flash_attn_type' must be one of auto, disabled, enabled"),
    ],
)
def test_what_the_embedded_engine_cannot_take_is_refused(flags: dict[str, Any], told: str):
    with pytest.raises(FlagError, match=told):
        convert_fields(flags, KNOWN)


def test_a_llama_server_is_asked_for_its_help(tmp_path: Path):
    program = tmp_path / "llama-server"
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{HELP}END\n")
    program.chmod(0o755)
    assert ask_llama_server(str(program)) == read_help(HELP)
    assert ask_llama_server(str(tmp_path / "gone")) == {}


@pytest.mark.parametrize("first", ["exit 1", "sleep 5", None])
def test_what_a_llama_server_could_not_say_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str | None):
    monkeypatch.setattr(flags_module, "ASK_TIMEOUT_S", 1.0)
    program = tmp_path / "llama-server"
    if first is not None:
        program.write_text(f"#!/bin/sh\nexec {first}\n")
        program.chmod(0o755)
    assert ask_llama_server(str(program)) == {}
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{HELP}END\n")
    program.chmod(0o755)
    assert ask_llama_server(str(program)) == read_help(HELP)
    program.unlink()
    assert ask_llama_server(str(program)) == read_help(HELP)


def test_what_the_embedded_engine_could_not_say_is_asked_again(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(flags_module, "_told_embedded", {})
    for code in ("exit(1)", "print('{}')"):
        monkeypatch.setattr(flags_module, "_MODULE", (sys.executable, "-c", code))
        assert ask_embedded_engine() == {}
    monkeypatch.setattr(flags_module, "_MODULE", (sys.executable, "-c", """print('{"n_batch":"int"}')"""))
    assert ask_embedded_engine() == {"n_batch": "int"}


@pytest.mark.engine
def test_the_embedded_engine_describes_its_parameters():
    known = ask_embedded_engine()
    assert known["n_batch"] == "int"
    assert known["flash_attn_type"] == ["auto", "disabled", "enabled"]
    assert "chat_template" not in known
    assert set(known) >= EMBEDDED_PARAMETERS
