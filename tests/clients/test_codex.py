"""Codex CLI in its non-interactive mode, through the gateway, on a scripted llama-server."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from . import mcp_server
from .codex import ENVIRON, EXEC, KEY, MODEL, guide_blocks, guide_config, items_of, login, overrides, signed_in_config, tools_of
from .filler import write_recordings
from .harness import Session, drive
from .llama_server import Answer, Busy, Call, Cut, LlamaServer, Loading, Overflow, Prefill, count_tokens
from .scripts import DONE, DOT, PROOF, act, call_then_finish, has_result, pictures_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .llama_server import Turn

pytestmark = pytest.mark.clients

WRITE_PROOF = Call("exec_command", {"cmd": f"echo {PROOF} > proof.txt"})
FINISH = Answer(text=DONE)
LETTERS = {"mcp_servers.letters.command": sys.executable, "mcp_servers.letters.args": [mcp_server.__file__]}
OWN_NAME = {"model_providers.triglot.name": "OpenAI"}  # Codex takes such a provider for one that has all that its own has
PATCHES = "gpt-5.5"  # Codex gives models that it knows by this name its patch and search tools
SCRIPTS = "gpt-6.1-sol"  # and those of this kind one tool that runs JavaScript, in which the other tools are called


@pytest.fixture
def ask(client: str, base: Path, request: pytest.FixtureRequest) -> Callable[..., Session]:
    """Run Codex once for each prompt, in one conversation."""

    def run(
        play: Callable[[dict[str, Any]], Turn],
        *prompts: str,
        before: Sequence[Sequence[str]] = (),
        model: str | None = None,
        config: Mapping[str, Any] | None = None,
        flags: Sequence[str] = (),
        files: Callable[[str], Mapping[str, str]] = lambda url: {".codex/config.toml": guide_config(url)},
        environ: Callable[[str], Mapping[str, str]] = lambda _: ENVIRON,
        settings: Sequence[str] = ("--api-keys", KEY),
        vision: bool = False,
        record: Mapping[int, str] | None = None,
    ) -> Session:
        known = [*EXEC, *flags, *(["-m", model] if model else []), *overrides(config or {})]
        first, *others = prompts or ("Write the proof.",)
        commands = [*before, [client, *known, first], *([client, *known, "resume", "--last", prompt] for prompt in others)]
        backend = LlamaServer(play, vision=vision)
        session = asyncio.run(drive(*commands, backend=backend, environ=environ, files=files, base=base, settings=settings))
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
    session = ask(call_then_finish(WRITE_PROOF, other))
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
def test_failed_call(ask: Callable[..., Session], call: Call, told: str) -> None:
    """Whatever goes wrong with a call, the model is told, and nobody else."""
    session = ask(call_then_finish(call))
    session.assert_served()
    asked, result = session.chats[1]["messages"][-2:]
    assert asked["tool_calls"][0]["function"]["name"] == call.name
    assert re.search(told, result["content"])
    assert session.runs[0].output == DONE + "\n"


def test_patch_loop(ask: Callable[..., Session]) -> None:
    """The patch tool takes free text: the model gives it as an argument, and Codex gets it as the call of a custom tool."""
    patches = [
        "*** Begin Patch\n*** Add File: notes.txt\n+one\n+two\n*** End Patch\n",
        '*** Begin Patch\n*** Update File: notes.txt\n@@\n one\n-two\n+"zwei" \\ ✓\n*** End Patch\n',
    ]
    calls = [Call("apply_patch", {"input": patch}) for patch in patches]
    session = ask(act(*(Answer(calls=(call,)) for call in calls), FINISH), model=PATCHES, record={3: "patches"})
    session.assert_served()
    assert (session.work / "notes.txt").read_text() == 'one\n"zwei" \\ ✓\n'
    first, *_, last = session.posted("/v1/responses")
    assert tools_of(first.document)["apply_patch"]["format"]["syntax"] == "lark"
    assert [call["input"] for call in items_of(last.document, "custom_tool_call")] == patches
    assert "response.custom_tool_call_input.delta" in first.event_types
    offered = {tool["function"]["name"]: tool["function"] for tool in session.chats[0]["tools"]}
    assert list(offered["apply_patch"]["parameters"]["properties"]) == ["input"]
    assert "*** Begin Patch" in offered["apply_patch"]["description"]
    again = [call["function"] for message in session.chats[2]["messages"] for call in message.get("tool_calls") or ()]
    assert [(call["name"], json.loads(call["arguments"])) for call in again] == [("apply_patch", call.arguments) for call in calls]
    results = [message["content"] for message in session.chats[2]["messages"] if message["role"] == "tool"]
    assert ["Success" in result for result in results] == [True, True]


def test_failed_patch(ask: Callable[..., Session]) -> None:
    """A patch that does not fit the file is a result for the model."""
    patch = "*** Begin Patch\n*** Update File: missing.txt\n@@\n-one\n+two\n*** End Patch\n"
    session = ask(call_then_finish(Call("apply_patch", {"input": patch})), model=PATCHES)
    session.assert_served()
    assert "missing.txt" in session.chats[1]["messages"][-1]["content"]
    assert session.runs[0].output == DONE + "\n"


def test_namespace(ask: Callable[..., Session]) -> None:
    """The tools of an MCP server come as a namespace; Codex knows their calls by the bare name and the namespace beside it."""
    call = Call("mcp__letters__count_letters", {"word": "gateway"})
    session = ask(call_then_finish(call), config=LETTERS, record={2: "namespace"})
    session.assert_served()
    first, second = session.posted("/v1/responses")
    assert [tool["name"] for tool in tools_of(first.document)["mcp__letters"]["tools"]] == ["count_letters"]
    [made] = items_of(second.document, "function_call")
    assert (made["namespace"], made["name"]) == ("mcp__letters", "count_letters")
    asked, result = session.chats[1]["messages"][-2:]
    assert asked["tool_calls"][0]["function"] == {"name": call.name, "arguments": call.text}
    assert "gateway has 7 letters" in result["content"]


def test_tool_search(ask: Callable[..., Session]) -> None:
    """A tool that is found and only then given."""
    search = Call("tool_search", {"query": "count letters", "limit": 2})
    count = Call("mcp__letters__count_letters", {"word": "gateway"})
    play = act(Answer(calls=(search,)), Answer(calls=(count,)), FINISH)
    session = ask(play, model=PATCHES, config=LETTERS, record={3: "found-tool"})
    session.assert_served()
    second = session.posted("/v1/responses")[1]
    [searched] = items_of(second.document, "tool_search_call")
    assert searched["arguments"] == search.arguments
    [found] = items_of(second.document, "tool_search_output")
    assert [tool["name"] for tool in found["tools"]] == ["mcp__letters"]
    offers = [[tool["function"]["name"] for tool in chat["tools"]] for chat in session.chats]
    assert [count.name in offer for offer in offers] == [False, True, True]
    assert "gateway has 7 letters" in session.chats[2]["messages"][-1]["content"]


def test_javascript(ask: Callable[..., Session]) -> None:
    """The tools of the newest models come as an input item; the one that matters takes a program."""
    program = f"const run = await tools.exec_command({{cmd: 'echo {PROOF} > proof.txt; echo ran'}});\ntext(run.output);"
    session = ask(call_then_finish(Call("functions__exec", {"input": program})), model=SCRIPTS, record={2: "script-result"})
    session.assert_served()
    assert (session.work / "proof.txt").read_text() == PROOF + "\n"
    first, second = session.posted("/v1/responses")
    assert "tools" not in first.document
    assert {tool["name"]: tool["type"] for tool in tools_of(first.document)["functions"]["tools"]}["exec"] == "custom"
    [made] = items_of(second.document, "custom_tool_call")
    assert (made["namespace"], made["name"], made["input"]) == ("functions", "exec", program)
    assert "ran" in session.chats[1]["messages"][-1]["content"]


def test_resumed(ask: Callable[..., Session]) -> None:
    session = ask(act(Answer(calls=(WRITE_PROOF,)), FINISH, Answer(text="Again.")), "Write the proof.", "And again.")
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
    session = ask(act(FINISH), "What is this?", flags=["-i", write_picture(base), "--"], vision=True)
    session.assert_served()
    assert pictures_in(session.chats[0]) == ["data:image/png;base64,"]


def test_image_result(ask: Callable[..., Session], base: Path) -> None:
    """view_image gives an image as the result of a call; the model is to see it."""
    session = ask(call_then_finish(Call("view_image", {"path": write_picture(base)})), vision=True, record={2: "image-result"})
    session.assert_served()
    [result] = items_of(session.posted("/v1/responses")[1].document, "function_call_output")
    assert [part["type"] for part in result["output"]] == ["input_image"]
    assert pictures_in(session.chats[1]) == ["data:image/png;base64,"]


def test_catalog(ask: Callable[..., Session], client: str) -> None:
    """The guide's catalog makes Codex give a model of ours its patch tool, and no warning."""
    [make] = guide_blocks("sh")
    add = """sed -i '1i model_catalog_json = "models.json"' ~/.codex/config.toml"""
    script = f"PATH={Path(client).parent}:$PATH\n{make}\n{add}"
    patch = f"*** Begin Patch\n*** Add File: proof.txt\n+{PROOF}\n*** End Patch\n"
    session = ask(call_then_finish(Call("apply_patch", {"input": patch})), before=[["bash", "-ec", script]], model="tiny-demo")
    session.assert_served()
    assert (session.work / "proof.txt").read_text() == PROOF + "\n"
    assert "Model metadata" not in session.runs[1].complaints
    assert session.posted("/v1/responses")[0].document["model"] == "tiny-demo"


