"""What is taken out of recorded bodies, and what stays."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triglot_conformance.locations import CASES
from triglot_conformance.record import filler
from triglot_conformance.record.redact import Redaction

WORDS = st.from_regex(r"[A-Za-z]{5,16}", fullmatch=True).filter(lambda word: not filler.is_filler(word))
GAPS = st.sampled_from([" ", ", ", ".\n", "\n\n  ", ": `", "' ", " (", "/", "_", "-", " é", "日本", "🙂 ", '"', "{", "}} ", " 12 "])
PROSE = st.lists(st.tuples(WORDS, GAPS), min_size=1, max_size=12).map(lambda pairs: "".join(word + gap for word, gap in pairs))
NAMES = st.from_regex(r"[a-z]{3,8}_[a-z]{3,8}", fullmatch=True)


def make_body(prose: str, name: str) -> dict[str, Any]:
    """The same prose everywhere where a protocol has some."""
    schema = {
        "type": "object",
        "description": prose,
        "properties": {name: {"type": "string", "description": prose, "enum": ["on", f"{prose} is no name"], "default": "on"}},
        "required": [name],
    }
    call = {"id": "toolu_01AbCdEf", "name": name, "type": "tool_use", "input": {name: prose, "deep": [{"type": prose}]}}
    return {
        "model": "some-model",
        "system": [{"type": "text", "text": prose, "cache_control": {"type": "ephemeral"}}],
        "instructions": prose,
        "input": [{"type": "function_call", "call_id": "call_1aB2c3D4", "name": name, "arguments": json.dumps({name: prose})}],
        "messages": [
            {"role": "user", "name": prose, "content": prose},
            {"role": "assistant", "content": [{"type": "thinking", "thinking": prose}, call]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_01AbCdEf", "content": prose}]},
            {"role": "tool", "tool_call_id": "call_1aB2c3D4", "content": [{"type": "text", "text": prose}]},
        ],
        "tools": [{"name": name, "description": prose, "input_schema": schema}],
        "metadata": {"user_id": prose, "more": json.dumps({"said": prose}, separators=(",", ":"))},
        "stop": [prose],
        "max_tokens": 10,
    }


def texts_of(value: Any) -> list[str]:
    match value:
        case dict():
            return [text for item in value.values() for text in texts_of(item)]
        case list():
            return [text for item in value for text in texts_of(item)]
        case str():
            return [value]
        case _:
            return []


def shape_of(value: Any) -> Any:
    match value:
        case dict():
            return {key: shape_of(item) for key, item in value.items()}
        case list():
            return [shape_of(item) for item in value]
        case str():
            return ""
        case _:
            return value


@given(PROSE, NAMES)
def test_no_word_of_prose_survives(prose: str, name: str) -> None:
    redacted = Redaction().body(make_body(prose, name))
    words = {word.lower() for word in re.findall("[A-Za-z]{5,}", prose)} - set(re.findall("[a-z]+", name))
    kept = {"object", "string", "ephemeral", "function", "thinking", "result", "assistant", "toolu", "model"}
    left = {word.lower() for text in texts_of(redacted) for word in re.findall("[A-Za-z]{5,}", text) if not filler.is_filler(word)}
    assert left & words - kept == set()


@given(PROSE, NAMES)
def test_structure_and_names_stay(prose: str, name: str) -> None:
    body = make_body(prose, name)
    redacted = Redaction().body(body)
    assert shape_of(redacted) == shape_of(body)
    assert redacted["model"] == "some-model"
    assert redacted["tools"][0]["name"] == name
    assert redacted["tools"][0]["input_schema"]["required"] == [name]
    assert [message["role"] for message in redacted["messages"]] == ["user", "assistant", "user", "tool"]
    assert json.loads(redacted["input"][0]["arguments"]).keys() == {name}


@given(PROSE, NAMES)
def test_what_is_filler_stays(prose: str, name: str) -> None:
    redacted = Redaction().body(make_body(prose, name))
    assert Redaction().body(redacted) == redacted


@given(PROSE)
def test_lengths_and_lines_stay(prose: str) -> None:
    made = Redaction().text(prose)
    assert len(made.encode()) == len(prose.encode())
    assert len(json.dumps(made)) == len(json.dumps(prose))
    assert [len(line) for line in made.split("\n")] == [len(line) for line in prose.split("\n")]


KEYS = st.sampled_from(
    ["type", "text", "id", "call_id", "data", "metadata", "arguments", "parameters", "enum", "format", "input", "{{x}}", "a b"]
)
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(), PROSE, PROSE.map(lambda text: json.dumps([text]))
)
ANYTHING = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(max_size=8), inner, max_size=4))


@given(ANYTHING)
def test_anything_is_redacted_once(value: Any) -> None:
    redacted = Redaction().body(value)
    assert json.dumps(Redaction().body(redacted)) == json.dumps(redacted)


def test_a_result_still_belongs_to_its_call() -> None:
    redacted = Redaction().body(make_body("Please look at call_1aB2c3D4 again", "read_file"))
    call, result = redacted["messages"][1]["content"][1]["id"], redacted["messages"][2]["content"][0]["tool_use_id"]
    assert call == result != "toolu_01AbCdEf"
    assert call.startswith("toolu_")
    assert len(call) == len("toolu_01AbCdEf")
    other = redacted["input"][0]["call_id"]
    assert other == redacted["messages"][3]["tool_call_id"]
    assert other in redacted["instructions"]


def test_different_ids_stay_different() -> None:
    ids = [f"call_{letter}{number}" for letter in "abcdefghij" for number in range(1, 10)]
    redaction = Redaction()
    assert len({redaction.identifier(one) for one in ids}) == len(ids)


@pytest.mark.parametrize(
    "secret",
    [
        "sk-proj-AbCd1234EfGh5678",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
        "ghp_AbCd1234EfGh5678IjKl",
        "AKIAIOSFODNN7EXAMPLE",
        "somebody.else@example.com",
        "/home/somebody/project/secret.txt",
        "/Users/somebody/project",
        "C:\\Users\\somebody\\project",
        "123e4567-e89b-12d3-a456-426614174000",
        "192.168.17.23",
        "0123456789abcdef0123456789abcdef",
    ],
)
@pytest.mark.parametrize("keeps_prose", [False, True])
def test_secrets_go(secret: str, keeps_prose: bool) -> None:
    redaction = Redaction(keeps_prose=keeps_prose)
    body = {
        "messages": [{"role": "user", "content": f"Use {secret} now"}],
        "tools": [{"name": secret, "type": "custom"}],
        "metadata": {"k": secret},
    }
    redacted = redaction.body(body)
    assert secret not in json.dumps(redacted, ensure_ascii=False).replace("\\\\", "\\")
    for piece in re.findall(r"[A-Za-z]{5,}|[0-9]{3,}", secret):
        assert piece in ("example", "Users") or piece not in redacted["messages"][0]["content"]
    assert len(redacted["messages"][0]["content"]) == len(body["messages"][0]["content"])


def test_words_of_the_machine_go_even_from_names() -> None:
    body = {"tools": [{"name": "mcp__karlas_box__read", "type": "custom"}], "metadata": {"karla": "x"}}
    assert "karla" not in json.dumps(Redaction(["karla"]).body(body))
    assert "karla" not in json.dumps(Redaction(["karla"], keeps_prose=True).body({"input": "Ask Karla at karlas-box"})).lower()


def test_prose_of_ones_own_can_stay() -> None:
    text = "What is the weather in Paris? Use get_weather."
    assert Redaction(keeps_prose=True).text(text) == text


def test_a_placeholder_stays_and_nothing_else_looks_like_one() -> None:
    redaction = Redaction(kept=["{{id}}"])
    body = {"previous_response_id": "{{id}}", "input": "Fill {{id}} and {{ name }} in"}
    redacted = redaction.body(body)
    assert redacted["previous_response_id"] == "{{id}}"
    assert "{{" not in redacted["input"]
    assert len(redacted["input"]) == len(body["input"])


def test_texts_can_be_cut() -> None:
    redaction = Redaction(longest=10)
    assert len(redaction.text("a much longer text than that")) == 10
    assert redaction.was_cut


def test_a_grammar_stays_a_grammar() -> None:
    tool = {
        "type": "custom",
        "format": {"type": "grammar", "syntax": "lark", "definition": "start: WORD // whatever matches\nWORD: /[a-z]+/"},
    }
    redacted = Redaction().body({"tools": [tool]})["tools"][0]["format"]
    assert redacted["syntax"] == "lark"
    assert re.sub("//.*", "//", redacted["definition"]) == "start: WORD //\nWORD: /[a-z]+/"
    assert "whatever" not in redacted["definition"]


def test_the_billing_header_keeps_its_form() -> None:
    text = "x-anthropic-billing-header: cc_version=2.1.329.abc; cc_entrypoint=cli; cch=1f2e3;\nYou are somebody"
    assert Redaction().text(text).startswith("x-anthropic-billing-header: cc_version=0.0.000.000; cc_entrypoint=cli; cch=00000;\n")
    assert "somebody" not in Redaction().text(text)


def test_seals_are_blank() -> None:
    block = {"type": "thinking", "thinking": "", "signature": "AbC+/12=="}
    assert Redaction().body([block, {"type": "redacted_thinking", "data": "xyz"}]) == [
        {**block, "signature": "0000000=="},
        {"type": "redacted_thinking", "data": "000"},
    ]


@pytest.mark.parametrize("kind", ["image/png", "image/jpeg", "image/gif"])
def test_a_picture_stays_one(kind: str) -> None:
    image = pytest.importorskip("PIL.Image")
    import io  # noqa: PLC0415

    redaction = Redaction()
    data = base64.b64encode(bytes(range(256)) * 4).decode()
    block = {"type": "image", "source": {"type": "base64", "media_type": kind, "data": data}}
    made = redaction.body(block)["source"]["data"]
    assert made != data
    assert image.open(io.BytesIO(base64.b64decode(made))).size == (1, 1)
    part = redaction.body({"image_url": {"url": f"data:{kind};base64,{data}"}})["image_url"]["url"]
    assert part == f"data:{kind};base64,{made}"
    assert kind != "image/png" or len(made) == len(data)
    assert redaction.blank_media == set()


def test_media_without_a_stand_in_are_told() -> None:
    redaction = Redaction()
    part = {"type": "input_file", "file_data": "data:application/pdf;base64,JVBERi0xLjQ="}
    assert redaction.body(part)["file_data"] == "data:application/pdf;base64,00000000000="
    assert redaction.blank_media == {"application/pdf"}


@pytest.mark.parametrize("path", sorted(CASES.glob("*/clients/c*/**/live.json")), ids=lambda path: path.relative_to(CASES).as_posix())
def test_nothing_of_the_clients_prompts_is_left(path: Any) -> None:
    """The recorded requests of Claude Code and Codex are filler through and through."""
    body = json.loads(path.read_text(encoding="utf-8"))
    placeholders = re.findall(r"\{\{[\w:]+\}\}", json.dumps(body))
    assert Redaction(kept=placeholders).body(body) == body


def test_names_of_ones_own_places_go() -> None:
    body = {
        "model": "/data/karla/secret-model.gguf",
        "tools": [{"input_schema": {"$ref": "#/$defs/a", "$id": "https://corp.example/schema"}}],
    }
    redacted = Redaction().body(body)
    assert "karla" not in redacted["model"]
    assert redacted["tools"][0]["input_schema"]["$ref"] == "#/$defs/a"
    assert "corp" not in redacted["tools"][0]["input_schema"]["$id"]


@pytest.mark.parametrize(
    "route",
    [
        "/v1/messages?beta=true",
        "/v1/models?limit=1000",
        "/v1/models/some-model-4.5",
        "/v1/responses/{{id}}?include[]=reasoning.encrypted_content",
    ],
)
def test_paths_stay(route: str) -> None:
    assert Redaction(kept=["{{id}}"]).route(route) == route


def test_ids_and_keys_in_paths_go() -> None:
    assert re.fullmatch(r"/v1/responses/resp_[0-9]{8}/cancel", Redaction().route("/v1/responses/resp_a1b2c3d4/cancel"))
    assert re.fullmatch(r"/v1/responses\?key=[0-9]{6}&after=msg_[0-9]{4}", Redaction().route("/v1/responses?key=abcdef&after=msg_a1b2"))
