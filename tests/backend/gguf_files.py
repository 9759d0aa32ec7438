"""Writes small GGUF files, whole ones and odd ones. Source: ggml's description of the format, version 3."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

F32 = 0


def write_gguf(path: Path, metadata: dict[str, Any], tensors: dict[str, tuple[int, ...]] | None = None, *, version: int = 3) -> Path:
    """A file with these entries, and with tensors of zeros (F32) of these shapes."""
    tensors = tensors or {}
    head = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(metadata))
    for key, value in metadata.items():
        head += _text(key) + _value(value)
    offset = 0
    for name, shape in tensors.items():
        head += _text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, F32, offset)
        offset += -(-_size(shape) // 32) * 32
    path.write_bytes(head + b"\0" * (-len(head) % 32) + b"\0" * offset)
    return path


def write_model(path: Path, **changes: Any) -> Path:
    """A file that looks like a model, until an engine tries to run it."""
    metadata = {
        "general.architecture": "llama",
        "general.name": "Looks like one",
        "llama.context_length": 4096,
        "llama.embedding_length": 64,
        "llama.block_count": 2,
        "llama.attention.head_count": 4,
        "llama.attention.head_count_kv": 2,
        "tokenizer.ggml.model": "gpt2",
    }
    return write_gguf(path, {**metadata, **changes}, {"token_embd.weight": (64, 16)})


def write_adapter(path: Path, architecture: str = "llama", width: int = 128, rank: int = 2) -> Path:
    """A LoRA adapter without effect for the demo model's first layer."""
    metadata = {"general.type": "adapter", "general.architecture": architecture, "adapter.type": "lora", "adapter.lora.alpha": 1.0}
    return write_gguf(path, metadata, {"blk.0.attn_q.weight.lora_a": (width, rank), "blk.0.attn_q.weight.lora_b": (rank, width)})


def _size(shape: tuple[int, ...]) -> int:
    count = 4
    for length in shape:
        count *= length
    return count


def _text(text: str) -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode()


def _value(value: Any) -> bytes:
    match value:
        case bool():
            return struct.pack("<I?", 7, value)
        case int():
            return struct.pack("<II", 4, value)
        case float():
            return struct.pack("<If", 6, value)
        case str():
            return struct.pack("<I", 8) + _text(value)
        case list():
            return struct.pack("<IIQ", 9, 4, len(value)) + struct.pack(f"<{len(value)}I", *value)
    raise TypeError(type(value))
