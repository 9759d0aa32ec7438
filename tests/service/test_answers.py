"""What leaves a translated stream in one write."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from triglot.service.answers import TranslatedStream


class Call:
    status = 200
    log = SimpleNamespace(conclude=lambda _: None)

    async def read_within(self, _):
        return b"all"

    def resumed(self):
        pass

    def progressed(self):
        pass


class Translator:
    ended = False

    def receive(self, event):
        self.ended = event == "d"
        return [{"type": event}]


@pytest.mark.parametrize(("opening_events", "writes"), [(0, ["abcd"]), (2, ["ab", "cd"]), (4, ["abcd"])])
def test_the_first_events_leave_in_a_write_of_their_own(opening_events, writes):
    async def run():
        decoder = SimpleNamespace(feed=lambda _: list("abcd"))
        stream = TranslatedStream(Call(), decoder, Translator(), request_id="", heartbeat_s=10, opening_events=opening_events)
        found = []
        while events := await stream.next_events():
            found.append("".join(event["type"] for event in events))
        return found

    assert asyncio.run(run()) == writes
