from __future__ import annotations

from bisect_deps.search.belief import Belief

EVEN = [1 / 8] * 8


def share_failing(belief: Belief, mask: int) -> float:
    """Return the share of the sample under which a mask fails."""
    failing = [any(not edge & ~mask for edge in hypothesis) for hypothesis in belief.sample]
    return sum(failing) / len(failing)


def test_sample_agrees_with_what_was_answered() -> None:
    belief = Belief(8, 300)
    facts = [(0b11111111, True), (0b00001111, False), (0b00111111, True)]
    belief.follow(facts, EVEN, [0b00111111])
    assert share_failing(belief, 0b00001111) == 0
    assert share_failing(belief, 0b00111111) == 1
    assert 0.3 < share_failing(belief, 0b00011111) < 0.7


def test_suspected_item_is_believed_in() -> None:
    belief = Belief(8, 400)
    belief.follow([(0b11111111, True)], [0.86, *[0.02] * 7], [])
    assert share_failing(belief, 0b1) > 0.6


def test_belief_recovers_when_no_hypothesis_was_right() -> None:
    belief = Belief(8, 60)
    belief.follow([(0b11111111, True)], EVEN, [])
    facts = [(0b11111111, True), *((0b11111111 & ~(1 << item), False) for item in range(8))]
    belief.follow(facts, EVEN, [0b11111111])
    assert share_failing(belief, 0b11111111) == 1
    assert share_failing(belief, 0b01111111) == 0


def test_same_facts_give_the_same_sample() -> None:
    samples = []
    for _ in range(2):
        belief = Belief(8, 100)
        belief.follow([(0b11111111, True), (0b1111, False)], EVEN, [])
        samples.append(belief.sample)
    assert samples[0] == samples[1]
