"""A backend that answers with what a test has laid ready."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .harness import HEAD, chunk

if TYPE_CHECKING:
    from .harness import Connection


class Answers:
    """Answers each request with what is next: a text, the fields of a delta, or the bytes of a whole answer; else with its number."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.requests: list[Any] = []

    @property
    def messages(self) -> list[Any]:
        """The messages that came last."""
        return list(self.requests[-1]["messages"])

    @property
    def contents(self) -> list[Any]:
        """Their texts."""
        return [message["content"] for message in self.messages]

    async def play(self, connection: Connection) -> None:
        self.requests.append(connection.body)
        answer = self.answers.pop(0) if self.answers else f"answer {len(self.requests)}"
        if isinstance(answer, bytes):
            await connection.send(answer)
            return
        delta = {"content": answer} if isinstance(answer, str) else answer
        await connection.send(HEAD)
        await connection.send_chunk(chunk(delta) + chunk({}, "tool_calls" if "tool_calls" in delta else "stop") + b"data: [DONE]\n\n")
        await connection.send(b"0\r\n\r\n")


def calling(*calls: tuple[str, Any]) -> dict[str, Any]:
    """The delta of an answer that calls functions, each with its name and its arguments."""
    functions = [{"name": name, "arguments": json.dumps(arguments)} for name, arguments in calls]
    return {"tool_calls": [{"index": i, "id": f"x{i}", "type": "function", "function": one} for i, one in enumerate(functions)]}
