"""Whatever a client sends, valid or not, is answered as the specs say.

Schemathesis makes requests from the OpenAPI documents and checks status, content type, body and every event of a stream against
them. The suite's own checks, those of `triglot_conformance fuzz`, go on where it ends; here it is also seen what reaches the backend, and
that a valid request is refused only for a reason.

Some 42,000 requests try every boundary of every field; a part of them, always the same, is sent, and random ones on top of it.
`TRIGLOT_FUZZ=full` sends them all, which takes minutes.
"""

from __future__ import annotations

import os
import zlib
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.core import NotSet
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.generation.meta import TestPhase
from schemathesis.pytest._test_builder import build_operation_test
from schemathesis.python.asgi import shutdown_lifespans
from schemathesis.specs.openapi.checks import negative_data_rejection

from tests.fuzz.documents import CONTRACT, backend_validator, body_validator, complete_document
from tests.fuzz.fake_llama_server import FakeLlamaServer
from tests.fuzz.stock import place_stored
from triglot.app import create_app
from triglot.settings import Settings
from triglot_conformance.fuzz.checks import judge_answer
from triglot_conformance.fuzz.documents import operations
from triglot_conformance.fuzz.drawing import Manners, can_stream, convert, write_integers
from triglot_conformance.live.client import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemathesis import Case
    from schemathesis.core.transport import Response

DIALECTS = ("chat", "responses", "messages", "control")
EXAMPLES, THINNING = (200, 1) if os.environ.get("TRIGLOT_FUZZ") == "full" else (20, 12)
SETTINGS = settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
CONFIG = {
    "seed": 1,
    "generation": {"deterministic": True, "database": "none"},
    "phases": {"stateful": {"enabled": False}},
    # a refusal of valid data is judged below: some valid requests cannot be served by a local model
    "checks": {"positive_data_acceptance": {"enabled": False}},
}

# Why a request that fits the schema may be refused all the same, by a piece of the message.
REASONS = (
    "No adapter is called",
    "There is nothing to compact",
    "is not an engine of triglot",  # there is a backend, so nothing is loaded
    "cannot be served here",  # the field is `rejected` in the specs
    "tool_choice names",
    "tool_choice demands",
    "Tool names must be unique",
    "none of them has any content",
    "has no model",
    "There is no model",
    '"model: ',  # the same in the words of the Messages dialect
    "Images are not fetched from the web",
    "the data is not base64 of a file",
    "the image is not a JPEG",
    "the PDF cannot be read",
    "nothing is fetched from the web here",
    "there is nothing in it that a model could answer",
    "is for POST and for WebSockets",
    "needs an image_url",
    "must be a data: URL",
    "needs file_data",
    "exclude each other",  # previous_response_id and conversation
    "background needs store",
    "continue it when it has ended",
    "is an order to a response",  # and no item of a conversation
    "only background responses can be cancelled",
    "Only responses that were made in the background",  # have events that can be read again
    "cannot be opened",  # a compaction item of nobody here
    "grammar that cannot be used",
    "needs the call_id",  # nothing else joins a result to its call here
    "input is required",  # it may be absent for a request that goes on from an earlier one, which is not served
    "unsupported content[].type",  # from here on: the backend's own words
    "Unsupported tool call type",
    "Field 'n'",
    "top_logprobs requires",
    "custom grammar constraints",
)
NOT_THERE = "not found"


@pytest.fixture(scope="module")
def backend() -> Iterator[FakeLlamaServer]:
    with FakeLlamaServer(lambda request: [error.message for error in backend_validator().iter_errors(request)]) as server:
        yield server


@pytest.fixture
def app(backend: FakeLlamaServer) -> Iterator[Any]:
    """The application under test."""
    yield create_app(Settings(backend=backend.url, state="memory"))
    shutdown_lifespans()


@pytest.mark.parametrize(
    ("dialect", "method", "path"),
    [(dialect, method, path) for dialect in DIALECTS for method, path, _ in operations(complete_document(dialect))],
)
def test_every_request_is_answered_as_the_specs_say(app: Any, backend: FakeLlamaServer, dialect: str, method: str, path: str) -> None:
    """The requests are made here, which takes a while, and not when tests are collected."""
    load_all_checks()
    schema = schemathesis.openapi.from_dict(complete_document(dialect), config=SchemathesisConfig.from_dict(CONFIG))
    schema.app = app

    @SETTINGS
    def judge(case: Case) -> None:
        if dialect == "messages":
            case.headers["anthropic-version"] = "2023-06-01"  # it tells paths apart that two dialects share
        check(case, dialect, backend)

    build_operation_test(
        config=schema.config, operation=schema[path][method], test_func=judge, given_kwargs={}, feedback=FeedbackSources()
    )()


def check(case: Case, dialect: str, backend: FakeLlamaServer) -> None:
    """Send one request and judge its answer."""
    body = None if isinstance(case.body, NotSet) else case.body  # whose repr is another one in each process
    lot = zlib.crc32(repr((body, case.query, case.path_parameters)).encode("utf-8", "surrogatepass"))
    if case.meta.phase.name is TestPhase.COVERAGE and lot % THINNING:
        return
    valid = case.meta.generation.mode.is_positive
    if valid and isinstance(case.body, dict):
        case.body = write_integers(case.body)
        if can_stream(case) and lot // THINNING & 1:
            case.body["stream"] = True
    is_there = valid and lot // THINNING & 2 and place_stored(case.operation.schema.app, case, background=bool(lot // THINNING & 4))
    backend.misfits.clear()
    response = case.call()
    case.validate_response(response, excluded_checks=[negative_data_rejection] if fits_after_all(case, dialect) else [])
    assert not backend.misfits, backend.misfits[0]
    if valid and response.status_code >= 400:
        reasons = REASONS if is_there else (*REASONS, NOT_THERE)
        assert any(reason in response.text for reason in reasons), f"valid data was refused: {response.text}"
    if dialect != "control" and case.method == case.operation.method.upper():  # others are tried as well
        findings = judge_answer(CONTRACT.dialect(dialect), convert(case, Manners(dialect, ""))[1], to_answer(response))
        assert not findings, findings[0]


def to_answer(response: Response) -> Answer:
    """The answer, as the suite's own checks read it."""
    headers = [(name, value) for name, values in response.headers.items() for value in values]
    return Answer(response.status_code, headers, response.content)


def fits_after_all(case: Case, dialect: str) -> bool:
    """Whether a body that was made to break a schema fits it: a tag that an open branch excludes leads into the branch of that tag."""
    body = case.meta.components.get(ParameterLocation.BODY)
    if body is None or not body.mode.is_negative or not isinstance(case.body, dict):
        return False
    schema = case.operation.definition.raw["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    return body_validator(dialect, schema).is_valid(case.body)
