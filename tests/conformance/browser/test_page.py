"""The HTML page in a real browser."""

from __future__ import annotations

import base64
import itertools
import random
import re
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.conftest import ROOT
from tests.conformance.synthetic import make_run
from triglot_conformance.results import CaseResult, Event, Exchange, RunResult, TargetFacts
from triglot_conformance.verdicts import Finding, Verdict

try:
    from playwright.sync_api import expect
except ImportError:  # the fixture `browser` says so
    expect = None

OpenPage = Callable[..., Any]
HERE = Path(__file__).parent
FAINT, UNNAMED = ((HERE / name).read_text(encoding="utf-8") for name in ("faint.js", "unnamed.js"))

LATE = Finding("order", "content_block_start may not come here", "order in_block", 0, 2)


@pytest.fixture(scope="module")
def servers() -> list[RunResult]:
    return [make_run("alpha", share=0.97), make_run("beta", seed=2, share=0.8), make_run("gamma", seed=3, share=0.7)]


def case(name: str, verdict: Verdict, *findings: Finding, exchanges: list[Exchange] | None = None, **facts: Any) -> CaseResult:
    about = {"requirement": "It holds.", "spec": ["messages/events.yaml#/order"], "source": ["a/b#7", "c#8"], "needs": ["tools"]} | facts
    return CaseResult(name, name.partition("/")[0], "MUST", **about, verdict=verdict, findings=list(findings), exchanges=exchanges or [])


def run(*cases: CaseResult, name: str = "alpha") -> RunResult:
    return RunResult(TargetFacts(name, "http://h"), "1", "2026-11-20T15:00:00Z", 1.0, cases=list(cases))


def stream(number: int = 4) -> Exchange:
    frames = [
        f'event: e{index}\ndata: {{"type":"e{index}","big":12345678901234567890,"list":[],"text":"a\\u2028b"}}\n\n'
        for index in range(number)
    ]
    events = [Event(20.0 + index, frame) for index, frame in enumerate(frames)]
    request = '{"model":"tiny","messages":[{"role":"user","content":"Hi!"}]}'
    headers = [["content-type", "text/event-stream"]]
    return Exchange(
        1, "stream", "POST", "http://h/v1/messages", {"x-api-key": "[redacted]"}, request, 200, headers, 19.5, events, None, 30.0 + number
    )


def rows(page: Any) -> list[str]:
    """The ids of the cases that can be seen, in their order."""
    return page.eval_on_selector_all("tr[data-case]", "rows => rows.filter(row => row.offsetParent).map(row => row.dataset.case)")


def focus(page: Any) -> str:
    """What has the focus: a case and its server, an area, or an element."""
    return page.evaluate(
        """() => {
            const at = document.activeElement;
            if (at.dataset.run !== undefined) return `${at.closest("tr").dataset.case} ${at.dataset.run}`;
            return at.classList.contains("fold") ? at.querySelector(".area").textContent : `#${at.id || at.tagName}`;
        }"""
    )


def address(page: Any) -> str:
    return page.url.partition("#")[2]


def test_three_servers_side_by_side(open_page: OpenPage, servers: list[RunResult]) -> None:
    page = open_page(servers)
    assert page.title() == "Conformance: alpha, beta, gamma"
    assert page.locator("thead th.run").all_inner_texts() == ["alpha", "beta", "gamma"]
    assert sorted(rows(page)) == sorted(each.id for each in servers[0].cases)
    for number, server in enumerate(servers):
        for verdict in Verdict:
            expected = sum(each.verdict is verdict for each in server.cases)
            assert page.locator(f'td[data-run="{number}"].{verdict}').count() == expected
            assert f"{expected} {verdict}" in page.locator(".server").nth(number).inner_text() or not expected
    fail = page.locator('td[data-run="1"].fail:not(.known)').first
    assert re.fullmatch(r"✗\s*(order|schema)\s*▼?", fail.inner_text())
    assert fail.get_attribute("aria-label").startswith("beta: fail, ")
    assert "The server answers 200 to paths that do not exist." in page.locator(".server").nth(1).inner_text()


