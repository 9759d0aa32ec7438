from __future__ import annotations

import ast
import sys

from .conftest import ROOT

ALLOWED = {"backports", "compression", "faulty", "jsonpath_rfc9535", "jsonschema", "referencing", "triglot_conformance", "yaml"}
FUZZING = {"hypothesis", "requests", "schemathesis"}  # for one command, which says so where they are missing


def test_the_suite_imports_nothing_of_the_gateway_and_little_else() -> None:
    imported: dict[bool, set[str]] = {True: set(), False: set()}
    packages = ("triglot_conformance", "faulty")  # the scorecard is what starts the gateway, and others
    for path in (path for package in packages for path in (ROOT / "conformance" / package).rglob("*.py")):
        names = (name.partition(".")[0] for node in ast.walk(ast.parse(path.read_text())) for name in names_of(node))
        imported[path.parent.name == "fuzz"].update(names)
    assert "triglot_conformance" in imported[False]
    assert imported[False] - set(sys.stdlib_module_names) <= ALLOWED
    assert imported[True] - set(sys.stdlib_module_names) <= ALLOWED | FUZZING


def names_of(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module=str(module)):
            return [module]
        case _:
            return []
