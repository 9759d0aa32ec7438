"""What a load becomes on the command line of each kind of engine. Which engine runs a model is in test_process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from triglot import demo
from triglot.backend import launch
from triglot.backend.engine import parse_arguments
from triglot.backend.flags import FlagError, read_help
from triglot.backend.launch import context_of, embedded_engine, external_engine
from triglot.backend.options import AdapterFile, EngineOptions
from triglot.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

NEW_HELP = read_help(
    "--lora-scaled FNAME:SCALE,...           path to LoRA adapter\n"
    "-md,   --spec-draft-model, --model-draft FNAME\n"
    "-b,    --batch-size N                   logical maximum batch size\n"
)
OLD_HELP = read_help("--lora-scaled FNAME SCALE               path to LoRA adapter\n")
EVERYTHING: dict[str, Any] = {
    "context": 4096,
    "slots": 2,
    "gpu_layers": 99,
    "kv_type": "q8_0",
    "chat_template": "--{{ messages }}",
    "mmproj": "/m/mmproj.gguf",
    "adapters": (AdapterFile(path="/m/a.gguf", name="a", scale=0.5), AdapterFile(path="/m/b.gguf", name="b")),
    "draft_model": "/m/draft.gguf",
}


def options(**changes: Any) -> EngineOptions:
    return EngineOptions(model="/m/model.gguf", alias="model", **changes)


def behind(arguments: Sequence[str], program: str) -> list[str]:
    return list(arguments[arguments.index(program) + 1 :])


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The options of the llama-server."""
    known = dict(NEW_HELP)
    monkeypatch.setattr(launch, "ask_llama_server", lambda _program: known)
    monkeypatch.setattr(launch, "ask_embedded_engine", lambda: {"n_batch": "int"})
    return known


def test_the_embedded_engine_reads_what_it_is_told(known):
    command = embedded_engine(options(**EVERYTHING, flags={"batch-size": 256}), Settings())
    told = parse_arguments([*behind(command.arguments, "triglot.backend.engine"), "--port", "1"])
    assert (told.model, told.alias, told.context, told.slots) == ("/m/model.gguf", "model", 4096, 2)
    assert (told.gpu_layers, told.kv_type, told.chat_template_file) == (99, "q8_0", None)
    assert command.template == "--{{ messages }}"
    told = parse_arguments(behind(command.on_port(1, Path("/run/a template")), "triglot.backend.engine"))
    assert (told.port, told.chat_template_file) == (1, "/run/a template")
    assert (told.mmproj, told.draft_model) == ("/m/mmproj.gguf", "/m/draft.gguf")
    assert told.adapter == [["/m/a.gguf", "0.5"], ["/m/b.gguf", "1.0"]]
    assert told.parameters == {"n_batch": 256}
    assert json.dumps(command.environ) == "{}"


def test_what_a_load_leaves_open_comes_from_the_settings(known):
    command = embedded_engine(options(), Settings(slots=7, context=1024))
    told = parse_arguments([*behind(command.arguments, "triglot.backend.engine"), "--port", "1"])
    assert (told.slots, told.context, told.gpu_layers, told.chat_template_file, told.adapter, told.parameters) == (
        7,
        1024,
        None,
        None,
        [],
        {},
    )
    external = external_engine("/bin/llama-server", options(), Settings(slots=7, context=1024))
    assert behind(external.arguments, "/bin/llama-server") == ["--model", "/m/model.gguf", "--host", "127.0.0.1"]
    assert (external.environ["LLAMA_ARG_N_PARALLEL"], external.environ["LLAMA_ARG_CTX_SIZE"]) == ("7", "1024")


def test_a_llama_server_is_told_on_its_command_line_so_that_no_variable_wins(known):
    command = external_engine("/bin/llama-server", options(**EVERYTHING, flags={"batch-size": 256}), Settings())
    assert behind(command.arguments, "/bin/llama-server")[4:] == [
        *("--ctx-size", "4096", "--parallel", "2", "--n-gpu-layers", "99", "--cache-type-k", "q8_0", "--cache-type-v", "q8_0"),
        *("--mmproj", "/m/mmproj.gguf", "--jinja", "--model-draft", "/m/draft.gguf"),
        *("--lora-scaled", "/m/a.gguf:0.5", "--lora-scaled", "/m/b.gguf:1.0", "--batch-size", "256"),
    ]
    assert command.template == "--{{ messages }}"
    assert command.on_port(1, Path("/t"))[-4:] == ["--chat-template-file", "/t", "--port", "1"]


def test_an_older_llama_server_is_told_in_its_own_way(known):
    known.clear()
    known.update(OLD_HELP)
    adapters = (AdapterFile(path="/m/a:b.gguf", name="a", scale=0.5),)
    command = external_engine("/bin/llama-server", options(adapters=adapters), Settings())
    assert behind(command.arguments, "/bin/llama-server")[4:] == ["--lora-scaled", "/m/a:b.gguf", "0.5"]
    with pytest.raises(FlagError, match="does not take a draft model") as caught:
        external_engine("/bin/llama-server", options(draft_model="/m/draft.gguf"), Settings())
    assert caught.value.name == "draft_model"


@pytest.mark.parametrize("path", ["/m/a,b.gguf", "/m/a:b.gguf"])
def test_a_path_that_a_llama_server_would_misread_is_refused(known, path: str):
    with pytest.raises(FlagError, match="cannot read the path of x"):
        external_engine("/bin/llama-server", options(adapters=(AdapterFile(path=path, name="x"),)), Settings())


@pytest.mark.parametrize(
    ("model", "changes", "settings", "context"),
    [
        ("/m/model.gguf", {}, {}, None),
        ("/m/model.gguf", {}, {"context": 1024}, 1024),
        ("/m/model.gguf", {"context": 512}, {"context": 1024}, 512),
        (str(demo.MODEL), {}, {}, demo.CONTEXT),
    ],
)
def test_the_context_that_an_engine_is_asked_for(model: str, changes: dict[str, Any], settings: dict[str, Any], context: int | None):
    assert context_of(EngineOptions(model=model, alias="m", **changes), Settings(**settings)) == context
