from __future__ import annotations

import math
from collections import Counter
from itertools import combinations

import pytest

from bisect_deps.search.belief import EDGES, GROWTH, Belief, Fact, Hypothesis

EVEN = [1 / 8] * 8


def share_failing(belief: Belief, mask: int) -> float:
    """Return the share of the sample under which a mask fails."""
    failing = [any(not edge & ~mask for edge in hypothesis) for hypothesis in belief.sample]
    return sum(failing) / len(failing)


def test_sample_agrees_with_what_was_answered() -> None:
    belief = Belief(300)
    facts = [(0b11111111, True), (0b00001111, False), (0b00111111, True)]
    belief.follow(facts, EVEN, [0b00111111])
    assert share_failing(belief, 0b00001111) == 0
    assert share_failing(belief, 0b00111111) == 1
    assert 0.3 < share_failing(belief, 0b00011111) < 0.7


def test_suspected_item_is_believed_in() -> None:
    belief = Belief(400)
    belief.follow([(0b11111111, True)], [0.86, *[0.02] * 7], [])
    assert share_failing(belief, 0b1) > 0.6


def test_belief_recovers_when_no_hypothesis_was_right() -> None:
    belief = Belief(60)
    belief.follow([(0b11111111, True)], EVEN, [])
    facts = [(0b11111111, True), *((0b11111111 & ~(1 << item), False) for item in range(8))]
    belief.follow(facts, EVEN, [0b11111111])
    assert share_failing(belief, 0b11111111) == 1
    assert share_failing(belief, 0b01111111) == 0


def test_same_facts_give_the_same_sample() -> None:
    samples = []
    for _ in range(2):
        belief = Belief(100)
        belief.follow([(0b11111111, True), (0b1111, False)], EVEN, [])
        samples.append(belief.sample)
    assert samples[0] == samples[1]


UNEVEN = [0.5, 0.3, 0.1, 0.1]


def chance_of_edge(edge: int) -> float:
    """Return how likely a failing set is this one: its size, then its members by suspicion."""
    size = edge.bit_count()
    alike = (
        math.prod(UNEVEN[item] for item in chosen)
        for chosen in combinations(range(len(UNEVEN)), size)
    )
    members = (chance for item, chance in enumerate(UNEVEN) if edge >> item & 1)
    return math.prod(members) / sum(alike) * (1 - GROWTH) * GROWTH ** (size - 1)


def posterior(facts: list[Fact]) -> dict[Hypothesis, float]:
    """Return the probability of every hypothesis that the facts leave, by going through all."""
    hypotheses: list[Hypothesis] = [()]
    for edge in range(1, 1 << len(UNEVEN)):
        hypotheses += [
            (*edges, edge)
            for edges in hypotheses
            if all(edge & other not in (edge, other) for other in edges)
        ]
    left = {
        hypothesis: math.prod(EDGES * chance_of_edge(edge) for edge in hypothesis)
        for hypothesis in hypotheses
        if all(any(edge & asked == edge for edge in hypothesis) is fails for asked, fails in facts)
    }
    return {hypothesis: chance / sum(left.values()) for hypothesis, chance in left.items()}


@pytest.mark.parametrize(
    "facts",
    [
        [(0b1111, True), (0b1011, True), (0b0011, False)],
        [(0b1111, True), (0b0011, False), (0b1001, False)],
        [(0b1111, True), (0b1100, True), (0b0011, True), (0b1001, False)],
    ],
)
def test_sample_is_as_likely_as_the_facts_have_it(facts: list[Fact]) -> None:
    size = 3000
    belief = Belief(size)
    belief.follow([(0b11111, True)], [0.2] * 5, [])
    for _ in range(8):
        belief.follow(facts, [*UNEVEN, 0.0], [0b1111])
    found = Counter(tuple(sorted(hypothesis)) for hypothesis in belief.sample)
    likely = posterior(facts)
    apart = sum(
        abs(found[hypothesis] / size - likely.get(hypothesis, 0.0))
        for hypothesis in {*found, *likely}
    )
    assert apart / 2 < 0.04
