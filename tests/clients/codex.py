"""Codex CLI as docs/clients.md sets it up."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT: Final = Path(__file__).parents[2]
KEY: Final = "dummy-key"
MODEL: Final = "scripted"
ENVIRON: Final = {"TRIGLOT_KEY": KEY}
# There is nobody to ask for leave, and every run has a place of its own.
EXEC: Final = ("exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox")


def guide_blocks(language: str) -> list[str]:
    """The code blocks of the guide's chapter on Codex."""
    guide = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
    chapter = guide.split("### Codex CLI\n")[1].split("\n### ")[0]
    return re.findall(rf"^```{language}\n(.*?)^```", chapter, flags=re.DOTALL | re.MULTILINE)


def guide_config(url: str) -> str:
    """The guide's config.toml, for a gateway with this root URL and a model of our own."""
    config = guide_blocks("toml")[0]
    assert 'model = "tiny-demo"' in config
    assert "http://127.0.0.1:8420" in config
    return config.replace('model = "tiny-demo"', f'model = "{MODEL}"').replace("http://127.0.0.1:8420", url)


def overrides(config: Mapping[str, Any]) -> list[str]:
    """Flags that overrule config.toml, by the dotted names of its values."""
    return [flag for name, value in config.items() for flag in ("-c", f"{name}={json.dumps(value)}")]


def items_of(document: Any, kind: str) -> list[Any]:
    """The input items of one type that a request has."""
    return [item for item in document["input"] if item["type"] == kind]


def tools_of(document: Any) -> dict[str, Any]:
    """The tools that a request offers, by name; the hosted ones, which have none, by their type."""
    offered = [*document.get("tools", ()), *(tool for item in items_of(document, "additional_tools") for tool in item["tools"])]
    return {tool.get("name", tool["type"]): tool for tool in offered}
