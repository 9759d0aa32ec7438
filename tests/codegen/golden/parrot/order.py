# Generated from toy/parrot (sha256 e658ca97a450). DO NOT EDIT.
# Regenerate: nox -s generate
"""The legal order of a parrot stream."""

from typing import Final

from triglot.order import OrderTable

EVENT_LINE: Final[str | None] = "type"
SENTINEL: Final[str | None] = None

TABLE: Final = OrderTable(
    start="silent",
    phases={
        "silent": {
            "echo_start/words": "speaking",
            "echo_start/*": "humming",
            "yawn": "silent",
            "squawk": "flown",
        },
        "speaking": {
            "echo_delta": "speaking",
            "echo_stop": "silent_again",
            "yawn": "speaking",
            "squawk": "flown",
        },
        "humming": {
            "echo_stop": "silent_again",
            "yawn": "humming",
            "squawk": "flown",
        },
        "silent_again": {
            "echo_start/words": "speaking",
            "echo_start/*": "humming",
            "yawn": "flown",
        },
        "flown": {
            "yawn": "flown",
        },
    },
    terminal=frozenset(("flown", "silent_again")),
    qualify={
        "echo_start": ("phrase", "type"),
    },
)
