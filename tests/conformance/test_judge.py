"""The judge of live answers: every expected answer of every case is clean, every defect is found, and no bytes make it stumble."""

from __future__ import annotations

import gzip
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triglot_conformance.case import Step, load_case, load_cases
from triglot_conformance.contract.contract import Contract
from triglot_conformance.live.client import Answer, TimedFrame
from triglot_conformance.live.judge import judge
from triglot_conformance.live.steps import Leaving, LiveStep
from triglot_conformance.replay.placeholders import PLACEHOLDER
from triglot_conformance.wire.sse import parse_stream

from .conftest import CASES, ROOT

if TYPE_CHECKING:
    from triglot_conformance.live.judgement import Judgement

CONTRACT = Contract(ROOT / "specs")
SAMPLES = {"time": "1700000000", "opaque": "c2lnbmF0dXJl", "text": "Words.", "count": "1"}
SSE, JSON = [("Content-Type", "text/event-stream; charset=utf-8")], [("content-type", "application/json")]


def sample(text: str, salt: str = "") -> str:
    def value(found: re.Match[str]) -> str:
        kind, _, name = found.group(1).partition(":")
        return name.partition("#")[0] + (name + salt).encode().hex().ljust(8, "0") if kind == "id" else SAMPLES[kind]

    return PLACEHOLDER.sub(value, text)


def stream_answer(text: str | bytes, **changes: Any) -> Answer:
    body = text.encode() if isinstance(text, str) else text
    try:
        frames = [TimedFrame(frame, float(number)) for number, frame in enumerate(parse_stream(body))]
    except UnicodeDecodeError:
        frames = []
    return Answer(**{"status": 200, "headers": SSE, "body": body, "frames": frames, "head_ms": 0.1, **changes})


def json_answer(body: str | bytes | Any, status: int = 200, **changes: Any) -> Answer:
    data = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return Answer(**{"status": status, "headers": JSON, "body": data, "head_ms": 0.1, **changes})


def live_step(step: Step, **changes: Any) -> LiveStep:
    """What a live run asks by default for a step that is replayed."""
    facts = {"method": step.method, "path": step.path, "statuses": (step.status,), "stream": step.stream is not None}
    return LiveStep(1, **{**facts, "ordered": not step.is_part, "socket": step.socket, **changes})


def judge_expectation(contract: Contract, dialect: str, step: Step) -> Judgement:
    whole = None
    if step.stream is None:
        headers = JSON if step.body is not None else []
        return judge(contract.dialect(dialect), live_step(step), json_answer(sample(step.body or ""), step.status, headers=headers))
    if step.body is not None and step.folds:
        whole = json_answer(re.sub(r'("id":"(?:msg|resp)_)', r"\1other", sample(step.body, "whole")))
    return judge(contract.dialect(dialect), live_step(step), stream_answer(sample(step.stream)), whole)


def test_every_expected_answer_of_every_case_is_clean(contract: Contract) -> None:
    failed = 0
    for case in load_cases(CASES):
        for step in case.steps:
            judgement = judge_expectation(contract, case.dialect, step)
            if any(finding.check == "failure" for finding in judgement.findings):
                assert '"error"' in (step.stream or ""), case.id
                failed += 1
            else:
                assert judgement.findings == [], case.id
    assert failed


# Streams and bodies that are wrong in one way, and the rule that must be found


STOP_0 = 'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n'
PARALLEL = "messages/stream/tool-use/parallel"
THINKING = "messages/stream/thinking"
CALLS = "responses/stream/function-call/parallel"
REASONING = "responses/stream/reasoning"
CUSTOM = "responses/stream/custom-tool/text"
CHAT = "chat/stream/tool-calls/auto"
LAST = re.compile(r'("type":"response.completed".*?)"status":"completed"')

