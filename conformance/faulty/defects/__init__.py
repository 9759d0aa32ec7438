"""All defects, by the layer that they are in. `DEFECTS` holds every one by its name."""

from importlib import import_module
from pkgutil import iter_modules

from faulty.hooks import DEFECTS, Defect, behaviour, defect

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["DEFECTS", "Defect", "behaviour", "defect"]