def test_filters_by_verdict_dialect_level_and_need(open_page: OpenPage, servers: list[RunResult]) -> None:
    page = open_page(servers)
    page.locator("#verdicts").get_by_role("button", name="fail").click()
    failing = {each.id for server in servers for each in server.cases if each.verdict is Verdict.FAIL}
    assert set(rows(page)) == failing
    expect(page.locator("#shown")).to_have_text(f"{len(failing)} of {len(servers[0].cases)} cases")
    page.get_by_role("button", name="messages", exact=True).click()
    page.get_by_role("button", name="MUST", exact=True).click()
    page.get_by_label("Needs").select_option("tools")
    sources = {each.id: each for each in servers[0].cases}
    expected = {
        name for name in failing if name.startswith("messages/") and sources[name].level == "MUST" and "tools" in sources[name].needs
    }
    assert expected
    assert set(rows(page)) == expected
    assert address(page) == "verdict=fail&dialect=messages&level=MUST&need=tools"
    page.reload()
    assert set(rows(page)) == expected
    assert page.get_by_role("button", name="MUST", exact=True).get_attribute("aria-pressed") == "true"
    page.get_by_role("button", name="Clear filters").click()
    assert len(rows(page)) == len(servers[0].cases)
    assert address(page) == ""


def test_search_reads_ids_requirements_and_findings(open_page: OpenPage) -> None:
    page = open_page(
        [
            run(
                case("chat/json/alpha", Verdict.PASS),
                case("chat/json/b", Verdict.FAIL, LATE),
                case("chat/json/c", Verdict.PASS, requirement="Ünique <b>."),
            )
        ]
    )
    search = page.get_by_role("searchbox")
    for words, expected in {
        "ALPHA": ["alpha"],
        "in_block chat": ["b"],
        "ünique <b>": ["c"],
        "a/b#7 json": ["alpha", "b", "c"],
        "nothing": [],
    }.items():
        search.fill(words)
        assert rows(page) == [f"chat/json/{name}" for name in expected]
    expect(page.get_by_text("No case fits these filters.")).to_be_visible()
    search.press("Escape")
    assert len(rows(page)) == 3


def test_a_walk_by_keyboard(open_page: OpenPage) -> None:
    names = ["chat/json/a", "chat/json/b", "chat/stream/a", "chat/stream/b"]
    first = run(*(case(name, Verdict.PASS) for name in names))
    second = run(
        *(case(name, Verdict.FAIL, LATE, exchanges=[stream()]) if name.endswith("b") else case(name, Verdict.PASS) for name in names),
        name="beta",
    )
    page = open_page([first, second])
    press = page.keyboard.press
    press("/")
    assert focus(page) == "#search"
    press("Escape")
    assert focus(page) == "chat / json"
    walk = [
        ("ArrowDown", "chat/json/a 0"),
        ("ArrowRight", "chat/json/a 1"),
        ("ArrowRight", "chat/json/a 1"),
        ("ArrowDown", "chat/json/b 1"),
        ("ArrowDown", "chat / stream"),
        ("ArrowDown", "chat/stream/a 1"),
        ("Home", "chat/stream/a 0"),
        ("End", "chat/stream/a 1"),
        ("Control+Home", "chat / json"),
        ("ArrowLeft", "chat / json"),
        ("ArrowDown", "chat / stream"),
        ("ArrowUp", "chat / json"),
        ("ArrowRight", "chat / json"),
        ("Control+End", "chat/stream/b 1"),
        ("ArrowDown", "chat/stream/b 1"),
        ("PageUp", "chat / json"),
        ("n", "chat/json/b 1"),
        ("n", "chat/stream/b 1"),
        ("n", "chat/json/b 1"),
        ("p", "chat/stream/b 1"),
    ]
    for key, expected in walk:
        press(key)
        assert focus(page) == expected, key
    assert page.locator("#matrix [tabindex='0']").count() == 1
    press("Enter")
    assert focus(page) == "#panel-title"
    expect(page.locator("#panel h2")).to_have_text("chat/stream/b")
    press("p")
    expect(page.locator("#panel h2")).to_have_text("chat/json/b")
    press("Escape")
    expect(page.locator("#panel")).to_be_hidden()
    assert focus(page) == "chat/json/b 1"


def test_tab_enters_the_matrix_once_and_focus_is_seen(open_page: OpenPage) -> None:
    page = open_page([run(case("chat/json/a", Verdict.PASS), case("chat/json/b", Verdict.PASS))])
    page.locator("#need").focus()
    stops = []
    for _ in range(4):
        page.keyboard.press("Tab")
        stops.append(focus(page))
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
        if stops[-1] == "chat / json":
            break
    assert stops[-1] == "chat / json"
    page.keyboard.press("ArrowDown")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Tab")
    assert not focus(page).startswith("chat")