DEFECTS: dict[str, tuple[str, str | re.Pattern[str], str, str]] = {
    "two block stops": (PARALLEL, STOP_0, STOP_0 * 2, "order content_block_stop in between_blocks"),
    "no block stop": (PARALLEL, STOP_0, "", "order content_block_start in in_tool_use"),
    "input that is not JSON": (PARALLEL, '"partial_json":"}"', '"partial_json":""', "fold tool input is not JSON"),
    "end_turn after a call": (
        PARALLEL,
        '"stop_reason":"tool_use"',
        '"stop_reason":"end_turn"',
        "state stop_reason end_turn with a tool_use",
    ),
    "no stop reason": (PARALLEL, '"stop_reason":"tool_use"', '"stop_reason":null', "state message_delta without stop_reason"),
    "an unknown stop reason": (
        PARALLEL,
        '"stop_reason":"tool_use"',
        '"stop_reason":"stop"',
        "schema MessageDelta.stop_reason has an unknown value",
    ),
    "tool input before its deltas": (PARALLEL, '"input":{}', '"input":{"a":1}', "state tool_use does not begin empty"),
    "two uses with one id": (PARALLEL, re.compile(r"toolu_746f6f6c755f2332"), "toolu_746f6f6c755f", "ids tool use twice"),
    "no event line": (PARALLEL, "event: message_stop\n", "", "framing no event line"),
    "another event line": (PARALLEL, "event: message_stop\n", "event: message_end\n", "framing event line differs"),
    "no blank line at the end": (PARALLEL, '"message_stop"}\n\n', '"message_stop"}\n', "framing no blank line at the end"),
    "no end": (PARALLEL, 'event: message_stop\ndata: {"type":"message_stop"}\n\n', "", "order end in closing"),
    "a made-up event": (PARALLEL, "message_stop", "message_end", "order end in closing"),
    "data that is not JSON": (PARALLEL, 'data: {"type":"message_stop"}', "data: {", "framing data is not JSON"),
    "data that is a list": (PARALLEL, 'data: {"type":"message_stop"}', "data: []", "framing data is no object"),
    "no data": (PARALLEL, 'data: {"type":"message_stop"}\n', "", "framing frame without data"),
    "[DONE] after a message": (
        PARALLEL,
        'data: {"type":"message_stop"}\n\n',
        'data: {"type":"message_stop"}\n\ndata: [DONE]\n\n',
        "framing data is not JSON",
    ),
    "the message starts twice": (
        THINKING,
        re.compile(r"(event: message_start\n.*?\n\n)", re.DOTALL),
        r"\1\1",
        "order message_start in between_blocks",
    ),
    "thinking in a text block": (
        THINKING,
        '"text_delta","text":"Hello"',
        '"thinking_delta","thinking":"Hello"',
        "order content_block_delta in in_text",
    ),
    "content in message_start": (THINKING, '"content":[]', '"content":[{"type":"text","text":"x"}]', "state message_start with content"),
    "a count that goes down": (THINKING, '"output_tokens":0', '"output_tokens":999', "usage output_tokens goes down"),
    "half a character": (THINKING, '"text":"Hello"', '"text":"\\ud83d"', "framing half a character"),
    "an item that is not done": (
        CALLS,
        re.compile(r"event: response.output_item.done\n.*?\n\n", re.DOTALL),
        "",
        "order response.output_item.added in function_call_whole",
    ),
    "a number left out": (CALLS, '"sequence_number":5', '"sequence_number":6', "invariant counter sequence_number wrong"),
    "no output_index": (CALLS, re.compile(r'"output_index":0,"item_id"'), '"item_id"', "invariant index output_index missing"),
    "arguments begin with {}": (CALLS, '"arguments":""', '"arguments":"{}"', "state function_call does not begin empty"),
    "arguments that the deltas do not make": (
        CALLS,
        r"{\"city\": \"Paris",
        r"{\"city\":\"Paris",
        "invariant concat arguments of response.function_call_arguments.done",
    ),
    "another id in the final object": (
        CALLS,
        re.compile(r'("response.completed".*?)"id":"fc_', re.DOTALL),
        r'\1"id":"fx_',
        "fold id of the final output differs",
    ),
    "completed but in progress": (REASONING, LAST, r'\1"status":"in_progress"', "state status in response.completed"),
    "no final counts": (
        REASONING,
        re.compile(r'("type":"response.completed".*?"usage":)\{.*?\}\}', re.DOTALL),
        r"\1null}",
        "framing data is not JSON",
    ),
    "an item done in progress": (
        REASONING,
        re.compile(r'(output_item.done".*?"status":)"completed"'),
        r'\1"in_progress"',
        "state item is unfinished when done",
    ),
    "a total that is no sum": (REASONING, re.compile(r'"total_tokens":\d+'), '"total_tokens":1', "usage total_tokens is not the sum"),
    "a misspelt event": (REASONING, "response.reasoning_text.delta", "response.reasoning.delta", "order unknown in reasoning_part"),
    "custom input told as arguments": (
        CUSTOM,
        "response.custom_tool_call_input.delta",
        "response.function_call_arguments.delta",
        "order response.function_call_arguments.delta in custom_tool_call",
    ),
    "a call without an id": (CHAT, re.compile(r'"id":"[A-Za-z0-9]{32}",'), "", "invariant fragments delta.tool_calls first lacks id"),
    "no finish reason": (CHAT, '"finish_reason":"tool_calls"', '"finish_reason":null', "order usage in answering"),
    "finish of a call without a call": (
        "chat/stream/text",
        '"finish_reason":"stop"',
        '"finish_reason":"tool_calls"',
        "state tool_calls without a call",
    ),
    "no role": ("chat/stream/text", '"role":"assistant",', "", "schema AnswerMessage lacks role"),
    "no [DONE]": (CHAT, "data: [DONE]\n\n", "", "framing no sentinel"),
    "an event after [DONE]": (CHAT, "data: [DONE]\n\n", 'data: [DONE]\n\ndata: {"choices":[]}\n\n', "framing after the end"),
    "another object": (
        CHAT,
        '"object":"chat.completion.chunk"',
        '"object":"chat.completion"',
        "schema ChatCompletionChunk.object has an unknown value",
    ),
    "another model in the middle": (CHAT, re.compile(r'(\n\n.*?"model":)"', re.DOTALL), r'\1"x', "invariant constant model"),
    "an error in the middle": (CHAT, "data: [DONE]\n\n", 'data: {"error":{"message":"Boom."}}\n\n', "failure in the stream"),
}


