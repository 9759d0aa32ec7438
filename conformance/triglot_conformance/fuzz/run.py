"""A fuzz run: every operation of every dialect that the server has, and what was found, each fault once with its smallest request."""

from __future__ import annotations

import base64
import json
import shlex
from collections import Counter
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

from triglot_conformance.case import HEADERS, PATHS
from triglot_conformance.fuzz import FuzzError
from triglot_conformance.fuzz.checks import judge_answer
from triglot_conformance.fuzz.documents import read_document
from triglot_conformance.fuzz.drawing import Manners, make_up, read_operations
from triglot_conformance.wire.http1 import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from triglot_conformance.contract.contract import Contract
    from triglot_conformance.fuzz.checks import Asked
    from triglot_conformance.fuzz.senders import Sender
    from triglot_conformance.verdicts import Finding

_ABSENT: Final = (404, 405, 501)
_WANTS_KEY: Final = (401, 403)
_REDIRECTS: Final = range(300, 400)
_SECRETS: Final = {"authorization": "Authorization: Bearer $API_KEY", "x-api-key": "x-api-key: $API_KEY"}
_GREETING: Final[dict[str, dict[str, Any]]] = {
    "chat": {"max_tokens": 16, "messages": [{"role": "user", "content": "Hi!"}]},
    "responses": {"max_output_tokens": 16, "input": "Hi!"},
    "messages": {"max_tokens": 16, "messages": [{"role": "user", "content": "Hi!"}]},
}


@dataclass(frozen=True)
class Plan:
    """What a run does.

    Attributes:
        url: for the commands that repeat a request.
        model: of the server; empty for whatever is made up.
        examples: requests to each operation.
        headers: of every request of a dialect, its key among them.
        filters: patterns of `<dialect>/<operation id>`; none for all.
    """

    url: str
    model: str
    examples: int
    seed: int
    dialects: Sequence[str]
    headers: Callable[[str], dict[str, str]]
    filters: Sequence[str] = ()


@dataclass
class Fault:
    """One thing that is wrong.

    Attributes:
        operation: where the smallest request shows it.
        request: the smallest of them.
        counts: how many requests show it, by operation.
    """

    operation: str
    finding: Finding
    request: Request
    counts: Counter[str] = field(default_factory=Counter)


class Run:
    """A run against one server.

    Attributes:
        faults: by dialect and rule; a server that is wrong in one way at many places has one fault.
        requests: how many were sent, by operation.
        notes: what was left out.
    """

    def __init__(self, plan: Plan, contract: Contract, sender: Sender) -> None:
        self._plan = plan
        self._contract = contract
        self._sender = sender
        self.faults: dict[tuple[str, str], Fault] = {}
        self.requests: dict[str, int] = {}
        self.notes: list[str] = []

    def run(self, told: Callable[[str], None]) -> None:
        """Fuzz everything; `told` is called with the name of each operation that is done.

        Raises:
            FuzzError: the server cannot be reached, has none of the dialects, lets nobody ask so often, or no operation was asked for.
        """
        asked = 0
        for name in self._plan.dialects:
            document = read_document(self._contract.folder / name)
            wanted = [operation for operation in read_operations(document, self._plan.seed) if self._is_wanted(name, operation)]
            asked += len(wanted)
            if wanted and self._has(name):
                for operation in wanted:
                    self._fuzz(name, operation)
                    told(_label(name, operation))
        if not asked:
            raise FuzzError(f"no operation matches {' or '.join(self._plan.filters)}")
        if not self.requests:
            raise FuzzError("; ".join(self.notes))

    def _is_wanted(self, name: str, operation: Any) -> bool:
        return not self._plan.filters or any(fnmatchcase(_label(name, operation), glob) for glob in self._plan.filters)

    def _has(self, name: str) -> bool:
        """Whether the server answers the dialect's plainest request; what it does not claim cannot be wrong."""
        body = json.dumps({"model": self._plan.model or "any", **_GREETING[name]}).encode()
        answer = self._sender.send(Request("POST", PATHS[name], self._headers(name), body))
        if not answer.status or answer.unreachable:
            raise FuzzError(f"{self._plan.url}: {answer.error}")
        if answer.status in _WANTS_KEY:
            raise FuzzError(f"{self._plan.url} answers {answer.status}: it wants a key: --api-key-env gives it")
        if answer.status in _REDIRECTS:
            place = next((value for name_, value in answer.headers if name_.lower() == "location"), "nowhere")
            raise FuzzError(f"{self._plan.url} sends on to {place}; give the URL of the server itself")
        if answer.status in _ABSENT:
            self.notes.append(f"{name} is left out: the server answers {answer.status} to POST {PATHS[name]}")
        return answer.status not in _ABSENT

    def _headers(self, name: str) -> dict[str, str]:
        return {**{key: value for key, value in HEADERS[name].items() if key != "x-api-key"}, **self._plan.headers(name)}

    def _fuzz(self, name: str, operation: Any) -> None:
        dialect = self._contract.dialect(name)
        label = _label(name, operation)
        own = {key: value for key, value in self._headers(name).items() if key.lower() != "content-type"}
        limits: list[str] = []

        def use(request: Request, asked: Asked) -> None:
            if limits:
                return  # an error that is raised in here would be tried again
            self.requests[label] = self.requests.get(label, 0) + 1
            answer = self._sender.send(request)
            if answer.unreachable and answer.status:
                limits.append(answer.error or "")
                return
            for finding in judge_answer(dialect, asked, answer):
                self._note(name, label, finding, request)

        make_up(operation, Manners(name, self._plan.model, own), self._plan.examples, self._plan.seed, use)
        if limits:
            raise FuzzError(f"{self._plan.url}: {limits[0]}")

    def _note(self, name: str, label: str, finding: Finding, request: Request) -> None:
        fault = self.faults.setdefault((name, finding.rule or finding.check), Fault(label, finding, request))
        fault.counts[label] += 1
        if len(request.body) + len(request.path) < len(fault.request.body) + len(fault.request.path):
            fault.operation, fault.request, fault.finding = label, request, finding


def _label(name: str, operation: Any) -> str:
    return f"{name}/{operation.definition.raw.get('operationId', f'{operation.method} {operation.path}')}"


def as_command(url: str, request: Request) -> str:
    """A shell command that sends the request again. Keys stay out of it: they are taken from the variable `API_KEY`."""
    words = ["curl", "-sSN", "-X", request.method, shlex.quote(f"{url}{request.path}")]
    for name, value in request.headers.items():
        secret = _SECRETS.get(name.lower())
        words += ["-H", f'"{secret}"' if secret else shlex.quote(f"{name}: {value}")]
    if not request.body:
        return " ".join(words)
    try:
        text = request.body.decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:  # no argument of a command can hold it
        return f"echo {base64.b64encode(request.body).decode()} | base64 -d | {' '.join([*words, '--data-binary', '@-'])}"
    return " ".join([*words, "--data-raw", shlex.quote(text)])
