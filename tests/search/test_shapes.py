from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bisect_deps.search.shapes import Shapes

ITEMS = st.integers(0, 5)
NEEDS = st.dictionaries(ITEMS, st.frozensets(ITEMS, max_size=3), max_size=4)


def knowing(needs: dict[int, frozenset[int]]) -> Shapes:
    shapes = Shapes(range(6))
    for item, needed in needs.items():
        shapes.anchor(1 << item, needed, (item,))
    return shapes


@given(NEEDS, st.integers(0, 63), st.integers(0, 63))
def test_shapes_are_closed_and_nearest(
    needs: dict[int, frozenset[int]], mask: int, gone: int
) -> None:
    shapes = knowing(needs)
    for shaped in (shapes.closed(mask), shapes.without(mask, gone), *shapes.nearest(mask)):
        for item in shapes.items(shaped):
            assert needs.get(item, frozenset()) <= shapes.items(shaped)
    assert not mask & ~shapes.closed(mask)
    assert not shapes.without(mask, gone) & gone


@given(NEEDS, st.integers(0, 63))
def test_members_bring_the_whole_set_and_none_is_spare(
    needs: dict[int, frozenset[int]], mask: int
) -> None:
    shapes = knowing(needs)
    closed = shapes.closed(mask)
    members = shapes.members(closed)
    assert shapes.closed(members) == closed
    for item in range(6):
        if members >> item & 1:
            assert shapes.closed(members & ~(1 << item)) != closed


def test_anchor_without_a_name_stays_in_every_set_until_it_fails_itself() -> None:
    shapes = Shapes((10, 20, 30))
    shapes.anchor(0b001, frozenset({20}), ())
    assert shapes.closed(0b100) == 0b110
    shapes.release([0b010])
    assert shapes.closed(0b100) == 0b100


def test_anchor_with_a_name_goes_with_what_needs_it() -> None:
    shapes = Shapes((10, 20, 30))
    shapes.anchor(0b101, frozenset({20}), (30,))
    assert (shapes.closed(0b001), shapes.closed(0b100)) == (0b001, 0b110)


def test_an_anchor_that_only_items_left_out_are_said_to_need_stays_in_every_set() -> None:
    shapes = Shapes((10, 20, 30))
    shapes.anchor(0b001, frozenset({20}), (30,))
    assert shapes.closed(0b001) == 0b011