@pytest.mark.parametrize(("name", "old", "new", "rule"), DEFECTS.values(), ids=DEFECTS)
def test_each_defect_of_a_stream_is_found(contract: Contract, name: str, old: str | re.Pattern[str], new: str, rule: str) -> None:
    case = load_case(CASES / name, name)
    good = sample(case.steps[0].stream or "")
    bad = old.sub(new, good, count=1) if isinstance(old, re.Pattern) else good.replace(old, new, 1 if old.startswith('"in') else -1)
    assert bad != good
    findings = judge(contract.dialect(case.dialect), live_step(case.steps[0]), stream_answer(bad)).findings
    assert any(finding.rule.startswith(rule) for finding in findings), findings
    assert all(finding.message and finding.rule and not re.search(r"\d", finding.rule) for finding in findings)


TOLERATED = {
    "a comment": (THINKING, "event: message_stop", ": still here\n\nevent: message_stop"),
    "a comment within a frame": (THINKING, "event: message_stop", ":\nevent: message_stop"),
    "a ping": (THINKING, "event: message_stop", 'event: ping\ndata: {"type":"ping"}\n\nevent: message_stop'),
    "an unknown event": (THINKING, "event: message_stop", 'event: news\ndata: {"type":"news"}\n\nevent: message_stop'),
    "an extra field": (THINKING, '"type":"message_stop"', '"type":"message_stop","vendor":{"x":1}'),
    "a frame that is cut in lines": (THINKING, '{"type":"message_stop"}', '{"type":\ndata: "message_stop"}'),
    "no space behind data": (THINKING, "data: ", "data:"),
    "CRLF": (THINKING, "\n", "\r\n"),
    "a retry line": (THINKING, "event: message_start", "retry: 1000\nid: 1\nevent: message_start"),
    "a whole emoji in escapes": (THINKING, '"text":"Hello"', '"text":"\\ud83d\\ude00"'),
    "[DONE] behind a response": (REASONING, re.compile(r"\Z"), "data: [DONE]\n\n"),
    "an event of an implementor": (
        CUSTOM,
        "event: response.created",
        'event: acme:trace\ndata: {"type":"acme:trace"}\n\nevent: response.created',
    ),
    "a chunk without choices": (
        CHAT,
        re.compile(r"\A"),
        'data: {"id":"","object":"chat.completion.chunk","created":0,"model":"","choices":[]}\n\n',
    ),
}


@pytest.mark.parametrize(("name", "old", "new"), TOLERATED.values(), ids=TOLERATED)
def test_what_clients_let_pass_is_no_fault(contract: Contract, name: str, old: str | re.Pattern[str], new: str) -> None:
    case = load_case(CASES / name, name)
    good = sample(case.steps[0].stream or "")
    other = old.sub(new, good, count=1) if isinstance(old, re.Pattern) else good.replace(old, new)
    assert other != good
    assert judge(contract.dialect(case.dialect), live_step(case.steps[0]), stream_answer(other)).findings == []


