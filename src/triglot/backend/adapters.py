"""LoRA adapters: their names, and how a request chooses one of them."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

import msgspec

from triglot.errors import ApiError, ErrorKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NO_ADAPTER: Final = frozenset({"", "none", "base"})
"""Words for the model as it is."""


class Adapter(msgspec.Struct, frozen=True):
    """A LoRA adapter that is loaded.

    Attributes:
        id: its number in the engine.
        name: what requests call it.
        scale: its strength where a request chooses none.
    """

    id: int
    name: str
    scale: float


def read_adapters(listed: Any, names: Mapping[str, str]) -> tuple[Adapter, ...]:
    """What llama-server's `GET /lora-adapters` lists.

    Args:
        listed: its answer.
        names: of adapters by their paths; the others are called by their files.
    """
    entries = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    return tuple(
        Adapter(entry["id"], names.get(path, PurePath(path).stem), float(scale))
        for entry in entries
        if isinstance(entry.get("id"), int)
        and isinstance(path := entry.get("path"), str)
        and isinstance(scale := entry.get("scale", 1.0), int | float)
    )


def choose_adapter(adapters: Sequence[Adapter], choice: str | bool | None) -> list[dict[str, Any]] | None:
    """The field `lora` of a request to llama-server; None leaves every adapter as it was loaded, or says that there is none.

    Args:
        adapters: those that are loaded.
        choice: the name of one, which then works alone, at its scale, or fully if that is 0; a word of `NO_ADAPTER` or False for
            the model as it is; None or True for all as they were loaded.

    Raises:
        ApiError: INVALID_REQUEST; none is called so.
    """
    if choice is None or choice is True:
        return None
    chosen = None
    if choice is not False and choice not in NO_ADAPTER:
        chosen = next((adapter for adapter in adapters if adapter.name == choice), None)
        if chosen is None:
            known = ", ".join(adapter.name for adapter in adapters) or "none"
            raise ApiError(ErrorKind.INVALID_REQUEST, f"No adapter is called {choice!r}; loaded are: {known}.", param="use_adapter")
    return [{"id": adapter.id, "scale": (adapter.scale or 1.0) if adapter is chosen else 0.0} for adapter in adapters] or None
