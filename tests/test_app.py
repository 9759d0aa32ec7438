"""The application in process: what happens before any backend is asked."""

from __future__ import annotations

import gzip
import json
from typing import Any

import falcon
import pytest
from falcon.testing import ASGIRequestEventEmitter, TestClient

from triglot.app import create_app
from triglot.errors import ApiError, ErrorKind
from triglot.settings import Settings, SettingsError
from triglot.state.sqlite import SqliteStore
from triglot.state.store import StoreError

CHAT = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
RESPONSES = {"model": "m", "input": "hello"}
MESSAGES = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]}
PATHS = {"chat": "/v1/chat/completions", "responses": "/v1/responses", "messages": "/v1/messages"}
BODIES: dict[str, Any] = {"chat": CHAT, "responses": RESPONSES, "messages": MESSAGES}
DIALECTS = list(PATHS)


@pytest.fixture(autouse=True)
def _stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Falcon's client leaves as soon as it has sent its request, which no request survives that waits for anything."""
    monkeypatch.setattr(ASGIRequestEventEmitter, "disconnect", lambda _: None)


def client(**settings: Any) -> TestClient:
    # Nothing listens on port 1: a request that gets as far as the backend is answered with 502.
    return TestClient(create_app(Settings(backend="http://127.0.0.1:1", **settings)))


def post(path: str, body: bytes | Any, headers: dict[str, str] | None = None, **settings: Any) -> Any:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client(**settings).simulate_post(path, body=data, headers={"content-type": "application/json", **(headers or {})})


def error_of(dialect: str, answer: Any) -> dict[str, Any]:
    """The error object, checked for its dialect's shape."""
    document = answer.json
    if dialect == "messages":
        assert document.keys() == {"type", "error", "request_id"}
        assert document["type"] == "error"
        assert document["request_id"] == answer.headers["request-id"]
        assert document["error"].keys() == {"type", "message"}
    else:
        assert document.keys() == {"error"}
        assert document["error"].keys() >= {"message", "type", "param", "code"}
        assert answer.headers["x-request-id"].startswith("req_")
    return document["error"]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"null", b'{"a":\xff}', b'{"a":"\\ud800"}', b"[" * 10_000])
def test_a_body_that_is_no_json_object_is_refused(dialect: str, body: bytes) -> None:
    answer = post(PATHS[dialect], body)
    assert answer.status_code == 400
    assert error_of(dialect, answer)["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("dialect", "changes", "param"),
    [
        ("chat", {"messages": "hello"}, "messages"),
        ("chat", {"messages": []}, "messages"),
        ("chat", {"messages": [{"role": "user"}]}, "messages.0.content"),
        ("chat", {"messages": [{"role": "tool", "content": "x"}]}, "messages.0.tool_call_id"),
        ("chat", {"temperature": "hot"}, "temperature"),
        ("chat", {"tools": [{"type": "function"}]}, "tools.0.function"),
        ("responses", {"input": 7}, "input"),
        ("responses", {"input": [{"role": "user", "content": [{"type": "input_text"}]}]}, "input.0.content.0.text"),
        ("responses", {"tools": [{"type": "function"}]}, "tools.0.name"),
        ("responses", {"text": {"format": {"type": "json_schema", "name": "x"}}}, "text.format.schema"),
        ("messages", {"max_tokens": None}, "max_tokens"),
        ("messages", {"messages": []}, "messages"),
        ("messages", {"messages": [{"role": "robot", "content": "x"}]}, "messages.0"),
        ("messages", {"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages.0.content.0.text"),
        ("messages", {"tools": [{"name": "x"}]}, "tools.0.input_schema"),
        ("messages", {"tool_choice": {"type": "tool"}}, "tool_choice.name"),
    ],
)
def test_a_wrong_field_is_named(dialect: str, changes: dict[str, Any], param: str) -> None:
    answer = post(PATHS[dialect], {**BODIES[dialect], **changes})
    assert answer.status_code == 400
    error = error_of(dialect, answer)
    assert param in error["message"]
    if dialect != "messages":
        assert error["param"] == param


@pytest.mark.parametrize("dialect", DIALECTS)
def test_without_a_backend_the_answer_is_502(dialect: str) -> None:
    answer = post(PATHS[dialect], BODIES[dialect])
    assert answer.status_code == 502
    assert "127.0.0.1:1" in error_of(dialect, answer)["message"]


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"prompt": {"id": "pmpt_1"}}, "prompt"),
        ({"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "file-1"}]}]}, "input[0].content[0].file_id"),
    ],
)
def test_what_cannot_be_met_is_refused_with_the_reason(changes: dict[str, Any], param: str) -> None:
    answer = post("/v1/responses", {**RESPONSES, **changes})
    assert answer.status_code == 400
    error = error_of("responses", answer)
    assert (error["code"], error["param"]) == ("unsupported_parameter", param)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_body_over_the_limit_is_not_read(dialect: str) -> None:
    answer = post(PATHS[dialect], {**BODIES[dialect], "user": "x" * 2000}, max_body_bytes=1024)
    assert answer.status_code == 413
    assert "1024" in error_of(dialect, answer)["message"]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("headers", [{"content-type": "text/plain"}, {"content-encoding": "br"}])
