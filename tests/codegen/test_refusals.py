"""Bad specs: the toy with one thing changed, and the exact words of the refusal."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from codegen import generate, source
from codegen.generate import generate_tree
from codegen.place import InvalidDialectError, Map, Seq, SpecError

TOY = Path(__file__).parent / "toy"

CASES = yaml.safe_load((Path(__file__).parent / "refusals.yaml").read_text())


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_refusal_says_where_and_what(case, tmp_path):
    specs = tmp_path / "toy"
    shutil.copytree(TOY, specs)
    path = specs / "parrot" / case["file"]
    text = path.read_text()
    assert case["old"] in text
    path.write_text(text.replace(case["old"], case["new"]))
    with pytest.raises((SpecError, InvalidDialectError)) as caught:
        generate_tree(specs)
    assert str(caught.value).split("\n") == [f"toy/parrot/{line}" for line in case["says"]]


def test_streams_need_an_order(tmp_path):
    specs = tmp_path / "toy"
    shutil.copytree(TOY, specs)
    (specs / "parrot/events.yaml").unlink()
    with pytest.raises(SpecError, match=r"openapi\.yaml:6: #/paths: there are streams but no events\.yaml"):
        generate_tree(specs)


@pytest.mark.parametrize("value", [None, [], {}, "x", 7], ids=repr)
def test_any_value_in_any_place_is_taken_or_refused(value, monkeypatch):
    """Nothing in a spec, wherever it stands, makes the generator fail in another way than by a refusal."""
    monkeypatch.setattr(generate, "render_models", lambda *_: "")
    monkeypatch.setattr(generate, "render_events", lambda *_: "")
    root = TOY / "parrot"
    trees = {
        f"toy/parrot/{path.relative_to(root).as_posix()}": source.parse_yaml(path.read_text(), path.name) for path in root.rglob("*.yaml")
    }
    monkeypatch.setattr(source, "parse_yaml", lambda _, file: trees[file])
    refused = 0
    for tree in trees.values():
        for parent, key in list(walk(tree)):
            original = parent[key]
            parent[key] = as_node(value, parent.at(key))
            try:
                generate_tree(TOY)
            except (SpecError, InvalidDialectError):
                refused += 1
            finally:
                parent[key] = original
    assert refused > 200


def walk(node: Any):
    for key in node if isinstance(node, Map) else range(len(node)):
        yield node, key
        if isinstance(node[key], (Map, Seq)):
            yield from walk(node[key])


def as_node(value: Any, place: Any) -> Any:
    return Map(place) if value == {} else Seq(place) if value == [] else value
