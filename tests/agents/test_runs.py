"""Loops, handoffs, forms and tools of the Agents SDK, against answers laid out in advance."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import agents
import openai
import pydantic
import pytest
from agents.editor import ApplyPatchResult
from openai.types.shared import Reasoning

from tests.gateway.answers import calling

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.gateway.answers import Answers

    Talk = Callable[..., Answers]

STORED = agents.ModelSettings(store=True)
NOT_STORED = agents.ModelSettings(store=False, response_include=["reasoning.encrypted_content"])
ROLES_OF_A_LOOP = ["system", "user", "assistant", "tool", "assistant", "tool"]


@agents.function_tool
def add(a: int, b: int) -> str:
    """Add two numbers."""
    return str(a + b)


@pytest.mark.parametrize(
    ("settings", "chained"),
    [(agents.ModelSettings(), False), (NOT_STORED, False), (agents.ModelSettings(), True), (STORED, True)],
    ids=["by value", "not stored", "by id", "stored"],
)
def test_a_loop_with_tools(talk: Talk, run: Any, settings: Any, chained: bool) -> None:
    async def work(model: Any) -> None:
        agent = agents.Agent(name="adder", instructions="Add.", model=model, tools=[add], model_settings=settings)
        result = await run(agent, "Add.", auto_previous_response_id=chained)
        assert result.final_output == "Both are done."
        assert [item.output for item in result.new_items if item.type == "tool_call_output_item"] == ["3", "7"]
        assert result.context_wrapper.usage.requests == 3

    calls = (calling(("add", {"a": 1, "b": 2})), {"reasoning_content": "hm", **calling(("add", {"a": 3, "b": 4}))})
    backend = talk(work, *calls, "Both are done.")
    assert [message["role"] for message in backend.messages] == ROLES_OF_A_LOOP
    assert [message["content"] for message in backend.messages if message["role"] == "tool"] == ["3", "7"]
    assert backend.messages[4]["reasoning_content"] == "hm"


def test_two_calls_at_once(talk: Talk, run: Any) -> None:
    async def work(model: Any) -> None:
        agent = agents.Agent(name="adder", model=model, tools=[add])
        assert (await run(agent, "Add.")).final_output == "done"

    backend = talk(work, calling(("add", {"a": 1, "b": 2}), ("add", {"a": 3, "b": 4})), "done")
    assert [message["role"] for message in backend.messages] == ["user", "assistant", "tool", "tool"]
    ids = [one["id"] for one in backend.messages[1]["tool_calls"]]
    assert [message["tool_call_id"] for message in backend.messages[2:]] == ids


def test_a_handoff(talk: Talk, run: Any) -> None:
    async def work(model: Any) -> None:
        french = agents.Agent(name="French", instructions="Speak French.", model=model, handoff_description="Speaks French.")
        first = agents.Agent(name="First", instructions="Hand off.", model=model, handoffs=[french])
        result = await run(first, "Bonjour")
        assert (result.last_agent, result.final_output) == (french, "Salut")

    backend = talk(work, calling(("transfer_to_french", {})), "Salut")
    assert [tool["function"]["name"] for tool in backend.requests[0]["tools"]] == ["transfer_to_french"]
    assert backend.messages[0] == {"role": "system", "content": "Speak French."}
    assert "tools" not in backend.requests[1]


class Person(pydantic.BaseModel):
    name: str
    age: int


def test_an_answer_in_a_form(talk: Talk, run: Any) -> None:
    async def work(model: Any) -> None:
        agent = agents.Agent(name="reader", model=model, output_type=Person)
        assert (await run(agent, "Ann is 30.")).final_output == Person(name="Ann", age=30)

    backend = talk(work, '{"name": "Ann", "age": 30}')
    assert backend.requests[0]["response_format"]["json_schema"]["schema"]["required"] == ["name", "age"]


def test_a_chain_over_runs(talk: Talk, run: Any) -> None:
    async def work(model: Any) -> None:
        agent = agents.Agent(name="talker", model=model)
        last = None
        for turn in range(1, 6):
            last = (await run(agent, f"question {turn}", previous_response_id=last)).last_response_id

    backend = talk(work)
    assert backend.contents == [text for turn in range(1, 6) for text in (f"question {turn}", f"answer {turn}")][:-1]


def test_a_conversation_kept_by_the_server(talk: Talk, run: Any) -> None:
    async def work(model: Any) -> None:
        agent = agents.Agent(name="adder", model=model, tools=[add])
        conversation = await model._client.conversations.create()
        for question in ("Add 1 and 2.", "And?"):
            await run(agent, question, conversation_id=conversation.id)
        items = [item async for item in model._client.conversations.items.list(conversation.id, order="asc")]
        kinds = [item.type for item in items]
        assert kinds == ["message", "function_call", "function_call_output", "message", "message", "message"]

    backend = talk(work, calling(("add", {"a": 1, "b": 2})))
    assert backend.contents == ["Add 1 and 2.", None, "3", "answer 2", "And?"]


@pytest.mark.parametrize("kind", ["conversations", "sqlite"])
def test_a_session(talk: Talk, run: Any, kind: str) -> None:
    async def work(model: Any) -> None:
        session: Any = agents.SQLiteSession("one")
        if kind == "conversations":
            session = agents.OpenAIConversationsSession(openai_client=model._client)
        agent = agents.Agent(name="adder", model=model, tools=[add])
        for question in ("Add 1 and 2.", "And?"):
            await run(agent, question, session=session)
        assert len(await session.get_items()) == 6
        assert (await session.pop_item())["content"][0]["text"] == "answer 3"
        await session.clear_session()

    backend = talk(work, calling(("add", {"a": 1, "b": 2})))
    assert backend.contents == ["Add 1 and 2.", None, "3", "answer 2", "And?"]


@pytest.mark.parametrize("mode", ["input", "previous_response_id"])
def test_a_session_that_is_compacted(talk: Talk, run: Any, mode: Any) -> None:
    async def work(model: Any) -> None:
        session = agents.OpenAIResponsesCompactionSession(
            "one",
            agents.SQLiteSession("one"),
            client=model._client,
            model="gpt-4.1",  # the SDK takes no other names here; the backend has but one model
            compaction_mode=mode,
            should_trigger_compaction=lambda context: len(context["compaction_candidate_items"]) >= 2,
        )
        agent = agents.Agent(name="talker", model=model, model_settings=STORED)
        for question in ("I am Ann.", "How are you?"):
            await run(agent, question, session=session)
        assert [item.get("type", "message") for item in await session.get_items()] == ["message", "message", "compaction"]
        await run(agent, "Who am I?", session=session)

    backend = talk(work, "Hello, Ann.", "Well.", "Ann said hello.")
    assert len(backend.requests) == 4
    told = "\n".join(backend.contents)
    assert all(text in told for text in ("I am Ann.", "How are you?", "Ann said hello.", "Who am I?"))
    assert "Well." not in told


def test_the_shell(talk: Talk, run: Any) -> None:
    asked: list[Any] = []

    def execute(request: Any) -> Any:
        asked.append((request.data.action.commands, request.data.action.timeout_ms))
        outcome = agents.ShellCallOutcome(type="exit", exit_code=0)
        return agents.ShellResult(output=[agents.ShellCommandOutput(stdout="a.py\n", outcome=outcome, command="ls")])

    async def work(model: Any) -> None:
        agent = agents.Agent(name="worker", model=model, tools=[agents.ShellTool(executor=execute)])
        assert (await run(agent, "List.")).final_output == "There is a.py."

    backend = talk(work, calling(("shell", {"commands": ["ls"], "timeout_ms": 1000})), "There is a.py.")
    assert asked == [(["ls"], 1000)]
    assert "a.py" in backend.contents[-1]


def test_the_local_shell(talk: Talk, run: Any) -> None:
    asked: list[Any] = []

    def execute(request: Any) -> str:
        asked.append(request.data.action.command)
        return "a.py"

    async def work(model: Any) -> None:
        agent = agents.Agent(name="worker", model=model, tools=[agents.LocalShellTool(executor=execute)])
        assert (await run(agent, "List.")).final_output == "There is a.py."

    backend = talk(work, calling(("local_shell", {"command": ["ls", "-a"]})), "There is a.py.")
    assert asked == [["ls", "-a"]]
    assert "a.py" in backend.contents[-1]


class Editor:
    """Keeps files in memory."""

    def __init__(self) -> None:
        self.files = {"a.py": "a = 1\nb = 2\n"}

    def create_file(self, operation: Any) -> ApplyPatchResult:
        self.files[operation.path] = agents.apply_diff("", operation.diff, mode="create")
        return ApplyPatchResult(status="completed", output=f"created {operation.path}")

    def update_file(self, operation: Any) -> ApplyPatchResult:
        self.files[operation.path] = agents.apply_diff(self.files[operation.path], operation.diff)
        return ApplyPatchResult(status="completed", output=f"changed {operation.path}")

    def delete_file(self, operation: Any) -> ApplyPatchResult:
        del self.files[operation.path]
        return ApplyPatchResult(status="completed", output=f"deleted {operation.path}")


def test_patches_are_applied(talk: Talk, run: Any) -> None:
    editor = Editor()

    async def work(model: Any) -> None:
        agent = agents.Agent(name="worker", model=model, tools=[agents.ApplyPatchTool(editor=editor)])
        assert (await run(agent, "Change.")).final_output == "done"

    operations = (
        {"type": "create_file", "path": "b.py", "diff": "+c = 3\n"},
        {"type": "update_file", "path": "a.py", "diff": "@@\n a = 1\n-b = 2\n+b = 3\n"},
        {"type": "delete_file", "path": "b.py", "diff": ""},
    )
    backend = talk(work, *(calling(("apply_patch", operation)) for operation in operations), "done")
    assert editor.files == {"a.py": "a = 1\nb = 3\n"}
    results = [message["content"] for message in backend.messages if message["role"] == "tool"]
    assert [word in result for word, result in zip(("created", "changed", "deleted"), results, strict=True)] == [True] * 3


def test_a_custom_tool(talk: Talk, run: Any) -> None:
    heard: list[str] = []

    async def note(_context: Any, text: str) -> str:
        heard.append(text)
        return "noted"

    async def work(model: Any) -> None:
        tool = agents.CustomTool(name="note", description="Notes what it is told.", on_invoke_tool=note)
        agent = agents.Agent(name="writer", model=model, tools=[tool])
        assert (await run(agent, "Note.")).final_output == "done"

    backend = talk(work, calling(("note", {"input": 'two\n"lines"'})), "done")
    assert heard == ['two\n"lines"']
    assert backend.contents[-1] == "noted"


def test_tools_that_are_loaded_late(talk: Talk, run: Any) -> None:
    """Searching is up to the server, and this one offers all there is at once."""

    @agents.function_tool(defer_loading=True)
    def double(number: int) -> str:
        """Double a number."""
        return str(2 * number)

    async def work(model: Any) -> None:
        tools = [*agents.tool_namespace(name="maths", description="Maths.", tools=[double]), agents.ToolSearchTool()]
        agent = agents.Agent(name="worker", model=model, tools=tools)
        assert (await run(agent, "Double 4.")).final_output == "8, then."

    backend = talk(work, calling(("maths__double", {"number": 4})), "8, then.")
    assert [tool["function"]["name"] for tool in backend.requests[0]["tools"]] == ["maths__double"]
    assert backend.contents[-1] == "8"


def test_a_run_that_is_interrupted_goes_on(talk: Talk, run: Any) -> None:
    """A tool that needs approval ends the run; its state, kept as text, takes it up again."""

    @agents.function_tool(needs_approval=True)
    def erase(path: str) -> str:
        """Erase a file."""
        return f"erased {path}"

    async def work(model: Any) -> None:
        agent = agents.Agent(name="worker", model=model, tools=[erase])
        halted = await run(agent, "Erase a.py.")
        [wish] = halted.interruptions
        state = await agents.RunState.from_json(agent, json.loads(halted.to_state().to_string()))
        assert wish.arguments == '{"path": "a.py"}'
        state.approve(state.get_interruptions()[0])
        assert (await run(agent, state)).final_output == "done"

    backend = talk(work, calling(("erase", {"path": "a.py"})), "done")
    assert backend.contents[-1] == "erased a.py"


def test_hosted_tools_are_left_out(talk: Talk, run: Any) -> None:
    async def work(model: Any) -> None:
        hosted = [
            agents.WebSearchTool(),
            agents.FileSearchTool(vector_store_ids=["vs_1"]),
            agents.HostedMCPTool({"type": "mcp", "server_label": "x"}),
        ]
        agent = agents.Agent(name="adder", model=model, tools=[*hosted, add])
        assert (await run(agent, "Add.")).final_output == "done"

    backend = talk(work, calling(("add", {"a": 1, "b": 2})), "done")
    assert [tool["function"]["name"] for tool in backend.requests[0]["tools"]] == ["add"]


@pytest.mark.parametrize("store", [True, False], ids=["stored", "not stored"])
def test_summaries_of_thinking_go_back(talk: Talk, run: Any, store: bool) -> None:
    async def work(model: Any) -> None:
        settings = agents.ModelSettings(
            store=store, reasoning=Reasoning(summary="auto"), response_include=[] if store else ["reasoning.encrypted_content"]
        )
        agent = agents.Agent(name="adder", model=model, tools=[add], model_settings=settings)
        result = await run(agent, "Add.")
        [thought] = [item.raw_item for item in result.new_items if item.type == "reasoning_item"]
        assert [part.text for part in thought.summary] == ["hm"]
        assert (thought.encrypted_content is None) == store

    backend = talk(work, {"reasoning_content": "hm", **calling(("add", {"a": 1, "b": 2}))}, "done")
    assert backend.messages[1]["reasoning_content"] == "hm"


def test_what_the_server_refuses_is_told(talk: Talk, run: Any) -> None:
    async def work(model: Any) -> None:
        agent = agents.Agent(name="talker", model=model)
        with pytest.raises(openai.BadRequestError) as refusal:
            await run(agent, "go on", previous_response_id="resp_nowhere")
        assert refusal.value.code == "previous_response_not_found"

    talk(work)
