"""The reference server's Responses dialect, without defects: whatever it sends keeps to the contract."""

import asyncio
import contextlib
import json

import pytest

from faulty.responses.events import cut_output, tell_response
from faulty.responses.grammar import GrammarError, keep_to, to_pattern
from faulty.responses.seals import Seals
from faulty.server import FaultyServer
from faulty.store import page
from triglot_conformance.contract.fold import fold_responses
from triglot_conformance.live.client import send
from triglot_conformance.live.target import Target
from triglot_conformance.wire.http1 import Request
from triglot_conformance.wire.websocket import open_socket

WEATHER = {"type": "function", "name": "get_weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}
PERSON = {"type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "integer"}}}
REQUESTS = {
    "text": {"input": "Hello!"},
    "thinking": {"input": "Hello!", "reasoning": {"effort": "low"}},
    "summary": {"input": "Hello!", "reasoning": {"summary": "auto"}},
    "sealed": {"input": "Hello!", "include": ["reasoning.encrypted_content"]},
    "call": {"input": "What is the weather in Paris?", "tools": [WEATHER], "reasoning": {"effort": "low"}},
    "calls": {"input": "What is the weather in Paris and London?", "tools": [WEATHER]},
    "call in a namespace": {"input": "Use get_weather with city=Oslo", "tools": [{"type": "namespace", "name": "n", "tools": [WEATHER]}]},
    "custom tool": {"input": "Use edit with input=a b c", "tools": [{"type": "custom", "name": "edit"}]},
    "shell": {"input": 'Use shell with commands=["ls -l", "pwd"]', "tools": [{"type": "shell"}]},
    "local shell": {"input": 'Use local_shell with command=["ls"]', "tools": [{"type": "local_shell"}]},
    "patch": {"input": "Use apply_patch with path=a.py and diff=x", "tools": [{"type": "apply_patch"}]},
    "search": {"input": "Use tool_search with query=time", "tools": [{"type": "tool_search", "execution": "client"}]},
    "limit": {"input": "Count to 50.", "max_output_tokens": 7},
    "limit in a call": {"input": "What is the weather in Paris?", "tools": [WEATHER], "max_output_tokens": 8},
    "limit in thinking": {"input": "Hello!", "reasoning": {"effort": "low"}, "max_output_tokens": 3},
    "schema": {"input": "Alice is 30 years old.", "text": {"format": {"type": "json_schema", "name": "p", "schema": PERSON}}},
    "any object": {"input": "a=b", "text": {"format": {"type": "json_object"}}},
    "log probabilities": {"input": "say: Grüße 👋", "top_logprobs": 3},
    "compaction": {"input": [{"role": "user", "content": "Hello!"}, {"type": "compaction_trigger"}]},
    "background": {"input": "Hello!", "background": True},
}


@contextlib.asynccontextmanager
async def asking():
    """Yields a function that asks a server and gives the status, and the body or the events."""
    async with FaultyServer(gap_s=0) as server:

        async def ask(method, path, body=None):
            data = b"" if body is None else json.dumps(body).encode()
            request = Request(method, path, {"Content-Type": "application/json"}, data)
            answer = await send(Target("http", "127.0.0.1", server.port), request)
            events = [json.loads(timed.frame.data) for timed in answer.frames]
            return answer.status, events or json.loads(answer.body)

        yield ask


def texts(items):
    return [item["content"][0]["text"] for item in items if item["type"] == "message"]


def check_stream(dialect, events):
    found = [*dialect.event_findings("POST", "/v1/responses", events), *dialect.stream.order_findings(events)]
    assert [finding.message for finding in (*found, *dialect.stream.invariant_findings(events))] == []
    assert fold_responses(events) == events[-1]["response"]


@pytest.mark.parametrize("request_name", REQUESTS)
def test_streams_and_bodies_keep_to_the_contract(contract, request_name):
    dialect = contract.dialect("responses")
    body = REQUESTS[request_name]

    async def run():
        async with asking() as ask:
            return await ask("POST", "/v1/responses", body | {"stream": True}), await ask("POST", "/v1/responses", body)

    (_, events), (status, whole) = asyncio.run(run())
    check_stream(dialect, events)
    assert dialect.body_findings("POST", "/v1/responses", status, whole) == []
    if not body.get("background"):
        final = events[-1]["response"]
        assert [item["type"] for item in final["output"]] == [item["type"] for item in whole["output"]]
        assert final["status"] == whole["status"]


def test_a_stream_that_is_cut_anywhere_is_closed_by_the_rules(contract):
    dialect = contract.dialect("responses")

    async def run():
        async with asking() as ask:
            return [(await ask("POST", "/v1/responses", REQUESTS[name] | {"stream": True}))[1] for name in ("call", "custom tool", "shell")]

    for whole in asyncio.run(run()):
        final = whole[-1]["response"]
        told = tell_response(final, queued=True)
        for number in range(3, len(told)):
            cut = final | {"status": "cancelled", "completed_at": None, "output": cut_output(told[:number])}
            events = tell_response(cut, queued=True)
            assert [event for event in events[:number] if "response" not in event] == [e for e in told[:number] if "response" not in e]
            check_stream(dialect, events)


def test_what_is_stored_is_what_was_told_and_can_be_continued():
    async def run():
        async with asking() as ask:
            _, events = await ask("POST", "/v1/responses", {"input": "My name is Ada.", "stream": True})
            first = events[-1]["response"]
            assert await ask("GET", f"/v1/responses/{first['id']}") == (200, first)
            _, second = await ask("POST", "/v1/responses", {"input": "What is my name?", "previous_response_id": first["id"]})
            assert texts(second["output"]) == ["Your name is Ada."]
            _, listed = await ask("GET", f"/v1/responses/{second['id']}/input_items")
            assert texts(listed["data"]) == ["What is my name?"]
            assert (await ask("DELETE", f"/v1/responses/{first['id']}"))[1]["deleted"] is True
            status, error = await ask("POST", "/v1/responses", {"input": "And now?", "previous_response_id": second["id"]})
            assert (status, error["error"]["code"]) == (400, "previous_response_not_found")

    asyncio.run(run())


def test_a_compacted_conversation_stands_for_the_whole(contract):
    async def run():
        async with asking() as ask:
            given = [{"role": "user", "content": "My name is Ada."}, {"role": "assistant", "content": "Nice to meet you, Ada!"}]
            status, compacted = await ask("POST", "/v1/responses/compact", {"model": "reference", "input": given})
            assert contract.dialect("responses").body_findings("POST", "/v1/responses/compact", status, compacted) == []
            seal = next(item for item in compacted["output"] if item["type"] == "compaction")
            _, answer = await ask("POST", "/v1/responses", {"input": [seal, {"role": "user", "content": "What is my name?"}]})
            assert texts(answer["output"]) == ["Your name is Ada."]
            broken = seal | {"encrypted_content": seal["encrypted_content"] + "A"}
            assert (await ask("POST", "/v1/responses", {"input": [broken, {"role": "user", "content": "And?"}]}))[0] == 400

    asyncio.run(run())


def test_a_conversation_collects_what_its_responses_read_and_make():
    async def run():
        async with asking() as ask:
            _, conversation = await ask("POST", "/v1/conversations", {"items": [{"role": "user", "content": "My name is Ada."}]})
            await ask("POST", "/v1/responses", {"input": "What is my name?", "conversation": conversation["id"]})
            _, listed = await ask("GET", f"/v1/conversations/{conversation['id']}/items?order=asc")
            assert texts(listed["data"]) == ["My name is Ada.", "What is my name?", "Your name is Ada."]

    asyncio.run(run())


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ([], 400, None),
        ({}, 400, "input"),
        ({"input": []}, 400, "input"),
        ({"input": 5}, 400, "input"),
        ({"input": "Hi", "model": "nobody"}, 404, "model"),
        ({"input": "Hi", "temperature": 3}, 400, "temperature"),
        ({"input": "Hi", "top_logprobs": 21}, 400, "top_logprobs"),
        ({"input": "Hi", "tools": [{"name": "f"}]}, 400, "tools[0].type"),
        ({"input": "Hi", "tool_choice": "required"}, 400, "tool_choice"),
        ({"input": "Hi", "tools": [WEATHER], "tool_choice": {"type": "function", "name": "f"}}, 400, "tool_choice"),
        ({"input": [{"role": "robot", "content": "Hi"}]}, 400, "input[0].role"),
        ({"input": [{"role": "user", "content": [{"type": "input_text", "text": 5}]}]}, 400, "input[0].content[0].text"),
        ({"input": [{"type": "function_call_output", "output": "18"}]}, 400, "input[0].call_id"),
        ({"input": [{"type": "item_reference", "id": "msg_0"}]}, 404, "input"),
        ({"input": "Hi", "background": True, "store": False}, 400, "background"),
        ({"input": "Hi", "conversation": "conv_0"}, 404, "conversation"),
        ({"input": "Hi", "conversation": "conv_0", "previous_response_id": "resp_0"}, 400, "conversation"),
        ({"input": "Hi", "text": {"format": {"type": "json_schema", "name": "p"}}}, 400, "text.format.schema"),
        ({"input": "Hi", "include": ["everything"]}, 400, "include[0]"),
    ],
)
def test_a_refusal_names_the_field(contract, body, status, param):
    async def run():
        async with asking() as ask:
            return await ask("POST", "/v1/responses", body)

    answered, error = asyncio.run(run())
    assert (answered, error["error"]["param"]) == (status, param)
    assert contract.dialect("responses").body_findings("POST", "/v1/responses", answered, error) == []


