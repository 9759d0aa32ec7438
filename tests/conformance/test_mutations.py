"""The tables of mutations, and the program that tries them; all of them are tried by `nox -s mutations`."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path

import pytest

import triglot
from triglot_conformance.case import load_cases

from .conftest import CASES
from .mutations import Mutation, Proof, load_mutations, main

SOURCE = Path(triglot.__file__).parent
MUTATIONS = {mutation.name: mutation for mutation in load_mutations()}
SHAPE = MUTATIONS["max_tokens is lost"]


@pytest.mark.parametrize("dialect", ["messages", "responses"])
def test_every_case_is_named_by_a_mutation(dialect: str) -> None:
    cases = {case.id for case in load_cases(CASES) if case.dialect == dialect and case.steps}
    named = {case_id for mutation in MUTATIONS.values() for case_id in mutation.cases if case_id.startswith(f"{dialect}/")}
    assert cases - named == set(), "no mutation proves that these can fail"
    assert named - cases == set(), "these do not exist"


def test_each_has_a_name_of_its_own() -> None:
    assert len(MUTATIONS) == len(load_mutations())


@pytest.mark.parametrize("mutation", MUTATIONS.values(), ids=MUTATIONS)
def test_each_breaks_something(mutation: Mutation) -> None:
    assert mutation.cases
    source = (SOURCE / mutation.file).read_text(encoding="utf-8")
    assert mutation.apply(source) != source


@pytest.mark.parametrize(
    ("mutation", "problem"),
    [
        (SHAPE, None),
        (dataclasses.replace(SHAPE, cases=[*SHAPE.cases, "messages/stream/empty"]), "not noticed by messages/stream/empty"),
        (dataclasses.replace(SHAPE, old="no such text"), "stale: 'no such text' occurs 0 times in dialects/messages/request.py"),
        (dataclasses.replace(SHAPE, new='"max_tokens": no_such_name,'), "it makes the gateway stumble: NameError"),
        (dataclasses.replace(SHAPE, new="("), "the command ended with status 1"),
    ],
    ids=["proof", "unnoticed", "stale", "stumbles", "does not start"],
)
def test_only_a_case_that_turns_red_is_a_proof(mutation: Mutation, problem: str | None) -> None:
    found = asyncio.run(Proof().try_one(mutation))
    assert found == problem if found is None or problem is None else found.startswith(problem)


def test_a_pattern_without_a_mutation_is_no_success() -> None:
    assert main(["no such mutation"]) == 1
