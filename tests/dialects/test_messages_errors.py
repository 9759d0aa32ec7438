from __future__ import annotations

from triglot.dialects.messages.errors import error_body
from triglot.errors import ApiError, ErrorKind


def test_numbers_go_into_the_words() -> None:
    error = ApiError(ErrorKind.CONTEXT_LENGTH, "too long", details={"n_prompt_tokens": 9, "n_ctx": 8})
    assert error_body(error, "req_1")["error"] == {
        "type": "invalid_request_error",
        "message": "prompt is too long: 9 tokens > 8 maximum",
    }


def test_a_code_is_told_to_programs() -> None:
    error = ApiError(ErrorKind.NOT_FOUND, "not kept", details={"error_code": "thread_not_found"})
    assert error_body(error, "req_1") == {
        "type": "error",
        "error": {"type": "not_found_error", "message": "not kept", "details": {"error_code": "thread_not_found"}},
        "request_id": "req_1",
    }
