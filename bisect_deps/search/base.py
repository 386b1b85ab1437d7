"""The shape that every search shares: rounds of questions out, answers in.

A search is a deterministic generator. It yields a round (the questions it would like answered at
once), is sent one answer per question in the same order, and returns its finding. It imports no
file, builder, log or clock: who answers is the caller's business, so one engine serves `run`,
guided sessions, resume, undo, simulators and property tests.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from bisect_deps.model import Outcome

T = TypeVar("T")

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
    another reason (an anchor): they belong with what needed them. `infrastructure` marks trouble
    that is never evidence.
    """

    outcome: Outcome
    suspects: tuple[int, ...] = ()
    cost: float = 0.0
    signature: str = ""
    missing: Items = frozenset()
    infrastructure: bool = False


Search: TypeAlias = Generator[Sequence[Question], Sequence[Answer], T]