def test_open_source_mode(ask: Callable[..., Session]) -> None:
    """`--oss` takes the gateway for a local LM Studio: it looks for the model and loads it by a request for one token."""
    session = ask(
        call_then_finish(WRITE_PROOF),
        flags=["--oss", "--local-provider", "lmstudio", "-m", MODEL],
        environ=lambda url: {"CODEX_OSS_BASE_URL": f"{url}/v1"},
        settings=(),
    )
    session.assert_served()
    assert (session.work / "proof.txt").read_text() == PROOF + "\n"
    asked = [(exchange.method, exchange.path) for exchange in session.exchanges]
    assert asked == [("GET", "/v1/models")] * 2 + [("POST", "/v1/responses")] * 3
    load = session.posted("/v1/responses")[0]
    assert load.document == {"model": MODEL, "input": "", "max_output_tokens": 1}
    assert json.loads(load.answer)["object"] == "response"


def test_compressed_bodies(ask: Callable[..., Session]) -> None:
    """Codex compresses for a provider with the name of its own, when somebody is signed in with an account.

    It asks the account's server for more, which the gateway is not.
    """
    session = ask(
        call_then_finish(WRITE_PROOF),
        config=OWN_NAME,
        files=lambda url: {".codex/config.toml": signed_in_config(url), ".codex/auth.json": login()},
        settings=(),
    )
    assert session.runs[0].output == DONE + "\n"
    posted = session.posted("/v1/responses")
    assert {exchange.headers.get("content-encoding") for exchange in posted} == {"zstd"}
    assert [exchange.status for exchange in posted] == [200, 200]
    assert (session.work / "proof.txt").read_text() == PROOF + "\n"


BIG_OUTPUT = Call("exec_command", {"cmd": "seq 1 5000"})
FULL = 11_500  # tokens: a first prompt takes less, and one with that output more
LIMITS = {"model_context_window": 20_000, "model_auto_compact_token_limit": FULL}
SUMMARY = "The numbers were counted up to 5000."


def test_compacts_at_its_limit(ask: Callable[..., Session]) -> None:
    """The result of the call is beyond the limit: Codex has the conversation summed up in an ordinary request, and goes on with that."""

    def play(chat: dict[str, Any]) -> Answer:
        if not chat.get("tools"):
            return Answer(text=SUMMARY)
        return FINISH if SUMMARY in str(chat["messages"]) else Answer(calls=(BIG_OUTPUT,))

    session = ask(play, "Count.", "And again.", config=LIMITS, record={2: "compaction", 3: "after-compaction"})
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
        if count_tokens(chat) > FULL:
            return Overflow(FULL)
        if not chat.get("tools"):
            return Answer(text=SUMMARY)
        return FINISH if SUMMARY in str(chat["messages"]) else Answer(calls=(BIG_OUTPUT,))

    session = ask(play, "Count.", "Go on.", config={"model_context_window": 272_000})
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
