"""Names of LoRA adapters, and what a request's choice becomes."""

from __future__ import annotations

from typing import Any

import pytest

from triglot.backend.adapters import Adapter, choose_adapter, read_adapters
from triglot.errors import ApiError, ErrorKind

LISTED = [
    {"id": 0, "path": "/models/poet.gguf", "scale": 0.0, "task_name": "", "prompt_prefix": ""},
    {"id": 1, "path": "/models/clerk-q8.gguf", "scale": 0.5},
]
ADAPTERS = (Adapter(0, "poet", 0.0), Adapter(1, "clerk", 0.5))


def test_adapters_are_called_as_they_were_loaded_or_by_their_files():
    assert read_adapters(LISTED, {"/models/clerk-q8.gguf": "clerk"}) == ADAPTERS


@pytest.mark.parametrize("listed", [None, {}, [], [1, {}, {"id": "x", "path": "p"}, {"id": 1}], {"error": {}}])
def test_what_is_no_list_of_adapters_has_none(listed: Any):
    assert read_adapters(listed, {}) == ()


@pytest.mark.parametrize(
    ("choice", "lora"),
    [
        (None, None),
        (True, None),
        ("poet", [{"id": 0, "scale": 1.0}, {"id": 1, "scale": 0.0}]),
        ("clerk", [{"id": 0, "scale": 0.0}, {"id": 1, "scale": 0.5}]),
        *((word, [{"id": 0, "scale": 0.0}, {"id": 1, "scale": 0.0}]) for word in (False, "", "none", "base")),
    ],
)
def test_a_choice_says_what_each_adapter_does(choice: str | bool | None, lora: list[dict[str, Any]] | None):
    assert choose_adapter(ADAPTERS, choice) == lora


@pytest.mark.parametrize("choice", [None, True, False, "none"])
def test_where_there_is_no_adapter_nothing_is_said_of_any(choice: str | bool | None):
    """A server that is no llama-server may refuse a field that it does not know."""
    assert choose_adapter((), choice) is None


def test_an_unknown_adapter_is_refused_with_those_there_are():
    with pytest.raises(ApiError, match="No adapter is called 'bard'; loaded are: poet, clerk") as caught:
        choose_adapter(ADAPTERS, "bard")
    assert (caught.value.kind, caught.value.param) == (ErrorKind.INVALID_REQUEST, "use_adapter")
    with pytest.raises(ApiError, match="loaded are: none"):
        choose_adapter((), "bard")
