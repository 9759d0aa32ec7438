"""Jobs for the Python SDK of OpenAI; `node/responses.mjs` does the same with the Node SDK."""

from __future__ import annotations

import inspect
import json
import time
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import openai
from openai.lib.responses_tool_runner import RegisteredFunction, ResponsesToolRunner
from openai.types.beta import BetaResponse
from openai.types.responses import Response
from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Callable

SOCKETS: dict[str, Any] = {}
ENDS = ("response.completed", "response.incomplete", "response.failed")


def call(client: openai.OpenAI, beta: bool, request: Any, headers: Any) -> Any:
    """Call `method`, such as `responses.input_items.list`, with `ids` and `fields`."""
    method = attrgetter(request["method"])(client.beta if beta else client)
    answer = method(*request.get("ids", []), **sorted_out(method, request.get("fields", {})), extra_headers=headers)
    if answer is None:
        return None  # the SDK drops what is said of what was deleted
    return plain(checked(answer) if isinstance(answer, Response | BetaResponse) else answer)


def stream(client: openai.OpenAI, _beta: bool, request: Any, headers: Any) -> Any:
    """Stream a response with the SDK's helper; give the last one, and the output as it was put together before the last event."""
    texts: dict[tuple[int, int], str] = {}
    arguments: dict[int, str] = {}
    output: dict[int, Any] = {}
    last: Any = None
    with client.responses.stream(**sorted_out(client.responses.stream, request), extra_headers=headers) as events:
        for event in events:
            last = checked(event)
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
        return [plain(checked(event)) for event in received]


def items(client: openai.OpenAI, _beta: bool, request: Any, _headers: Any) -> Any:
    """All items of a list, from as many pages as it takes."""
    return [plain(item) for item in attrgetter(request["method"])(client)(*request["ids"], **request["fields"])]


def follow(client: openai.OpenAI, _beta: bool, request: Any, _headers: Any) -> Any:
    """A response in the background, asked for until it is there."""
    response = client.responses.create(**request, background=True)
    while response.status in ("queued", "in_progress"):
        time.sleep(0.01)
        response = client.responses.retrieve(response.id)
    return plain(response)


def resume(client: openai.OpenAI, _beta: bool, request: Any, _headers: Any) -> Any:
    """A stream of a response in the background that is left after some events and taken up again, raw and with the helper."""
    seen: list[Any] = []
    with client.responses.create(**request["fields"], background=True, stream=True) as first:
        for event in first:
            seen.append(plain(event))
            if len(seen) == request["leave_after"]:
                break
    response_id, last = seen[0]["response"]["id"], seen[-1]["sequence_number"]
    with client.responses.retrieve(response_id, stream=True, starting_after=last) as second:
        rest = [plain(event) for event in second]
    with client.responses.stream(response_id=response_id, starting_after=last) as third:
        helped = [event.sequence_number for event in third]
        final = third.get_final_response()
    return {"seen": seen, "rest": rest, "helped": helped, "final": plain(final)}


class Person(BaseModel):
    """What `parse` asks for."""

    name: str
    age: int


def parse(client: openai.OpenAI, _beta: bool, request: Any, _headers: Any) -> Any:
    """The answer in the form of a class, whole and streamed."""
    whole = client.responses.parse(**request, text_format=Person)
    with client.responses.stream(**request, text_format=Person) as events:
        streamed = events.get_final_response()
    assert isinstance(whole.output_parsed, Person)
    assert isinstance(streamed.output_parsed, Person)
    return [whole.output_parsed.model_dump(), streamed.output_parsed.model_dump()]


def parse_call(client: openai.OpenAI, _beta: bool, request: Any, _headers: Any) -> Any:
    """The arguments of a call in the form of a class, whole and streamed."""
    tools: Any = [openai.pydantic_function_tool(Person, name="person")]
    whole = client.responses.parse(**request, tools=tools)
    with client.responses.stream(**request, tools=tools) as events:
        streamed = events.get_final_response()
    calls: list[Any] = [response.output[0] for response in (whole, streamed)]
    assert all(isinstance(one.parsed_arguments, Person) for one in calls)
    return [one.parsed_arguments.model_dump() for one in calls]


def headers(client: openai.OpenAI, _beta: bool, request: Any, _headers: Any) -> Any:
    """The headers of a response, and how the SDK names the request."""
    raw = client.responses.with_raw_response.create(**request)
    assert raw.parse()._request_id == raw.request_id
    return {"request_id": raw.request_id, "headers": {name.lower(): value for name, value in raw.headers.items()}}


def retry(client: openai.OpenAI, _beta: bool, request: Any, _headers: Any) -> Any:
    """A response that the SDK may ask for three times."""
    return plain(client.with_options(max_retries=2).responses.create(**request))


def run_tools(client: openai.OpenAI, _beta: bool, request: Any, _headers: Any) -> Any:
    """A whole tool loop of the SDK's runner; every tool answers with the text that `answers` holds for it."""
    calls: list[Any] = []

    def registered(tool: Any) -> Any:
        def run(arguments: Any) -> str:
            calls.append({"name": tool["name"], "arguments": arguments})
            return str(request["answers"][tool["name"]])

        return RegisteredFunction(tool, run)

    runner = ResponsesToolRunner(functions=[registered(tool) for tool in request["tools"]])
    response = runner.run(client, request["fields"], **request["options"])
    return {"calls": calls, "response": plain(response)}


def say(client: openai.OpenAI, _beta: bool, request: Any, headers: Any) -> Any:
    """Send events on the WebSocket named `socket`, opened where it is not, and hear `count` events, or all to an end."""
    if request["socket"] not in SOCKETS:
        SOCKETS[request["socket"]] = client.responses.connect(extra_headers=headers).enter()
    connection = SOCKETS[request["socket"]]
    for event in request["events"]:
        connection.send(event)
    heard: list[Any] = []
    while len(heard) != request.get("count") and not ("count" not in request and heard and heard[-1]["type"] in (*ENDS, "error")):
        heard.append(plain(checked(connection.recv())))
    return heard


def hang_up(_client: openai.OpenAI, _beta: bool, request: Any, _headers: Any) -> None:
    """Close a WebSocket."""
    SOCKETS.pop(request["socket"]).close()


def checked(answer: Any) -> Any:
    """What the SDK gave, read once more with the checks that it leaves out; codes of failures are Codex's, and the SDK knows not all."""
    if getattr(answer, "type", "") != "response.failed":
        type(answer).model_validate_json(answer.to_json(warnings=False))
    return answer


def sorted_out(method: Any, request: Any) -> dict[str, Any]:
    """The fields that a method has parameters for; all others go into the body as they are."""
    known = inspect.signature(method).parameters
    fields = {field: value for field, value in request.items() if field in known}
    others = {field: value for field, value in request.items() if field not in known}
    return {**fields, "extra_body": others} if others else fields


def plain(answer: Any) -> Any:
    """A model of the SDK as JSON; what it was told, even where its own types say otherwise."""
    return json.loads(answer.to_json(warnings=False))


JOBS: dict[str, Callable[[openai.OpenAI, bool, Any, Any], Any]] = {
    "call": call,
    "stream": stream,
    "events": events,
    "items": items,
    "follow": follow,
    "resume": resume,
    "parse": parse,
    "parse_call": parse_call,
    "headers": headers,
    "retry": retry,
    "run_tools": run_tools,
    "say": say,
    "hang_up": hang_up,
}
