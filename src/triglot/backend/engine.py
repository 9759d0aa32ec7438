"""The embedded engine: llama.cpp's own HTTP server out of the `xllamacpp` wheel, as a process of its own.

`python -m triglot.backend.engine --model FILE --port PORT ...` serves llama-server's routes on 127.0.0.1 until the gateway that started
it is gone (`leash`) or a signal comes. Like a llama-server it asks for the key in `LLAMA_API_KEY`, if that is set. A signal ends the
process at once: an engine has nothing to save, and an orderly end would wait for every open stream.
"""

from __future__ import annotations

import argparse
import enum
import os
import sys
from pathlib import Path
from typing import Any

import msgspec

from triglot.backend.leash import die_with_parent, wait_for_parent
from triglot.backend.process import KEY_VARIABLE

# Seconds of silence after which the engine writes a comment into an open stream. It notices a client that has gone only when it writes.
PING_INTERVAL_S = 1


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    """The command line of the engine process."""
    parser = argparse.ArgumentParser(prog="python -m triglot.backend.engine", description="Serve one model with the embedded llama.cpp.")
    parser.add_argument("--model", required=True, help="GGUF file")
    parser.add_argument("--port", required=True, type=int, help="port on 127.0.0.1")
    parser.add_argument("--alias", required=True, help="name of the model")
    parser.add_argument("--slots", type=int, default=4, help="answers at the same time")
    parser.add_argument("--context", type=int, default=0, help="tokens, shared by the slots; 0: what the model was trained for")
    parser.add_argument("--threads", type=int, default=0, help="threads; 0: the engine's choice")
    parser.add_argument("--cache-mib", type=int, help="memory for the prompts of earlier requests, in MiB")
    parser.add_argument("--gpu-layers", type=int, help="layers that are put on GPUs")
    parser.add_argument("--kv-type", help="type of keys and values in memory, such as q8_0")
    parser.add_argument("--chat-template-file", help="file of Jinja text in place of the model's own template")
    parser.add_argument("--mmproj", help="GGUF file of the projector for images and sound")
    parser.add_argument("--draft-model", help="GGUF file of a small model for speculative decoding")
    parser.add_argument("--adapter", nargs=2, action="append", default=[], metavar=("FILE", "SCALE"), help="a LoRA adapter")
    parser.add_argument("--parameters", type=msgspec.json.decode, default={}, help="a JSON object of further parameters, by their names")
    return parser.parse_args(arguments)


def serve(options: argparse.Namespace) -> None:
    """Serve until the parent is gone.

    Raises:
        RuntimeError: the engine cannot load the model or take the port; its log says which.
    """
    import xllamacpp  # noqa: PLC0415 - 100 MB of engine, and an optional one

    params = xllamacpp.CommonParams()
    params.model.path = options.model
    params.model_alias = {options.alias}
    params.hostnames = ["127.0.0.1"]
    params.port = options.port
    params.n_parallel = options.slots
    params.kv_unified = True
    params.n_ctx = options.context
    params.sse_ping_interval = PING_INTERVAL_S
    params.use_jinja = True
    params.ui = False
    params.cors_origins, params.cors_credentials = "", False  # no web page has a word with an engine
    if key := os.environ.get(KEY_VARIABLE):
        params.api_keys = [key]
    if options.threads:
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = options.threads
    if options.cache_mib is not None:
        params.cache_ram_mib = options.cache_mib
    _set_optional(xllamacpp, params, options)
    for name, value in options.parameters.items():
        setattr(params, name, _convert(getattr(params, name), value))
    if "n_batch" not in options.parameters:
        # A prompt is computed by micro-batches and can be stopped between batches: larger ones take no less time, and a stop takes longer.
        params.n_batch = params.n_ubatch
    server = xllamacpp.Server(params)
    print(f"listening on {server.listening_address}", flush=True)  # noqa: T201 - the log of this process is its output
    wait_for_parent()
    # Without this, the end of `server` would wait for open streams.
    os._exit(0)


def _set_optional(xllamacpp: Any, params: Any, options: argparse.Namespace) -> None:
    if options.gpu_layers is not None:
        params.n_gpu_layers = options.gpu_layers
    if options.kv_type is not None:
        params.cache_type_k = params.cache_type_v = getattr(xllamacpp.ggml_type, f"GGML_TYPE_{options.kv_type.upper()}")
    if options.chat_template_file is not None:
        params.chat_template = Path(options.chat_template_file).read_bytes().decode()
    if options.mmproj is not None:
        params.mmproj.path = options.mmproj
    if options.draft_model is not None:
        params.speculative.draft.mparams.path = options.draft_model
        params.speculative.types = [xllamacpp.common_speculative_type.COMMON_SPECULATIVE_TYPE_DRAFT_SIMPLE]
    if options.adapter:
        params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(path, float(scale)) for path, scale in options.adapter]


def describe() -> dict[str, str | list[str]]:
    """The parameters that are a switch, a number or one of several words, by name."""
    import xllamacpp  # noqa: PLC0415 - see `serve`

    params = xllamacpp.CommonParams()
    described: dict[str, str | list[str]] = {}
    for name in dir(params):
        value = None if name.startswith("_") else getattr(params, name)
        if isinstance(value, enum.Enum):
            described[name] = list(_words(type(value)))
        elif type(value) in (bool, int, float):
            described[name] = type(value).__name__
    return described


def _words(kind: type[enum.Enum]) -> dict[str, enum.Enum]:
    """The members of an enumeration by the part of their names that differs, in lower case."""
    first, last = min(member.name for member in kind), max(member.name for member in kind)
    common = next((at for at, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), 0)
    start = first.rfind("_", 0, common) + 1
    return {member.name[start:].lower(): member for member in kind}


def _convert(before: Any, value: Any) -> Any:
    """The value of a parameter that was `before`, from its JSON form."""
    return _words(type(before))[value] if isinstance(before, enum.Enum) else value


def main() -> None:
    """Entry point of the engine process."""
    die_with_parent()
    if sys.argv[1:] == ["--describe"]:
        print(msgspec.json.encode(describe()).decode())  # noqa: T201 - what was asked for
        return
    options = parse_arguments(sys.argv[1:])
    try:
        serve(options)
    except RuntimeError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
