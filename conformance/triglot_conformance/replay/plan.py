"""Which cuts a case is played with, and what its backend then sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triglot_conformance.replay.cuts import FRAMINGS, READERS, cut_body

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triglot_conformance.case import Case, Step

_FEWEST_EVENTS = 4


def choose_cuts(case: Case, cuts: Sequence[str]) -> list[str]:
    """Those of the cuts that a case can be played with.

    A backend that falls silent between events allows but one: what the client has received sets the pace. A client reads slowly or hangs up
    where a single request is answered by a whole stream.
    """
    if any(step.holds for step in case.steps):
        return ["events"]
    read = _readable_body(case)
    possible = {"slow": read is not None, "leaves": read is not None and _can_be_left(read)}
    return [cut for cut in cuts if possible.get(cut, True)]


def cut_steps(case: Case, cut: str, seed: str) -> list[list[bytes]]:
    """The pieces of each step's backend answer."""
    return [_cut_step(step, cut, seed) for step in case.steps]


def _cut_step(step: Step, cut: str, seed: str) -> list[bytes]:
    if step.answer is None:
        return []
    if cut in FRAMINGS and step.answer.media_type != "text/event-stream":
        cut = "whole"  # its line ends are not ours to change
    return cut_body(step.answer.body, "events" if cut in READERS else cut, seed)


def _readable_body(case: Case) -> bytes | None:
    """What the backend sends where a single request is answered by a whole stream, else None."""
    step = case.steps[0]
    plain = len(case.steps) == 1 and step.stream is not None and step.socket is None and not step.is_part and step.ending == "complete"
    return step.answer.body if plain and step.answer is not None and step.answer.media_type == "text/event-stream" else None


def _can_be_left(body: bytes) -> bool:
    """Whether there is something to leave: without its [DONE] the answer goes on, and it has events before its last ones."""
    events = cut_body(body, "events")
    return len(events) > _FEWEST_EVENTS and b"[DONE]" in events[-1]
