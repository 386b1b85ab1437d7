"""Which lines of a long log say something that the lines around them do not.

A line's wording is what it holds of letters; its shape is the words in it that any pattern has, in
order: names, paths and numbers are left out. Of a block whose lines are nearly all worth reading,
these are read: the first and the last line of a shape that means something, counted over the blocks
around it, and each new wording of a shape whose lines name a project. What shapes mean is asked of
a line of each, once. Knows no tool and no line's meaning.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Set
from dataclasses import dataclass, field
from enum import Enum

# How many blocks on either side are looked at.
NEIGHBOURS = 2
# Shapes and wordings that are remembered: bounded in number and length, about 2 MB.
MOST_SHAPES = 4_096
MOST_WORDINGS = 8_192
LONGEST_WORDING = 240
# Of how many wordings of a shape each is read: more names than these are the shape's way, no failures.
MOST_NAMES = 2_000
# A line of ours, whose numbers tell how a step ended: its block is always read.
FENCE = b"::depbisect "

_LETTERS = b"abcdefghijklmnopqrstuvwxyz\n"
_LOWER = bytes(range(256)).lower()
_TABLE = bytes(letter if letter in _LETTERS else 32 for letter in _LOWER)
_DIGITS = b"0123456789"
_ESCAPE = re.compile(r"\\.")
_WORD = re.compile(r"[a-z]{2,}")


class Telling(Enum):
    """What the lines of a shape mean to whoever reads them."""

    NOTHING = "nothing"
    ALIKE = "alike"  # each the same: the first and the last are enough
    NAMES = "names"  # each names a project: those of another wording are others


def words_of(patterns: Iterable[str]) -> frozenset[bytes]:
    """Return the words that patterns hold, in lower case."""
    texts = (_ESCAPE.sub(" ", pattern).lower() for pattern in patterns)
    return frozenset(word.encode() for text in texts for word in _WORD.findall(text))


@dataclass(slots=True)
class _Block:
    """A block with its lines' wordings, the shape of each, and all shapes; none where all of it is read."""

    data: bytes
    wordings: list[bytes] = field(default_factory=list)
    shapes: dict[bytes, bytes] = field(default_factory=dict)
    kinds: Set[bytes] = frozenset()


class Repeats:
    """Judges blocks in order, `NEIGHBOURS` behind; while `dense` is set, else each is to be read.

    `words` are those that tell lines apart, `telling` says what a line means.
    """

    def __init__(self, words: Collection[bytes], telling: Callable[[bytes], Telling]) -> None:
        self._kept = frozenset(words) | {b"\n"}
        self._telling = telling
        self._meaning: dict[bytes, Telling] = {}
        self._told: set[bytes] = set()
        self._names: Counter[bytes] = Counter()
        self.dense = False

    def judged(self, blocks: Iterable[bytes]) -> Iterator[tuple[bytes, list[int] | None]]:
        """Yield each block with the lines that say something new, from 0; None for all of them."""
        before: deque[Set[bytes]] = deque(maxlen=NEIGHBOURS)
        ahead: deque[_Block] = deque()
        for data in blocks:
            ahead.append(self._block(data))
            if len(ahead) > NEIGHBOURS:
                yield self._judge(before, ahead)
        while ahead:
            yield self._judge(before, ahead)

    def _block(self, data: bytes) -> _Block:
        if not self.dense or len(self._kept) == 1 or FENCE in data:
            return _Block(data)
        wordings = data.translate(_TABLE, _DIGITS).split(b"\n")[:-1]
        distinct = list(set(wordings))
        words = b" \n ".join([b"", *distinct, b""]).split(b" ")
        shapes = b" ".join(filter(self._kept.__contains__, words)).split(b"\n")[1:]
        found = dict(zip(distinct, shapes, strict=False))
        return _Block(data, wordings, found, frozenset(found.values()))

    def _judge(
        self, before: deque[Set[bytes]], ahead: deque[_Block]
    ) -> tuple[bytes, list[int] | None]:
        block = ahead.popleft()
        known = len(before) == len(ahead) == NEIGHBOURS and bool(block.kinds)
        new = self._new(block, before, ahead) if known else None
        before.append(block.kinds)
        return block.data, new

    def _new(
        self, block: _Block, before: Iterable[Set[bytes]], ahead: Iterable[_Block]
    ) -> list[int]:
        """Return the lines of a block that say something that its neighbours do not."""
        shapes = block.shapes
        meant = self._meanings(block)
        first = meant.keys() - frozenset().union(*before)
        last = meant.keys() - frozenset().union(*(other.kinds for other in ahead))
        named = {
            shape
            for shape, telling in meant.items()
            if telling is Telling.NAMES and self._names[shape] < MOST_NAMES
        }
        other = (
            {wording for wording, shape in shapes.items() if shape in named} - self._told
            if named
            else set()
        )
        if not (first or last or other):
            return []
        self._tell(other)
        self._names.update(shapes[wording] for wording in other)
        places: dict[bytes, int] = {}
        found = set()
        for at, wording in enumerate(block.wordings):
            shape = shapes[wording]
            if shape in first or wording in other:
                found.add(at)
                first -= {shape}
                other.discard(wording)
            if shape in last:
                places[shape] = at
        return sorted(found.union(places.values()))

    def _meanings(self, block: _Block) -> dict[bytes, Telling]:
        """Return the shapes of the block that mean something."""
        kinds = block.kinds
        unknown = kinds - self._meaning.keys()
        if unknown:
            if len(self._meaning) + len(unknown) > MOST_SHAPES:
                self._meaning.clear()
                self._names.clear()
                unknown = set(kinds)
            lines = block.data.split(b"\n")
            for at, wording in enumerate(block.wordings):
                shape = block.shapes[wording]
                if shape in unknown:
                    self._meaning[shape] = self._telling(lines[at])
                    unknown -= {shape}
        told = ((shape, self._meaning[shape]) for shape in kinds)
        return {shape: telling for shape, telling in told if telling is not Telling.NOTHING}

    def _tell(self, wordings: Iterable[bytes]) -> None:
        short = [wording for wording in wordings if len(wording) <= LONGEST_WORDING]
        if len(self._told) + len(short) > MOST_WORDINGS:
            self._told.clear()
        self._told.update(short[:MOST_WORDINGS])
