"""The conformance cases of Messages, as calls of an SDK."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.sdks.stage import ALL_CASES
from triglot_conformance.contract.fold import fold_messages
from triglot_conformance.wire.sse import parse_stream

if TYPE_CHECKING:
    from triglot_conformance.case import Step

NOT_FOR_SDKS = {
    "messages/errors/early-overflow",  # only where the backend holds its answer back
    "messages/errors/form",  # the SDKs set the content type
    "messages/json/key-in-header",  # and the key
    "messages/json/tools/arguments-not-json",  # their stream helpers fail on the arguments before they read the error
}
NULLABLE = {"stop_reason", "stop_sequence"}  # always there, with or without a value


def is_call(step: Step) -> bool:
    """Whether the step asks for a message with the fields that the SDKs demand."""
    try:
        body = json.loads(step.request or b"")
    except ValueError:
        return False
    return step.path.partition("?")[0] == "/v1/messages" and {"model", "max_tokens", "messages"} <= body.keys()


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


MESSAGE_CASES = [case for case in ALL_CASES if case.dialect == "messages" and case.id not in NOT_FOR_SDKS and all(map(is_call, case.steps))]
