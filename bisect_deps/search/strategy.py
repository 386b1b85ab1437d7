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
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from bisect_deps.model import Outcome
from bisect_deps.policy import POLICY
from bisect_deps.search.base import CERTAIN, Answer, Facts, Items, Progress, Question, Search, bits
from bisect_deps.search.belief import Belief
from bisect_deps.search.certify import failing_sets, is_minimal, passing_witness, smallest_removal
from bisect_deps.search.locate import Choice, Scene, choose
from bisect_deps.search.shapes import Shapes

# How many hypotheses are kept at most; how sure a log is of its suspect where no weight says so.
SAMPLE = 400
FLAKY_SAMPLE = 600
TRUST = 0.7
# What a question must add to a round (in bits and proofs) to be worth a slot.
# Where builds are flaky, a search gives up after this many times its patience.
ENOUGH = 6


class Prefer(str, Enum):
    """What a search is to save where it cannot save both."""

    BUILDS = "builds"
    TIME = "time"


# What a question must add to a round (in bits and proofs) to be worth a slot.
WORTH = {Prefer.BUILDS: 0.9, Prefer.TIME: 0.2}


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
    PASS).
    """

    state: State
    culprits: tuple[Certified, ...] = ()
    removed: Items = frozenset()
    passing: Items | None = None


def bisect(problem: Problem) -> Search[Finding]:
    """Find every culprit and combination, and the smallest removal that makes the rest pass.

    Each round holds at most `problem.slots` questions; none is asked twice, but for infrastructure
    failure and where builds are flaky. Same answers, same questions.
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

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.shapes = Shapes(problem.items, problem.requires)
        self.facts = Facts(problem.flake)
        most = FLAKY_SAMPLE if problem.flake else SAMPLE
        self.belief = Belief(len(problem.items), min(most, 40 + 10 * len(problem.items)))
        self.facts.opinion = self.belief.share_failing
        self.asked = 0
        self.fruitless = 0
        self.failure: dict[int, int] = {}
        self.answered_keys: dict[Hashable, Outcome] = {}
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
        problem = self.problem
        for items, outcome in problem.known:
            self.facts.add(self.shapes.mask(items), outcome)
        if problem.whole_fails:
            self.facts.odds[self.shapes.full] = CERTAIN
            self.suspects[self.shapes.full] = self.shapes.places(problem.hints)
        if problem.frame_passes is not None:
            self.facts.odds[0] = -CERTAIN if problem.frame_passes else CERTAIN

    def done(self) -> bool:
        """Say whether the rest is known to pass, the frame to fail, or the limits are reached."""
        budget = self.problem.budget
        if budget is None and self.facts.flaky:
            budget = ENOUGH * self.patience()
        spent = budget is not None and self.asked >= budget
        return self.rest_passes() or self.frame_fails() or spent or self.fruitless > self.patience()

    def rest_passes(self) -> bool:
        return self.facts.passes(self.region)

    def frame_fails(self) -> bool:
        return any(not self.shapes.members(edge) for edge in self.edges)

    def patience(self) -> int:
        return 12 + 4 * len(self.problem.items).bit_length()

    def round(self) -> list[Question]:
        """Return the next questions; none where no question is left that could be answered."""
        if not self.problem.whole_fails and not self.facts.odds:
            return self.questions([Choice(self.shapes.full, "does the whole fail?")])
        while not self.done():
            if not self.facts.flaky:
                self.follow()
            choices = choose(self.scene(), self.slots(), WORTH[self.problem.prefer])
            fresh = [choice for choice in choices if not self.known_by_key(choice.mask)]
            if fresh or not choices:
                return self.questions(fresh)
            self.conclude()
        return []

    def questions(self, choices: Sequence[Choice]) -> list[Question]:
        progress = self.progress()
        return [
            Question(self.shapes.items(choice.mask), choice.purpose, progress) for choice in choices
        ]

    def slots(self) -> int:
        if self.problem.budget is None:
            return self.problem.slots
        return min(self.problem.slots, self.problem.budget - self.asked)

    def scene(self) -> Scene:
        return Scene(
            facts=self.facts,
            region=self.region,
            failing=self.failing,
            order=self.order,
            sample=self.belief.sample,
            shapes=self.shapes.nearest,
            askable=self.askable,
            cost=self.cost,
            testable=self.testable,
            flake=self.problem.flake,
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
        single, whole = self.problem.single_cost, self.problem.whole_cost
        return single + (whole - single) * mask.bit_count() / count

    def known_by_key(self, mask: int) -> bool:
        """Say whether a set that resolves to the same was answered; if so, take over the answer."""
        if self.problem.key is None or self.facts.flaky:
            return False
        outcome = self.answered_keys.get(self.problem.key(self.shapes.items(mask)))
        if outcome is not None:
            self.facts.add(mask, outcome)
        return outcome is not None

    def record(self, questions: Sequence[Question], answers: Sequence[Answer]) -> None:
        """Take the answers of one round, in the order of its questions."""
        for question, answer in zip(questions, answers, strict=True):
            self.asked += 1
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
        if self.problem.key is not None:
            self.answered_keys[self.problem.key(self.shapes.items(mask))] = outcome
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
        """Work out what the facts prove; where builds are flaky, the hypotheses have a say."""
        if self.facts.flaky:
            self.follow()
        region = self.region
        self.deduce()
        if self.facts.flaky and self.region != region:
            self.conclude()
        self.chase_what_is_left()

    def deduce(self) -> None:
        """Tell the minimal failing sets, what to remove, and what is open.

        Where builds are flaky, what was once proven stays so.
        """
        shapes = self.shapes
        failing = failing_sets(self.facts)
        shapes.release(failing)
        if self.facts.flaky:
            failing = [mask for mask in failing if not mask & ~self.region]
        proven = [mask for mask in failing if is_minimal(self.facts, mask, shapes.reductions)]
        self.edges = [*self.edges, *proven] if self.facts.flaky else proven
        self.order = suspicion_order(self.problem, self.suspects, failing, shapes)
        removed = smallest_removal([shapes.members(edge) for edge in self.edges], self.order)
        self.region = shapes.without(shapes.full, removed)
        self.failing = [mask for mask in failing if not mask & ~self.region]

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

    def follow(self) -> None:
        self.belief.follow(self.telling(), self.chances(), self.focus())

    def telling(self) -> list[tuple[int, float]]:
        """Return the facts that bear on the region, without those that others imply."""
        return [
            (mask, odds)
            for mask, odds in self.facts.odds.items()
            if not (odds > 0 and mask & ~self.region)
            and not (odds < 0 and any(not edge & ~mask for edge in self.edges))
            and (self.facts.flaky or not self.facts.is_implied(mask))
        ]

    def focus(self) -> list[int]:
        """Return the masks in which an edge is sought: failing ones, and what is new in them."""
        masks = []
        passing = [mask for mask, odds in self.facts.odds.items() if odds < 0]
        for failing in self.failing[:3]:
            masks.append(failing)
            base = max((mask & failing for mask in passing), key=int.bit_count, default=0)
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

    def finding(self) -> Finding:
        """Return what the facts prove now."""
        shapes = self.shapes
        certified = [self.certified(edge) for edge in self.edges if shapes.members(edge)]
        culprits = tuple(culprit for culprit in certified if culprit.passing)
        if self.frame_fails():
            state, removed, passing = State.FRAME_FAILS, shapes.full, None
        elif self.facts.passes(shapes.full):
            state, removed, passing = State.PASSES, 0, shapes.items(shapes.full)
        elif self.rest_passes():
            state, removed = State.FOUND, shapes.full & ~self.region
            passing = shapes.items(self.region)
        else:
            state, removed, passing = State.INCONCLUSIVE, 0, self.best()
        return Finding(state, culprits, shapes.items(removed), passing)

    def certified(self, edge: int) -> Certified:
        reductions = self.shapes.reductions(edge)
        witnesses = [passing_witness(self.facts, rest) for rest in reductions]
        passing = dict.fromkeys(self.shapes.items(mask) for mask in witnesses if mask is not None)
        return Certified(
            self.shapes.items(self.shapes.members(edge)), self.shapes.items(edge), tuple(passing)
        )

    def best(self) -> Items | None:
        """Return the largest candidate that passed."""
        passing = [mask for mask, odds in self.facts.odds.items() if odds < 0]
        largest = max(passing, key=int.bit_count, default=None)
        return None if largest is None else self.shapes.items(largest)

    def progress(self) -> Progress:
        """Return what is known: a suspect is an item of no passing set, or of a combination."""
        area = self.failing[0] if self.failing else self.region
        cleared = 0
        for mask, odds in self.facts.odds.items():
            cleared |= mask if odds < 0 else 0
        left = (area & ~cleared or area).bit_count()
        steps = math.ceil(math.log2(max(left, 1)))
        phase = "locate" if left > 1 else "certify"
        return Progress(self.best(), left, steps + 2, 2 * steps + 4, phase)


def suspicion_order(
    problem: Problem,
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
