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
from .codex import (
    ENVIRON,
    EXEC,
    KEY,
    MODEL,
    built_in_config,
    guide_blocks,
    guide_config,
    items_of,
    login,
    overrides,
    signed_in_config,
    tools_of,
)
from .filler import write_recordings
from .harness import Session, drive
from .llama_server import Answer, Busy, Call, Cut, LlamaServer, Loading, Overflow, Prefill, count_tokens
from .scripts import DONE, DOT, PROOF, THOUGHT, act, call_then_finish, has_result, pictures_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .llama_server import Turn

pytestmark = pytest.mark.clients

WRITE_PROOF = Call("exec_command", {"cmd": f"echo {PROOF} > proof.txt"})
FINISH = Answer(text=DONE)
LETTERS = {"mcp_servers.letters.command": sys.executable, "mcp_servers.letters.args": [mcp_server.__file__]}
OWN_NAME = {"model_providers.triglot.name": "OpenAI"}  # Codex takes such a provider for one that has all that its own has
WEBSOCKETS = {"model_providers.triglot.supports_websockets": True}
BUILT_IN = {"files": lambda url: {".codex/config.toml": built_in_config(url)}, "environ": lambda _: {"CODEX_API_KEY": KEY}}
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
        upgrades: bool = True,
        record: Mapping[int, str] | None = None,
    ) -> Session:
        known = [*EXEC, *flags, *(["-m", model] if model else []), *overrides(config or {})]
        first, *others = prompts or ("Write the proof.",)
        commands = [*before, [client, *known, first], *([client, *known, "resume", "--last", prompt] for prompt in others)]
        backend = LlamaServer(play, vision=vision)
        driven = drive(*commands, backend=backend, environ=environ, files=files, base=base, settings=settings, upgrades=upgrades)
        session = asyncio.run(driven)
        sys.stdout.write(session.report())
        assert session.outside == []
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


@pytest.mark.parametrize(
    ("patch", "told"),
    [
        pytest.param("*** Begin Patch\n*** Update File: missing.txt\n@@\n-one\n+two\n*** End Patch\n", "missing.txt", id="no-such-file"),
        pytest.param("*** Begin Patch\nnonsense\n*** End Patch\n", "invalid hunk", id="not-in-its-grammar"),
    ],
)
def test_failed_patch(ask: Callable[..., Session], patch: str, told: str) -> None:
    """A patch that cannot be applied is a result for the model."""
    session = ask(call_then_finish(Call("apply_patch", {"input": patch})), model=PATCHES)
    session.assert_served()
    assert told in session.chats[1]["messages"][-1]["content"]
    assert session.runs[0].output == DONE + "\n"


def test_bare_patch(ask: Callable[..., Session]) -> None:
    """A model that gives the patch itself in place of its arguments is understood."""
    patch = f"*** Begin Patch\n*** Add File: proof.txt\n+{PROOF}\n*** End Patch\n"
    session = ask(call_then_finish(Call("apply_patch", patch)), model=PATCHES)
    session.assert_served()
    assert (session.work / "proof.txt").read_text() == PROOF + "\n"


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


def test_sub_agents(ask: Callable[..., Session]) -> None:
    """Two agents at the same time, each with a conversation of its own; their tools are a namespace of Codex itself."""
    tasks = [Call("multi_agent_v1__spawn_agent", {"message": f"PART-{n}"}) for n in (1, 2)]

    def play(chat: dict[str, Any]) -> Turn:
        part = re.search(r"PART-(\d)", json.dumps([message for message in chat["messages"] if message["role"] == "user"]))
        if part is not None:
            write = Call("exec_command", {"cmd": f"echo {part[1]} > part{part[1]}.txt"})
            return call_then_finish(write)(chat)
        agents = re.findall(r'\\"agent_id\\":\s*\\"([\w-]+)', json.dumps(chat["messages"]))
        wait = Call("multi_agent_v1__wait_agent", {"targets": agents, "timeout_ms": 30_000})
        return act(Answer(calls=tuple(tasks)), Answer(calls=(wait,)), FINISH)(chat)

    session = ask(play)
    session.assert_served()
    assert session.runs[0].output == DONE + "\n"
    assert sorted(path.name for path in session.work.iterdir()) == ["part1.txt", "part2.txt"]


