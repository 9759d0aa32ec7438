from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from triglot.backend.stops import StopMatcher


@given(st.text("ab"), st.lists(st.text("ab", min_size=1, max_size=4), min_size=1, max_size=3), st.lists(st.integers(0, 30), max_size=6))
def test_any_cut_ends_at_the_first_stop_sequence(text: str, sequences: list[str], cuts: list[int]) -> None:
    positions = [position for sequence in sequences if (position := text.find(sequence)) >= 0]
    bounds = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    matcher = StopMatcher(sequences)
    shown, matched = "", None
    for start, end in pairwise(bounds):
        piece, matched = matcher.feed(text[start:end])
        shown += piece
        if matched is not None:
            break
    if matched is None:
        assert not positions
        assert shown + matcher.flush() == text
    else:
        # A longer sequence that begins earlier may still have been incomplete when a shorter one was met inside it.
        assert text[: len(shown)] == shown
        assert text[len(shown) :].startswith(matched)
        assert len(shown) >= min(positions)


def test_what_cannot_become_a_stop_sequence_is_shown_at_once() -> None:
    matcher = StopMatcher(["\n\nHuman:"])
    assert matcher.feed("one\n") == ("one", None)
    assert matcher.feed("two") == ("\ntwo", None)
    assert matcher.feed("\n\nHum") == ("", None)
    assert matcher.feed("an: x") == ("", "\n\nHuman:")
