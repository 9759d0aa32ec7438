# Generated from specs/chat (sha256 59054c07084a). DO NOT EDIT.
# Regenerate: nox -s generate
"""The legal order of a chat stream."""

from typing import Final

from triglot.order import OrderTable

EVENT_LINE: Final[str | None] = None
SENTINEL: Final[str | None] = "[DONE]"

TABLE: Final = OrderTable(
    start="waiting",
    phases={
        "waiting": {
            "progress": "waiting",
            "role": "answering",
            "blank": "answering",
            "reasoning": "answering",
            "content": "answering",
            "refusal": "answering",
            "audio": "answering",
            "tool_calls": "answering",
            "function_call": "answering",
            "finish": "finished",
            "sign_of_life": "waiting",
            "failure": "failed",
        },
        "answering": {
            "progress": "answering",
            "role": "answering",
            "blank": "answering",
            "reasoning": "answering",
            "content": "answering",
            "refusal": "answering",
            "audio": "answering",
            "tool_calls": "answering",
            "function_call": "answering",
            "finish": "finished",
            "sign_of_life": "answering",
            "failure": "failed",
        },
        "finished": {
            "progress": "finished",
            "role": "finished",
            "blank": "finished",
            "reasoning": "finished",
            "content": "finished",
            "refusal": "finished",
            "audio": "finished",
            "tool_calls": "finished",
            "function_call": "finished",
            "finish": "finished",
            "usage": "counted",
            "sign_of_life": "finished",
            "failure": "failed",
        },
        "counted": {},
        "failed": {},
    },
    terminal=frozenset(("counted", "failed", "finished")),
)

# (symbol, path that is present, path that is empty): the first rule that fits names the event.
FIRST_MATCH: Final[tuple[tuple[str, tuple[str | int, ...] | None, tuple[str | int, ...] | None], ...]] = (
    ("failure", ("error",), None),
    ("usage", ("usage",), ("choices",)),
    ("sign_of_life", None, ("choices",)),
    ("progress", ("prompt_progress",), None),
    ("finish", ("choices", 0, "finish_reason"), None),
    ("tool_calls", ("choices", 0, "delta", "tool_calls"), None),
    ("reasoning", ("choices", 0, "delta", "reasoning_content"), None),
    ("content", ("choices", 0, "delta", "content"), None),
    ("refusal", ("choices", 0, "delta", "refusal"), None),
    ("audio", ("choices", 0, "delta", "audio"), None),
    ("function_call", ("choices", 0, "delta", "function_call"), None),
    ("role", ("choices", 0, "delta", "role"), None),
    ("blank", ("choices",), None),
)
