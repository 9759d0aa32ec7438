"""The text of PDF files, for models that read no PDF.

A PDF is a program in parts, and a parser for it can be kept busy for hours by the wrong file. Therefore it works in a process of its own,
`python -m triglot.media.documents`, which gets a file on standard input and can be killed; `papers` starts it. It also keeps the parser,
which is all Python, from slowing down the streams of other clients.
"""

from __future__ import annotations

import io
import sys
from typing import Final

import msgspec
from pypdf import PdfReader
from pypdf.errors import DependencyError, FileNotDecryptedError, LimitReachedError, WrongPasswordError

from triglot.media.papers import Outcome

MAX_PAGES: Final = 100
"""About 50,000 tokens of prose. Anthropic's API had the same limit for years."""
_MEMORY_BYTES: Final = 2 * 1024**3


class UnreadablePdfError(Exception):
    """Why there is no text to have, as a clause whose subject is the PDF."""


def extract_text(data: bytes, *, max_pages: int = MAX_PAGES) -> str:
    """The text of a PDF, page by page, each behind a line `[Page N]`; empty if no page has any.

    A document of more than `max_pages` is refused, not cut: nobody could tell what is missing.

    Raises:
        UnreadablePdfError: too long, encrypted, or no PDF that can be read.
    """
    try:
        pages = PdfReader(io.BytesIO(data)).pages
        if (count := len(pages)) <= max_pages:
            texts = [(number, page.extract_text().strip()) for number, page in enumerate(pages, 1)]
            return "\n\n".join(f"[Page {number}]\n{text}" for number, text in texts if text)
    except (FileNotDecryptedError, WrongPasswordError, DependencyError):
        raise UnreadablePdfError("is encrypted; send it without encryption, or its text") from None
    except (LimitReachedError, MemoryError):
        raise UnreadablePdfError("takes too much memory to read; send its text") from None
    except Exception as exc:
        raise UnreadablePdfError(f"cannot be read ({exc or type(exc).__name__}); check the file, or send its text") from exc
    raise UnreadablePdfError(f"has {count} pages; up to {max_pages} are read: send a part of it, or its text")


def main() -> None:
    """Read one file from standard input and write its `Outcome` as JSON."""
    _limit_memory()
    try:
        outcome = Outcome(text=extract_text(sys.stdin.buffer.read()))
    except UnreadablePdfError as error:
        outcome = Outcome(problem=str(error))
    sys.stdout.buffer.write(msgspec.json.encode(outcome))


def _limit_memory() -> None:
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - not everywhere

        _, hardest = resource.getrlimit(resource.RLIMIT_AS)
        limit = _MEMORY_BYTES if hardest == resource.RLIM_INFINITY else min(_MEMORY_BYTES, hardest)
        resource.setrlimit(resource.RLIMIT_AS, (limit, hardest))


if __name__ == "__main__":
    main()
