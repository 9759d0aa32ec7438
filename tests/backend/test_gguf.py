"""Heads of GGUF files, whole and damaged."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triglot import demo
from triglot.backend.gguf import GgufError, read_gguf

from .gguf_files import write_gguf, write_model

if TYPE_CHECKING:
    from pathlib import Path

DEMO = demo.MODEL.read_bytes()


def test_the_demo_model_is_read():
    file = read_gguf(demo.MODEL)
    assert (file.version, file.architecture, file.kind) == (3, "llama", "model")
    assert file.parameters == 955_520
    assert file.size_bytes == len(DEMO)
    assert file.of_architecture("context_length") == 32_768
    assert file.text("tokenizer.chat_template").startswith("{#-")


def test_a_list_with_an_entry_for_each_layer_counts_with_its_largest(tmp_path: Path):
    file = read_gguf(write_model(tmp_path / "m.gguf", **{"llama.attention.head_count_kv": [2, 8, 4]}))
    assert file.of_architecture("attention.head_count_kv") == 8


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "does not begin with GGUF"),
        (b"GGML" + DEMO[4:], "does not begin with GGUF"),
        (b"GGUF", "cut off within its head"),
        (b"GGUF" + struct.pack("<I", 1) + DEMO[8:], "is of version 1 of the format"),
        (b"GGUF" + struct.pack(">I", 7) + DEMO[8:], "is of version 7 of the format"),
        (DEMO[:8] + struct.pack("<Q", 1 << 60) + DEMO[16:], "claims 1152921504606846976 tensors"),
        (DEMO[:16] + struct.pack("<Q", 1 << 60) + DEMO[24:], "claims 1152921504606846976 metadata entries"),
        (DEMO[:24] + struct.pack("<Q", 1 << 60) + DEMO[32:], "a text in its head claims"),
        (DEMO[:32] + b"\xff" * 20 + DEMO[52:], "is not UTF-8"),
        (DEMO[:52] + struct.pack("<I", 99) + DEMO[56:], "of type 99, which the format does not have"),
        (DEMO[:5000], "entries of tokenizer.ggml.tokens"),
        (DEMO[:-1], r"is cut off: it has 1043967 bytes, and blk\.3\.ffn_down\.weight goes to 1043968"),
    ],
)
def test_a_damaged_file_is_refused_in_words(tmp_path: Path, content: bytes, told: str):
    path = tmp_path / "m.gguf"
    path.write_bytes(content)
    with pytest.raises(GgufError, match=told):
        read_gguf(path)


@settings(max_examples=300, deadline=None)
@given(at=st.integers(0, 30_000), change=st.binary(min_size=1, max_size=8))
def test_no_damage_to_the_head_does_more_than_raise(tmp_path_factory: pytest.TempPathFactory, at: int, change: bytes):
    path = tmp_path_factory.getbasetemp() / "damaged.gguf"
    path.write_bytes(DEMO[:at] + change + DEMO[at + len(change) :])
    try:
        read_gguf(path)
    except GgufError as error:
        assert str(error)  # noqa: PT017 - what counts is that nothing else is raised


@settings(max_examples=100, deadline=None)
@given(length=st.integers(0, len(DEMO) - 1))
def test_no_cut_goes_unnoticed(tmp_path_factory: pytest.TempPathFactory, length: int):
    path = tmp_path_factory.getbasetemp() / "cut.gguf"
    path.write_bytes(DEMO[:length])
    with pytest.raises(GgufError):
        read_gguf(path)


def test_a_model_in_parts_is_read_as_one(tmp_path: Path):
    names = [tmp_path / f"big-{number:05}-of-00003.gguf" for number in (1, 2, 3)]
    for name in names:
        write_gguf(name, {"general.architecture": "llama", "split.count": 3}, {"weight": (8, 4)})
    whole = read_gguf(names[0])
    assert whole.parts == tuple(names)
    assert whole.parameters == 3 * 32
    assert whole.size_bytes == sum(name.stat().st_size for name in names)
    with pytest.raises(GgufError, match=r"name the file that ends in -00001-of-00003\.gguf"):
        read_gguf(names[1])
    names[2].unlink()
    with pytest.raises(GgufError, match=r"big-00003-of-00003\.gguf is missing"):
        read_gguf(names[0])