def test_events_keep_their_number_behind_one_that_is_skipped(contract: Contract) -> None:
    case = load_case(CASES / THINKING, THINKING)
    text = sample(case.steps[0].stream or "").replace(
        "event: content_block_stop", 'event: x\ndata: {"type":"x"}\n\nevent: content_block_stop', 1
    )
    bad = text.replace(STOP_0, STOP_0 * 2, 1)
    (finding,) = judge(contract.dialect("messages"), live_step(case.steps[0]), stream_answer(bad)).findings[:1]
    stops = [number for number, frame in enumerate(parse_stream(bad.encode())) if frame.event == "content_block_stop"]
    assert finding.event == stops[1]
    assert f"event {stops[1]} (content_block_stop)" in finding.message


# The head


def one(judgement: Judgement) -> tuple[str, str]:
    (finding,) = judgement.findings
    return finding.check, finding.message


def test_a_wrong_status_or_type_stands_alone(contract: Contract) -> None:
    dialect = contract.dialect("messages")
    step = LiveStep(1, path="/v1/messages", stream=True)
    check, message = one(judge(dialect, step, json_answer({"oops": 1}, 500)))
    assert (check, message) == ("status", 'the status is 500, expected 200; the body starts "{\\"oops\\": 1}"')
    check, message = one(judge(dialect, step, json_answer({"oops": 1})))
    assert check == "content-type"
    assert "expected text/event-stream" in message
    assert one(judge(dialect, step, Answer(error="no answer within 5 s")))[0] == "connection"
    either = LiveStep(1, path="/v1/messages", statuses=(400, 422))
    assert "expected 400 or 422" in one(judge(dialect, either, json_answer({}, 500)))[1]


@pytest.mark.parametrize(
    ("dialect", "path", "body"),
    [
        ("chat", "/v1/chat/completions", {"error": {"message": "No.", "type": "invalid_request_error", "param": None, "code": None}}),
        ("messages", "/v1/messages", {"type": "error", "error": {"type": "invalid_request_error", "message": "No."}, "request_id": "r"}),
        ("responses", "/v1/nowhere", {"error": {"message": "No.", "type": "invalid_request_error", "param": None, "code": None}}),
    ],
)
def test_errors_have_the_shape_of_their_dialect(contract: Contract, dialect: str, path: str, body: Any) -> None:
    step = LiveStep(1, path=path, statuses=(400,), stream=True)
    assert judge(contract.dialect(dialect), step, json_answer(body, 400)).findings == []
    for wrong in ({"error": "No."}, {"detail": "No."}, [], "No.", {"message": "No."}):
        assert judge(contract.dialect(dialect), step, json_answer(wrong, 400)).findings
    html = json_answer("<html>", 400, headers=[("content-type", "text/html")])
    assert one(judge(contract.dialect(dialect), step, html))[0] == "content-type"
    assert one(judge(contract.dialect(dialect), step, json_answer("<html>", 400)))[0] == "json"
    assert one(judge(contract.dialect(dialect), step, json_answer(b'"\xff"', 400)))[0] == "utf-8"


def test_headers_are_held_against_their_patterns(contract: Contract) -> None:
    wanted = {"Retry-After": "^[0-9]+$", "x-none": None, "content-type": "charset"}
    step = LiveStep(1, path="/v1/messages", statuses=(429,), answer_headers=wanted)
    answer = json_answer({"type": "error", "error": {"type": "rate_limit_error", "message": "x"}, "request_id": "r"}, 429)
    answer.headers.append(("X-None", "1"))
    found = judge(contract.dialect("messages"), step, answer).findings
    answer.headers.pop()
    assert [finding.rule for finding in found if finding.check == "headers"] == [
        "headers Retry-After is missing",
        "headers x-none must be absent",
        "headers content-type is wrong",
    ]


# A part of a stream


def test_a_client_that_left_is_judged_by_what_came(contract: Contract) -> None:
    case = load_case(CASES / PARALLEL, PARALLEL)
    text = sample(case.steps[0].stream or "")
    frames = [frame.raw for frame in parse_stream(text.encode())]
    step = live_step(case.steps[0], leaves=Leaving(after_events=3))
    for length in range(len(frames)):
        cut = b"".join(frames[:length]) + frames[length][:9]
        assert judge(contract.dialect("messages"), step, stream_answer(cut, left=True)).findings == []
    bad = b"".join([frames[0], frames[0]])
    assert [f.check for f in judge(contract.dialect("messages"), step, stream_answer(bad, left=True)).findings][:1] == ["order"]
    broken = judge(contract.dialect("messages"), step, stream_answer(b"".join(frames[:3]), error="the connection broke"))
    assert {finding.check for finding in broken.findings} == {"connection", "order"}
    assert judge(contract.dialect("messages"), step, stream_answer(b"", left=True)).findings == []


