"""Neighbouring points where the outcome turns: which release, which date. Points are indices.

What a point is (a version, a day) is the caller's business; oldest first by custom. A point's
question is the set of its index alone.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from bisect_deps.model import Outcome
from bisect_deps.policy import POLICY
from bisect_deps.search.base import Answer, Question, Search

Steps: TypeAlias = Generator[Sequence[Question], Sequence[Answer], None]


@dataclass(frozen=True, slots=True)
class Turn:
    """A failing and a passing point with no other FAIL or PASS seen between them.

    `unresolved` are the points between them that gave no answer: the turn lies in that interval.
    """

    failing: int
    passing: int
    unresolved: tuple[int, ...] = ()

    @property
    def exact(self) -> bool:
        """Say whether the two points are neighbours."""
        return abs(self.failing - self.passing) == 1


@dataclass(frozen=True, slots=True)
class Narrowed:
    """The turn nearest to the failing point that was given, and all that was seen on the way.

    `turn` is None where no point passed. `tried` holds each probed point with its outcome, in the
    order of asking. `others` are further turns that the answers show: the history is not monotone,
    and more turns may lie between points that were not tried.
    """

    turn: Turn | None
    tried: tuple[tuple[int, Outcome], ...]
    others: tuple[Turn, ...] = ()


def narrow(
    count: int,
    *,
    failing: int,
    passing: int | None = None,
    first_guesses: Sequence[int] = (),
    slots: int = 1,
) -> Search[Narrowed]:
    """Find the neighbouring points, of `count`, between which the outcome turns.

    Point `failing` is known to fail; `passing`, where given, to pass. Evidence comes first: each of
    `first_guesses` (points thought to be the first to pass, best first) is asked with its
    neighbour on the failing side: two probes when the guess is right. Without a passing point both
    ends are tried, then points ever farther from the failing one. Then bisection with `slots`
    points a round, around unresolved points as in git-bisect's skip. No point is asked twice but
    for an infrastructure failure. Raises ValueError for a point out of range.
    """
    for point in (failing, *(() if passing is None else (passing,)), *first_guesses):
        if not 0 <= point < count:
            raise ValueError(f"point {point} is not among {count}")
    history = _History(count, failing, passing)
    yield from _try_guesses(history, first_guesses, slots)
    if history.nearest_turn() is None:
        yield from _look_for_a_pass(history, slots)
    yield from _close_in(history, slots)
    turn = history.nearest_turn()
    others = tuple(other for other in history.turns() if other != turn)
    return Narrowed(turn, tuple(history.tried), others)


class _History:
    """What is known of each point, and what was asked to know it."""

    def __init__(self, count: int, failing: int, passing: int | None) -> None:
        self.count = count
        self.start = failing
        self.known = {failing: Outcome.FAIL}
        if passing is not None:
            self.known[passing] = Outcome.PASS
        self.tried: list[tuple[int, Outcome]] = []

    def ask(self, points: Sequence[int], purpose: str) -> Steps:
        waiting = [point for point in dict.fromkeys(points) if point not in self.known]
        for attempt in range(POLICY.infrastructure_asks):
            if not waiting:
                return
            answers = yield [Question(frozenset({point}), purpose) for point in waiting]
            again = []
            for point, answer in zip(waiting, answers, strict=True):
                if answer.infrastructure and attempt + 1 < POLICY.infrastructure_asks:
                    again.append(point)
                    continue
                self.known[point] = Outcome.UNRESOLVED if answer.infrastructure else answer.outcome
                self.tried.append((point, self.known[point]))
            waiting = again

    def turns(self) -> list[Turn]:
        decided = [point for point in sorted(self.known) if self._decided(point)]
        turns = []
        for left, right in pairwise(decided):
            if self.known[left] is self.known[right]:
                continue
            between = tuple(point for point in range(left + 1, right) if point in self.known)
            if self.known[left] is Outcome.FAIL:
                turns.append(Turn(left, right, between))
            else:
                turns.append(Turn(right, left, between))
        return turns

    def nearest_turn(self) -> Turn | None:
        return min(self.turns(), key=self._distance, default=None)

    def _decided(self, point: int) -> bool:
        return self.known[point] is not Outcome.UNRESOLVED

    def _distance(self, turn: Turn) -> tuple[int, int]:
        # The smallest change first; of two alike, the newer release.
        return abs(turn.passing - self.start), -turn.passing


def _try_guesses(history: _History, guesses: Sequence[int], slots: int) -> Steps:
    for guess in guesses:
        if guess == history.start:
            continue
        neighbour = guess - 1 if guess > history.start else guess + 1
        pair = [guess, neighbour] if slots > 1 else [guess]
        yield from history.ask(pair, "the evidence points at this one")
        if history.known[guess] is Outcome.PASS:
            yield from history.ask([neighbour], "does its neighbour still fail?")
        if history.nearest_turn() is not None:
            return


def _look_for_a_pass(history: _History, slots: int) -> Steps:
    waiting = _far_points(history.count, history.start)
    while history.nearest_turn() is None:
        batch = [point for _, point in zip(range(slots), waiting, strict=False)]
        if not batch:
            return
        yield from history.ask(batch, "does this one pass?")


def _far_points(count: int, start: int) -> Iterator[int]:
    """Yield both ends, the newer first, then points 1, 2, 4, ... away from the start."""
    seen = {start}
    steps = [2**power for power in range(count.bit_length())]
    points = [count - 1, 0, *(start + sign * step for step in steps for sign in (1, -1))]
    for point in points:
        if 0 <= point < count and point not in seen:
            seen.add(point)
            yield point


def _close_in(history: _History, slots: int) -> Steps:
    while (turn := history.nearest_turn()) is not None:
        cuts = _cuts(turn, history, slots)
        if not cuts:
            return
        yield from history.ask(cuts, "which side does it turn on?")


def _cuts(turn: Turn, history: _History, slots: int) -> list[int]:
    """Return up to `slots` untried points inside the turn that split it best."""
    low, high = sorted((turn.failing, turn.passing))
    untried = [point for point in range(low + 1, high) if point not in history.known]
    if not turn.unresolved:
        wanted = [len(untried) * part // (slots + 1) for part in range(1, slots + 1)]
        return [untried[at] for at in dict.fromkeys(wanted) if untried]
    # A release that cannot be tested seldom comes alone: the middle of the longest untried run
    # is the farthest from all that gave no answer.
    cuts: list[int] = []
    while untried and len(cuts) < slots:
        run = max(_runs(untried), key=len)
        cuts.append(run[len(run) // 2])
        untried.remove(cuts[-1])
    return cuts


def _runs(points: Sequence[int]) -> list[list[int]]:
    runs: list[list[int]] = []
    for point in points:
        if runs and runs[-1][-1] == point - 1:
            runs[-1].append(point)
        else:
            runs.append([point])
    return runs
