from __future__ import annotations

import base64
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triglot.state import seal as module
from triglot.state.seal import derive, seal, unseal

KEY = b"0123456789abcdef"
OTHER = b"fedcba9876543210"
ANY_TEXT = st.text(st.characters(), max_size=200)  # lone surrogates too: JSON can carry them


@given(text=ANY_TEXT, purpose=st.text(max_size=20))
def test_what_was_sealed_opens_with_the_same_key_and_purpose_alone(text, purpose):
    sealed = seal(KEY, purpose, text)
    assert unseal(KEY, purpose, sealed) == text
    assert unseal(OTHER, purpose, sealed) is None
    assert unseal(KEY, purpose + "!", sealed) is None


def test_a_seal_shows_nothing_and_never_repeats():
    sealed = [seal(KEY, "reasoning", "the secret thought") for _ in range(2)]
    assert sealed[0] != sealed[1]
    for text in sealed:
        scheme, key, box = text.split(".")
        assert (scheme, len(key)) == ("tg1s", 8)
        assert b"secret" not in base64.urlsafe_b64decode(box + "==")
        assert KEY.decode() not in text


def test_every_altered_character_is_noticed():
    sealed = seal(KEY, "reasoning", "It was the butler.")
    for place, old in enumerate(sealed):
        for new in {"A", "b", "_", ".", "é"} - {old}:
            altered = sealed[:place] + new + sealed[place + 1 :]
            # The last character of base64 has bits that mean nothing; the text is still what was sealed.
            assert unseal(KEY, "reasoning", altered) is None or place == len(sealed) - 1
    for length in range(len(sealed)):
        assert unseal(KEY, "reasoning", sealed[:length]) is None
    assert unseal(KEY, "reasoning", sealed + "AAAA") is None


@given(tail=st.one_of(ANY_TEXT, st.binary(max_size=100).map(lambda data: base64.urlsafe_b64encode(data).decode())))
def test_nothing_that_looks_like_ours_makes_it_raise(tail):
    prefix = seal(KEY, "reasoning", "").rpartition(".")[0] + "."
    assert unseal(KEY, "reasoning", prefix + tail) is None
    assert unseal(KEY, "reasoning", tail) is None


def test_what_is_packed_too_small_stays_packed(monkeypatch):
    sealed = seal(KEY, "reasoning", "a" * 100_000)
    assert len(sealed) < 1000
    monkeypatch.setattr(module, "_MAX_TEXT", 99_999)
    assert unseal(KEY, "reasoning", sealed) is None
    monkeypatch.setattr(module, "_MAX_TEXT", 100_000)
    assert unseal(KEY, "reasoning", sealed) == "a" * 100_000


@pytest.mark.parametrize("packed", [b"no zlib", zlib.compress(b"\xff\xfe"), zlib.compress(b"cut short")[:-3], b""])
def test_a_box_of_ours_with_something_else_in_it_is_none(monkeypatch, packed):
    monkeypatch.setattr(module.zlib, "compress", lambda _data: packed)
    assert unseal(KEY, "reasoning", seal(KEY, "reasoning", "text")) is None


def test_each_purpose_has_a_key_of_its_own():
    keys = {derive(key, purpose) for key in (KEY, OTHER) for purpose in ("reasoning", "compaction", "reasoning:somebody")}
    assert len(keys) == 6
    assert {len(key) for key in keys} == {32}


def test_a_seal_of_an_earlier_release_opens_still():
    sealed = "tg1s.9f9f5111.SC4gUbOQmqXet1JClkLwqMos_mIwrsujz7SMqBAhUeNzsBr8EvmBbOc5w4RoHemHnqEMw2lO"
    assert unseal(KEY, "reasoning", sealed) == "It was the butler."
