"""Runs all comparisons over a specs folder."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from codegen.drift.compare import Comparison, Difference, Direction, Kind
from codegen.drift.contract import Contract, where
from codegen.drift.extract import Extractor
from codegen.drift.roots import load_type
from codegen.drift.shape import BrokenInputError, merge
from codegen.source import find_dialects, read_dialect

if TYPE_CHECKING:
    from pathlib import Path

    from codegen.drift.roots import Root
    from codegen.drift.shape import Shape
    from codegen.source import Dialect

DIRECTIONS = {"request": Direction.REQUEST, "query": Direction.REQUEST}
# Our own operations: no SDK knows them.
OWN_DIALECTS = ("control",)


@dataclass(frozen=True, slots=True)
class Findings:
    """What a run found.

    Attributes:
        differences: ordered by pointer.
        compared: the number of spec properties that were held against an SDK field.
    """

    differences: list[Difference]
    compared: int


def compare_all(specs: Path, roots: list[Root], only: str | None = None) -> Findings:
    """Compares every operation of every dialect with its SDK types.

    Args:
        specs: the folder of the dialects.
        roots: which SDK types belong to which operation.
        only: one dialect, when the others do not matter.

    Raises:
        BrokenInputError: a root leads nowhere, or an SDK type or a schema cannot be read.
        SpecError: the specs cannot be bundled.
    """
    names = [name for name in find_dialects(specs) if name not in OWN_DIALECTS and only in (None, name)]
    if strays := sorted({root.dialect for root in roots if only in (None, root.dialect)} - set(names)):
        raise BrokenInputError(f"roots.toml names dialects that {specs.name} does not have: {', '.join(strays)}")
    extractor = Extractor()
    found = [compare_dialect(read_dialect(specs, name), [root for root in roots if root.dialect == name], extractor) for name in names]
    return Findings([difference for part in found for difference in part.differences], sum(part.compared for part in found))


def compare_dialect(dialect: Dialect, roots: list[Root], extractor: Extractor) -> Findings:
    """Compares one dialect; see `compare_all`."""
    contract, comparison = Contract(dialect), Comparison()
    operations = dict(contract.operations())
    for root in roots:
        if root.operation not in operations:
            raise BrokenInputError(f"roots.toml: {dialect.label} has no operation {root.operation}")
        for part, types in root.parts.items():
            spec = contract.part(operations[root.operation], part)
            comparison.walk(spec, sdk_shape(extractor, types, root), DIRECTIONS.get(part, Direction.ANSWER))
    rooted = {root.operation for root in roots}
    places = sorted(where(node) for operation, node in operations.items() if operation not in rooted) + contract.unreached()
    unreachable = [Difference(Kind.UNREACHABLE, place, "", "no root in roots.toml leads here, so nothing compares it") for place in places]
    return Findings(comparison.differences() + unreachable, comparison.compared)


def sdk_shape(extractor: Extractor, types: list[str], root: Root) -> Shape:
    """The shape that all the SDK types of one part have together, without the fields that travel elsewhere."""
    shape = merge(
        (extractor.shape(load_type(name), name.rpartition(":")[2].rstrip("]")) for name in types), types[0].rpartition(":")[2].rstrip("]")
    )
    # Copies, because the extractor gives the same objects to every root.
    shape.objects = [
        replace(branch, fields={name: known for name, known in branch.fields.items() if name not in root.elsewhere})
        if root.elsewhere & branch.fields.keys()
        else branch
        for branch in shape.objects
    ]
    return shape
