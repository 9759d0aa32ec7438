from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from triglot_conformance.case import CaseError, load_case, load_cases
from triglot_conformance.cli import main
from triglot_conformance.live.runner import DECLARED

from .conftest import CASES

if TYPE_CHECKING:
    from pathlib import Path

GOOD = yaml.safe_load((CASES / "messages/stream/text/case.yaml").read_text())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shutil.copytree(CASES / "messages/stream/text", tmp_path / "messages/stream/text")


def write(folder: Path, source: dict[str, Any]) -> None:
    (folder / "case.yaml").write_text(json.dumps(source))


def test_the_cases_agree_with_the_contract(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "-v"]) == 0, capsys.readouterr().out


def test_every_dialect_is_replayed_and_run_live() -> None:
    cases = load_cases(CASES)
    replayed = {tuple(case.id.split("/")[:2]) for case in cases if case.steps}
    assert replayed >= {
        *((dialect, kind) for dialect in ("chat", "messages", "responses") for kind in ("stream", "json", "errors")),
        ("responses", "state"),
        ("responses", "socket"),
    }
    live = {tuple(case.id.split("/")[:2]) for case in cases if case.live}
    areas = {"chat": ("answer", "chunks"), "messages": ("answer", "events"), "responses": ("answer", "events")}
    wanted = {(dialect, area) for dialect, own in areas.items() for area in (*own, "tools", "refusals", "cancel", "clients", "wire")}
    assert live >= wanted


def test_a_case_file_is_yaml(folder: Path) -> None:
    (folder / "case.yaml").write_text("requirement: [a\nlevel: MUST\n")
    with pytest.raises(CaseError, match=r"messages/stream/text/case\.yaml: .*line 2"):
        load_case(folder, "messages/stream/text")


def test_on_is_a_name(folder: Path) -> None:
    source = yaml.safe_dump(GOOD) + "live:\n  assert:\n  - {on: events, path: '$[-1:].type', equals: message_stop}\n"
    (folder / "case.yaml").write_text(source)
    live = load_case(folder, "messages/stream/text").live
    assert live is not None
    assert live.steps[0].assertions[0]["on"] == "events"


@pytest.mark.parametrize("dialect", ["chat", "messages", "responses"])
def test_the_plainest_cases_are_few_and_everything_a_case_needs_can_be_shown(dialect: str) -> None:
    cases = [case for case in load_cases(CASES, [f"{dialect}/*"]) if case.live]
    grounds = [case for case in cases if case.live and case.live.ground and not case.needs]
    assert sorted(case.live.mode for case in grounds if case.live) == ["errors", "json", "stream"]
    shown = [case.live.shows for case in cases if case.live and case.live.shows]
    assert len(shown) == len(set(shown))
    assert {need for case in cases for need in case.needs} <= {*shown, "slots", "websocket", *DECLARED}


@pytest.mark.parametrize(
    "change",
    [
        {"requirement": "too short."},
        {"requirement": "A sentence that does not end"},
        {"level": "WANT"},
        {"spec": []},
        {"spec": ["messages/events.yml"]},
        {"source": ["litellm 1"]},
        {"needs": ["telepathy"]},
        {"needs": ["tools", "tools"]},
        {"origin": {}},
        {"origin": {"recorded": "x", "authored": "y"}},
        {"request": {"verb": "POST"}},
        {"request": {"path": "v1/messages"}},
        {"backend": {"ending": "sudden"}},
        {"expect": {"status": "200"}},
        {"steps": [{}]},
        {"steps": [{}, {}], "expect": {"status": 200}},
        {"surprise": 1},
    ],
)
def test_the_schema_refuses(folder: Path, change: dict[str, Any]) -> None:
    write(folder, GOOD | change)
    with pytest.raises(CaseError, match=r"case\.yaml: \$"):
        load_case(folder, "messages/stream/text")


@pytest.mark.parametrize("name", ["requirement", "level", "spec", "origin"])
def test_the_schema_requires(folder: Path, name: str) -> None:
    write(folder, {key: value for key, value in GOOD.items() if key != name})
    with pytest.raises(CaseError, match=name):
        load_case(folder, "messages/stream/text")


def test_files_must_be_there(folder: Path) -> None:
    (folder / "request.json").unlink()
    with pytest.raises(CaseError, match=r"needs request\.json"):
        load_case(folder, "messages/stream/text")
    write(folder, GOOD | {"request": {"method": "GET"}})
    load_case(folder, "messages/stream/text")
    (folder / "expected.sse").unlink()
    (folder / "expected.json").unlink()
    with pytest.raises(CaseError, match="neither"):
        load_case(folder, "messages/stream/text")


def test_a_recording_needs_its_head(folder: Path) -> None:
    (folder / "backend.http").write_bytes(b"HTTP/1.1 200 OK\n\nbody")
    with pytest.raises(CaseError, match="blank line"):
        load_case(folder, "messages/stream/text")


def test_the_first_folder_is_a_dialect(folder: Path) -> None:
    with pytest.raises(CaseError, match="dialect"):
        load_case(folder, "gopher/text")


def break_pointer(folder: Path) -> None:
    write(folder, GOOD | {"spec": ["messages/events.yaml#/nowhere"]})


def break_schema(folder: Path) -> None:
    replace(folder / "expected.json", '"role":"assistant"', '"role":"user"')


def break_order(folder: Path) -> None:
    replace(folder / "expected.sse", 'event: message_stop\ndata: {"type":"message_stop"}\n\n', "")


def break_fold(folder: Path) -> None:
    replace(folder / "expected.json", "Hello!", "Goodbye!")


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("breakage", "word"), [(break_pointer, "[spec,"), (break_schema, "[schema,"), (break_order, "[order,"), (break_fold, "[fold,")]
)
def test_check_names_a_case_that_contradicts_the_contract(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], breakage: Any, word: str
) -> None:
    breakage(folder)
    assert main(["check", "-v", "--cases", str(tmp_path)]) == 1
    *lines, _ = capsys.readouterr().out.splitlines()
    assert all(line.startswith("FAIL messages/stream/text [") and GOOD["requirement"] in line for line in lines)
    assert any(word in line for line in lines)


def test_a_run_without_cases_is_no_success(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--cases", str(tmp_path)]) == 2
    assert main(["check", "--filter", "no/such/*"]) == 2
    assert "no/such/*" in capsys.readouterr().err
