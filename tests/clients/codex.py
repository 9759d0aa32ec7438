"""Codex CLI as docs/clients.md sets it up."""

from __future__ import annotations

import base64
import datetime as dt
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
    blocks = re.findall(rf"^( *)```{language}\n(.*?)^ *```", chapter, flags=re.DOTALL | re.MULTILINE)
    return [re.sub(f"^{indent}", "", block, flags=re.MULTILINE) for indent, block in blocks]


def guide_config(url: str) -> str:
    """The guide's config.toml, for a gateway with this root URL and a model of our own."""
    config = guide_blocks("toml")[0]
    assert 'model = "tiny-demo"' in config
    assert "http://127.0.0.1:8420" in config
    return config.replace('model = "tiny-demo"', f'model = "{MODEL}"').replace("http://127.0.0.1:8420", url)


def built_in_config(url: str) -> str:
    """The guide's config.toml, with Codex's own provider turned to the gateway."""
    provider = 'model_provider = "triglot"'
    config = guide_config(url)
    assert provider in config
    return config.replace(provider, f'openai_base_url = "{url}/v1"')


def signed_in_config(url: str) -> str:
    """The guide's config.toml, for somebody who has an account instead of a key; its server's place is taken by the gateway as well."""
    key = 'env_key = "TRIGLOT_KEY"'
    config = guide_config(url)
    assert key in config
    return f'chatgpt_base_url = "{url}"\n' + config.replace(key, "requires_openai_auth = true")


def login() -> str:
    """The auth.json of somebody who has signed in with an account; the tokens are made up, and signed by nobody."""
    claims = {
        "email": "somebody@example.invalid",
        "exp": 4102444800,  # the year 2100
        "https://api.openai.com/auth": {"chatgpt_account_id": "account", "chatgpt_plan_type": "pro", "chatgpt_user_id": "user"},
    }
    parts = (json.dumps({"alg": "none", "typ": "JWT"}), json.dumps(claims), "signature")
    token = ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)
    tokens = {"id_token": token, "access_token": token, "refresh_token": "refresh", "account_id": "account"}
    now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return json.dumps({"auth_mode": "chatgpt", "OPENAI_API_KEY": None, "tokens": tokens, "last_refresh": now})


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
