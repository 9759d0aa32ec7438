"""Branches of unions find each other."""

from __future__ import annotations

import pytest

from codegen.drift.match import match_branches
from codegen.drift.shape import Field, Object, Shape, Value


def branch(name, *, required=(), **fields):
    made = Object(name, name)
    for field, literals in fields.items():
        shape = Shape(field, types=set() if literals else {"string"}, values={Value.of(literal) for literal in literals})
        made.fields[field] = Field(shape, field in required)
    return made


def pairs(matching):
    return {group.spec.name: [sdk.name for sdk in group.sdk] for group in matching.groups}


def test_tags_decide_before_likeness():
    spec = [branch("A", type=["a"], x=[]), branch("B", type=["b"], y=[])]
    matching = match_branches(spec, [branch("SdkB", type=["b"], x=[], required=["type"])])
    assert pairs(matching) == {"B": ["SdkB"]}
    assert matching.extra == [spec[0]]


def test_one_spec_branch_stands_for_several_sdk_branches():
    matching = match_branches([branch("A", type=["a"])], [branch("Stable", type=["a"]), branch("Beta", type=["a"])])
    assert pairs(matching) == {"A": ["Stable", "Beta"]}


def test_a_tag_of_two_values_is_spread():
    matching = match_branches([branch("A", type=["a"]), branch("B", type=["b"])], [branch("Both", type=["a", "b"])])
    assert pairs(matching) == {"A": ["Both"], "B": ["Both"]}


def test_a_second_literal_tells_branches_of_one_tag_apart():
    spec = [branch("User", type=["message"], role=["user"]), branch("Assistant", type=["message"], role=["assistant"])]
    matching = match_branches(spec, [branch("Out", type=["message"], role=["assistant"], required=["type"])])
    assert pairs(matching) == {"Assistant": ["Out"]}


def test_untagged_branches_are_matched_by_likeness():
    spec = [branch("Point", x=[], y=[]), branch("Named", label=[])]
    assert pairs(match_branches(spec, [branch("SdkNamed", label=[]), branch("SdkPoint", x=[], y=[])])) == {
        "Point": ["SdkPoint"],
        "Named": ["SdkNamed"],
    }


def test_a_branch_may_leave_out_an_optional_tag():
    spec = [branch("Reference", id=[]), branch("A", type=["a"])]
    matching = match_branches(spec, [branch("SdkReference", type=["reference"], id=[])])
    assert pairs(matching) == {"Reference": ["SdkReference"]}


@pytest.mark.parametrize("spelled_out", [False, True])
def test_an_optional_tag_is_spread_over_a_branch_with_it_and_one_without(spelled_out):
    spec = [branch("Tagged", type=["a"], id=[]), branch("Typeless", id=[])]
    if spelled_out:
        spec[1].fields["type"] = Field(Shape("type", null=True), required=False)
    matching = match_branches(spec, [branch("SdkA", type=["a"], id=[])])
    assert pairs(matching) == {"Tagged": ["SdkA"], "Typeless": ["SdkA"]}
    assert {group.either_way for group in matching.groups} == {"type"}


def test_a_branch_without_the_tag_must_be_possible():
    spec = [branch("Tagged", type=["a"], id=[]), branch("Typeless", role=[], required=["role"])]
    matching = match_branches(spec, [branch("SdkA", type=["a"], id=[])])
    assert pairs(matching) == {"Tagged": ["SdkA"]}


def test_the_open_branch_matches_nothing_and_is_never_extra():
    other = branch("Other", type=[])
    other.open_except = ("type", frozenset({Value.of("a")}))
    matching = match_branches([branch("A", type=["a"]), other], [branch("SdkNew", type=["new"], required=["type"])])
    assert [label for _, label in matching.missing] == ["type=new"]
    assert [extra.name for extra in matching.extra] == ["A"]


def test_an_enum_is_no_tag():
    matching = match_branches([branch("A", effort=["low"])], [branch("SdkA", effort=["low", "high"])])
    assert pairs(matching) == {"A": ["SdkA"]}
    assert matching.missing == []


def test_a_literal_that_tells_all_branches_apart_is_a_tag():
    spec = [branch("Auto", mode=["auto"]), branch("Off", mode=["off"])]
    matching = match_branches(spec, [branch("SdkNew", mode=["new"], required=["mode"])])
    assert [label for _, label in matching.missing] == ["mode=new"]
