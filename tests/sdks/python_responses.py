"""Jobs for the Python SDK of OpenAI; `node/responses.mjs` does the same with the Node SDK."""

from __future__ import annotations

import inspect
import json
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from openai.types.beta import BetaResponse
from openai.types.responses import Response

if TYPE_CHECKING:
    from collections.abc import Callable

    import openai


def call(client: openai.OpenAI, beta: bool, request: Any, headers: Any) -> Any:
    """Call `method`, such as `responses.input_items.list`, with `ids` and `fields`."""
    method = attrgetter(request["method"])(client.beta if beta else client)
    answer = method(*request.get("ids", []), **sorted_out(method, request.get("fields", {})), extra_headers=headers)
    if answer is None:
        return None  # the SDK drops what is said of what was deleted
    if isinstance(answer, Response | BetaResponse):
        type(answer).model_validate_json(answer.to_json())  # with the checks that the SDK leaves out
    return plain(answer)


def stream(client: openai.OpenAI, _beta: bool, request: Any, headers: Any) -> Any:
    """Stream a response with the SDK's helper; give the last one, and the output as it was put together before the last event."""
    texts: dict[tuple[int, int], str] = {}
    arguments: dict[int, str] = {}
    output: dict[int, Any] = {}
    last: Any = None
    with client.responses.stream(**sorted_out(client.responses.stream, request), extra_headers=headers) as events:
        for event in events:
            last = event
            match event.type:
                case "response.output_text.delta":
                    texts[event.output_index, event.content_index] = event.snapshot
                case "response.function_call_arguments.delta":
                    arguments[event.output_index] = event.snapshot
                case "response.output_item.done":
                    output[event.output_index] = plain(event.item)
        final = events.get_final_response() if last.type == "response.completed" else last.response
    for index, item in output.items():
        if item["type"] == "message":
            for number, part in enumerate(item["content"]):
                part["text"] = texts.get((index, number), "")
        if item["type"] == "function_call":
            item["arguments"] = arguments.get(index, "")
    return {"final": plain(final), "built": [output[index] for index in sorted(output)]}


def events(client: openai.OpenAI, _beta: bool, request: Any, headers: Any) -> Any:
    """The events of a stream as they come, from `responses.create`."""
    with client.responses.create(**sorted_out(client.responses.create, request), stream=True, extra_headers=headers) as received:
        return [plain(event) for event in received]


def sorted_out(method: Any, request: Any) -> dict[str, Any]:
    """The fields that a method has parameters for; all others go into the body as they are."""
    known = inspect.signature(method).parameters
    fields = {field: value for field, value in request.items() if field in known}
    others = {field: value for field, value in request.items() if field not in known}
    return {**fields, "extra_body": others} if others else fields


def plain(answer: Any) -> Any:
    """A model of the SDK as JSON; what it was told, even where its own types say otherwise."""
    return json.loads(answer.to_json(warnings=False))


JOBS: dict[str, Callable[[openai.OpenAI, bool, Any, Any], Any]] = {"call": call, "stream": stream, "events": events}
