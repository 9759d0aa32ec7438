"""The instruments of the benchmark: they must notice what is lost, and must not lose anything themselves."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

import pytest

from bench import traffic
from bench.processes import Told
from bench.report import Key, render

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def upstream() -> Iterator[Told]:
    with contextlib.closing(Told("bench.upstream")) as process:
        yield process


@pytest.fixture(scope="module")
def clients() -> Iterator[Told]:
    with contextlib.closing(Told("bench.load")) as process:
        yield process


@pytest.mark.parametrize("kind", traffic.KINDS)
@pytest.mark.parametrize("order", [{"do": "pace", "rate": 100}, {"do": "flood"}], ids=["paced", "flood"])
def test_streams_arrive_whole(upstream: Told, clients: Told, kind: str, order: dict[str, object]) -> None:
    upstream("mode", instant=False, kind=kind)
    clients("open", port=upstream.greeting["port"], dialect="chat", streams=5)
    assert upstream(**order, events=7)["sent"] == 35
    upstream("finish")
    assert clients("end", dialect="chat", events=8) == {"streams": 5, "whole": 5}


def test_lost_pieces_and_foreign_ends_are_noticed(upstream: Told, clients: Told) -> None:
    for events, dialect in ((2, "chat"), (1, "messages")):
        upstream("mode", instant=False, kind="text")
        clients("open", port=upstream.greeting["port"], dialect="chat", streams=3)
        upstream("finish")
        assert clients("end", dialect=dialect, events=events) == {"streams": 3, "whole": 0}


@pytest.mark.parametrize("stream", [True, False])
def test_requests(upstream: Told, clients: Told, stream: bool) -> None:
    upstream("mode", instant=True, kind="text")
    answer = clients("requests", port=upstream.greeting["port"], dialect="chat", stream=stream, size=60_000, count=50)
    assert (answer["requests"], answer["whole"]) == (50, 50)


def test_first_tokens(upstream: Told, clients: Told) -> None:
    upstream("mode", instant=True, kind="text")
    assert len(clients("first_tokens", port=upstream.greeting["port"], dialect="chat", count=10)["delays"]) == 10


@pytest.mark.parametrize("dialect", traffic.PATHS)
@pytest.mark.parametrize("size", [1_000, 60_000])
def test_requests_have_the_size_they_claim(dialect: str, size: int) -> None:
    body = traffic.request(dialect, stream=True, size=size).partition(b"\r\n\r\n")[2]
    assert json.loads(body)["stream"] is True
    assert 0.8 * size < len(body) < 1.2 * size


def test_the_table_shows_ratios_to_nginx() -> None:
    medians = {Key("event µs", "paced", "nginx", "chat", "text"): 20.0, Key("event µs", "paced", "triglot", "messages", "tools"): 36.0}
    assert "36 (1.80 x)" in render(medians)
    assert "messages, tools" in render(medians)
    assert "x)" not in render({key: value for key, value in medians.items() if key.subject != "nginx"})