def test_the_first_tab_leads_past_the_head(open_page: OpenPage, servers: list[RunResult]) -> None:
    page = open_page(servers)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the matrix"
    page.keyboard.press("Enter")
    assert focus(page) == "chat / " + servers[0].cases[0].id.split("/")[1]


def test_a_failing_case_is_opened_and_its_trace_read(open_page: OpenPage, servers: list[RunResult]) -> None:
    page = open_page(servers)
    found = next(
        each
        for each in servers[1].cases
        if each.verdict is Verdict.FAIL and each.findings[0].event is not None and len(each.exchanges[0].events) > 20
    )
    event = found.findings[0].event
    page.locator(f'tr[data-case="{found.id}"] td[data-run="1"]').click()
    panel = page.get_by_role("complementary", name=found.id)
    expect(panel).to_be_visible()
    text = panel.inner_text()
    for expected in (found.requirement, found.level, f"specs/{found.spec[0]}", found.findings[0].message, found.findings[0].rule):
        assert expected in text
    marked = panel.locator(".event.marked")
    expect(marked).to_have_count(1)
    assert marked.get_attribute("id") == f"event-0-{event}"
    expect(marked).to_be_in_viewport()
    assert f"✗ {event}" in marked.inner_text()
    assert found.findings[0].message in marked.inner_text()
    expect(marked.locator("pre")).to_be_visible()
    assert panel.locator(".event").count() == len(found.exchanges[0].events)
    assert panel.locator(".strip i.marked").count() == 1
    assert f"{found.exchanges[0].events[0].at_ms:.1f} ms" == panel.locator(".event .at").first.evaluate("at => at.textContent + ' ms'")
    assert address(page) == f"case={found.id}&run=1"


def test_a_view_can_be_linked(open_page: OpenPage, servers: list[RunResult]) -> None:
    found = next(each for each in servers[2].cases if each.verdict is Verdict.FAIL)
    page = open_page(servers, f"#q=zzz&case={found.id}&run=2&raw=1")
    expect(page.locator("#panel h2")).to_have_text(found.id)
    assert page.get_by_role("searchbox").input_value() == "zzz"
    page.evaluate(f"location.hash = '#case={servers[2].cases[-1].id}'")
    expect(page.locator("tr.current")).to_be_in_viewport()
    page.go_back()
    expect(page.locator("#panel h2")).to_have_text(found.id)
    expect(page.get_by_role("button", name="Raw", exact=True)).to_have_attribute("aria-pressed", "true")
    page.evaluate("location.hash = '#case=no/such/case&run=99&base=x'")
    expect(page.locator("#panel")).to_be_hidden()
    assert len(rows(page)) == len(servers[0].cases)


def test_pretty_is_laid_out_and_raw_is_as_received(open_page: OpenPage) -> None:
    page = open_page([run(case("messages/stream/a", Verdict.FAIL, LATE, exchanges=[stream()]))], "#case=messages/stream/a")
    pre = page.locator(".event.marked pre")
    expect(pre).to_have_text(
        '{\n  "type": "e2",\n  "big": 12345678901234567890,\n  "list": [],\n  "text": "a\\u2028b"\n}', use_inner_text=True
    )
    assert page.locator("details pre").first.inner_text().startswith('{\n  "model": "tiny",\n  "messages": [\n    {\n')
    page.get_by_role("button", name="Raw", exact=True).click()
    expect(pre).to_have_text(stream().events[2].raw)
    assert pre.text_content() == stream().events[2].raw
    expect(page.locator("details pre").first).to_have_text(stream().request_body)
    assert address(page).endswith("&raw=1")
    assert page.locator("#event-0-1 .short").text_content() == '… "big":12345678901234567890,"list":[],"text":"a\\u2028b"}'
    page.locator("#event-0-1 button").click()
    assert page.locator("#event-0-1 pre").text_content() == stream().events[1].raw
    page.get_by_role("button", name="Pretty").click()
    expect(page.locator(".event.marked .key").first).to_have_text('"type"')


def test_findings_lead_to_their_place(open_page: OpenPage) -> None:
    inherited = Finding("schema", "no usage", "schema usage", 0, 3, inherited=True)
    page = open_page(
        [run(case("messages/stream/a", Verdict.FAIL, inherited, replace(LATE, event=150), exchanges=[stream(200)]))],
        "#case=messages/stream/a",
    )
    expect(page.locator("#event-0-150")).to_be_in_viewport()
    page.locator("#panel").evaluate("panel => panel.scrollTop = 0")
    expect(page.locator("#event-0-150")).not_to_be_in_viewport()
    page.get_by_role("button", name="exchange 1, event 150").click()
    expect(page.locator("#event-0-150")).to_be_in_viewport()
    expect(page.locator(".findings li.inherited .tag")).to_be_hidden()
    page.locator(".findings summary", has_text="1 inherited").click()
    expect(page.locator(".findings li.inherited .tag")).to_have_text("inherited")
    assert page.locator(".event.marked").count() == 1


