"""The soak in small, and that it notices what does not come back."""

from __future__ import annotations

import msgspec
import pytest

from bench.soak import Outcome, Sample, Soak, find_faults

WARM = Sample(
    moment="warm",
    at_s=20.0,
    rss_kb=80_000,
    uss_kb=50_000,
    files=17,
    threads=2,
    tasks=2,
    upstream=0,
    requests=0,
    cpu_s=1.0,
    objects={"Place": 90},
)
AFTER = msgspec.structs.replace(WARM, moment="after", at_s=600.0, rss_kb=85_000, cpu_s=100.0)
OUTCOME = Outcome(
    counts={"requests": 10, "whole": 7, "cut": 1, "cancels that met their request": 1, "disconnected, waiting": 2},
    failures=[],
    admitted=(90, 90),
    status=0,
    stderr="",
)


def test_everything_comes_back():
    soak = Soak(streams=100, seconds=5.0, every_s=2.5, rate=40.0, events=(10, 40), tell=lambda _: None)
    outcome = soak.run()
    assert find_faults(soak.samples, outcome) == []
    assert {"whole", "cut", "queued"} <= outcome.counts.keys()
    assert any(name.startswith("disconnected") for name in outcome.counts)
    loaded = [sample for sample in soak.samples if sample.moment == "under load"]
    assert len(loaded) >= 2
    assert max(sample.tasks for sample in loaded) > 100
    assert max(sample.objects["Flight"] for sample in loaded) > 50


def test_a_run_without_faults_has_none():
    assert find_faults([WARM, AFTER], OUTCOME) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"rss_kb": 100_000}, "rss_kb was 80000 and is 100000"),
        ({"uss_kb": 60_000}, "uss_kb was 50000"),
        ({"files": 18}, "files: 17 before, 18 after"),
        ({"threads": 3}, "threads: 2 before, 3 after"),
        ({"tasks": 3}, "tasks: 2 before, 3 after"),
        ({"upstream": 1}, "upstream: 0 before, 1 after"),
        ({"requests": 1}, "requests: 0 before, 1 after"),
        ({"objects": {"Place": 90, "Flight": 1}}, "objects Flight: 0 before, 1 after"),
    ],
)
def test_what_does_not_come_back_is_a_fault(change, fault):
    (found,) = find_faults([WARM, msgspec.structs.replace(AFTER, **change)], OUTCOME)
    assert found.startswith(fault)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"failures": ["chat: b''"]}, "an answer is neither whole nor stopped: chat"),
        ({"counts": {**OUTCOME.counts, "wrong": 1, "whole": 6}}, "1 answers are wrong"),
        ({"counts": {**OUTCOME.counts, "cut": 2, "whole": 6}}, "2 answers were cut, but only 1"),
        ({"counts": {**OUTCOME.counts, "requests": 11}}, "of 11 requests 8 ended and 2 were given up"),
        ({"admitted": (89, 90)}, "afterwards only 89 of 90"),
        ({"status": None}, "the gateway ended with None"),
        ({"stderr": "Task was destroyed but it is pending!"}, "on stderr: Task was destroyed"),
    ],
)
def test_what_went_wrong_is_a_fault(change, fault):
    (found,) = find_faults([WARM, AFTER], msgspec.structs.replace(OUTCOME, **change))
    assert found.startswith(fault)
