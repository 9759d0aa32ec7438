"""Claude Code in print mode, through the gateway, on a scripted llama-server."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import sys
from typing import TYPE_CHECKING, Any

import pytest

from .filler import write_recordings
from .harness import Session, drive
from .llama_server import Answer, Call, Cut, LlamaServer, Loading, Overflow, Prefill, Turn
from .scripts import DONE, DOT, PROOF, THOUGHT, call_then_finish, has_result, pictures_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

pytestmark = pytest.mark.clients

KEY = "dummy-key"
TOOLS = ("Bash", "Read", "Agent", "ToolSearch", "WebSearch")
WRITE_PROOF = Call("Bash", {"command": f"echo {PROOF} > proof.txt", "description": "Write the proof"})


def environ(**more: str) -> Callable[[str], Mapping[str, str]]:
    """Claude Code's environment: the gateway's address, and the documented switches for everything else that it would call."""
    quiet = ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "DISABLE_AUTOUPDATER", "DISABLE_ERROR_REPORTING", "DISABLE_TELEMETRY")
    return lambda url: {
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_API_KEY": KEY,
        "ANTHROPIC_MODEL": "scripted",
        **dict.fromkeys(quiet, "1"),
        **more,
    }


@pytest.fixture
def ask(client: str, base: Path, request: pytest.FixtureRequest) -> Callable[..., Session]:
    """Run Claude Code once for each prompt, in one conversation."""

    def run(
        play: Callable[[dict[str, Any]], Turn],
        *prompts: str,
        env: Callable[[str], Mapping[str, str]] = environ(),  # noqa: B008
        settings: tuple[str, ...] = ("--api-keys", KEY),
        vision: bool = False,
        record: Mapping[int, str] | None = None,
    ) -> Session:
        commands = [
            [client, "-p", prompt, *(["--continue"] if turn else []), "--allowedTools", *TOOLS]
            for turn, prompt in enumerate(prompts or ("Write the proof.",))
        ]
        session = asyncio.run(drive(*commands, backend=LlamaServer(play, vision=vision), environ=env, base=base, settings=settings))
        sys.stdout.write(session.report())
        if record and request.config.getoption("--record"):
            exchanges = session.posted("/v1/messages")
            version = re.findall(r"claude-cli/(\S+)", exchanges[0].headers["user-agent"])[0]
            write_recordings(exchanges, record, f"claude-code-{version}")
        return session

    return run


def assert_loop(session: Session) -> None:
    """Two turns: a call that really ran, and the last word."""
    session.assert_served()
    assert (session.work / "proof.txt").read_text() == PROOF + "\n"
    assert session.runs[-1].output == DONE + "\n"
    assert all(exchange.event_types[-1] == "message_stop" for exchange in session.posted("/v1/messages"))
    first, second = (chat for chat in session.chats if chat.get("tools"))
    # what the backend has read it need not read again: the second prompt begins with the first
    assert second["tools"] == first["tools"]
    assert second["messages"][: len(first["messages"])] == first["messages"]
    assert "x-anthropic-billing-header" not in json.dumps(second)
    call, result = second["messages"][len(first["messages"]) :]
    assert json.loads(call["tool_calls"][0]["function"]["arguments"]) == WRITE_PROOF.arguments
    assert result["tool_call_id"] == call["tool_calls"][0]["id"]


def test_tool_loop(ask: Callable[..., Session]) -> None:
    session = ask(call_then_finish(WRITE_PROOF), record={1: "first-turn", 2: "second-turn"})
    assert_loop(session)
    # neither fields that say how to cache or load, nor that nothing is shown of the thinking, change what the model is told
    harmless = r"context_management|thinking\.display|tools\[\]\.defer_loading|.*cache_control"
    assert [name for name in session.losses if not re.fullmatch(harmless, name)] == []


def test_bearer_token(ask: Callable[..., Session]) -> None:
    session = ask(call_then_finish(WRITE_PROOF), env=environ(ANTHROPIC_API_KEY="", ANTHROPIC_AUTH_TOKEN=KEY))
    assert_loop(session)
    assert {exchange.headers["authorization"] for exchange in session.posted("/v1/messages")} == {f"Bearer {KEY}"}


@pytest.mark.parametrize(
    ("name", "settings", "thinking"),
    [
        ("adaptive", {}, {"type": "adaptive", "display": "omitted"}),
        ("budget", {"ANTHROPIC_MODEL": "claude-sonnet-4-5"}, {"type": "enabled", "display": "omitted", "budget_tokens": 31999}),
    ],
    ids=["adaptive", "budget"],
)
def test_thinking(ask: Callable[..., Session], name: str, settings: dict[str, str], thinking: dict[str, Any]) -> None:
    session = ask(call_then_finish(WRITE_PROOF, thinking=True), env=environ(**settings), record={2: f"thinking-{name}"})
    assert_loop(session)
    first, second = session.posted("/v1/messages")
    assert first.document["thinking"] == thinking
    (turn,) = (message for message in second.document["messages"] if message["role"] == "assistant")
    block = turn["content"][0]
    assert block["type"] == "thinking"
    assert block["signature"]
    assert session.chats[0]["chat_template_kwargs"]["enable_thinking"] is True
    assert [message.get("reasoning_content") for message in session.chats[1]["messages"] if message["role"] == "assistant"] == [THOUGHT]


def test_without_thinking(ask: Callable[..., Session]) -> None:
    session = ask(call_then_finish(WRITE_PROOF), env=environ(MAX_THINKING_TOKENS="0"), record={2: "no-thinking"})
    assert_loop(session)
    assert {chat["chat_template_kwargs"]["enable_thinking"] for chat in session.chats} == {False}


def test_parallel_calls(ask: Callable[..., Session]) -> None:
    other = Call("Bash", {"command": "echo two > second.txt", "description": "Write another file"})
    session = ask(call_then_finish(WRITE_PROOF, other), record={2: "parallel-calls"})
    session.assert_served()
    assert sorted(path.name for path in session.work.iterdir()) == ["proof.txt", "second.txt"]
    calls, *results = session.chats[1]["messages"][-3:]
    assert [call["id"] for call in calls["tool_calls"]] == [result["tool_call_id"] for result in results]


def test_failed_call(ask: Callable[..., Session]) -> None:
    session = ask(call_then_finish(Call("Bash", {"command": "echo broken; exit 3", "description": "Fail"})), record={2: "failed-call"})
    session.assert_served()
    result = session.posted("/v1/messages")[1].document["messages"][-1]["content"][0]
    assert result["is_error"] is True
    content = session.chats[1]["messages"][-1]["content"]
    assert content.startswith("Error:")
    assert "broken" in content


def test_sub_agents(ask: Callable[..., Session]) -> None:
    """Two agents at the same time, each with a conversation of its own."""
    tasks = [
        Call("Agent", {"description": f"Part {n}", "prompt": f"PART-{n}", "subagent_type": "general-purpose", "run_in_background": False})
        for n in (1, 2)
    ]

    def play(chat: dict[str, Any]) -> Answer:
        part = re.search(r"PART-(\d)", json.dumps(chat["messages"][1]))
        if part is None:
            return call_then_finish(*tasks)(chat)
        write = Call("Bash", {"command": f"echo {part[1]} > part{part[1]}.txt", "description": "Write"})
        return Answer(text=f"Part {part[1]} is written.") if has_result(chat) else Answer(calls=(write,))

    session = ask(play, record={2: "sub-agent-first-turn", 4: "sub-agent-second-turn", 6: "sub-agent-reports"})
    session.assert_served()
    assert sorted(path.name for path in session.work.iterdir()) == ["part1.txt", "part2.txt"]
    assert session.runs[0].output == DONE + "\n"
    results = [message["content"] for message in session.chats[-1]["messages"] if message["role"] == "tool"]
    assert ["Part 1 is written." in results[0], "Part 2 is written." in results[1]] == [True, True]


def test_tool_search(ask: Callable[..., Session]) -> None:
    """A tool that is found and only then given: its result is a reference, which has to reach the model as words."""
    session = ask(call_then_finish(Call("ToolSearch", {"query": "select:WebFetch", "max_results": 1})), record={2: "tool-reference"})
    session.assert_served()
    result = session.posted("/v1/messages")[1].document["messages"][-1]["content"][0]
    assert [block["type"] for block in result["content"]] == ["tool_reference"]
    last = [message for message in session.chats[1]["messages"] if message["role"] == "tool"][-1]
    assert "WebFetch" in last["content"]
    assert "WebFetch" in [tool["function"]["name"] for tool in session.chats[1]["tools"]]


def test_web_search(ask: Callable[..., Session]) -> None:
    """Claude Code's WebSearch asks for a server tool in a request on the side; it is not served, and said so."""
    session = ask(call_then_finish(Call("WebSearch", {"query": "llama.cpp server"})), record={2: "web-search"})
    session.assert_served()
    assert any(name.startswith("tools[]") and "web_search" in name for name in session.losses)
    assert session.runs[0].output == DONE + "\n"


