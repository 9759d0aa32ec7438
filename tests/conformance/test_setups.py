from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from triglot_conformance.case import CaseError, load_case, load_cases
from triglot_conformance.replay.replay import _share
from triglot_conformance.replay.setups import load_setups

from .conftest import CASES, ROOT

if TYPE_CHECKING:
    from pathlib import Path

SETUPS = ROOT / "conformance" / "setups.yaml"
TEXT = load_case(CASES / "messages/stream/text", "messages/stream/text")


def test_every_setup_serves_a_case() -> None:
    cases = load_cases(CASES)
    assert {case.setup for case in cases} == set(load_setups(SETUPS, cases))


@pytest.mark.parametrize(
    "source", ["{environment: {PORT: 1}}", "{recordings: nowhere}", "{enviroment: {}}"], ids=["not a string", "no folder", "unknown field"]
)
def test_a_wrong_entry_is_refused(tmp_path: Path, source: str) -> None:
    path = tmp_path / "setups.yaml"
    path.write_text(f"default: {source}\n")
    with pytest.raises(CaseError, match="default: an entry has"):
        load_setups(path, [])


def test_a_case_with_an_unknown_setup_is_refused() -> None:
    with pytest.raises(CaseError, match="has no set-up moon"):
        load_setups(SETUPS, [dataclasses.replace(TEXT, setup="moon")])


def test_cases_of_one_setup_share_a_gateway_and_a_large_group_is_divided() -> None:
    plain, other = [TEXT] * 50, [dataclasses.replace(TEXT, setup="keys")] * 2
    assert [(len(share), {case.setup for case in share}) for share in _share([*other, *plain], jobs=2)] == [
        (2, {"keys"}),
        (26, {"default"}),
        (24, {"default"}),
    ]


def test_what_the_default_is_told_all_others_are_told_too(tmp_path: Path) -> None:
    path = tmp_path / "setups.yaml"
    path.write_text("default: {environment: {A: a, B: b}}\nother: {environment: {B: c}}\n")
    setups = load_setups(path, [])
    assert (setups["default"].environment, setups["other"].environment) == ({"A": "a", "B": "b"}, {"A": "a", "B": "c"})
