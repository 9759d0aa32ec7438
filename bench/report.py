"""The table of a benchmark run."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Key(NamedTuple):
    """What a number is about."""

    measure: str
    load: str
    subject: str
    dialect: str
    kind: str


def render(medians: Mapping[Key, float]) -> str:
    """A table with a section for each measure and a column for each load, ratios to nginx in brackets."""
    sections = []
    for measure in dict.fromkeys(key.measure for key in medians):
        loads = list(dict.fromkeys(key.load for key in medians if key.measure == measure))
        rows = dict.fromkeys((key.subject, key.dialect, key.kind) for key in medians if key.measure == measure)
        lines = [f"{measure:32}" + "".join(f"{load:>20}" for load in loads)]
        for subject, dialect, kind in rows:
            cells = (_cell(medians, Key(measure, load, subject, dialect, kind)) for load in loads)
            lines.append(f"  {_label(subject, dialect, kind):30}" + "".join(f"{cell:>20}" for cell in cells))
        sections.append("\n".join(lines))
    return "\n\n".join(sections)


def _label(subject: str, dialect: str, kind: str) -> str:
    match subject:
        case "nginx":
            return "nginx, relay"
        case "none":
            return "backend itself"
        case _:
            return f"{subject}, {dialect}" + ("" if kind == "text" else f", {kind}")


def _cell(medians: Mapping[Key, float], key: Key) -> str:
    value = medians.get(key)
    if value is None:
        return ""
    text = f"{value:.2f}" if value < 10 else f"{value:.0f}"  # noqa: PLR2004 - digits
    if "ms" in key.measure.split():
        itself = medians.get(key._replace(subject="none", dialect="chat"))
        return text if itself is None or key.subject == "none" else f"{text} (+{value - itself:.2f})"
    reference = medians.get(key._replace(subject="nginx", dialect="chat", kind="text"))
    return text if reference is None or key.subject == "nginx" else f"{text} ({value / reference:.2f} x)"
