from __future__ import annotations

import pytest

from bisect_deps.search.base import CERTAIN
from bisect_deps.search.belief import Belief

EVEN = [1 / 8] * 8


def test_sample_agrees_with_what_was_answered() -> None:
    belief = Belief(8, 300)
    facts = [(0b11111111, CERTAIN), (0b00001111, -CERTAIN), (0b00111111, CERTAIN)]
    belief.follow(facts, EVEN, [0b00111111])
    assert belief.share_failing(0b00001111) == 0
    assert belief.share_failing(0b00111111) == 1
    assert 0.3 < belief.share_failing(0b00011111) < 0.7


def test_suspected_item_is_believed_in() -> None:
    belief = Belief(8, 400)
    belief.follow([(0b11111111, CERTAIN)], [0.86, *[0.02] * 7], [])
    assert belief.share_failing(0b1) > 0.6


@pytest.mark.parametrize("flips", [1, 3])
def test_one_wrong_answer_is_outvoted(flips: int) -> None:
    belief = Belief(8, 400)
    odds = 3.0
    facts = [(0b11111111, CERTAIN), (0b1, odds)]
    for _ in range(flips):
        belief.follow(facts, EVEN, [])
    against = [*facts[:1], (0b1, odds - (flips + 1) * odds)]
    for _ in range(5):
        belief.follow(against, EVEN, [])
    assert belief.share_failing(0b1) < 0.25


def test_belief_recovers_when_no_hypothesis_was_right() -> None:
    belief = Belief(8, 60)
    belief.follow([(0b11111111, CERTAIN)], EVEN, [])
    facts = [(0b11111111, CERTAIN), *((0b11111111 & ~(1 << item), -CERTAIN) for item in range(8))]
    belief.follow(facts, EVEN, [0b11111111])
    assert belief.share_failing(0b11111111) == 1
    assert belief.share_failing(0b01111111) == 0


def test_same_facts_give_the_same_sample() -> None:
    samples = []
    for _ in range(2):
        belief = Belief(8, 100)
        belief.follow([(0b11111111, CERTAIN), (0b1111, -CERTAIN)], EVEN, [])
        samples.append(belief.sample)
    assert samples[0] == samples[1]
