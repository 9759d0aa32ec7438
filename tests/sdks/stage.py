"""Conformance cases, as calls of an SDK."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triglot_conformance.case import load_cases
from triglot_conformance.replay.backend import Script
from triglot_conformance.replay.cuts import cut_body
from triglot_conformance.replay.setups import load_setups

if TYPE_CHECKING:
    from triglot_conformance.case import Step
    from triglot_conformance.replay.backend import ScriptedBackend
    from triglot_conformance.replay.placeholders import Bindings

SUITE = Path(__file__).parents[2] / "conformance"
RECORDINGS = SUITE / "recordings/llama-server-b11549"
OWN_HEADERS = {"content-type", "anthropic-version"}  # the SDKs send these themselves


@dataclass(frozen=True)
class Stage:
    """Where the gateway listens, and the backend behind it."""

    url: str
    backend: ScriptedBackend

    def play(self, step: Step) -> None:
        """From now on the backend answers as it does in this step; where it waits for the client there, it does not wait here."""
        pieces = cut_body(step.answer.body, "events") if step.answer else []
        self.backend.play(Script(step.answer, pieces, step.ending, standing=step.standing))


def fields_of(step: Step, bindings: Bindings) -> dict[str, Any]:
    """The fields of a step's request; the SDKs say by themselves whether to stream."""
    request: dict[str, Any] = json.loads(bindings.fill((step.request or b"{}").decode()))
    request.pop("stream", None)
    return request


def headers_of(step: Step) -> dict[str, str]:
    """The headers of a step's request but for those that the SDKs send themselves."""
    return {name: value for name, value in step.headers.items() if name.lower() not in OWN_HEADERS}


def only(answer: dict[str, Any]) -> Any:
    """What an SDK gave: the result, or the body of the error."""
    [document] = answer.values()
    return document


ALL_CASES = [case for case in load_cases(SUITE / "cases") if case.steps]
SETUPS = load_setups(SUITE / "setups.yaml", ALL_CASES)
