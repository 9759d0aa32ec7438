"""A badge as SVG, made here: no service is asked for it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from triglot_conformance.reports.counts import lacks, score, share, visible

if TYPE_CHECKING:
    from triglot_conformance.results import RunResult

# From which share on, in hundredths, the value has which colour; each has a contrast of at least 4.5 to white.
_COLOURS = ((100, "#1a7f37"), (95, "#4d7a0b"), (80, "#8a6100"), (50, "#a9480f"), (0, "#b42318"))
_GREY, _LABEL = "#59636e", "#32383f"

# Widths of Verdana at 11 px, in tenths: near enough, for `textLength` makes the text fit.
_NARROW, _WIDE, _WIDTH, _PADDING = 39, 107, 70, 60

_TEMPLATE = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-labelledby="{id}-title">
<title id="{id}-title">{title}</title>
<clipPath id="{id}"><rect width="{width}" height="20" rx="3"/></clipPath>
<g clip-path="url(#{id})">
<rect width="{split}" height="20" fill="{label_fill}"/>
<rect x="{split}" width="{rest}" height="20" fill="{fill}"/>
</g>
<g fill="#fff" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11" text-anchor="middle">
<text x="{label_x}" y="14" textLength="{label_length}">{label}</text>
<text x="{value_x}" y="14" textLength="{value_length}">{value}</text>
</g>
</svg>
"""


def render(run: RunResult, *, label: str = "triglot conformance", counts: bool = False) -> str:
    """The badge of one run: the share of cases that hold of those that could be judged, or their `counts` (410/420).

    It is grey, and has no number, where the run is no result.
    """
    passed, judged = share(run.cases)
    is_result = not lacks(run)
    value = f"{passed}/{judged}" if counts and is_result else score(run)
    label = visible(label)
    left, right = _length(label) + _PADDING * 2, _length(value) + _PADDING * 2
    return _TEMPLATE.format(
        title=escape(f"{label}: {value} ({visible(run.target.name)}, {passed} of {judged} cases hold)"),
        label=escape(label),
        value=value,
        id=f"conformance-{passed}-{judged}",
        fill=_colour(passed, judged) if is_result else _GREY,
        label_fill=_LABEL,
        width=(left + right) / 10,
        split=left / 10,
        rest=right / 10,
        label_x=left / 20,
        value_x=(2 * left + right) / 20,
        label_length=(left - _PADDING * 2) / 10,
        value_length=(right - _PADDING * 2) / 10,
    )


def _colour(passed: int, judged: int) -> str:
    return next(colour for least, colour in _COLOURS if 100 * passed >= least * judged)


def _length(text: str) -> int:
    """Width in tenths of a pixel."""
    return sum(_NARROW if letter in " .,:;'|!()/fijlrt" else _WIDE if letter in "%mwMW@" else _WIDTH for letter in text)