def test_agents_of_newer_models(ask: Callable[..., Session]) -> None:
    """Their tasks and answers are items of their own; what stands in them as encrypted is what the model said."""
    spawn = Call("collaboration__spawn_agent", {"task_name": "part", "message": "PART-1", "fork_turns": "none"})
    program = Call("functions__exec", {"input": "text((await tools.exec_command({cmd: 'echo 1 > part1.txt'})).output);"})

    def play(chat: dict[str, Any]) -> Turn:
        if re.search(r"Payload:\s+PART-1", chat["messages"][1]["content"]):
            return Answer(text="Part 1 is written.") if has_result(chat) else Answer(calls=(program,))
        wait = Call("collaboration__wait_agent", {"timeout_ms": 30_000})
        return act(Answer(calls=(spawn,)), Answer(calls=(wait,)), FINISH)(chat)

    session = ask(play, model=SCRIPTS, record={3: "agent-task"})
    session.assert_served()
    assert session.runs[0].output == DONE + "\n"
    assert [path.name for path in session.work.iterdir()] == ["part1.txt"]
    assert "Part 1 is written." in session.chats[-1]["messages"][-1]["content"]


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


@pytest.mark.parametrize("way", [pytest.param({}, id="http"), pytest.param(WEBSOCKETS, id="websocket")])
def test_javascript(ask: Callable[..., Session], way: dict[str, Any]) -> None:
    """The tools of the newest models come as an input item; the one that matters takes a program."""
    program = f"const run = await tools.exec_command({{cmd: 'echo {PROOF} > proof.txt; echo ran'}});\ntext(run.output);"
    session = ask(
        call_then_finish(Call("functions__exec", {"input": program})), model=SCRIPTS, config=way, record={} if way else {2: "script-result"}
    )
    session.assert_served()
    assert (session.work / "proof.txt").read_text() == PROOF + "\n"
    *warm_up, first, second = session.said or [exchange.document for exchange in session.posted("/v1/responses")]
    assert "tools" not in first
    assert {tool["name"]: tool["type"] for tool in tools_of(first)["functions"]["tools"]}["exec"] == "custom"
    if way:
        assert [message["input"] for message in warm_up] == [[]]
        assert len(session.exchanges) == 1
    else:
        [made] = items_of(second, "custom_tool_call")
        assert (made["namespace"], made["name"], made["input"]) == ("functions", "exec", program)
    assert "ran" in session.chats[1]["messages"][-1]["content"]


def test_thinking(ask: Callable[..., Session]) -> None:
    """Thinking goes to the client sealed, comes back sealed, and reaches the model open."""
    session = ask(call_then_finish(WRITE_PROOF, thinking=True), record={2: "thinking"})
    assert_loop(session)
    first, second = session.posted("/v1/responses")
    assert first.document["include"] == ["reasoning.encrypted_content"]
    [thought] = items_of(second.document, "reasoning")
    assert thought["encrypted_content"]
    assert THOUGHT not in thought["encrypted_content"]
    assert [message.get("reasoning_content") for message in session.chats[1]["messages"] if message["role"] == "assistant"] == [THOUGHT]


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


def sum_up(chat: dict[str, Any]) -> Answer:
    """A model whose call has a big output; what comes without tools is a request for a summary."""
    if not chat.get("tools"):
        return Answer(text=SUMMARY)
    return FINISH if SUMMARY in str(chat["messages"]) else Answer(calls=(BIG_OUTPUT,))


def test_compacts_at_its_limit(ask: Callable[..., Session]) -> None:
    """The result of the call is beyond the limit: Codex has the conversation summed up in an ordinary request, and goes on with that."""
    session = ask(sum_up, "Count.", "And again.", config=LIMITS, record={2: "compaction", 3: "after-compaction"})
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
        return Overflow(FULL) if count_tokens(chat) > FULL else sum_up(chat)

    session = ask(play, "Count.", "Go on.", config={"model_context_window": 272_000})
    assert [run.status for run in session.runs] == [1, 0]
    assert "ran out of room in the model's context window" in session.runs[0].complaints
    assert session.runs[1].output == DONE + "\n"
    assert [exchange.status for exchange in session.posted("/v1/responses")] == [200, 400, 200, 200]
    assert [bool(chat.get("tools")) for chat in session.chats] == [True, True, False, True]
    assert SUMMARY in str(session.chats[3]["messages"])


@pytest.mark.parametrize("options", [pytest.param({"config": OWN_NAME}, id="http"), pytest.param(BUILT_IN, id="websocket")])
def test_compaction_by_the_server(ask: Callable[..., Session], options: dict[str, Any], request: pytest.FixtureRequest) -> None:
    """Codex's own provider leaves it to the server to sum up; what comes back is sealed, and stands for what was said."""
    record = {2: "compaction-trigger", 3: "after-compaction-trigger"} if "http" in request.node.name else None
    session = ask(sum_up, "Count.", **{**options, "config": {**LIMITS, **options.get("config", {})}}, record=record)
    session.assert_served()
    assert session.runs[0].output == DONE + "\n"
    asked = [*session.said, *(exchange.document for exchange in session.posted("/v1/responses"))]
    _, compaction, after = asked[-3:]
    assert compaction["input"][-1] == {"type": "compaction_trigger"}
    [sealed] = items_of(after, "compaction")
    assert SUMMARY not in sealed["encrypted_content"]
    assert items_of(after, "function_call") == []
    assert [bool(chat.get("tools")) for chat in session.chats] == [True, False, True]
    assert SUMMARY in str(session.chats[2]["messages"])


