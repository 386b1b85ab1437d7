"""What the facts leave possible: a sample of hypotheses about which sets of items fail.

A hypothesis is a tuple of edges, each the bitmask of a set that fails by itself; a candidate fails
when it holds an edge. The sample follows the facts as a particle filter does: hypotheses that
predicted the answers multiply, and Metropolis moves (swap a member, add or drop an edge, grow or
shrink one) keep them varied. Whatever is asked next is then a matter of counting. The sample only
guides: nothing is ever reported because of it.

Sources: edge-detecting queries on hidden hypergraphs (Angluin and Chen); sequential Monte Carlo
samplers (Del Moral, Doucet, Jasra); noisy generalised binary search (Nowak).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from random import Random
from typing import TypeAlias

from bisect_deps.search.base import bits

Hypothesis: TypeAlias = tuple[int, ...]
# A mask that was asked, and whether it failed.
Fact: TypeAlias = tuple[int, bool]

# Log-odds of an answer.
CERTAIN = 40.0

# The build fails with everything removed: an edge with no member.
FRAME: Hypothesis = (0,)

# Before any answer: failing sets in a failing file, and the share of sets with one member more.
# Of 309 repaired builds, 43 % needed one change, 42 % two and 15 % four or more.
EDGES = 1.3
GROWTH = 0.33
FRAME_CHANCE = 0.005
# Changes tried on each hypothesis for each new fact, of which the most that count.
MOVES = 8
NEWS = 4


class Belief:
    """A sample of `size` hypotheses about which sets of items fail, following the facts."""

    def __init__(self, size: int) -> None:
        self._random = Random(1).random
        self._size = size
        self._facts: Sequence[Fact] = ()
        self._chances: Sequence[float] = ()
        self._crowding: list[float] = []
        self._proposal: list[float] = []
        self._urns: dict[int, _Urn] = {}
        self.sample: list[Hypothesis] = []
        self._misfits: list[float] = []

    def follow(self, facts: Sequence[Fact], chances: Sequence[float], focus: Sequence[int]) -> None:
        """Bring the sample in line with all facts.

        `chances` are the items' shares of suspicion (sum 1; 0 for what is out of question), `focus`
        the masks in which an edge is being sought.
        """
        news = self._news(facts)
        self._chances = chances
        self._crowding = _distinct(chances)
        self._urns = {}
        live = sum(1 << item for item, chance in enumerate(chances) if chance)
        if not live:
            self.sample = [FRAME, ()]
            return
        self._aim([live, *(mask for mask in focus if not mask & ~live)])
        if len(self.sample) != self._size:
            self.sample = [self._prior(live) for _ in range(self._size)]
        self.sample = [
            tuple(edge for edge in hypothesis if not edge & ~live) for hypothesis in self.sample
        ]
        self._resample(news)
        self._rebuild(facts, live)
        for _ in range(MOVES * max(1, min(len(news), NEWS))):
            for number in range(self._size):
                self._move(number)

    def _aim(self, masks: Sequence[int]) -> None:
        """Propose items from each of the masks equally often, and by their chances as often."""
        share = 1 / (len(masks) + 1)
        self._proposal = [share * chance for chance in self._chances]
        for mask in masks:
            for item in bits(mask):
                self._proposal[item] += share / mask.bit_count()
        items = [item for item, weight in enumerate(self._proposal) if weight]
        self._draw = _Urn(items, [self._proposal[item] for item in items])

    def _urn(self, mask: int) -> _Urn:
        if mask not in self._urns:
            items = [item for item in bits(mask) if self._chances[item]]
            self._urns[mask] = _Urn(items, [self._chances[item] for item in items])
        return self._urns[mask]

    def _prior(self, live: int) -> Hypothesis:
        if self._random() < FRAME_CHANCE:
            return FRAME
        hypothesis: Hypothesis = ()
        while not hypothesis or self._random() < EDGES / (EDGES + len(hypothesis)):
            edge = self._prior_edge(live)
            if not any(_nested(edge, other) for other in hypothesis):
                hypothesis += (edge,)
            elif len(hypothesis) >= live.bit_count() / 2:
                break
        return hypothesis

    def _prior_edge(self, live: int) -> int:
        edge = 0
        while True:
            edge |= 1 << self._urn(live).draw(self._random())
            if self._random() >= GROWTH:
                return edge

    def _news(self, facts: Sequence[Fact]) -> Sequence[Fact]:
        """Take over the facts; return those that are new, as (what is outside, failed)."""
        before = set(self._facts)
        self._facts = [(~mask, failed) for mask, failed in facts]
        return [fact for fact in self._facts if fact not in before]

    def _misfit(self, hypothesis: Hypothesis, facts: Sequence[Fact]) -> float:
        """Return the log-odds of the answers that the hypothesis did not predict."""
        wrong = 0
        for outside, failed in facts:
            for edge in hypothesis:
                if not edge & outside:
                    wrong += not failed
                    break
            else:
                wrong += failed
        return CERTAIN * wrong

    def _rebuild(self, facts: Sequence[Fact], live: int) -> None:
        """Where too few hypotheses fit what is certain, build others from the facts."""
        self._misfits = [self._misfit(hypothesis, self._facts) for hypothesis in self.sample]
        fitting = sum(not misfit for misfit in self._misfits)
        if fitting >= self._size // 16:
            return
        passes = [mask for mask, failed in facts if not failed]
        fails = [mask for mask, failed in facts if failed and not mask & ~live]
        for number, misfit in enumerate(self._misfits):
            if misfit:
                self.sample[number] = self._explain(passes, fails)
                self._misfits[number] = self._misfit(self.sample[number], self._facts)

    def _explain(self, passes: Sequence[int], fails: Sequence[int]) -> Hypothesis:
        """Give each failing mask an edge that no passing mask holds."""
        hypothesis: Hypothesis = ()
        for mask in fails:
            if any(not edge & ~mask for edge in hypothesis):
                continue
            edge = 0
            for passing in (*sorted(passes, key=lambda _: self._random()), 0):
                if not edge & ~passing:
                    urn = self._urn(mask & ~passing)
                    if urn.items:
                        edge |= 1 << urn.draw(self._random())
            hypothesis = (*(other for other in hypothesis if not _nested(edge, other)), edge)
        return hypothesis

    def _resample(self, news: Sequence[Fact]) -> None:
        """Let each hypothesis multiply by how well it predicted the news."""
        misfits = [self._misfit(hypothesis, news) for hypothesis in self.sample]
        best = min(misfits)
        weights = [math.exp(best - misfit) for misfit in misfits]
        step = sum(weights) / self._size
        at = self._random() * step
        sample: list[Hypothesis] = []
        total = 0.0
        for hypothesis, weight in zip(self.sample, weights, strict=True):
            total += weight
            while at < total and len(sample) < self._size:
                sample.append(hypothesis)
                at += step
        self.sample = sample + sample[-1:] * (self._size - len(sample))

    def _move(self, number: int) -> None:
        """Try one change of one hypothesis; accept it as Metropolis and Hastings have it."""
        old = self.sample[number]
        if old == FRAME:
            return
        new, ratio = self._changed(old)
        if ratio <= 0.0:
            return
        misfit = self._misfit(new, self._facts)
        ratio *= math.exp(min(self._misfits[number] - misfit, 50.0))
        if ratio >= 1.0 or self._random() < ratio:
            self.sample[number] = new
            self._misfits[number] = misfit

    def _changed(self, old: Hypothesis) -> tuple[Hypothesis, float]:
        """Return a changed hypothesis, with prior ratio times proposal ratio (0: impossible)."""
        kind = self._random()
        if kind < 0.15:
            return self._with_new_edge(old)
        if not old:
            return old, 0.0
        at = int(self._random() * len(old))
        edge = old[at]
        others = old[:at] + old[at + 1 :]
        size = edge.bit_count()
        if kind < 0.3:
            ratio = len(old) * self._crowded(size) / EDGES
            for item in bits(edge):
                ratio *= self._proposal[item] / self._chances[item]
            return others, ratio
        if kind < 0.45:
            item = self._draw.draw(self._random())
            grown = edge | 1 << item
            ratio = GROWTH * self._crowded(size) / self._crowded(size + 1)
            ratio *= self._chances[item] / self._proposal[item]
            return self._replaced(others, grown, ratio if grown != edge else 0.0)
        leaving = list(bits(edge))[int(self._random() * size)]
        left = edge ^ 1 << leaving
        if kind < 0.6:
            ratio = self._crowded(size) / self._crowded(size - 1) / GROWTH
            ratio *= self._proposal[leaving] / self._chances[leaving]
            return self._replaced(others, left, ratio if left else 0.0)
        item = self._draw.draw(self._random())
        ratio = self._chances[item] / self._chances[leaving]
        ratio *= self._proposal[leaving] / self._proposal[item]
        swapped = left | 1 << item
        return self._replaced(others, swapped, ratio if swapped.bit_count() == size else 0.0)

    def _with_new_edge(self, old: Hypothesis) -> tuple[Hypothesis, float]:
        edge, size, ratio = 0, 0, EDGES / (len(old) + 1)
        while True:
            item = self._draw.draw(self._random())
            edge |= 1 << item
            size += 1
            ratio *= self._chances[item] / self._proposal[item]
            if self._random() >= GROWTH:
                break
        if edge.bit_count() != size:
            return old, 0.0
        return self._replaced(old, edge, ratio / self._crowded(size))

    def _replaced(self, others: Hypothesis, edge: int, ratio: float) -> tuple[Hypothesis, float]:
        if ratio and any(_nested(edge, other) for other in others):
            return others, 0.0
        return (*others, edge), ratio

    def _crowded(self, size: int) -> float:
        return self._crowding[min(size, len(self._crowding) - 1)]


class _Urn:
    """Items drawn by weight."""

    def __init__(self, items: Sequence[int], weights: Sequence[float]) -> None:
        self.items = items
        self.weights = weights
        self._sums = list(accumulate(weights))
        self.total = self._sums[-1] if weights else 1.0

    def draw(self, share: float) -> int:
        at = bisect_right(self._sums, share * self.total)
        return self.items[min(at, len(self.items) - 1)]


def _nested(edge: int, other: int) -> bool:
    return not edge & ~other or not other & ~edge


def _distinct(chances: Sequence[float], most: int = 6) -> list[float]:
    """Return, for each size, the probability that so many draws with replacement differ."""
    symmetric = [1.0] + [0.0] * most
    for chance in chances:
        for size in range(most, 0, -1):
            symmetric[size] += symmetric[size - 1] * chance
    return [max(value * math.factorial(size), 1e-9) for size, value in enumerate(symmetric)]
