"""The official Python SDKs, doing the jobs that `node/driver.mjs` does with the Node SDKs."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import anthropic
import openai

from tests.sdks import python_messages, python_responses

if TYPE_CHECKING:
    from collections.abc import Iterator

JOBS: dict[str, Any] = {
    **{f"messages.{name}": job for name, job in python_messages.JOBS.items()},
    **{f"responses.{name}": job for name, job in python_responses.JOBS.items()},
}


class PythonSdk:
    """See `NodeSdk`."""

    def __init__(self, open_clients: contextlib.ExitStack) -> None:
        self._open_clients = open_clients
        self._clients: dict[tuple[str, str], Any] = {}

    def ask(self, job: str, url: str, *, beta: bool = False, request: Any = None, headers: Any = None) -> dict[str, Any]:
        """Do a job; return `{"result": ...}`, or `{"error": ...}` with the body of the server's error."""
        try:
            return {"result": JOBS[job](self._client(job, url), beta, request or {}, headers or {})}
        except (anthropic.APIStatusError, openai.APIError) as error:
            return {"error": error.body if isinstance(error.body, dict) else {"words": error.body}}

    def get(self, job: str, url: str, **details: Any) -> Any:
        """Do a job that must not fail; return its result."""
        answer = self.ask(job, url, **details)
        assert "result" in answer, answer
        return answer["result"]

    def _client(self, job: str, url: str) -> Any:
        kind = job.partition(".")[0]
        if (kind, url) not in self._clients:
            options: Any = {"api_key": "none", "max_retries": 0, "timeout": 30}
            client = anthropic.Anthropic(base_url=url, **options) if kind == "messages" else openai.OpenAI(base_url=f"{url}/v1", **options)
            self._clients[kind, url] = self._open_clients.enter_context(client)
        return self._clients[kind, url]


@contextlib.contextmanager
def running_python() -> Iterator[PythonSdk]:
    """The SDKs, their clients closed at the end."""
    with contextlib.ExitStack() as open_clients:
        yield PythonSdk(open_clients)
