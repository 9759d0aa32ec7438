"""The life of responses and conversations through the official SDKs, in front of a backend that the test plays itself."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from tests.gateway.answers import Answers, calling
from tests.gateway.harness import HEAD, chunk, playing, start_gateway
from tests.sdks.response_cases import without_added

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.gateway.harness import Connection, Gateway
    from tests.sdks.sdk import Sdk

MODEL = {"model": "m"}
ADD = {"type": "function", "name": "add", "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}}, "strict": False}


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with start_gateway() as running:
        yield running
        running.stop()
        assert running.log == []


class Endless(Answers):
    """Begins an answer and never ends it; `gone` is set when nobody listens any more."""

    def __init__(self) -> None:
        super().__init__()
        self.gone = asyncio.Event()

    async def play(self, connection: Connection) -> None:
        self.requests.append(connection.body)
        await connection.send(HEAD)
        await connection.send_chunk(chunk({"content": "Hel"}))
        await connection.closed()
        self.gone.set()


@pytest.fixture
def during(gateway: Gateway, sdk: Sdk) -> Callable[..., Any]:
    """Does something with an SDK while a backend plays: `during(backend, work)` calls `work(get)`."""
    url = f"http://127.0.0.1:{gateway.port}"

    def get(job: str, request: Any) -> Any:
        return without_added(sdk.get(f"responses.{job}", url, request=request))

    def fail(job: str, request: Any) -> Any:
        return sdk.ask(f"responses.{job}", url, request=request)["error"]

    def during(backend: Answers, work: Callable[[Any, Any], None]) -> None:
        async def run() -> None:
            async with playing(gateway, backend.play):
                await asyncio.to_thread(work, get, fail)

        asyncio.run(asyncio.wait_for(run(), 120))

    return during


def call(method: str, *ids: str, **fields: Any) -> Any:
    return {"method": method, "ids": ids, "fields": fields}


def create(**fields: Any) -> Any:
    return call("responses.create", **MODEL, **fields)


def text_of(response: Any) -> str:
    return "".join(part["text"] for item in response["output"] if item["type"] == "message" for part in item["content"])


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_from_the_cradle_to_the_grave(during: Any, streamed: bool) -> None:
    def work(get: Any, fail: Any) -> None:
        words = [{"role": "user", "content": f"word {number}"} for number in range(5)]
        made = get("stream", {**MODEL, "input": words})["final"] if streamed else get("call", create(input=words))
        assert get("call", call("responses.retrieve", made["id"])) == made
        items = get("items", call("responses.input_items.list", made["id"], limit=2, order="asc"))
        assert [item["content"][0]["text"] for item in items] == [f"word {number}" for number in range(5)]
        get("call", call("responses.delete", made["id"]))
        for method in ("responses.retrieve", "responses.delete", "responses.cancel", "responses.input_items.list"):
            assert fail("call", call(method, made["id"]))["code"] == "not_found"

    during(Answers(), work)


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_a_chain_of_twenty_turns(during: Any, streamed: bool) -> None:
    backend = Answers()

    def work(get: Any, _fail: Any) -> None:
        before = {}
        for turn in range(1, 21):
            fields = {**before, "input": f"question {turn}"}
            made = get("stream", {**MODEL, **fields})["final"] if streamed else get("call", create(**fields))
            assert text_of(made) == f"answer {turn}"
            before = {"previous_response_id": made["id"]}

    during(backend, work)
    assert backend.contents == [text for turn in range(1, 21) for text in (f"question {turn}", f"answer {turn}")][:-1]


def test_a_loop_with_tools_by_reference_and_by_value(during: Any) -> None:
    """A function and a custom tool; what the SDK was told goes back as it is."""
    deltas = [calling(("add", {"a": 1})), calling(("note", {"input": "two\nlines"}))]
    backend = Answers(*deltas, "done", *deltas, "done")

    def work(get: Any, _fail: Any) -> None:
        tools = [ADD, {"type": "custom", "name": "note"}]
        for chained in (True, False):
            made = get("stream", {**MODEL, "tools": tools, "input": "go"})["final"]
            history: list[Any] = [{"role": "user", "content": "go"}]
            for kind, told in (("function", '{"a": 1}'), ("custom_tool", "two\nlines")):
                [item] = made["output"]
                assert item.get("arguments", item.get("input")) == told
                result = {"type": f"{kind}_call_output", "call_id": item["call_id"], "output": f"result of {kind}"}
                history += [item, result]
                fields = {"input": [result], "previous_response_id": made["id"]} if chained else {"input": history, "store": False}
                made = get("stream", {**MODEL, "tools": tools, **fields})["final"]
            assert text_of(made) == "done"
            assert [message["role"] for message in backend.messages] == ["user", "assistant", "tool", "assistant", "tool"]

    during(backend, work)


def test_the_background(during: Any) -> None:
    def work(get: Any, fail: Any) -> None:
        made = get("follow", {**MODEL, "input": "hello"})
        assert (made["status"], text_of(made)) == ("completed", "answer 1")
        assert get("call", call("responses.cancel", made["id"])) == made
        foreground = get("call", create(input="hello"))
        assert fail("call", call("responses.cancel", foreground["id"]))["message"]

    during(Answers(), work)


def test_the_background_is_cancelled(during: Any) -> None:
    backend = Endless()

    def work(get: Any, _fail: Any) -> None:
        made = get("call", create(input="hello", background=True))
        while made["status"] == "queued":
            made = get("call", call("responses.retrieve", made["id"]))
        assert made["status"] == "in_progress"
        cancelled = get("call", call("responses.cancel", made["id"]))
        assert cancelled["status"] == "cancelled"
        assert get("call", call("responses.cancel", made["id"])) == cancelled
        assert get("call", call("responses.retrieve", made["id"])) == cancelled

    during(backend, work)


def test_a_stream_is_left_and_resumed(during: Any) -> None:
    def work(get: Any, _fail: Any) -> None:
        told = get("resume", {"fields": {**MODEL, "input": "hello"}, "leave_after": 3})
        numbers = [event["sequence_number"] for event in told["seen"] + told["rest"]]
        assert numbers == list(range(len(numbers)))
        assert told["helped"] == numbers[3:]
        assert told["final"] == told["rest"][-1]["response"]
        assert text_of(told["final"]) == "answer 1"

    during(Answers(), work)


def test_a_conversation(during: Any) -> None:
    backend = Answers()

    def work(get: Any, fail: Any) -> None:
        said = [{"role": "user", "content": "I am Ann."}]
        conversation = get("call", call("conversations.create", items=said, metadata={"a": "b"}))["id"]
        get("call", create(input="Who am I?", conversation=conversation))
        get("stream", {**MODEL, "input": "Sure?", "conversation": {"id": conversation}})
        assert backend.contents == ["I am Ann.\n\nWho am I?", "answer 1", "Sure?"]
        items = get("items", call("conversations.items.list", conversation, limit=2, order="asc"))
        assert [item["content"][0]["text"] for item in items] == ["I am Ann.", "Who am I?", "answer 1", "Sure?", "answer 2"]
        [added] = get("call", call("conversations.items.create", conversation, items=[{"role": "user", "content": "Bye."}]))["data"]
        assert get("call", call("conversations.items.retrieve", added["id"], conversation_id=conversation)) == added
        get("call", call("conversations.items.delete", added["id"], conversation_id=conversation))
        assert fail("call", call("conversations.items.retrieve", added["id"], conversation_id=conversation))["code"] == "not_found"
        assert get("call", call("conversations.update", conversation, metadata={"c": "d"}))["metadata"] == {"c": "d"}
        assert get("call", call("conversations.retrieve", conversation))["metadata"] == {"c": "d"}
        assert get("call", call("conversations.delete", conversation))["deleted"] is True
        assert fail("call", call("conversations.retrieve", conversation))["code"] == "not_found"

    during(backend, work)


def test_what_is_compacted_goes_on(during: Any) -> None:
    backend = Answers("answer 1", "Ann said hello.")

    def work(get: Any, _fail: Any) -> None:
        first = get("call", create(input="I am Ann."))
        short = get("call", call("responses.compact", **MODEL, input="Who am I?", previous_response_id=first["id"]))
        assert [item["type"] for item in short["output"]] == ["message", "message", "compaction"]
        get("call", create(input=[*short["output"], {"role": "user", "content": "And now?"}]))
        told = "\n".join(backend.contents)
        assert all(text in told for text in ("I am Ann.", "Who am I?", "Ann said hello.", "And now?"))
        assert "answer 1" not in told

    during(backend, work)


def test_tokens_are_counted(during: Any) -> None:
    def work(get: Any, _fail: Any) -> None:
        alone, more = (get("call", call("responses.input_tokens.count", **MODEL, input=text)) for text in ("hello", "hello, hello"))
        assert alone["object"] == "response.input_tokens"
        assert 0 < alone["input_tokens"] < more["input_tokens"]

    during(Answers(), work)


def test_an_answer_is_parsed(during: Any) -> None:
    answer = '{"name": "Ann", "age": 30}'
    backend = Answers(answer, answer)

    def work(get: Any, _fail: Any) -> None:
        assert get("parse", {**MODEL, "input": "Ann is 30."}) == [{"name": "Ann", "age": 30}] * 2

    during(backend, work)
    for request in backend.requests:
        assert request["response_format"]["json_schema"]["schema"]["required"] == ["name", "age"]


def test_a_call_is_parsed(during: Any) -> None:
    calls = [calling(("person", {"name": "Ann", "age": 30}))] * 2

    def work(get: Any, _fail: Any) -> None:
        assert get("parse_call", {**MODEL, "input": "Ann is 30."}) == [{"name": "Ann", "age": 30}] * 2

    during(Answers(*calls), work)


def test_headers_are_read(during: Any) -> None:
    def work(get: Any, _fail: Any) -> None:
        told = get("headers", {**MODEL, "input": "hello"})
        assert told["request_id"] == told["headers"]["x-request-id"]
        assert told["headers"]["openai-processing-ms"].isdecimal()

    during(Answers(), work)


@pytest.mark.parametrize(
    ("status", "headers"),
    [(b"429 Too Many Requests", b"Retry-After: 0\r\n"), (b"503 Service Unavailable", b"Retry-After: 0\r\n"), (b"500 Oh", b"")],
)
def test_what_passes_is_asked_again(during: Any, status: bytes, headers: bytes) -> None:
    body = b'{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}'
    refusal = b"HTTP/1.1 %b\r\nContent-Type: application/json\r\n%bContent-Length: %d\r\n\r\n%b" % (status, headers, len(body), body)
    backend = Answers(refusal)

    def work(get: Any, _fail: Any) -> None:
        assert text_of(get("retry", {**MODEL, "input": "hello"})) == "answer 2"

    during(backend, work)
    assert len(backend.requests) == 2


def test_a_chain_on_a_websocket_needs_no_store(during: Any) -> None:
    backend = Answers()

    def work(get: Any, fail: Any) -> None:
        before = {}
        for turn in range(1, 21):
            event = {"type": "response.create", **MODEL, "input": f"question {turn}", "store": False, **before}
            heard = get("say", {"socket": "chain", "events": [event]})
            assert text_of(heard[-1]["response"]) == f"answer {turn}"
            before = {"previous_response_id": heard[-1]["response"]["id"]}
        get("hang_up", {"socket": "chain"})
        assert fail("call", call("responses.retrieve", before["previous_response_id"]))["code"] == "not_found"
        assert backend.contents == [text for turn in range(1, 21) for text in (f"question {turn}", f"answer {turn}")][:-1]
        [refusal] = get("say", {"socket": "other", "events": [{"type": "response.create", **MODEL, "input": "and?", **before}]})
        assert (refusal["type"], refusal["status"], refusal["error"]["code"]) == ("error", 400, "previous_response_not_found")
        get("hang_up", {"socket": "other"})

    during(backend, work)


@pytest.mark.parametrize("options", [{}, {"stream": True}, {"stream": True, "eager": True}], ids=["whole", "streamed", "eager"])
def test_the_runner_of_the_sdk(during: Any, options: Any) -> None:
    """It reads most closely: what is done in the stream must be in the last event, and all of it must be fit to be sent back."""
    calls = calling(("add", {"a": 1}), ("add", {"a": 2}))
    backend = Answers({"reasoning_content": "hm", **calls}, {"content": "Once more.", **calling(("add", {"a": 3}))}, "six")

    def work(get: Any, _fail: Any) -> None:
        fields = {**MODEL, "input": "Add.", "store": False, "include": ["reasoning.encrypted_content"]}
        request = {"tools": [ADD], "answers": {"add": "added"}, "fields": fields, "options": {"max_steps": 5, **options}}
        told = get("run_tools", request)
        assert [one["arguments"]["a"] for one in told["calls"]] == [1, 2, 3]
        assert text_of(told["response"]) == "six"

    during(backend, work)
    assert [message["role"] for message in backend.messages] == ["user", "assistant", "tool", "tool", "assistant", "tool"]
    assert backend.messages[1]["reasoning_content"] == "hm"
