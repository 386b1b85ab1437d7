"""The other ways to find culprits, written plainly, to stand beside ours on the same instances.

Each takes the items and `fails`, which builds a set and says whether it fails; each removes one
member of what it finds and goes on until the rest passes. Answers to known sets cost nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

Items = frozenset[int]
Fails = Callable[[Items], bool]
Minimal = Callable[[list[int], Fails], list[int]]


def linear(items: Sequence[int], fails: Fails) -> None:
    """Add one line at a time to an empty file, and leave out what breaks the build."""
    kept: Items = frozenset()
    for item in items:
        if not fails(kept | {item}):
            kept |= {item}


def ddmin(items: Sequence[int], fails: Fails) -> None:
    """Delta debugging (Zeller and Hildebrandt 2002), repeated."""
    _repeat(items, fails, _ddmin)


def quickxplain(items: Sequence[int], fails: Fails) -> None:
    """QuickXplain (Junker 2004), repeated."""
    _repeat(items, fails, _quickxplain)


def prefix(items: Sequence[int], fails: Fails) -> None:
    """The shortest failing prefix by bisection, then its partners the same way, repeated."""
    _repeat(items, fails, _prefix)


RIVALS = {"linear": linear, "ddmin": ddmin, "QX": quickxplain, "prefix": prefix}


def _repeat(items: Sequence[int], fails: Fails, minimal: Minimal) -> None:
    rest = list(items)
    while fails(frozenset(rest)):
        found = minimal(rest, fails)
        rest.remove(found[-1])


def _ddmin(items: list[int], fails: Fails) -> list[int]:
    parts = 2
    while len(items) >= 2:
        size = -(-len(items) // parts)
        chunks = [items[at : at + size] for at in range(0, len(items), size)]
        rests = [[item for item in items if item not in chunk] for chunk in chunks]
        failing = next((chunk for chunk in chunks if fails(frozenset(chunk))), None)
        if failing is not None:
            items, parts = failing, 2
            continue
        failing = next((rest for rest in rests if fails(frozenset(rest))), None)
        if failing is not None:
            items, parts = failing, max(parts - 1, 2)
        elif parts >= len(items):
            break
        else:
            parts = min(2 * parts, len(items))
    return items


def _quickxplain(items: list[int], fails: Fails) -> list[int]:
    def explain(background: Items, added: bool, open_items: list[int]) -> list[int]:
        if added and fails(background):
            return []
        if len(open_items) == 1:
            return open_items
        middle = len(open_items) // 2
        left, right = open_items[:middle], open_items[middle:]
        of_right = explain(background | frozenset(left), True, right)
        of_left = explain(background | frozenset(of_right), bool(of_right), left)
        return of_left + of_right

    return explain(frozenset(), False, items)


def _prefix(items: list[int], fails: Fails) -> list[int]:
    found: list[int] = []
    while True:
        low, high = (0 if not found else -1), len(items)
        while high - low > 1:
            middle = (low + high) // 2
            if fails(frozenset(found) | frozenset(items[:middle])):
                high = middle
            else:
                low = middle
        if high == 0:
            return found
        found.append(items[high - 1])
        items = items[: high - 1]
