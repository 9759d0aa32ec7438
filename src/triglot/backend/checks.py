"""Looks whether an engine could run a model, without loading it: by the heads of its files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from triglot.backend import procfs
from triglot.backend.engine_state import ModelFacts
from triglot.backend.gguf import GgufError, GgufFile, read_gguf

if TYPE_CHECKING:
    from triglot.backend.options import EngineOptions

# Bytes of 32 values of each type that the context memory can have.
KV_BYTES: Final = {"f32": 128, "f16": 64, "bf16": 64, "q8_0": 34, "q5_1": 24, "q5_0": 22, "q4_1": 20, "q4_0": 18, "iq4_nl": 18}
_PER_BLOCK: Final = 32
_KV_DEFAULT: Final = "f16"
_VOCABULARY: Final = "tokenizer.ggml.model"


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing about the options.

    Attributes:
        field: which option.
        message: what is wrong or doubtful, and what to do.
    """

    field: str
    message: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a check found.

    Attributes:
        problems: why it cannot work; empty when it should.
        warnings: what is doubtful.
        model: what the model's file says; None when it cannot be read.
        files: every file that will be read, parts of models included.
        size_bytes: their size.
        memory_bytes: estimate of what weights and context take together, wherever they are put; None without a readable model.
        available_bytes: main memory that is free now; None where the system does not tell.
    """

    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    model: ModelFacts | None
    files: tuple[str, ...]
    size_bytes: int
    memory_bytes: int | None
    available_bytes: int | None


def check(options: EngineOptions, *, context: int | None) -> Report:
    """Check the files of `options`.

    Args:
        options: what would be loaded.
        context: tokens that the engine will have; None for what the model was trained for.
    """
    checked = _Check()
    model = checked.read(options.model, "model", "model")
    if model is not None and not model.architecture:
        checked.refuse("model", f"{Path(options.model).name} does not name its architecture.")
    if options.mmproj is not None:
        checked.read(options.mmproj, "mmproj", "projector")
    for number, adapter in enumerate(options.adapters):
        field = f"adapters.{number}.path"
        file = checked.read(adapter.path, field, "adapter")
        if file is not None and model is not None and file.architecture != model.architecture:
            checked.refuse(field, f"{adapter.name} is an adapter for {file.architecture}; the model is {model.architecture}.")
    if options.draft_model is not None:
        draft = checked.read(options.draft_model, "draft_model", "model")
        if draft is not None and model is not None and draft.text(_VOCABULARY) != model.text(_VOCABULARY):
            checked.warn("draft_model", "Its vocabulary is of another kind than the model's: it may not be taken.")
    available, memory = procfs.available_bytes(), None
    if model is not None:
        trained = model.of_architecture("context_length")
        if trained is not None and context is not None and context > trained:
            checked.warn("context", f"The model was trained for {trained} tokens; beyond them answers get worse.")
        memory = checked.size_bytes + estimate_context_memory(model, context=context or trained or 0, kv_type=options.kv_type)
    if memory is not None and available is not None and memory > available:
        checked.warn("model", f"It may take {memory} bytes of memory, and {available} are free; what is put on GPUs does not count.")
    return Report(
        problems=tuple(checked.problems),
        warnings=tuple(checked.warnings),
        model=None if model is None else _convert_facts(Path(options.model).name, model),
        files=tuple(checked.files),
        size_bytes=checked.size_bytes,
        memory_bytes=memory,
        available_bytes=available,
    )


class _Check:
    """What has been found so far."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self.files: dict[str, int] = {}

    @property
    def size_bytes(self) -> int:
        return sum(self.files.values())

    def refuse(self, field: str, message: str) -> None:
        self.problems.append(Problem(field=field, message=message))

    def warn(self, field: str, message: str) -> None:
        self.warnings.append(Problem(field=field, message=message))

    def read(self, path: str, field: str, kind: str) -> GgufFile | None:
        """The file's head, if it is one of this kind."""
        name = Path(path).name
        try:
            file = read_gguf(Path(path))
            self.files.update((str(part.resolve()), part.stat().st_size) for part in file.parts)
        except GgufError as error:
            self.refuse(field, f"{name} {error}.")
        except OSError as error:
            self.refuse(field, f"{name} cannot be read: {error.strerror}.")
        else:
            if file.kind == kind:
                return file
            self.refuse(field, f"{name} is no {kind}: it says that it is of the kind {file.kind!r}.")
        return None


def estimate_context_memory(model: GgufFile, *, context: int, kv_type: str | None) -> int:
    """Bytes of the keys and values of `context` tokens in every layer. Buffers for computing come on top."""
    heads = model.of_architecture("attention.head_count") or 1
    kv_heads = model.of_architecture("attention.head_count_kv") or heads
    width = (model.of_architecture("embedding_length") or 0) // heads
    keys = model.of_architecture("attention.key_length") or width
    values = model.of_architecture("attention.value_length") or width
    layers = model.of_architecture("block_count") or 0
    return context * layers * kv_heads * (keys + values) * KV_BYTES[kv_type or _KV_DEFAULT] // _PER_BLOCK


def _convert_facts(file_name: str, model: GgufFile) -> ModelFacts:
    return ModelFacts(
        file=file_name,
        name=model.text("general.name"),
        architecture=model.architecture,
        parameters=model.parameters,
        size_bytes=model.size_bytes,
        context_trained=model.of_architecture("context_length"),
        has_template=model.text("tokenizer.chat_template") is not None,
    )
