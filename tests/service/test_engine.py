"""Who may control the engine over HTTP, and with which files: in process, with an owner of the engine that only listens."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from falcon.testing import TestClient

from tests.backend.gguf_files import write_model
from triglot import demo
from triglot.app import create_app
from triglot.backend.engine_channel import EngineChannel
from triglot.backend.engine_state import EngineState, Load, write_state
from triglot.backend.orders import Order, Reply
from triglot.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOAD = Load(id="load_1", alias="m", state="loading", phase="starting", bytes_loaded=None, bytes_total=10, elapsed_s=0.0)


class Owner:
    """Takes orders and notes them."""

    def __init__(self) -> None:
        self.orders: list[Order] = []
        self.reply = Reply(load=LOAD)

    def answer(self, question: bytes) -> bytes:
        self.orders.append(msgspec.json.decode(question, type=Order))
        return msgspec.json.encode(self.reply)


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[Owner]:
    owner = Owner()
    write_state(tmp_path, EngineState(state="unloaded"))
    with EngineChannel(tmp_path, owner.answer):
        yield owner


@pytest.fixture
def models(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    (folder / "inner").mkdir(parents=True)
    write_model(folder / "inner" / "good.gguf")
    write_model(tmp_path / "outside.gguf")
    (folder / "link.gguf").symlink_to(tmp_path / "outside.gguf")
    (folder / "circle.gguf").symlink_to(folder / "circle.gguf")
    return folder.resolve()


def post(tmp_path: Path, operation: str, body: Any, headers: dict[str, str] | None = None, **settings: Any) -> Any:
    client = TestClient(create_app(Settings(runtime_dir=tmp_path, state="memory", **settings)))
    headers = {"content-type": "application/json", **(headers or {})}
    host = headers.pop("host", "127.0.0.1")
    return client.simulate_post(f"/api/engine/{operation}", body=json.dumps(body), headers=headers, host=host)


def test_an_order_reaches_the_owner_of_the_engine(tmp_path: Path, owner: Owner, models: Path):
    body = {
        "model": "inner/good.gguf",
        "adapters": [{"path": str(models / "inner" / "good.gguf"), "name": "a", "scale": 0.5}, {"path": "inner/good.gguf"}],
        "context": 512,
        "flags": {"threads": 2},
        "swap": "after",
    }
    answer = post(tmp_path, "load", body, model_dirs=(models,))
    assert answer.json["id"] == "load_1"
    [order] = owner.orders
    good = str(models / "inner" / "good.gguf")
    assert (order.do, order.swap, order.options.model, order.options.alias) == ("load", "after", good, "good")
    assert [(adapter.path, adapter.name, adapter.scale) for adapter in order.options.adapters] == [(good, "a", 0.5), (good, "good", 1.0)]
    assert (order.options.context, order.options.flags) == (512, {"threads": 2})


def test_the_demo_model_needs_no_directory(tmp_path: Path, owner: Owner):
    assert post(tmp_path, "load", {"model": "demo"}).status_code == 200
    assert owner.orders[0].options.model == str(demo.MODEL)


@pytest.mark.parametrize(
    ("name", "status", "told"),
    [
        ("missing.gguf", 404, "There is no file"),
        ("inner", 404, "There is no file"),
        ("../outside.gguf", 403, "is not in one of the directories"),
        ("link.gguf", 403, "is not in one of the directories"),
        ("/etc/passwd", 403, "is not in one of the directories"),
        ("/no/such/file", 403, "is not in one of the directories"),
        ("circle.gguf", 400, "is not a path that can be looked at"),
        ("x" * 5000, 400, "is not a path that can be looked at"),
        ("a\0b", 400, "is not a path that can be looked at"),
    ],
)
def test_files_elsewhere_are_out_of_reach(tmp_path: Path, owner: Owner, models: Path, name: str, status: int, told: str):
    answer = post(tmp_path, "load", {"model": name}, model_dirs=(models,))
    assert (answer.status_code, answer.json["error"]["param"]) == (status, "model")
    assert told in answer.json["error"]["message"]
    assert owner.orders == []


@pytest.mark.parametrize(
    ("operation", "body", "field"),
    [
        ("load", {"model": "demo", "ctx": 999}, "ctx"),
        ("load", {"model": "demo", "adapters": [{"path": "a.gguf", "weight": 1}]}, "adapters.0.weight"),
        ("validate", {"model": "demo", "n_gpu_layers": 3}, "n_gpu_layers"),
        ("cancel", {"load_id": "load_1"}, "load_id"),
    ],
)
def test_a_field_that_nobody_knows_is_refused(tmp_path: Path, owner: Owner, operation: str, body: dict[str, Any], field: str):
    answer = post(tmp_path, operation, body)
    assert (answer.status_code, answer.json["error"]["param"]) == (400, field)
    assert owner.orders == []


def test_without_directories_only_the_demo_model_can_be_loaded(tmp_path: Path, owner: Owner):
    answer = post(tmp_path, "validate", {"model": str(demo.MODEL)})
    assert answer.status_code == 403
    assert "--model-dirs" in answer.json["error"]["message"]
    assert owner.orders == []


@pytest.mark.parametrize("operation", ["load", "validate", "unload", "cancel"])
@pytest.mark.parametrize(
    ("headers", "settings", "told"),
    [
        ({}, {"host": "0.0.0.0"}, "from this machine only"),
        ({"origin": "https://evil.example"}, {}, "--allowed-origins"),
        ({"origin": "null"}, {}, "--allowed-origins"),
        ({"origin": "https://ours.example"}, {"allowed_origins": ("https://ours.example",)}, "not by way of https://ours.example"),
        ({"host": "evil.example"}, {}, "not by way of evil.example"),
    ],
)
def test_without_keys_only_programs_of_this_machine_control_the_engine(
    tmp_path: Path, owner: Owner, operation: str, headers: dict[str, str], settings: dict[str, Any], told: str
):
    answer = post(tmp_path, operation, {"model": "demo"} if operation in ("load", "validate") else {}, headers, **settings)
    assert answer.status_code == 403
    assert told in answer.json["error"]["message"]
    assert owner.orders == []


@pytest.mark.parametrize("headers", [{}, {"origin": "http://localhost:3000"}, {"host": "localhost"}])
def test_programs_of_this_machine_do(tmp_path: Path, owner: Owner, headers: dict[str, str]):
    assert post(tmp_path, "load", {"model": "demo"}, headers).status_code == 200


def test_with_keys_whoever_shows_one_does(tmp_path: Path, owner: Owner):
    settings = {"host": "0.0.0.0", "api_keys": ("secret",)}
    assert post(tmp_path, "load", {"model": "demo"}, **settings).status_code == 401
    headers = {"authorization": "Bearer secret", "origin": "https://ours.example", "host": "ours.example"}
    assert post(tmp_path, "load", {"model": "demo"}, headers, **settings).status_code == 200


def test_what_cannot_be_done_now_is_a_conflict(tmp_path: Path, owner: Owner):
    owner.reply = Reply(busy="m is being loaded")
    answer = post(tmp_path, "load", {"model": "demo"})
    assert (answer.status_code, answer.json["error"]["code"], answer.headers["retry-after"]) == (409, "engine_busy", "5")


def test_adapters_of_one_name_are_refused(tmp_path: Path, owner: Owner, models: Path):
    adapters = [{"path": "inner/good.gguf"}, {"path": "inner/good.gguf"}]
    answer = post(tmp_path, "load", {"model": "demo", "adapters": adapters}, model_dirs=(models,))
    assert (answer.status_code, answer.json["error"]["param"]) == (400, "adapters")


def test_an_option_is_no_list(tmp_path: Path, owner: Owner):
    answer = post(tmp_path, "load", {"model": "demo", "flags": {"threads": [1]}})
    assert (answer.status_code, answer.json["error"]["param"]) == (400, "flags.threads")


def test_an_owner_that_has_gone_is_told(tmp_path: Path):
    write_state(tmp_path, EngineState(state="unloaded"))
    answer = post(tmp_path, "load", {"model": "demo"})
    assert answer.status_code == 500
    assert "does not answer" in answer.json["error"]["message"]
