"""The shape that every search shares: rounds of questions out, answers in.

A search is a deterministic generator. It yields a round (the questions it would like answered at
once), is sent one answer per question in the same order, and returns its finding. It imports no
file, builder, log or clock: who answers is the caller's business, so one engine serves `run`,
guided sessions, resume, undo, simulators and property tests.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from bisect_deps.model import Outcome

T = TypeVar("T")

Items: TypeAlias = frozenset[int]


@dataclass(frozen=True, slots=True)
class SearchProgress:
    """What a search knows at the moment it asks: enough to show, and to stop with a result.

    `best_passing` is the largest candidate known to pass (None before the first PASS).
    `suspects_left` counts the items that may still be at fault. `left_one` and `left_two` are the
    builds still expected if one culprit, or two, remain to be found. `phase` is one word.
    """

    best_passing: Items | None
    suspects_left: int
    left_one: int
    left_two: int
    phase: str


@dataclass(frozen=True, slots=True)
class Question:
    """A candidate to be answered: the items kept, and why it is asked (shown to the user).

    `progress` is what the search knows when it asks; it is no part of the question's identity.
    """

    items: Items
    purpose: str
    progress: SearchProgress | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the outcome, the items the log suspects (best first).

    `signature` identifies a failure; `missing` names items whose absence made the build fail for
    another reason (an anchor): they belong with what needed them. `infrastructure` marks failure
    that is never evidence.
    """

    outcome: Outcome
    suspects: tuple[int, ...] = ()
    signature: str = ""
    missing: Items = frozenset()
    infrastructure: bool = False


Search: TypeAlias = Generator[Sequence[Question], Sequence[Answer], T]


def bits(mask: int) -> Iterator[int]:
    """Yield the places of the ones in a bitmask, lowest first."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


class Facts:
    """What the answers say of sets of items, as bitmasks; a set fails when a part of it does.

    `failed` maps what was asked to whether it failed. UNRESOLVED answers are kept but say nothing.
    """

    def __init__(self) -> None:
        self.failed: dict[int, bool] = {}
        self.unresolved: set[int] = set()

    @property
    def passed(self) -> list[int]:
        """Return the sets that were asked and passed."""
        return [mask for mask, failed in self.failed.items() if not failed]

    def add(self, mask: int, outcome: Outcome) -> None:
        """Keep one answer."""
        if outcome is Outcome.UNRESOLVED:
            self.unresolved.add(mask)
        else:
            self.failed[mask] = outcome is Outcome.FAIL

    def fails(self, mask: int) -> bool:
        """Say whether a set is known to fail.

        A set that was asked itself speaks for itself alone, so that a history that is not monotone
        is never overruled.
        """
        if mask in self.failed:
            return self.failed[mask]
        return any(failed and not asked & ~mask for asked, failed in self.failed.items())

    def passes(self, mask: int) -> bool:
        """Say whether a set is known to pass."""
        if mask in self.failed:
            return not self.failed[mask]
        return any(not failed and not mask & ~asked for asked, failed in self.failed.items())