def test_without_order_a_part_is_fine(contract: Contract) -> None:
    case = load_case(CASES / CALLS, CALLS)
    frames = [frame.raw for frame in parse_stream(sample(case.steps[0].stream or "").encode())]
    step = live_step(case.steps[0], ordered=False)
    assert judge(contract.dialect("responses"), step, stream_answer(b"".join(frames[4:]))).findings == []


# The twin


def test_the_twin_is_judged_and_has_the_same_shape(contract: Contract) -> None:
    case = load_case(CASES / PARALLEL, PARALLEL)
    step, stream = live_step(case.steps[0], twin=True), stream_answer(sample(case.steps[0].stream or ""))
    good = json.loads(sample(case.steps[0].body or "", "whole")) | {"id": "msg_other"}

    def findings(**changes: Any) -> list[tuple[str, int | None]]:
        judged = judge(contract.dialect("messages"), step, stream, json_answer(good | changes))
        return [(finding.rule, finding.exchange) for finding in judged.findings]

    assert findings() == []
    assert findings(content=[{"type": "text", "text": "Other words."}], stop_reason="end_turn") == []
    assert findings(model="other") == [("shape model differs", None)]
    assert findings(vendor=1) == []  # what a server adds of its own it may tell as it likes
    assert findings(stop_reason=None) == [("state stop_reason is null at the end", 1), ("shape $.stop_reason", None)]
    assert findings(id=json.loads(sample(case.steps[0].body or ""))["id"]) == [("ids answer twice", None)]
    refused = judge(contract.dialect("messages"), step, stream, json_answer({}, 500))
    assert [(finding.check, finding.exchange) for finding in refused.findings] == [("status", 1)]


# Assertions see what came


def test_assertions_look_at_every_source(contract: Contract) -> None:
    case = load_case(CASES / PARALLEL, PARALLEL)
    assertions = [
        {"path": "$.content[?@.type == 'tool_use'].name", "min": 1},
        {"path": "$[?@.type == 'message_stop']", "count": 1, "on": "events"},
        {"path": "$.stop_reason", "same_as": {"path": "$.stop_reason"}, "on": "whole"},
        {"path": "$['content-type']", "matches": "^text/event-stream", "on": "headers"},
        {"path": "$[-1].event", "equals": "message_stop", "on": "frames"},
        {"path": "$.x", "equals": 1, "on": "step:1"},
    ]
    step = live_step(case.steps[0], assertions=assertions)
    whole = json_answer(sample(case.steps[0].body or "", "whole"))
    stream = stream_answer(sample(case.steps[0].stream or ""))
    assert judge(contract.dialect("messages"), step, stream, whole, {"step:1": {"x": 1}}).findings == []
    found = judge(contract.dialect("messages"), step, stream, whole, {"step:1": {"x": 2}}).findings
    assert [finding.message for finding in found] == ["$.x in the answer of step 1 is 2, expected 1"]


# No bytes make the judge stumble


@settings(max_examples=120, deadline=None)
@given(
    st.sampled_from([PARALLEL, REASONING, CHAT]),
    st.integers(0, 100_000),
    st.one_of(
        st.just(b""),
        st.binary(max_size=30),
        st.sampled_from([b"\n\n", b"data: \n\n", b'data: {"type":7}\n\n', b"data: [1]\n\n", b"\xe4", b"{"]),
    ),
    st.integers(0, 40),
    st.sampled_from([{}, {"left": True}, {"error": "the connection broke"}]),
)
def test_no_stream_makes_the_judge_stumble(name: str, at: int, put: bytes, skip: int, how: dict[str, Any]) -> None:
    case = load_case(CASES / name, name)
    stream = sample(case.steps[0].stream or "").encode()
    at %= len(stream)
    bad = stream[:at] + put + stream[at + skip :]
    judged = judge(CONTRACT.dialect(case.dialect), live_step(case.steps[0]), stream_answer(bad, **how), json_answer(bad))
    assert all(finding.message and finding.rule for finding in judged.findings)
    json.dumps(judged.sources)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["chat", "responses", "messages"]), st.binary(max_size=200), st.sampled_from([200, 400, 500]), st.booleans())
