# Generated from toy/parrot (sha256 e658ca97a450). DO NOT EDIT.
# Regenerate: nox -s generate

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypeAliasType


class Cage(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    width: Annotated[int | None, Field(gt=0)] = None
    cover: bool | None = None


class GetSongQuery(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    stream: bool | None = False
    parts: list[Literal['verse', 'chorus']] | None = None


class Hush(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['hush']
    kindly: bool | None = None


class Label(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
    )
    text: Annotated[str, Field(max_length=20)]
    colour: Annotated[str | None, Field(pattern='^#[0-9a-f]{6}$')] = None


class ListBirdsQuery(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    limit: Annotated[int | None, Field(ge=1, le=100)] = 20
    after: str | None = None


class OtherPhrase(BaseModel):
    model_config = ConfigDict(
        extra='allow',
        regex_engine="python-re",
    )
    type: Annotated[str, Field(pattern='^(?!(words|song|song_2026|dialogue)\\Z)')]


Perch = TypeAliasType("Perch", Literal['high', 'low'])


class PlainWords(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    text: str
    speed: float | None = None


class Song(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['song', 'song_2026']
    title: str | None = None


class Words(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['words']
    text: str
    accent: str | None = None


Phrases = TypeAliasType("Phrases", Annotated[list["Phrase"], Field(min_length=1)])


class CreateEcho(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    phrases: str | Phrases
    stream: bool | None = False
    volume: Annotated[float | None, Field(ge=0.0, le=11.0)] = 5
    perch: Perch | None = 'high'
    cage: Cage | None = None
    schema_: Annotated[dict[str, Any] | None, Field(alias='schema')] = None
    labels: dict[str, Label] | None = None


class Dialogue(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['dialogue']
    phrases: list["Phrase"]


KnownPhrase = TypeAliasType("KnownPhrase", Annotated[Words | Song | Dialogue, Field(discriminator='type')])


Phrase = TypeAliasType("Phrase", Annotated[KnownPhrase | PlainWords | OtherPhrase, Field(union_mode='left_to_right')])


class Say(BaseModel):
    model_config = ConfigDict(
        extra='allow',
    )
    type: Literal['say']
    phrases: str | Phrases
    volume: Annotated[float | None, Field(ge=0.0, le=11.0)] = 3


Word = TypeAliasType("Word", Annotated[Say | Hush, Field(discriminator='type')])


Dialogue.model_rebuild()
