from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from triglot_conformance.reports.badge import render
from triglot_conformance.results import CaseResult, RunResult, TargetFacts
from triglot_conformance.verdicts import Verdict

SVG = "{http://www.w3.org/2000/svg}"


def run(passed: int, failed: int, name: str = "alpha") -> RunResult:
    verdicts = [Verdict.PASS] * passed + [Verdict.FAIL] * failed + [Verdict.UNSUPPORTED]
    cases = [CaseResult(f"chat/json/{number}", "chat", "MUST", "It holds.", [], [], [], verdict) for number, verdict in enumerate(verdicts)]
    return RunResult(TargetFacts(name, "http://h"), "1", "2026-11-20T15:00:00Z", 1.0, cases=cases)


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter(f"{SVG}text")]


@pytest.mark.parametrize(
    ("passed", "failed", "value", "counts"),
    [(410, 10, "97%", "410/420"), (5, 0, "100%", "5/5"), (0, 0, "no result", "no result"), (0, 3, "0%", "0/3")],
)
def test_it_says_the_share_or_the_counts(passed: int, failed: int, value: str, counts: str) -> None:
    assert texts(render(run(passed, failed))) == ["triglot conformance", value]
    assert texts(render(run(passed, failed), counts=True)) == ["triglot conformance", counts]


def test_a_run_that_was_stopped_has_no_number_and_no_colour() -> None:
    stopped = run(5, 0)
    stopped.planned = 9
    assert texts(render(stopped, counts=True)) == ["triglot conformance", "stopped"]
    assert re.findall(r'fill="(#\w{6})"', render(stopped)) == re.findall(r'fill="(#\w{6})"', render(run(0, 0)))


def test_it_has_a_title_for_those_who_do_not_see_it() -> None:
    root = ET.fromstring(render(run(410, 10, name='a<b&\x1b"')))
    title = root.find(f"{SVG}title")
    assert title is not None
    assert title.text == 'triglot conformance: 97% (a<b&\\u001b", 410 of 420 cases hold)'
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == title.get("id")


def test_the_parts_fill_its_width() -> None:
    root = ET.fromstring(render(run(410, 10)))
    _, left, right = root.iter(f"{SVG}rect")
    assert float(left.get("width", 0)) == float(right.get("x", -1))
    assert float(left.get("width", 0)) + float(right.get("width", 0)) == pytest.approx(float(root.get("width", 0)))


def test_the_colour_follows_the_share_and_is_dark_enough_for_white() -> None:
    fills = [re.findall(r'fill="(#\w{6})"', render(run(passed, 100 - passed)))[1] for passed in (100, 99, 90, 60, 10)]
    assert len(set(fills)) == 5
    assert re.findall(r'fill="(#\w{6})"', render(run(0, 0)))[1] not in fills
    for fill in fills:
        red, green, blue = (int(fill[place : place + 2], 16) / 255 for place in (1, 3, 5))
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (red, green, blue)]
        assert 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05) >= 4.5


def test_nothing_is_fetched() -> None:
    assert re.findall(r"https?://[^\"]+", render(run(1, 1))) == ["http://www.w3.org/2000/svg"]
