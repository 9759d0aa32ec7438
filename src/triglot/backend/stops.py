"""Looks for stop sequences in text that comes in pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class StopMatcher:
    """Passes text on up to the first stop sequence; holds back what may yet become one.

    Args:
        sequences: none of them empty.
    """

    def __init__(self, sequences: Sequence[str]) -> None:
        self._sequences = sequences
        self._held = ""

    def feed(self, text: str) -> tuple[str, str | None]:
        """Return the text that may be shown now, and the stop sequence that ended it, if one did."""
        text = self._held + text
        found = [(position, sequence) for sequence in self._sequences if (position := text.find(sequence)) >= 0]
        if found:
            position, sequence = min(found, key=lambda match: match[0])
            self._held = ""
            return text[:position], sequence
        keep = max(_overlap(text, sequence) for sequence in self._sequences)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep], None

    def flush(self) -> str:
        """Return what was held back, once it is clear that no stop sequence follows."""
        held, self._held = self._held, ""
        return held


def _overlap(text: str, sequence: str) -> int:
    """How many characters at the end of `text` are the beginning of `sequence`."""
    for size in range(min(len(sequence) - 1, len(text)), 0, -1):
        if text.endswith(sequence[:size]):
            return size
    return 0
