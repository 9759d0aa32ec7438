"""Which files may be loaded over HTTP: those in the directories that triglot was started with, and the demo model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from triglot import demo
from triglot.backend.options import AdapterFile, EngineOptions
from triglot.errors import ApiError, ErrorKind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from triglot.generated.control import models

DEMO: Final = "demo"


class ModelFiles:
    """Finds files by the names that requests give them.

    Args:
        directories: absolute, without links.
    """

    def __init__(self, directories: Sequence[Path]) -> None:
        self._directories = directories

    def read_options(self, request: models.LoadEngine | models.EngineOptions) -> EngineOptions:
        """The options of a request, with its files found.

        Raises:
            ApiError: PERMISSION or NOT_FOUND; a file is not in a directory that may be used.
        """
        model = demo.MODEL if request.model == DEMO else self.find(request.model, "model")
        adapters = tuple(
            AdapterFile(
                path=str(path := self.find(adapter.path, f"adapters.{number}.path")),
                name=adapter.name or path.stem,
                scale=1.0 if adapter.scale is None else adapter.scale,
            )
            for number, adapter in enumerate(request.adapters or ())
        )
        for name, value in (request.flags or {}).items():
            if not isinstance(value, bool | int | float | str):
                raise ApiError(ErrorKind.INVALID_REQUEST, "An option is a switch, a number or a text.", param=f"flags.{name}")
        _refuse_twins([adapter.name for adapter in adapters])
        return EngineOptions(
            model=str(model),
            alias=request.alias or (demo.NAME if request.model == DEMO else model.stem),
            context=request.context,
            slots=request.slots,
            gpu_layers=request.gpu_layers,
            kv_type=request.kv_type,
            chat_template=request.chat_template,
            mmproj=None if request.mmproj is None else str(self.find(request.mmproj, "mmproj")),
            adapters=adapters,
            draft_model=None if request.draft_model is None else str(self.find(request.draft_model, "draft_model")),
            flags=request.flags or {},
        )

    def find(self, name: str, field: str) -> Path:
        """The file of this path, or of this place below a directory.

        Raises:
            ApiError: as `read_options`. Of what is elsewhere nothing is told, not even whether it is there.
        """
        if not self._directories:
            message = "No directory is open for models: start triglot with --model-dirs to load others than the demo model."
            raise ApiError(ErrorKind.PERMISSION, message, param=field)
        try:
            places = [(directory, (directory / name).resolve()) for directory in self._directories]  # an absolute path stays as it is
            inside = [place for directory, place in places if place.is_relative_to(directory)]
            found = next((place for place in inside if place.is_file()), None)
        except (OSError, RuntimeError, ValueError):  # too long, a circle of links, a zero byte
            raise ApiError(ErrorKind.INVALID_REQUEST, f"{name!r} is not a path that can be looked at.", param=field) from None
        if found is not None:
            return found
        if inside:
            raise ApiError(ErrorKind.NOT_FOUND, f"There is no file {name!r} in the directories of --model-dirs.", param=field)
        raise ApiError(ErrorKind.PERMISSION, f"{name!r} is not in one of the directories of --model-dirs.", param=field)


def _refuse_twins(names: list[str]) -> None:
    twin = next((name for name in names if names.count(name) > 1), None)
    if twin is not None:
        raise ApiError(ErrorKind.INVALID_REQUEST, f"Two adapters are called {twin!r}: give them names.", param="adapters")
