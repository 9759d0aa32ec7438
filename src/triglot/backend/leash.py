"""Ends an engine process together with the gateway, however the gateway ends.

The gateway starts an engine with a pipe as its standard input and never writes to it. When the gateway is gone, be it by `kill -9`, the
pipe closes, and that is the sign to stop. Where the kernel offers it (Linux), the engine asks to be killed with its parent as well, which
also works while it is busy loading a model.

Our own engine reads the pipe itself. For a program that does not, such as llama-server, `python -m triglot.backend.leash PROGRAM
ARGUMENT...` stands in between: it runs the program and kills it at the end of the pipe. There is nothing to save, and an orderly end
would wait for every open stream.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading

PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int | None = None) -> None:
    """Ask the kernel to kill this process when its parent dies; does nothing where the kernel cannot.

    With the process id of the `parent`, a process whose parent has died already ends here.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if parent is not None and os.getppid() != parent:
        os._exit(1)


def wait_for_parent() -> None:
    """Return when the gateway has closed its end of standard input, or has died."""
    while os.read(0, 4096):
        pass


def run(command: list[str]) -> int:
    """Run `command` until it ends by itself, the gateway is gone, or a signal asks to stop; returns its exit status.

    Raises:
        OSError: the program cannot be started.
    """
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)  # noqa: S603, PLW1509 - no threads exist yet

    def stop_at_end() -> None:
        wait_for_parent()
        process.kill()

    signal.signal(signal.SIGTERM, lambda *_: process.kill())
    threading.Thread(target=stop_at_end, daemon=True).start()
    return process.wait()


def main() -> None:
    """Run the program named by the arguments."""
    die_with_parent()
    try:
        status = run(sys.argv[1:])
    except OSError as error:
        sys.exit(f"cannot start {sys.argv[1]}: {error.strerror}")
    # A signal's number is negative here; a shell would say 128 + number.
    os._exit(status if status >= 0 else 128 - status)


if __name__ == "__main__":
    main()
