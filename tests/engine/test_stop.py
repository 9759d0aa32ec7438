"""A stop gives the slot of the real engine back long before the work would have been done; a dead engine is told of, and replaced.

Bounds are shares of what the stopped work would have taken, so that a slow machine is as good as a fast one. `python -m bench.stops`
measures milliseconds.
"""

from __future__ import annotations

import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from bench.stopping import PHASES, choose_endless_engine, write_endless_model
from bench.stops import LOADS, STOPS, Situation, Stand, open_stand
from bench.traffic import PATHS
from tests.engine.test_managed import Served, ends, read_command, until
from triglot.backend import procfs
from triglot.backend.process import EngineProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.engine

PROMPT_TOKENS = 50_000
STORY = "Once upon a time there was a king."
BODIES: dict[str, dict[str, Any]] = {
    "chat": {"model": "m", "messages": [{"role": "user", "content": STORY}]},
    "responses": {"model": "m", "input": STORY, "store": False},
    "messages": {"model": "m", "max_tokens": 20_000, "messages": [{"role": "user", "content": STORY}]},
}
LIMITS = {"chat": "max_tokens", "responses": "max_output_tokens", "messages": "max_tokens"}
ERRORS = {"chat": None, "responses": "response.failed", "messages": "error"}


@pytest.fixture(scope="module")
def endless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_endless_model(tmp_path_factory.mktemp("models") / "endless.gguf")


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    with open_stand() as stand:
        yield stand


@pytest.mark.parametrize("load", LOADS)
@pytest.mark.parametrize("phase", PHASES)
def test_a_stop_frees_the_slot(stand: Stand, phase: str, load: str):
    with stand.load(load):
        for stop, dialect, stream in product(STOPS, PATHS, (True, False)):
            situation = Situation(load, phase, stop, dialect, stream)
            found = stand.stop_one(situation)
            if phase == "prefill":
                # Reading is the slower the more has been read: the rest would have taken at least this long.
                assert found.tokens < PROMPT_TOKENS, situation
                assert found.free_ms < 0.2 * PROMPT_TOKENS / max(found.tokens, 1) * found.taken_ms, (situation, found)
            else:
                assert found.free_ms < 10_000, (situation, found)  # an endless answer: whatever is not noticed takes minutes


def test_the_engine_can_stop_after_each_micro_batch(endless: Path):
    body = {"stream": True, "return_progress": True, "max_tokens": 1, "messages": [{"role": "user", "content": STORY * 200}]}
    with (
        EngineProcess(choose_endless_engine(endless), start_timeout_s=60) as engine,
        httpx.stream(
            "POST", f"{engine.url}/v1/chat/completions", json=body, headers={"authorization": f"Bearer {engine.key}"}, timeout=60
        ) as answer,
    ):
        events = [json.loads(line[6:]) for line in answer.iter_lines() if line.startswith("data: {")]
    read = [event["prompt_progress"]["processed"] for event in events if "prompt_progress" in event]
    assert read[-1] > 3000
    assert max(after - before for before, after in zip([0, *read], read, strict=False)) <= 512


@pytest.fixture(scope="module")
def served(endless: Path) -> Iterator[Served]:
    served = Served("--model", str(endless), "--context", "32768")
    yield served
    served.stop()


def decoding(engine: int) -> int:
    """How many slots are well in their answers."""
    slots = httpx.get(f"http://127.0.0.1:{port_of(engine)}/slots", headers={"authorization": f"Bearer {key_of(engine)}"}).json()
    return sum(slot["is_processing"] and slot["next_token"][0]["n_decoded"] > 50 for slot in slots)


def engines_under(served: Served) -> list[int]:
    return [pid for pid in served.engines() if pid != served.process.pid]


def port_of(engine: int) -> int:
    words = read_command(engine).split(b"\0")
    return int(words[words.index(b"--port") + 1])


def key_of(engine: int) -> str:
    """Only the user of the process can read it there."""
    variables = Path(f"/proc/{engine}/environ").read_bytes().split(b"\0")
    return next(one.partition(b"=")[2].decode() for one in variables if one.startswith(b"LLAMA_API_KEY="))


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
def test_a_killed_engine_is_an_error_in_each_dialect_and_the_next_requests_are_served(served: Served, stream: bool):
    def ask(dialect: str) -> tuple[httpx.Response, float]:
        answer = served.client.post(PATHS[dialect], json={**BODIES[dialect], "stream": stream})
        return answer, time.monotonic()

    until(lambda: served.client.get("/health").status_code == 200)
    [engine] = engines_under(served)
    with ThreadPoolExecutor(len(PATHS)) as pool:
        asked = {dialect: pool.submit(ask, dialect) for dialect in PATHS}
        until(lambda: decoding(engine) == len(PATHS))
        os.kill(engine, signal.SIGKILL)
        killed = time.monotonic()
        for dialect, future in asked.items():
            answer, ended = future.result()
            assert ended - killed < 20
            if stream:
                assert answer.status_code == 200
                last = json.loads(answer.text.rpartition("data: ")[2])
                assert last.get("type") == ERRORS[dialect]
                assert (last["response"] if dialect == "responses" else last)["error"]["message"]
            else:
                assert answer.status_code == 502, answer.text
                assert answer.json()["error"]["message"]
    for dialect, limit in LIMITS.items():
        answer = served.client.post(PATHS[dialect], json={**BODIES[dialect], limit: 16})
        assert answer.status_code == 200, answer.text
    assert engine not in engines_under(served)


@pytest.mark.parametrize("after_s", [0.0, 0.1, 0.3])
def test_no_engine_outlives_a_triglot_that_is_killed_while_it_loads(endless: Path, tmp_path: Path, after_s: float):
    second = tmp_path / "second.gguf"
    second.write_bytes(endless.read_bytes())
    served = Served("--model-dirs", str(tmp_path), "--model", str(endless), "--context", "4096")
    family = procfs.family(served.process.pid)
    assert served.engine("load", model="second.gguf").json()["state"] == "loading"
    time.sleep(after_s)  # a moment of the load, whichever it is
    family += procfs.family(served.process.pid)
    served.process.kill()
    assert all(ends(pid) for pid in family)
    until(lambda: not engines_of(second))
    served.forget()


def engines_of(model: Path) -> list[int]:
    """All processes on this machine that run a model, whoever started them."""
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [pid for pid in pids if str(model).encode() in read_command(pid)]
