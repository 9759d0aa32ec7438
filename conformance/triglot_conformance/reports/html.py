"""One HTML page that holds everything: the matrix of cases by server, and behind each cell the trace. It fetches nothing and may not."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from collections import Counter
from dataclasses import asdict
from functools import cache
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from triglot_conformance.reports.counts import SYMBOLS, area, by_area, count, score, share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triglot_conformance.results import CaseResult, RunResult

_SCRIPTS = ("data", "elements", "unpack", "state", "matrix", "trace", "panel", "main")

# Within a script element `<` could end it, and these separators once ended lines of JavaScript.
_ESCAPES = {ord(letter): f"\\u{ord(letter):04x}" for letter in "<>&\u2028\u2029"}
_SURROGATE = re.compile("[\ud800-\udfff]")


def render(runs: Sequence[RunResult]) -> str:
    """The page of one run or several side by side, in their order.

    Scripts and styles are allowed by their hashes alone, so that nothing that a server has said can run, and nothing can be fetched. Traces
    are packed as raw deflate in base64, a block for each server and area, and unpacked when they are looked at.
    """
    labels = _labels(runs)
    blocks: list[str] = []
    data = {
        "signs": SYMBOLS,
        "runs": [_describe(run, label) for run, label in zip(runs, labels, strict=True)],
        "cases": _merge(runs, blocks),
    }
    style, script = _asset("style.css"), "\n".join(_asset(f"{name}.js") for name in _SCRIPTS)
    parts = {
        "policy": _policy(style, script),
        "title": escape(_clean(f"Conformance: {', '.join(labels)}")),
        "style": style,
        "summary": _summary(runs, labels),
        "data": _dump(data).translate(_ESCAPES),
        "blocks": "\n".join(f'<script type="text/plain" data-block="{number}">{block}</script>' for number, block in enumerate(blocks)),
        "script": script,
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], _asset("template.html"))


def _labels(runs: Sequence[RunResult]) -> list[str]:
    """What heads each column: the server's name, and what tells runs of one server apart."""
    names = Counter(run.target.name for run in runs)
    labels = [run.target.name if names[run.target.name] == 1 else f"{run.target.name} {_began(run)}" for run in runs]
    again = Counter(labels)
    return [label if again[label] == 1 else f"{label} #{number}" for number, label in enumerate(labels, 1)]


def _describe(run: RunResult, label: str) -> dict[str, Any]:
    target = run.target
    facts = [target.url, target.software, target.model and f"model {target.model}", f"suite {run.suite_version}", f"{_began(run)} UTC"]
    facts += [f"{run.duration_s:.1f} s", *(f"{name} {value}" for name, value in run.options.items())]
    return {
        "label": label,
        "share": score(run),
        "facts": [fact for fact in facts if fact],
        "counts": count(run.cases),
        "capabilities": run.capabilities,
        "notes": run.notes,
    }


def _began(run: RunResult) -> str:
    return run.started_at.replace("T", " ")[:16]


def _merge(runs: Sequence[RunResult], blocks: list[str]) -> list[dict[str, Any]]:
    """Every case once, with the result of each run or None; traces are appended to `blocks`."""
    cases: dict[str, dict[str, Any]] = {}
    for number, run in enumerate(runs):
        for name, inside in by_area(run.cases).items():
            block = _pack(inside, blocks)
            for case in inside:
                merged = cases.setdefault(case.id, _case(case, name) | {"results": [None] * len(runs)})
                merged["results"][number] = _result(case, block)
    order = {name: place for place, name in enumerate(dict.fromkeys(area(case.id) for run in runs for case in run.cases))}
    return sorted(cases.values(), key=lambda case: order[case["area"]])


def _case(case: CaseResult, name: str) -> dict[str, Any]:
    facts = {"id": case.id, "area": name, "dialect": case.dialect, "level": case.level, "requirement": case.requirement}
    return facts | {"spec": case.spec, "source": case.source, "needs": case.needs}


def _result(case: CaseResult, block: int) -> dict[str, Any]:
    facts = {"verdict": case.verdict, "reason": case.reason, "known": case.known, "duration_ms": case.duration_ms}
    return facts | {"findings": [asdict(finding) for finding in case.findings], "block": block if case.exchanges else None}


def _pack(cases: Sequence[CaseResult], blocks: list[str]) -> int:
    """Append a block with the traces of some cases and return its number."""
    traces = {case.id: [asdict(exchange) for exchange in case.exchanges] for case in cases if case.exchanges}
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = packer.compress(_dump(traces).encode()) + packer.flush()
    blocks.append(base64.b64encode(packed).decode())
    return len(blocks) - 1


def _summary(runs: Sequence[RunResult], labels: Sequence[str]) -> str:
    rows = []
    for run, label in zip(runs, labels, strict=True):
        passed, judged = share(run.cases)
        rows.append(f"<li>{escape(_clean(label))}: {passed} of {judged} hold ({score(run)})</li>")
    return f"<ul>{''.join(rows)}</ul>"


def _policy(style: str, script: str) -> str:
    allowed = {
        kind: base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for kind, text in (("style", style), ("script", script))
    }
    hashes = "; ".join(f"{kind}-src 'sha256-{digest}'" for kind, digest in allowed.items())
    return f"default-src 'none'; {hashes}; img-src data:; base-uri 'none'; form-action 'none'"


def _dump(value: Any) -> str:
    return _clean(json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")))


def _clean(text: str) -> str:
    """Without halves of surrogate pairs, which no file can hold."""
    return _SURROGATE.sub("\ufffd", text)


@cache
def _asset(name: str) -> str:
    return files("triglot_conformance.reports").joinpath("page", name).read_text("utf-8").strip()
