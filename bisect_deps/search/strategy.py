"""bisect(): every culprit and combination of a failing whole, each proven both ways.

The story of a search, told with items (integers) alone: what they stand for, who builds them and
how long that takes is the caller's business. A search is a loop of three steps. The facts prove
which sets fail minimally (certify.py); a sample of hypotheses says what else may be at fault
(belief.py); the next round asks what tells and proves most for its price (locate.py). A hint of a
log, a certificate, a cut and the probe of the rest are all questions to the same measure. It ends
when the rest, without the smallest removal that meets every proven set, is known to pass.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from bisect_deps.model import Outcome
from bisect_deps.policy import POLICY
from bisect_deps.search.base import Answer, Facts, Items, Question, Search, SearchProgress, bits
from bisect_deps.search.belief import Belief
from bisect_deps.search.certify import failing_sets, is_minimal, passing_witness, smallest_removal
from bisect_deps.search.locate import RoundGoal, choose
from bisect_deps.search.shapes import Shapes

# How many hypotheses are kept at most; how sure a log is of its suspect where no weight says so.
SAMPLE = 400
TRUST = 0.7


class Prefer(str, Enum):
    """What a search is to save where it cannot save both."""

    BUILDS = "builds"
    TIME = "time"


# What a question must add to a round (in bits and proofs) to be worth a slot.
WORTH = {Prefer.BUILDS: 0.9, Prefer.TIME: 0.2}


class State(str, Enum):
    """How a search ended."""

    FOUND = "found"
    FRAME_FAILS = "frame-fails"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class SearchProblem:
    """What to search, and what is known before the first build.

    `items` are the removable ones in the user's order. `weights` are suspicions (0 to 1), `hints`
    the suspects of the failing whole's log, best first. `single_cost` is the price of a build of
    one item, where that of all is 1. `slots` is how many questions a round may hold. `known` are
    facts proven before; that the whole fails need not be said.
    """

    items: tuple[int, ...]
    weights: Mapping[int, float] = field(default_factory=dict)
    hints: tuple[int, ...] = ()
    single_cost: float = 1.0
    slots: int = 1
    prefer: Prefer = Prefer.BUILDS
    known: tuple[tuple[Items, Outcome], ...] = ()


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
class SearchResult:
    """What a search concluded.

    `removed` is the irreducible correction: without it `passing` is left, which passed. Where the
    state is INCONCLUSIVE, `passing` is the largest candidate known to pass (None before the first
    PASS).
    """

    state: State
    culprits: tuple[Certified, ...] = ()
    removed: Items = frozenset()
    passing: Items | None = None


def bisect(problem: SearchProblem) -> Search[SearchResult]:
    """Find every culprit and combination, and the smallest removal that makes the rest pass.

    Each round holds at most `problem.slots` questions; none is asked twice, but for infrastructure
    failure. Same answers, same questions.
    """
    engine = _Engine(problem)
    while not engine.done():
        questions = engine.round()
        if not questions:
            break
        engine.record(questions, (yield questions))
    return engine.finding()


class _Engine:
    """The facts so far, what they prove, and what is best asked next.

    `edges` are the proven minimal failing sets, `region` is the whole without the smallest removal
    that meets them all, `failing` are failing sets in the region that hold no known edge.
    """

    def __init__(self, problem: SearchProblem) -> None:
        self.problem = problem
        self.shapes = Shapes(problem.items)
        self.facts = Facts()
        self.belief = Belief(min(SAMPLE, 40 + 10 * len(problem.items)))
        self.fruitless = 0
        self.failure: dict[int, int] = {}
        self.suspects: dict[int, tuple[int, ...]] = {}
        self.other_failures: dict[str, list[int]] = {}
        self.chased: set[str] = set()
        self.edges: list[int] = []
        self.failing: list[int] = []
        self.region = self.shapes.full
        self.order: Sequence[int] = range(len(problem.items))
        self.assume()
        self.conclude()

    def assume(self) -> None:
        """Take for granted what the caller knows."""
        for items, outcome in (*self.problem.known, (self.problem.items, Outcome.FAIL)):
            self.facts.add(self.shapes.mask(items), outcome)
        self.suspects[self.shapes.full] = self.shapes.places(self.problem.hints)

    def done(self) -> bool:
        """Say whether the rest is known to pass, the frame to fail, or nothing more is learned."""
        return self.rest_passes() or self.frame_fails() or self.fruitless > self.patience()

    def rest_passes(self) -> bool:
        return self.facts.passes(self.region)

    def frame_fails(self) -> bool:
        return any(not self.shapes.members(edge) for edge in self.edges)

    def patience(self) -> int:
        return 12 + 4 * len(self.problem.items).bit_length()

    def round(self) -> list[Question]:
        """Return the next questions; none where no question is left that could be answered."""
        self.belief.follow(self.telling(), self.chances(), self.focus())
        choices = choose(self.scene(), self.problem.slots, WORTH[self.problem.prefer])
        progress = self.progress()
        return [
            Question(self.shapes.items(choice.mask), choice.purpose, progress) for choice in choices
        ]

    def scene(self) -> RoundGoal:
        return RoundGoal(
            facts=self.facts,
            region=self.region,
            failing=self.failing,
            order=self.order,
            sample=self.belief.sample,
            shapes=self.shapes.nearest,
            askable=self.askable,
            cost=self.cost,
            testable=self.testable,
        )

    def askable(self, mask: int) -> bool:
        known = self.facts.fails(mask) or self.facts.passes(mask)
        return not known and mask not in self.facts.unresolved

    def testable(self, mask: int) -> float:
        """Return the probability that a mask resolves: lower where it is like one that did not."""
        count = max(len(self.problem.items), 1)
        chance = 1.0
        for other in self.facts.unresolved:
            likeness = 1 - (mask ^ other).bit_count() / count
            chance *= 1 - 0.9 * likeness**4
        return chance

    def cost(self, mask: int) -> float:
        count = max(len(self.problem.items), 1)
        single = self.problem.single_cost
        return single + (1 - single) * mask.bit_count() / count

    def record(self, questions: Sequence[Question], answers: Sequence[Answer]) -> None:
        """Take the answers of one round, in the order of its questions."""
        for question, answer in zip(questions, answers, strict=True):
            self.take(self.shapes.mask(question.items), answer)
        self.conclude()

    def take(self, mask: int, answer: Answer) -> None:
        if answer.infrastructure:
            self.failure[mask] = self.failure.get(mask, 0) + 1
            if self.failure[mask] >= POLICY.infrastructure_asks:
                self.facts.add(mask, Outcome.UNRESOLVED)
            return
        outcome = Outcome.FAIL if answer.signature in self.chased else answer.outcome
        self.facts.add(mask, outcome)
        if outcome is Outcome.FAIL:
            self.suspects[mask] = self.shapes.places(answer.suspects)
        self.fruitless += 1
        if outcome is not Outcome.UNRESOLVED:
            self.fruitless = 0
        elif answer.missing:
            self.shapes.anchor(mask, answer.missing, answer.suspects)
        elif answer.signature:
            self.other_failures.setdefault(answer.signature, []).append(mask)

    def conclude(self) -> None:
        """Tell the minimal failing sets, what to remove, and what is open."""
        shapes = self.shapes
        failing = failing_sets(self.facts)
        shapes.release(failing)
        self.edges = [mask for mask in failing if is_minimal(self.facts, mask, shapes.reductions)]
        self.order = suspicion_order(self.problem, self.suspects, failing, shapes)
        removed = smallest_removal([shapes.members(edge) for edge in self.edges], self.order)
        self.region = shapes.without(shapes.full, removed)
        self.failing = [mask for mask in failing if not mask & ~self.region]
        self.chase_what_is_left()

    def chase_what_is_left(self) -> None:
        """Where only another failure keeps the rest from passing, chase that one too."""
        for signature, masks in self.other_failures.items():
            if self.region in masks and self.region in self.facts.unresolved:
                self.chased.add(signature)
                for mask in masks:
                    self.facts.unresolved.discard(mask)
                    self.facts.add(mask, Outcome.FAIL)
                self.conclude()
                return

    def telling(self) -> list[tuple[int, bool]]:
        """Return the facts that bear on the region."""
        return [
            (mask, failed)
            for mask, failed in self.facts.failed.items()
            if not (failed and mask & ~self.region)
            and not (not failed and any(not edge & ~mask for edge in self.edges))
        ]

    def focus(self) -> list[int]:
        """Return the masks in which an edge is sought: failing ones, and what is new in them."""
        masks = []
        for failing in self.failing[:3]:
            masks.append(failing)
            passed = (mask & failing for mask in self.facts.passed)
            base = max(passed, key=int.bit_count, default=0)
            if failing & ~base:
                masks.append(failing & ~base)
        return masks

    def chances(self) -> list[float]:
        """Return each place's share of suspicion in the region; the sum is 1.

        The suspicions together claim the share that at least one of them is right; among
        themselves they count by their odds, and the items of no suspicion share what is left.
        """
        odds = [0.0] * len(self.problem.items)
        none_right = 1.0
        for place, trust in self.suspicions():
            odds[place] = trust / (1 - trust)
            none_right *= 1 - trust
        others = [place for place in bits(self.region) if not odds[place]]
        claimed = 1 - none_right if others else 1.0
        total = sum(odds)
        chances = [claimed * odd / total if odd else 0.0 for odd in odds]
        for place in others:
            chances[place] = (1 - claimed) / len(others)
        return chances

    def suspicions(self) -> Iterator[tuple[int, float]]:
        """Yield the suspected places in the region with their probabilities, best first.

        A weight says how much the first log is to be trusted; a later log, which saw less fail,
        is trusted by the rank that it gives.
        """
        later = {
            place
            for mask, places in self.suspects.items()
            for place in places
            if mask != self.shapes.full
        }
        first = set(self.suspects.get(self.shapes.full, ()))
        trust = TRUST
        for place in self.order:
            if not self.region >> place & 1:
                continue
            weight = self.problem.weights.get(self.problem.items[place], 0.0)
            if place in later or (place in first and not weight):
                weight = max(weight, trust)
                trust *= 1 - TRUST
            if weight > 0:
                yield place, min(weight, 0.95)

    def finding(self) -> SearchResult:
        """Return what the facts prove now."""
        shapes = self.shapes
        certified = [self.certified(edge) for edge in self.edges if shapes.members(edge)]
        culprits = tuple(culprit for culprit in certified if culprit.passing)
        if self.frame_fails():
            state, removed, passing = State.FRAME_FAILS, shapes.full, None
        elif self.rest_passes():
            state, removed = State.FOUND, shapes.full & ~self.region
            passing = shapes.items(self.region)
        else:
            state, removed, passing = State.INCONCLUSIVE, 0, self.best()
        return SearchResult(state, culprits, shapes.items(removed), passing)

    def certified(self, edge: int) -> Certified:
        reductions = self.shapes.reductions(edge)
        witnesses = [passing_witness(self.facts, rest) for rest in reductions]
        passing = dict.fromkeys(self.shapes.items(mask) for mask in witnesses if mask is not None)
        return Certified(
            self.shapes.items(self.shapes.members(edge)), self.shapes.items(edge), tuple(passing)
        )

    def best(self) -> Items | None:
        """Return the largest candidate that passed."""
        largest = max(self.facts.passed, key=int.bit_count, default=None)
        return None if largest is None else self.shapes.items(largest)

    def progress(self) -> SearchProgress:
        """Return what is known: a suspect is an item of no passing set, or of a combination."""
        area = self.failing[0] if self.failing else self.region
        cleared = 0
        for mask in self.facts.passed:
            cleared |= mask
        left = (area & ~cleared or area).bit_count()
        steps = math.ceil(math.log2(max(left, 1)))
        phase = "locate" if left > 1 else "certify"
        return SearchProgress(self.best(), left, steps + 2, 2 * steps + 4, phase)


def suspicion_order(
    problem: SearchProblem,
    suspects: Mapping[int, tuple[int, ...]],
    failing: Sequence[int],
    shapes: Shapes,
) -> list[int]:
    """Return all places, the most suspected first: by the logs of failing sets, then by weight."""
    weights = problem.weights
    named = [place for mask in failing for place in suspects.get(mask, ())]
    weighted = [place for place, item in enumerate(problem.items) if weights.get(item, 0.0) > 0]
    weighted.sort(key=lambda place: -weights[problem.items[place]])
    return list(dict.fromkeys([*named, *weighted, *range(len(problem.items))]))
