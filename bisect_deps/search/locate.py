"""Which candidates to ask next: those that tell most and prove most for their cost.

A question is worth the bits that its answer tells about the hypotheses plus the proofs that it is
expected to settle; a round is filled greedily, each question worth what it adds to the ones before.
Knows hypotheses and masks, not how either came about.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from random import Random

from bisect_deps.search.base import Facts, bits

# A proof is worth fewer bits than the build it takes: some come for free on the way.
PROOF = 0.4
# A proof is considered for an edge in this share of the hypotheses: rarer ones are chance.
LIKELY = 1 / 16
# An item belongs to the core of a failing area when this share of the hypotheses needs it there.
CORE = 0.7


@dataclass(frozen=True, slots=True)
class RoundGoal:
    """What a round is chosen for.

    `region` holds the items not yet removed, `failing` the known failing masks in it (smallest
    first), `order` all items, the most suspected first. `sample` holds hypotheses as tuples of
    edges. `shapes` turns a mask into the nearest ones that may be built, `askable` says whether
    its answer is still open, `cost` is its price, `testable` the probability that it resolves.
    """

    facts: Facts
    region: int
    failing: Sequence[int]
    order: Sequence[int]
    sample: Sequence[tuple[int, ...]]
    shapes: Callable[[int], Sequence[int]]
    askable: Callable[[int], bool]
    cost: Callable[[int], float]
    testable: Callable[[int], float]


@dataclass(frozen=True, slots=True)
class Choice:
    """A candidate of a round: its mask, and what it is asked for."""

    mask: int
    purpose: str


def choose(scene: RoundGoal, slots: int, least: float) -> list[Choice]:
    """Return the best round of up to `slots` questions, the most valuable first.

    Value counts per square root of the price: per price itself, a greedy choice buys too many
    small candidates (measured on one culprit, a pair and three culprits of 120). After the first,
    a question must add at least `least` (bits and proofs) to be worth a slot.
    """
    rated = [_rate(scene, choice) for choice in _proposals(scene, slots)]
    cells = [(1 << len(scene.sample)) - 1]
    chosen: list[_Rated] = []
    while rated and len(chosen) < slots:
        values = [rating.bits(cells, len(scene.sample)) + PROOF * rating.proofs for rating in rated]
        scores = [
            value / math.sqrt(rating.price) for value, rating in zip(values, rated, strict=True)
        ]
        at = max(range(len(rated)), key=scores.__getitem__)
        if len(chosen) == 1:
            at = _companion(scene, rated, chosen[0], at)
        if chosen and values[at] < least:
            break
        best = rated.pop(at)
        chosen.append(best)
        cells = [part for cell in cells for part in (cell & best.fails, cell & ~best.fails) if part]
    return [rating.choice for rating in chosen]


def _companion(scene: RoundGoal, rated: Sequence[_Rated], first: _Rated, otherwise: int) -> int:
    """Return the place of the rest probe that goes with a likely culprit's certificate.

    Right together they end the search in one round; wrong, they still tell where to look.
    """
    likely = 3 * first.fails.bit_count() > len(scene.sample)
    if first.choice.mask.bit_count() == 1 and likely:
        rest = scene.region & ~first.choice.mask
        places = (at for at, rating in enumerate(rated) if rating.choice.mask == rest)
        return next(places, otherwise)
    return otherwise


@dataclass(frozen=True, slots=True)
class _Rated:
    """A candidate with the hypotheses (as a mask of the sample) under which it fails."""

    choice: Choice
    fails: int
    proofs: float
    price: float

    def bits(self, cells: Sequence[int], size: int) -> float:
        """Return the mutual information of the answer and `size` hypotheses, given the cells."""
        total = 0.0
        for cell in cells:
            count = cell.bit_count()
            share = (cell & self.fails).bit_count() / count
            if 0.0 < share < 1.0:
                total += count / size * _entropy(share)
        return total


def _entropy(share: float) -> float:
    return -share * math.log2(share) - (1 - share) * math.log2(1 - share)


def _rate(scene: RoundGoal, choice: Choice) -> _Rated:
    outside = ~choice.mask
    fails, proofs, place = 0, 0, 1
    for hypothesis in scene.sample:
        for edge in hypothesis:
            if not edge & outside:
                fails |= place
                proofs += edge == choice.mask
                break
        else:
            proofs += _proofs_of_pass(scene, choice.mask, hypothesis)
        place <<= 1
    size = len(scene.sample)
    price = scene.cost(choice.mask) / scene.testable(choice.mask)
    return _Rated(choice, fails, proofs / size, price)


def _proofs_of_pass(scene: RoundGoal, mask: int, hypothesis: tuple[int, ...]) -> int:
    """Count what a PASS would prove: that a member is needed, that the rest passes."""
    for edge in hypothesis:
        if (edge & ~mask).bit_count() == 1 and edge & mask and not scene.facts.passes(edge & mask):
            return 1
    removed = scene.region & ~mask
    return removed.bit_count() <= 6 and all(
        any(edge & removed == 1 << item for edge in hypothesis) for item in bits(removed)
    )


def _proposals(scene: RoundGoal, slots: int) -> list[Choice]:
    """Return candidates worth rating, each once, all askable."""
    seen: set[int] = set()
    choices = []
    for mask, purpose in _ideas(scene, slots):
        for shaped in scene.shapes(mask):
            if shaped not in seen:
                seen.add(shaped)
                if scene.askable(shaped):
                    choices.append(Choice(shaped, purpose))
    return choices


def _ideas(scene: RoundGoal, slots: int) -> Iterator[tuple[int, str]]:
    yield from _proof_ideas(scene)
    areas = [*scene.failing[:2], scene.region]
    for area in dict.fromkeys(areas):
        yield from _cut_ideas(scene, area, slots)


def _proof_ideas(scene: RoundGoal) -> Iterator[tuple[int, str]]:
    """Yield what would prove the likeliest hypotheses, and what is open in known failing sets."""
    edges = Counter(edge for hypothesis in scene.sample for edge in hypothesis)
    for edge, count in edges.most_common(8):
        if count < LIKELY * len(scene.sample):
            break
        yield edge, "does it fail alone?" if edge.bit_count() == 1 else "do they fail together?"
        for item in bits(edge):
            yield scene.region & ~(1 << item), "does the rest pass without it?"
    for failing in scene.failing[:2]:
        reductions = (failing & ~(1 << item) for item in bits(failing))
        yield from (
            (rest, "do they pass without it?")
            for rest in islice((rest for rest in reductions if scene.askable(rest)), 8)
        )
    for hypothesis, _ in Counter(scene.sample).most_common(4):
        removed = 0
        for edge in hypothesis:
            if edge and not edge & removed:
                removed |= 1 << (edge.bit_length() - 1)
        yield scene.region & ~removed, "does the rest pass?"


def _cut_ideas(scene: RoundGoal, area: int, slots: int) -> Iterator[tuple[int, str]]:
    """Yield prefixes of several orders of an area, cut where the sample is evenly divided."""
    passing = [mask & area for mask in scene.facts.passed]
    core = _core(scene, area)
    base = max(passing, key=int.bit_count, default=0)
    joined = max((mask for mask in passing if not core & ~mask), key=int.bit_count, default=core)
    shares = dict.fromkeys([0.5, *((part + 1) / (slots + 1) for part in range(slots))])
    bases = dict.fromkeys([base, joined, core, 0])
    for start in bases:
        order = _split(scene.order, area & ~start, base)
        for share in shares:
            yield _cut(scene, start, order, share), "which part fails?"
    draw = Random(len(scene.facts.failed)).random
    for _ in range(2 * slots if slots > 1 else 0):
        for start in bases:
            mixed = sorted(bits(area & ~start), key=lambda _: draw())
            yield _cut(scene, start, [1 << item for item in mixed], 0.5), "which part fails?"


def _core(scene: RoundGoal, area: int) -> int:
    """Return the items that most hypotheses need to explain why an area fails."""
    counts: Counter[int] = Counter()
    for hypothesis in scene.sample:
        inside = [edge for edge in hypothesis if not edge & ~area]
        if inside:
            common = area
            for edge in inside:
                common &= edge
            counts.update(bits(common))
    return sum(1 << item for item, count in counts.items() if count > CORE * len(scene.sample))


def _split(order: Sequence[int], wanted: int, last: int) -> list[int]:
    """Return the wanted items in order as masks, those of `last` behind the others."""
    places = [item for item in order if wanted >> item & 1]
    places.sort(key=lambda item: last >> item & 1)
    return [1 << item for item in places]


def _cut(scene: RoundGoal, base: int, order: Sequence[int], share: float) -> int:
    """Return `base` with the shortest prefix of `order` that fails in `share` of the sample."""
    low, high = 0, len(order)
    prefixes = [base]
    for item in order:
        prefixes.append(prefixes[-1] | item)
    wanted = share * len(scene.sample)
    while high - low > 1:
        middle = (low + high) // 2
        if _failing(scene.sample, prefixes[middle]) >= wanted:
            high = middle
        else:
            low = middle
    if not order:
        return base
    above = _failing(scene.sample, prefixes[high]) - wanted
    below = wanted - _failing(scene.sample, prefixes[low])
    return prefixes[high] if above < below else prefixes[low]


def _failing(sample: Sequence[tuple[int, ...]], mask: int) -> int:
    outside = ~mask
    count = 0
    for hypothesis in sample:
        for edge in hypothesis:
            if not edge & outside:
                count += 1
                break
    return count
