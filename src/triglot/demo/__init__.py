"""The demo model: one million parameters, one megabyte, made by `recipe/`. It shows the plumbing; it knows next to nothing."""

from __future__ import annotations

from pathlib import Path

MODEL = Path(__file__).parent / "tiny-demo.gguf"
NAME = "tiny-demo"
CONTEXT = 32768
