# Generated from specs/control (sha256 47596356eba5). DO NOT EDIT.
# Regenerate: nox -s generate
"""The legal order of a control stream."""

from typing import Final

from triglot.order import OrderTable

EVENT_LINE: Final[str | None] = "type"
SENTINEL: Final[str | None] = None

TABLE: Final = OrderTable(
    start="idle",
    phases={
        "idle": {
            "load.progress": "loading",
            "load.ended": "ended",
            "generate.ping": "generating",
            "generate.text": "generating",
            "generate.reasoning": "generating",
            "generate.done": "ended",
            "generate.failed": "ended",
        },
        "loading": {
            "load.progress": "loading",
            "load.ended": "ended",
        },
        "generating": {
            "generate.ping": "generating",
            "generate.text": "generating",
            "generate.reasoning": "generating",
            "generate.done": "ended",
            "generate.failed": "ended",
        },
        "ended": {},
    },
    terminal=frozenset(("ended",)),
)
