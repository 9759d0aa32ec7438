from __future__ import annotations

import json
from typing import Any

import pytest

from tests.recordings import read_body, read_status
from triglot.backend.failures import convert_error_answer, convert_error_object, find_error
from triglot.errors import ErrorKind

RECORDED = {
    "err_bad_json": (ErrorKind.INVALID_REQUEST, 400),
    "err_missing_messages": (ErrorKind.INVALID_REQUEST, 400),
    "err_bad_schema": (ErrorKind.INVALID_REQUEST, 400),
    "err_context_overflow": (ErrorKind.CONTEXT_LENGTH, 400),
    "err_tools_not_array": (ErrorKind.INVALID_REQUEST, 400),
    "err_tool_no_function": (ErrorKind.INVALID_REQUEST, 400),
    "err_image": (ErrorKind.INVALID_REQUEST, 400),
    "err_audio": (ErrorKind.INVALID_REQUEST, 400),
    "err_embeddings": (ErrorKind.UNSUPPORTED, 501),
    "get_unknown": (ErrorKind.NOT_FOUND, 404),
}


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_answers(name: str) -> None:
    body = read_body(name)
    error = convert_error_answer(read_status(name), {"content-type": "application/json"}, body)
    assert (error.kind, error.status) == RECORDED[name]
    assert "; tools = " not in error.message
    assert error.message.split(";")[0] in json.loads(body)["error"]["message"]


def test_the_numbers_of_an_overflow_are_kept() -> None:
    error = convert_error_answer(400, {}, read_body("err_context_overflow"))
    assert error.details == {"n_prompt_tokens": 18008, "n_ctx": 4096}


@pytest.mark.parametrize(
    ("status", "body", "kind", "kept"),
    [
        (500, {"error": {"message": "slot unavailable"}}, ErrorKind.BACKEND_FAILED, 500),
        (
            500,
            {"error": {"message": "The model produced output that does not match the expected peg-native format"}},
            ErrorKind.BACKEND_FAILED,
            500,
        ),
        (401, {"error": {"message": "Invalid API Key"}}, ErrorKind.AUTHENTICATION, 401),
        (503, {"error": {"message": "Loading model"}}, ErrorKind.BACKEND_LOADING, 503),
        (500, {"error": {"code": 500, "message": "Context size has been exceeded.", "type": "server_error"}}, ErrorKind.OVERLOADED, 503),
        (503, {"error": {"message": "busy"}}, ErrorKind.OVERLOADED, 503),
        (429, {"detail": "slow down"}, ErrorKind.RATE_LIMIT, 429),
        (404, {"error": "no such model"}, ErrorKind.NOT_FOUND, 404),
        (418, {"message": "teapot"}, ErrorKind.INVALID_REQUEST, 418),
        (302, {}, ErrorKind.BACKEND_FAILED, 502),
        (200, {"error": {"message": "x"}}, ErrorKind.BACKEND_FAILED, 502),
    ],
)
def test_other_servers(status: int, body: Any, kind: ErrorKind, kept: int) -> None:
    error = convert_error_answer(status, {}, json.dumps(body).encode())
    assert (error.kind, error.status) == (kind, kept)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'"text"', b"{}", b"\xff\xfe"])
def test_an_answer_without_words_says_what_it_was(body: bytes) -> None:
    error = convert_error_answer(502, {"content-type": "text/html"}, body)
    assert error.status == 502
    assert "text/html" in error.message


def test_retry_after_is_passed_on_and_never_missing_where_clients_need_it() -> None:
    assert convert_error_answer(429, {"retry-after": "7"}, b"{}").retry_after_s == 7
    assert convert_error_answer(429, {"retry-after": "soon"}, b'{"error":"x"}').retry_after_s == 1
    assert convert_error_answer(503, {}, b"").retry_after_s == 1
    assert convert_error_answer(500, {}, b"").retry_after_s is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "0.2"}, 1),
        ({"retry-after": " 2.5 "}, 3),
        ({"retry-after": "0"}, 1),
        ({"retry-after-ms": "1500"}, 2),
        ({"retry-after-ms": "250", "retry-after": "9"}, 1),
        ({"retry-after": "Fri, 20 Nov 2026 12:00:30 GMT", "date": "Fri, 20 Nov 2026 12:00:00 GMT"}, 30),
        ({"retry-after": "Fri, 20 Nov 2026 12:00:30 -0000", "date": "Fri, 20 Nov 2026 12:00:00 GMT"}, 30),
        ({"retry-after": "Fri, 20 Nov 2026 11:00:00 GMT", "date": "Fri, 20 Nov 2026 12:00:00 GMT"}, 1),
        ({"retry-after": "Fri, 20 Nov 2020 11:00:00 GMT"}, 1),
        ({"retry-after": "-5"}, 1),
        ({"retry-after": "inf"}, 1),
        ({"retry-after": "1e9"}, 1),
        ({"retry-after": "\u0663"}, 1),
        ({"retry-after": "Fri, 20 Nov 2026 12:00:30 +99999999999"}, 1),
    ],
)
def test_retry_after_becomes_whole_seconds_whatever_form_it_has(headers: dict[str, str], seconds: int) -> None:
    for body in (b"", b'{"error":{"message":"slow down"}}'):
        assert convert_error_answer(429, headers, body).retry_after_s == seconds


def test_refused_credentials_are_the_gateways_own() -> None:
    error = convert_error_answer(401, {}, b'{"error":{"message":"Invalid API Key"}}')
    assert "TRIGLOT_BACKEND_API_KEY" in error.message


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": 400, "message": "bad", "type": "invalid_request_error"}, ErrorKind.INVALID_REQUEST),
        ({"code": "context_length_exceeded", "message": "long"}, ErrorKind.CONTEXT_LENGTH),
        ({"code": True, "message": "x"}, ErrorKind.BACKEND_FAILED),
        ("just text", ErrorKind.BACKEND_FAILED),
        ({"odd": 1}, ErrorKind.BACKEND_FAILED),
    ],
)
def test_errors_in_a_stream(error: Any, kind: ErrorKind) -> None:
    converted = convert_error_object(error)
    assert converted.kind is kind
    assert converted.message


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"error":{"code":429,"message":"slow down"}}', 429),
        (b'{"error":"broken"}', 502),
        (b'{ "error" : {"code":503,"message":"busy"}}', 503),
    ],
)
def test_an_error_that_calls_itself_a_success_is_found(body: bytes, status: int) -> None:
    error = find_error(body)
    assert error is not None
    assert error.status == status


@pytest.mark.parametrize("body", [b"", b"[", b'["error"]', b'{"error":null,"choices":[]}', b'{"choices":[]}', b'"error"' + b"[" * 99_999])
def test_other_answers_have_none(body: bytes) -> None:
    assert find_error(body) is None


def test_a_full_context_that_is_shared_is_no_fault_of_the_request() -> None:
    error = convert_error_object({"code": 500, "message": "Context size has been exceeded.", "type": "server_error"})
    assert (error.kind, error.status, error.retry_after_s) == (ErrorKind.OVERLOADED, 503, 1)
    assert error.message.startswith("Context size has been exceeded. It is shared by all requests: try again")
