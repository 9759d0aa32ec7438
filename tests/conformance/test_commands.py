"""What the commands say to those who use them in a wrong way, or read only a part of what they say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from triglot_conformance.cli import main
from triglot_conformance.results import to_json

from .conftest import CASES
from .synthetic import make_run

if TYPE_CHECKING:
    from pathlib import Path

FEW = str(CASES / "chat" / "answer")


@pytest.mark.parametrize("command", ["check", "replay", "fuzz", "conform", "report", "record"])
@pytest.mark.parametrize("prog", ["triglot", "python -m triglot_conformance"])
def test_help_names_what_was_called(capsys: pytest.CaptureFixture[str], command: str, prog: str) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"], prog=prog)
    assert capsys.readouterr().out.startswith(f"usage: {prog} {command} ")


def test_errors_name_what_was_called(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "/no/such/file"], prog="python -m triglot_conformance") == 2
    assert capsys.readouterr().err == "python -m triglot_conformance report: /no/such/file: No such file or directory\n"


def test_cases_are_listed_without_a_server(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conform", "--list", "--cases", FEW]) == 2  # their ids have no dialect there
    assert main(["conform", "--list", "--filter", "chat/answer/text"]) == 0
    assert capsys.readouterr().out.startswith("chat/answer/text\tMUST\t")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["conform"], "the following arguments are required: URL"),
        (["conform", "http://h", "--jobs", "0"], "argument --jobs: 0 is not a whole number from 1 on"),
        (["conform", "http://h", "--jobs", "²"], "argument --jobs: ² is not a whole number"),
        (["conform", "http://h", "--timeout", "-1"], "argument --timeout: -1 is not a number of seconds above 0"),
        (["conform", "http://h", "--timeout", "nan"], "argument --timeout: nan is not a number of seconds"),
        (["conform", "http://h", "--header", "s3cret"], "argument --header: "),
        (["replay", "--jobs", "0", "--", "x"], "argument --jobs: 0 is not"),
        (["replay", "--timeout", "0", "--", "x"], "argument --timeout: 0 is not"),
        (["fuzz", "http://h", "--max-examples", "many"], "argument --max-examples: many is not"),
        (["fuzz", "http://h", "--timeout", "inf"], "argument --timeout: inf is not"),
    ],
)
def test_a_wrong_option_is_named(capsys: pytest.CaptureFixture[str], arguments: list[str], words: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "there is nothing in it"),
        (b"\xef\xbb\xbf\r\n", "there is nothing in it"),
        (to_json(make_run(cases=3)).encode()[:3000], "not JSON"),
        (b"<html>", "not JSON"),
        (b"\xff\xfe{\x00", "can't decode"),
        (b'{"cases": []}', "not the results of a run"),
        (b'{"format": "triglot-conformance/0"}', "its format is 'triglot-conformance/0', and this version reads 'triglot-conformance/1'"),
        (b'{"format": "triglot-conformance/1"}', "is a required property"),
    ],
    ids=["empty", "a mark alone", "cut", "a page", "utf-16", "foreign", "old", "lacking"],
)
def test_a_file_that_holds_no_results_is_told_in_a_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, content: bytes, words: str
) -> None:
    (tmp_path / "good.json").write_text(to_json(make_run(cases=3)), "utf-8")
    (tmp_path / "bad.json").write_bytes(content)
    status = main(["report", str(tmp_path / "good.json"), str(tmp_path / "bad.json"), "--html", str(tmp_path / "page.html")])
    said = capsys.readouterr()
    assert (status, said.out, len(said.err.splitlines())) == (2, "", 1)
    assert re.match(rf"triglot report: {re.escape(str(tmp_path / 'bad.json'))}: ", said.err)
    assert words in said.err
    assert not (tmp_path / "page.html").exists()


def test_a_report_in_the_terminal_can_tell_every_case(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    made = make_run(cases=9)
    (tmp_path / "run.json").write_text(to_json(made), "utf-8")
    for arguments, expected in (([], 0), (["-v"], len(made.cases))):
        assert main(["report", str(tmp_path / "run.json"), *arguments]) == 0
        said = capsys.readouterr().out
        assert sum(f" {case.id}  {case.duration_ms:.0f} ms" in said for case in made.cases) == expected


def test_a_badge_of_several_runs_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    results = tmp_path / "run.json"
    results.write_text(to_json(make_run(cases=3)), "utf-8")
    arguments = ["report", str(results), str(results), "--badge", str(tmp_path / "badge.svg"), "--html", str(tmp_path / "page.html")]
    assert main(arguments) == 2
    assert capsys.readouterr().err == "triglot report: --badge shows one run, and here are 2: call it for each of them\n"
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]
    assert main(["report", str(results), "--badge", str(tmp_path / "badge.svg")]) == 0


@pytest.mark.parametrize("command", ["conform", "report"])
def test_two_reports_do_not_go_to_one_file(capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str) -> None:
    results = tmp_path / "run.json"
    results.write_text(to_json(make_run(cases=3)), "utf-8")
    what = ["http://127.0.0.1:9", "--filter", "chat/answer/text"] if command == "conform" else [str(results)]
    (tmp_path / "sub").mkdir()
    arguments = [command, *what, "--html", str(tmp_path / "page"), "--junit", str(tmp_path / "sub" / ".." / "page")]
    assert main(arguments) == 2
    assert "--junit and --html name one file: " in capsys.readouterr().err


def test_a_report_that_cannot_be_written_is_told_before_anything_is(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    results = tmp_path / "run.json"
    results.write_text(to_json(make_run(cases=3)), "utf-8")
    assert main(["report", str(results), "--html", str(tmp_path / "page.html"), "--junit", str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"triglot report: {tmp_path}: Is a directory\n"
    assert not (tmp_path / "page.html").exists()


@pytest.mark.skipif(not os.access("/dev/full", os.W_OK), reason="there is no device that is full")
def test_the_file_that_does_not_fit_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    results = tmp_path / "run.json"
    results.write_text(to_json(make_run(cases=3)), "utf-8")
    assert main(["report", str(results), "--html", "/dev/full", "--junit", str(tmp_path / "junit.xml")]) == 2
    assert capsys.readouterr().err == "triglot report: /dev/full: No space left on device\n"
    assert (tmp_path / "junit.xml").exists()


@pytest.mark.usefixtures("child_path")
def test_whoever_reads_the_list_of_defects_may_stop_reading() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with subprocess.Popen([sys.executable, "-m", "faulty", "--list"], stdout=writer, stderr=subprocess.PIPE) as process:
        os.close(writer)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (141, b"")
