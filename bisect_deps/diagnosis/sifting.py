"""Finds the lines of a block that hold one of a few literals, with the speed of a substring search.

A block is folded first: letters in lower case, and digits and most marks left out, so that a third
less is searched. Of a log that repeats its lines, digits aside, each is searched once only. Knows
no tool and no line's meaning.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

# Folded lines that are known: bounded in number and length, about 2 MB.
MOST_KNOWN = 8_192
LONGEST_KNOWN = 240
# Where more of a block's lines than this are new, remembering does not pay for the next blocks.
MOST_NEW = 0.5
BLOCKS_WITHOUT = 15

_KEPT = b"abcdefghijklmnopqrstuvwxyz ,'\n"
_LOWER = bytes(range(256)).lower()
_DROPPED = bytes(byte for byte in range(256) if _LOWER[byte] not in _KEPT)


def folded(text: bytes) -> bytes:
    """Return it with letters in lower case, blanks, commas, apostrophes and line ends, no more."""
    return text.translate(_LOWER, _DROPPED)


class Sieve:
    """Knows the literals, each with its reach: how many lines it makes worth reading."""

    def __init__(self, literals: Mapping[bytes, int]) -> None:
        self._literals = {folded(literal): reach for literal, reach in literals.items()}
        self._clean: set[bytes] = set()
        self._alarming: dict[bytes, int] = {}
        self._without = 0

    def hits(self, block: bytes) -> list[tuple[int, int]]:
        """Return the lines that hold a literal, from 0, each with its farthest reach, in order."""
        text = folded(block)
        if self._without:
            self._without -= 1
            return sorted(self._search(text).items())
        lines = text.split(b"\n")
        distinct = set(lines)
        fresh = list((distinct - self._clean).difference(self._alarming))
        self._without = BLOCKS_WITHOUT if len(fresh) > MOST_NEW * len(lines) else 0
        searched = self._search(b"\n".join(fresh)) if fresh else {}
        alarming = {fresh[at]: reach for at, reach in searched.items()}
        found = {line: reach for line, reach in self._alarming.items() if line in distinct}
        found |= alarming
        self._remember(fresh, alarming)
        return (
            [(at, found[line]) for at, line in enumerate(lines) if line in found] if found else []
        )

    def _remember(self, fresh: Iterable[bytes], alarming: Mapping[bytes, int]) -> None:
        short = [line for line in fresh if len(line) <= LONGEST_KNOWN][:MOST_KNOWN]
        for known in (self._clean, self._alarming):
            if len(known) + len(short) > MOST_KNOWN:
                known.clear()
        self._clean.update(line for line in short if line not in alarming)
        self._alarming.update((line, alarming[line]) for line in short if line in alarming)

    def _search(self, text: bytes) -> dict[int, int]:
        """Return the lines of folded text that hold a literal, each with its farthest reach."""
        starts: dict[int, int] = {}
        for literal, reach in self._literals.items():
            at = text.find(literal)
            while at >= 0:
                start = text.rfind(b"\n", 0, at) + 1
                starts[start] = max(reach, starts.get(start, 0))
                end = text.find(b"\n", at)
                at = text.find(literal, end) if end >= 0 else -1
        return _numbered(text, starts)


def _numbered(text: bytes, starts: Mapping[int, int]) -> dict[int, int]:
    """Return the reaches by the number of their line, from 0, in place of where it starts."""
    number = at = 0
    numbered = {}
    for start in sorted(starts):
        number += text.count(b"\n", at, start)
        at = start
        numbered[number] = starts[start]
    return numbered
