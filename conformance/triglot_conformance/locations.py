"""Where the suite's data lie: in the installed package, or beside it in the repository."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_INSTALLED = _PACKAGE / "data"
_IS_INSTALLED = _INSTALLED.is_dir()
_SUITE = _INSTALLED if _IS_INSTALLED else _PACKAGE.parent

CASES = _SUITE / "cases"
RECORDINGS = _SUITE / "recordings" / "llama-server-b11549"
SETUPS = _SUITE / "setups.yaml"
SPECS = (_INSTALLED if _IS_INSTALLED else _SUITE.parent) / "specs"
