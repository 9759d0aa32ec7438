"""Stored responses and conversations, through the official SDK and a real process."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import openai
import pytest

from .harness import HEAD, Connection, Gateway, chunk, playing
from .test_background import client_of, wait_for_status

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ENDING = chunk({}, "stop") + b"data: [DONE]\n\n"


class Echo:
    """Answers each request with its number, and remembers what it was sent."""

    def __init__(self) -> None:
        self.messages: list[Any] = []

    async def play(self, connection: Connection) -> None:
        self.messages.append(connection.body["messages"])
        await connection.send(HEAD)
        await connection.send_chunk(chunk({"content": f"answer {len(self.messages)}"}) + ENDING)
        await connection.send(b"0\r\n\r\n")


def test_a_chain_of_twenty_turns_reads_all_that_came_before(gateway: Gateway) -> None:
    async def run() -> None:
        echo = Echo()
        async with playing(gateway, echo.play), client_of(gateway) as client:
            previous: Any = openai.omit
            for turn in range(20):
                response = await client.responses.create(model="m", input=f"question {turn + 1}", previous_response_id=previous)
                assert response.previous_response_id == (previous or None)
                previous = response.id
            assert [(message["role"], message["content"]) for message in echo.messages[-1]] == [
                pair for turn in range(1, 21) for pair in (("user", f"question {turn}"), ("assistant", f"answer {turn}"))
            ][:-1]
            items = [item async for item in client.responses.input_items.list(previous)]
            assert [(item.type, item.role) for item in items] == [("message", "user")]

    asyncio.run(asyncio.wait_for(run(), 120))


def test_what_is_not_stored_cannot_be_continued(gateway: Gateway) -> None:
    async def run() -> None:
        echo = Echo()
        async with playing(gateway, echo.play), client_of(gateway) as client:
            response = await client.responses.create(model="m", input="hello", store=False)
            assert response.store is False
            with pytest.raises(openai.BadRequestError) as refusal:
                await client.responses.create(model="m", input="go on", previous_response_id=response.id)
            assert refusal.value.code == "previous_response_not_found"
            assert refusal.value.param == "previous_response_id"
            with pytest.raises(openai.NotFoundError):
                await client.responses.retrieve(response.id)

    asyncio.run(asyncio.wait_for(run(), 120))


def test_faults_are_told_by_their_place_in_the_request(gateway: Gateway) -> None:
    async def run() -> None:
        async with playing(gateway, Echo().play), client_of(gateway) as client:
            first = await client.responses.create(model="m", input="hello")
            parts: Any = [{"type": "input_image", "image_url": "data:image/png;base64,aGk=", "detail": "auto"}]
            with pytest.raises(openai.BadRequestError) as refusal:
                await client.responses.create(model="m", input=[{"role": "user", "content": parts}], previous_response_id=first.id)
            assert refusal.value.param == "input[0].content[0]"

    asyncio.run(asyncio.wait_for(run(), 120))


@pytest.mark.parametrize("tag", [{"type": "item_reference"}, {}])
def test_items_can_be_referred_to(gateway: Gateway, tag: dict[str, str]) -> None:
    async def run() -> None:
        echo = Echo()
        async with playing(gateway, echo.play), client_of(gateway) as client:
            first = await client.responses.create(model="m", input="hello")
            items: Any = [
                {"role": "user", "content": "hello"},
                {**tag, "id": first.output[0].id},
                {"role": "user", "content": "and?"},
            ]
            second = await client.responses.create(model="m", input=items)
            assert [message["content"] for message in echo.messages[-1]] == ["hello", "answer 1", "and?"]
            # what was referred to belongs to the chain from now on
            await client.responses.create(model="m", input="so?", previous_response_id=second.id)
            assert [message["content"] for message in echo.messages[-1]] == ["hello", "answer 1", "and?", "answer 2", "so?"]
            nowhere: Any = [{**tag, "id": "msg_nowhere"}]
            with pytest.raises(openai.NotFoundError) as refusal:
                await client.responses.create(model="m", input=nowhere)
            assert refusal.value.param == "input"

    asyncio.run(asyncio.wait_for(run(), 120))


def test_extras_of_a_stored_response_are_named_as_lost(gateway: Gateway) -> None:
    async def run() -> None:
        async with playing(gateway, Echo().play), client_of(gateway) as client:
            response = await client.responses.create(model="m", input="hello")
            plain = await client.responses.with_raw_response.retrieve(response.id, include_obfuscation=False)
            assert "x-triglot-loss" not in plain.headers
            extras: Any = ["reasoning.encrypted_content", "message.output_text.logprobs"]
            asked = await client.responses.with_raw_response.retrieve(response.id, include=extras, include_obfuscation=True)
            assert asked.headers["x-triglot-loss"] == "include; include_obfuscation"
            assert asked.parse() == plain.parse() == response
            with pytest.raises(openai.BadRequestError) as refusal:
                await client.responses.retrieve(response.id, include=["nothing"])  # type: ignore[list-item]
            assert refusal.value.param == "include.0"

    asyncio.run(asyncio.wait_for(run(), 120))


def test_input_items_come_in_pages(gateway: Gateway) -> None:
    async def run() -> None:
        echo = Echo()
        async with playing(gateway, echo.play), client_of(gateway) as client:
            words: Any = [{"role": "user", "content": f"word {number}"} for number in range(5)]
            response = await client.responses.create(model="m", input=words)
            page = await client.responses.input_items.list(response.id, limit=2, order="asc")
            assert [item.content[0].text for item in page.data] == ["word 0", "word 1"]
            assert page.has_more
            everything = [item async for item in client.responses.input_items.list(response.id, limit=2, order="asc")]
            assert [item.content[0].text for item in everything] == [f"word {number}" for number in range(5)]
            newest = await client.responses.input_items.list(response.id, limit=1)
            assert newest.data[0].content[0].text == "word 4"

    asyncio.run(asyncio.wait_for(run(), 120))


def test_a_conversation_grows_with_its_responses(gateway: Gateway) -> None:
    async def run() -> None:
        echo = Echo()
        async with playing(gateway, echo.play), client_of(gateway) as client:
            conversation = await client.conversations.create(metadata={"a": "b"}, items=[{"role": "user", "content": "I am Ann."}])
            assert conversation.metadata == {"a": "b"}
            response = await client.responses.create(model="m", input="Who am I?", conversation=conversation.id)
            assert response.conversation is not None
            assert response.conversation.id == conversation.id
            await client.responses.create(model="m", input="Sure?", conversation={"id": conversation.id})
            assert [message["content"] for message in echo.messages[-1]] == ["I am Ann.\n\nWho am I?", "answer 1", "Sure?"]
            listed = [item async for item in client.conversations.items.list(conversation.id, order="asc", limit=2)]
            assert [item.content[0].text for item in listed] == ["I am Ann.", "Who am I?", "answer 1", "Sure?", "answer 2"]
            added = await client.conversations.items.create(conversation.id, items=[{"role": "user", "content": "Bye."}])
            assert len(added.data) == 1
            one = await client.conversations.items.retrieve(added.data[0].id, conversation_id=conversation.id)
            assert one.content[0].text == "Bye."
            await client.conversations.items.delete(added.data[0].id, conversation_id=conversation.id)
            with pytest.raises(openai.NotFoundError):
                await client.conversations.items.retrieve(added.data[0].id, conversation_id=conversation.id)
            updated = await client.conversations.update(conversation.id, metadata={"c": "d"})
            assert updated.metadata == {"c": "d"}
            deleted = await client.conversations.delete(conversation.id)
            assert deleted.deleted
            with pytest.raises(openai.NotFoundError):
                await client.conversations.retrieve(conversation.id)
            with pytest.raises(openai.NotFoundError):
                await client.responses.create(model="m", input="hello", conversation=conversation.id)
            with pytest.raises(openai.BadRequestError):
                await client.responses.create(model="m", input="hello", conversation="conv_1", previous_response_id=response.id)

    asyncio.run(asyncio.wait_for(run(), 120))


def test_what_is_not_stored_is_not_added_to_a_conversation_and_that_is_said(gateway: Gateway) -> None:
    async def run() -> None:
        echo = Echo()
        async with playing(gateway, echo.play), client_of(gateway) as client:
            conversation = await client.conversations.create(items=[{"role": "user", "content": "I am Ann."}])
            ask = client.responses.with_raw_response.create
            kept = await ask(model="m", input="Who am I?", conversation=conversation.id)
            assert "x-triglot-loss" not in kept.headers
            answer = await ask(model="m", input="Sure?", conversation=conversation.id, store=False)
            assert answer.headers["x-triglot-loss"] == "conversation"
            assert [message["content"] for message in echo.messages[-1]] == ["I am Ann.\n\nWho am I?", "answer 1", "Sure?"]
            assert [item.content[0].text async for item in client.conversations.items.list(conversation.id, order="asc")] == [
                "I am Ann.",
                "Who am I?",
                "answer 1",
            ]

    asyncio.run(asyncio.wait_for(run(), 120))


def test_a_reference_brings_its_item_into_a_conversation(gateway: Gateway) -> None:
    async def run() -> None:
        async with playing(gateway, Echo().play), client_of(gateway) as client:
            said = (await client.responses.create(model="m", input="hello")).output[0].id
            conversation = await client.conversations.create(items=[{"type": "item_reference", "id": said}])
            again: Any = [{"id": said}, {"role": "user", "content": "and?"}]
            added = await client.conversations.items.create(conversation.id, items=again)
            assert [item.content[0].text for item in added.data] == ["answer 1", "and?"]
            assert [item.content[0].text async for item in client.conversations.items.list(conversation.id)] == [
                "and?",
                "answer 1",
                "answer 1",
            ]
            for refused in ([{"type": "item_reference", "id": "msg_nowhere"}], [{"type": "compaction_trigger"}]):
                wrong: Any = refused
                with pytest.raises(openai.APIStatusError) as refusal:
                    await client.conversations.create(items=wrong)
                assert refusal.value.status_code in (400, 404)
                assert refusal.value.body["param"] == "items"  # type: ignore[index]

    asyncio.run(asyncio.wait_for(run(), 120))


def test_deleting_forgets(gateway: Gateway) -> None:
    async def run() -> None:
        echo = Echo()
        async with playing(gateway, echo.play), client_of(gateway) as client:
            response = await client.responses.create(model="m", input="hello")
            await client.responses.delete(response.id)
            for attempt in (client.responses.retrieve(response.id), client.responses.delete(response.id)):
                with pytest.raises(openai.NotFoundError):
                    await attempt
            with pytest.raises(openai.NotFoundError):
                await client.responses.input_items.list(response.id)

    asyncio.run(asyncio.wait_for(run(), 120))


def test_a_compacted_conversation_goes_on(gateway: Gateway) -> None:
    async def run() -> None:
        echo = Echo()
        async with playing(gateway, echo.play), client_of(gateway) as client:
            first = await client.responses.create(model="m", input="I am Ann.")
            compacted = await client.responses.compact(model="m", input="Who am I?", previous_response_id=first.id)
            assert compacted.object == "response.compaction"
            assert [item.type for item in compacted.output] == ["message", "message", "compaction"]
            items: Any = [*(item.to_dict(warnings=False) for item in compacted.output), {"role": "user", "content": "And now?"}]
            second = await client.responses.create(model="m", input=items)
            contents = "\n".join(str(message["content"]) for message in echo.messages[-1])
            for text in ("I am Ann.", "Who am I?", "answer 2", "And now?"):  # the second answer was the summary
                assert text in contents
            await client.responses.create(model="m", input="Thanks.", previous_response_id=second.id)
            assert "answer 2" in str(echo.messages[-1])

    asyncio.run(asyncio.wait_for(run(), 120))


@pytest.mark.parametrize("within", ["chain", "conversation"])
def test_a_compaction_shortens_what_goes_on_by_ids(gateway: Gateway, within: str) -> None:
    async def run() -> None:
        echo = Echo()
        async with playing(gateway, echo.play), client_of(gateway) as client:
            conversation = await client.conversations.create()

            async def ask(given: Any) -> Any:
                nonlocal previous
                place: Any = {"conversation": conversation.id} if within == "conversation" else {"previous_response_id": previous}
                response = await client.responses.create(model="m", input=given, **place)
                previous = response.id
                return response

            previous: Any = openai.omit
            await ask([{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "I am Ann."}])
            for _ in range(2):
                await ask([{"type": "function_call", "call_id": "c", "name": "look", "arguments": "{}"}])
                await ask([{"type": "function_call_output", "call_id": "c", "output": "a long result"}])
                compacted = await ask([{"type": "compaction_trigger"}])
                assert [item.type for item in compacted.output] == ["compaction"]
                await ask("Who am I?")
            system, user, *rest = echo.messages[-1]
            assert system == {"role": "system", "content": "Be brief."}
            assert rest == []
            summary = "Summary of the conversation so far:\nanswer 8"
            assert user == {"role": "user", "content": f"I am Ann.\n\nWho am I?\n\n{summary}\n\nWho am I?"}

    asyncio.run(asyncio.wait_for(run(), 120))


@pytest.mark.parametrize("begun", [{"reasoning_content": "Hm"}, {"content": "They"}])
def test_without_a_whole_summary_there_is_no_compaction(gateway: Gateway, begun: dict[str, str]) -> None:
    async def run() -> None:
        async def play(connection: Connection) -> None:
            await connection.send(HEAD)
            await connection.send_chunk(chunk(begun) + chunk({}, "length") + b"data: [DONE]\n\n")
            await connection.send(b"0\r\n\r\n")

        async with playing(gateway, play), client_of(gateway) as client:
            with pytest.raises(openai.InternalServerError, match="summary was whole"):
                await client.responses.compact(model="m", input="Who am I?")

    asyncio.run(asyncio.wait_for(run(), 120))


@pytest.mark.parametrize(
    "foreign", [{"temperature": "hot"}, {"max_output_tokens": 0}, {"background": True}, {"stream": True}, {"tools": "x"}]
)
def test_what_is_no_field_of_a_compaction_does_not_matter(gateway: Gateway, foreign: dict[str, Any]) -> None:
    async def run() -> None:
        async with playing(gateway, Echo().play), client_of(gateway) as client:
            compacted = await client.responses.compact(model="m", input="Who am I?", extra_body=foreign)
            assert [item.type for item in compacted.output] == ["message", "compaction"]

    asyncio.run(asyncio.wait_for(run(), 120))


def test_nothing_cannot_be_compacted(gateway: Gateway) -> None:
    async def run() -> None:
        async with client_of(gateway) as client:
            with pytest.raises(openai.BadRequestError, match="nothing to compact"):
                await client.responses.compact(model="m", input=[])

    asyncio.run(asyncio.wait_for(run(), 120))


def test_the_tokens_of_an_input_are_counted(gateway: Gateway) -> None:
    async def run() -> None:
        echo = Echo()
        async with playing(gateway, echo.play), client_of(gateway) as client:
            alone = await client.responses.input_tokens.count(model="m", input="hello")
            first = await client.responses.create(model="m", input="I am Ann.")
            chained = await client.responses.input_tokens.count(model="m", input="hello", previous_response_id=first.id)
            assert 0 < alone.input_tokens < chained.input_tokens

    asyncio.run(asyncio.wait_for(run(), 120))


class Restartable:
    """A gateway whose state is on disk, to be killed and started again."""

    def __init__(self, state: Path, *flags: str, **environ: str) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self._command = [sys.executable, "-m", "triglot", "serve", "--port", "0", "--log-level", "warning", "--state", str(state), *flags]
        self._command += ["--backend", f"http://127.0.0.1:{self.listener.getsockname()[1]}"]
        self._environ = {**os.environ, **environ}
        self.gateway = self.start()

    def start(self) -> Gateway:
        process = subprocess.Popen(self._command, env=self._environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stdout is not None
        banner = ""
        while not (found := re.search(r"Messages\s+http://127.0.0.1:(\d+)", banner)):
            line = process.stdout.readline()
            assert line, "the gateway ended at its start"
            banner += line
        self.gateway = Gateway(int(found[1]), self.listener, process)
        return self.gateway

    def stop(self, number: int) -> None:
        self.gateway.stop(number)
        for pipe in (self.gateway.process.stdout, self.gateway.process.stderr):
            assert pipe is not None
            pipe.close()


@pytest.fixture
def restartable(tmp_path: Path) -> Iterator[Restartable]:
    running = Restartable(tmp_path / "state.sqlite3")
    yield running
    running.stop(signal.SIGTERM)
    running.listener.close()


def test_a_killed_gateway_still_knows_its_responses(restartable: Restartable) -> None:
    async def first() -> Any:
        echo = Echo()
        async with playing(restartable.gateway, echo.play), client_of(restartable.gateway) as client:
            return await client.responses.create(model="m", input="I am Ann.", include=["reasoning.encrypted_content"])

    async def second(known: Any) -> None:
        echo = Echo()
        async with playing(restartable.gateway, echo.play), client_of(restartable.gateway) as client:
            assert (await client.responses.retrieve(known.id)).to_dict() == known.to_dict()
            await client.responses.create(model="m", input="Who am I?", previous_response_id=known.id)
            assert [message["content"] for message in echo.messages[0]] == ["I am Ann.", "answer 1", "Who am I?"]

    known = asyncio.run(asyncio.wait_for(first(), 120))
    restartable.stop(signal.SIGKILL)
    restartable.start()
    asyncio.run(asyncio.wait_for(second(known), 120))


def test_a_background_response_ends_with_a_gateway_that_stops(restartable: Restartable) -> None:
    async def silent(connection: Connection) -> None:
        await connection.send(HEAD)
        await connection.send_chunk(chunk({"content": "Hel"}))
        await connection.closed()

    told: list[Any] = []

    async def follow(client: openai.AsyncOpenAI, response_id: str) -> None:
        async with await client.responses.retrieve(response_id, stream=True) as stream:
            told.extend([event async for event in stream])

    async def begin() -> str:
        async with playing(restartable.gateway, silent), client_of(restartable.gateway) as client:
            queued = await client.responses.create(model="m", input="hello", background=True)
            followers = asyncio.gather(follow(client, queued.id), follow(client, queued.id))
            await wait_for_status(client, queued.id, "in_progress")
            await asyncio.to_thread(restartable.gateway.stop, signal.SIGTERM)
            await followers
            assert [line for line in restartable.gateway.log if "graceful shutdown exceeded" not in line] == []
            restartable.stop(signal.SIGTERM)
            return queued.id

    async def look(response_id: str) -> Any:
        async with client_of(restartable.gateway) as client:
            return await client.responses.retrieve(response_id)

    response_id = asyncio.run(asyncio.wait_for(begin(), 120))
    restartable.start()
    ended = asyncio.run(asyncio.wait_for(look(response_id), 120))
    assert ended.status == "failed"
    last = [event for event in told if event.type == "response.failed"]
    assert [event.response for event in last] == [ended, ended]


def test_one_key_does_not_see_what_another_has_stored(tmp_path: Path) -> None:
    running = Restartable(tmp_path / "state.sqlite3", TRIGLOT_API_KEYS="one,two")

    async def run() -> None:
        echo = Echo()
        base_url = f"http://127.0.0.1:{running.gateway.port}/v1"
        async with playing(running.gateway, echo.play):
            one, two = (openai.AsyncOpenAI(base_url=base_url, api_key=key, max_retries=0) for key in ("one", "two"))
            response = await one.responses.create(model="m", input="secret")
            conversation = await one.conversations.create(items=[{"role": "user", "content": "secret"}])
            reference: Any = [{"type": "item_reference", "id": response.output[0].id}]
            for attempt in (
                two.responses.retrieve(response.id),
                two.responses.delete(response.id),
                two.responses.cancel(response.id),
                two.responses.input_items.list(response.id),
                two.responses.create(model="m", input=reference),
                two.conversations.retrieve(conversation.id),
                two.conversations.items.list(conversation.id),
                two.responses.create(model="m", input="hello", conversation=conversation.id),
            ):
                with pytest.raises(openai.NotFoundError):
                    await attempt
            with pytest.raises(openai.BadRequestError):
                await two.responses.create(model="m", input="hello", previous_response_id=response.id)
            assert (await one.responses.retrieve(response.id)).id == response.id
            await one.close()
            await two.close()

    try:
        asyncio.run(asyncio.wait_for(run(), 120))
    finally:
        running.stop(signal.SIGTERM)
        running.listener.close()
