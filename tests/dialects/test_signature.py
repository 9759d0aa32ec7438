from __future__ import annotations

import base64
import hashlib
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triglot.dialects.messages import signature as module
from triglot.dialects.messages.signature import restore_thinking, seal_thinking, sign_thinking

KEYS = st.binary(min_size=1, max_size=80)
TEXTS = st.text(max_size=300)
KEY = b"0123456789abcdef"


@given(KEYS, TEXTS)
def test_what_was_signed_comes_back(key: bytes, text: str) -> None:
    assert restore_thinking(key, text, sign_thinking(key, text)) == text


@given(KEYS, TEXTS)
def test_what_was_sealed_comes_back_out_of_its_signature(key: bytes, text: str) -> None:
    sealed = seal_thinking(key, text)
    assert restore_thinking(key, "", sealed) == text
    assert restore_thinking(key, text, sealed) == text


@given(TEXTS, TEXTS)
def test_another_text_is_noticed(text: str, other: str) -> None:
    expected = text if text == other else None
    assert restore_thinking(KEY, other, sign_thinking(KEY, text)) == expected
    if other:
        assert restore_thinking(KEY, other, seal_thinking(KEY, text)) == expected


@given(TEXTS, st.data())
def test_every_changed_letter_of_a_signature_is_noticed(text: str, data: st.DataObject) -> None:
    for ours, came, foreign in ((sign_thinking(KEY, text), text, text), (seal_thinking(KEY, text), "", "")):
        place = data.draw(st.integers(0, len(ours) - 1))
        letter = data.draw(st.characters(exclude_characters=ours[place]))
        changed = ours[:place] + letter + ours[place + 1 :]
        # what stands before the MAC says whose signature it is: changed, it is somebody else's
        head = len("tg1.01234567.")
        assert restore_thinking(KEY, came, changed) == (foreign if place < head else None)


@given(TEXTS, st.data())
def test_a_shortened_or_lengthened_signature_is_noticed(text: str, data: st.DataObject) -> None:
    for ours, came in ((sign_thinking(KEY, text), text), (seal_thinking(KEY, text), "")):
        length = data.draw(st.integers(len("tg1.01234567."), len(ours) - 1))
        assert restore_thinking(KEY, came, ours[:length]) is None
        assert restore_thinking(KEY, came, ours + data.draw(st.text(min_size=1, max_size=5))) is None


@given(TEXTS, st.one_of(st.none(), st.text(max_size=80)))
def test_foreign_signatures_let_the_text_pass(text: str, signature: str | None) -> None:
    assert restore_thinking(KEY, text, signature) == text


@given(TEXTS)
def test_signatures_of_another_key_are_foreign(text: str) -> None:
    assert restore_thinking(b"another key", text, sign_thinking(KEY, text)) == text
    assert restore_thinking(b"another key", "", seal_thinking(KEY, text)) == ""


def test_a_signature_tells_its_key_without_giving_it_away() -> None:
    scheme, key_id, mac = sign_thinking(KEY, "hm").split(".")
    assert (scheme, key_id) == ("tg1", hashlib.sha256(KEY).hexdigest()[:8])
    assert len(base64.urlsafe_b64decode(mac + "=")) == 32


def test_one_kind_of_signature_is_not_taken_for_the_other() -> None:
    sealed = seal_thinking(KEY, "hm")
    head, payload = sealed.rsplit(".", 1)
    assert restore_thinking(KEY, payload, head) is None
    assert restore_thinking(KEY, "", f"{sign_thinking(KEY, payload)}.{payload}") is None


@pytest.mark.parametrize("text", ["\ud800", "a\ud83d"])
def test_halves_of_letters_do_no_harm(text: str) -> None:
    assert restore_thinking(KEY, text, sign_thinking(KEY, text)) == text
    assert restore_thinking(KEY, "", seal_thinking(KEY, text)) == text
    assert restore_thinking(KEY, text, sign_thinking(KEY, text) + text) is None


def _sealed(payload: str) -> str:
    """A signature with any payload, as someone who has the key could make it."""
    return f"{module._prefix(KEY)}{module._mac(KEY, b'sealed', payload)}.{payload}"


@pytest.mark.parametrize("payload", ["", "!", "a", "äöü", "bm90IHppcHBlZA", seal_thinking(KEY, "hm" * 99).rsplit(".", 1)[1][:-8]])
def test_a_payload_that_cannot_be_read_is_dropped(payload: str) -> None:
    assert restore_thinking(KEY, "", _sealed(payload)) is None


def test_a_payload_that_swells_is_dropped() -> None:
    size = module._MAX_THINKING
    for length, expected in ((size, size), (size + 1, None)):
        payload = base64.urlsafe_b64encode(zlib.compress(b"x" * length)).rstrip(b"=").decode()
        assert len(payload) < 30_000
        restored = restore_thinking(KEY, "", _sealed(payload))
        assert (None if restored is None else len(restored)) == expected
