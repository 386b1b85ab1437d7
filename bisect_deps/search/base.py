"""The shape that every search shares: rounds of questions out, answers in.

A search is a deterministic generator. It yields a round (the questions it would like answered at
once), is sent one answer per question in the same order, and returns its finding. It imports no
file, builder, log or clock: who answers is the caller's business, so one engine serves `run`,
guided sessions, resume, undo, simulators and property tests.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from bisect_deps.model import Outcome

T = TypeVar("T")

# Log-odds of an answer of a reproducible build.
CERTAIN = 40.0
# Where builds are flaky, a claim is proven when the probability that it is wrong is at most this.
DOUBT = 0.001

Items: TypeAlias = frozenset[int]


@dataclass(frozen=True, slots=True)
class Progress:
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
    progress: Progress | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the outcome, the items the log suspects (best first), the cost in seconds.

    `signature` identifies a failure; `missing` names items whose absence made the build fail for
    another reason (an anchor): they belong with what needed them. `infrastructure` marks failure
    that is never evidence.
    """

    outcome: Outcome
    suspects: tuple[int, ...] = ()
    cost: float = 0.0
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

    An answer counts with the log-odds of being right: overwhelming where builds are reproducible,
    `log((1 - flake) / flake)` where they are not. Then no answer proves anything by itself: a claim
    needs one that speaks for it and the `opinion` (the probability that a set fails, by all
    answers together) to agree. UNRESOLVED answers are kept but say nothing.
    """

    def __init__(self, flake: float) -> None:
        self.flaky = flake > 0
        self.weight = math.log((1 - flake) / flake) if self.flaky else CERTAIN
        self.odds: dict[int, float] = {}
        self.unresolved: set[int] = set()
        self.opinion: Callable[[int], float] = _no_opinion

    def add(self, mask: int, outcome: Outcome) -> None:
        """Count one answer."""
        if outcome is Outcome.UNRESOLVED:
            self.unresolved.add(mask)
        else:
            sign = 1 if outcome is Outcome.FAIL else -1
            self.odds[mask] = self.odds.get(mask, 0.0) + sign * self.weight

    def fails(self, mask: int) -> bool:
        """Say whether a set is known to fail.

        A set that was asked itself speaks for itself alone, so that a history that is not monotone
        is never overruled.
        """
        odds = self.odds.get(mask, 0.0)
        if odds:
            return odds > 0 and (not self.flaky or self.opinion(mask) >= 1 - DOUBT)
        return not self.flaky and any(
            odds > 0 and not asked & ~mask for asked, odds in self.odds.items()
        )

    def passes(self, mask: int) -> bool:
        """Say whether a set is known to pass."""
        odds = self.odds.get(mask, 0.0)
        if odds and not self.flaky:
            return odds < 0
        shown = any(odds < 0 and not mask & ~asked for asked, odds in self.odds.items())
        return shown and (not self.flaky or self.opinion(mask) <= DOUBT)

    def seems_to_fail(self, mask: int) -> bool:
        """Say whether a set that was asked is more likely to fail than not."""
        return self.odds[mask] > 0 and (not self.flaky or self.opinion(mask) > 0.5)

    def is_implied(self, mask: int) -> bool:
        """Say whether another answer already gives the one that this mask got."""
        odds = self.odds[mask]
        for other, others in self.odds.items():
            if other != mask and others * odds > 0:
                inner, outer = (other, mask) if odds > 0 else (mask, other)
                if not inner & ~outer:
                    return True
        return False


def _no_opinion(mask: int) -> float:
    return 0.5
