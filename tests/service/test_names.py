"""Requests have the names that clients give them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triglot.service.names import names_of
from triglot.state.cancels import LONGEST_NAME, Names

RECORDED = Path(__file__).parents[1] / "clients" / "recorded"
ZEROS = "00000000-0000-0000-0000-000000000000"  # what recordings have in the place of every session
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)
FIELDS = ["cancel_id", "session_id", "metadata", "client_metadata"]


@pytest.mark.parametrize(
    ("headers", "document", "names"),
    [
        ({}, {}, {}),
        ({"x-cancel-id": "a"}, {}, {"cancel_id": "a"}),
        ({}, {"cancel_id": "a", "session_id": "s"}, {"cancel_id": "a", "session_id": "s"}),
        ({"x-session-id": "s"}, {}, {"session_id": "s"}),
        ({"session-id": "s"}, {}, {"session_id": "s"}),
        ({"x-claude-code-session-id": "s"}, {}, {"session_id": "s"}),
        ({"x-session-id": "s", "session-id": "t"}, {}, {"session_id": "s"}),
        ({"x-cancel-id": "a", "x-session-id": "s"}, {"cancel_id": "b", "session_id": "t"}, {"cancel_id": "b", "session_id": "t"}),
        ({}, {"metadata": {"user_id": '{"session_id":"s"}'}}, {"session_id": "s"}),
        ({}, {"metadata": {"user_id": "somebody"}}, {}),
        ({}, {"metadata": {"user_id": '{"session_id":7}'}}, {}),
        ({}, {"metadata": {"user_id": "{" * 10_000}}, {}),
        ({}, {"metadata": {"user_id": '{"a":' + "[" * 10_000}}, {}),
        ({}, {"metadata": "s"}, {}),
        ({}, {"client_metadata": {"session_id": "s", "thread_id": "t"}}, {"session_id": "s"}),
        ({}, {"client_metadata": {"session_id": ["s"]}, "prompt_cache_key": "k"}, {}),
        ({"x-cancel-id": ""}, {"cancel_id": "", "session_id": 7}, {}),
        ({"x-cancel-id": "a" * LONGEST_NAME}, {}, {"cancel_id": "a" * LONGEST_NAME}),
        ({"x-cancel-id": "a" * (LONGEST_NAME + 1)}, {}, {}),
        ({"x-session-id": "s"}, None, {"session_id": "s"}),
    ],
)
def test_the_names_of_a_request(headers: dict[str, str], document: Any, names: dict[str, str]) -> None:
    assert names_of(headers, document, "key-1") == Names("key-1", **names)


@pytest.mark.parametrize("path", sorted(RECORDED.glob("*/*.json")), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_recorded_clients_name_their_session_in_header_and_body(path: Path) -> None:
    request = json.loads(path.read_text(encoding="utf-8"))
    assert names_of({}, request["body"], "").session_id == ZEROS
    headers = {name: value or "from the header" for name, value in request["headers"].items()}
    assert names_of(headers, {}, "").session_id == "from the header"


@given(st.dictionaries(st.sampled_from(FIELDS), JSON | st.dictionaries(st.sampled_from(["user_id", "session_id"]), JSON)) | JSON)
def test_no_document_is_too_strange(document: Any) -> None:
    names = names_of({}, document, "")
    assert all(name for _, name in names.ids())
