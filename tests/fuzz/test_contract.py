"""Whatever a client sends, valid or not, is answered as the specs say.

Schemathesis makes requests from the OpenAPI documents and checks status, content type, body and every event of a stream against them. Our own
checks go on where it ends: the order of events, what reaches the backend, and that a valid request is refused only for a reason.

`TRIGLOT_FUZZ_EXAMPLES` sets the number of random requests for each operation. From 200 on, every boundary of every field is tried as well: some
26,000 requests, which take minutes.
"""

from __future__ import annotations

import os
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from jsonschema import Draft202012Validator
from schemathesis.config import SchemathesisConfig
from schemathesis.python.asgi import shutdown_lifespans

import triglot.generated
from tests.fuzz.fake_llama_server import FakeLlamaServer
from triglot.app import create_app
from triglot.settings import Settings
from triglot_conformance.contract import Contract
from triglot_conformance.oracle import decode_events
from triglot_conformance.sse import parse_stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from schemathesis import Case
    from schemathesis.core.transport import Response

EXAMPLES = int(os.environ.get("TRIGLOT_FUZZ_EXAMPLES", "60"))

GENERATED = Path(triglot.generated.__path__[0])
CONTRACT = Contract(Path(__file__).parents[2] / "specs")
CONFIG = {
    "seed": 1,
    "generation": {"deterministic": True, "database": "none"},
    "phases": {"coverage": {"enabled": EXAMPLES >= 200}, "stateful": {"enabled": False}},
    # a refusal of valid data is judged below: some valid requests cannot be served by a local model
    "checks": {"positive_data_acceptance": {"enabled": False}},
}
SETTINGS = settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))

# Why a request that fits the schema may be refused all the same, by a piece of the message.
REASONS = (
    "cannot be served here",  # the field is `rejected` in the specs
    "tool_choice",  # it names a tool that is not there
    "has no model",
    "There is no model",
    "input is required",  # it may be absent for a request that goes on from an earlier one, which is not served
    '"model: ',  # the same in the words of the Messages dialect
    "unsupported content[].type",  # from here on: the backend's own words
    "Unsupported tool call type",
    "Field 'n'",
    "top_logprobs requires",
    "custom grammar constraints",
)


class Gateway:
    """The application under test. It comes with the backend, the tests are collected before."""

    app: Any = None

    async def __call__(self, scope: Any, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        await self.app(scope, receive, send)


GATEWAY = Gateway()


def load(dialect: str) -> Any:
    """The document of a dialect, with what it leaves unsaid: null counts as absent, and a stream may have a sentinel."""
    document = msgspec.json.decode((GENERATED / dialect / "openapi.json").read_bytes())
    for schema in find_request_schemas(document):
        allow_null(schema)
    for path in document["paths"].values():
        for operation in path.values():
            stream = operation["responses"]["200"].get("content", {}).get("text/event-stream")
            if stream is not None and (sentinel := CONTRACT.dialect(dialect).stream.sentinel) is not None:
                fields = stream["itemSchema"]["properties"]
                fields["data"] = {"anyOf": [{"const": sentinel}, fields["data"]]}
    schema = schemathesis.openapi.from_dict(document, config=SchemathesisConfig.from_dict(CONFIG))
    schema.app = GATEWAY
    return schema


def find_request_schemas(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every object in a request body's schema, and in those it refers to."""
    schemas = document["components"]["schemas"]
    pending = [operation.get("requestBody") for path in document["paths"].values() for operation in path.values()]
    seen: set[str] = set()
    while pending:
        node = pending.pop()
        if isinstance(node, list):
            pending += node
        elif isinstance(node, dict):
            yield node
            pending += [value for key, value in node.items() if key != "discriminator"]
            name = node["$ref"].rpartition("/")[2] if isinstance(node.get("$ref"), str) else None
            if name is not None and name not in seen:
                seen.add(name)
                pending.append(schemas[name])


def allow_null(schema: dict[str, Any]) -> None:
    """Let every optional property be null."""
    if isinstance(schema.get("properties"), dict):
        for name in schema["properties"].keys() - set(schema.get("required", ())):
            schema["properties"][name] = {"anyOf": [schema["properties"][name], {"type": "null"}]}


@pytest.fixture(scope="module")
def backend() -> Iterator[FakeLlamaServer]:
    document = msgspec.json.decode((GENERATED / "chat" / "openapi.json").read_bytes())
    del document["components"]["schemas"]["CreateChatCompletion"]["properties"]["messages"]["minItems"]  # llama-server answers to none, too
    validator = Draft202012Validator({"$ref": "#/components/schemas/CreateChatCompletion", "components": document["components"]})
    with FakeLlamaServer(lambda request: [error.message for error in validator.iter_errors(request)]) as server:
        GATEWAY.app = create_app(Settings(backend=server.url))
        yield server
        shutdown_lifespans()


CHAT, RESPONSES, MESSAGES, CONTROL = (load(dialect) for dialect in ("chat", "responses", "messages", "control"))


@CHAT.parametrize()
@SETTINGS
def test_chat(case: Case, backend: FakeLlamaServer) -> None:
    check(case, "chat", backend)


@RESPONSES.parametrize()
@SETTINGS
def test_responses(case: Case, backend: FakeLlamaServer) -> None:
    check(case, "responses", backend)


@MESSAGES.parametrize()
@SETTINGS
def test_messages(case: Case, backend: FakeLlamaServer) -> None:
    case.headers["anthropic-version"] = "2023-06-01"  # it tells paths apart that two dialects share
    check(case, "messages", backend)


@CONTROL.parametrize()
@SETTINGS
def test_control(case: Case, backend: FakeLlamaServer) -> None:
    check(case, "control", backend)


def check(case: Case, dialect: str, backend: FakeLlamaServer) -> None:
    """Send one request and judge its answer."""
    fingerprint = zlib.crc32(repr((case.body, case.query, case.path_parameters)).encode("utf-8", "surrogatepass"))
    valid = case.meta.generation.mode.is_positive
    if valid and isinstance(case.body, dict):
        case.body = write_integers(case.body)
        if fingerprint & 1 and _can_stream(case):
            case.body["stream"] = True
    backend.misfits.clear()
    response = case.call()
    case.validate_response(response)
    assert not backend.misfits, backend.misfits[0]
    if valid and response.status_code >= 400:
        assert any(reason in response.text for reason in REASONS), f"valid data was refused: {response.text}"
    if response.headers["content-type"][0].startswith("text/event-stream"):
        check_stream(response, dialect)


def write_integers(value: Any) -> Any:
    """Turn 1.0 into 1: JSON Schema takes it for an integer, and no client writes one so."""
    match value:
        case dict():
            return {key: write_integers(item) for key, item in value.items()}
        case list():
            return [write_integers(item) for item in value]
        case float() if value.is_integer():
            return int(value)
        case _:
            return value


def check_stream(response: Response, dialect: str) -> None:
    """Judge what no schema of one event can say: framing, order, and what must hold across the stream."""
    contract = CONTRACT.dialect(dialect)
    events, findings = decode_events(parse_stream(response.content), contract)
    assert not findings, findings[0]
    assert not contract.stream.check_order(events)
    assert not contract.stream.check_invariants(events)


def _can_stream(case: Case) -> bool:
    return "text/event-stream" in case.operation.definition.raw["responses"]["200"].get("content", {})
