"""What a line of the log says, for people and for programs."""

from __future__ import annotations

import contextlib
import json
import logging
import re
from typing import TYPE_CHECKING, Any

import pytest
from falcon.testing import TestClient

from triglot.app import create_app
from triglot.errors import ErrorKind
from triglot.events import Failed, Finished, TextDelta, Usage
from triglot.logs import AccessLine, ConsoleFormatter, JsonFormatter, RequestLog
from triglot.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[list[AccessLine]]:
    caplog.set_level(logging.INFO, "triglot.access")
    found: list[AccessLine] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            assert isinstance(record.msg, AccessLine)
            found.append(record.msg)

    collector = Collector()
    logging.getLogger("triglot.access").addHandler(collector)
    yield found
    logging.getLogger("triglot.access").removeHandler(collector)


def as_json(name: str, message: Any, *args: Any, level: int = logging.WARNING, exc_info: Any = None) -> Any:
    line = JsonFormatter().format(logging.LogRecord(name, level, __file__, 1, message, args, exc_info))
    assert "\n" not in line
    return json.loads(line)


def without_times(line: AccessLine) -> dict[str, Any]:
    return {name: value for name, value in line.fields.items() if not name.endswith("_ms")}


def test_what_is_not_known_is_left_out(lines: list[AccessLine]) -> None:
    RequestLog("GET", "/health").write()
    assert without_times(lines[0]) == {"method": "GET", "path": "/health", "streamed": False, "reason": "answered"}
    assert [name for name in lines[0].fields if name.endswith("_ms")] == ["total_ms"]


def test_all_that_can_be_known(lines: list[AccessLine]) -> None:
    log = RequestLog("POST", "/v1/messages")
    log.request_id, log.dialect, log.operation, log.owner = "req_1", "messages", "create_message", "ab12"
    log.note_model({"model": "tiny"})
    log.queued(3)
    log.sent_at = log.queued_at
    log.begun_at = log.token_at = log.sent_at
    log.status, log.streamed = 200, True
    log.note_losses(["top_k", "metadata.user_id"])
    log.conclude([TextDelta("Hel"), Usage(12, 5, 10, 2), Finished("tool_calls")])
    log.write()
    [line] = lines
    assert without_times(line) == {
        "request_id": "req_1",
        "method": "POST",
        "path": "/v1/messages",
        "dialect": "messages",
        "operation": "create_message",
        "model": "tiny",
        "owner": "ab12",
        "status": 200,
        "streamed": True,
        "reason": "tool_calls",
        "queue_position": 3,
        "prompt_tokens": 12,
        "cached_tokens": 10,
        "completion_tokens": 5,
        "reasoning_tokens": 2,
        "losses": ["top_k", "metadata.user_id"],
    }
    assert re.sub(r"\d+ ms", "# ms", str(line)) == (
        "req_1 POST /v1/messages 200 tool_calls # ms, tiny, create_message, streamed, queued # ms at 3, first byte # ms, first token # ms, "
        "read 12 tokens (10 cached), wrote 5 tokens (2 reasoning), owner ab12, without effect: top_k; metadata.user_id"
    )


@pytest.mark.parametrize(
    ("events", "reason", "tokens"),
    [
        ([Finished("length")], "length", None),
        ([Usage(1, 2, 0), Finished("stop")], "stop", 2),
        ([Failed(ErrorKind.BACKEND_FAILED, "secret words")], "backend_failed", None),
        ([TextDelta("x")], "answered", None),
        ([], "answered", None),
    ],
)
def test_the_last_events_say_how_it_ended(lines: list[AccessLine], events: list[Any], reason: str, tokens: int | None) -> None:
    log = RequestLog()
    log.conclude(events)
    log.write()
    assert (lines[0].fields["reason"], lines[0].fields.get("completion_tokens")) == (reason, tokens)
    assert "secret" not in str(lines[0])


def test_the_first_reason_is_the_one(lines: list[AccessLine]) -> None:
    failed, finished = RequestLog(), RequestLog()
    failed.fail(ErrorKind.BACKEND_TIMEOUT, 504)
    failed.conclude([Finished("stop")])
    finished.conclude([Finished("stop")])
    finished.fail(ErrorKind.INTERNAL)
    for log in (failed, finished):
        log.write(client_gone=True)
    assert [line.fields["reason"] for line in lines] == ["backend_timeout", "stop"]
    assert lines[0].fields["status"] == 504


def test_a_client_that_has_gone_is_the_reason_if_there_is_no_other(lines: list[AccessLine]) -> None:
    RequestLog().write(client_gone=True)
    assert lines[0].fields["reason"] == "client_gone"


def test_one_that_was_never_sent_has_waited_until_its_end(lines: list[AccessLine]) -> None:
    log = RequestLog()
    log.queued(1)
    assert log.queued_at is not None
    log.queued_at -= 1
    log.write()
    assert lines[0].fields["queue_ms"] >= 1000


