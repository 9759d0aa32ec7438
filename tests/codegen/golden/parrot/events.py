# Generated from toy/parrot (sha256 e658ca97a450). DO NOT EDIT.
# Regenerate: nox -s generate

from typing import Literal, NotRequired, TypeAlias, TypedDict, Union


class Bird(TypedDict):
    id: str
    age: NotRequired[int]


class BirdList(TypedDict):
    data: list[Bird]


class EchoDelta(TypedDict):
    type: Literal['echo_delta']
    index: int
    text: str


class Error(TypedDict):
    message: str


class ErrorAnswer(TypedDict):
    error: Error


class OtherPhrase(TypedDict):
    type: str


class PlainWords(TypedDict):
    text: str
    speed: NotRequired[float]


class Song(TypedDict):
    type: Literal['song', 'song_2026']
    title: NotRequired[str]


class Squawk(TypedDict):
    type: Literal['squawk']


class Sulk(TypedDict):
    type: Literal['sulk']


class Words(TypedDict):
    type: Literal['words']
    text: str
    accent: NotRequired[str | None]


class Yawn(TypedDict):
    type: Literal['yawn']


class Echo(TypedDict):
    id: str
    type: Literal['echo']
    phrases: list[Words]
    tired: bool | None


class EchoStop(TypedDict):
    type: Literal['echo_stop']
    index: int
    echo: Echo | None


Reply: TypeAlias = EchoDelta | Sulk


class Dialogue(TypedDict):
    type: Literal['dialogue']
    phrases: list["Phrase"]


EchoEvent: TypeAlias = Union["EchoStart", EchoDelta, EchoStop, Yawn, Squawk]


class EchoStart(TypedDict):
    type: Literal['echo_start']
    index: int
    phrase: "Phrase"


KnownPhrase: TypeAlias = Words | Song | Dialogue


Phrase: TypeAlias = KnownPhrase | PlainWords | OtherPhrase
