"""bisect(): every culprit and combination of a failing whole, each proven both ways.

The story of a search, told with items (integers) alone: what they stand for, who builds them and
how long that takes is the caller's business.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from bisect_deps.model import Outcome
from bisect_deps.search.base import Answer, Items, Progress, Question, Search


class Prefer(str, Enum):
    """What a search is to save where it cannot save both."""

    BUILDS = "builds"
    TIME = "time"


class State(str, Enum):
    """How a search ended."""

    FOUND = "found"
    PASSES = "passes"
    FRAME_FAILS = "frame-fails"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Problem:
    """What to search, and what is known before the first build.

    `items` are the removable ones in the user's order. `weights` are suspicions (0 to 1), `hints`
    the suspects of the failing whole's log, best first. `whole_fails` False means not yet known.
    `frame_passes` says whether the build with everything removed is known to pass. `whole_cost`
    and `single_cost` are the seconds of a build of all items and of one. `slots` is how many
    questions a round may hold. `flake` is the probability that an answer is wrong. `budget` bounds
    the questions. Two candidates of the same `key` have the same resolved set: only one is asked.
    `requires` names items that must be present wherever the key is. `known` are facts proven
    before.
    """

    items: tuple[int, ...]
    weights: Mapping[int, float] = field(default_factory=dict)
    hints: tuple[int, ...] = ()
    whole_fails: bool = True
    frame_passes: bool | None = None
    whole_cost: float = 1.0
    single_cost: float = 1.0
    slots: int = 1
    prefer: Prefer = Prefer.BUILDS
    flake: float = 0.0
    budget: int | None = None
    key: Callable[[Items], Hashable] | None = None
    requires: Mapping[int, Items] = field(default_factory=dict)
    known: tuple[tuple[Items, Outcome], ...] = ()
    signature: str = ""


@dataclass(frozen=True, slots=True)
class Certified:
    """A minimal failing set with its proof.

    `failing` is the question that failed with only `members` (and the frame); `passing` are
    questions that passed, one for each member: it holds the other members and not that one.
    """

    members: Items
    failing: Items
    passing: tuple[Items, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a search concluded.

    `removed` is the irreducible correction: without it `passing` is left, which passed. Where the
    state is INCONCLUSIVE, `passing` is the largest candidate known to pass (None before the first
    PASS) and `remaining` holds the suspects still possible. `despite_skips` says that some
    questions stayed unresolved. `confidence` is the probability that all of it is right.
    `other_failures` are the signatures of failures other than the one chased, first seen first,
    each with a question that showed it.
    """

    state: State
    culprits: tuple[Certified, ...] = ()
    removed: Items = frozenset()
    passing: Items | None = None
    confidence: float = 1.0
    despite_skips: bool = False
    remaining: Items = frozenset()
    other_failures: tuple[tuple[str, Items], ...] = ()


def bisect(problem: Problem) -> Search[Finding]:
    """Find every culprit and combination, and the smallest removal that makes the rest pass."""
    return (yield from _Engine(problem).run())


class _Stuck(Exception):
    """No question is left that would help."""


