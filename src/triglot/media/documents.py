"""The text of PDF files, for models that read no PDF. Pure."""

from __future__ import annotations

import io
import logging
import time
from typing import Final

from pypdf import PdfReader
from pypdf.errors import DependencyError, FileNotDecryptedError, LimitReachedError, WrongPasswordError

from triglot.errors import ApiError, ErrorKind

MAX_BYTES: Final = 32 * 1024 * 1024
MAX_PAGES: Final = 100
"""About 50,000 tokens of prose. Anthropic's API had the same limit for years."""
MAX_SECONDS: Final = 60.0

logging.getLogger("pypdf").setLevel(logging.ERROR)  # it warns of each small fault that it found a way around


def extract_text(data: bytes, *, where: str, max_pages: int = MAX_PAGES, max_seconds: float = MAX_SECONDS) -> str:
    """The text of a PDF, page by page, each behind a line `[Page N]`; empty if no page has any.

    Args:
        data: the file.
        where: its place in the request, for the error.
        max_pages: a longer document is refused, not cut: nobody could tell what is missing.
        max_seconds: looked at between pages.

    Raises:
        ApiError: INVALID_REQUEST: too large, too long, encrypted, or no PDF that can be read.
    """
    if len(data) > MAX_BYTES:
        raise _refusal(where, f"the PDF has more than {MAX_BYTES // 2**20} MiB; send a smaller one, or its text")
    try:
        return _read_pages(PdfReader(io.BytesIO(data)), where, max_pages, time.monotonic() + max_seconds)
    except ApiError:
        raise
    except (FileNotDecryptedError, WrongPasswordError, DependencyError):
        raise _refusal(where, "the PDF is encrypted; send it without encryption, or its text") from None
    except LimitReachedError as exc:
        raise _refusal(where, f"the PDF asks for too much memory ({exc}); send its text") from None
    except Exception as exc:
        raise _refusal(where, f"the PDF cannot be read ({exc or type(exc).__name__}); check the file, or send its text") from exc


def _read_pages(reader: PdfReader, where: str, max_pages: int, deadline: float) -> str:
    count = len(reader.pages)
    if count > max_pages:
        raise _refusal(where, f"the PDF has {count} pages; up to {max_pages} are read: send a part of it, or its text")
    texts = []
    for number, page in enumerate(reader.pages, 1):
        if time.monotonic() > deadline:
            raise _refusal(where, f"the PDF takes too long to read: page {number} was not reached in time; send its text")
        if text := page.extract_text().strip():
            texts.append(f"[Page {number}]\n{text}")
    return "\n\n".join(texts)


def _refusal(where: str, what: str) -> ApiError:
    return ApiError(ErrorKind.INVALID_REQUEST, f"{where}: {what}.", param=where)
