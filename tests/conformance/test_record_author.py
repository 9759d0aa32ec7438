"""Sessions become cases: what hangs together, what is bound, what is needed, what is left out."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from triglot_conformance.case import load_cases
from triglot_conformance.record.author import RecordError, Redacting, client_of, draft_cases, write_case
from triglot_conformance.record.needs import needs_of
from triglot_conformance.record.session import Exchange

if TYPE_CHECKING:
    from pathlib import Path

AGENT = ("User-Agent", "some_client/1.2.3 (Linux; karlas-box)")
TOOL = {"type": "function", "name": "read", "parameters": {"type": "object"}}


def passed(path: str, body: Any, answer: Any = None, *, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Exchange:
    return Exchange(
        "POST" if body is not None else "GET",
        path,
        [AGENT, ("Authorization", "Bearer sk-secret1234"), *headers],
        bytearray(b"" if body is None else json.dumps(body).encode()),
        status,
        [("Content-Type", "application/json")],
        bytearray(json.dumps(answer).encode()),
    )


def write(exchanges: list[Exchange], folder: Path, redacting: Redacting = Redacting()) -> list[str]:  # noqa: B008
    drafts, notes = draft_cases(exchanges, redacting)
    for draft in drafts:
        write_case(draft, folder)
    return notes


def test_a_request_becomes_a_case(tmp_path: Path) -> None:
    body = {"model": "m", "input": "Please help me", "stream": True, "tools": [TOOL]}
    assert write([passed("/v1/responses", body, {"id": "resp_1"}, headers=(("OpenAI-Beta", "x=1"),))], tmp_path) == []
    [case] = load_cases(tmp_path)
    assert case.id == "responses/clients/some-client/01"
    assert case.needs == ["tools"]
    assert case.live is not None
    [step] = case.live.steps
    assert (step.method, step.path, step.stream, step.statuses) == ("POST", "/v1/responses", True, (200,))
    assert step.headers["openai-beta"] == "x=1"
    sent = json.loads(step.body or "")
    assert sent.keys() == body.keys()
    assert sent["tools"] == [TOOL]
    everything = "".join(path.read_text() for path in tmp_path.rglob("*") if path.is_file())
    for secret in ("sk-secret", "karla", "help", "Authorization", "authorization"):
        assert secret not in everything


def test_a_chain_is_one_case(tmp_path: Path) -> None:
    """What the server gave out and the request does not hold itself is taken from the server that the case runs against."""
    calls = [{"type": "function_call", "id": f"fc_{n}", "call_id": f"call_{n}ab", "name": "read", "arguments": "{}"} for n in (1, 2)]
    output = [{"type": "reasoning", "id": "rs_1", "summary": []}, *calls]
    outputs = [{"type": "function_call_output", "call_id": call["call_id"], "output": "done"} for call in calls]
    exchanges = [
        passed("/v1/responses", {"input": "a"}, {"id": "resp_first1", "output": output}),
        passed("/v1/responses", {"input": "an unrelated one"}, {"id": "resp_other1", "output": []}),
        passed("/v1/responses", {"input": outputs, "previous_response_id": "resp_first1"}, {"id": "resp_second1", "output": []}),
        passed("/v1/responses/resp_second1", None, {"id": "resp_second1"}),
    ]
    assert write(exchanges, tmp_path) == []
    chain, other = load_cases(tmp_path)
    assert other.live is not None
    assert len(other.live.steps) == 1
    assert chain.live is not None
    first, second, third = chain.live.steps
    assert first.bind == {"call_id": "$.output[-2].call_id", "call_id_2": "$.output[-1].call_id", "id": "$.id"}
    assert first.exercised == [{"path": "$.output[?@.type == 'function_call']", "min": 2}]
    sent = json.loads(second.body or "")
    assert sent["previous_response_id"] == "{{id}}"
    assert [item["call_id"] for item in sent["input"]] == ["{{call_id}}", "{{call_id_2}}"]
    assert second.bind == {"id_2": "$.id"}
    assert (third.method, third.path, third.body) == ("GET", "/v1/responses/{{id_2}}", None)
    assert chain.needs == ["state", "tools"]


def test_what_is_sealed_is_bound_with_its_neighbours(tmp_path: Path) -> None:
    thought = {"type": "thinking", "thinking": "hm hm", "signature": "c2VhbA=="}
    call = {"type": "tool_use", "id": "toolu_1a2b", "name": "read", "input": {}}
    history = [
        {"role": "assistant", "content": [thought, call]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1a2b", "content": "done"}]},
    ]
    exchanges = [
        passed("/v1/messages", {"messages": []}, {"id": "msg_1", "content": [thought, call]}),
        passed("/v1/messages", {"messages": history}, {"id": "msg_2", "content": []}),
    ]
    write(exchanges, tmp_path)
    [case] = load_cases(tmp_path)
    assert case.live is not None
    first, second = case.live.steps
    place = "$.content[?@.type == 'thinking']"
    assert first.bind == {"thinking": f"{place}.thinking", "signature": f"{place}.signature"}
    assert first.exercised == [{"path": place, "min": 1}]
    sent = json.loads(second.body or "")["messages"]
    assert sent[0]["content"][0] == {"type": "thinking", "thinking": "{{thinking}}", "signature": "{{signature}}"}
    call_id = sent[0]["content"][1]["id"]  # the call stands beside its result: no server has to know it
    assert call_id == sent[1]["content"][0]["tool_use_id"]
    assert call_id.startswith("toolu_")


def test_values_that_are_no_strings_are_bound_as_json(tmp_path: Path) -> None:
    item = {"type": "reasoning", "id": "rs_1a2b", "summary": [{"type": "summary_text", "text": "hm"}], "encrypted_content": "c2VhbA=="}
    exchanges = [
        passed("/v1/responses", {"input": "a"}, {"id": "resp_1", "output": [item]}),
        passed("/v1/responses", {"input": [item]}, {"id": "resp_2", "output": []}),
    ]
    write(exchanges, tmp_path)
    [case] = load_cases(tmp_path)
    assert case.live is not None
    sent = json.loads(case.live.steps[1].body or "")
    assert sent["input"][0] == {
        "type": "reasoning",
        "id": "{{id}}",
        "summary": "{{json:summary}}",
        "encrypted_content": "{{encrypted_content}}",
    }


def test_messages_of_a_websocket(tmp_path: Path) -> None:
    said = [{"type": "response.create", "input": []}, {"type": "response.create", "previous_response_id": "resp_1a", "input": "x"}]
    heard = [{"type": "response.created"}, {"type": "response.completed", "response": {"id": "resp_1a", "output": []}}]
    socket = Exchange(
        "GET", "/v1/responses", [AGENT], status=101, said=[json.dumps(one) for one in said], heard=[json.dumps(one) for one in heard]
    )
    write([socket], tmp_path)
    [case] = load_cases(tmp_path)
    assert case.live is not None
    assert [step.socket for step in case.live.steps] == ["one", "one"]
    assert json.loads(case.live.steps[1].body or "")["previous_response_id"] == "{{id}}"
    assert "websocket" in case.needs


def test_compressed_bodies_stay_so(tmp_path: Path) -> None:
    exchange = passed("/v1/messages?beta=true", {"messages": []}, headers=(("Content-Encoding", "gzip"), ("anthropic-beta", "a,b")))
    exchange.body = bytearray(gzip.compress(bytes(exchange.body)))
    write([exchange], tmp_path)
    [case] = load_cases(tmp_path)
    assert case.live is not None
    [step] = case.live.steps
    assert (step.encoding, step.path, step.headers["anthropic-beta"]) == ("gzip", "/v1/messages?beta=true", "a,b")


def test_what_is_left_out_is_told(tmp_path: Path) -> None:
    broken = passed("/v1/responses", {})
    broken.body = bytearray(b"{")
    exchanges = [
        passed("/api/hello", None),
        passed("/v1/responses", {}, status=400),
        passed("/v1/responses", {}, status=0),
        broken,
        passed("/v1/responses", {}, headers=(("Content-Encoding", "br"),)),
    ]
    notes = write(exchanges, tmp_path)
    assert [note.partition(", ")[2].partition(": ")[2] for note in notes[:3]] == [
        "left out, the path belongs to no dialect",
        "left out, the answer was 400",
        "left out, the answer was none",
    ]
    assert "not JSON" in notes[3]
    assert "the coding br is not known" in notes[4]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("depth", [900, 100_000])
def test_what_is_nested_too_deeply_is_left_out(depth: int) -> None:
    deep, plain = passed("/v1/responses", {}), passed("/v1/responses", {"input": "a"})
    deep.body = bytearray(b'{"a":' * depth + b"1" + b"}" * depth)
    drafts, notes = draft_cases([deep, plain])
    assert len(drafts) == 1
    assert "nested too deeply" in notes[0]


def test_the_origin_says_what_was_changed(tmp_path: Path) -> None:
    write([passed("/v1/responses", {"input": "word " * 100})], tmp_path / "a", Redacting(longest=20))
    write([passed("/v1/responses", {"input": "word " * 100})], tmp_path / "b", Redacting(keeps_prose=True))
    cut, kept = (yaml.safe_load(next((tmp_path / name).rglob("case.yaml")).read_text())["origin"]["live"] for name in "ab")
    assert cut.endswith("prose, secrets and facts about a machine are filler, and texts are cut to 20 characters")
    assert kept == "recorded from some-client 1.2.3; secrets and facts about a machine are filler"


def test_nothing_is_replaced_unasked(tmp_path: Path) -> None:
    [draft], _ = draft_cases([passed("/v1/responses", {"input": "a"})])
    write_case(draft, tmp_path)
    with pytest.raises(RecordError, match="--force"):
        write_case(draft, tmp_path)
    stale = tmp_path / draft.id / "2" / "live.json"
    stale.parent.mkdir()
    stale.write_text("{}")
    write_case(draft, tmp_path, force=True)
    assert not stale.exists()


@pytest.mark.parametrize(
    ("agent", "name", "version"),
    [
        ("claude-cli/2.1.329 (external, cli)", "claude-cli", "2.1.329"),
        ("OpenAI/Python 3.51.0", "openai-python", "3.51.0"),
        ("ai-sdk/openai/4.0.118 ai-sdk/provider", "ai-sdk-openai", "4.0.118"),
        ("node", "node", ""),
        (None, "client", ""),
        ("///", "client", ""),
    ],
)
def test_who_a_client_is(agent: str | None, name: str, version: str) -> None:
    client = client_of(agent)
    assert (client.name, client.version) == (name, version)


@pytest.mark.parametrize(
    ("dialect", "body", "needs"),
    [
        ("chat", {"messages": []}, []),
        ("chat", {"tools": [{"type": "custom"}], "logprobs": True}, ["tools", "custom-tools", "logprobs"]),
        ("chat", {"response_format": {"type": "json_schema"}}, ["structured-output"]),
        ("chat", {"messages": [{"content": [{"type": "image_url"}]}]}, ["media"]),
        ("responses", {"text": {"format": {"type": "text"}}}, []),
        ("responses", {"text": {"format": {"type": "json_schema"}}, "background": True}, ["background", "structured-output"]),
        ("responses", {"input": [{"type": "item_reference"}], "conversation": "conv_1"}, ["conversations", "state"]),
        ("responses", {"input": [{"type": "compaction_trigger"}]}, ["compaction"]),
        ("responses", {"tools": [{"type": "function", "parameters": {"properties": {"a": {"type": "image"}}}}]}, ["tools"]),
        ("messages", {"messages": [{"content": [{"type": "tool_use", "input": {"type": "image"}}]}]}, ["tools"]),
        ("messages", {"messages": [{"content": [{"type": "thinking"}]}], "thinking": {"type": "enabled"}}, ["reasoning"]),
        ("messages", {"output_config": {"format": {"type": "json_schema"}}}, ["structured-output"]),
    ],
)
def test_what_a_request_needs(dialect: str, body: Any, needs: list[str]) -> None:
    assert needs_of(dialect, f"/v1/{dialect}", body) == needs
