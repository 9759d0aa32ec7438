"""What an engine of ours is started with. Paths are absolute texts: these structs travel between processes as JSON."""

from __future__ import annotations

import msgspec


class AdapterFile(msgspec.Struct, frozen=True, kw_only=True):
    """One LoRA adapter.

    Attributes:
        path: of the GGUF file.
        name: under which requests choose it.
        scale: its strength where a request chooses none; 0 keeps it out until one does.
    """

    path: str
    name: str
    scale: float = 1.0


class EngineOptions(msgspec.Struct, frozen=True, kw_only=True):
    """One model and how it is run; None leaves it to the settings, and behind them to the engine.

    Attributes:
        model: path of the GGUF file, the first one of several parts.
        alias: the name under which the model is served.
        context: tokens, shared by the slots.
        slots: answers at the same time.
        gpu_layers: layers that are put on GPUs.
        kv_type: type of the keys and values in the context memory, such as `q8_0`.
        chat_template: Jinja text that takes the place of the model's own template.
        mmproj: path of the projector for images and sound.
        adapters: LoRA adapters.
        draft_model: path of a small model for speculative decoding.
        flags: further options of the engine by their names without dashes; true and false stand for switches.
    """

    model: str
    alias: str
    context: int | None = None
    slots: int | None = None
    gpu_layers: int | None = None
    kv_type: str | None = None
    chat_template: str | None = None
    mmproj: str | None = None
    adapters: tuple[AdapterFile, ...] = ()
    draft_model: str | None = None
    flags: dict[str, bool | int | float | str] = {}

    @property
    def files(self) -> tuple[str, ...]:
        """Every file that the engine reads; of a model in several parts, the first."""
        optional = (self.mmproj, self.draft_model, *(adapter.path for adapter in self.adapters))
        return (self.model, *(path for path in optional if path is not None))
