from __future__ import annotations

from typing import Any

import pytest

from triglot.backend.profiles import Facts
from triglot.dialects.blindness import refuse_unperceived
from triglot.errors import ApiError, ErrorKind

IMAGE = {"type": "image_url", "image_url": {"url": "data:,"}}
SOUND = {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}
TEXT = {"type": "text", "text": "hi"}


def messages(*parts: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"role": "system", "content": "x"}, {"role": "user", "content": list(parts)}, {"role": "assistant", "content": None}]


@pytest.mark.parametrize(
    ("part", "facts", "word"),
    [
        (IMAGE, Facts(vision=False, audio=True, model="tiny"), "The model tiny cannot see images"),
        (IMAGE, Facts(vision=False), "The model m cannot see images"),
        (SOUND, Facts(vision=True, audio=False, model="tiny"), "The model tiny cannot hear"),
    ],
)
def test_what_the_model_cannot_perceive_is_refused(part: dict[str, Any], facts: Facts, word: str) -> None:
    with pytest.raises(ApiError) as caught:
        refuse_unperceived(messages(TEXT, part), facts, "m", "input")
    assert (caught.value.kind, caught.value.param) == (ErrorKind.INVALID_REQUEST, "input")
    assert caught.value.message.startswith(word)


@pytest.mark.parametrize("facts", [Facts(), Facts(vision=True, audio=True)])
def test_the_rest_is_not(facts: Facts) -> None:
    refuse_unperceived(messages(TEXT, IMAGE, SOUND), facts, "m", "input")


def test_text_needs_no_senses() -> None:
    refuse_unperceived(messages(TEXT), Facts(vision=False, audio=False), None, "input")
