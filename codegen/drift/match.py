"""Which branch of a spec union stands for which branch of an SDK union: by tag where there is one, else by likeness."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from codegen.drift.shape import Object

# Fields that name a branch, the most telling first. Any other literal field is a tag only where all branches of a union differ in it.
TAGS = ("type", "role", "object")


@dataclass(slots=True)
class Group:
    """A spec branch and the SDK branches that it stands for.

    Attributes:
        tag: the field whose literals made the match, or None.
        either_way: a tag that the SDK may leave out, when the spec has one branch with it and one without: its presence is no difference.
    """

    spec: Object
    sdk: list[Object] = field(default_factory=list)
    tag: str | None = None
    either_way: str | None = None


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

    An SDK branch whose tag has several values, or may be left out, may be spread over several spec branches; and one spec branch may stand
    for several SDK branches (a request type and its twin among the answers, stable and beta).
    """
    closed = [branch for branch in spec if branch.open_except is None]
    groups = {id(branch): Group(branch) for branch in closed}
    matching = Matching()
    for branch in sdk:
        candidates = [candidate for candidate in closed if not contradict(candidate, branch)]
        tag = tag_of(branch, closed)
        found = {"": best_match(candidates, branch)} if tag is None else match_tagged(candidates, branch, tag)
        twins = [best for best in found.values() if best is not None]
        for label, best in found.items():
            if best is None:
                matching.missing.append((branch, label or label_of(branch)))
                continue
            group = groups[id(best)]
            if tag is not None and carries(best, tag):
                group.tag = tag
            if tag is not None and any(carries(best, tag) != carries(twin, tag) for twin in twins):
                group.either_way = tag
            if branch not in group.sdk:
                group.sdk.append(branch)
    matching.groups = [group for group in groups.values() if group.sdk]
    matching.extra = [group.spec for group in groups.values() if not group.sdk]
    return matching


def match_tagged(candidates: list[Object], branch: Object, tag: str) -> dict[str, Object | None]:
    """The spec branch for each value of an SDK branch's tag.

    Where the SDK may leave the tag out and the spec has a branch for that, it stands under the empty label.
    """
    found: dict[str, Object | None] = {}
    for value in sorted(branch.fields[tag].shape.values):
        takers = [candidate for candidate in candidates if carries(candidate, tag) and candidate.fields[tag].shape.takes(value)]
        found[f"{tag}={value}"] = best_match(takers, branch)
    if not branch.fields[tag].required:
        untagged = [candidate for candidate in candidates if not carries(candidate, tag) and needs(candidate) <= branch.fields.keys()]
        best = best_match(untagged, branch)
        if best is not None:
            found = {label: tagged or best for label, tagged in found.items()}
            found[""] = best
    return found


def carries(branch: Object, tag: str) -> bool:
    """Whether a branch has the tag; one that may only be null counts as absent."""
    return tag in branch.fields and bool(branch.fields[tag].shape.kinds or branch.fields[tag].shape.anything)


def best_match(candidates: list[Object], branch: Object) -> Object | None:
    """The candidate most like an SDK branch."""
    return max(candidates, key=lambda candidate: likeness(candidate, branch), default=None)


def needs(branch: Object) -> set[str]:
    """The required fields of a branch."""
    return {name for name, known in branch.fields.items() if known.required}


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
    return literals, len(common) - (len(sdk.fields) - len(common)) - 2 * len(needs(spec) - sdk.fields.keys())


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
