"""Further options of an engine: which are known, and which may be given over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from triglot.backend.flags import FlagError, ask_embedded_engine, ask_llama_server, convert_fields, convert_flags, read_help

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
--rope-yarn FNAME                       a file by another name
"""


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
    ],
)
def test_flags_become_a_command_line(flags: dict[str, Any], arguments: list[str]):
    assert convert_flags(flags, read_help(HELP)) == arguments


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ({"thread": 3}, "this llama-server has no option --thread"),
        ({"--threads": 3}, "is not the name of an option"),
        ({"threads": True}, r"--threads takes a value \(N\)"),
        ({"no-mmap": "yes"}, "--no-mmap is a switch"),
        ({"no-mmap": False}, "--no-mmap cannot be turned off"),
        ({"ctx-size": 1}, "use the field context"),
        ({"model-draft": "x"}, "use the field draft_model"),
        ({"grammar-file": "/etc/passwd"}, "cannot be given over HTTP"),
        ({"rope-yarn": "/etc/passwd"}, "names a file or an address"),
        *(
            ({name: "x"}, "cannot be given over HTTP")
            for name in ("host", "port", "api-key", "path", "rpc", "hf-repo", "log-file", "tools")
        ),
        *(
            ({name: "x"}, "cannot be given over HTTP")
            for name in ("slot-save-path", "models-dir", "media-path", "ssl-key-file", "mcp-config")
        ),
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
        ({"port": 1}, "cannot be given over HTTP"),
        ({"n_ctx": 1}, "use the field context"),
        ({"hf_token": "x"}, "cannot be given over HTTP"),
        ({"chat_template": "x"}, "has no parameter 'chat_template'"),
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


@pytest.mark.engine
def test_the_embedded_engine_describes_its_parameters():
    known = ask_embedded_engine()
    assert known["n_batch"] == "int"
    assert known["flash_attn_type"] == ["auto", "disabled", "enabled"]
    assert "chat_template" not in known
