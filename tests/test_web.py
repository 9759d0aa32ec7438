"""A client's connection, apart from the server and from Falcon."""

from __future__ import annotations

import asyncio

from triglot.web import ClientConnection


def test_the_body_of_a_request_is_not_held_for_as_long_as_the_answer_lasts():
    messages = [
        {"type": "http.request", "body": b"first", "more_body": True},
        {"type": "http.request", "body": b"second", "more_body": False},
    ]

    async def run() -> list[dict]:
        rest = iter(messages)

        async def receive() -> dict:
            return next(rest)

        client = ClientConnection(receive)
        received = [dict(await client.receive()) for _ in messages]
        client.drop_body()
        return received

    assert [message["body"] for message in asyncio.run(run())] == [b"first", b"second"]
    assert messages[0]["body"] == b""  # the one that Falcon holds


def test_a_connection_without_a_message_has_no_body_to_drop():
    ClientConnection(None).drop_body()
