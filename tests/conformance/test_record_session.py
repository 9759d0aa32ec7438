"""What a recorded exchange says of itself."""

from __future__ import annotations

import gzip
import json
import zlib

import pytest
from backports import zstd

from triglot_conformance.record.session import ContentError, Exchange, decode

BODY = b'{"model": "m"}'


@pytest.mark.parametrize(
    ("body", "codings"),
    [
        (BODY, None),
        (BODY, "identity"),
        (gzip.compress(BODY, mtime=0), "gzip"),
        (gzip.compress(BODY, mtime=0), "X-GZIP"),
        (zstd.compress(BODY), "zstd"),
        (zlib.compress(BODY), "deflate"),
        (zlib.compress(BODY, wbits=-15), "deflate"),
        (gzip.compress(zstd.compress(BODY), mtime=0), "zstd, gzip"),
    ],
)
def test_codings_are_undone(body: bytes, codings: str | None) -> None:
    assert decode(body, codings) == BODY


@pytest.mark.parametrize("codings", ["gzip", "zstd", "deflate", "br", "gzip, br"])
def test_what_cannot_be_decoded_is_told(codings: str) -> None:
    with pytest.raises(ContentError, match=codings.rpartition(" ")[2]):
        decode(BODY, codings)


@pytest.mark.parametrize(
    ("target", "headers", "route", "dialect"),
    [
        ("/v1/chat/completions", [], "/v1/chat/completions", "chat"),
        ("/api/v1/responses?a=b", [], "/v1/responses?a=b", "responses"),
        ("/responses/resp_1/cancel", [], "/v1/responses/resp_1/cancel", "responses"),
        ("/v1/conversations", [], "/v1/conversations", "responses"),
        ("/v1/messages/count_tokens?beta=true", [], "/v1/messages/count_tokens?beta=true", "messages"),
        ("/v1/models", [], "/v1/models", "chat"),
        ("/v1/models/x", [("Anthropic-Version", "2023-06-01")], "/v1/models/x", "messages"),
        ("/api/hello", [], "/v1/api/hello", None),
        ("/", [], "/v1/", None),
    ],
)
def test_whose_a_path_is(target: str, headers: list[tuple[str, str]], route: str, dialect: str | None) -> None:
    exchange = Exchange("POST", target, headers)
    assert (exchange.route, exchange.dialect) == (route, dialect)


def test_a_body_that_is_not_json() -> None:
    with pytest.raises(ContentError, match="not JSON"):
        _ = Exchange("POST", "/v1/responses", body=bytearray(b"{")).document
    assert Exchange("GET", "/v1/models").document is None


def test_a_streamed_answer_is_folded() -> None:
    events = [
        {"type": "message_start", "message": {"id": "msg_1", "content": [], "usage": {}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hi"}},
        {"type": "content_block_stop", "index": 0},
    ]
    stream = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events).encode()
    headers = [("Content-Type", "text/event-stream; charset=utf-8"), ("Content-Encoding", "gzip")]
    exchange = Exchange("POST", "/v1/messages", answer_headers=headers, answer=bytearray(gzip.compress(stream)))
    assert exchange.answer_document == {"id": "msg_1", "content": [{"type": "text", "text": "hi"}], "usage": {}}


@pytest.mark.parametrize("answer", [b"", b"<html>", b"data: 1\n\n", b"\xff"])
@pytest.mark.parametrize("kind", ["application/json", "text/event-stream"])
def test_an_answer_that_is_nothing_known(answer: bytes, kind: str) -> None:
    exchange = Exchange("POST", "/v1/responses", answer_headers=[("Content-Type", kind)], answer=bytearray(answer))
    assert exchange.answer_document in (None, {})
