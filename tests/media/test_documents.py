"""The text of PDFs, and clear words where there is none to have."""

from __future__ import annotations

import io

import pytest
from pypdf import PdfReader, PdfWriter

from tests.media.papers import pdf
from triglot.errors import ApiError, ErrorKind
from triglot.media import documents
from triglot.media.documents import MAX_PAGES, extract_text

WHERE = "messages[0].content[0]"


def locked(user_password: str, *, algorithm: str = "RC4-128") -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf("secret"))))
    writer.encrypt(user_password, owner_password="owner", algorithm=algorithm)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def refusal(data: bytes, **limits: float) -> str:
    with pytest.raises(ApiError) as caught:
        extract_text(data, where=WHERE, **limits)
    error = caught.value
    assert (error.kind, error.param) == (ErrorKind.INVALID_REQUEST, WHERE)
    assert error.message.startswith(f"{WHERE}: the PDF ")
    return error.message


def test_the_text_comes_page_by_page() -> None:
    assert extract_text(pdf("Alpha", "Beta"), where=WHERE) == "[Page 1]\nAlpha\n\n[Page 2]\nBeta"


def test_pages_without_text_are_passed_over() -> None:
    assert extract_text(pdf("", "Beta", ""), where=WHERE) == "[Page 2]\nBeta"
    assert extract_text(pdf("", ""), where=WHERE) == ""


def test_a_document_that_only_asks_not_to_be_printed_is_read() -> None:
    assert extract_text(locked(""), where=WHERE) == "[Page 1]\nsecret"


def test_an_encrypted_document_is_refused() -> None:
    assert "is encrypted; send it without encryption" in refusal(locked("password"))


def test_a_damaged_table_of_objects_is_got_around() -> None:
    data = pdf("Alpha")
    assert extract_text(data.replace(b"startxref\n", b"startxref\n9"), where=WHERE) == "[Page 1]\nAlpha"


@pytest.mark.parametrize(
    "data",
    [b"", b"%PDF-1.4", b"hello", b"<html></html>", pdf("Alpha")[:200], b"\x89PNG\r\n\x1a\n" + bytes(100)],
    ids=["empty", "a header", "text", "html", "a piece", "an image"],
)
def test_what_is_no_pdf_is_refused(data: bytes) -> None:
    assert "cannot be read" in refusal(data)


def test_a_long_document_is_refused_not_cut() -> None:
    assert extract_text(pdf(*["x"] * MAX_PAGES), where=WHERE).count("[Page ") == MAX_PAGES
    assert f"has {MAX_PAGES + 1} pages; up to {MAX_PAGES} are read" in refusal(pdf(*["x"] * (MAX_PAGES + 1)))


def test_a_large_document_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAX_BYTES", 2**20)
    monkeypatch.setattr(documents, "PdfReader", None)
    assert "has more than 1 MiB" in refusal(bytes(2**20 + 1))


def test_a_slow_document_is_given_up() -> None:
    assert "takes too long to read: page 1 was not reached in time" in refusal(pdf("a", "b"), max_seconds=-1)


def test_every_cut_is_read_or_refused() -> None:
    data = pdf("Alpha")
    for end in range(0, len(data), 7):
        try:
            text = extract_text(data[:end], where=WHERE)
        except ApiError:
            continue
        assert text in {"", "[Page 1]\nAlpha"}
