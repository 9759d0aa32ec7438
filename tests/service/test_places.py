from __future__ import annotations

import itertools
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triglot.service.affinity import Affinity
from triglot.service.places import OwnPlaces, Use, open_places, rank_places

SAME, KIN, OTHER = Affinity(1, 10), Affinity(2, 10), Affinity(3, 30)


def uses(*marks):
    """The uses of places 0, 1, ...: the earlier in the list, the longer ago."""
    return {place: Use(*mark, place + 1) if mark else Use() for place, mark in enumerate(marks)}


@pytest.mark.parametrize(
    ("free", "affinity", "ranked"),
    [
        (uses(OTHER, None, OTHER), None, [1, 0, 2]),
        (uses(OTHER, None, OTHER), SAME, [1, 0, 2]),
        (uses(OTHER, SAME, KIN, SAME, None, KIN), SAME, [3, 1, 2, 5, 4, 0]),
        (uses(OTHER, KIN, None), SAME, [1, 2, 0]),
        (uses((0, 0), None), None, [1, 0]),
        (uses(OTHER, Affinity(4, 0), None), Affinity(5, 0), [2, 0, 1]),
        (uses(OTHER), SAME, [0]),
        ({}, SAME, []),
    ],
)
def test_a_request_goes_where_most_of_its_prompt_is_known(free, affinity, ranked):
    assert rank_places(free, affinity) == ranked


def test_a_place_given_back_is_the_last_to_go_to_a_stranger():
    places = OwnPlaces()
    places.resize(2)
    assert [places.take(SAME), places.take(OTHER), places.take(None)] == [0, 1, None]
    places.give(0)
    places.give(1)
    assert places.take(Affinity(4, 40)) == 0


def test_several_places_are_taken_and_given_back_as_one():
    places = OwnPlaces()
    places.resize(4)
    assert places.take(SAME, 3) == 0
    assert places.take(OTHER, 2) is None
    assert places.take(OTHER) == 3
    places.give(0)
    places.give(0)
    assert [places.take(SAME), places.take(None, 2), places.take(None)] == [0, 1, None]


def test_the_further_places_are_the_first_free_ones():
    places = OwnPlaces()
    places.resize(4)
    for place in range(4):
        assert places.take(Affinity(place + 1, 0)) == place
    for place in (3, 2, 1, 0):
        places.give(place)
    assert [places.take(Affinity(3, 0), 3), places.take(None)] == [2, 3]


def test_a_retry_goes_elsewhere_while_its_place_is_taken():
    places = OwnPlaces()
    places.resize(3)
    assert [places.take(SAME), places.take(OTHER), places.take(SAME)] == [0, 1, 2]
    places.give(0)
    places.give(2)
    assert places.take(SAME) == 2


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3), st.integers(0, 2)), max_size=60))
def test_a_place_is_chosen_as_if_all_were_looked_at(steps):
    places = OwnPlaces()
    places.resize(4)
    free, taken, moments = {place: Use() for place in range(4)}, {}, itertools.count(1)
    for step, conversation, kin in steps:
        affinity = Affinity(conversation, kin) if conversation else None
        if step in taken:
            places.give(step)
            free[step] = Use(*(taken.pop(step) or (0, 0)), next(moments))
        elif step == 9:  # all are new
            places.resize(0)
            places.resize(4)
            free = dict.fromkeys(sorted(free), Use())
        else:
            place = places.take(affinity)
            ranked = rank_places(free, affinity)
            assert place == (ranked[0] if ranked else None)
            if place is not None:
                taken[place] = affinity
                del free[place]


def test_one_process_has_places_of_its_own():
    assert isinstance(open_places(None), OwnPlaces)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot share")
def test_a_directory_that_cannot_be_used_is_told_and_done_without(tmp_path, caplog):
    (tmp_path / "file").write_text("")
    assert isinstance(open_places(tmp_path / "file"), OwnPlaces)
    assert "this process counts the requests to the backend by itself" in caplog.text


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot share")
def test_several_processes_share(tmp_path):
    one, other = open_places(tmp_path / "made"), open_places(tmp_path / "made")
    try:
        one.resize(1)
        assert (one.take(None), other.take(None)) == (0, None)
    finally:
        one.close()
        other.close()
