"""Finds the lines of a block that hold one of a few literals, all literals at once.

Every byte is looked at once for each of `WIDTH` neighbouring places, with tables that say which of
eight groups of literals may have that byte at that place; a number as long as the block, and one
bitwise "and" a place, say where a group may stand. The few places left are compared. The idea is
Hyperscan's ("Teddy", Wang et al., NSDI 2019). Knows no tool and no line's meaning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, reduce
from math import prod
from operator import and_

# Neighbouring places: as many as the shortest literal has letters.
WIDTH = 4
GROUPS = 8

# How common letters are, and what build logs repeat: a literal is looked for by its rarest letters.
_COMMON_FIRST = " etaoinsrlcdupm/.-_:hgfbyvwkx"
_EVERYWHERE = b" build/lib/module warning passed python copying running already satisfied site-packages version downloading"
_FOUND = bytes(1) + b"\1" * 255


@dataclass(frozen=True, slots=True)
class _Window:
    """The rarest letters of a literal that stand together, and where in it they begin."""

    literal: bytes
    start: int

    @property
    def letters(self) -> bytes:
        return self.literal[self.start : self.start + WIDTH]


@cache
def sieve_of(literals: tuple[tuple[bytes, int], ...]) -> Sieve:
    """Return the sieve of literals with their reaches, made once: it takes some milliseconds."""
    return Sieve(dict(literals))


class Sieve:
    """Knows the literals, in lower case, each with its reach: how many lines it makes worth reading."""

    def __init__(self, literals: Mapping[bytes, int]) -> None:
        self._reaches = literals
        self._farthest = max(literals.values())
        windows = sorted(map(_rarest, literals), key=_frequency)
        groups = _grouped(windows)
        self._tables = [_table(groups, place) for place in range(WIDTH)]
        self._windows: dict[bytes, list[_Window]] = {}
        for window in windows:
            self._windows.setdefault(window.letters, []).append(window)

    def hits(self, block: bytes) -> list[tuple[int, int]]:
        """Return the lines that hold a literal, from 0, each with its farthest reach, in order."""
        places = (
            int.from_bytes(block[place:].translate(table), "little")
            for place, table in enumerate(self._tables)
        )
        candidates = reduce(and_, places)
        if not candidates:
            return []
        found = candidates.to_bytes(len(block), "little").translate(_FOUND)
        return list(_numbered(block, self._compared(block.lower(), found)))

    def _compared(self, text: bytes, found: bytes) -> dict[int, int]:
        """Return where lines with a literal start, each with its farthest reach."""
        starts: dict[int, int] = {}
        at = found.find(1)
        while at >= 0:
            windows = self._windows.get(text[at : at + WIDTH])
            if windows is not None and (reach := self._reach(text, at, windows)):
                start = text.rfind(b"\n", 0, at) + 1
                starts[start] = max(reach, starts.get(start, 0))
                if reach == self._farthest:
                    # What else the line holds cannot reach further.
                    at = text.find(b"\n", at)
                    if at < 0:
                        break
            at = found.find(1, at + 1)
        return starts

    def _reach(self, text: bytes, at: int, windows: list[_Window]) -> int:
        """Return the farthest reach of the literals whose window stands there, 0 where none does."""
        return max(
            self._reaches[window.literal]
            if at >= window.start and text.startswith(window.literal, at - window.start)
            else 0
            for window in windows
        )


def _rarest(literal: bytes) -> _Window:
    starts = range(max(len(literal) - WIDTH, 0) + 1)
    return min((_Window(literal, start) for start in starts), key=_frequency)


def _frequency(window: _Window) -> float:
    return _taken([window])


def _grouped(windows: list[_Window]) -> list[list[_Window]]:
    """Return the windows in groups, so that few other texts are taken for one of a group."""
    groups: list[list[_Window]] = [[] for _ in range(GROUPS)]
    for window in windows:
        added = [_taken([*group, window]) - _taken(group) for group in groups]
        groups[added.index(min(added))].append(window)
    return groups


def _taken(group: list[_Window]) -> float:
    """Return how often a text is taken for one of the group: by its letters, and of what logs repeat."""
    if not group:
        return 0.0
    first, second, third, fourth = (
        {window.letters[place] for window in group} for place in range(WIDTH)
    )
    repeated = sum(
        one in first and two in second and three in third and four in fourth
        for one, two, three, four in zip(
            *(_EVERYWHERE[place:] for place in range(WIDTH)), strict=False
        )
    )
    places = (first, second, third, fourth)
    return repeated + prod(sum(map(_commonness, letters)) for letters in places)


@cache
def _commonness(letter: int) -> float:
    rank = _COMMON_FIRST.find(chr(letter)) % 64
    return 1 / (rank + 5)


def _table(groups: list[list[_Window]], place: int) -> bytes:
    """Return for each byte the groups that may have it at the place, a bit each."""
    table = bytearray(256)
    for bit, group in enumerate(groups):
        for window in group:
            letter = window.letters[place : place + 1]
            for either in {*letter, *letter.upper()}:
                table[either] |= 1 << bit
    return bytes(table)


def _numbered(block: bytes, starts: Mapping[int, int]) -> Iterator[tuple[int, int]]:
    """Yield the reaches by the number of their line, from 0, in place of where it starts."""
    number = at = 0
    for start in sorted(starts):
        number += block.count(b"\n", at, start)
        at = start
        yield number, starts[start]
