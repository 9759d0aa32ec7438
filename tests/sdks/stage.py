"""The conformance cases of Messages, as calls of an SDK."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triglot_conformance.backend import Script
from triglot_conformance.case import load_cases
from triglot_conformance.cuts import cut_body
from triglot_conformance.fold import fold_messages
from triglot_conformance.setups import load_setups
from triglot_conformance.sse import parse_stream

if TYPE_CHECKING:
    from triglot_conformance.backend import ScriptedBackend
    from triglot_conformance.case import Step
    from triglot_conformance.placeholders import Bindings

SUITE = Path(__file__).parents[2] / "conformance"
RECORDINGS = SUITE / "recordings/llama-server-b11549"
OWN_HEADERS = {"content-type", "anthropic-version"}  # the SDKs send these themselves
NOT_FOR_SDKS = {
    "messages/errors/early-overflow",  # only where the backend holds its answer back
    "messages/errors/form",  # the SDKs set the content type
    "messages/json/key-in-header",  # and the key
    "messages/json/tools/arguments-not-json",  # their stream helpers fail on the arguments before they read the error
}
NULLABLE = {"stop_reason", "stop_sequence"}  # always there, with or without a value


@dataclass(frozen=True)
class Stage:
    """Where the gateway listens, and the backend behind it."""

    url: str
    backend: ScriptedBackend

    def play(self, step: Step) -> None:
        """From now on the backend answers as it does in this step; where it waits for the client there, it does not wait here."""
        pieces = cut_body(step.answer.body, "events") if step.answer else []
        self.backend.play(Script(step.answer, pieces, step.ending, standing=step.standing))


def is_call(step: Step) -> bool:
    """Whether the step asks for a message with the fields that the SDKs demand."""
    try:
        body = json.loads(step.request or b"")
    except ValueError:
        return False
    return step.path.partition("?")[0] == "/v1/messages" and {"model", "max_tokens", "messages"} <= body.keys()


def call_of(step: Step, bindings: Bindings) -> tuple[dict[str, Any], dict[str, str]]:
    """The fields and the headers of a step's request; the SDKs say by themselves whether to stream."""
    request = json.loads(bindings.fill((step.request or b"").decode()))
    request.pop("stream", None)
    return request, {name: value for name, value in step.headers.items() if name.lower() not in OWN_HEADERS}


def expected_of(step: Step) -> dict[str, Any]:
    """The message or error that the step must end in, with placeholders."""
    if step.body is not None:
        return dict(json.loads(step.body))
    events = [json.loads(frame.data) for frame in parse_stream((step.stream or "").encode()) if frame.data]
    return next((event for event in events if event["type"] == "error"), None) or fold_messages(events)


def in_order(document: Any) -> str:
    """JSON to compare; what the SDKs set without a value is left out, and so is the number of the request."""
    return json.dumps(_plain(document), ensure_ascii=False, sort_keys=True)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if key != "request_id" and (item is not None or key in NULLABLE)}
    return [_plain(item) for item in value] if isinstance(value, list) else value


ALL_CASES = load_cases(SUITE / "cases")
SETUPS = load_setups(SUITE / "setups.yaml", ALL_CASES)
MESSAGE_CASES = [case for case in ALL_CASES if case.dialect == "messages" and case.id not in NOT_FOR_SDKS and all(map(is_call, case.steps))]