def test_no_body_makes_the_judge_stumble(dialect: str, body: bytes, status: int, stream: bool) -> None:
    step = LiveStep(1, path="/v1/models", method="GET", statuses=(200, 400, 500), stream=stream)
    answer = Answer(status, SSE if stream and status == 200 else JSON, body)
    judged = judge(CONTRACT.dialect(dialect), step, answer)
    assert judged.findings or status == 200


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd", "deflate", "gzip, br"])
@pytest.mark.parametrize("body", [gzip.compress(b"{}"), b"{"], ids=["odd bytes", "half a body"])
def test_a_coding_that_nobody_asked_for_is_named(contract: Contract, coding: str, body: bytes) -> None:
    answer = json_answer(body, headers=[*JSON, ("Content-Encoding", coding)])
    check, words = one(judge(contract.dialect("chat"), LiveStep(1, method="GET", path="/v1/models"), answer))
    assert (check, f'compressed ("{coding}")' in words) == ("content-coding", True), words
    as_stream = stream_answer(gzip.compress(b"{}"), headers=[*SSE, ("content-encoding", coding)])
    assert one(judge(contract.dialect("chat"), LiveStep(1, stream=True), as_stream)) == (check, words)


def test_that_an_answer_broke_off_is_told_before_what_follows_from_it(contract: Contract) -> None:
    judged = judge(contract.dialect("chat"), LiveStep(1, method="GET", path="/v1/models"), json_answer('{"data": [', error="no end"))
    assert [finding.check for finding in judged.findings] == ["connection", "json"]
    assert judged.findings[0].message == "the answer is not whole: no end"


def test_bytes_without_a_coding_are_no_utf_8(contract: Contract) -> None:
    answer = json_answer(gzip.compress(b"{}"), headers=[*JSON, ("content-encoding", "identity")])
    assert one(judge(contract.dialect("chat"), LiveStep(1, method="GET", path="/v1/models"), answer))[0] == "utf-8"


def test_some_answers_have_no_body(contract: Contract) -> None:
    dialect, empty = contract.dialect("chat"), Answer(200, [], b"")
    for method in ("HEAD", "OPTIONS"):
        assert judge(dialect, LiveStep(1, method=method, path="/v1/models"), empty).findings == []
    assert judge(dialect, LiveStep(1, method="DELETE", path="/v1/models", statuses=(204,)), Answer(204, [], b"")).findings == []
    assert one(judge(dialect, LiveStep(1, method="GET", path="/v1/models"), empty))[0] == "content-type"
    assert one(judge(dialect, LiveStep(1, method="HEAD", path="/v1/models"), json_answer("{}")))[0] == "body"


# Errors on a WebSocket


TOLD = {"type": "error", "status": 400, "error": {"type": "invalid_request_error", "code": None, "message": "No.", "param": None}}


@pytest.mark.parametrize(
    ("messages", "found"),
    [
        ([TOLD], []),
        ([{**TOLD, "status": 503}], ["status not 400"]),
        ([{"type": "error", "error": TOLD["error"]}], ["status not 400"]),
        ([{**TOLD, "error": {"message": "No."}}], ["schema SocketErrorDetail lacks type"]),
        ([TOLD, TOLD], ["status not 400"]),
        ([], ["status not 400"]),
    ],
    ids=["right", "another status", "no status", "no type", "twice", "nothing"],
)
def test_an_error_on_a_socket_stands_for_an_answer_with_its_status(contract: Contract, messages: list[Any], found: list[str]) -> None:
    step = LiveStep(1, path="/v1/responses", socket="one", statuses=(400,), stream=True)
    stream = "".join(f"event: error\ndata: {json.dumps(message)}\n\n" for message in messages)
    rules = [finding.rule for finding in judge(contract.dialect("responses"), step, stream_answer(stream)).findings]
    assert rules[: len(found)] == found
    assert bool(rules) == bool(found)


def test_where_no_error_is_expected_on_a_socket_it_is_a_failure(contract: Contract) -> None:
    step = LiveStep(1, path="/v1/responses", socket="one", stream=True)
    stream = f"event: error\ndata: {json.dumps(TOLD)}\n\n"
    findings = judge(contract.dialect("responses"), step, stream_answer(stream)).findings
    assert findings[0].rule == "failure in the stream"
