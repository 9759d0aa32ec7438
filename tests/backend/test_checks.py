"""What is known of a model before it is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from triglot import demo
from triglot.backend import checks, procfs
from triglot.backend.checks import check
from triglot.backend.options import AdapterFile, EngineOptions

from .gguf_files import write_adapter, write_gguf, write_model

if TYPE_CHECKING:
    from pathlib import Path

DEMO = EngineOptions(model=str(demo.MODEL), alias="demo")


def problems(options: EngineOptions) -> list[tuple[str, str]]:
    return [(problem.field, problem.message) for problem in check(options, context=None).problems]


def test_the_demo_model_passes():
    report = check(DEMO, context=1024)
    assert (report.problems, report.warnings) == ((), ())
    assert report.model.architecture == "llama"
    assert report.files == (str(demo.MODEL.resolve()),)
    # Weights, and for each token 4 layers of 4 heads with 32 keys and 32 values of 2 bytes.
    assert report.memory_bytes == demo.MODEL.stat().st_size + 1024 * 4 * 4 * 64 * 2


def test_smaller_keys_and_values_take_less_memory():
    half = check(EngineOptions(model=str(demo.MODEL), alias="demo", kv_type="q8_0"), context=1024)
    assert half.memory_bytes == demo.MODEL.stat().st_size + 1024 * 4 * 4 * 64 * 34 // 32


def test_files_of_the_wrong_kind_are_named_by_their_field(tmp_path: Path):
    adapter = write_adapter(tmp_path / "adapter.gguf")
    options = EngineOptions(
        model=str(adapter),
        alias="x",
        mmproj=str(demo.MODEL),
        adapters=(AdapterFile(path=str(adapter), name="a"), AdapterFile(path=str(demo.MODEL), name="b")),
        draft_model=str(tmp_path / "gone.gguf"),
    )
    assert problems(options) == [
        ("model", "adapter.gguf is no model: it says that it is of the kind 'adapter'."),
        ("mmproj", "tiny-demo.gguf is no projector: it says that it is of the kind 'model'."),
        ("adapters.1.path", "tiny-demo.gguf is no adapter: it says that it is of the kind 'model'."),
        ("draft_model", "gone.gguf cannot be read: No such file or directory."),
    ]


def test_an_adapter_has_to_be_made_for_the_architecture(tmp_path: Path):
    adapter = write_adapter(tmp_path / "adapter.gguf", architecture="qwen3")
    options = EngineOptions(model=str(demo.MODEL), alias="x", adapters=(AdapterFile(path=str(adapter), name="poet"),))
    assert problems(options) == [("adapters.0.path", "poet is an adapter for qwen3; the model is llama.")]


def test_a_projector_is_known_by_its_architecture(tmp_path: Path):
    projector = write_gguf(tmp_path / "mmproj.gguf", {"general.architecture": "clip"})
    assert problems(EngineOptions(model=str(demo.MODEL), alias="x", mmproj=str(projector))) == []


def test_a_file_without_architecture_is_no_model(tmp_path: Path):
    nameless = write_gguf(tmp_path / "m.gguf", {"general.name": "nobody"})
    assert problems(EngineOptions(model=str(nameless), alias="x")) == [("model", "m.gguf does not name its architecture.")]


@pytest.mark.parametrize(("context", "warned"), [(4096, False), (4097, True), (None, False)])
def test_more_context_than_the_model_was_trained_for_is_doubtful(tmp_path: Path, context: int | None, warned: bool):
    report = check(EngineOptions(model=str(write_model(tmp_path / "m.gguf")), alias="x"), context=context)
    assert [warning.field for warning in report.warnings] == (["context"] if warned else [])
    assert report.problems == ()


def test_a_draft_model_of_another_vocabulary_is_doubtful(tmp_path: Path):
    draft = write_model(tmp_path / "m.gguf", **{"tokenizer.ggml.model": "llama"})
    report = check(EngineOptions(model=str(demo.MODEL), alias="x", draft_model=str(draft)), context=None)
    assert [warning.field for warning in report.warnings] == ["draft_model"]


@pytest.mark.parametrize(("available", "warned"), [(1000, True), (1 << 40, False), (None, False)])
def test_too_little_memory_is_doubtful(monkeypatch: pytest.MonkeyPatch, available: int | None, warned: bool):
    monkeypatch.setattr(procfs, "available_bytes", lambda: available)
    report = check(DEMO, context=None)
    assert bool(report.warnings) is warned
    assert report.available_bytes == available
    assert checks.KV_BYTES["f16"] == 64
