"""Proofs: which failing sets are minimal, what would correct them, which answers show it.

Reads facts and proposes nothing. Masks are bitmasks of items.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

from bisect_deps.search.base import Facts, bits

# Larger families are hit greedily: the smallest hitting set is NP-hard to find.
ENUMERATED = 16


def failing_sets(facts: Facts) -> list[int]:
    """Return the masks asked that failed and hold no other such mask, smallest first."""
    known = [mask for mask, failed in facts.failed.items() if failed]
    smallest: list[int] = []
    for mask in sorted(known, key=lambda mask: (mask.bit_count(), mask)):
        if not any(not other & ~mask for other in smallest):
            smallest.append(mask)
    return smallest


def is_minimal(facts: Facts, mask: int, reductions: Callable[[int], Sequence[int]]) -> bool:
    """Say whether a mask fails and none of its reductions (one member less) may.

    A reduction that could not be resolved does not fail, as in delta debugging (Zeller and
    Hildebrandt). That nothing at all passes is taken for granted until the rest is proven.
    """
    return facts.fails(mask) and all(
        facts.passes(rest) or rest in facts.unresolved or (rest == 0 and not facts.fails(rest))
        for rest in reductions(mask)
    )


def passing_witness(facts: Facts, mask: int) -> int | None:
    """Return a mask that was asked, passed, and holds `mask`; the largest such."""
    held = [asked for asked in facts.passed if not mask & ~asked]
    return max(held, key=lambda asked: (asked.bit_count(), asked), default=None)


def smallest_removal(edges: Sequence[int], order: Sequence[int]) -> int:
    """Return the smallest mask that meets every edge, of earlier items in `order` where equal."""
    edges = [edge for edge in edges if edge]
    rank = {item: place for place, item in enumerate(order)}
    members = sorted({item for edge in edges for item in bits(edge)}, key=rank.__getitem__)
    if len(members) <= ENUMERATED:
        for size in range(len(members) + 1):
            for chosen in combinations(members, size):
                mask = sum(1 << item for item in chosen)
                if all(edge & mask for edge in edges):
                    return mask
    mask = 0
    for edge in sorted(edges, key=int.bit_count):
        if not edge & mask:
            mask |= 1 << min(bits(edge), key=rank.__getitem__)
    for item in bits(mask):
        if all(edge & mask & ~(1 << item) for edge in edges):
            mask &= ~(1 << item)
    return mask
