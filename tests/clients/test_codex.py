"""Codex CLI in its non-interactive mode, through the gateway, on a scripted llama-server."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import sys
from typing import TYPE_CHECKING, Any

import pytest

from . import mcp_server
from .codex import ENVIRON, EXEC, KEY, guide_config, overrides
from .filler import write_recordings
from .harness import Session, drive
from .llama_server import Answer, Busy, Call, Cut, LlamaServer, Loading, Overflow, Prefill, count_tokens
from .scripts import DONE, DOT, PROOF, act, call_then_finish, has_result, pictures_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from .llama_server import Turn

pytestmark = pytest.mark.clients

WRITE_PROOF = Call("exec_command", {"cmd": f"echo {PROOF} > proof.txt"})
FINISH = Answer(text=DONE)
LETTERS = {"mcp_servers.letters.command": sys.executable, "mcp_servers.letters.args": [mcp_server.__file__]}
PATCHES = "gpt-5.5"  # Codex gives models that it knows by this name its patch and search tools
SCRIPTS = "gpt-5.6-sol"  # and those of this kind one tool that runs JavaScript, in which the other tools are called


@pytest.fixture
def ask(client: str, base: Path, request: pytest.FixtureRequest) -> Callable[..., Session]:
    """Run Codex once for each prompt, in one conversation."""

    def run(
        play: Callable[[dict[str, Any]], Turn],
        *prompts: str,
        model: str | None = None,
        config: Mapping[str, Any] | None = None,
        flags: Sequence[str] = (),
        files: Callable[[str], Mapping[str, str]] = lambda url: {".codex/config.toml": guide_config(url)},
        env: Mapping[str, str] = ENVIRON,
        settings: Sequence[str] = ("--api-keys", KEY),
        vision: bool = False,
        record: Mapping[int, str] | None = None,
    ) -> Session:
        known = [*EXEC, *flags, *(["-m", model] if model else []), *overrides(config or {})]
        first, *others = prompts or ("Write the proof.",)
        commands = [[client, *known, first], *([client, *known, "resume", "--last", prompt] for prompt in others)]
        backend = LlamaServer(play, vision=vision)
        session = asyncio.run(drive(*commands, backend=backend, environ=lambda _: env, files=files, base=base, settings=settings))
        sys.stdout.write(session.report())
        if record and request.config.getoption("--record"):
            exchanges = session.posted("/v1/responses")
            version = re.findall(r"codex_exec/(\S+)", exchanges[0].headers["user-agent"])[0]
            write_recordings(exchanges, record, f"codex-{version}")
        return session

    return run


def assert_loop(session: Session) -> None:
    """Two turns: a call that really ran, and the last word."""
    session.assert_served()
    assert (session.work / "proof.txt").read_text() == PROOF + "\n"
    assert session.runs[-1].output == DONE + "\n"
    assert {exchange.event_types[-1] for exchange in session.posted("/v1/responses")} == {"response.completed"}
    first, second = session.chats
    # what the backend has read it need not read again: the second prompt begins with the first
    assert second["tools"] == first["tools"]
    assert second["messages"][: len(first["messages"])] == first["messages"]
    call, result = second["messages"][len(first["messages"]) :]
    assert json.loads(call["tool_calls"][0]["function"]["arguments"]) == WRITE_PROOF.arguments
    assert result["tool_call_id"] == call["tool_calls"][0]["id"]
    assert "exited with code 0" in result["content"]


def test_shell_loop(ask: Callable[..., Session]) -> None:
    session = ask(call_then_finish(WRITE_PROOF), record={1: "first-turn", 2: "second-turn"})
    assert_loop(session)
    assert len(session.posted("/v1/responses")) == len(session.exchanges) == 2


def test_parallel_calls(ask: Callable[..., Session]) -> None:
    other = Call("exec_command", {"cmd": "echo two > second.txt"})
    session = ask(call_then_finish(WRITE_PROOF, other), record={2: "parallel-calls"})
    session.assert_served()
    assert sorted(path.name for path in session.work.iterdir()) == ["proof.txt", "second.txt"]
    calls, *results = session.chats[1]["messages"][-3:]
    assert [call["id"] for call in calls["tool_calls"]] == [result["tool_call_id"] for result in results]


@pytest.mark.parametrize(
    ("call", "told"),
    [
        pytest.param(Call("exec_command", {"cmd": "echo broken; exit 3"}), r"exited with code 3(.|\n)*broken", id="command"),
        pytest.param(Call("exec_command", '{"cmd": "ec'), "failed to parse function arguments", id="arguments"),
        pytest.param(Call("no_such_tool", {}), "unsupported call: no_such_tool", id="tool"),
    ],
)
def test_failed_call(ask: Callable[..., Session], call: Call, told: str, request: pytest.FixtureRequest) -> None:
    """Whatever goes wrong with a call, the model is told, and nobody else."""
    session = ask(call_then_finish(call), record={2: f"failed-{request.node.callspec.id}"})
    session.assert_served()
    asked, result = session.chats[1]["messages"][-2:]
    assert asked["tool_calls"][0]["function"]["name"] == call.name
    assert re.search(told, result["content"])
    assert session.runs[0].output == DONE + "\n"


def test_resumed(ask: Callable[..., Session]) -> None:
    session = ask(act(Answer(calls=(WRITE_PROOF,)), FINISH, Answer(text="Again.")), "Write the proof.", "And again.", record={3: "resumed"})
    session.assert_served()
    assert [run.output for run in session.runs] == [DONE + "\n", "Again.\n"]
    before, after = session.chats[1]["messages"], session.chats[2]["messages"]
    assert after[: len(before)] == before
    assert [message["role"] for message in after[len(before) :]] == ["assistant", "user"]


def test_output_schema(ask: Callable[..., Session], base: Path) -> None:
    schema = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"], "additionalProperties": False}
    (base / "schema.json").write_text(json.dumps(schema))
    session = ask(act(Answer(text='{"ok": true}')), flags=["--output-schema", str(base / "schema.json")])
    session.assert_served()
    assert session.chats[0]["response_format"]["json_schema"]["schema"] == schema
    assert session.runs[0].output == '{"ok": true}\n'


def write_picture(folder: Path) -> str:
    path = folder / "dot.png"
    path.write_bytes(base64.b64decode(DOT))
    return str(path)


def test_image_of_the_user(ask: Callable[..., Session], base: Path) -> None:
    session = ask(act(FINISH), "What is this?", flags=["-i", write_picture(base), "--"], vision=True, record={1: "image"})
    session.assert_served()
    assert pictures_in(session.chats[0]) == ["data:image/png;base64,"]


BIG_OUTPUT = Call("exec_command", {"cmd": "seq 1 5000"})
SUMMARY = "The numbers were counted up to 5000."


def test_compacts_at_its_limit(ask: Callable[..., Session]) -> None:
    """The result of the call is beyond the limit: Codex has the conversation summed up in an ordinary request, and goes on with that."""

    def play(chat: dict[str, Any]) -> Answer:
        if not chat.get("tools"):
            return Answer(text=SUMMARY)
        return FINISH if SUMMARY in str(chat["messages"]) else Answer(calls=(BIG_OUTPUT,))

    limits = {"model_context_window": 20000, "model_auto_compact_token_limit": 9000}
    session = ask(play, "Count.", "And again.", config=limits, record={2: "compaction", 3: "after-compaction"})
    session.assert_served()
    assert [run.output for run in session.runs] == [DONE + "\n"] * 2
    compaction = session.posted("/v1/responses")[1]
    assert compaction.document["tools"] == []
    assert "5000" in str(session.chats[1]["messages"][-2]["content"])
    assert {message["role"] for message in session.chats[2]["messages"]} == {"system", "user"}
    assert SUMMARY in session.chats[2]["messages"][-1]["content"]
    assert len(session.chats) == 4


def test_compacts_when_the_context_is_full(ask: Callable[..., Session]) -> None:
    """Codex is wrong about the context; the refusal tells it, and with the next prompt it has the conversation summed up."""

    def play(chat: dict[str, Any]) -> Turn:
        if count_tokens(chat) > 9500:
            return Overflow(9500)
        if not chat.get("tools"):
            return Answer(text=SUMMARY)
        return FINISH if SUMMARY in str(chat["messages"]) else Answer(calls=(BIG_OUTPUT,))

    session = ask(play, "Count.", "Go on.")
    assert [run.status for run in session.runs] == [1, 0]
    assert "ran out of room in the model's context window" in session.runs[0].complaints
    assert session.runs[1].output == DONE + "\n"
    assert [exchange.status for exchange in session.posted("/v1/responses")] == [200, 400, 200, 200]
    assert [bool(chat.get("tools")) for chat in session.chats] == [True, True, False, True]
    assert SUMMARY in str(session.chats[3]["messages"])


IDLE_LIMIT = {"model_providers.triglot.stream_idle_timeout_ms": 4000}


@pytest.mark.parametrize("reports", [pytest.param(0, id="queued"), pytest.param(1, id="one-report"), pytest.param(12, id="reports")])
def test_long_prefill(ask: Callable[..., Session], reports: int) -> None:
    """12 s until the first token, for a Codex that gives up after 4 s without an event."""
    play = call_then_finish(WRITE_PROOF, prefill=Prefill(12, reports))
    session = ask(play, config=IDLE_LIMIT, settings=("--api-keys", KEY, "--heartbeat-s", "1"))
    assert_loop(session)
    slow = session.posted("/v1/responses")[1]
    assert slow.seconds > 12
    assert slow.event_types.count("response.in_progress") > 10
    assert slow.longest_silence_s < 2


def test_gives_up_without_a_heartbeat(ask: Callable[..., Session]) -> None:
    """The limit is one: what the heartbeat spares the backend is a prompt read twice."""
    slow = [Prefill(6)]
    play = act(Answer(calls=(WRITE_PROOF,)), FINISH)

    def hesitate(chat: dict[str, Any]) -> Turn:
        return Answer(text=DONE, prefill=slow.pop()) if has_result(chat) and slow else play(chat)

    session = ask(hesitate, config=IDLE_LIMIT, settings=("--api-keys", KEY, "--heartbeat-s", "60"))
    assert session.runs[0].output == DONE + "\n"
    assert len(session.posted("/v1/responses")) == 3
    assert session.chats[2]["messages"] == session.chats[1]["messages"]


@pytest.mark.parametrize(
    ("trouble", "status"),
    [
        pytest.param(Loading(), 503, id="model-loads"),
        pytest.param(Cut("I am about to"), 200, id="backend-dies"),
        pytest.param(Busy(1), 429, id="busy"),
        pytest.param(Busy(), 429, id="busy-without-a-word"),
    ],
)
def test_asks_again(ask: Callable[..., Session], trouble: Turn, status: int) -> None:
    """What passes is tried again; the turn that broke off leaves no trace in the conversation."""
    troubles = [trouble]
    play = call_then_finish(WRITE_PROOF)
    session = ask(lambda chat: troubles.pop() if has_result(chat) and troubles else play(chat))
    asked = session.posted("/v1/responses")
    assert [exchange.status for exchange in asked] == [200, status, 200]
    assert session.runs[0].status == 0
    assert session.runs[0].output == DONE + "\n"
    assert session.chats[2]["messages"] == session.chats[1]["messages"]
    assert not any("Traceback" in line for line in session.log)
    if status == 429:
        assert int(asked[1].answer_headers["retry-after"]) >= 1
