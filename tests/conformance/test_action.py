"""The GitHub Action: its shell runs here as it would there, with variables in place of inputs."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from triglot_conformance.cli import main

from .conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
INPUT = re.compile(r"inputs\.([a-z-]+)")
STUB = f"""#!{sys.executable}
import json, os, pathlib, sys
told = {{"arguments": sys.argv[1:], "key": os.environ.get("CONFORM_API_KEY")}}
pathlib.Path(os.environ["STUB_TOLD"]).write_text(json.dumps(told))
for argument in sys.argv:
    if argument.startswith("--markdown="):
        pathlib.Path(argument.partition("=")[2]).write_text("# Summary\\n" + "x" * int(os.environ.get("STUB_LENGTH", "0")))
sys.exit(int(os.environ.get("STUB_STATUS", "0")))
"""
CONFORM = f"""#!{sys.executable}
import sys
from triglot_conformance.cli import main
sys.exit(main())
"""


def step(name: str) -> dict[str, Any]:
    [found] = [step for step in STEPS if step.get("name") == name]
    return found


def run(folder: Path, command: str, inputs: dict[str, str], **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the step `Conform` in a folder as a runner would, with a script in the place of the installed command."""
    triglot = folder / "runner" / "triglot" / "bin" / "triglot"
    triglot.parent.mkdir(parents=True)
    triglot.write_text(command)
    triglot.chmod(triglot.stat().st_mode | stat.S_IXUSR)
    values = {name: source.get("default", "") for name, source in ACTION["inputs"].items()} | inputs
    conform = step("Conform")
    given = {name: re.sub(r"\$\{\{ inputs\.([a-z-]+) \}\}", lambda found: values[found[1]], text) for name, text in conform["env"].items()}
    (folder / "work").mkdir()
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", conform["run"]],
        cwd=folder / "work",
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "RUNNER_TEMP": str(folder / "runner"),
            "GITHUB_OUTPUT": str(folder / "output"),
            "GITHUB_STEP_SUMMARY": str(folder / "summary"),
            "STUB_TOLD": str(folder / "told"),
            **given,
            **environment,
        },
        check=False,
        capture_output=True,
        text=True,
    )


def told(folder: Path) -> Any:
    return json.loads((folder / "told").read_text())


def test_every_input_is_used_and_none_is_made_up() -> None:
    used = set(INPUT.findall(json.dumps(STEPS)))
    assert used == set(ACTION["inputs"])
    assert all(source["description"] for source in [*ACTION["inputs"].values(), *ACTION["outputs"].values()])


def test_every_option_that_a_pipeline_may_need_is_an_input(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["conform", "--help"])
    options = set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
    used = set(re.findall(r"--[a-z-]+", step("Conform")["run"]))
    assert options - used == {"--help", "--list", "--specs", "--api-key"}


def test_no_input_becomes_a_part_of_a_script() -> None:
    scripts = [step["run"] for step in STEPS if "run" in step]
    assert len(scripts) == 2
    assert not [script for script in scripts if "${{" in script]
    assert all(step["shell"] == "bash" for step in STEPS if "run" in step)


def test_reports_are_kept_whatever_came_out() -> None:
    assert step("Keep the reports")["if"].startswith("always()")


def test_with_nothing_but_an_url_the_defaults_are_asked_for(tmp_path: Path) -> None:
    done = run(tmp_path, STUB, {"url": "http://127.0.0.1:8080"})
    assert done.returncode == 0, done.stderr
    report = tmp_path / "work" / "conformance-report"
    assert told(tmp_path)["arguments"] == [
        "conform",
        "--no-progress",
        "--level=SHOULD",
        "--jobs=4",
        "--timeout=60",
        f"--json={report}/results.json",
        f"--junit={report}/junit.xml",
        f"--markdown={report}/summary.md",
        f"--html={report}/report.html",
        f"--badge={report}/badge.svg",
        "--",
        "http://127.0.0.1:8080",
    ]
    assert (tmp_path / "summary").read_text() == "# Summary\n"
    assert (tmp_path / "output").read_text() == f"status=0\nresults={report}/results.json\n"


