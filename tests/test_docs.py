"""The documents say what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from triglot.settings import SETTINGS

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(path for pattern in ("*.md", "docs/**/*.md", "specs/*.md", "recipe/*.md") for path in ROOT.glob(pattern))
COMMAND = re.compile(r"python3 -m venv .*\.venv/bin/\S+.*")


def test_ci_runs_a_command_of_the_readme():
    commands = [line for line in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines() if COMMAND.fullmatch(line)]
    assert len(commands) == 1
    assert commands[0] in (ROOT / "README.md").read_text(encoding="utf-8").splitlines()


def test_the_guide_lists_every_setting_with_its_default():
    rows = re.findall(
        r"^\| `(--[\w-]+)` \| `(\w+)` \| (?:`(.*?)`|.*?) \|", (ROOT / "docs" / "serving.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert rows == [(setting.flag, setting.variable, setting.show(setting.default)) for setting in SETTINGS]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(document):
    text = re.sub(r"^```.*?^```", "", document.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)#]+)", text):
        assert target.startswith("https://") or (document.parent / target).exists(), target