def test_a_rule_leads_to_all_cases_that_break_it(open_page: OpenPage) -> None:
    other = replace(LATE, rule="order before_start")
    cases = [
        case("messages/stream/a", Verdict.FAIL, LATE),
        case("messages/stream/b", Verdict.FAIL, other),
        case("messages/json/c", Verdict.FAIL, LATE),
    ]
    page = open_page([run(*cases)], "#case=messages/stream/a")
    page.get_by_role("button", name="order in_block").click()
    assert rows(page) == ["messages/stream/a", "messages/json/c"]
    assert page.get_by_role("searchbox").input_value() == "order in_block"


def test_issues_are_links_and_nothing_else(open_page: OpenPage) -> None:
    page = open_page([run(case("messages/stream/a", Verdict.PASS))], "#case=messages/stream/a")
    links = page.locator("#panel a")
    assert [(link.inner_text(), link.get_attribute("href"), link.get_attribute("rel")) for link in links.all()] == [
        ("a/b#7", "https://github.com/a/b/issues/7", "noreferrer noopener")
    ]
    assert "c#8" in page.locator("#panel").inner_text()
    expect(page.get_by_text("Nothing was sent for this case.")).to_be_visible()


def test_a_long_stream_is_shown_in_parts_up_to_what_is_wrong(open_page: OpenPage) -> None:
    page = open_page(
        [run(case("messages/stream/a", Verdict.FAIL, replace(LATE, event=700), exchanges=[stream(1500)]))], "#case=messages/stream/a"
    )
    expect(page.locator("#event-0-700")).to_be_in_viewport()
    assert page.locator(".event").count() == 701
    page.get_by_role("button", name="Show 400 more of 1500").click()
    assert page.locator(".event").count() == 1101
    page.get_by_role("button", name="Show 399 more of 1500").click()
    assert page.locator(".event").count() == 1500
    assert page.locator(".stream > button").is_hidden()


def test_run_against_run(open_page: OpenPage) -> None:
    then = run(
        case("chat/json/a", Verdict.PASS),
        case("chat/json/b", Verdict.FAIL, LATE),
        case("chat/json/c", Verdict.PASS),
        case("chat/json/gone", Verdict.PASS),
    )
    now = run(
        case("chat/json/a", Verdict.FAIL, LATE),
        case("chat/json/b", Verdict.PASS),
        case("chat/json/c", Verdict.PASS),
        case("chat/json/new", Verdict.PASS),
    )
    later = replace(run(case("chat/json/c", Verdict.INCONCLUSIVE)), started_at="2026-11-20T16:00:00Z")
    page = open_page([then, now, later])
    assert page.locator("thead th.run").all_text_contents() == [
        "alpha 2026-11-20 15:00 #1",
        "alpha 2026-11-20 15:00 #2",
        "alpha 2026-11-20 16:00",
    ]
    worse, better = (page.locator(f'tr[data-case="chat/json/{name}"] td[data-run="1"]') for name in "ab")
    expect(worse.locator(".change.worse")).to_have_text("▼")
    assert worse.get_attribute("aria-label") == "alpha 2026-11-20 15:00 #2: fail, order, worse than alpha 2026-11-20 15:00 #1"
    expect(better.locator(".change.better")).to_have_text("▲")
    expect(page.locator('tr[data-case="chat/json/c"] .change.other')).to_have_text("◆")
    assert page.locator(".absent").count() == 6
    page.get_by_role("button", name="Differences only").click()
    assert rows(page) == ["chat/json/a", "chat/json/b", "chat/json/c"]
    page.get_by_label("Against").select_option("1")
    assert page.locator('tr[data-case="chat/json/a"] td[data-run="0"] .change.better').count() == 1
    page.get_by_label("Against").select_option("none")
    assert page.locator(".change:visible").count() == 3, "those of the legend"
    assert rows(page) == []
    page.get_by_role("button", name="Differences only").click()
    page.locator('tr[data-case="chat/json/gone"] td[data-run="1"]').click()
    expect(page.get_by_text("This case was not run here.")).to_be_visible()


