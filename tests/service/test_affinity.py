from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triglot.service.affinity import affinity_of

RECORDED = Path(__file__).parents[1] / "clients" / "recorded"


def recorded(name):
    [file] = RECORDED.glob(f"{name.partition('/')[0]}-*/{name.partition('/')[2]}.json")
    return json.loads(file.read_text(encoding="utf-8"))["body"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("claude-code/first-turn", "claude-code/second-turn"),
        ("claude-code/sub-agent-first-turn", "claude-code/sub-agent-second-turn"),
        ("codex/first-turn", "codex/second-turn"),
    ],
)
def test_the_turns_of_a_real_conversation_have_the_same_marks(one, other):
    assert affinity_of(recorded(one), "session") == affinity_of(recorded(other), "session")


def test_a_real_sub_agent_has_a_conversation_of_its_own_in_the_same_session():
    main, sub = (affinity_of(recorded(f"claude-code/{name}"), "session") for name in ("first-turn", "sub-agent-first-turn"))
    assert main.conversation != sub.conversation
    assert main.kin != sub.kin


@pytest.mark.parametrize(
    ("one", "other"), [("claude-code/compaction", "claude-code/after-compaction"), ("codex/compaction", "codex/after-compaction")]
)
def test_a_compacted_conversation_is_kin_to_what_it_was(one, other):
    before, after = affinity_of(recorded(one), "session"), affinity_of(recorded(other), "session")
    assert before.kin == after.kin
    assert before.conversation != after.conversation


def test_what_changes_with_every_request_changes_no_mark():
    request = recorded("claude-code/first-turn")
    later = copy.deepcopy(request)
    later["system"][0]["text"] = "x-anthropic-billing-header: cc_version=2.1.400.f00; cc_entrypoint=cli; cch=abcde;"
    for block in later["system"]:
        block.pop("cache_control", None)
    later["metadata"] = {}
    later["max_tokens"] += 1
    assert affinity_of(later, "session") == affinity_of(request, "session")


BRIEF = "Be brief. " * 1000
CHAT = {
    "messages": [{"role": "system", "content": BRIEF}, {"role": "user", "content": "Hello"}],
    "tools": [{"type": "function", "function": {"name": "read"}}],
}
MESSAGES = {"system": BRIEF, "messages": [{"role": "user", "content": "Hello"}], "tools": [{"name": "read"}]}
RESPONSES = {"instructions": BRIEF, "input": "Hello", "tools": [{"type": "function", "name": "read"}]}
ANSWER = {"role": "assistant", "content": "Hi"}


@pytest.mark.parametrize(
    "document",
    [
        MESSAGES,
        RESPONSES,
        {**CHAT, "messages": [*CHAT["messages"], ANSWER, {"role": "user", "content": "And now?"}]},
        {**MESSAGES, "system": [{"type": "text", "text": "x-anthropic-billing-header: a=1;\n" + BRIEF}]},
        {
            **MESSAGES,
            "messages": [{"role": "user", "content": [{"type": "text", "text": "Hello", "cache_control": {"type": "ephemeral"}}]}],
        },
        {
            **RESPONSES,
            "input": [{"role": "user", "content": [{"type": "input_text", "text": "Hello"}]}, {"type": "reasoning", "summary": []}],
        },
        {"input": [{"role": "developer", "content": BRIEF}, {"role": "user", "content": "Hello"}], "tools": RESPONSES["tools"]},
        {**CHAT, "temperature": 0.5, "stream": True},
    ],
)
def test_all_forms_of_one_conversation_have_the_same_marks(document):
    assert affinity_of(document) == affinity_of(CHAT)


@pytest.mark.parametrize(
    ("document", "session", "root", "is_kin"),
    [
        ({**MESSAGES, "messages": [{"role": "user", "content": "Hello!"}]}, None, None, True),
        ({**MESSAGES, "system": "Be long."}, None, None, False),
        ({**MESSAGES, "tools": [{"name": "write"}]}, None, None, False),
        (MESSAGES, "session", None, True),
        (MESSAGES, None, "msg_1", True),
        ({**RESPONSES, "conversation": {"id": "conv_1"}}, None, None, True),
        ({**RESPONSES, "prompt_cache_key": "mine"}, None, None, False),
    ],
)
def test_what_tells_conversations_apart(document, session, root, is_kin):
    marks, known = affinity_of(document, session, root), affinity_of(CHAT)
    assert marks.conversation != known.conversation
    assert (marks.kin == known.kin) is is_kin


def test_a_cache_key_makes_kin_of_what_begins_otherwise():
    one, other = ({"prompt_cache_key": "mine", "input": text, "instructions": text} for text in ("a", "b"))
    assert affinity_of(one).kin == affinity_of(other).kin
    assert affinity_of(one).conversation != affinity_of(other).conversation


@pytest.mark.parametrize("document", [{"input": "a"}, {"input": "a", "instructions": "Be brief.", "tools": [{"name": "read"}] * 3}])
def test_little_in_common_makes_no_kin(document):
    assert affinity_of(document).kin == 0


def test_many_tools_make_kin():
    assert affinity_of({"input": "a", "tools": [{"name": f"tool {number}"} for number in range(10)]}).kin > 0


def test_a_stored_conversation_goes_by_its_name_not_by_what_is_new():
    turns = ({"conversation": conversation, "input": text} for conversation, text in (("conv_1", "a"), ({"id": "conv_1"}, "b")))
    assert len({affinity_of(turn) for turn in turns}) == 1
    assert affinity_of({"input": "a"}, root="item_1") == affinity_of({"input": "b"}, root="item_1")


@pytest.mark.parametrize("change", [lambda text: "x" + text[1:], lambda text: text[:-1] + "x", lambda text: text + text[-1]])
def test_long_texts_are_told_apart_by_ends_and_length(change):
    text = "a" * 100_000
    assert affinity_of({"input": text}) != affinity_of({"input": change(text)})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec=None)),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["role", "content", "text", "name", "id", "function"]), inner)
    ),
    max_leaves=8,
)
FIELDS = ["system", "instructions", "messages", "input", "tools", "prompt_cache_key", "conversation"]


@given(st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_any_document_has_marks(document):
    conversation, kin = affinity_of(document)
    assert 0 < conversation < 1 << 64
    assert 0 <= kin < 1 << 64
