"""The suite as it is installed: a wheel holds all that it needs, wherever it is run."""

from __future__ import annotations

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from triglot_conformance.results import to_json

from .conftest import CASES, ROOT
from .synthetic import make_run

MOST_BYTES = 6_000_000


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=ROOT, check=True, capture_output=True)
    [built] = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel in it; what it depends on is borrowed from this one."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(python),
        "install",
        "--no-deps",
        "--no-index",
        "--no-compile",
        "--quiet",
        str(wheel),
    ]
    subprocess.run(pip, check=True, capture_output=True)
    [packages] = folder.glob("lib/python*/site-packages")
    borrowed = [path for path in sys.path if path.endswith("site-packages")]  # a path file in there is not followed
    (packages / "borrowed.pth").write_text("\n".join(borrowed))
    return folder


def run(installed: Path, folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [installed / "bin" / arguments[0], *arguments[1:]], cwd=folder, env={"PATH": ""}, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_lies_where_it_is_installed_and_finds_its_data_there(installed: Path, tmp_path: Path) -> None:
    code = "from triglot_conformance import locations as l; print(l.CASES, l.RECORDINGS, l.SETUPS, l.SPECS, sep='\\n')"
    for line in run(installed, tmp_path, "python", "-c", code).splitlines():
        assert Path(line).is_relative_to(installed)
        assert Path(line).exists()


def test_it_checks_its_own_cases_from_anywhere(installed: Path, tmp_path: Path) -> None:
    said = run(installed, tmp_path, "python", "-m", "triglot_conformance", "check", "--filter", "*/stream/t*")
    assert " 0 failed" in said


def test_it_lists_its_cases_from_anywhere(installed: Path, tmp_path: Path) -> None:
    said = run(installed, tmp_path, "triglot", "conform", "--list")
    listed = {line.partition("\t")[0] for line in said.splitlines()}
    assert {case_id.partition("/")[0] for case_id in listed} == {"chat", "responses", "messages"}
    assert all((CASES / case_id / "case.yaml").is_file() for case_id in listed)


def test_it_makes_reports_from_anywhere(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(to_json(make_run(cases=9)), "utf-8")
    assert "of 9 hold" in run(installed, tmp_path, "triglot", "report", "run.json")
    run(installed, tmp_path, "triglot", "report", "run.json", "--html", "page.html", "--badge", "badge.svg")
    assert "<style>" in (tmp_path / "page.html").read_text("utf-8")


def test_the_wheel_holds_every_case_as_it_stands_and_nothing_that_is_not_asked_for(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        prefix = "triglot_conformance/data/cases/"
        cases = [path for path in CASES.rglob("*") if path.is_file()]
        assert {name for name in names if name.startswith(prefix)} == {prefix + path.relative_to(CASES).as_posix() for path in cases}
        sample = CASES / "chat" / "stream" / "carriage-returns" / "expected.sse"
        assert archive.read(prefix + "chat/stream/carriage-returns/expected.sse") == sample.read_bytes()
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"triglot", "triglot_conformance"}
    assert wheel.stat().st_size < MOST_BYTES


def test_the_archive_of_sources_can_build_the_same_wheel(tmp_path: Path, wheel: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build"]
    subprocess.run([*build, "-t", "sdist", "-d", tmp_path], cwd=ROOT, check=True, capture_output=True)
    [archive] = tmp_path.glob("*.tar.gz")
    subprocess.run(["tar", "-xzf", archive, "-C", tmp_path], check=True)
    [sources] = [path for path in tmp_path.iterdir() if path.is_dir()]
    subprocess.run([*build, "-t", "wheel", "-d", tmp_path], cwd=sources, check=True, capture_output=True)
    [again] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(again) as one, zipfile.ZipFile(wheel) as other:
        assert set(one.namelist()) == set(other.namelist())
