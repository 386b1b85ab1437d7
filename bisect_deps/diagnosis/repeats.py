"""Which blocks of a long log only repeat what stands around them.

A line's shape is the words in it that any pattern has, in order: names, paths and numbers are left
out. A block is passed over where each of its shapes stands in the blocks just before it and in those
just after it: so the first line of each shape is read, and the last, wherever it comes to an end.
Knows no tool and no line's meaning.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

# How many blocks on either side are looked at.
NEIGHBOURS = 2
# A block with more shapes than this is never passed over: bounded memory.
MOST_SHAPES = 4_096
# A line of ours, whose numbers tell how a step ended: its block is always read.
FENCE = b"::depbisect "

_LETTERS = b"abcdefghijklmnopqrstuvwxyz\n"
_LOWER = bytes(range(256)).lower()
_TABLE = bytes(letter if letter in _LETTERS else 32 for letter in _LOWER)
_DIGITS = b"0123456789"
_ESCAPE = re.compile(r"\\.")
_WORD = re.compile(r"[a-z]{2,}")


def words_of(patterns: Iterable[str]) -> frozenset[bytes]:
    """Return the words that patterns hold, in lower case."""
    texts = (_ESCAPE.sub(" ", pattern).lower() for pattern in patterns)
    return frozenset(word.encode() for text in texts for word in _WORD.findall(text))


@dataclass(slots=True)
class _Block:
    """A block with its shapes; None where they were not asked for, or are too many."""

    data: bytes
    shapes: frozenset[bytes] | None
    repeats: bool = field(default=False)


class Repeats:
    """Judges blocks in order, `NEIGHBOURS` behind; while `dense` is set, else each is to be read."""

    def __init__(self, words: Collection[bytes]) -> None:
        self._words = words
        self.dense = False

    def judged(self, blocks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
        """Yield each block, and whether it only repeats."""
        before: deque[_Block] = deque(maxlen=NEIGHBOURS)
        ahead: deque[_Block] = deque()
        for data in blocks:
            ahead.append(_Block(data, self._shapes(data) if self.dense else None))
            if len(ahead) > NEIGHBOURS:
                yield self._judge(before, ahead)
        while ahead:
            yield self._judge(before, ahead)

    def _judge(self, before: deque[_Block], ahead: deque[_Block]) -> tuple[bytes, bool]:
        block = ahead.popleft()
        shapes = block.shapes
        repeats = shapes is not None and all(
            len(side) == NEIGHBOURS
            and shapes.issubset(shape for other in side for shape in other.shapes or ())
            for side in (before, ahead)
        )
        before.append(_Block(b"", shapes))
        return block.data, repeats

    def _shapes(self, data: bytes) -> frozenset[bytes] | None:
        if not self._words or FENCE in data:
            return None
        lines = set(data.translate(_TABLE, _DIGITS).split(b"\n"))
        known = self._words.__contains__
        shapes = {b" ".join(filter(known, line.split())) for line in lines}
        return frozenset(shapes) if len(shapes) <= MOST_SHAPES else None
