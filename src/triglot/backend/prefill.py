"""Drops a prefill that the backend repeats: llama-server begins its answer with the assistant turn that the request ended with."""

from __future__ import annotations


class PrefillDropper:
    """Drops `prefill` from the beginning of text that comes in pieces; text that begins otherwise passes unchanged."""

    def __init__(self, prefill: str) -> None:
        self._prefill = prefill
        self._held = ""

    def feed(self, text: str) -> str:
        """Return what of the text so far is the answer's own."""
        if not self._prefill:
            return text
        text = self._held + text
        if text.startswith(self._prefill):
            text = text[len(self._prefill) :]
        elif self._prefill.startswith(text):
            self._held = text
            return ""
        self._prefill = self._held = ""
        return text

    def flush(self) -> str:
        """Return what was held back, once no more text follows."""
        held, self._held, self._prefill = self._held, "", ""
        return held
