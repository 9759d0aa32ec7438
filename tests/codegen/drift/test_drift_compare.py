# ruff: noqa: E501 - one case a line
"""Every kind of difference is found, at its place, and nothing else is reported beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from codegen.drift.report import compare_all
from codegen.drift.roots import read_roots
from tests.codegen.drift.toy_spec import write_spec

if TYPE_CHECKING:
    from pathlib import Path

REQUEST = "specs/toy/schemas/request.yaml#"
ANSWER = "specs/toy/schemas/answer.yaml#"


def found(tmp_path: Path, old: str = "", new: str = "") -> set[tuple[str, str, str]]:
    roots = write_spec(tmp_path / "specs", old, new)
    findings = compare_all(tmp_path / "specs", roots)
    assert findings.compared > 20
    return {(str(difference.kind), difference.pointer, difference.value) for difference in findings.differences}


def test_a_spec_that_agrees_is_green(tmp_path):
    assert found(tmp_path) == set()


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param("    cache: {type: [boolean, 'null']}\n", "", ("missing-field", f"{REQUEST}/TextPart/properties/cache", ""), id="field"),
        pytest.param("    schema: {type: object}\n", "", ("missing-field", f"{REQUEST}/Format/properties/schema", ""), id="aliased field"),
        pytest.param("low, high, null", "low, null", ("missing-enum-value", f"{REQUEST}/Create/properties/effort", "high"), id="enum value"),
        pytest.param("low, high, null", "low, high", ("null-differs", f"{REQUEST}/Create/properties/effort", ""), id="null"),
        pytest.param("model: {type: string}", "model: {enum: [toy-1, toy-2]}", ("type-differs", f"{REQUEST}/Create/properties/model", ""), id="narrower"),
        pytest.param("cache: {type: [boolean, 'null']}", "cache: {type: [string, 'null']}", ("type-differs", f"{REQUEST}/TextPart/properties/cache", ""), id="type"),
        pytest.param("        - {type: string}\n", "", ("type-differs", f"{REQUEST}/Create/properties/input/anyOf/0", ""), id="scalar branch"),
        pytest.param("[model, input]", "[model, input, limit]", ("required-differs", f"{REQUEST}/Create/properties/limit", ""), id="required"),
        pytest.param("enum: [group, bundle]", "const: group", ("missing-branch", f"{REQUEST}/Part", "type=bundle"), id="tag of two"),
        pytest.param("    limit:", "    extra: {type: string}\n    limit:", ("extra-field", f"{REQUEST}/Create/properties/extra", ""), id="extra field"),
        pytest.param("labels:\n      type: object\n      additionalProperties: {type: string}", "labels:\n      type: object\n      additionalProperties: {type: integer}", ("type-differs", f"{REQUEST}/Create/properties/labels/additionalProperties", ""), id="map"),
        pytest.param("format: {$ref: '#/Format'}", "format: {description: any}", ("untyped", f"{REQUEST}/Create/properties/format", ""), id="untyped"),
        pytest.param("format: {$ref: '#/Format'}", "format: {type: object}", ("untyped", f"{REQUEST}/Create/properties/format", ""), id="any object"),
        pytest.param("detail: {enum: [low, high]}", "detail: {enum: [low]}", ("missing-enum-value", f"{REQUEST}/ImagePart/properties/detail", "high"), id="enum below a union"),
        pytest.param("loudly: {type: [boolean, 'null']}", "loudly: {type: string}", ("type-differs", f"{REQUEST}/Say/properties/loudly", ""), id="message of a socket"),
    ],
)  # fmt: skip
def test_request(tmp_path, old, new, expected):
    assert expected in found(tmp_path, old, new)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param("    schema: {type: [string, 'null']}\n", "", ("missing-field", f"{ANSWER}/Answer/properties/schema", ""), id="aliased field"),
        pytest.param("words: {type: integer}", "words: {type: [integer, 'null']}", ("null-differs", f"{ANSWER}/Heard/properties/words", ""), id="event of a socket"),
        pytest.param("[id, created, items]", "[id, items]", ("required-differs", f"{ANSWER}/Answer/properties/created", ""), id="required"),
        pytest.param("[done, failed]", "[done]", ("missing-enum-value", f"{ANSWER}/Status", "failed"), id="enum value"),
        pytest.param("[done, failed]", "[done, failed, lost]", ("extra-enum-value", f"{ANSWER}/Status", "lost"), id="extra enum value"),
        pytest.param("  enum: [done, failed]", "  type: string", ("type-differs", f"{ANSWER}/Status", ""), id="wider"),
        pytest.param("id: {type: string}", "id: {type: [string, 'null']}", ("null-differs", f"{ANSWER}/Answer/properties/id", ""), id="null"),
        pytest.param("id: {type: string}", "id: {type: [string, integer]}", ("type-differs", f"{ANSWER}/Answer/properties/id", ""), id="type"),
        pytest.param("id: {type: string}", "id: {description: any}", ("untyped", f"{ANSWER}/Answer/properties/id", ""), id="untyped"),
        pytest.param("const: call", "const: tool", ("missing-branch", f"{ANSWER}/Item", "type=call"), id="branch"),
        pytest.param("const: call", "const: tool", ("extra-branch", f"{ANSWER}/CallItem", "type=tool"), id="extra branch"),
        pytest.param("    delta: {type: string}\n", "", ("missing-field", f"{ANSWER}/DeltaEvent/properties/delta", ""), id="event"),
        pytest.param("    name: {type: string}\n    arg", "    name: {type: string}\n    lost: {type: string}\n    arg", ("extra-field", f"{ANSWER}/CallItem/properties/lost", ""), id="extra field"),
        pytest.param("        message: {type: string}", "        message: {type: integer}", ("type-differs", f"{ANSWER}/ErrorAnswer/properties/error/properties/message", ""), id="error"),
        pytest.param("    has_more: {type: boolean}\n", "", ("missing-field", f"{ANSWER}/Page/properties/has_more", ""), id="generic page"),
    ],
)  # fmt: skip
def test_answer(tmp_path, old, new, expected):
    assert expected in found(tmp_path, old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("[model, input]", "[model]", id="not required"),
        pytest.param("low, high, null", "low, high, more, null", id="more values"),
        pytest.param("enum: [low, high, null]", "type: [string, 'null']", id="any string"),
        pytest.param("limit: {type: [integer, 'null']}", "limit: {type: [number, 'null']}", id="wider number"),
        pytest.param("labels:\n      type: object\n      additionalProperties: {type: string}", "labels:\n      type: object", id="free map"),
        pytest.param("created: {type: integer}", "created: {type: number}", id="answer as wide as the SDK"),
        pytest.param("schema: {type: [string, 'null']}", "schema: {type: string}", id="answer without null"),
        pytest.param("    status:\n      anyOf:\n        - {$ref: '#/Status'}\n        - {type: 'null'}", "    status: {$ref: '#/Status'}", id="answer branch without null"),
    ],
)  # fmt: skip
def test_what_is_looser_in_a_request_or_narrower_in_an_answer_is_fine(tmp_path, old, new):
    assert found(tmp_path, old, new) == set()


def test_a_branch_that_only_the_open_branch_would_take_is_missing(tmp_path):
    differences = found(tmp_path, "        - {$ref: '#/ImagePart'}\n", "")
    assert ("missing-branch", f"{REQUEST}/Part", "type=image") in differences
    assert ("unreachable", f"{REQUEST}/ImagePart", "") in differences


def test_an_extra_request_branch_is_found(tmp_path):
    new = "Format:\n  type: object\n  required: [name]"
    sound = "SoundPart: {type: object, required: [type], properties: {type: {const: sound}}}\n" + new
    write_spec(tmp_path / "specs", new, sound)
    path = tmp_path / "specs/toy/schemas/request.yaml"
    path.write_text(
        path.read_text().replace("        - {$ref: '#/GroupPart'}", "        - {$ref: '#/GroupPart'}\n        - {$ref: '#/SoundPart'}")
    )
    [difference] = compare_all(tmp_path / "specs", read_roots(tmp_path / "roots.toml")).differences
    assert (difference.kind, difference.pointer, difference.value) == ("extra-branch", f"{REQUEST}/SoundPart", "type=sound")
    assert difference.sdk


def test_an_operation_without_a_root_is_unreachable(tmp_path):
    roots = write_spec(tmp_path / "specs")
    findings = compare_all(tmp_path / "specs", [root for root in roots if root.operation == "POST /create"])
    assert {(difference.kind, difference.pointer) for difference in findings.differences} == {
        ("unreachable", "specs/toy/openapi.yaml#/paths/~1list/get"),
        ("unreachable", "specs/toy/openapi.yaml#/paths/~1list/x-triglot-websocket"),
        ("unreachable", f"{ANSWER}/Page"),
        ("unreachable", f"{ANSWER}/Reply"),
        ("unreachable", f"{ANSWER}/Heard"),
        ("unreachable", f"{REQUEST}/Word"),
        ("unreachable", f"{REQUEST}/Say"),
    }


def test_a_line_of_the_report_says_both_sides_and_the_sdk_type(tmp_path):
    roots = write_spec(tmp_path / "specs", "    cache: {type: [boolean, 'null']}\n", "")
    [difference] = compare_all(tmp_path / "specs", roots).differences
    assert str(difference) == f"missing-field      {REQUEST}/TextPart/properties/cache: SDK boolean | null, spec nothing (TextPartParam)"


def test_a_query_parameter_is_compared(tmp_path):
    differences = found(tmp_path, "{name: after, in: query, schema: {type: string}}", "{name: before, in: query, schema: {type: string}}")
    assert {(kind, pointer.rpartition("/")[2]) for kind, pointer, _ in differences} == {("missing-field", "after"), ("extra-field", "0")}
