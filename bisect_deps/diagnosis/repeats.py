"""Which lines of a long log say something that the lines around them do not.

A line's wording is what it holds of letters. What it may mean is told by literals, one of which
every line with that meaning has; its shape is the rarest word of each literal, as far as they
are in it: names, paths and numbers are left out. Of a block of which much would be read, these
lines are: the first and the last of each meaning, counted over the blocks around it; those of each
other shape, a few times; and each new wording of a meaning whose lines name a project. Knows no
tool, and of a meaning only its number.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Set
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from operator import itemgetter
from typing import NamedTuple, TypeAlias

# How many blocks on either side are looked at.
NEIGHBOURS = 2
# Shapes and wordings that are remembered: bounded in number and length, about 1 MB.
MOST_SHAPES = 1_024
MOST_WORDINGS = 2_048
LONGEST_WORDING = 240
# Of how many wordings of a meaning each is read: more names than these are the log's way, no failures.
MOST_NAMES = 256
# So many shapes are told apart, and each is read so often.
MOST_ALIKE = 256
MOST_READ = 4
# So many lines of a meaning are read with all that stands around them, more with the next few lines.
MOST_WHOLE = 8
MOST_NEAR = 32
# A line of ours, whose numbers tell how a step ended: its block is always read.
FENCE = b"::depbisect "

_LETTERS = b"abcdefghijklmnopqrstuvwxyz\n"
_LOWER = bytes(range(256)).lower()
_TABLE = bytes(letter if letter in _LETTERS else 32 for letter in _LOWER)
_DIGITS = b"0123456789"
_COLOUR = re.compile(rb"\x1b\[[0-9;]{0,20}[A-Za-z]")
_ENDINGS = ("error", "exception", "exit", "invalid", "conflict", "notfound", "missing", "required")
_WORD = re.compile(r"[a-z]{2,}")
# What any sentence has: a literal is looked for by another of its words.
_EVERYDAY = frozenset(
    _WORD.findall(
        "an and any are at be but by can do for from get had has if in is it its no not of on or so the to too use was"
    )
)

# The numbers of meanings, and the shape of a wording with what else it holds.
Meaning: TypeAlias = frozenset[int]
Kind: TypeAlias = tuple[str, tuple[Meaning, ...]]


@dataclass(frozen=True, slots=True)
class Literal:
    """A text that lines of a meaning hold; `names` says that each names a project."""

    text: str
    meaning: int
    names: bool = False


class Around(Enum):
    """How much is read around a line."""

    ALL = "all"
    NEAR = "near"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class New:
    """A line of a block, from 0, to be read, and what around it."""

    at: int
    around: Around = Around.ALL


def worded(text: bytes) -> str:
    """Return it with letters in lower case, blanks in place of marks, and no digits.

    What names of exceptions end in stands apart, as a word.
    """
    bare = _COLOUR.sub(b"", text) if b"\x1b" in text else text
    letters = bare.translate(_TABLE, _DIGITS).decode("ascii")
    for ending in _ENDINGS:
        letters = letters.replace(ending, f" {ending} ")
    return letters


class _Known(NamedTuple):
    """A literal as wordings have it, its meanings, and which of the words that are kept it has."""

    text: str
    meaning: Meaning
    words: Set[str]


class Meanings:
    """Tells by the literals what wordings may mean: at least what their lines do."""

    def __init__(self, literals: Collection[Literal]) -> None:
        self._naming = {literal.meaning for literal in literals if literal.names}
        known: dict[str, set[int]] = {}
        for text, meaning in _without_longer(
            {(worded(one.text.encode()), one.meaning) for one in literals}
        ):
            known.setdefault(text, set()).add(meaning)
        words = {text: _WORD.findall(text) for text in known}
        shared = Counter(word for found in words.values() for word in set(found))
        telling = {
            text: min(found, key=lambda word: (word in _EVERYDAY, shared[word], -len(word)))
            for text, found in words.items()
            if found
        }
        kept = frozenset(telling.values())
        self._by_word: dict[str, list[_Known]] = {}
        for text, word in sorted(telling.items()):
            one = _Known(text, frozenset(known[text]), kept.intersection(words[text]))
            self._by_word.setdefault(word, []).append(one)
        self._kept = kept | {"\n"}
        self._of_shape: dict[str, list[_Known]] = {}
        self._joined: dict[tuple[Meaning, ...], Meaning] = {}

    def __bool__(self) -> bool:
        return bool(self._by_word)

    def kinds(self, wordings: Iterable[str]) -> dict[str, Kind]:
        """Return the kinds of those wordings that mean anything."""
        distinct = list(set(wordings))
        words = " \n ".join(["", *distinct, ""]).split(" ")
        shapes = " ".join(filter(self._kept.__contains__, words)).split("\n")[1:]
        found = {}
        same: dict[Kind, Kind] = {}
        for wording, shape in zip(distinct, shapes, strict=False):
            if len(shape) > 1:
                literals = self._of_shape.get(shape) or self._literals(shape)
                if held := tuple([one.meaning for one in literals if one.text in wording]):
                    kind = (shape, held)
                    found[wording] = same.setdefault(kind, kind)
        return found

    def of(self, kind: Kind) -> Meaning:
        """Return what the lines of a kind mean."""
        held = kind[1]
        joined = self._joined.get(held)
        if joined is None:
            if len(self._joined) >= MOST_SHAPES:
                self._joined.clear()
            joined = self._joined[held] = frozenset().union(*held)
        return joined

    def naming(self, meaning: Meaning) -> Meaning:
        """Return those of a meaning whose lines name projects."""
        return meaning & self._naming

    def _literals(self, shape: str) -> list[_Known]:
        """Return the literals that lines of a shape may hold."""
        if len(self._of_shape) >= MOST_SHAPES:
            self._of_shape.clear()
        words = set(shape.split())
        found = [one for word in sorted(words) for one in self._by_word[word] if words >= one.words]
        self._of_shape[shape] = found
        return found


def _without_longer(texts: Set[tuple[str, int]]) -> list[tuple[str, int]]:
    """Leave those out that hold another of the same meaning, with all its words."""
    by_meaning: dict[int, list[str]] = {}
    for text, meaning in texts:
        by_meaning.setdefault(meaning, []).append(text)
    return [
        (text, meaning)
        for text, meaning in texts
        if not any(_holds(text, other) for other in by_meaning[meaning] if other != text)
    ]


def _holds(text: str, other: str) -> bool:
    return other in text and set(_WORD.findall(text)).issuperset(_WORD.findall(other))


@dataclass(slots=True)
class _Block:
    """A block with its lines' wordings, the kinds of these and all they mean; none where all of it is read."""

    data: bytes
    wordings: list[str] = field(default_factory=list)
    kinds: dict[str, Kind] = field(default_factory=dict)
    meaning: Meaning = frozenset()


