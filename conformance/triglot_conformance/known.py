"""Known failures: patterns of case ids, each with the reason above it. A known failure that passes is a failure.

# llama-server ignores a named tool_choice (ggml-org/llama.cpp#26535)
chat/json/tool-choice-named
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class KnownFailingError(Exception):
    """The list itself is wrong."""


@dataclass(frozen=True)
class KnownFailure:
    """A pattern of case ids and why they fail."""

    pattern: str
    reason: str

    def matches(self, case_id: str) -> bool:
        """Whether the pattern covers this case."""
        return fnmatchcase(case_id, self.pattern)


def read_known_failing(path: Path | None) -> list[KnownFailure]:
    """Read a file of known failures; of none, there are none.

    Raises:
        KnownFailingError: it is wrong.
        OSError: it cannot be read.
    """
    try:
        return [] if path is None else parse_known_failing(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise KnownFailingError(f"{path} is not UTF-8: {error}") from None
    except KnownFailingError as error:
        raise KnownFailingError(f"{path}, {error}") from None


def parse_known_failing(text: str) -> list[KnownFailure]:
    """Read a list of known failures.

    Raises:
        KnownFailingError: a pattern has no reason above it.
    """
    known: list[KnownFailure] = []
    reason: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.strip()
        if words.startswith("#"):
            reason.append(words.lstrip("# "))
        elif words and not reason:
            raise KnownFailingError(f"line {number}: {words} has no reason above it")
        elif words:
            known.append(KnownFailure(words, " ".join(reason)))
            reason = []
        else:
            reason = []
    return known
