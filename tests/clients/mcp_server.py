"""A tool server that speaks the Model Context Protocol over its standard input and output: one tool, which counts the letters of a word.

Clients start it as a program of its own, so it needs nothing but Python.
"""

from __future__ import annotations

import json
import sys
from typing import Any

COUNT_LETTERS = {
    "name": "count_letters",
    "description": "Count the letters of a word.",
    "inputSchema": {"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"], "additionalProperties": False},
}


def answer(method: str, params: dict[str, Any]) -> dict[str, Any] | None:
    """The result of a request; `None` for a method that this server does not have."""
    match method:
        case "initialize":
            about = {"name": "letters", "version": "1.0.0"}
            return {"protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}}, "serverInfo": about}
        case "ping":
            return {}
        case "tools/list":
            return {"tools": [COUNT_LETTERS]}
        case "tools/call":
            word = params["arguments"]["word"]
            return {"content": [{"type": "text", "text": f"{word} has {len(word)} letters"}]}
        case _:
            return None


def main() -> None:
    """Answer each line that asks for an answer."""
    for line in sys.stdin:
        message = json.loads(line)
        if "id" not in message:
            continue
        reply: dict[str, Any] = {"jsonrpc": "2.0", "id": message["id"]}
        result = answer(message["method"], message.get("params") or {})
        if result is None:
            reply["error"] = {"code": -32601, "message": f"no method {message['method']}"}
        else:
            reply["result"] = result
        sys.stdout.write(json.dumps(reply) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
