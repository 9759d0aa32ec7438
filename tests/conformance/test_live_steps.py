"""The block `live` of a case."""

import json

import pytest
import yaml

from triglot_conformance.case import CaseError, load_case
from triglot_conformance.live.steps import Leaving, Polling, fill

CASE = {
    "requirement": "Something holds at every server.",
    "level": "MUST",
    "spec": ["chat/events.yaml#/order"],
    "origin": {"live": "tried here"},
}
BODY = {"model": "any", "messages": [{"role": "user", "content": "hello"}], "stream": True}


def load(folder, live, *, dialect="chat", files=None, **case):
    """A case of its own, read from a folder."""
    for name, content in (files if files is not None else {"live.json": json.dumps(BODY)}).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    (folder / "case.yaml").write_text(yaml.safe_dump({**CASE, **case, "live": live}), encoding="utf-8")
    return load_case(folder, f"{dialect}/stream/mine")


def test_a_case_without_a_recording_has_what_its_dialect_sends(tmp_path):
    case = load(tmp_path, {}, dialect="messages")
    [step] = case.live.steps
    assert case.steps == []
    assert (step.method, step.path, step.statuses, step.stream) == ("POST", "/v1/messages", (200,), True)
    assert step.headers["anthropic-version"] == "2023-06-01"
    assert json.loads(step.body) == BODY
    assert case.live.mode == "stream"


def test_everything_that_can_be_said(tmp_path):
    live = {
        "ground": True,
        "shows": "tools",
        "model": "keep",
        "path": "/v1/other",
        "headers": {"X-One": "1"},
        "encoding": "gzip",
        "reads": "slow",
        "writes": "split",
        "leaves": {"after_events": 3},
        "poll": {"path": "$.status", "while": ["queued"], "within_s": 3},
        "parallel": 2,
        "expect": {"status": [400, 422], "stream": False, "headers": {"x-two": None}, "order": False},
        "exercised": [{"path": "$.a", "present": True}],
        "assert": [{"path": "$.b", "equals": 1}],
        "bind": {"one": "$.id"},
    }
    case = load(tmp_path, live)
    [step] = case.live.steps
    assert (case.live.ground, case.live.shows, case.live.mode) == (True, "tools", "errors")
    assert (step.keeps_model, step.path, step.headers["X-One"], step.encoding) == (True, "/v1/other", "1", "gzip")
    assert (step.reads_slowly, step.writes_split, step.leaves) == (True, True, Leaving(after_events=3))
    assert step.poll == Polling("$.status", ("queued",), 3.0)
    assert (step.parallel, step.statuses, step.stream, step.ordered) == (2, (400, 422), False, False)
    assert (step.answer_headers, step.exercised, step.assertions, step.bind) == (
        {"x-two": None},
        live["exercised"],
        live["assert"],
        {"one": "$.id"},
    )


def test_steps_have_bodies_of_their_own_and_take_over_what_earlier_ones_bind(tmp_path):
    live = {"steps": [{"bind": {"id": "$.id"}}, {"method": "GET", "path": "/v1/responses/{{id}}"}, {"slot_free": {"within_s": 2}}]}
    case = load(tmp_path, live, files={"1/live.json": json.dumps(BODY)})
    assert [step.path for step in case.live.steps[:2]] == ["/v1/chat/completions", "/v1/responses/{{id}}"]
    assert case.live.steps[1].body is None
    assert case.live.steps[2].slot_free_within_s == 2


@pytest.mark.parametrize(
    ("live", "files", "message"),
    [
        ({"steps": [{"method": "GET", "path": "/v1/{{id}}"}]}, {}, "no earlier step binds"),
        ({}, {}, "needs live.json"),
        ({"unknown": 1}, None, "unknown"),
        ({"steps": [{"ground": True}]}, None, "ground"),
        ({"leaves": {}}, None, "non-empty"),
        ({"shows": "luck"}, None, "luck"),
        ({"steps": []}, None, "non-empty"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, live, files, message):
    with pytest.raises(CaseError, match=message):
        load(tmp_path, live, files=files)


def test_a_case_has_something_to_run(tmp_path):
    (tmp_path / "case.yaml").write_text(yaml.safe_dump(CASE), encoding="utf-8")
    with pytest.raises(CaseError, match="block `live`"):
        load_case(tmp_path, "chat/stream/mine")


def test_values_are_put_into_json_as_text_and_as_values():
    bindings = {"say": 'a "quoted" line\n', "call": {"id": "call_1", "name": "é"}, "count": 3}
    filled = fill('{"a": "<{{say}}>", "b": ["{{json:call}}"], "c": "{{count}}"}', bindings, in_json=True)
    assert json.loads(filled) == {"a": '<a "quoted" line\n>', "b": [{"id": "call_1", "name": "é"}], "c": "3"}
    assert fill("/v1/{{say}}", {"say": 'x"y'}, in_json=False) == '/v1/x"y'
