"""The text of PDFs, and clear words where there is none to have."""

from __future__ import annotations

import io
import subprocess
import sys

import msgspec
import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.errors import LimitReachedError

from tests.media.sheets import pdf
from triglot.media import documents
from triglot.media.documents import MAX_PAGES, UnreadablePdfError, extract_text
from triglot.media.papers import Outcome


def locked(user_password: str, *, algorithm: str = "RC4-128") -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf("secret"))))
    writer.encrypt(user_password, owner_password="owner", algorithm=algorithm)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def refusal(data: bytes) -> str:
    with pytest.raises(UnreadablePdfError) as caught:
        extract_text(data)
    return str(caught.value)


def test_the_text_comes_page_by_page() -> None:
    assert extract_text(pdf("Alpha", "Beta")) == "[Page 1]\nAlpha\n\n[Page 2]\nBeta"


def test_pages_without_text_are_passed_over() -> None:
    assert extract_text(pdf("", "Beta", "")) == "[Page 2]\nBeta"
    assert extract_text(pdf("", "")) == ""


def test_a_document_that_only_asks_not_to_be_printed_is_read() -> None:
    assert extract_text(locked("")) == "[Page 1]\nsecret"


def test_an_encrypted_document_is_refused() -> None:
    assert "is encrypted; send it without encryption" in refusal(locked("password"))


def test_a_damaged_table_of_objects_is_got_around() -> None:
    data = pdf("Alpha")
    assert extract_text(data.replace(b"startxref\n", b"startxref\n9")) == "[Page 1]\nAlpha"


@pytest.mark.parametrize(
    "data",
    [b"", b"%PDF-1.4", b"hello", b"<html></html>", pdf("Alpha")[:200], b"\x89PNG\r\n\x1a\n" + bytes(100)],
    ids=["empty", "a header", "text", "html", "a piece", "an image"],
)
def test_what_is_no_pdf_is_refused(data: bytes) -> None:
    assert "cannot be read" in refusal(data)


def test_a_long_document_is_refused_not_cut() -> None:
    assert extract_text(pdf(*["x"] * MAX_PAGES)).count("[Page ") == MAX_PAGES
    assert f"has {MAX_PAGES + 1} pages; up to {MAX_PAGES} are read" in refusal(pdf(*["x"] * (MAX_PAGES + 1)))


@pytest.mark.parametrize("error", [LimitReachedError("Limit reached while decompressing"), MemoryError()])
def test_a_document_that_takes_too_much_memory_is_refused(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def read(_: object) -> None:
        raise error

    monkeypatch.setattr(documents, "PdfReader", read)
    assert refusal(pdf("Alpha")) == "takes too much memory to read; send its text"


def test_every_cut_is_read_or_refused() -> None:
    data = pdf("Alpha")
    for end in range(0, len(data), 7):
        try:
            text = extract_text(data[:end])
        except UnreadablePdfError:
            continue
        assert text in {"", "[Page 1]\nAlpha"}


@pytest.mark.parametrize(
    ("data", "outcome"),
    [(pdf("Alpha"), Outcome(text="[Page 1]\nAlpha")), (b"", Outcome(problem=refusal(b"")))],
)
def test_the_process_reads_one_file(data: bytes, outcome: Outcome) -> None:
    done = subprocess.run([sys.executable, "-m", "triglot.media.documents"], input=data, capture_output=True, check=True)
    assert msgspec.json.decode(done.stdout, type=Outcome) == outcome
