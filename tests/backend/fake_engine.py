"""A program with an engine's outside, for tests of what stands around engines.

It serves `/health`, and to those who show the key in `LLAMA_API_KEY` `/slots` and `/props`, on `--port`, and ends with its parent. Words
on its command line change what it does: `deaf` does not listen
to SIGTERM, `never-ready` stays at 503, `slow` becomes ready when the file behind the word is there, `broken` ends with status 7, `busy` has
an answer under way until the file behind the word is there, `open` does not ask for a key. `/props` tells what is in the file behind
`--chat-template-file`.
"""

from __future__ import annotations

import http.server
import json
import os
import signal
import sys
import threading
from pathlib import Path

from triglot.backend.leash import wait_for_parent


def _told(word: str) -> Path | None:
    return Path(sys.argv[sys.argv.index(word) + 1]) if word in sys.argv else None


class Outside(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        ready = "never-ready" not in sys.argv and (SLOW is None or SLOW.exists())
        body = json.dumps({"template": TEMPLATE})
        if self.path == "/slots":
            body = json.dumps([{"id": 0, "is_processing": BUSY is not None and not BUSY.exists()}])
        welcome = self.path == "/health" or "open" in sys.argv or self.headers["authorization"] == f"Bearer {os.environ['LLAMA_API_KEY']}"
        self.send_response((200 if ready else 503) if welcome else 401)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        pass


SLOW, BUSY = _told("slow"), _told("busy")
TEMPLATE_FILE = _told("--chat-template-file")
TEMPLATE = TEMPLATE_FILE and TEMPLATE_FILE.read_bytes().decode()

if __name__ == "__main__":
    print("pid", os.getpid(), flush=True)  # noqa: T201
    if "broken" in sys.argv:
        sys.exit("no such tensor")
    if "deaf" in sys.argv:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1])), Outside)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    if "deaf" in sys.argv:
        threading.Event().wait()
    wait_for_parent()
