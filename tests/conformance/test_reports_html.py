from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from dataclasses import asdict, replace
from html.parser import HTMLParser
from typing import Any

from triglot_conformance.reports.html import render
from triglot_conformance.results import RunResult, from_json, to_json

from .conftest import ROOT
from .synthetic import make_run


class Page(HTMLParser):
    """What a page holds: its elements, and the text of its scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = dict(attrs)
        self.elements.append((tag, facts))
        kind = facts.get("id") or facts.get("data-block") or facts.get("type")
        self._inside = "style" if tag == "style" else str(kind) if tag == "script" else ""

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.texts[self._inside] = self.texts.get(self._inside, "") + data

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    @property
    def data(self) -> Any:
        return json.loads(self.texts["data"])

    def traces(self, block: int) -> Any:
        return json.loads(zlib.decompress(base64.b64decode(self.texts[str(block)]), -zlib.MAX_WBITS))


def runs() -> list[RunResult]:
    return [make_run("alpha"), make_run("beta", seed=2, share=0.8)]


def test_every_result_and_every_trace_is_in_the_page() -> None:
    page = Page(render(runs()))
    merged = {each["id"]: each for each in page.data["cases"]}
    for number, run in enumerate(runs()):
        for case in run.cases:
            result = merged[case.id]["results"][number]
            assert result["verdict"] == case.verdict
            assert result["findings"] == [asdict(finding) for finding in case.findings]
            if case.exchanges:
                assert page.traces(result["block"])[case.id] == [asdict(exchange) for exchange in case.exchanges]
            else:
                assert result["block"] is None


def test_a_case_that_one_run_has_not_is_empty_there() -> None:
    alpha, beta = runs()
    first, last = beta.cases[0], beta.cases[-1]
    page = Page(render([replace(alpha, cases=alpha.cases[1:]), replace(beta, cases=beta.cases[:-1])]))
    merged = {each["id"]: each["results"] for each in page.data["cases"]}
    assert (merged[first.id][0], merged[last.id][1]) == (None, None)
    areas = [each["area"] for each in page.data["cases"]]
    assert areas == sorted(areas, key=list(dict.fromkeys(areas)).index), "an area stands in one place"


def test_the_page_is_the_same_for_the_same_runs() -> None:
    assert render(runs()) == render([from_json(to_json(run)) for run in runs()])


def test_scripts_and_styles_are_allowed_by_their_hashes_alone() -> None:
    page = Page(render(runs()))
    policy = next(facts["content"] or "" for tag, facts in page.elements if facts.get("http-equiv") == "Content-Security-Policy")
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    for kind, text in (("script-src", page.texts["module"]), ("style-src", page.texts["style"])):
        assert rules[kind] == f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
    assert set(rules) == {"default-src", "script-src", "style-src", "img-src", "base-uri", "form-action"}


def test_nothing_is_loaded_from_anywhere() -> None:
    page = Page(render(runs()))
    for tag, facts in page.elements:
        assert not {"src", "srcset", "style", "action"} & set(facts), tag
        assert (facts.get("href") or "#").startswith(("#", "data:")), tag
        assert not any(name.startswith("on") for name in facts), tag
    assert not re.search(r"url\(|@import|@font-face", page.texts["style"])
    assert not re.search(r"\bimport\b|innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|fetch\(|XMLHttp", page.texts["module"])


def test_what_a_server_says_cannot_leave_its_place() -> None:
    evil = "</script></style><script>alert(1)</script><!-- {{data}} {{script}} \\u003c \u2028\u2029\ud800 &"
    run = make_run(cases=3)
    run.target = replace(run.target, name=evil)
    run.notes = [evil]
    run.cases[0].requirement = run.cases[0].reason = evil
    text = render([run])
    page = Page(text)
    assert sum(tag == "script" for tag, _ in page.elements) == sum(tag == "script" for tag, _ in Page(render([make_run(cases=3)])).elements)
    assert page.data["cases"][0]["requirement"] == evil.replace("\ud800", "\ufffd")
    assert "\u2028" not in page.texts["data"]
    assert text.encode("utf-8")


def test_the_parts_of_the_page_cannot_end_their_element() -> None:
    folder = ROOT / "conformance" / "triglot_conformance" / "reports" / "page"
    for asset in folder.iterdir():
        text = asset.read_text(encoding="utf-8")
        if asset.suffix != ".html":
            assert not re.search(r"</(script|style)|<!--|\{\{\w+\}\}", text), asset
    assert {asset.name for asset in folder.glob("*.js")} == {f"{name}.js" for name in re.findall(r'"(\w+)"', SCRIPTS)}


SCRIPTS = (
    (ROOT / "conformance" / "triglot_conformance" / "reports" / "html.py")
    .read_text(encoding="utf-8")
    .partition("_SCRIPTS = (")[2]
    .partition(")")[0]
)


def test_three_servers_are_not_much() -> None:
    three = [*runs(), make_run("gamma", seed=3)]
    assert len(render(three)) < sum(len(to_json(run)) for run in three) / 3


def test_no_run_and_no_case_are_a_page() -> None:
    assert Page(render([])).data["cases"] == []
    assert Page(render([make_run(cases=0)])).data["runs"][0]["share"] == "no result"
