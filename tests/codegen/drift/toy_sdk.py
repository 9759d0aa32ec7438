# ruff: noqa: PYI051, TC003, UP007, UP035, UP045 - written as the SDKs are
"""A small SDK in the manner of the official ones: TypedDicts for what is sent, pydantic models for what is read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Generic, Literal, Optional, TypeVar, Union

import pydantic
from pydantic import BaseModel
from typing_extensions import Required, TypeAliasType, TypedDict

JsonValue = TypeAliasType("JsonValue", Union[str, list[str], None])
T = TypeVar("T")


class Note:
    """Stands for the SDKs' PropertyInfo."""

    def __init__(self, *, alias: str) -> None:
        self.alias = alias


class TextPartParam(TypedDict, total=False):
    type: Required[Literal["text"]]
    text: Required[str]
    cache: Optional[bool]


class ImagePartParam(TypedDict, total=False):
    type: Required[Literal["image"]]
    url: Required[str]
    detail: Literal["low", "high"]


class GroupPartParam(TypedDict, total=False):
    type: Required[Literal["group", "bundle"]]
    parts: Required[Iterable[PartParam]]


PartParam = Union[TextPartParam, ImagePartParam, GroupPartParam]


class FormatParam(TypedDict, total=False):
    name: Required[str]
    schema_: Annotated[dict[str, object], Note(alias="schema")]


class CreateParamsBase(TypedDict, total=False):
    model: Required[Union[str, Literal["toy-1", "toy-2"]]]
    input: Required[Union[str, Iterable[PartParam]]]
    effort: Optional[Literal["low", "high"]]
    format: FormatParam
    labels: dict[str, str]
    limit: int
    workspace: str


class CreateParamsWhole(CreateParamsBase, total=False):
    stream: Literal[False]


class CreateParamsStream(CreateParamsBase):
    stream: Required[Literal[True]]


CreateParams = Union[CreateParamsWhole, CreateParamsStream]


class TextItem(BaseModel):
    type: Literal["text"]
    text: str


class CallItem(BaseModel):
    type: Literal["call"]
    name: str
    arguments: dict[str, str]


class Answer(BaseModel):
    id: str
    created: float
    items: list[Annotated[Union[TextItem, CallItem], "by type"]]
    status: Optional[Literal["done", "failed"]] = None
    schema_: Optional[str] = pydantic.Field(alias="schema", default=None)


class DeltaEvent(BaseModel):
    type: Literal["delta"]
    delta: str


class DoneEvent(BaseModel):
    type: Literal["done"]
    answer: Answer


Event = Union[DeltaEvent, DoneEvent]


class ErrorDetail(BaseModel):
    message: str


class Page(BaseModel, Generic[T]):
    data: list[T]
    has_more: Optional[bool] = None


class SayParam(TypedDict, total=False):
    type: Required[Literal["say"]]
    loudly: bool


class Heard(BaseModel):
    type: Literal["heard"]
    words: int


class OpenSchema(BaseModel):
    __pydantic_extra__: dict[str, int]

    type: Literal["object"]


class Tree(TypedDict):
    children: list[Tree]
    value: JsonValue


class ListParams(TypedDict, total=False):
    after: str


class Unreadable(TypedDict):
    call: Any
    made_of: complex
