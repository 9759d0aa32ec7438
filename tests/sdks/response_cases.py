"""The conformance cases of Responses, as calls of an SDK."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from tests.sdks.stage import ALL_CASES
from triglot_conformance.contract.fold import fold_responses
from triglot_conformance.wire.sse import parse_stream

if TYPE_CHECKING:
    from triglot_conformance.case import Case, Step

NOT_FOR_SDKS = {
    "responses/errors/form": "the SDKs set the content type",
    "responses/errors/malformed-json": "and write JSON",
    "responses/socket/not-json": "",
    "responses/errors/method": "no method of an SDK asks for this",
    "responses/errors/unknown-path": "",
    "responses/socket/no-upgrade": "",
    "responses/socket/wrong-key": "",
    "responses/json/tools/hosted": "the SDK's own checks know no tool of an unknown kind",
    "responses/socket/lanes": "the SDKs give each lane a reader of its own",
}
ONE_WAY = {
    "responses/state/failed-stored",  # only a stream names the response that has failed
}
WITHOUT_HELPER = {
    "responses/errors/missing-input",  # Python's stream helper asks for an input
    "responses/json/model-left-out",  # and for a model
    "responses/json/nulls",  # and takes null for no list of tools
}

METHODS = {
    "POST /v1/responses": "responses.create",
    "GET /v1/responses/{}": "responses.retrieve",
    "DELETE /v1/responses/{}": "responses.delete",
    "POST /v1/responses/{}/cancel": "responses.cancel",
    "GET /v1/responses/{}/input_items": "responses.input_items.list",
    "POST /v1/responses/compact": "responses.compact",
    "POST /v1/responses/input_tokens": "responses.input_tokens.count",
    "POST /v1/conversations": "conversations.create",
    "GET /v1/conversations/{}": "conversations.retrieve",
    "POST /v1/conversations/{}": "conversations.update",
    "DELETE /v1/conversations/{}": "conversations.delete",
    "POST /v1/conversations/{}/items": "conversations.items.create",
    "GET /v1/conversations/{}/items": "conversations.items.list",
    "GET /v1/conversations/{}/items/{}": "conversations.items.retrieve",
    "DELETE /v1/conversations/{}/items/{}": "conversations.items.delete",
}

# What the SDKs add to what they were told.
ADDED = {"output_text", "output_parsed", "parsed", "parsed_arguments", "_request_id"}
_NUMBER = re.compile(r'(?<!")\{\{(?:time|count):[^{}]+\}\}')
_QUOTED_NUMBER = re.compile(r'"(\{\{(?:time|count):[^{}]+\}\})"')


def method_of(step: Step, path: str) -> tuple[str, list[str], dict[str, Any]]:
    """The SDKs' method for a step, its ids, and the fields that its path gives.

    Of two ids the last comes first and the other one is a field. What follows `?` are fields too.
    """
    path, _, query = path.partition("?")
    ids = re.findall(r"(?<=/)(?:resp|conv|msg|fc|rs)_[^/]+", path)
    for one in ids:
        path = path.replace(f"/{one}", "/{}")
    fields: dict[str, Any] = {name: value == "true" if name == "stream" else value for name, value in parse_qsl(query)}
    if len(ids) == 2:
        fields["conversation_id"] = ids.pop(0)
    return METHODS[f"{step.method} {path}"], ids, fields


def expected_of(step: Step, *, streamed: bool) -> Any:
    """What the step must end in, with placeholders: a response, another object, or the inside of an error."""
    if step.stream is not None and (streamed or step.body is None):
        events = events_of(step)
        return events[-1]["response"] if events[-1]["type"] == "response.failed" else fold_responses(events)
    document = json.loads(_NUMBER.sub(r'"\g<0>"', step.body or ""))
    return document["error"] if document.keys() == {"error"} else document


def events_of(step: Step) -> list[Any]:
    """The events that the step must bring, with placeholders."""
    frames = parse_stream(_NUMBER.sub(r'"\g<0>"', step.stream or "").encode())
    return [json.loads(frame.data) for frame in frames if frame.data]


def result_of(answer: Any) -> Any:
    """What a stream ended in; what the helper has put together before must be in it."""
    if isinstance(answer, list):
        return answer[-1]["response"]
    if "final" not in answer:
        return answer
    assert has_failed(answer["final"]) or without_added(answer["built"]) == without_added(answer["final"]["output"])
    return answer["final"]


def has_failed(document: Any) -> bool:
    """Whether this is a response that has failed; its output is empty, whatever was streamed."""
    return document.get("object") == "response" and document["status"] == "failed"


def in_order(document: Any) -> str:
    """JSON to compare, without what the SDKs add."""
    return _QUOTED_NUMBER.sub(r"\1", json.dumps(without_added(document), ensure_ascii=False, sort_keys=True))


def without_added(value: Any) -> Any:
    """What an SDK was told, of what it gives."""
    if isinstance(value, dict):
        return {key: without_added(item) for key, item in value.items() if key not in ADDED}
    if isinstance(value, float) and value.is_integer():
        return int(value)  # to Python's SDK all times are of this kind
    return [without_added(item) for item in value] if isinstance(value, list) else value


def can_be_sent(case: Case) -> bool:
    """Whether the SDKs can do what the client does.

    They compress nothing. Here they never leave before the end, and the backend never waits for what a client has received, which matters
    to work in the background alone.
    """
    if any(fnmatch(case.id, pattern) for pattern in NOT_FOR_SDKS):
        return False
    in_background = any(b'"background": true' in (step.request or b"") for step in case.steps)
    return not any(step.leaves or step.encoding or step.ending == "left" or (step.holds and in_background) for step in case.steps)


RESPONSE_CASES = [case for case in ALL_CASES if case.dialect == "responses" and can_be_sent(case)]

# On a WebSocket there is but one way.
WAYS = [
    (case, way)
    for case in RESPONSE_CASES
    for way in (["stream"] if all(step.socket for step in case.steps) else ["stream", "create", "beta"])
]