def test_groups_fold(open_page: OpenPage, servers: list[RunResult]) -> None:
    page = open_page(servers)
    area = page.locator(".fold").first
    inside = page.locator("tbody").first.locator("tr[data-case]")
    assert inside.first.is_visible()
    area.click()
    expect(area).to_have_attribute("aria-expanded", "false")
    assert inside.first.is_hidden()
    page.get_by_role("button", name="Fold all").click()
    assert rows(page) == []
    page.get_by_role("button", name="Unfold all").click()
    assert len(rows(page)) == len(servers[0].cases)
    expect(area).to_have_attribute("aria-expanded", "true")


def test_another_server_of_the_same_case(open_page: OpenPage, servers: list[RunResult]) -> None:
    found = next(each for each in servers[1].cases if each.verdict is Verdict.FAIL)
    page = open_page(servers)
    page.locator(f'tr[data-case="{found.id}"] th').click()
    group = page.get_by_role("group", name="Server")
    group.get_by_role("button", name="gamma").click()
    assert address(page).endswith("&run=2")
    expect(group.get_by_role("button", name="gamma")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Close (Esc)").click()
    assert focus(page) == f"{found.id} 2"


HOSTILE = (
    "</script><script>document.title='gone'</script><img src=x onerror=\"document.title='gone'\"><!-- "
    "{{data}} {{script}} \u2028\u2029 \ud800 ${a} `b` &lt; \x00 \x1b"
)


def test_what_a_server_says_is_text(open_page: OpenPage) -> None:
    exchange = Exchange(
        1,
        HOSTILE,
        HOSTILE,
        HOSTILE,
        {HOSTILE: HOSTILE},
        HOSTILE,
        200,
        [[HOSTILE, HOSTILE]],
        1.0,
        [Event(1.0, HOSTILE)],
        HOSTILE,
        2.0,
        HOSTILE,
    )
    finding = Finding(HOSTILE, HOSTILE, HOSTILE, 0, 0)
    hostile = case(
        "messages/stream/a",
        Verdict.FAIL,
        finding,
        exchanges=[exchange],
        requirement=HOSTILE,
        spec=[HOSTILE],
        source=[HOSTILE],
        needs=[HOSTILE],
    )
    hostile.reason = hostile.known = HOSTILE
    made = run(hostile, name=HOSTILE)
    made.notes, made.options, made.capabilities = [HOSTILE], {"a": HOSTILE}, {HOSTILE: "shown"}
    page = open_page([made], "#case=messages/stream/a")
    expect(page.locator(".event.marked")).to_have_count(1)
    assert page.title().startswith("Conformance: </script><script>")
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 3
    shown = HOSTILE.replace("\ud800", "\ufffd")
    assert page.locator(".event.marked pre").text_content() == shown
    assert page.locator("#panel .requirement").text_content() == shown


def test_the_page_may_not_fetch(open_page: OpenPage, servers: list[RunResult], complaints: list[str]) -> None:
    page = open_page(servers[:1])
    page.evaluate("() => { window.refused = []; }")
    page.evaluate("() => addEventListener('securitypolicyviolation', (event) => refused.push(event.effectiveDirective))")
    with page.expect_event("requestfailed") as failed:
        page.evaluate(
            """() => {
                fetch("https://example.com/").catch(() => {});
                document.body.append(Object.assign(new Image(), {src: "https://example.com/x.png"}));
                document.body.append(Object.assign(document.createElement("script"), {textContent: "window.ran = true"}));
                document.body.append(Object.assign(document.createElement("div"), {innerHTML: "<b style='color:red'>x</b>"}));
            }"""
        )
    assert failed.value.failure == "csp"
    page.wait_for_function("window.refused.length >= 4")
    assert set(page.evaluate("window.refused")) == {"connect-src", "img-src", "script-src-elem", "style-src-attr"}
    assert page.evaluate("window.ran") is None
    assert len(complaints) >= 4
    complaints.clear()  # the page has refused what this test has tried


def test_traces_are_unpacked_without_the_browser_s_help(open_page: OpenPage, servers: list[RunResult]) -> None:
    page = open_page(servers, script="delete window.DecompressionStream")
    assert page.evaluate("typeof DecompressionStream") == "undefined"
    found = next(each for each in servers[1].cases if each.verdict is Verdict.FAIL and each.findings[0].event is not None)
    page.locator(f'tr[data-case="{found.id}"] td[data-run="1"]').click()
    expect(page.locator(".event.marked")).to_have_count(1)
    assert page.locator(".event").count() == len(found.exchanges[0].events)


CONTENTS = [b"", b"a", b"ab" * 40_000, bytes(range(256)) * 300, random.Random(1).randbytes(150_000)]
PACKERS = [(0, zlib.Z_DEFAULT_STRATEGY), (9, zlib.Z_DEFAULT_STRATEGY), (9, zlib.Z_FIXED), (9, zlib.Z_HUFFMAN_ONLY)]


def test_the_page_s_own_inflate(open_page: OpenPage) -> None:
    page = open_page([])
    source = (ROOT / "conformance/triglot_conformance/reports/page/unpack.js").read_text(encoding="utf-8")
    decode = "Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0))"
    unpack = f"([packed]) => {{ {source}; return btoa(Array.from(inflate({decode}), (byte) => String.fromCharCode(byte)).join('')); }}"
    for content, (level, strategy) in itertools.product(CONTENTS, PACKERS):
        packer = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS, 9, strategy)
        packed = packer.compress(content) + packer.flush()
        assert base64.b64decode(page.evaluate(unpack, [base64.b64encode(packed).decode()])) == content, (level, strategy, len(content))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_text_can_be_read_and_controls_have_names(open_page: OpenPage, servers: list[RunResult], scheme: str, width: int) -> None:
    found = next(each for each in servers[1].cases if each.verdict is Verdict.FAIL and each.findings[0].event is not None)
    page = open_page(servers, color_scheme=scheme, viewport={"width": width, "height": 800})
    assert page.evaluate(FAINT) == []
    assert page.evaluate(UNNAMED) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate(f"location.hash = '#case={found.id}&run=1&verdict=fail'")
    expect(page.locator(".event.marked")).to_be_in_viewport()
    page.locator("details").evaluate_all("all => all.forEach((each) => { each.open = true; })")
    assert page.evaluate(FAINT) == []
    assert page.evaluate(UNNAMED) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).every((part) => part < 60)")
    assert dark is (scheme == "dark")


