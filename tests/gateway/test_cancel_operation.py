"""POST /api/inference/cancel: what it answers to which body."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from falcon.testing import TestClient

from triglot.app import create_app
from triglot.settings import IN_MEMORY, Settings

from .harness import playing
from .test_background import Backend, client_of, wait_for_status

if TYPE_CHECKING:
    from .harness import Gateway

PATH = "/api/inference/cancel"
KINDS = ["cancel_id", "session_id", "completion_id", "message_id", "response_id"]


@pytest.fixture
def client() -> TestClient:
    # Nothing listens on port 1: a cancel needs no backend. An application lives for one request of this client.
    return TestClient(create_app(Settings(backend="http://127.0.0.1:1", state=IN_MEMORY, api_keys=("key-1",))))


def post(client: TestClient, body: Any, key: str = "key-1") -> Any:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.simulate_post(PATH, body=data, headers={"content-type": "application/json", "authorization": f"Bearer {key}"})


@pytest.mark.parametrize("body", [{}, *({kind: value} for kind in KINDS for value in ("unknown", None)), {"other": 1}])
def test_unknown_names_and_none_stop_nothing(client: TestClient, body: dict[str, Any]) -> None:
    answer = post(client, body)
    assert (answer.status_code, answer.json) == (200, {"cancelled": 0})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", [7, True, ["a"], {"a": "b"}, "", "a" * 257])
def test_a_name_is_a_string_of_some_length(client: TestClient, kind: str, value: Any) -> None:
    answer = post(client, {kind: value})
    assert answer.status_code == 400
    assert answer.json["error"]["type"] == "invalid_request_error"
    assert answer.json["error"]["param"] == kind


def test_no_body_stops_nothing(client: TestClient) -> None:
    assert (answer := post(client, b"")).status_code == 200
    assert answer.json == {"cancelled": 0}
    answer = client.simulate_post(PATH, headers={"authorization": "Bearer key-1"})  # without a content type, as curl sends it
    assert (answer.status_code, answer.json) == (200, {"cancelled": 0})


@pytest.mark.parametrize("body", [b"[]", b'"a"', b"{", b"null"])
def test_a_body_is_a_json_object(client: TestClient, body: bytes) -> None:
    answer = post(client, body)
    assert answer.status_code == 400
    assert answer.json["error"].keys() >= {"message", "type", "param", "code"}


def test_a_key_is_needed(client: TestClient) -> None:
    assert post(client, {"session_id": "s"}, key="wrong").status_code == 401


def test_it_is_a_post(client: TestClient) -> None:
    answer = client.simulate_get(PATH, headers={"authorization": "Bearer key-1"})
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST, OPTIONS")


def test_a_background_response_is_stopped_by_its_id(gateway: Gateway) -> None:
    async def run() -> None:
        backend = Backend()
        async with playing(gateway, backend.play), client_of(gateway) as client:
            url = f"http://127.0.0.1:{gateway.port}{PATH}"
            queued = await client.responses.create(model="m", input="hello", background=True)
            backend.say("Hel")
            await wait_for_status(client, queued.id, "in_progress")
            assert await client.post(url, body={"response_id": queued.id}, cast_to=object) == {"cancelled": 1}
            await asyncio.wait_for(backend.gone.wait(), 60)
            assert (await wait_for_status(client, queued.id, "cancelled")).output_text == "Hel"
            assert await client.post(url, body={"response_id": queued.id}, cast_to=object) == {"cancelled": 0}

    asyncio.run(asyncio.wait_for(run(), 120))
