"""SDK types become shapes."""

from __future__ import annotations

import pytest
import yaml

from codegen.drift.extract import Extractor
from codegen.drift.outline import outline
from codegen.drift.shape import BrokenInputError, Value
from tests.codegen.drift import toy_sdk


def fields(sdk_type):
    [branch] = Extractor().shape(sdk_type, "toy").objects
    return branch.fields


def test_required_is_read_from_string_annotations():
    assert {name for name, known in fields(toy_sdk.CreateParamsStream).items() if known.required} == {"model", "input", "stream"}


def test_aliases_are_wire_names():
    assert set(fields(toy_sdk.FormatParam)) == {"name", "schema"}
    assert "schema" in fields(toy_sdk.Answer)


def test_literals_that_a_whole_type_covers_are_dropped():
    shape = fields(toy_sdk.CreateParamsBase)["model"].shape
    assert (shape.types, shape.values) == ({"string"}, set())


def test_booleans_and_numbers_stay_apart():
    assert Value.of(value=True) != Value.of(1)
    assert Value.of(value=True).type == "boolean"


def test_optional_literal():
    shape = fields(toy_sdk.CreateParamsBase)["effort"].shape
    assert shape.null
    assert shape.is_literal
    assert str(shape) == "'high' | 'low' | null"


def test_pydantic_defaults_are_not_required():
    assert [name for name, known in fields(toy_sdk.Answer).items() if not known.required] == ["status", "schema"]


def test_undeclared_properties_of_a_model():
    [branch] = Extractor().shape(toy_sdk.OpenSchema, "toy").objects
    assert branch.rest is not None
    assert branch.rest.types == {"integer"}


def test_recursive_types_are_cycles():
    [tree] = Extractor().shape(toy_sdk.Tree, "toy").objects
    [item] = tree.fields["children"].shape.items
    assert item.objects == [tree]


def test_named_aliases_are_flattened():
    assert str(fields(toy_sdk.Tree)["value"].shape) == "array | string | null"


def test_generic_models_are_filled_in():
    [page] = Extractor().shape(toy_sdk.Page[toy_sdk.TextItem], "toy").objects
    assert set(page.fields["data"].shape.items[0].objects[0].fields) == {"type", "text"}


def test_an_unknown_annotation_is_named():
    with pytest.raises(BrokenInputError, match=r"Unreadable.made_of: .*complex"):
        Extractor().shape(toy_sdk.Unreadable, "toy")


def test_the_outline_is_a_schema_to_start_from():
    text = outline(Extractor().shape(toy_sdk.PartParam, "toy"), "Part")
    schemas = yaml.safe_load(text)
    assert list(schemas) == ["Part", "TextPartParam", "ImagePartParam", "GroupPartParam"]
    assert schemas["GroupPartParam"] == {
        "type": "object",
        "required": ["type", "parts"],
        "properties": {"type": {"enum": ["bundle", "group"]}, "parts": {"type": "array", "items": schemas["Part"]}},
    }


def test_the_outline_of_one_object_is_that_object():
    assert list(yaml.safe_load(outline(Extractor().shape(toy_sdk.Answer, "toy"), "Answer"))) == ["Answer", "TextItem", "CallItem"]
