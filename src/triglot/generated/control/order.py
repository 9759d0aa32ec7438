# Generated from specs/control (sha256 739b7352c6d9). DO NOT EDIT.
# Regenerate: nox -s generate
"""The legal order of a control stream."""

from typing import Final

from triglot.order import OrderTable

EVENT_LINE: Final[str | None] = None
SENTINEL: Final[str | None] = None

TABLE: Final = OrderTable(
    start="loading",
    phases={
        "loading": {
            "load.progress": "loading",
            "load.ended": "ended",
        },
        "ended": {},
    },
    terminal=frozenset(("ended",)),
)