def test_image_result(ask: Callable[..., Session], base: Path) -> None:
    """Read gives an image as the result of a call; the model is to see it."""
    picture = base / "dot.png"
    picture.write_bytes(base64.b64decode(DOT))
    session = ask(call_then_finish(Call("Read", {"file_path": str(picture)})), vision=True, record={2: "image-result"})
    session.assert_served()
    block = session.posted("/v1/messages")[1].document["messages"][-1]["content"][0]["content"][0]
    assert block["type"] == "image"
    assert pictures_in(session.chats[1]) == ["data:image/png;base64,"]


def test_compacts_when_the_context_is_full(ask: Callable[..., Session]) -> None:
    """The third prompt is too long once; Claude Code reads the numbers of the error, has the conversation summed up, and goes on."""
    summary = "<analysis>Short.</analysis><summary>The proof was asked for and written.</summary>"
    refusals: list[int] = []

    def play(chat: dict[str, Any]) -> Answer | Overflow:
        text = json.dumps(chat["messages"][-1])
        if "<summary>" in text and "<analysis>" in text:
            return Answer(text=summary)
        if "Go on." in text and not refusals:
            refusals.append(1)
            return Overflow(8000)
        return call_then_finish(WRITE_PROOF)(chat) if not refusals else Answer(text="Summed up, and gone on.")

    session = ask(play, "Write the proof.", "Go on.", record={4: "compaction", 5: "after-compaction"})
    session.assert_served(refused=1)
    (refusal,) = (exchange for exchange in session.exchanges if exchange.status == 400)
    assert re.search(rb'"prompt is too long: \d+ tokens > 8000 maximum"', refusal.answer)
    assert session.runs[-1].output == "Summed up, and gone on.\n"
    assert "The proof was asked for and written." in json.dumps(session.chats[-1]["messages"])


