from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.recordings import CHAT_STREAMS, read_body
from triglot.backend.profiles import LLAMA_SERVER, OPENAI
from triglot.dialects.chat.relay import StreamRelay
from triglot.dialects.chat.request import WATCHED, can_fold, convert_request, find_remote_images, streamed
from triglot.errors import ApiError, ErrorKind

HELLO = [{"role": "user", "content": "hello"}]
A, B = ({"type": "function", "function": {"name": name}} for name in "ab")


def convert(profile: Any = LLAMA_SERVER, **fields: Any) -> Any:
    document = {"messages": HELLO, **fields}
    body = json.dumps(document, indent=3).encode()
    sent = convert_request(document, body, profile)
    return "untouched" if sent is body else json.loads(sent)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"temperature": 0, "unknown": {"z": 1, "a": 2}, "stream": None},
        {"tools": [A, B]},
        {"tools": [A], "tool_choice": "auto"},
        {"tools": [A], "tool_choice": "required"},
        {"tools": [A], "tool_choice": None},
        {"messages": [{"role": "system", "content": "x"}, *HELLO]},
        {"messages": [{"role": "developer", "content": "x"}, *HELLO]},
        {"response_format": {"type": "json_object", "schema": {"type": "object"}}},
        {"response_format": {"type": "text"}},
    ],
)
def test_plain_requests_are_sent_byte_for_byte(fields: dict[str, Any]) -> None:
    assert convert(**fields) == "untouched"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"tools": [A, B], "tool_choice": "none"}, {}),
        ({"tools": [A, B], "tool_choice": {"type": "function", "function": {"name": "b"}}}, {"tools": [B], "tool_choice": "required"}),
        (
            {"tools": [A, B], "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [A]}}},
            {"tools": [A]},
        ),
        ({"tools": [A, {"type": "custom", "custom": {"name": "c"}}]}, {"tools": [A]}),
        ({"tools": [{"type": "custom", "custom": {"name": "c"}}]}, {}),
        ({"response_format": {"type": "json_object"}}, {"response_format": {"type": "json_object", "schema": {"type": "object"}}}),
    ],
)
def test_what_llama_server_would_misread_is_said_in_its_words(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    assert convert(**fields) == {"messages": HELLO, **expected}
    assert convert(OPENAI, **fields) == "untouched"


def test_names_of_ours_go_only_to_a_backend_that_takes_any_field() -> None:
    fields = {"seed": 1, "cancel_id": "a", "session_id": "s"}
    assert convert(**fields) == "untouched"
    assert convert(OPENAI, **fields) == {"messages": HELLO, "seed": 1}


def test_what_is_asked_for_besides_is_put_behind_the_clients_own_bytes() -> None:
    body = b' { "stream" : true, "messages": [{"role":"user","content":"}"}],\n "top_p": 1.50 }\n '
    sent = convert_request(json.loads(body), body, LLAMA_SERVER, WATCHED)
    assert sent == b' { "stream" : true, "messages": [{"role":"user","content":"}"}],\n "top_p": 1.50 ,"return_progress":true}'
    assert json.loads(sent) == {**json.loads(body), "return_progress": True}


def test_what_the_client_has_asked_for_itself_is_not_asked_for_again() -> None:
    body = b'{"messages":[], "return_progress" : true}'
    assert convert_request(json.loads(body), body, LLAMA_SERVER, WATCHED) is body


@pytest.mark.parametrize("mine", [{"return_progress": False}, {"return_progress": None}, {"tools": [A], "tool_choice": "none"}])
def test_no_field_is_sent_twice(mine: dict[str, Any]) -> None:
    body = json.dumps({**mine, "messages": HELLO}).encode()
    sent = convert_request(json.loads(body), body, LLAMA_SERVER, WATCHED)
    assert sent.count(b"return_progress") == 1
    assert json.loads(sent)["return_progress"] is True


@pytest.mark.parametrize("options", [None, {}, {"include_usage": False}, {"include_usage": True, "include_obfuscation": False}])
def test_an_answer_in_one_piece_is_asked_for_as_a_stream_with_counts(options: Any) -> None:
    document = {"messages": HELLO, "stream": False, "stream_options": options}
    sent = json.loads(convert_request(document, json.dumps(document).encode(), LLAMA_SERVER, streamed(document)))
    expected = {**(options or {}), "include_usage": True}
    assert sent == {"messages": HELLO, "stream": True, "stream_options": expected, "return_progress": True}
    assert document["stream"] is False


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, True),
        ({"tools": [A]}, True),
        ({"logprobs": False, "n_probs": 0, "verbose": None}, True),
        ({"logprobs": True}, False),
        ({"n_probs": 2}, False),
        ({"verbose": True}, False),
        ({"messages": [*HELLO, {"role": "assistant", "content": "Hel"}]}, False),
        ({"messages": [{"role": "assistant", "content": "Hel"}, *HELLO]}, True),
        ({"messages": []}, True),
    ],
)
def test_what_a_stream_does_not_say_is_not_asked_for_as_one(fields: dict[str, Any], expected: bool) -> None:
    assert can_fold({"messages": HELLO, **fields}) is expected


def test_system_messages_become_one_at_the_top() -> None:
    messages = [
        {"role": "system", "content": "a"},
        *HELLO,
        {"role": "developer", "content": [{"type": "text", "text": "b"}]},
        {"role": "system", "content": "c"},
    ]
    parts = [{"type": "text", "text": text} for text in "abc"]
    assert convert(messages=messages)["messages"] == [{"role": "system", "content": parts}, *HELLO]
    assert convert(messages=[*HELLO, {"role": "system", "content": "a"}])["messages"] == [{"role": "system", "content": "a"}, *HELLO]