def test_lists_have_one_value_in_a_line_and_whatever_stands_in_it_stays_a_value(tmp_path: Path) -> None:
    nasty = "$(touch hacked) `touch hacked` \"'; touch hacked #"
    inputs = {
        "url": "--help",
        "name": nasty,
        "filter": "chat/*\n\n  messages/stream/*  \n",
        "dialects": "chat\nmessages",
        "without": "logprobs",
        "with": "small-context",
        "headers": f"X-Proxy: a\nX-Other:{nasty}",
        "cases": "own cases",
        "verbose": "true",
        "api-key": "secret",
        "report-dir": "-r/a b",
    }
    done = run(tmp_path, STUB, inputs)
    assert done.returncode == 0, done.stderr
    arguments = told(tmp_path)["arguments"]
    assert f"--name={nasty}" in arguments
    assert [argument for argument in arguments if argument.startswith("--filter")] == ["--filter=chat/*", "--filter=messages/stream/*"]
    assert [argument for argument in arguments if argument.startswith("--dialect")] == ["--dialect=chat", "--dialect=messages"]
    assert [argument for argument in arguments if argument.startswith("--header")] == ["--header=X-Proxy: a", f"--header=X-Other:{nasty}"]
    assert {"--with=small-context", "--cases=own cases", "--verbose"} <= {*arguments}
    assert arguments[-2:] == ["--", "--help"]
    assert told(tmp_path)["key"] == "secret"
    assert not [argument for argument in arguments if "secret" in argument]
    assert "--api-key-env=CONFORM_API_KEY" in arguments
    assert (tmp_path / "work" / "-r" / "a b" / "summary.md").is_file()
    assert not list(tmp_path.rglob("hacked"))


@pytest.mark.parametrize("status", [1, 2])
def test_the_step_fails_as_the_command_does_and_still_tells_what_there_is(tmp_path: Path, status: int) -> None:
    assert run(tmp_path, STUB, {"url": "http://x"}, STUB_STATUS=str(status), STUB_LENGTH="2000000").returncode == status
    assert f"status={status}\n" in (tmp_path / "output").read_text()
    assert len((tmp_path / "summary").read_text()) == 1_000_000


def test_the_real_command_takes_what_the_action_gives_it(tmp_path: Path) -> None:
    inputs = {"url": "http://127.0.0.1:1", "filter": "chat/*", "dialects": "chat", "without": "logprobs", "headers": "X-Proxy: a"}
    done = run(tmp_path, CONFORM, inputs | {"verbose": "true", "with": "small-context"})
    assert (done.returncode, "cannot be reached" in done.stderr) == (2, True), done.stderr


@pytest.mark.parametrize(
    ("version", "wanted"), [("", "/action[conformance]"), ("1.2", "triglot[conformance]==1.2"), ("1 -e /", "==1 -e /")]
)
def test_it_installs_its_own_commit_or_the_version_that_is_named(tmp_path: Path, version: str, wanted: str) -> None:
    python = tmp_path / "python"
    python.write_text('#!/bin/bash\nmkdir -p "$3/bin"\ncp "$0" "$3/bin/python"\nprintf "%s\\n" "$@" > "$RUNNER_TEMP/told"\n')
    python.chmod(0o755)
    environment = {"PATH": os.environ["PATH"], "RUNNER_TEMP": str(tmp_path), "GITHUB_ACTION_PATH": "/action", "PYTHON": str(python)}
    command = ["bash", "-c", step("Install")["run"]]
    done = subprocess.run(command, cwd=tmp_path, env={**environment, "VERSION": version}, check=False, capture_output=True)
    assert done.returncode == 0, done.stderr
    *_, end, last = (tmp_path / "told").read_text().splitlines()
    assert end == "--"
    assert last.endswith(wanted)
