"""The engine of a gateway lets in the gateway alone; what is loaded over HTTP can tune it and no more."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.engine.test_managed import Served, read_command, until
from tests.engine.test_stop import key_of, port_of
from triglot.backend import procfs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.engine


@pytest.fixture
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    state = ["--state", str(tmp_path / "state.sqlite3")]
    served = Served(
        "--workers",
        getattr(request, "param", "1"),
        *state,
        "--runtime-dir",
        str(tmp_path / "run"),
        "--log-level",
        "debug",
        "--api-keys",
        "K1",
    )
    served.client.headers["authorization"] = "Bearer K1"
    yield served
    served.process.kill()
    served.forget()


@pytest.mark.parametrize("served", ["1", "2"], ids=["one process", "two workers"], indirect=True)
def test_the_engine_lets_in_the_gateway_alone(served: Served, tmp_path: Path):
    keys = set()
    for _ in range(2):
        served.ask()
        [engine] = served.engines()
        url, key = f"http://127.0.0.1:{port_of(engine)}", key_of(engine)
        keys.add(key)
        for path in ("/slots", "/props", "/v1/models", "/lora-adapters"):
            assert httpx.get(url + path, headers={"authorization": f"Bearer {key}"}).status_code == 200
            for shown in ({}, {"authorization": "Bearer K1"}, {"authorization": "Bearer guessed"}):
                refusal = httpx.get(url + path, headers={"origin": "http://evil.example", **shown})
                assert refusal.status_code == 401
                assert not refusal.headers.get("access-control-allow-origin")
        assert all(key.encode() not in read_command(pid) for pid in procfs.family(served.process.pid))
        [state] = [file for file in (tmp_path / "run").iterdir() if file.is_file() and key.encode() in file.read_bytes()]
        assert (state.name, state.stat().st_mode & 0o777) == ("engine.json", 0o600)
        os.kill(engine, signal.SIGKILL)
        until(lambda engine=engine: engine not in served.engines() and served.status()["state"] == "ready")
    assert len(keys) == 2
    log = served.stop()
    assert "Bearer" not in log
    assert all(key not in log for key in keys)


def test_a_template_of_any_length_is_loaded_and_what_does_not_tune_is_refused(served: Served):
    template = "{% for message in messages %}{{ message.content }}{% endfor %}{# " + "\u4e2d" * 90_000 + " #}"
    served.load("demo", chat_template=template)
    assert served.status()["template"] == "override"
    assert served.ask(max_tokens=1)["usage"]["prompt_tokens"] < 100

    for name in ("jinja", "use_jinja", "endpoint_slots"):
        answer = served.engine("load", model="demo", flags={name: False})
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, f"flags.{name}")