def test_other_media_are_refused(dialect: str, headers: dict[str, str]) -> None:
    answer = post(PATHS[dialect], BODIES[dialect], headers)
    assert answer.status_code == 415
    error_of(dialect, answer)
    assert answer.headers.get("accept-encoding") == ("gzip, deflate, zstd" if "content-encoding" in headers else None)


@pytest.mark.parametrize("path", [*PATHS.values(), "/api/inference/cancel", "/api/generate", "/api/engine/load", "/v1/conversations"])
def test_a_body_says_what_it_is(path: str) -> None:
    """A web page may send one that does not, from anywhere."""
    answer = client().simulate_post(path, body=json.dumps({**CHAT, **RESPONSES, **MESSAGES, "prompt": "hello"}).encode())
    assert answer.status_code == 415
    assert "Content-Type" in answer.json["error"]["message"]


@pytest.mark.parametrize("path", ["/api/inference/cancel", "/v1/responses/resp_x/cancel"])
def test_no_body_needs_no_content_type(path: str) -> None:
    assert client().simulate_post(path).status_code in (200, 404)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_compressed_body_is_read_as_what_it_holds(dialect: str) -> None:
    headers = {"content-encoding": "gzip"}
    body = json.dumps(BODIES[dialect]).encode()
    assert post(PATHS[dialect], gzip.compress(body), headers).status_code == 502  # it got as far as the backend
    for damaged, reason in [
        (body, "gzip"),
        (gzip.compress(body)[:-9], "too early"),
        (gzip.compress(b"{"), "JSON"),
        (b"", "no body"),
    ]:
        answer = post(PATHS[dialect], damaged, headers)
        assert answer.status_code == 400
        assert reason in error_of(dialect, answer)["message"]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_compressed_body_is_measured_by_what_it_holds(dialect: str) -> None:
    body = gzip.compress(json.dumps({**BODIES[dialect], "user": "x" * 2000}).encode())
    assert len(body) < 1024
    answer = post(PATHS[dialect], body, {"content-encoding": "gzip"}, max_body_bytes=1024)
    assert answer.status_code == 413
    assert "1024" in error_of(dialect, answer)["message"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"authorization": "Bearer wrong"}, 401),
        ({"authorization": "Basic secret-1"}, 401),
        ({"x-api-key": "secret-"}, 401),
        ({"authorization": "Bearer secret-1"}, 502),
        ({"authorization": "bearer secret-2"}, 502),
        ({"x-api-key": "secret-2"}, 502),
    ],
)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_key_must_be_shown_where_keys_are_set(dialect: str, headers: dict[str, str], status: int) -> None:
    answer = post(PATHS[dialect], BODIES[dialect], headers, api_keys=("secret-1", "secret-2"))
    assert answer.status_code == status
    assert "secret" not in error_of(dialect, answer)["message"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("POST", "/v1/responses", 502), ("POST", "/v1/chat/completions", 502), ("GET", "/v1/models", 502), ("GET", "/v1/nothing", 404)],
)
@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer wrong"}])
def test_every_answer_of_the_openai_dialects_tells_its_id_and_its_time(
    method: str, path: str, status: int, headers: dict[str, str]
) -> None:
    body = json.dumps(RESPONSES if path.endswith("responses") else CHAT)
    sent = {"x-request-id": "mine", "content-type": "application/json", "authorization": "Bearer secret", **headers}
    answer = client(api_keys=("secret",)).simulate_request(method, path, body=body, headers=sent)
    assert answer.status_code == (401 if headers else status)
    assert answer.headers["x-request-id"].startswith("req_")  # ours, whatever the client calls its request
    assert answer.headers["openai-processing-ms"].isdigit()


