"""Calls and results that cannot be told as such, because what was called is no tool that can be called here, told as lines of text."""

from __future__ import annotations

from typing import Any

import msgspec


def describe_call(name: str, arguments: Any) -> str:
    """A call as a line of text."""
    return f"[{name} was called with {msgspec.json.encode(arguments).decode()}]"


def describe_result(name: str, text: str) -> str:
    """What came of it."""
    return f"[result of {name}: {text}]"