def test_the_order_of_keys_survives_a_change() -> None:
    schema = {"type": "object", "properties": {"z": {}, "a": {}}, "required": ["z"]}
    tools = [{"function": {"parameters": schema, "name": "f"}, "type": "function"}, B]
    document = {"tool_choice": {"type": "function", "function": {"name": "f"}}, "tools": tools, "messages": HELLO}
    sent = convert_request(document, b"", LLAMA_SERVER)
    assert (
        b'[{"function":{"parameters":{"type":"object","properties":{"z":{},"a":{}},"required":["z"]},"name":"f"},"type":"function"}]'
        in sent
    )


def test_a_named_tool_that_is_not_there_is_refused() -> None:
    with pytest.raises(ApiError, match="zzz"):
        convert(tools=[A], tool_choice={"type": "function", "function": {"name": "zzz"}})


@pytest.mark.parametrize("name", CHAT_STREAMS)
def test_a_stream_is_relayed_byte_for_byte_in_whole_events(name: str) -> None:
    body = read_body(name)
    times = re.findall(rb'"created":\d+', body)
    expected = re.sub(rb'"created":\d+', times[0], body)  # one was recorded while the clock went on
    for size in (1, 7, 100, len(body)):
        relay = StreamRelay()
        pieces = [relay.feed(body[start : start + size]) for start in range(0, len(body), size)]
        assert b"".join(pieces) == expected
        assert all(piece.endswith(b"\n\n") for piece in pieces if piece)
        assert relay.close() is None


def end_of(*pieces: bytes) -> Any:
    relay = StreamRelay()
    for piece in pieces:
        relay.feed(piece)
    broken = relay.close()
    return json.loads(relay.fail(broken).removeprefix(b"data: ")) if broken else None


@pytest.mark.parametrize(
    "pieces",
    [
        [b"data: {}\n\n", b"data: [DONE]\n\n"],
        [b"data: {}\n\ndata: [DONE]\n\n"],
        [b"data: [DONE]\n\n", b":\n\n"],
        [b"data: {}\r\n\r\n", b"data: [DONE]\r\n\r\n"],
        [b'data: {"error":{"message":"x"}}\n\n'],
    ],
)
def test_a_stream_that_has_ended_needs_no_more(pieces: list[bytes]) -> None:
    assert end_of(*pieces) is None


@pytest.mark.parametrize("pieces", [[], [b"data: {}\n\n"], [b"data: {}\n\ndata: [DO"], [b"data: [DONE]\n"], [b":\n\n"]])
def test_a_stream_that_breaks_off_ends_with_an_error(pieces: list[bytes]) -> None:
    assert end_of(*pieces)["error"]["message"]


def test_half_an_event_is_dropped_before_an_error() -> None:
    relay = StreamRelay()
    assert relay.feed(b'data: {"a":1}\n\ndata: {"b"') == b'data: {"a":1}\n\n'
    assert relay.fail(ApiError(ErrorKind.BACKEND_TIMEOUT, "slow")).startswith(b'data: {"error":{"message":"slow"')


def test_remote_images_are_found_and_inline_ones_left_alone() -> None:
    urls = ["https://example.org/x.png", "data:image/png;base64,aGk=", "aGk=", "file:///x.png"]
    parts = [{"type": "text", "text": "http://x"}, *({"type": "image_url", "image_url": {"url": url}} for url in urls)]
    found = find_remote_images({"messages": [{"role": "user", "content": "http://x"}, {"role": "user", "content": parts}]})
    assert [(where, image["url"]) for where, image in found] == [
        ("messages[1].content[1].image_url", "https://example.org/x.png"),
        ("messages[1].content[4].image_url", "file:///x.png"),
    ]


def calling(*arguments: Any) -> list[Any]:
    calls = [
        {"id": f"c{number}", "type": "function", "function": {"name": "a", "arguments": text}} for number, text in enumerate(arguments)
    ]
    results = [{"role": "tool", "tool_call_id": call["id"], "content": "no"} for call in calls]
    return [*HELLO, {"role": "assistant", "content": None, "tool_calls": calls}, *results, *HELLO]


@pytest.mark.parametrize(
    ("arguments", "sent"),
    [('{"x": ', {"arguments": '{"x": '}), ("", {}), (" ", {}), ("[1]", {"arguments": "[1]"}), ("null", {"arguments": "null"})],
)
def test_calls_that_llama_server_would_fail_on_for_ever_are_repaired(arguments: str, sent: Any) -> None:
    given = calling('{"b": 1,  "a": 2}', arguments)
    before = json.dumps(given)
    messages = convert(messages=given, tools=[A])["messages"]
    assert json.dumps(given) == before
    assert json.loads(messages[1]["tool_calls"][1]["function"].pop("arguments")) == sent
    assert given[1]["tool_calls"][1]["function"].pop("arguments") == arguments
    assert messages == given


def test_calls_that_can_be_read_are_sent_byte_for_byte() -> None:
    assert convert(messages=calling('{"b": 1,  "a": 1.50}', "{}"), tools=[A]) == "untouched"
    assert convert(messages=calling({"a": 1}), tools=[A]) == "untouched"
    assert convert(OPENAI, messages=calling("{", ""), tools=[A]) == "untouched"
