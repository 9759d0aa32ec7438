"""Support tables: what is reported as lost, and that the quick look over long lists never changes the answer."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triglot import support
from triglot.support import Loss, Lossy, Node, SupportTable, find_losses

NODES = {
    "Request": Node(
        losses={
            "tier": Lossy("ignored", "no tiers", "auto"),
            "count": Lossy("rejected", "only one", 1),
            "user": Lossy("ignored", "nobody"),
        },
        children={"messages": "Messages", "options": "Options", "notes": "Notes"},
    ),
    "Messages": Node(items="Message"),
    "Message": Node(tag="role", branches={"user": "User", "system": None}, unknown="Other"),
    "User": Node(losses={"name": Lossy("ignored", "no place")}, children={"content": "Content", "reply": "Message"}),
    "Other": Node(tag="role", whole=Lossy("rejected", "unknown role")),
    "Content": Node(items="Part", tag="type", branches={"group": "Group"}),
    "Part": Node(tag="type", branches={"text": "Text", "file": "File", "group": "Group"}, untagged="Plain"),
    "Text": Node(losses={"accent": Lossy("ignored", "no accents"), "marks": Lossy("ignored", "no marks", [])}),
    "File": Node(tag="type", whole=Lossy("ignored", "no files")),
    "Group": Node(children={"parts": "Content"}),
    "Plain": Node(losses={"speed": Lossy("ignored", "no hurry", 1), "marks": Lossy("ignored", "no marks", 0)}),
    "Options": Node(losses={"deep": Lossy("ignored", "not here")}),
    "Notes": Node(values="Note"),
    "Note": Node(losses={"colour": Lossy("ignored", "no colours")}),
}
TABLE = SupportTable(NODES, "Request")


def found(document: Any) -> list[str]:
    return [str(loss) for loss in find_losses(TABLE, document)]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({}, []),
        ({"tier": "auto", "count": 1, "user": None}, []),
        ({"tier": "flex", "count": 2, "user": ""}, ["tier", "count", "user"]),
        ({"count": True}, ["count"]),
        ({"count": 1.0}, []),
        ({"options": {"deep": {}, "other": 1}}, ["options.deep"]),
        ({"options": [1, {"deep": 1}], "messages": "text", "unknown": {"tier": 1}}, []),
        ({"notes": {"a": {"colour": 1}, "b": {}, "c": "text"}}, ["notes.a.colour"]),
        ({"messages": [{"role": "system", "name": "n"}, {"role": "user", "name": "n"}]}, ["messages[1].name"]),
        ({"messages": [{"role": "elf", "name": "n"}]}, ["messages[0] (elf)"]),
        ({"messages": [{"name": "n"}, {"role": 7}, None, "text", []]}, []),
        ({"messages": [{"role": "user", "content": [{"type": "text", "accent": "a"}]}]}, ["messages[0].content[0].accent"]),
        (
            {"messages": [{"role": "user", "content": [{"type": "file"}, {"speed": 2}]}]},
            ["messages[0].content[0] (file)", "messages[0].content[1].speed"],
        ),
        (
            {"messages": [{"role": "user", "content": {"type": "group", "parts": [{"type": "file"}]}}]},
            ["messages[0].content.parts[0] (file)"],
        ),
        ({"messages": [{"role": "user", "reply": {"role": "user", "name": "n"}}]}, ["messages[0].reply.name"]),
        ([], []),
        (None, []),
    ],
)
def test_losses(document, expected):
    assert found(document) == expected


def test_a_loss_carries_level_and_reason():
    assert find_losses(TABLE, {"count": 2}) == [Loss("count", "rejected", "only one")]
    assert find_losses(TABLE, {"messages": [{"role": "elf"}]}) == [Loss("messages[0]", "rejected", "unknown role", "elf")]


def test_a_table_without_losses_finds_none():
    assert find_losses(SupportTable({}, "Request"), {"tier": "flex"}) == []


def test_every_loss_in_a_long_list_is_found():
    messages: list[Any] = [{"role": "user", "content": [{"type": "text", "text": "t"}]} for _ in range(300)]
    assert found({"messages": messages}) == []
    for index in (0, 63, 64, 150, 299):
        messages[index] = {"role": "user", "content": [{"type": "text"}, {"type": "group", "parts": [{"type": "text", "accent": "a"}]}]}
    assert found({"messages": messages}) == [f"messages[{index}].content[1].parts[0].accent" for index in (0, 63, 64, 150, 299)]


def test_deep_nesting_within_a_json_decoder_s_reach():
    document: dict[str, Any] = {"role": "user", "name": "n"}
    for _ in range(100):
        document = {"role": "user", "reply": document}
    assert found({"messages": [document]}) == ["messages[0]" + ".reply" * 100 + ".name"]


parts = st.recursive(
    st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["text", "file", "new", 3]),
            "accent": st.just(1),
            "speed": st.sampled_from([None, 1, 2, True]),
            "marks": st.sampled_from([None, [], [1], 0]),
        },
    ),
    lambda inner: st.fixed_dictionaries({"type": st.just("group"), "parts": st.lists(inner, max_size=12)}),
    max_leaves=20,
)
odd = st.none() | st.text(max_size=3) | st.integers() | st.lists(st.none(), max_size=2)
messages = st.fixed_dictionaries(
    {},
    optional={
        "role": st.sampled_from(["user", "user", "user", "system", "elf", None]),
        "name": st.none() | st.just("n"),
        "content": st.text(max_size=2) | st.lists(parts | odd, max_size=12) | parts,
    },
)


@given(st.lists(messages | odd, max_size=20) | st.lists(messages, max_size=20))
def test_sweeping_never_changes_the_answer(items):
    document = {"messages": items}
    swept = find_losses(TABLE, document)
    assert swept == reference(NODES, "Request", document, "")


def test_long_lists_are_swept(monkeypatch):
    """Guards the test above: with the quick look made to lie, losses go missing, so it is really used."""
    monkeypatch.setattr(support._Sweep, "is_clean", lambda *_: True)
    assert found({"messages": [{"role": "elf"}] * 20}) == []


def reference(nodes: dict[str, Node], name: str | None, value: Any, path: str) -> list[Loss]:
    """The meaning of a table, written as plainly as possible."""
    if name is None:
        return []
    node = nodes[name]
    if isinstance(value, list):
        return [loss for index, item in enumerate(value) for loss in reference(nodes, node.items, item, f"{path}[{index}]")]
    if not isinstance(value, dict):
        return []
    if node.whole is not None:
        return [Loss(path, node.whole.level, node.whole.reason, value.get(node.tag or ""))]
    if node.branches or node.unknown or node.untagged:
        tag = value.get(node.tag or "")
        return reference(nodes, node.branches.get(tag, node.unknown) if isinstance(tag, str) else node.untagged, value, path)
    return reference_fields(nodes, node, value, f"{path}." if path else "")


def reference_fields(nodes: dict[str, Node], node: Node, value: dict[str, Any], prefix: str) -> list[Loss]:
    losses = []
    for key, item in value.items():
        lossy = node.losses.get(key)
        if lossy is not None and item is not None and (item != lossy.default or item is True):
            losses.append(Loss(prefix + key, lossy.level, lossy.reason))
    for key, child in node.children.items():
        losses += reference(nodes, child, value.get(key), prefix + key)
    for key, item in value.items():
        if node.values and key not in node.losses:
            losses += reference(nodes, node.values, item, prefix + key)
    return losses
