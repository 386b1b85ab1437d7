from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from bisect_deps.model import Outcome
from bisect_deps.search.base import Facts
from bisect_deps.search.certify import failing_sets, passing_witness, smallest_removal

EDGES = st.lists(st.integers(1, 63), max_size=5)


def facts(*, failing: tuple[int, ...] = (), passing: tuple[int, ...] = ()) -> Facts:
    known = Facts()
    for mask in failing:
        known.add(mask, Outcome.FAIL)
    for mask in passing:
        known.add(mask, Outcome.PASS)
    return known


@given(EDGES, st.permutations(range(6)))
def test_removal_meets_every_edge_and_none_is_smaller(edges: list[int], order: list[int]) -> None:
    removed = smallest_removal(edges, order)
    assert all(edge & removed for edge in edges)
    for size in range(removed.bit_count()):
        for chosen in combinations(range(6), size):
            mask = sum(1 << item for item in chosen)
            assert not all(edge & mask for edge in edges)


@given(st.lists(st.integers(1, 2**40 - 1), min_size=12, max_size=20))
def test_removal_of_many_edges_is_irreducible(edges: list[int]) -> None:
    removed = smallest_removal(edges, range(40))
    assert all(edge & removed for edge in edges)
    for item in range(40):
        if removed >> item & 1:
            assert not all(edge & removed & ~(1 << item) for edge in edges)


def test_removal_prefers_the_first_in_order() -> None:
    assert smallest_removal([0b011], [1, 0]) == 0b010


def test_failing_sets_that_hold_another_are_left_out() -> None:
    assert failing_sets(facts(failing=(0b111, 0b011, 0b100100))) == [0b011, 0b100100]


def test_witness_is_the_largest_set_that_passed() -> None:
    known = facts(passing=(0b0001, 0b0111, 0b1000))
    assert passing_witness(known, 0b0001) == 0b0111
    assert passing_witness(known, 0b1001) is None
