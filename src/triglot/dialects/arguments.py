"""The arguments of calls in a conversation, in the one form that backends take: the JSON text of an object.

llama-server answers 500 to a conversation with any other text, even an empty one, and templates that walk the arguments fail on what is no
object. It would go on failing with each turn that repeats the call.
"""

from __future__ import annotations

import logging
from typing import Any

import msgspec

log = logging.getLogger("triglot")


def arguments_text(text: str, wrap_as: str) -> str:
    """The text itself, letter by letter, if it is an object; else an object that shows it.

    Args:
        text: what a model once wrote.
        wrap_as: the field that shows a text that is no object.
    """
    if is_object(text):
        return text
    if not text or text.isspace():
        return "{}"
    log.debug("the arguments of a call are no JSON object and are shown as a text: %.200r", text)
    return encode_arguments({wrap_as: text})


def is_object(text: str) -> bool:
    """Whether a text is the JSON of an object."""
    try:
        return isinstance(msgspec.json.decode(text), dict)
    except (msgspec.DecodeError, RecursionError):
        return False


def encode_arguments(arguments: dict[str, Any]) -> str:
    """The JSON text of an object, its keys in the order given."""
    return msgspec.json.encode(arguments).decode()
