"""Values of options, for argparse."""

from __future__ import annotations

import argparse
import re
from typing import Final

_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_DAY_S: Final = 86_400


def positive(text: str) -> int:
    """A number of things."""
    if not (text.isascii() and text.isdecimal()) or len(text) > 9 or int(text) < 1:  # noqa: PLR2004 - a milliard is enough of anything
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 1 on")
    return int(text)


def seconds(text: str) -> float:
    """A time, of a day at most."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < _DAY_S:
        raise argparse.ArgumentTypeError(f"{text} is not a number of seconds above 0")
    return value


def header(text: str) -> tuple[str, str]:
    """A header. What is wrong with one is told without its value, which may be a secret."""
    name, colon, value = text.partition(":")
    if not colon or not _HEADER_NAME.fullmatch(name) or not (value.isascii() and value.isprintable()):
        raise argparse.ArgumentTypeError(f"{name or 'nothing'} is not followed by a colon and a value")
    return name, value.strip()
