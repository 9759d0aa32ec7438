from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from triglot_conformance.known import KnownFailingError, parse_known_failing
from triglot_conformance.replay.report import Report
from triglot_conformance.verdicts import Finding

if TYPE_CHECKING:
    from triglot_conformance.case import Case

LIST = """
# Streams are cut short,
# see the tracker.
messages/stream/*

# Not built yet.
chat/json/text
"""


def test_each_pattern_takes_the_reason_above_it() -> None:
    first, second = parse_known_failing(LIST)
    assert (first.pattern, first.reason) == ("messages/stream/*", "Streams are cut short, see the tracker.")
    assert second.reason == "Not built yet."
    assert first.matches("messages/stream/tool-use/loop")
    assert not first.matches("messages/json/models")


@pytest.mark.parametrize("text", ["chat/json/text", "# why\n\nchat/json/text", "# why\na\nb"])
def test_a_pattern_without_a_reason_is_refused(text: str) -> None:
    with pytest.raises(KnownFailingError, match="no reason"):
        parse_known_failing(text)


@pytest.mark.parametrize("case", ["chat/json/text"], indirect=True)
def test_a_known_failure_counts_only_while_it_fails(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    known = parse_known_failing("# Not built yet.\nchat/json/text")
    report = Report([case], known)
    report.add(case, [("whole", Finding("bytes", "x"))])
    assert report.finish("run") == 0

    report = Report([case], known)
    report.add(case, [])
    assert report.finish("run") == 1
    assert "unexpected pass" in capsys.readouterr().out


@pytest.mark.parametrize("case", ["chat/json/text"], indirect=True)
def test_a_pattern_that_matches_nothing_is_a_failure(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    report = Report([case], parse_known_failing("# Gone.\nchat/json/txt"))
    report.add(case, [])
    assert report.finish("run") == 1
    assert "chat/json/txt matches no case" in capsys.readouterr().out
