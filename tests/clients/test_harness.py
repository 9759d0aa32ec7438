"""The harness sees what a client does: here one that is a few lines of Python."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from .harness import drive
from .llama_server import Answer, LlamaServer, Overflow

if TYPE_CHECKING:
    from pathlib import Path

CLIENT = """
import json, os, sys, urllib.error, urllib.request

def post(url):
    body = json.dumps({"model": "m", "max_tokens": 9, "stream": True, "messages": [{"role": "user", "content": sys.argv[1]}]})
    return urllib.request.urlopen(urllib.request.Request(url, body.encode(), {"content-type": "application/json"}))

try:
    print(post(os.environ["BASE_URL"] + "/v1/messages").read().count(b"event: "))
    post("http://example.invalid/elsewhere")
except urllib.error.HTTPError as error:
    sys.exit(error.code - 400)
"""


def test_a_run_is_seen_whole(tmp_path: Path) -> None:
    backend = LlamaServer(lambda chat: Overflow(8) if "long" in str(chat) else Answer(text="Two words."))
    commands = [[sys.executable, "-c", CLIENT, prompt] for prompt in ("short", "long")]
    session = asyncio.run(drive(*commands, backend=backend, environ=lambda url: {"BASE_URL": url}, base=tmp_path))
    assert [run.status for run in session.runs] == [3, 0]  # refused by the proxy; refused by the gateway
    assert session.runs[0].output == "7\n"
    assert session.outside == ["POST http://example.invalid/elsewhere HTTP/1.1"]
    assert [exchange.status for exchange in session.posted("/v1/messages")] == [200, 400]
    answered = session.exchanges[0]
    assert answered.document["stream"] is True
    assert answered.event_types[0] == "message_start"
    assert answered.event_types[-1] == "message_stop"
    assert 0 < answered.longest_silence_s <= answered.seconds
    assert [chat["messages"][-1]["content"] for chat in session.chats] == ["short", "long"]
    assert any("create_message" in line for line in session.log)
