"""What `triglot serve` says when it is ready: where each dialect is, what is behind it, and one command to try."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triglot import __version__, demo

if TYPE_CHECKING:
    from triglot.settings import Settings

DEMO_NOTE = """
This is the tiny demo model: one million parameters, a handful of tricks. It shows that everything works, and it knows next to nothing.
Run a real model with: triglot serve --model FILE.gguf
"""


def origin(host: str, port: int) -> str:
    """`http://host:port` as a client on this machine writes it."""
    if host in {"0.0.0.0", ""}:  # noqa: S104 - recognised, not bound
        host = "127.0.0.1"
    elif host == "::":
        host = "::1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def render(settings: Settings, port: int, backend: str, *, is_demo: bool) -> str:
    """The banner, for a gateway on `port` in front of `backend`, a title or a URL."""
    root = origin(settings.host, port)
    key = " -H 'authorization: Bearer YOUR_KEY'" if settings.api_keys else ""
    model = demo.NAME if is_demo else "local"
    question = f'{{"model": "{model}", "messages": [{{"role": "user", "content": "What is the capital of France?"}}]}}'
    return f"""triglot {__version__} in front of {backend}
{DEMO_NOTE if is_demo else ""}
  Chat Completions   {root}/v1   base URL for the openai SDK
  Responses          {root}/v1   base URL for the openai SDK, Codex CLI
  Messages           {root}      base URL for the anthropic SDK, Claude Code

Try it:
  curl {root}/v1/chat/completions{key} -H 'content-type: application/json' -d '{question}'
"""