class _Engine:
    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.answers: dict[Items, Outcome] = dict(problem.known)
        self.whole = frozenset(problem.items)
        if problem.whole_fails:
            self.answers[self.whole] = Outcome.FAIL
        if problem.frame_passes:
            self.answers[frozenset()] = Outcome.PASS
        self.asked = 0
        self.skips = False
        self.anchors: Items = frozenset()
        self.others: dict[str, Items] = {}
        self.hints = list(problem.hints)

    def run(self) -> Search[Finding]:
        edges: list[Certified] = []
        try:
            if (yield from self.ask(self.whole, "does the whole fail?")) is Outcome.PASS:
                return Finding(State.PASSES, passing=self.whole)
            while True:
                removed = self.hit([edge.members for edge in edges])
                rest = self.whole - removed
                outcome = yield from self.ask(rest, "does the rest pass?")
                if outcome is Outcome.PASS:
                    return Finding(
                        State.FOUND,
                        tuple(edges),
                        removed,
                        rest,
                        despite_skips=self.skips,
                        other_failures=tuple(self.others.items()),
                    )
                if outcome is Outcome.UNRESOLVED:
                    raise _Stuck
                members = yield from self.minimal(rest)
                if not members:
                    return Finding(State.FRAME_FAILS)
                edges.append((yield from self.certify(members)))
        except _Stuck:
            return Finding(
                State.INCONCLUSIVE,
                tuple(edges),
                passing=self.best(),
                remaining=self.whole,
                despite_skips=self.skips,
                other_failures=tuple(self.others.items()),
            )

    def minimal(self, failing: Items) -> Generator[Sequence[Question], Sequence[Answer], Items]:
        core: Items = frozenset()
        order = sorted(failing, key=self.suspicion)
        while True:
            if (yield from self.ask(core, "is this enough to fail?")) is Outcome.FAIL:
                return core
            low, high = 0, len(order)
            skipped: set[int] = set()
            while True:
                cuts = [cut for cut in range(low + 1, high) if cut not in skipped]
                if not cuts:
                    break
                cut = min(cuts, key=lambda at: (abs(2 * at - low - high), at))
                outcome = yield from self.ask(core | set(order[:cut]), "which half fails?")
                if outcome is Outcome.UNRESOLVED:
                    skipped.add(cut)
                elif outcome is Outcome.FAIL:
                    high = cut
                else:
                    low = cut
            if high - low > 1:
                raise _Stuck
            core |= {order[high - 1]}
            order = order[: high - 1]

    def certify(self, members: Items) -> Generator[Sequence[Question], Sequence[Answer], Certified]:
        passing = []
        for member in sorted(members):
            others = members - {member}
            outcome = yield from self.ask(others, "do the others pass without it?")
            if outcome is Outcome.PASS:
                passing.append(self.witness(others))
        return Certified(members, members, tuple(passing))

    def ask(
        self, items: Items, why: str
    ) -> Generator[Sequence[Question], Sequence[Answer], Outcome]:
        items = self.close(items)
        while True:
            known = self.implied(items)
            if known is not None:
                return known
            if self.problem.budget is not None and self.asked >= self.problem.budget:
                raise _Stuck
            self.asked += 1
            [answer] = yield [Question(items, why, self.progress())]
            if answer.infrastructure and self.asked < 10_000:
                continue
            outcome = answer.outcome
            if outcome is Outcome.UNRESOLVED:
                self.skips = True
                if answer.missing - items:
                    self.anchors |= answer.missing & self.whole
                    self.answers[items] = outcome
                    items = self.close(items)
                    continue
                if answer.signature:
                    self.others.setdefault(answer.signature, items)
            self.answers[items] = outcome

    def close(self, items: Items) -> Items:
        items |= self.anchors
        while True:
            more = frozenset().union(
                *(self.problem.requires.get(item, frozenset()) for item in items)
            )
            if more <= items:
                return items
            items |= more

    def implied(self, items: Items) -> Outcome | None:
        if items in self.answers:
            return self.answers[items]
        for other, outcome in self.answers.items():
            if outcome is Outcome.FAIL and other <= items:
                return outcome
            if outcome is Outcome.PASS and items <= other:
                return outcome
        return None

    def witness(self, items: Items) -> Items:
        for other, outcome in self.answers.items():
            if outcome is Outcome.PASS and items <= other:
                return other
        return items

    def suspicion(self, item: int) -> tuple[int, float, int]:
        hint = self.hints.index(item) if item in self.hints else len(self.hints)
        return (hint, -self.problem.weights.get(item, 0.0), self.problem.items.index(item))

    def hit(self, edges: Sequence[Items]) -> Items:
        chosen: Items = frozenset()
        for edge in edges:
            if not edge & chosen:
                chosen |= {max(edge)}
        for item in sorted(chosen):
            if all(edge & (chosen - {item}) for edge in edges):
                chosen -= {item}
        return chosen

    def best(self) -> Items | None:
        passed = [items for items, outcome in self.answers.items() if outcome is Outcome.PASS]
        return max(passed, key=len, default=None)

    def progress(self) -> Progress:
        count = len(self.whole)
        return Progress(self.best(), count, count.bit_length(), 2 * count.bit_length(), "locate")