@pytest.mark.parametrize("width", [980, 1100, 1280, 1440, 1920])
def test_the_matrix_keeps_beside_the_panel(open_page: OpenPage, servers: list[RunResult], width: int) -> None:
    page = open_page(servers, f"#case={servers[0].cases[0].id}", viewport={"width": width, "height": 800})
    matrix, panel = page.locator("#matrix").bounding_box(), page.locator("#panel").bounding_box()
    assert matrix["x"] + matrix["width"] < panel["x"]
    assert panel["x"] + panel["width"] <= width


def test_a_panel_fills_a_phone(open_page: OpenPage, servers: list[RunResult]) -> None:
    page = open_page(servers, f"#case={servers[0].cases[0].id}", viewport={"width": 360, "height": 700}, has_touch=True)
    box = page.locator("#panel").bounding_box()
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 360, 700)
    page.get_by_role("button", name="Close (Esc)").tap()
    expect(page.locator("#panel")).to_be_hidden()


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_motion_is_only_for_those_who_like_it(open_page: OpenPage, servers: list[RunResult], motion: str) -> None:
    page = open_page(servers, reduced_motion=motion)
    moving = page.evaluate("getComputedStyle(document.querySelector('.arrow')).transitionDuration") != "0s"
    assert moving is (motion == "no-preference")


def test_the_head_of_the_matrix_stays_in_sight(open_page: OpenPage, servers: list[RunResult]) -> None:
    page = open_page(servers)
    last = servers[0].cases[-1]
    page.locator(f'tr[data-case="{last.id}"] td[data-run="0"]').focus()
    expect(page.locator("thead th.run").first).to_be_in_viewport()
    expect(page.get_by_role("searchbox")).to_be_in_viewport()
    for _ in range(60):
        page.keyboard.press("ArrowUp")
    hidden = page.evaluate(
        """() => {
            const at = document.activeElement.getBoundingClientRect();
            const seen = document.elementFromPoint(at.x + at.width / 2, at.y + at.height / 2);
            return seen.closest("td, th") !== document.activeElement.closest("td, th");
        }"""
    )
    assert not hidden, "what has the focus lies below the head"


def test_without_scripts_there_are_the_counts(open_page: OpenPage, servers: list[RunResult]) -> None:
    page = open_page(servers, java_script_enabled=False)
    assert "alpha: " in page.locator("noscript").inner_text()
