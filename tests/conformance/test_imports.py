from __future__ import annotations

import ast
import sys

from .conftest import ROOT

ALLOWED = {"backports", "compression", "faulty", "jsonpath_rfc9535", "jsonschema", "triglot_conformance", "yaml"}


def test_the_suite_imports_nothing_of_the_gateway_and_little_else() -> None:
    imported = {
        name.partition(".")[0]
        for path in (ROOT / "conformance").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        for name in names_of(node)
    }
    assert "triglot_conformance" in imported
    assert imported - set(sys.stdlib_module_names) <= ALLOWED


def names_of(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module=str(module)):
            return [module]
        case _:
            return []