def test_a_seal_opens_only_unaltered_and_for_its_own_kind():
    seals = Seals(b"key")
    sealed = seals.close("reasoning", "Grüße")
    assert seals.open("reasoning", sealed) == "Grüße"
    assert seals.open("compaction", sealed) is None
    assert seals.open("reasoning", sealed + "A") is None
    assert seals.open("reasoning", "ß") is None
    assert Seals(b"other").open("reasoning", sealed) is None


def test_pages_follow_each_other():
    items = [{"id": letter} for letter in "abc"]
    first = page(items, after=None, limit=2, newest_first=True)
    assert (first["first_id"], first["last_id"], first["has_more"]) == ("c", "b", True)
    assert page(items, after="b", limit=2, newest_first=True) == {
        "object": "list",
        "data": [{"id": "a"}],
        "first_id": "a",
        "last_id": "a",
        "has_more": False,
    }
    assert page(items, after="z", limit=2, newest_first=False)["data"] == []


def test_a_socket_remembers_the_latest_response_of_each_lane(contract):
    dialect = contract.dialect("responses")

    async def run():
        async with FaultyServer(gap_s=0) as server:
            socket = await open_socket("127.0.0.1", server.port, Request("GET", "/v1/responses"), 20)
            try:
                first = await converse(socket, {"input": "My name is Ada.", "store": False, "stream_id": "a"})
                second = await converse(
                    socket, {"input": "What is my name?", "previous_response_id": first, "store": False, "stream_id": "a"}
                )
                await converse(socket, {"input": "And mine?", "previous_response_id": second, "store": False, "stream_id": "a"})
                with pytest.raises(AssertionError, match="previous_response_not_found"):
                    await converse(socket, {"input": "And mine?", "previous_response_id": first, "stream_id": "a"})
                await converse(socket, {"generate": False, "input": "Hi"})
            finally:
                socket.close()

    async def converse(socket, body):
        socket.send(json.dumps({"type": "response.create", **body}).encode())
        events = []
        while not events or events[-1]["type"] not in ("response.completed", "error"):
            events.append(json.loads(await socket.receive()))
            assert dialect.check_message("/v1/responses", events[-1]) == []
            assert events[-1].get("stream_id") == body.get("stream_id")
        assert events[-1]["type"] == "response.completed", events[-1]
        assert [*dialect.stream.order_findings(events), *dialect.stream.invariant_findings(events)] == []
        return events[-1]["response"]["id"]

    asyncio.run(run())


@pytest.mark.parametrize(
    ("syntax", "definition", "sample"),
    [
        ("regex", "[a-c]{3}", "aaa"),
        ("regex", r"(foo|bar)\d+\.[^a]x?", "foo0.0"),
        ("lark", 'start: "a" NUMBER\nNUMBER: /[0-9]+/', "a0"),
        ("lark", 'start: line+ ["end"]\nline: "+" /(.+)/ LF -> add | "-" LF\n%import common.LF', "+a\n"),
    ],
)
def test_the_input_of_a_custom_tool_keeps_to_its_grammar(syntax, definition, sample):
    pattern = to_pattern(syntax, definition)
    assert keep_to(pattern, "?") == sample
    assert keep_to(pattern, sample) == sample


def test_a_grammar_that_refers_to_itself_is_taken_and_a_broken_one_is_not():
    assert to_pattern("lark", 'start: "(" start? ")"') is None
    with pytest.raises(GrammarError):
        to_pattern("lark", "start: (((")
