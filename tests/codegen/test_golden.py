"""The toy spec, generated and used: the tree byte for byte, and what the generated modules do."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from pydantic import ValidationError

from codegen.__main__ import main
from codegen.generate import generate_tree
from tests.codegen.golden.parrot import models, order, support
from tests.codegen.golden_use import build_stream
from triglot.order import Cursor, OutOfOrderError
from triglot.support import find_losses

HERE = Path(__file__).parent
TOY = HERE / "toy"
GOLDEN = HERE / "golden"


@pytest.fixture(scope="module")
def tree() -> dict[str, bytes]:
    return generate_tree(TOY)[0]


@pytest.fixture
def out(tree, tmp_path) -> Path:
    for path, content in tree.items():
        target = tmp_path / "generated" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return tmp_path / "generated"


def test_tree_is_the_golden_one(tree):
    golden = {path.relative_to(GOLDEN).as_posix(): path.read_bytes() for path in GOLDEN.rglob("*") if path.suffix in {".py", ".json"}}
    assert tree.keys() == golden.keys()
    for path, content in tree.items():
        assert content.decode() == golden[path].decode(), path


def test_a_body_that_is_not_required_may_be_left_out(tree, tmp_path):
    specs = tmp_path / "toy"
    shutil.copytree(TOY, specs)
    spec = specs / "parrot/openapi.yaml"
    required = "requestBody:\n        required: "
    assert spec.read_text().count(f"{required}true") == 1
    call = 'read_request(req, resp, "parrot", "create_echo"'
    assert f"{call})" in tree["parrot/resources.py"].decode()
    for without in (f"{required}false", "requestBody:"):
        spec.write_text((TOY / "parrot/openapi.yaml").read_text().replace(f"{required}true", without))
        resources = generate_tree(specs)[0]["parrot/resources.py"].decode()
        assert f"{call}, body=False)" in resources
        assert "web.decode_body(models.CreateEcho, context)" in resources


def test_every_module_says_where_it_comes_from(tree):
    for path, content in tree.items():
        if path.endswith(".py"):
            first, second = content.decode().split("\n")[:2]
            assert first.startswith("# Generated from toy"), path
            assert second == "# Regenerate: nox -s generate", path


def test_order_of_files_and_schemas_does_not_matter(tree, tmp_path):
    specs = tmp_path / "toy"
    shutil.copytree(TOY, specs)
    requests = specs / "parrot/schemas/requests.yaml"
    blocks = requests.read_text().split("\n\n")
    requests.write_text("\n\n".join(reversed([block.strip("\n") for block in blocks])) + "\n")
    other = generate_tree(specs)[0]
    assert {path: strip_digest(content) for path, content in other.items()} == {
        path: strip_digest(content) for path, content in tree.items()
    }


def test_the_working_directory_does_not_matter(tree, tmp_path, monkeypatch):
    (tmp_path / "pyproject.toml").write_text(
        "[tool.ruff]\nline-length = 60\n[tool.black]\nline-length = 60\nskip-string-normalization = false\n"
    )
    monkeypatch.chdir(tmp_path)
    assert generate_tree(TOY)[0] == tree


def strip_digest(content: bytes) -> bytes:
    return content.partition(b"\n")[2] if content.startswith(b"#") else content


def test_check_accepts_its_own_tree_and_names_every_difference(out, capsys):
    arguments = ["--specs", str(TOY), "--out", str(out)]
    assert main([*arguments, "--check"]) == 0
    (out / "parrot/order.py").unlink()
    (out / "parrot/left_over.py").write_text("# Generated from long ago\n")
    (out / "parrot/service.py").write_text((out / "parrot/service.py").read_text().replace("list_birds", "list_fish"))
    assert main([*arguments, "--check"]) == 1
    said = capsys.readouterr().out
    assert f"missing: {out / 'parrot/order.py'}" in said
    assert f"extra: {out / 'parrot/left_over.py'}" in said
    assert f"differs: {out / 'parrot/service.py'}" in said
    assert "-    async def list_fish(" in said
    assert "+    async def list_birds(" in said
    assert main(arguments) == 0
    assert main([*arguments, "--check"]) == 0


def test_files_of_others_are_not_touched(out, capsys):
    (out / "parrot/notes.txt").write_text("mine")
    assert main(["--specs", str(TOY), "--out", str(out)]) == 1
    assert "notes.txt: not a generated file" in capsys.readouterr().err
    assert (out / "parrot/notes.txt").read_text() == "mine"


def test_an_unknown_dialect_is_refused(capsys):
    assert main(["--specs", str(TOY), "--dialect", "owl"]) == 1
    assert "toy/owl/openapi.yaml:1: #: there is no such dialect" in capsys.readouterr().err


def test_bundled_document_refers_only_to_itself():
    document = json.loads((GOLDEN / "parrot/openapi.json").read_text())
    references = list(find_references(document))
    assert references
    for reference in references:
        kind, name = reference.removeprefix("#/components/").split("/")
        assert name in document["components"][kind]


def find_references(value):
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        yield from value.get("mapping", {}).values() if isinstance(value.get("mapping"), dict) else ()
    if isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from find_references(item)


@pytest.mark.parametrize(
    "phrase",
    [
        {"type": "words", "text": "hello"},
        {"type": "song_2026", "unknown": [1]},
        {"type": "dialogue", "phrases": [{"type": "words", "text": "a"}, {"text": "b"}]},
        {"type": "yodel", "anything": {"goes": True}},
        {"type": "words\n"},
        {"text": "no tag", "speed": 2},
    ],
)
def test_phrases_that_fit_keep_all_they_have(phrase):
    request = models.CreateEcho.model_validate({"phrases": [phrase]}, strict=True)
    assert request.model_dump(mode="json", by_alias=True, exclude_unset=True) == {"phrases": [phrase]}


@pytest.mark.parametrize("phrase", [{"type": "words"}, {"type": "dialogue", "phrases": [{"type": "words"}]}, {"type": 7}, {}, "words"])
def test_a_known_tag_with_a_wrong_field_is_an_error(phrase):
    with pytest.raises(ValidationError):
        models.CreateEcho.model_validate({"phrases": [phrase]}, strict=True)


def test_fields_are_read_as_the_spec_has_them():
    request = models.CreateEcho.model_validate({"phrases": "hi", "schema": {"type": "object"}, "extra": 1}, strict=True)
    assert request.schema_ == {"type": "object"}
    assert request.volume == 5
    assert request.model_extra == {"extra": 1}
    with pytest.raises(ValidationError, match="extra_forbidden"):
        models.Label.model_validate({"text": "t", "size": 1})


def test_query_parameters_are_read_from_text():
    assert models.ListBirdsQuery.model_validate({"limit": "3", "beta": "true"}).limit == 3
    with pytest.raises(ValidationError):
        models.ListBirdsQuery.model_validate({"limit": "101"})


def test_losses_of_the_toy():
    request = {
        "phrases": [
            {"type": "words", "text": "a", "accent": "nasal"},
            {"type": "song", "title": "b"},
            {"type": "dialogue", "phrases": [{"type": "yodel"}, {"text": "c", "speed": 2}]},
        ],
        "volume": 5.0,
        "perch": "low",
        "cage": {"width": 40, "cover": False},
        "schema": {"volume": 1, "accent": 2},
        "labels": {"mood": {"text": "t", "colour": "#ffffff"}},
    }
    assert [(str(loss), loss.level) for loss in find_losses(support.CREATE_ECHO, request)] == [
        ("perch", "rejected"),
        ("cage.cover", "ignored"),
        ("labels.mood.colour", "ignored"),
        ("phrases[0].accent", "ignored"),
        ("phrases[1] (song)", "rejected"),
        ("phrases[2].phrases[0] (yodel)", "ignored"),
        ("phrases[2].phrases[1].speed", "ignored"),
    ]
    assert [str(loss) for loss in find_losses(support.LIST_BIRDS_QUERY, {"after": "polly"})] == ["after"]


def test_order_of_the_toy():
    cursor = Cursor(order.TABLE)
    for event in build_stream("hello"):
        cursor.advance(event)
    assert cursor.finished
    with pytest.raises(OutOfOrderError):
        cursor.advance({"type": "echo_delta"})
    cursor.advance({"type": "echo_start", "phrase": {"type": "yodel"}})
    assert cursor.phase == "humming"
