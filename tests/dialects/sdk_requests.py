"""Requests made from the official SDK's own request types.

Every branch of every union comes once in its least form, and then with each of its fields set, wherever it may stand. Where a required
field has several words to choose from, such as the role of a message, all of that comes with each of them. Types inside themselves have
their least form.
"""

from __future__ import annotations

import typing
from types import UnionType
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin

import typing_extensions

from codegen.drift.extract import ALIASES, MAPS, TEXT_LIKE, WRAPPERS, fields_of, is_list, is_object

if TYPE_CHECKING:
    from collections.abc import Iterator

LITERALS = (typing.Literal, typing_extensions.Literal)
# What the API asks of a value beyond its type, by field.
FITTING: dict[str, Any] = {
    "budget_tokens": 1024,
    "data": "aGVsbG8=",
    "definition": 'start: "a"',
    "image_url": "data:image/png;base64,aGVsbG8=",
    "input_schema": {"type": "object"},
    "max_tokens": 2048,
    "schema": {"type": "object"},
    "url": "https://example.com/a",
}
PLAIN: dict[Any, Any] = {str: "a", int: 1, float: 0.5, bool: True, object: {"a": 1}, Any: {"a": 1}}


def every(annotation: Any, name: str = "", inside: frozenset[Any] = frozenset()) -> Iterator[Any]:
    """All values of a type that differ in one place from the least of their branch.

    Args:
        annotation: an SDK type, alias or union.
        name: the field it belongs to.
        inside: the types that are being filled around it.
    """
    for branch in branches_of(annotation):
        if is_list(branch):
            yield from ([value] for value in every(get_args(branch)[0], name, inside))
        elif is_object(branch):
            yield from every_object(branch, inside)
        elif get_origin(branch) in LITERALS:
            yield from get_args(branch)
        elif get_origin(branch) in MAPS:
            yield from ({"a": value} for value in every(get_args(branch)[1], name, inside))
        else:
            yield least(branch, name)


def every_object(sdk_type: Any, inside: frozenset[Any]) -> Iterator[dict[str, Any]]:
    """`every` of one TypedDict."""
    fields = fields_of(sdk_type)
    base = least(sdk_type)
    choices = [(name, word) for name, (hint, required) in fields.items() if required for word in words_of(hint)]
    for start in [base, *(base | {name: word} for name, word in choices if word != base[name])]:
        yield start
        if sdk_type not in inside:
            for name, (hint, _) in fields.items():
                if (name, start.get(name)) not in choices:
                    yield from (start | {name: value} for value in every(hint, name, inside | {sdk_type}))


def least(annotation: Any, name: str = "") -> Any:
    """The least value of a type, in its first branch."""
    branch = next(branches_of(annotation))
    if is_object(branch):
        return {field: least(hint, field) for field, (hint, required) in fields_of(branch).items() if required}
    if is_list(branch):
        return [least(get_args(branch)[0], name)]
    if get_origin(branch) in LITERALS:
        return get_args(branch)[0]
    if branch in (None, type(None)):
        return None
    if name in FITTING:
        return FITTING[name]
    return {} if (get_origin(branch) or branch) in MAPS else PLAIN[branch]


def words_of(annotation: Any) -> tuple[Any, ...]:
    """The values of a type that is one literal."""
    [*branches] = branches_of(annotation)
    return get_args(branches[0]) if len(branches) == 1 and get_origin(branches[0]) in LITERALS else ()


def branches_of(annotation: Any) -> Iterator[Any]:
    """The branches of a union, without wrappers and aliases; a file can only be sent as text."""
    if get_origin(annotation) in WRAPPERS:
        yield from branches_of(get_args(annotation)[0])
    elif isinstance(annotation, ALIASES):
        yield from branches_of(annotation.__value__)
    elif get_origin(annotation) in (Union, UnionType):
        for branch in get_args(annotation):
            yield from branches_of(branch)
    elif (get_origin(annotation) or annotation) not in TEXT_LIKE:
        yield annotation
