"""Which branch of a spec union stands for which branch of an SDK union: by tag where there is one, else by likeness."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from codegen.drift.shape import Object, Value

# Fields that name a branch, the most telling first. Any other literal field is a tag only where all branches of a union differ in it.
TAGS = ("type", "role", "object")


@dataclass(slots=True)
class Group:
    """A spec branch and the SDK branches that it stands for.

    Attributes:
        tag: the field whose literals made the match, or None.
    """

    spec: Object
    sdk: list[Object] = field(default_factory=list)
    tag: str | None = None


@dataclass(slots=True)
class Matching:
    """What `match_branches` found.

    Attributes:
        groups: spec branches with their SDK branches.
        missing: SDK branches without a spec branch, each with a label such as `type=computer_call`.
        extra: spec branches without an SDK branch; the open branch is never among them.
    """

    groups: list[Group] = field(default_factory=list)
    missing: list[tuple[Object, str]] = field(default_factory=list)
    extra: list[Object] = field(default_factory=list)


def match_branches(spec: Iterable[Object], sdk: Iterable[Object]) -> Matching:
    """Pairs the object branches of two unions.

    An SDK branch whose tag has several values may be spread over several spec branches, and one spec branch may stand for several SDK
    branches (a request type and its twin among the answers, stable and beta).
    """
    closed = [branch for branch in spec if branch.open_except is None]
    groups = {id(branch): Group(branch) for branch in closed}
    matching = Matching()
    for branch in sdk:
        candidates = [candidate for candidate in closed if not contradict(candidate, branch)]
        tag = tag_of(branch, closed)
        for value in sorted(branch.fields[tag].shape.values) if tag else [None]:
            best = best_match(candidates, branch, tag, value)
            if best is None:
                matching.missing.append((branch, label_of(branch) if value is None else f"{tag}={value}"))
                continue
            group = groups[id(best)]
            group.tag = tag or group.tag
            if branch not in group.sdk:
                group.sdk.append(branch)
    matching.groups = [group for group in groups.values() if group.sdk]
    matching.extra = [group.spec for group in groups.values() if not group.sdk]
    return matching


def best_match(candidates: list[Object], branch: Object, tag: str | None, value: Value | None) -> Object | None:
    """The spec branch most like an SDK branch, among those that take the tag's value."""
    if tag is not None and value is not None:
        tagged = [candidate for candidate in candidates if tag in candidate.fields and candidate.fields[tag].shape.takes(value)]
        if not tagged and not branch.fields[tag].required:
            tagged = [candidate for candidate in candidates if tag not in candidate.fields]
        candidates = tagged
    return max(candidates, key=lambda candidate: likeness(candidate, branch), default=None)


def contradict(spec: Object, sdk: Object) -> bool:
    """Whether a tag or a constant tells that the two are not the same branch."""
    for name, known in sdk.fields.items():
        if name not in spec.fields or not known.shape.is_literal or not spec.fields[name].shape.is_literal:
            continue
        ours, theirs = spec.fields[name].shape.values, known.shape.values
        if not ours & theirs and (name in TAGS or len(ours) == len(theirs) == 1):
            return True
    return False


def likeness(spec: Object, sdk: Object) -> tuple[int, int]:
    """Larger is more alike: first by literal fields in common, then by field names."""
    common = spec.fields.keys() & sdk.fields.keys()
    literals = sum(is_literal(spec, name) and is_literal(sdk, name) for name in common)
    lacking = sum(known.required for name, known in spec.fields.items() if name not in sdk.fields)
    return literals, len(common) - (len(sdk.fields) - len(common)) - 2 * lacking


def tag_of(branch: Object, rivals: Sequence[Object] = ()) -> str | None:
    """The field that names a branch of a union whose branches, on the other side, are `rivals`."""
    for name in TAGS:
        if is_literal(branch, name) and (not rivals or any(is_literal(rival, name) for rival in rivals)):
            return name
    return next((name for name in branch.fields if len(rivals) > 1 and is_literal(branch, name) and tells_apart(name, rivals)), None)


def is_literal(branch: Object, name: str) -> bool:
    """Whether a branch has a field that holds only literals."""
    return name in branch.fields and branch.fields[name].shape.is_literal


def tells_apart(name: str, branches: Sequence[Object]) -> bool:
    """Whether every branch has the field as a literal, and no value of it belongs to two of them."""
    values = [value for branch in branches if is_literal(branch, name) for value in branch.fields[name].shape.values]
    return all(is_literal(branch, name) for branch in branches) and len(values) == len(set(values))


def label_of(branch: Object) -> str:
    """A short name for a branch: its tag and value when it has one."""
    tag = tag_of(branch)
    if tag is None:
        return branch.name
    return f"{tag}={'|'.join(sorted(str(value) for value in branch.fields[tag].shape.values))}"
