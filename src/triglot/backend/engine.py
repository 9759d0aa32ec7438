"""The embedded engine: llama.cpp's own HTTP server out of the `xllamacpp` wheel, as a process of its own.

`python -m triglot.backend.engine --model FILE --port PORT ...` serves llama-server's routes on 127.0.0.1 until the gateway that started
it is gone (`leash`) or a signal comes. A signal ends the process at once: an engine has nothing to save, and an orderly end would wait
for every open stream.
"""

from __future__ import annotations

import argparse
import os
import sys

from triglot.backend.leash import die_with_parent, wait_for_parent

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
    if options.threads:
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = options.threads
    if options.cache_mib is not None:
        params.cache_ram_mib = options.cache_mib
    server = xllamacpp.Server(params)
    print(f"listening on {server.listening_address}", flush=True)  # noqa: T201 - the log of this process is its output
    wait_for_parent()
    # Without this, the end of `server` would wait for open streams.
    os._exit(0)


def main() -> None:
    """Entry point of the engine process."""
    die_with_parent()
    options = parse_arguments(sys.argv[1:])
    try:
        serve(options)
    except RuntimeError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