def test_messages_has_its_own_headers() -> None:
    answer = post("/v1/messages", MESSAGES)
    assert answer.headers["request-id"].startswith("req_")
    assert not {"x-request-id", "openai-processing-ms"} & answer.headers.keys()


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("kind", [ErrorKind.RATE_LIMIT, ErrorKind.OVERLOADED, ErrorKind.BACKEND_LOADING])
def test_who_may_come_back_is_always_told_when(monkeypatch: pytest.MonkeyPatch, dialect: str, kind: ErrorKind) -> None:
    async def refuse(*_: object) -> None:
        raise ApiError(kind, "not now")

    monkeypatch.setattr("triglot.backend.discovery.Discovery.profile", refuse)
    answer = post(PATHS[dialect], BODIES[dialect])
    assert answer.status_code in (429, 503, 529)
    assert answer.headers["retry-after"] == "1"


def ask(headers: dict[str, str], path: str = PATHS["chat"], method: str = "POST", **settings: Any) -> Any:
    """A request that has arrived at loopback."""
    told = {"content-type": "application/json", **headers}
    name = told.pop("host", "localhost")
    body = json.dumps({**CHAT, **RESPONSES, **MESSAGES}).encode() if method == "POST" else None
    return client(**settings).simulate_request(method, path, body=body, headers=told, host=name, extras={"server": ("127.0.0.1", 8420)})


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("headers", [{"origin": "http://evil.example"}, {"host": "evil.example:8420"}])
def test_a_page_from_elsewhere_is_refused(dialect: str, headers: dict[str, str]) -> None:
    answer = ask(headers, PATHS[dialect])
    assert answer.status_code == 403
    assert "--allowed-origins" in error_of(dialect, answer)["message"]
    assert "access-control-allow-origin" not in answer.headers
    assert ask({}, PATHS[dialect]).status_code == 502
    assert ask(headers, PATHS[dialect], host="0.0.0.0").status_code == 502
    assert ask({**headers, "authorization": "Bearer k"}, PATHS[dialect], api_keys=("k",)).status_code == 502


def test_what_is_stored_is_not_read_by_a_name_that_was_made_to_point_here() -> None:
    for path in ("/v1/responses/resp_x", "/v1/models", "/", "/health", "/openapi/chat.json"):
        assert ask({"host": "evil.example"}, path, "GET").status_code == 403