class Repeats:
    """Judges blocks in order, `NEIGHBOURS` behind; while `dense` is set, else each is to be read."""

    def __init__(self, meanings: Callable[[], Meanings]) -> None:
        self._made = meanings
        self._shapes: Counter[str] = Counter()
        self._told: set[str] = set()
        self._names: Counter[int] = Counter()
        self._read: Counter[int] = Counter()
        self.dense = False
        # Of the lines of the last block that was judged, how many mean anything.
        self.alarming = 0.0

    def judged(self, blocks: Iterable[bytes]) -> Iterator[tuple[bytes, list[New] | None]]:
        """Yield each block with the lines that say something new; None for all of them."""
        before: deque[Meaning] = deque(maxlen=NEIGHBOURS)
        ahead: deque[_Block] = deque()
        for data in blocks:
            ahead.append(self._block(data))
            if len(ahead) > NEIGHBOURS:
                yield self._judge(before, ahead)
        while ahead:
            yield self._judge(before, ahead)

    def means(self, line: bytes) -> bool:
        """Say whether a line may mean anything; each does where no meaning is known."""
        return not self._meanings or bool(self._meanings.kinds([worded(line)]))

    @cached_property
    def _meanings(self) -> Meanings:
        return self._made()

    def _block(self, data: bytes) -> _Block:
        if not self.dense or FENCE in data or not self._meanings:
            return _Block(data)
        wordings = worded(data).split("\n")[:-1]
        kinds = self._meanings.kinds(wordings)
        meaning: Meaning = frozenset().union(*map(self._meanings.of, set(kinds.values())))
        return _Block(data, wordings, kinds, meaning)

    def _judge(
        self, before: deque[Meaning], ahead: deque[_Block]
    ) -> tuple[bytes, list[New] | None]:
        block = ahead.popleft()
        known = len(before) == len(ahead) == NEIGHBOURS and bool(block.wordings)
        new = self._new(block, before, ahead) if known else None
        if block.wordings:
            meant = sum(map(block.kinds.__contains__, block.wordings)) if block.kinds else 0
            self.alarming = meant / len(block.wordings)
        before.append(block.meaning)
        return block.data, new

    def _new(self, block: _Block, before: Iterable[Meaning], ahead: Iterable[_Block]) -> list[New]:
        """Return the lines of a block that say something that its neighbours do not."""
        first = set(block.meaning.difference(*before))
        last = block.meaning.difference(*(other.meaning for other in ahead))
        other = self._others(block)
        if not (first or last or other):
            return []
        places: dict[int, tuple[int, Meaning]] = {}
        found: dict[int, Meaning] = {}
        for at, wording in enumerate(block.wordings):
            if (kind := block.kinds.get(wording)) is None:
                continue
            meaning = self._meanings.of(kind)
            if wording in other or not first.isdisjoint(meaning):
                found[at] = meaning
                first -= meaning
                other.discard(wording)
            if not last.isdisjoint(meaning):
                places |= dict.fromkeys(last & meaning, (at, meaning))
        found |= dict(places.values())
        return [
            New(at, self._around(meaning))
            for at, meaning in sorted(found.items(), key=itemgetter(0))
        ]

    def _others(self, block: _Block) -> set[str]:
        """Return the wordings to be read for their shape, or for the name in them, and count them."""
        wanted = {kind for kind in set(block.kinds.values()) if self._is_wanted(kind)}
        found: set[str] = set()
        if wanted:
            for wording, kind in block.kinds.items():
                if kind in wanted and self._is_wanted(kind) and wording not in self._told:
                    found.add(wording)
                    self._tell(wording, kind)
        return found

    def _is_wanted(self, kind: Kind) -> bool:
        """Say whether another line of a kind is to be read wherever it stands."""
        seen = self._shapes.get(kind[0], 0)
        if seen < MOST_READ and (seen or len(self._shapes) < MOST_ALIKE):
            return True
        naming = self._meanings.naming(self._meanings.of(kind))
        return any(self._names[number] < MOST_NAMES for number in naming)

    def _around(self, meaning: Meaning) -> Around:
        """Return how much is read around a line, less for each like it that was read."""
        often = min(self._read[number] for number in meaning)
        self._read.update(meaning)
        if often < MOST_WHOLE:
            return Around.ALL
        return Around.NEAR if often < MOST_NEAR else Around.NOTHING

    def _tell(self, wording: str, kind: Kind) -> None:
        if kind[0] in self._shapes or len(self._shapes) < MOST_ALIKE:
            self._shapes[kind[0]] += 1
        self._names.update(self._meanings.naming(self._meanings.of(kind)))
        if len(self._told) >= MOST_WORDINGS:
            self._told.clear()
        if len(wording) <= LONGEST_WORDING:
            self._told.add(wording)
