"""The generated resources of the toy, over HTTP: how a request becomes a call of the service, and its result an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from falcon.testing import TestClient

from tests.codegen.golden.parrot.resources import BirdsByBirdIdSongResource, TalkResource
from tests.codegen.golden_use import Parrot
from triglot.app import create_app
from triglot.settings import Settings

if TYPE_CHECKING:
    from falcon.testing import Result


class Song:
    """A stream of one event that remembers whether it was read, and closed."""

    def __init__(self) -> None:
        self._frames = iter([b'data: {"type": "yawn"}\n\n'])
        self.was_read = False
        self.closed = False

    def __aiter__(self) -> Song:
        return self

    async def __anext__(self) -> bytes:
        self.was_read = True
        frame = next(self._frames, None)
        if frame is None:
            raise StopAsyncIteration
        return frame

    async def close(self) -> None:
        self.closed = True


@pytest.fixture
def song() -> Song:
    return Song()


@pytest.fixture
def client(song: Song) -> TestClient:
    app = create_app(Settings(backend="http://127.0.0.1:1", state="memory"))
    parrot = Parrot(song)
    app.add_route("/v1/birds/{bird_id}/song", BirdsByBirdIdSongResource(parrot))
    app.add_route("/v1/talk", TalkResource(parrot))
    return TestClient(app)


def said(answer: Result) -> str:
    assert answer.status_code == 200, answer.text
    text: str = answer.json["phrases"][0]["text"]
    return text


@pytest.mark.parametrize(
    ("query", "parts"),
    [
        ("", "None"),
        ("parts=verse", "['verse']"),
        ("parts=verse&parts=chorus", "['verse', 'chorus']"),
        ("parts[]=verse", "['verse']"),
        ("parts%5B%5D=verse&parts%5B%5D=chorus", "['verse', 'chorus']"),
        ("parts=verse&parts[]=chorus", "['verse', 'chorus']"),
    ],
)
def test_a_list_in_the_query_is_read_however_it_is_written(client: TestClient, query: str, parts: str) -> None:
    assert said(client.simulate_get("/v1/birds/polly/song", query_string=query)) == f"polly: {parts}"


@pytest.mark.parametrize(
    ("query", "param"), [("parts=coda", "parts.0"), ("parts[]=verse&parts[]=coda", "parts.1"), ("stream=maybe", "stream")]
)
def test_a_wrong_parameter_is_named(client: TestClient, query: str, param: str) -> None:
    answer = client.simulate_get("/v1/birds/polly/song", query_string=query)
    assert answer.status_code == 400
    assert answer.json["error"]["param"] == param


def test_a_read_is_followed_as_a_stream_when_the_query_says_so(client: TestClient, song: Song) -> None:
    answer = client.simulate_get("/v1/birds/polly/song", query_string="stream=true")
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.text == 'data: {"type": "yawn"}\n\n'
    assert song.closed
    assert said(client.simulate_get("/v1/birds/polly/song", query_string="stream=false")) == "polly: None"


def test_head_follows_nothing(client: TestClient, song: Song) -> None:
    answer = client.simulate_head("/v1/birds/polly/song", query_string="stream=true")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert not song.was_read


def post(client: TestClient, body: bytes) -> Any:
    return client.simulate_post("/v1/talk", body=body, headers={"content-type": "application/json"})


@pytest.mark.parametrize(("body", "document"), [(b"", "{}"), (b"{}", "{}"), (b'{"why": "late"}', "{'why': 'late'}")])
def test_an_operation_without_a_body_takes_one_or_none(client: TestClient, body: bytes, document: str) -> None:
    assert said(post(client, body)) == document


@pytest.mark.parametrize("body", [b"{", b"[]"])
def test_a_body_that_is_sent_must_be_a_json_object(client: TestClient, body: bytes) -> None:
    assert post(client, body).status_code == 400


def test_a_plain_get_of_a_socket_is_told_to_upgrade(client: TestClient) -> None:
    answer = client.simulate_get("/v1/talk")
    assert answer.status_code == 426
    assert answer.headers["upgrade"] == "websocket"
    assert "POST" in answer.json["error"]["message"]
