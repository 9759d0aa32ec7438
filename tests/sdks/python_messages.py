"""Jobs for the Python SDK of Anthropic; `node/messages.mjs` does the same with the Node SDK."""

from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING, Any

from anthropic.lib.tools import BetaFunctionTool
from anthropic.types import Message
from anthropic.types.beta import BetaMessage

if TYPE_CHECKING:
    from collections.abc import Callable

    import anthropic


def create(client: anthropic.Anthropic, beta: bool, request: Any, headers: Any) -> Any:
    return checked(call(client, "create", beta, request, headers), beta)


def stream(client: anthropic.Anthropic, beta: bool, request: Any, headers: Any) -> Any:
    with call(client, "stream", beta, request, headers) as events:
        return checked(events.get_final_message(), beta)


def count(client: anthropic.Anthropic, beta: bool, request: Any, headers: Any) -> Any:
    return plain(call(client, "count_tokens", beta, request, headers))


def model(client: anthropic.Anthropic, _beta: bool, request: Any, _headers: Any) -> Any:
    return plain(client.models.retrieve(request["id"]))


def models(client: anthropic.Anthropic, _beta: bool, request: Any, _headers: Any) -> Any:
    return [[plain(entry) for entry in page.data] for page in client.models.list(**request).iter_pages()]


def run_tools(client: anthropic.Anthropic, _beta: bool, request: Any, _headers: Any) -> Any:
    calls: list[Any] = []

    def runnable(tool: Any) -> Any:
        def run(**arguments: Any) -> str:
            calls.append({"name": tool["name"], "input": arguments})
            return str(request["answers"][tool["name"]])

        return BetaFunctionTool(run, **tool)

    options = {name: value for name, value in request.items() if name not in {"answers", "tools"}}
    runner = client.beta.messages.tool_runner(tools=[runnable(tool) for tool in request["tools"]], **options)
    return {"message": plain(runner.until_done()), "calls": calls}


def converse(client: anthropic.Anthropic, _beta: bool, request: Any, _headers: Any) -> Any:
    thread = client.beta.messages.thread(**{name: value for name, value in request.items() if name != "turns"})
    return [plain(thread.send({"role": "user", "content": text})) for text in request["turns"]]


def call(client: anthropic.Anthropic, name: str, beta: bool, request: Any, headers: Any) -> Any:
    """Call a method of `messages`; what it has no parameter for goes into the body as it is."""
    method = getattr(client.beta.messages if beta else client.messages, name)
    known = inspect.signature(method).parameters
    fields = {field: value for field, value in request.items() if field in known}
    others = {field: value for field, value in request.items() if field not in known}
    return method(**fields, extra_body=others, extra_headers=headers)


def checked(message: Any, beta: bool) -> Any:
    """The message as JSON, read once more with the checks that the SDK leaves out."""
    (BetaMessage if beta else Message).model_validate_json(message.to_json())
    return plain(message)


def plain(answer: Any) -> Any:
    """A model of the SDK as JSON."""
    return json.loads(answer.to_json())


JOBS: dict[str, Callable[[anthropic.Anthropic, bool, Any, Any], Any]] = {
    "create": create,
    "stream": stream,
    "count": count,
    "model": model,
    "models": models,
    "run_tools": run_tools,
    "converse": converse,
}
