"""Streams that are wrong in one way, and the check that must find each."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import TYPE_CHECKING

import pytest

from triglot_conformance.replay.oracle import judge_backend_request, judge_body, judge_count_request, judge_head, judge_stream
from triglot_conformance.replay.placeholders import Bindings
from triglot_conformance.wire.http1 import Head, Message

if TYPE_CHECKING:
    from triglot_conformance.case import Case
    from triglot_conformance.contract.contract import Contract

SSE = Head("HTTP/1.1 200 OK", (("Content-Type", "text/event-stream; charset=utf-8"),))
JSON = Head("HTTP/1.1 200 OK", (("Content-Type", "application/json"),))


def fill(text: str) -> str:
    """The expected text with values such as a server would put in."""
    text = re.sub(r"\{\{id:([a-z]+_)#?(\d*)\}\}", lambda found: f"{found[1]}{found[2] or 1}".ljust(24, "0"), text)
    return re.sub(r"\{\{opaque:[a-z]+\}\}", "c2lnbmVk", re.sub(r"\{\{time:[a-z]+\}\}", "1700000000", text))


def judge(case: Case, contract: Contract, body: str, head: Head = SSE) -> list[str]:
    judge_it = judge_stream if head is SSE else judge_body
    return [finding.check for finding in judge_it(contract.dialect(case.dialect), case.steps[0], Message(head, body.encode()), Bindings())]


ALL = [
    "messages/stream/tool-use/parallel",
    "messages/stream/thinking",
    "responses/stream/function-call/parallel",
    "responses/stream/reasoning",
    "responses/stream/custom-tool/escapes",
    "responses/stream/custom-tool/beside-function",
    "responses/stream/reasoning-summary-sealed",
    "responses/stream/logprobs",
    "responses/stream/namespace",
    "responses/stream/shell",
    "chat/stream/tool-calls/auto",
]


@pytest.mark.parametrize("case", ALL, indirect=True)
def test_the_expected_stream_has_no_findings(case: Case, contract: Contract) -> None:
    assert judge(case, contract, fill(case.steps[0].stream or "")) == []


PARALLEL_TOOLS = "messages/stream/tool-use/parallel"
THINKING = "messages/stream/thinking"
CALLS = "responses/stream/function-call/parallel"
REASONING = "responses/stream/reasoning"
CUSTOM = "responses/stream/custom-tool/text"
SUMMARY = "responses/stream/reasoning-summary-sealed"
LOGPROBS = "responses/stream/logprobs"
NAMESPACE = "responses/stream/namespace"
SHELL = "responses/stream/shell"
END = '("response.completed".*?)'
CHAT = "chat/stream/tool-calls/auto"
STOP_0 = 'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n'

DEFECTS = {
    "two block stops": (PARALLEL_TOOLS, STOP_0, STOP_0 * 2, "order"),
    "no block stop": (PARALLEL_TOOLS, STOP_0, "", "order"),
    "wrong block index": (PARALLEL_TOOLS, '"index":1', '"index":0', "invariant"),
    "two calls with one id": (PARALLEL_TOOLS, "toolu_2", "toolu_1", "bytes"),
    "a lost fragment of arguments": (PARALLEL_TOOLS, '"partial_json":"R"', '"partial_json":""', "fold"),
    "input that is not JSON": (PARALLEL_TOOLS, '"partial_json":"}"', '"partial_json":""', "fold"),
    "end_turn after a call": (PARALLEL_TOOLS, '"stop_reason":"tool_use"', '"stop_reason":"end_turn"', "fold"),
    "an unknown stop reason": (PARALLEL_TOOLS, '"stop_reason":"tool_use"', '"stop_reason":"tool_calls"', "schema"),
    "no usage": (PARALLEL_TOOLS, re.compile(r',"usage":\{[^}]*\}\}\n\nevent: message_stop'), "}\n\nevent: message_stop", "schema"),
    "cached tokens counted twice": (PARALLEL_TOOLS, '"input_tokens":17', '"input_tokens":61', "fold"),
    "no event line": (PARALLEL_TOOLS, "event: message_stop\n", "", "framing"),
    "another event line": (PARALLEL_TOOLS, "event: message_stop\n", "event: message_end\n", "framing"),
    "no blank line at the end": (PARALLEL_TOOLS, '"message_stop"}\n\n', '"message_stop"}\n', "framing"),
    "no end": (PARALLEL_TOOLS, 'event: message_stop\ndata: {"type":"message_stop"}\n\n', "", "order"),
    "data that is not JSON": (PARALLEL_TOOLS, 'data: {"type":"message_stop"}', "data: {", "framing"),
    "the message starts twice": (THINKING, re.compile(r"(event: message_start\n.*?\n\n)", re.DOTALL), r"\1\1", "order"),
    "thinking inside a text block": (THINKING, '"text_delta","text":"Hello"', '"thinking_delta","thinking":"Hello"', "order"),
    "an early signature": (THINKING, '{"type":"thinking_delta","thinking":"user"}', '{"type":"signature_delta","signature":"x"}', "order"),
    "a space": (THINKING, '"type":"message_stop"', '"type": "message_stop"', "bytes"),
    "a comment": (THINKING, "event: message_stop", ": ping\n\nevent: message_stop", "bytes"),
    "an item that is not done": (CALLS, re.compile(r"event: response.output_item.done\n.*?\n\n", re.DOTALL), "", "order"),
    "deltas before the item": (CALLS, re.compile(r"event: response.output_item.added\n.*?\n\n", re.DOTALL), "", "order"),
    "a number left out": (CALLS, '"sequence_number":5', '"sequence_number":6', "invariant"),
    "no output_index": (CALLS, re.compile(r'"output_index":0,"item_id"'), '"item_id"', "schema"),
    "another item_id": (CALLS, re.compile(r'"item_id":"fc_1'), '"item_id":"fc_9', "invariant"),
    "arguments that the deltas do not make": (CALLS, r'{\"city\": \"Paris', r'{\"city\":\"Paris', "invariant"),
    "another id in the final object": (CALLS, re.compile(r'("response.completed".*?)"id":"fc_1', re.DOTALL), r'\1"id":"fc_9', "fold"),
    "completed although cut": (REASONING, '"type":"response.completed"', '"type":"response.incomplete"', "framing"),
    "another response id at the end": (REASONING, re.compile(r'("response.completed".*?)"id":"resp_1'), r'\1"id":"resp_9', "invariant"),
    "reasoning_summary in place of reasoning": (REASONING, "response.reasoning_text.delta", "response.reasoning.delta", "order"),
    "no content part": (REASONING, re.compile(r"event: response.content_part.added\n.*?\n\n", re.DOTALL), "", "order"),
    "a status that does not exist": (REASONING, '"status":"in_progress"', '"status":"running"', "schema"),
    "a lost piece of a custom input": (CUSTOM, '"delta":" Patch"', '"delta":""', "invariant"),
    "another custom input in the final object": (CUSTOM, re.compile(r'("response.completed".*?)"input":"[^"]*"'), r'\1"input":"x"', "fold"),
    "custom input told as arguments": (CUSTOM, "response.custom_tool_call_input.delta", "response.function_call_arguments.delta", "order"),
    "a lost piece of a summary": (SUMMARY, '"delta":" greets me."', '"delta":""', "invariant"),
    "content within a summary": (SUMMARY, "response.reasoning_summary_text.delta", "response.reasoning_text.delta", "order"),
    "another seal at the end": (SUMMARY, re.compile(END + r'"encrypted_content":"[^"]*"'), r'\1"encrypted_content":"x"', "fold"),
    "log probabilities without bytes": (LOGPROBS, re.compile(r'("response.content_part.done".*?)"bytes":\[33\],'), r"\1", "schema"),
    "no log probabilities at the end": (LOGPROBS, re.compile(END + r'("logprobs":)\[.*\](\}\]\}\],"usage")'), r"\1\2[]\3", "fold"),
    "a final object without the namespace": (NAMESPACE, re.compile(r'("response.completed".*?),"namespace":"files"'), r"\1", "fold"),
    "a command that its deltas do not make": (SHELL, '"delta":"pwd"', '"delta":"ls"', "invariant"),
    "a call without an id": (CHAT, re.compile(r'"id":"[A-Za-z0-9]{32}",'), "", "invariant"),
    "no finish reason": (CHAT, '"finish_reason":"tool_calls"', '"finish_reason":null', "order"),
    "no [DONE]": (CHAT, "data: [DONE]\n\n", "", "bytes"),
    "an event after [DONE]": (CHAT, "data: [DONE]\n\n", 'data: [DONE]\n\ndata: {"choices":[]}\n\n', "framing"),
    "another object": (CHAT, '"object":"chat.completion.chunk"', '"object":"chat.completion"', "schema"),
}  # fmt: skip


@pytest.mark.parametrize(("case", "old", "new", "check"), DEFECTS.values(), ids=DEFECTS, indirect=["case"])
def test_each_defect_is_found(case: Case, contract: Contract, old: str | re.Pattern[str], new: str, check: str) -> None:
    good = fill(case.steps[0].stream or "")
    bad = old.sub(new, good, count=1) if isinstance(old, re.Pattern) else good.replace(old, new)
    assert bad != good
    findings = judge(case, contract, bad)
    assert check in findings
    assert "bytes" in findings or check == "status"


@pytest.mark.parametrize("case", ["messages/stream/headers"], indirect=True)
def test_head_defects_are_found(case: Case, contract: Contract) -> None:
    stream = fill(case.steps[0].stream or "").encode()

    def check(line: str, *headers: tuple[str, str]) -> list[str]:
        answer = Message(Head(line, headers), stream)
        return [finding.check for finding in judge_stream(contract.dialect("messages"), case.steps[0], answer, Bindings())]

    sse, cache, buffering = ("content-type", "text/event-stream"), ("cache-control", "no-cache"), ("x-accel-buffering", "no")
    assert check("HTTP/1.1 200 OK", sse, cache, buffering) == []
    assert check("HTTP/1.1 500 Oops", sse, cache, buffering) == ["status"]
    assert check("HTTP/1.1 200 OK", ("content-type", "application/json"), cache, buffering) == ["content-type"]
    assert check("HTTP/1.1 200 OK", sse, buffering) == ["headers"]


@pytest.mark.parametrize("case", ["messages/stream/headers"], indirect=True)
def test_a_header_can_hold_a_placeholder_or_be_forbidden(case: Case) -> None:
    step = dataclasses.replace(case.steps[0], answer_headers={"request-id": "{{id:req_}}", "x-triglot-loss": None})

    def check(*headers: tuple[str, str]) -> list[str]:
        return [finding.check for finding in judge_head(step, Message(Head("HTTP/1.1 200 OK", headers)), Bindings())]

    assert check(("request-id", "req_0123456789")) == []
    assert check(("request-id", "0123456789")) == ["headers"]
    assert check() == ["headers"]
    assert check(("request-id", "req_0123456789"), ("x-triglot-loss", "tools[0]")) == ["headers"]


@pytest.mark.parametrize("case", ["messages/json/count-tokens"], indirect=True)
def test_what_is_counted_is_compared_by_field(case: Case) -> None:
    step = dataclasses.replace(case.steps[0], count_request='{"model": "tiny"}')
    assert judge_count_request(step, received(b'{"model":"tiny","x":1}'), Bindings()) == []
    assert judge_count_request(step, received(b'{"model":"big"}'), Bindings()) != []
    assert judge_count_request(step, [], Bindings()) != []


@pytest.mark.parametrize("case", ["messages/stream/text"], indirect=True)
def test_body_defects_are_found(case: Case, contract: Contract) -> None:
    body = fill(case.steps[0].body or "")
    assert judge(case, contract, body, JSON) == []
    assert judge(case, contract, body.replace("end_turn", "max_tokens"), JSON) == ["body"]
    assert judge(case, contract, body.replace("end_turn", "done"), JSON) == ["body", "schema"]
    assert judge(case, contract, body[:-1], JSON) == ["body", "json"]


@pytest.mark.parametrize("case", ["messages/stream/unicode"], indirect=True)
def test_bytes_that_are_not_utf8_are_found(case: Case, contract: Contract) -> None:
    stream = fill(case.steps[0].stream or "").encode().replace("世".encode(), b"\xe4\xb8")
    (finding,) = judge_stream(contract.dialect("messages"), case.steps[0], Message(SSE, stream), Bindings())
    assert finding.check == "utf-8"


def received(body: bytes) -> list[Message]:
    return [Message(Head("POST /v1/chat/completions HTTP/1.1"), body)]


@pytest.mark.parametrize("case", ["messages/stream/tool-use/named"], indirect=True)
def test_backend_requests_are_compared_by_field(case: Case) -> None:
    (step,) = case.steps
    wanted = json.loads(step.backend_request or "")

    def check(requests: list[Message]) -> list[str]:
        return [finding.message for finding in judge_backend_request(step, requests, b"", Bindings())]

    assert check(received(json.dumps({**wanted, "more": 1}).encode())) == []
    assert "tool_choice" in check(received(json.dumps({**wanted, "tool_choice": "auto"}).encode()))[0]
    assert "tool_choice" in check(received(json.dumps({"tools": wanted["tools"]}).encode()))[0]
    reordered = [{"function": wanted["tools"][0]["function"], "type": "function"}]
    assert "tools" in check(received(json.dumps({**wanted, "tools": reordered}).encode()))[0]
    assert "no JSON" in check(received(b"{"))[0]
    assert "not an object" in check(received(b"[]"))[0]
    assert "0 times" in check([])[0]
    assert "2 times" in check(received(b"{}") * 2)[0]


@pytest.mark.parametrize("case", ["messages/stream/tool-use/none"], indirect=True)
def test_null_means_that_a_field_must_be_absent(case: Case) -> None:
    (step,) = case.steps
    assert judge_backend_request(step, received(b"{}"), b"", Bindings()) == []
    assert judge_backend_request(step, received(b'{"tools": []}'), b"", Bindings()) != []


@pytest.mark.parametrize("case", ["chat/stream/progress"], indirect=True)
def test_verbatim_means_byte_for_byte(case: Case) -> None:
    (step,) = case.steps
    sent = step.request or b""
    assert judge_backend_request(step, received(sent), sent, Bindings()) == []
    assert judge_backend_request(step, received(sent.replace(b" ", b"")), sent, Bindings()) != []


@pytest.mark.parametrize("case", ["chat/errors/malformed-json"], indirect=True)
def test_a_request_that_must_not_reach_the_backend(case: Case) -> None:
    (step,) = case.steps
    assert judge_backend_request(step, [], b"", Bindings()) == []
    assert judge_backend_request(step, received(b"{}"), b"", Bindings()) != []


def test_an_error_where_nothing_is_served_has_the_shape_of_all_others(contract: Contract) -> None:
    messages = contract.dialect("messages")
    body = {"type": "error", "error": {"type": "not_found_error", "message": "No."}, "request_id": "req_1"}
    assert messages.check_body("POST", "/v1/nowhere", 404, body) == []
    assert messages.check_body("POST", "/v1/nowhere", 404, {"error": "No."}) != []
    assert messages.check_body("POST", "/v1/nowhere", 200, body) == ["the contract knows no POST /v1/nowhere"]
