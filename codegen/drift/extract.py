"""SDK type -> shape. Reads TypedDicts, pydantic models, and everything their annotations are made of."""

from __future__ import annotations

import datetime as dt
import inspect
import os
import types
import typing
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Union, get_args, get_origin

import pydantic
import typing_extensions

from codegen.drift.shape import BrokenInputError, Field, Object, Shape, Value

REQUIRED = (typing.Required, typing_extensions.Required)
NOT_REQUIRED = (typing.NotRequired, typing_extensions.NotRequired)
WRAPPERS = (*REQUIRED, *NOT_REQUIRED, typing.Annotated, typing.ClassVar)
SCALARS = {str: "string", int: "integer", float: "number", bool: "boolean", bytes: "string", dt.datetime: "string"}
ALIASES = (typing_extensions.TypeAliasType, getattr(typing, "TypeAliasType", typing_extensions.TypeAliasType))
# File-like inputs that the SDKs encode as base64 text before sending.
TEXT_LIKE = (typing.IO, os.PathLike)
LISTS = (list, tuple, set, Iterable, Sequence)
MAPS = (dict, Mapping)


class Extractor:
    """Turns SDK types into shapes; the same type always becomes the same `Object`, so recursive types are cycles."""

    def __init__(self) -> None:
        self._objects: dict[Any, Object] = {}
        self._aliases: dict[Any, Shape] = {}
        self._pending: deque[Callable[[], None]] = deque()

    def shape(self, annotation: Any, place: str) -> Shape:
        """The shape of an annotation, with everything below it filled in.

        Args:
            annotation: an SDK type, alias or union.
            place: how to name it in reports.

        Raises:
            BrokenInputError: the annotation is of a kind that is not known here.
        """
        shape = self._flatten(annotation, place)
        while self._pending:
            self._pending.popleft()()
        return shape

    def _flatten(self, annotation: Any, place: str) -> Shape:
        shape = Shape(place)
        self._add(annotation, shape)
        shape.settle()
        return shape

    def _add(self, annotation: Any, shape: Shape) -> None:
        origin = get_origin(annotation)
        if origin in WRAPPERS:
            self._add(get_args(annotation)[0], shape)
        elif isinstance(annotation, ALIASES):
            shape.absorb(self._alias(annotation))
        elif origin in (Union, types.UnionType):
            for branch in get_args(annotation):
                self._add(branch, shape)
        elif origin in (typing.Literal, typing_extensions.Literal):
            add_literals(get_args(annotation), shape)
        elif is_list(annotation):
            self._add_list(get_args(annotation), shape)
        elif (origin or annotation) in MAPS:
            self._add_map(get_args(annotation), shape)
        elif is_object(annotation):
            shape.objects.append(self._object(annotation))
        else:
            add_plain(annotation, shape)

    def _alias(self, alias: Any) -> Shape:
        if alias not in self._aliases:
            self._aliases[alias] = Shape(alias.__name__)
            self._add(alias.__value__, self._aliases[alias])
        return self._aliases[alias]

    def _add_list(self, arguments: tuple[Any, ...], shape: Shape) -> None:
        item = Shape(f"{shape.place}[]")
        shape.items.append(item)
        element = arguments[0] if arguments else object
        self._later(item, element)

    def _add_map(self, arguments: tuple[Any, ...], shape: Shape) -> None:
        values = Shape(f"{shape.place}{{}}")
        shape.objects.append(Object(shape.place, shape.place, rest=values))
        self._later(values, arguments[1] if arguments else object)

    def _later(self, shape: Shape, annotation: Any) -> None:
        # Filled from a work list, not by recursion: a union must never absorb a shape that is still being built.
        def fill() -> None:
            self._add(annotation, shape)
            shape.settle()

        self._pending.append(fill)

    def _object(self, sdk_type: Any) -> Object:
        known = self._objects.get(sdk_type)
        if known is None:
            name = sdk_type.__name__
            known = self._objects[sdk_type] = Object(name, f"{sdk_type.__module__}.{name}")
            for wire_name, (annotation, required) in fields_of(sdk_type).items():
                place = Shape(f"{name}.{wire_name}")
                known.fields[wire_name] = Field(place, required)
                self._later(place, annotation)
            rest = rest_of(sdk_type)
            if rest is not None:
                known.rest = Shape(f"{name}{{}}")
                self._later(known.rest, rest)
        return known


