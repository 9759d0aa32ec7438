"""Dotted paths into decoded JSON, such as `choices.0.delta`."""

from __future__ import annotations

import json
import re
from typing import Any, Final

MISSING: Final = object()

_SHOWN = 160


def look_up(value: Any, path: str) -> Any:
    """The value at a dotted path, or `MISSING`, which equals nothing else."""
    for key in path.split("."):
        if isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        elif isinstance(value, dict) and key in value:
            value = value[key]
        else:
            return MISSING
    return value


def as_list(value: Any) -> list[Any]:
    """A list as it is, None as an empty one, anything else alone in one."""
    return [] if value is None else value if isinstance(value, list) else [value]


def path_text(keys: list[str | int]) -> str:
    """A place as a JSONPath."""
    return "$" + "".join(
        f"[{key}]" if isinstance(key, int) else f".{key}" if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", key) else f"[{key!r}]" for key in keys
    )


def show(value: Any) -> str:
    """A value as a finding names it: as JSON, cut where it is long."""
    if value is MISSING:
        return "missing"
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        text = repr(value)
    text = text.encode("utf-8", "backslashreplace").decode()  # half a surrogate pair is no text
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}... ({len(text)} characters)"
