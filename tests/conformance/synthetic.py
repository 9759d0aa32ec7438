"""Results as a run would have them, made up: cases, verdicts and traces by a lot that falls the same way each time."""

from __future__ import annotations

import json
import random
from itertools import product
from typing import Any

from triglot_conformance.results import CaseResult, Event, Exchange, RunResult, TargetFacts
from triglot_conformance.verdicts import Finding, Verdict

SYSTEMIC = Finding(
    "schema", "$.usage: 'total_tokens' is a required property", "schema $.usage required total_tokens", 0, None, inherited=True
)
AREAS = [f"chat/{area}" for area in ("errors", "json", "stream")]
AREAS += [f"messages/{area}" for area in ("errors", "json", "stream")]
AREAS += [f"responses/{area}" for area in ("errors", "json", "socket", "state", "stream")]
NAMES = [
    f"{subject}/{fact}" for subject, fact in product(("text", "tools", "thinking", "usage", "history", "images"), ("first", "last", "none"))
]
NAMES += [f"plain-{number}" for number in range(1, 33)]
PATHS = {"chat": "/v1/chat/completions", "responses": "/v1/responses", "messages": "/v1/messages"}
REASONS = {
    Verdict.UNSUPPORTED: "needs reasoning, and the server answered 404 to messages/json/thinking/kept",
    Verdict.INCONCLUSIVE: "the model called no tool: $.content[?@.type == 'tool_use'] has 0 matches, not 2",
    Verdict.UNREACHABLE: "no answer within 60 s",
}


def make_run(name: str = "alpha", *, seed: int = 1, share: float = 0.9, cases: int | None = None) -> RunResult:
    """A run in which about `share` of the cases passes; the same for the same arguments.

    The first case of each dialect's `json` area fails by a rule of its own, some of its others inherit that.
    """
    lot = random.Random(f"{name} {seed}")
    ids = [f"{area}/{name}" for area, name in product(AREAS, NAMES)][:cases]
    return RunResult(
        target=TargetFacts(name, f"http://127.0.0.1:{8000 + seed}", f"{name}/1.{seed}", "tiny-demo"),
        suite_version="0.6.0",
        started_at="2026-11-20T15:00:00Z",
        duration_s=41.5 + seed,
        options={"level": "SHOULD", "jobs": "4"},
        capabilities={"tools": "shown", "reasoning": "absent", "media": "unknown", "websocket": "declared absent"},
        notes=["The server answers 200 to paths that do not exist."] if seed == 2 else [],
        cases=[_make_case(lot, case_id, share) for case_id in ids],
    )


def _make_case(lot: random.Random, case_id: str, share: float) -> CaseResult:
    weights = [share, (1 - share) * 0.6, (1 - share) * 0.2, (1 - share) * 0.15, (1 - share) * 0.05]
    verdict = lot.choices(list(Verdict), weights)[0]
    exchanges = [] if verdict is Verdict.UNSUPPORTED and lot.random() < 0.5 else _exchanges(lot, case_id, verdict)
    findings, reason = [], REASONS.get(verdict, "")
    if "/json/" in case_id and lot.random() < 1 - share:
        findings.append(SYSTEMIC)
    if verdict is Verdict.FAIL:
        findings.insert(0, _finding(lot, exchanges))
        reason = findings[0].message
    dialect, area, name = case_id.split("/", 2)
    return CaseResult(
        case_id,
        dialect,
        "MAY" if name.endswith("-7") else "SHOULD" if "none" in name else "MUST",
        f"What the {area} says about {name.replace('/', ', ')} is whole, comes once, and stands where {dialect} clients look for it.",
        [f"{dialect}/events.yaml#/order", f"{dialect}/openapi.yaml#/paths/~1v1"],
        ["example/server#12"] if "first" in name else [],
        ["tools"] if "tools" in name else ["reasoning"] if "thinking" in name else [],
        verdict,
        reason,
        findings,
        exchanges,
        "the tracker knows" if verdict is Verdict.FAIL and lot.random() < 0.1 else None,
        round(lot.uniform(5, 900), 1),
    )


def _finding(lot: random.Random, exchanges: list[Exchange]) -> Finding:
    events = exchanges[0].events if exchanges else []
    if not events:
        message = "$.choices[0].message.content: 17 is not of type 'string'"
        return Finding("schema", message, "schema $.choices[*].message.content type string", 0)
    number = lot.randrange(len(events))
    kind = events[number].raw.partition("\n")[0].removeprefix("event: ")[:60]
    return Finding("order", f"event {number} ({kind}) may not come in phase in_block", "order in_block", 0, number)


def _exchanges(lot: random.Random, case_id: str, verdict: Verdict) -> list[Exchange]:
    if verdict is Verdict.UNREACHABLE:
        return [_exchange(lot, case_id, error="no answer within 60 s", end_ms=60000.0)]
    stream, body = _recorded(lot, case_id)
    found = []
    if stream:
        at, events = lot.uniform(20, 60), []
        for frame in stream.split("\n\n")[:-1]:
            at += lot.expovariate(1 / 12)
            events.append(Event(round(at, 2), frame + "\n\n"))
        headers = [["content-type", "text/event-stream"], ["server", "alpha"]]
        found.append(_exchange(lot, case_id, status=200, headers=headers, head_ms=19.5, events=events, end_ms=round(at + 1, 2)))
    if body or not found:
        headers = [["content-type", "application/json"], ["server", "alpha"]]
        found.append(_exchange(lot, case_id, part="whole", status=200, headers=headers, head_ms=80.0, body=body or "{}", end_ms=80.4))
    return found


def _exchange(lot: random.Random, case_id: str, part: str = "stream", **answer: Any) -> Exchange:
    dialect = case_id.partition("/")[0]
    body = {"model": "tiny-demo", "max_tokens": 64, "messages": [{"role": "user", "content": "What is the weather in Paris and London?"}]}
    return Exchange(
        1,
        part,
        "POST",
        f"http://127.0.0.1:8001{PATHS[dialect]}",
        {"content-type": "application/json", "authorization": "[redacted]"},
        json.dumps(body | {"stream": part == "stream"}),
        **answer,
    )


def _recorded(lot: random.Random, case_id: str) -> tuple[str | None, str | None]:
    """A stream or a body, or both."""
    words = [
        lot.choice(["The", " weather", " in", " Paris", " is", " sunny", " and", " 21 °C", ".", " 😀"]) for _ in range(lot.randrange(6, 60))
    ]
    answer_id = f"msg_{lot.randrange(1 << 64):016x}"
    body = json.dumps(
        {"id": answer_id, "type": "message", "content": [{"type": "text", "text": "".join(words)}], "usage": {"output_tokens": len(words)}}
    )
    if "/stream/" not in case_id and "/socket/" not in case_id:
        return None, body
    deltas = [{"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}} for word in words]
    events = [{"type": "message_start", "message": {"id": answer_id}}, {"type": "content_block_start", "index": 0}, *deltas]
    events += [{"type": "content_block_stop", "index": 0}, {"type": "message_stop"}]
    stream = "".join(f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n" for event in events)
    return stream, body if "first" in case_id else None
