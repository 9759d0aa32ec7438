"""Imports point one way: a module uses those below it, never those above."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src"

# What each part of the package may import of the package, beside itself. The longest name that fits a module counts.
FOUNDATION = {"backend.profiles", "errors", "events", "generated", "order", "sse", "support"}
MAY_IMPORT = {
    "__init__": set(),
    "__main__": {"cli"},
    "cli": {
        "__init__",
        "app",
        "banner",
        "backend",
        "backend.engine_owner",
        "backend.launch",
        "logs",
        "loopback",
        "runtime_directory",
        "settings",
        "socket_protocol",
        "state",
        "write_limit",
    },
    "banner": {"__init__", "demo", "settings"},
    "app": {"dialects", "errors", "generated", "logs", "loopback", "origins", "service", "settings", "state", "web", "web_socket"},
    "service": {"__init__", "backend", "demo", "dialects", "logs", "loopback", "media", "settings", "state", "web", *FOUNDATION},
    "dialects": FOUNDATION,
    "backend": {"__init__", "backend.profiles", "errors", "events", "sse"},
    "backend.launch": {"backend", "demo", "settings"},
    "backend.engine_owner": {"backend", "backend.launch", "settings"},
    "media": {"__init__", "backend", "errors"},
    "state": {"errors"},
    "backend.profiles": set(),
    "web": {"content_encoding", "errors", "logs", "validation", "web_socket"},
    "logs": {"errors", "events"},
    "web_socket": {"errors"},
    "socket_protocol": {"web_socket", "write_limit"},
    "write_limit": {"web_socket"},
    "content_encoding": {"errors"},
    "validation": set(),
    "settings": {"backend.profiles", "origins"},
    "demo": set(),
    "generated": {"errors", "order", "support", "web"},
    "support": set(),
    "order": set(),
    "sse": set(),
    "events": {"errors"},
    "loopback": set(),
    "origins": {"errors", "loopback"},
    "runtime_directory": set(),
    "errors": set(),
}
# Libraries that only these parts may import.
ONLY_IN = {
    "httpx": {"backend.client", "backend.transport", "backend.exchange", "backend.pool", "backend.http1", "media.fetch"},
    "httptools": {"backend.http1"},
    "falcon": {"app", "cli", "generated", "web", "web_socket"},
    "pydantic": {"generated", "validation", "web"},
    "pydantic_core": {"dialects", "validation"},
    "backports": {"content_encoding"},
    "compression": {"content_encoding"},
    "PIL": {"media.images"},
    "pypdf": {"media.documents"},
    "uvicorn": {"cli", "socket_protocol", "write_limit"},
    "cryptography": {"state.seal"},
    "xllamacpp": {"backend.engine"},
    "triglot_conformance": {"cli"},  # hands the suite's commands on to it
}
# The last two come with pydantic; from Python 3.14 on, backports.zstd is compression.zstd.
DEPENDENCIES = {
    *("backports", "compression", "cryptography"),
    *("falcon", "httptools", "httpx", "msgspec", "pydantic", "uvicorn", "xllamacpp", "PIL", "pypdf", "pydantic_core", "typing_extensions"),
    "triglot_conformance",
}

MODULES = {
    ".".join(path.relative_to(SOURCE / "triglot").with_suffix("").parts): path for path in sorted((SOURCE / "triglot").rglob("*.py"))
}


def imported_by(path: Path) -> set[str]:
    """The full names of all modules that `path` imports, also within functions and for type checking."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = path.relative_to(SOURCE).parent.parts
                base = ".".join([*package[: len(package) - node.level + 1], *([base] if base else [])])
            # `from triglot import demo` names a module; `from triglot.errors import ApiError` does not.
            inner = {f"{base}.{alias.name}" for alias in node.names}
            modules = {name for name in inner if is_module(name)}
            names |= modules or {base}
            if modules and modules != inner:
                names.add(base)
    return names


def is_module(name: str) -> bool:
    path = SOURCE.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or path.is_dir()


def part_of(module: str, parts: set[str]) -> str:
    """The most exact of `parts` that `module` belongs to."""
    fitting = [part for part in parts if module == part or module.startswith(part + ".")]
    assert fitting, f"{module} belongs to no part: give it a row in the table"
    return max(fitting, key=len)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_what_is_below_it(module):
    part = part_of(module, set(MAY_IMPORT))
    for name in imported_by(MODULES[module]):
        if name.partition(".")[0] == "triglot":
            target = name.removeprefix("triglot").removeprefix(".") or "__init__"
            assert part_of(target, set(MAY_IMPORT)) in {part, *MAY_IMPORT[part]}, f"{module} -> {target}"


@pytest.mark.parametrize("module", MODULES)
def test_a_library_is_imported_only_where_it_belongs(module):
    for name in imported_by(MODULES[module]):
        library = name.partition(".")[0]
        if library == "triglot" or library in sys.stdlib_module_names:
            continue
        assert library in DEPENDENCIES, f"{module} -> {name}"
        if library in ONLY_IN:
            assert any(module == part or module.startswith(part + ".") for part in ONLY_IN[library]), f"{module} -> {name}"


def test_the_tables_name_what_exists():
    parts = set(MAY_IMPORT) | set().union(*MAY_IMPORT.values(), *ONLY_IN.values())
    assert {part for part in parts if not any(module == part or module.startswith(part + ".") for module in MODULES)} == set()


def test_the_layers_have_no_cycle():
    done: set[str] = set()
    while len(done) < len(MAY_IMPORT):
        ready = {part for part, below in MAY_IMPORT.items() if part not in done and below <= done}
        assert ready, f"a cycle among {sorted(set(MAY_IMPORT) - done)}"
        done |= ready


def test_dialects_know_neither_the_web_nor_the_backend():
    assert not MAY_IMPORT["dialects"] & {"web", "backend", "service", "app", "settings"}
    assert not any(part.startswith("dialects") for library in ("falcon", "httpx") for part in ONLY_IN[library])