def test_a_branch_is_a_log_of_its_own(lines: list[AccessLine]) -> None:
    log = RequestLog("POST", "/v1/responses")
    log.request_id, log.owner, log.model, log.dialect, log.operation = "req_1", "ab12", "m", "responses", "create_response"
    log.status = 200
    branch = log.branch()
    branch.background = True
    branch.conclude([Finished("stop")])
    branch.write()
    log.write()
    assert lines[0].fields["background"] is True
    assert "status" not in lines[0].fields
    assert "background" not in lines[1].fields
    assert lines[1].fields["reason"] == "answered"
    shared = ("request_id", "method", "path", "owner", "model", "dialect", "operation")
    assert [lines[0].fields[name] for name in shared] == [lines[1].fields[name] for name in shared]


def test_what_clients_choose_is_short_and_stays_on_its_line(lines: list[AccessLine]) -> None:
    log = RequestLog("GET", "/x\nreq_2 POST" + "y" * 5000)
    log.note_model({"model": "\x1b[31m" + "m" * 5000})
    log.note_losses([f"{'z' * 5000}\r{number}" for number in range(1000)])
    log.write()
    assert len(lines[0].fields["path"]) == len(lines[0].fields["model"]) == 200
    assert len(lines[0].fields["losses"]) == 50
    assert str(lines[0]).isprintable()


@pytest.mark.parametrize("document", [None, [], {}, {"model": None}, {"model": 7}])
def test_a_request_without_a_model_has_none(document: Any) -> None:
    log = RequestLog()
    log.note_model(document)
    assert log.model == ""


def test_nothing_is_made_where_nobody_reads(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "triglot.access")
    log = RequestLog()
    log.write()
    assert not log.is_wanted
    assert caplog.records == []


def test_an_access_line_as_json() -> None:
    line = as_json("triglot.access", AccessLine({"request_id": "req_1", "path": "/ü\n", "status": 200}), level=logging.INFO)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("time"))
    assert line == {"level": "info", "logger": "triglot.access", "request_id": "req_1", "path": "/ü\n", "status": 200}


def test_any_other_line_as_json() -> None:
    line = as_json("triglot", "%s: the answer broke off: %s", "req_0123456789abcdef01234567_2", "why")
    assert (line["level"], line["logger"], line["request_id"]) == ("warning", "triglot", "req_0123456789abcdef01234567_2")
    assert line["message"] == "req_0123456789abcdef01234567_2: the answer broke off: why"
    assert "request_id" not in as_json("triglot.engine", "the engine ended")


def test_a_traceback_stays_on_its_line() -> None:
    def fail() -> None:
        raise ValueError("\ud800")

    try:
        fail()
    except ValueError as error:
        line = as_json("triglot", "failed at \udcff", exc_info=(type(error), error, error.__traceback__))
    assert line["message"] == "failed at \\udcff"
    assert line["exception"].startswith("Traceback")
    assert line["exception"].endswith("ValueError: \\ud800")


def as_text(message: Any, *args: Any, exc_info: Any = None) -> str:
    return ConsoleFormatter().format(logging.LogRecord("triglot", logging.WARNING, __file__, 1, message, args, exc_info))


@pytest.mark.parametrize("ending", ["\n", "\r", "\r\n", "\x0b", "\x85", "\u2028"])
def test_no_message_makes_a_line_of_its_own(ending: str) -> None:
    line = as_text("it broke off: %s", f"boom{ending}2026-11-20 00:00:00,000 INFO triglot.access: req_1 POST /x 200\n")
    assert len(line.splitlines()) == 1
    assert line.endswith(
        f"WARNING triglot: it broke off: boom{ending.encode('unicode_escape').decode()}2026-11-20 00:00:00,000"
        " INFO triglot.access: req_1 POST /x 200"
    )


def test_no_message_paints_or_turns_the_console() -> None:
    assert as_text("\x1b[2Jü\t\u202e中 a\\n").endswith(": \\x1b[2Jü\\t\\u202e中 a\\n")


def test_a_traceback_of_the_console_is_set_in() -> None:
    def fail() -> None:
        raise ValueError("boom\n2026-11-20 INFO forged\x1b")

    try:
        fail()
    except ValueError as error:
        first, *rest = as_text("failed", exc_info=(type(error), error, error.__traceback__)).split("\n")
    assert first.endswith(" WARNING triglot: failed")
    assert rest[0] == "  Traceback (most recent call last):"
    assert all(line.startswith("  ") for line in rest)
    assert rest[-1] == "  2026-11-20 INFO forged\\x1b"


@pytest.mark.parametrize("where", ["before", "within"])
def test_a_bug_of_ours_is_told_by_its_kind(lines: list[AccessLine], monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    class Broken:
        def __aiter__(self) -> Broken:
            return self

        async def __anext__(self) -> bytes:
            raise RuntimeError("a secret of the machine")

        async def close(self) -> None:
            pass

    async def break_down(*_: object) -> Broken:
        if where == "before":
            raise RuntimeError("a secret of the machine")
        return Broken()

    monkeypatch.setattr("triglot.service.messages.MessagesHandlers.stream_message", break_down)
    app = TestClient(create_app(Settings(backend="http://127.0.0.1:1")))
    body = {"model": "m", "max_tokens": 9, "stream": True, "messages": [{"role": "user", "content": "hello"}]}
    with pytest.raises(RuntimeError) if where == "within" else contextlib.nullcontext():
        app.simulate_post("/v1/messages", json=body)
    fields = without_times(lines[0])
    assert (fields["reason"], fields["status"]) == ("internal", 500 if where == "before" else 200)
    assert "secret" not in str(lines[0])
