# Generated from toy/parrot (sha256 e658ca97a450). DO NOT EDIT.
# Regenerate: nox -s generate
"""Where the fields of a parrot request stand that are ignored or rejected."""

from typing import Final

from triglot.support import Lossy, Node, SupportTable

_NODES: Final[dict[str, Node]] = {
    "CreateEcho": Node(
        losses={
            "perch": Lossy("rejected", "the cage has one perch", "high"),
            "volume": Lossy("ignored", "a parrot has one volume", 5),
        },
        children={"cage": "CreateEcho.cage", "labels": "CreateEcho.labels", "phrases": "CreateEcho.phrases"},
    ),
    "CreateEcho.cage": Node(
        losses={
            "cover": Lossy("ignored", "covers are for the night"),
        },
    ),
    "CreateEcho.labels": Node(
        values="Label",
    ),
    "CreateEcho.phrases": Node(
        items="Phrase",
    ),
    "Dialogue": Node(
        children={"phrases": "Dialogue.phrases"},
    ),
    "Dialogue.phrases": Node(
        items="Phrase",
    ),
    "Hush": Node(
        losses={
            "kindly": Lossy("ignored", "parrots hear no tone"),
        },
    ),
    "Label": Node(
        losses={
            "colour": Lossy("ignored", "parrots do not mind"),
        },
    ),
    "ListBirdsQuery": Node(
        losses={
            "after": Lossy("ignored", "all birds fit on one page"),
        },
    ),
    "OtherPhrase/whole": Node(
        whole=Lossy("ignored", "nobody has taught it"),
        tag="type",
    ),
    "Phrase": Node(
        branches={"dialogue": "Dialogue", "song": "Song/whole", "song_2026": "Song/whole", "words": "Words"},
        tag="type",
        unknown="OtherPhrase/whole",
        untagged="Phrase/-",
    ),
    "Phrase/-": Node(
        losses={
            "speed": Lossy("ignored", "parrots do not hurry"),
        },
    ),
    "Say": Node(
        losses={
            "volume": Lossy("ignored", "a parrot has one volume", 3),
        },
        children={"phrases": "Say.phrases"},
    ),
    "Say.phrases": Node(
        items="Phrase",
    ),
    "Song/whole": Node(
        whole=Lossy("rejected", "parrots do not sing"),
        tag="type",
    ),
    "Word": Node(
        branches={"hush": "Hush", "say": "Say"},
        tag="type",
    ),
    "Words": Node(
        losses={
            "accent": Lossy("ignored", "a parrot has its own"),
        },
    ),
}
CREATE_ECHO: Final = SupportTable(_NODES, "CreateEcho")
GET_SONG_QUERY: Final = SupportTable(_NODES, "GetSongQuery")
LIST_BIRDS_QUERY: Final = SupportTable(_NODES, "ListBirdsQuery")
WORD: Final = SupportTable(_NODES, "Word")