def test_says_so_when_the_first_prompt_is_too_long(ask: Callable[..., Session]) -> None:
    session = ask(lambda _: Overflow(8000))
    assert [run.status for run in session.runs] == [1]
    assert session.runs[0].output.startswith("Prompt is too long")
    assert "limit 8000" in session.runs[0].output


@pytest.mark.parametrize(
    ("trouble", "status"), [pytest.param(Loading(), 529, id="model-loads"), pytest.param(Cut("I am about to"), 200, id="backend-dies")]
)
def test_asks_again(ask: Callable[..., Session], trouble: Loading | Cut, status: int) -> None:
    """What passes is tried again; the turn that broke off leaves no trace in the conversation."""
    troubles = [trouble]
    play = call_then_finish(WRITE_PROOF)
    session = ask(lambda chat: troubles.pop() if has_result(chat) and troubles else play(chat))
    assert [exchange.status for exchange in session.posted("/v1/messages")] == [200, status, 200]
    assert session.runs[0].status == 0
    assert session.runs[0].output == DONE + "\n"
    assert session.chats[2]["messages"] == session.chats[1]["messages"]
    assert not any("Traceback" in line for line in session.log)


def test_keeps_the_alias_of_the_model(ask: Callable[..., Session], base: Path) -> None:
    """Claude Code asks a gateway for its models and keeps those that are called claude or anthropic: the alias makes ours one of them."""
    env = environ(CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY="1", ANTHROPIC_MODEL="claude-local")
    session = ask(call_then_finish(WRITE_PROOF), env=env, settings=("--messages-alias", "claude-local"))
    assert_loop(session)
    (listing,) = (exchange for exchange in session.exchanges if exchange.path.startswith("/v1/models"))
    assert (listing.path, listing.status) == ("/v1/models?limit=1000", 200)
    kept = json.loads((base / "home/.claude/cache/gateway-models.json").read_text())
    assert [model["id"] for model in kept["models"]] == ["claude-local"]


@pytest.mark.parametrize(
    ("reports", "patience"),
    [
        pytest.param(0, "15000", id="queued"),  # nothing of the backend, not even headers
        pytest.param(1, "15000", id="one-report"),  # headers and one report, then nothing
        pytest.param(15, "15000", id="reports"),  # a report every 2 s
    ],
)
def test_long_prefill(ask: Callable[..., Session], reports: int, patience: str) -> None:
    """30 s until the first token, for a client that waits 15 s for an answer to begin."""
    play = call_then_finish(WRITE_PROOF, prefill=Prefill(30, reports))
    session = ask(play, env=environ(API_TIMEOUT_MS=patience), settings=("--api-keys", KEY, "--heartbeat-s", "5"))
    assert_loop(session)
    slow = session.posted("/v1/messages")[1]
    assert slow.seconds > 30
    assert slow.event_types[:2] == ["message_start", "ping"]
    assert slow.event_types.count("ping") >= 4
    assert slow.pieces[0][0] - slow.asked_s < 3
    assert slow.longest_silence_s < 8
