"""Requests of the conformance cases for Responses, broken at random: what schemas leave open, such as items of unknown kinds, included.

Whatever is accepted and stored can be read, listed and continued. `TRIGLOT_FUZZ=full` sends ten times as many.
"""

from __future__ import annotations

import contextlib
import copy
import json
import os
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from schemathesis.python import asgi

from tests.fuzz.fake_llama_server import FakeLlamaServer
from triglot.app import create_app
from triglot.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

CASES = Path(__file__).parents[2] / "conformance" / "cases" / "responses"
REQUESTS: int = 20_000 if os.environ.get("TRIGLOT_FUZZ") == "full" else 2000
PATHS = ["/v1/responses"] * 4 + ["/v1/responses/compact", "/v1/responses/input_tokens", "/v1/conversations"]
ODD: list[Any] = [None, "", 0, -1, 1.5, True, [], {}, 2**70, [None], ["text"], [[[]]], {"type": "x"}, {"a": {"b": [1]}}, "\0", "\U0001f600"]
ODD += [{"type": "x", "id": id_, name: [5, "a", None]} for id_ in ("x", 5, 2**70, [1]) for name in ("content", "output")]
FIELDS = ["id", "type", "call_id", "content", "output", "name", "namespace", "role", "tools", "format", "summary", "action"]


class Mutator:
    """Breaks requests; the same each time."""

    def __init__(self) -> None:
        self._random = random.Random(1)
        self._requests = [request for path in sorted(CASES.glob("**/request.json")) if (request := _read(path))]
        self._values = [value for request in self._requests for _, _, value in _places(request)]

    def make(self) -> tuple[str, dict[str, Any]]:
        """A path and a body."""
        body = copy.deepcopy(self._random.choice(self._requests))
        for _ in range(self._random.randint(1, 3)):
            if places := list(_places(body)):
                self._break(*self._random.choice(places)[:2])
        body.pop("background", None)
        path = self._random.choice(PATHS)
        if path == "/v1/conversations":
            body = {"items": body.get("input"), "metadata": body.get("metadata")}
        return path, body

    def _break(self, holder: Any, key: Any) -> None:
        value = copy.deepcopy(self._random.choice(self._random.choice((ODD, self._values))))
        match self._random.randrange(10):
            case 0:
                del holder[key]
            case 1 if isinstance(holder, list):
                holder.insert(key, value)
            case 1:
                holder[self._random.choice(FIELDS)] = value
            case _:
                holder[key] = value


def _read(path: Path) -> Any:
    with contextlib.suppress(ValueError):  # some are no JSON, on purpose
        return json.loads(path.read_bytes())
    return None


def _places(value: Any) -> Iterator[tuple[Any, Any, Any]]:
    """Everything within a document, with what holds it."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield value, key, inner
        yield from _places(inner)


@pytest.fixture(scope="module")
def app() -> Iterator[Any]:
    with FakeLlamaServer(lambda _request: []) as server:
        yield create_app(Settings(backend=server.url, state="memory"))
        asgi.shutdown_lifespans()


def test_whatever_is_broken_is_told_and_whatever_is_taken_can_be_used(app: Any) -> None:
    mutator = Mutator()
    taken = 0
    with asgi.get_client(app) as client:

        def ask(method: str, path: str, body: Any = None) -> Any:
            return client.request(method, f"http://{asgi.HOST}{path}", json=body)

        for _ in range(REQUESTS):
            path, body = mutator.make()
            answer = ask("POST", path, body)
            if '"backend_failed"' in answer.text:
                continue  # the model called a tool with arguments that it does not take
            assert answer.status_code < 500, (path, body, answer.text)
            if answer.status_code != 200 or path != "/v1/responses" or body.get("stream"):
                continue
            response = answer.json()
            assert response["store"] is (body.get("store") is not False), (body, response)
            if response["store"]:
                taken += 1
                stored = ask("GET", f"{path}/{response['id']}")
                assert stored.json() == response, body
                assert ask("GET", f"{path}/{response['id']}/input_items").status_code == 200, body
                more = {"model": "m", "input": "more", "previous_response_id": response["id"]}
                assert ask("POST", path, more).status_code == 200, body
    assert taken > REQUESTS / 30