def add_literals(literals: Iterable[Any], shape: Shape) -> None:
    """Widens a shape by the arguments of a `Literal`."""
    for literal in literals:
        if literal is None:
            shape.null = True
        else:
            shape.values.add(Value.of(literal))


def add_plain(annotation: Any, shape: Shape) -> None:
    """Widens a shape by an annotation without parts.

    Raises:
        BrokenInputError: the annotation is of a kind that is not known here.
    """
    if annotation in (None, type(None)):
        shape.null = True
    elif annotation in (Any, object):
        shape.anything = True
    elif annotation in SCALARS:
        shape.types.add(SCALARS[annotation])
    elif (get_origin(annotation) or annotation) in TEXT_LIKE:
        shape.types.add("string")
    else:
        raise BrokenInputError(f"{shape.place}: the drift check cannot read the annotation {annotation!r}")


def is_list(annotation: Any) -> bool:
    """Whether the annotation is a list; the SDKs' own `SequenceNotStr` counts as one."""
    origin = get_origin(annotation) or annotation
    return origin in LISTS or getattr(origin, "__name__", "") == "SequenceNotStr"


def is_object(annotation: Any) -> bool:
    """Whether the annotation is a TypedDict or a pydantic model."""
    return typing_extensions.is_typeddict(annotation) or (inspect.isclass(annotation) and issubclass(annotation, pydantic.BaseModel))


def fields_of(sdk_type: Any) -> dict[str, tuple[Any, bool]]:
    """Wire name -> (annotation, required) of a TypedDict or pydantic model."""
    if typing_extensions.is_typeddict(sdk_type):
        hints = typing.get_type_hints(sdk_type, include_extras=True)
        return {alias_of(hint) or name: (hint, is_required(sdk_type, name, hint)) for name, hint in hints.items()}
    return {info.alias or name: (info.annotation, info.is_required()) for name, info in sdk_type.model_fields.items()}


def is_required(typed_dict: Any, name: str, hint: Any) -> bool:
    """Whether a TypedDict key must be present.

    The marker in the resolved hint counts before `__required_keys__`, because a class whose annotations are strings could not see it.
    """
    while get_origin(hint) in WRAPPERS:
        if get_origin(hint) in REQUIRED:
            return True
        if get_origin(hint) in NOT_REQUIRED:
            return False
        hint = get_args(hint)[0]
    return name in typed_dict.__required_keys__


def alias_of(hint: Any) -> str | None:
    """The wire name that the SDKs put beside a hint, as in `Annotated[str, PropertyInfo(alias="schema")]`."""
    while get_origin(hint) in WRAPPERS:
        for note in getattr(hint, "__metadata__", ()):
            alias = getattr(note, "alias", None)
            if isinstance(alias, str):
                return alias
        hint = get_args(hint)[0]
    return None


def rest_of(sdk_type: Any) -> Any:
    """The annotation of undeclared properties, or None when the type itself says nothing about them."""
    if typing_extensions.is_typeddict(sdk_type):
        extra = getattr(sdk_type, "__extra_items__", typing_extensions.NoExtraItems)
        return None if extra in (None, typing_extensions.Never, typing_extensions.NoExtraItems) else extra
    if "__pydantic_extra__" not in inspect.get_annotations(sdk_type):
        return None
    return get_args(inspect.get_annotations(sdk_type, eval_str=True)["__pydantic_extra__"])[1]