@pytest.mark.parametrize("keys", [(), ("k",)])
def test_a_page_that_is_named_may_ask_and_read(keys: tuple[str, ...]) -> None:
    settings: Any = {"allowed_origins": ("https://ui.example",), "api_keys": keys}
    page = {"origin": "https://ui.example", "host": "ui.example"}
    question = {"access-control-request-method": "POST", "access-control-request-headers": "authorization"}
    answer = ask({**page, **question}, method="OPTIONS", **settings)
    assert (answer.status_code, answer.headers["access-control-allow-headers"]) == (204, "authorization")
    refused = ask(page, **settings) if keys else ask({**page, "content-type": "text/plain"}, **settings)
    reached = ask({**page, "authorization": "Bearer k"}, **settings)
    assert (refused.status_code, reached.status_code) == (401 if keys else 415, 502)
    assert refused.headers["access-control-allow-origin"] == reached.headers["access-control-allow-origin"] == "https://ui.example"
    other = ask({**question, "origin": "http://localhost:3000"}, method="OPTIONS", **settings)
    assert not [name for name in other.headers if name.startswith("access-control-")]


def test_health_needs_no_key_and_tells_that_nothing_can_be_served() -> None:
    for path in ("/health", "/v1/health"):
        answer = client(api_keys=("secret",)).simulate_get(path)
        assert answer.status_code == 503
        assert answer.json["status"] == "unavailable"
        assert answer.json["backend"] == {"reachable": False, "status": None, "model": None}


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/v1/nothing", 404), ("GET", "/v1/chat/completions", 405), ("PUT", "/v1/models", 405)]
)
def test_what_is_not_served(method: str, path: str, status: int) -> None:
    answer = client().simulate_request(method, path)
    assert answer.status_code == status
    assert path in error_of("chat", answer)["message"]
    answer = client().simulate_request(method, path, headers={"anthropic-version": "2023-06-01"})
    assert answer.status_code == status
    assert path in error_of("messages", answer)["message"]
    assert (status == 405) == ("allow" in answer.headers)


def test_a_bug_of_ours_is_a_500_that_tells_nothing_but_where_to_look(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down(*_: object) -> None:
        raise RuntimeError("a secret of the machine")

    monkeypatch.setattr("triglot.service.responses.turns.find_request_losses", break_down)
    answer = post("/v1/responses", RESPONSES)
    assert answer.status_code == 500
    message = error_of("responses", answer)["message"]
    assert "secret" not in message
    assert answer.headers["x-request-id"] in message
    [record] = caplog.records
    assert answer.headers["x-request-id"] in record.getMessage()
    assert record.exc_info is not None


@pytest.mark.parametrize("dialect", [*DIALECTS, "control"])
def test_the_contract_is_served(dialect: str) -> None:
    answer = client().simulate_get(f"/openapi/{dialect}.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == falcon.MEDIA_JSON
    assert answer.json["openapi"].startswith("3.2")


@pytest.mark.parametrize("path", ["/", "/api/hello"])
def test_the_root_answers_without_key_and_backend(path: str) -> None:
    answer = client(api_keys=("secret",)).simulate_get(path)
    assert answer.json["name"] == "triglot"
    for contract in answer.json["contracts"]:
        assert client().simulate_get(contract).status_code == 200
    answer = client(api_keys=("secret",)).simulate_head(path)
    assert (answer.status_code, answer.content) == (200, b"")


def test_an_app_needs_a_backend() -> None:
    with pytest.raises(SettingsError, match="TRIGLOT_BACKEND"):
        create_app(Settings())


def test_the_factory_reads_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIGLOT_BACKEND", "http://127.0.0.1:1")
    monkeypatch.setenv("TRIGLOT_API_KEYS", "secret")
    answer = TestClient(create_app()).simulate_get("/v1/models")
    assert answer.status_code == 401


def test_a_store_that_fails_is_told_without_its_place(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    async def fail(*_: Any) -> None:
        raise StoreError("cannot keep state in a/secret/place: disk I/O error")

    monkeypatch.setattr(SqliteStore, "load_response", fail)
    answer = client().simulate_get("/v1/responses/resp_1")
    assert answer.status_code == 500
    assert error_of("responses", answer)["message"].startswith(
        "The state cannot be read or written; triglot's log has the reason under req_"
    )
    assert "a/secret/place" in caplog.text
    assert "Traceback" not in caplog.text