@pytest.mark.parametrize("options", [pytest.param({"config": WEBSOCKETS}, id="set-up"), pytest.param(BUILT_IN, id="built-in")])
def test_websocket(ask: Callable[..., Session], options: dict[str, Any]) -> None:
    """One connection serves all turns; each says only what is new, and nothing is stored."""
    session = ask(act(Answer(calls=(WRITE_PROOF,), reasoning=THOUGHT), Answer(calls=(BIG_OUTPUT,)), FINISH), **options)
    session.assert_served()
    assert session.runs[0].output == DONE + "\n"
    assert (session.work / "proof.txt").read_text() == PROOF + "\n"
    [connection] = session.exchanges
    assert (connection.method, connection.status) == ("GET", 101)
    ends = [message["response"]["id"] for message in connection.heard if message["type"] == "response.completed"]
    warm_up, *turns = connection.said
    assert warm_up["generate"] is False
    assert [turn["previous_response_id"] for turn in turns] == ends[:-1]
    assert {turn["store"] for turn in turns} == {False}
    assert [[item["type"] for item in turn["input"]] for turn in turns[1:]] == [["function_call_output"]] * 2
    first, second, third = (chat["messages"] for chat in session.chats)
    assert second[: len(first)] == first
    assert third[: len(second)] == second
    assert [message["role"] for message in third[len(first) :]] == ["assistant", "tool"] * 2
    assert third[len(first)]["reasoning_content"] == THOUGHT


def test_goes_without_a_websocket(ask: Callable[..., Session]) -> None:
    """Behind a proxy that takes no WebSockets, Codex asks for one once and goes on without."""
    session = ask(call_then_finish(WRITE_PROOF), config=WEBSOCKETS, upgrades=False)
    assert [(exchange.method, exchange.status) for exchange in session.exchanges] == [("GET", 426), ("POST", 200), ("POST", 200)]
    assert session.runs[0].output == DONE + "\n"
    assert (session.work / "proof.txt").read_text() == PROOF + "\n"


IDLE_LIMIT = {"model_providers.triglot.stream_idle_timeout_ms": 4000}


@pytest.mark.parametrize("way", [pytest.param({}, id="http"), pytest.param(WEBSOCKETS, id="websocket")])
@pytest.mark.parametrize("reports", [pytest.param(0, id="queued"), pytest.param(1, id="one-report"), pytest.param(12, id="reports")])
def test_long_prefill(ask: Callable[..., Session], reports: int, way: dict[str, Any]) -> None:
    """12 s until the first token, for a Codex that gives up after 4 s without an event."""
    play = call_then_finish(WRITE_PROOF, prefill=Prefill(12, reports))
    session = ask(play, config={**IDLE_LIMIT, **way}, settings=("--api-keys", KEY, "--heartbeat-s", "1"))
    session.assert_served()
    assert session.runs[0].output == DONE + "\n"
    assert len(session.chats) == 2
    slow = session.exchanges[-1]
    assert slow.event_types.count("response.in_progress") > 10
    if not way:
        assert len(session.exchanges) == 2
        assert slow.seconds > 12
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


@pytest.mark.parametrize("way", [pytest.param({}, id="http"), pytest.param(WEBSOCKETS, id="websocket")])
@pytest.mark.parametrize(
    ("trouble", "status"),
    [
        pytest.param(Loading(), 503, id="model-loads"),
        pytest.param(Cut("I am about to"), 200, id="backend-dies"),
        pytest.param(Busy(1), 429, id="busy"),
        pytest.param(Busy(), 429, id="busy-without-a-word"),
    ],
)
def test_asks_again(ask: Callable[..., Session], trouble: Turn, status: int, way: dict[str, Any]) -> None:
    """What passes is tried again; the turn that broke off leaves no trace in the conversation."""
    troubles = [trouble]
    play = call_then_finish(WRITE_PROOF)
    session = ask(lambda chat: troubles.pop() if has_result(chat) and troubles else play(chat), config=way)
    assert session.runs[0].status == 0
    assert session.runs[0].output == DONE + "\n"
    assert len(session.chats) == 3
    assert session.chats[2]["messages"] == session.chats[1]["messages"]
    assert not any("Traceback" in line for line in session.log)
    asked = session.exchanges
    if way:  # a second connection, on which all is said again
        assert [exchange.status for exchange in asked] == [101, 101]
        [error] = [message for message in asked[0].heard if message["type"] in {"error", "response.failed"}]
        assert error.get("status", 200) == status
    else:
        assert [exchange.status for exchange in asked] == [200, status, 200]
        assert status != 429 or int(asked[1].answer_headers["retry-after"]) >= 1
