"""Makes up requests from the contract with Schemathesis, and shapes them for a real server: small answers of its own model."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Ok

from triglot_conformance.fuzz.checks import Asked
from triglot_conformance.wire.http1 import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hypothesis.strategies import SearchStrategy
    from schemathesis import APIOperation

_BASE = "http://server"
_LIMITS = {"chat": "max_tokens", "responses": "max_output_tokens", "messages": "max_tokens"}
_FEW_TOKENS = 16  # the least that OpenAI's own Responses takes
_UNSENT = {"user-agent", "accept", "accept-encoding", "connection", "content-length", "x-schemathesis-testcaseid"}


@dataclass(frozen=True)
class Manners:
    """What every request of a dialect is given.

    Attributes:
        model: put in the place of whatever model a valid request names.
        headers: added, and stronger than those that were made up.
    """

    dialect: str
    model: str
    headers: dict[str, str] = field(default_factory=dict)


def read_operations(document: dict[str, Any], seed_: int) -> Iterator[APIOperation[Any, Any, Any, Any]]:
    """The operations of a document, ready to make up requests."""
    config = {"seed": seed_, "generation": {"deterministic": True, "database": "none"}}
    schema = schemathesis.openapi.from_dict(document, config=SchemathesisConfig.from_dict(config))
    yield from (result.ok() for result in schema.get_all_operations() if isinstance(result, Ok))


def make_up(
    operation: APIOperation[Any, Any, Any, Any], manners: Manners, count: int, seed_: int, use: Callable[[Request, Asked], None]
) -> None:
    """Make up requests for an operation, two valid ones for each broken one; the same with the same seed.

    Args:
        operation: one of `read_operations`.
        manners: what they all get.
        count: how many at most.
        seed_: for what is left to chance.
        use: called with each.
    """

    def take(case: Any) -> None:
        use(*convert(case, manners))

    _draw(
        operation.as_strategy(generation_mode=GenerationMode.POSITIVE).map(lambda case: shape(case, manners)),
        count - count // 3,
        seed_,
        take,
    )
    if count // 3:
        _draw(operation.as_strategy(generation_mode=GenerationMode.NEGATIVE), count // 3, seed_, take)


def _draw(cases: SearchStrategy[Any], count: int, seed_: int, take: Callable[[Any], None]) -> None:
    @seed(seed_)
    @settings(
        max_examples=count,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )
    @given(cases)
    def draw(case: Any) -> None:
        take(case)

    with suppress(Unsatisfiable):  # an operation that takes nothing cannot be asked wrongly
        draw()


def shape(case: Any, manners: Manners) -> Any:
    """Let a valid request ask the server's own model for a short answer, every other one as a stream."""
    if not isinstance(case.body, dict):
        return case
    case.body = write_integers(case.body)
    if "model" in case.body and manners.model:
        case.body["model"] = manners.model
    if can_stream(case):
        case.body[_LIMITS[manners.dialect]] = _FEW_TOKENS
        if len(json.dumps(case.body)) % 2:
            case.body["stream"] = True
    return case


def can_stream(case: Any) -> bool:
    """Whether the operation answers with events, too."""
    return "text/event-stream" in _answer(case).get("content", {})


def _answer(case: Any) -> dict[str, Any]:
    answer: dict[str, Any] = case.operation.definition.raw["responses"].get("200", {})
    return answer


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


def convert(case: Any, manners: Manners) -> tuple[Request, Asked]:
    """A made-up request as it is sent, and what its answer depends on."""
    prepared = requests.Request(**case.as_transport_kwargs(base_url=_BASE)).prepare()
    body: Any = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body or b""
    named = {name.lower() for name in manners.headers}
    headers = {name: _text(value) for name, value in prepared.headers.items() if name.lower() not in _UNSENT | named}
    path = str(prepared.url).removeprefix(_BASE)
    method = str(prepared.method)
    statuses = case.operation.definition.raw["responses"].keys()
    asked = Asked(method, path, _decode(body), statuses, can_stream(case))
    return Request(method, path, {**headers, **manners.headers}, body), asked


def _decode(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
