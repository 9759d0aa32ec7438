"""Assertions of cases: what must hold for the values that a JSONPath finds in an answer.

An assertion is an object with a `path`, one operator, and, if it likes, `on` and `note`; `assertion.schema.json` describes them all.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from triglot_conformance.live.jsonpath import PathError, check_path, find_nodes
from triglot_conformance.live.operators import BODY, OPERATORS, Match, place_of, word_of
from triglot_conformance.verdicts import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NUMBERED: Final = {"events", "frames"}


def check_assertions(assertions: Sequence[Mapping[str, Any]], sources: Mapping[str, Any]) -> list[Finding]:
    """Check assertions; one finding for each that does not hold.

    Args:
        assertions: valid ones: see `check_assertion_source`.
        sources: what `on` may name, as JSON values: `body`, `events`, `whole`, `headers`, `frames`, `step:1` ...
    """
    return [finding for assertion in assertions if (finding := _check(assertion, sources))]


def holds(assertions: Sequence[Mapping[str, Any]], sources: Mapping[str, Any]) -> str | None:
    """Whether the model did what a case is about.

    Returns:
        None if all assertions hold, else why the first that does not does not.
    """
    return next((finding.message for assertion in assertions if (finding := _check(assertion, sources))), None)


def check_assertion_source(assertion: Mapping[str, Any]) -> None:
    """Find out at load time what a JSON Schema of assertions does not see: paths, regular expressions, schemas.

    Raises:
        ValueError: the assertion cannot be used; the message says why.
    """
    others = [assertion[name]["path"] for name in ("same_as", "differs_from", "share_of") if name in assertion]
    summands = assertion.get("sum", ())
    for path in (assertion["path"], *(summands["paths"] if isinstance(summands, dict) else summands), *others):
        check_path(path)
    operators = assertion.keys() & OPERATORS.keys()
    if len(operators) != 1:
        raise ValueError(f"an assertion has one operator, this has {len(operators)}: {json.dumps(dict(assertion))}")
    for pattern in (assertion.get("matches", ""), assertion.get("no_match", "")):
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"{pattern!r} is no regular expression: {error}") from None
    try:
        Draft202012Validator.check_schema(assertion.get("json", {}))
    except SchemaError as error:
        raise ValueError(f"json of {assertion['path']} is no JSON Schema: {error.message}") from None


def _check(assertion: Mapping[str, Any], sources: Mapping[str, Any]) -> Finding | None:
    operator = next(name for name in assertion if name in OPERATORS)
    on, path = assertion.get("on", BODY), assertion["path"]
    if on not in sources:
        return _finding(assertion, f"there is nothing to look for {path} in: no {word_of(on)}", f"{on} is not there")
    try:
        nodes = find_nodes(path, sources[on])
    except PathError as error:
        return _finding(assertion, str(error), f"{path} cannot be followed")
    found = [Match(node.value, _event(node.location) if on in _NUMBERED else None) for node in nodes]
    refusal = OPERATORS[operator](found, assertion[operator], sources, sources[on])
    if refusal is None:
        return None
    words, event = refusal
    return _finding(assertion, f"{path}{place_of(on)} {words}", f"{on} {path} {operator}", event)


def _finding(assertion: Mapping[str, Any], words: str, rule: str, event: int | None = None) -> Finding:
    note = assertion.get("note", "").rstrip(".")
    return Finding("assert", f"{note}: {words}" if note else words, f"assert {rule}", event=event)


def _event(location: Sequence[int | str]) -> int | None:
    return location[0] if location and isinstance(location[0], int) else None
