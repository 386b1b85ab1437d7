from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, islice
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bisect_deps.model import Outcome
from bisect_deps.search.base import Answer, Items, Question
from bisect_deps.search.strategy import Prefer, SearchProblem, SearchResult, State, bisect

Oracle = Callable[[Items], Answer]
# `SEARCH_EXAMPLES=10000 pytest tests/search` is the long run.
EXAMPLES = int(os.environ.get("SEARCH_EXAMPLES", "50"))


@dataclass
class Run:
    """A finished search: what it found, and the rounds that it asked."""

    finding: SearchResult
    rounds: list[list[Question]]
    answers: list[list[Answer]] = field(default_factory=list)

    @property
    def asked(self) -> list[Items]:
        return [question.items for questions in self.rounds for question in questions]


def solve(problem: SearchProblem, oracle: Oracle) -> Run:
    search = bisect(problem)
    rounds: list[list[Question]] = []
    answers: list[list[Answer]] = []
    try:
        questions = next(search)
        while True:
            rounds.append(list(questions))
            answers.append([oracle(question.items) for question in questions])
            questions = search.send(answers[-1])
    except StopIteration as stop:
        return Run(stop.value, rounds, answers)


def failing_with(*edges: set[int], unresolved: Sequence[Items] = ()) -> Oracle:
    def oracle(items: Items) -> Answer:
        if items in unresolved:
            return Answer(Outcome.UNRESOLVED)
        fails = any(edge <= items for edge in edges)
        return Answer(Outcome.FAIL if fails else Outcome.PASS)

    return oracle


def members(finding: SearchResult) -> set[Items]:
    return {culprit.members for culprit in finding.culprits}


def sets(*groups: set[int]) -> set[Items]:
    return {frozenset(group) for group in groups}


def subsets(items: Items) -> list[Items]:
    return [
        frozenset(chosen)
        for size in range(len(items) + 1)
        for chosen in combinations(sorted(items), size)
    ]


STRUCTURES = {
    "one single": [{7}],
    "three singles": [{0}, {5}, {11}],
    "a pair": [{2, 9}],
    "a triple": [{1, 4, 8}],
    "two singles and a pair": [{3}, {6}, {0, 10}],
    "four together": [{0, 3, 7, 11}],
    "everything together": [set(range(12))],
}


@pytest.mark.parametrize("edges", STRUCTURES.values(), ids=STRUCTURES)
@pytest.mark.parametrize("slots", [1, 4, 8])
def test_finds_every_culprit_with_any_number_of_slots(edges: list[set[int]], slots: int) -> None:
    run = solve(SearchProblem(tuple(range(12)), slots=slots), failing_with(*edges))
    assert run.finding.state is State.FOUND
    assert members(run.finding) == sets(*edges)
    assert run.finding.passing == frozenset(range(12)) - run.finding.removed
    assert all(len(questions) <= slots for questions in run.rounds)


@pytest.mark.parametrize("slots", [1, 4, 8])
def test_overlapping_combinations_are_corrected_by_what_they_share(slots: int) -> None:
    run = solve(SearchProblem(tuple(range(12)), slots=slots), failing_with({1, 2}, {2, 3}))
    assert run.finding.state is State.FOUND
    assert members(run.finding) <= sets({1, 2}, {2, 3})


@pytest.mark.parametrize("suspected", [2, 9])
def test_of_a_combination_the_most_suspected_item_is_removed(suspected: int) -> None:
    problem = SearchProblem(tuple(range(12)), weights={suspected: 0.6})
    assert solve(problem, failing_with({2, 9})).finding.removed == {suspected}


@pytest.mark.parametrize("count", [2, 10, 40, 120, 300])
def test_right_hint_costs_two_builds_in_one_round(count: int) -> None:
    problem = SearchProblem(tuple(range(count)), hints=(count // 3,), slots=2)
    run = solve(problem, failing_with({count // 3}))
    assert members(run.finding) == sets({count // 3})
    assert (len(run.asked), len(run.rounds)) == (2, 1)


@pytest.mark.parametrize("count", [2, 10, 40, 120, 300])
def test_right_hint_costs_two_builds_one_at_a_time(count: int) -> None:
    problem = SearchProblem(tuple(range(count)), hints=(count // 3,))
    assert len(solve(problem, failing_with({count // 3})).asked) == 2


def test_builds_stay_near_what_their_answers_have_to_tell() -> None:
    """An answer tells a bit at most; each culprit is proven by itself, and the rest once."""
    count, bits, builds, rounds = 24, 0.0, 0, 0
    for sizes in ((1,), (2,), (1, 1, 2)):
        left, hypotheses = count, 1
        for size in sizes:
            hypotheses *= math.comb(left, size)
            left -= size
        ways = math.log2(hypotheses / math.factorial(sizes.count(1)))
        for seed in range(4):
            drawn = iter(Random(f"{sizes} {seed}").sample(range(count), sum(sizes)))
            edges = [set(islice(drawn, size)) for size in sizes]
            bits += ways + sum(sizes) + 1
            builds += len(solve(SearchProblem(tuple(range(count))), failing_with(*edges)).asked)
            together = solve(SearchProblem(tuple(range(count)), slots=4), failing_with(*edges))
            rounds += len(together.rounds)
            assert members(together.finding) == sets(*edges)
    assert builds <= 1.06 * bits
    assert rounds <= 0.48 * builds, "four at once take less than half of the rounds"


def test_new_log_names_the_next_culprit() -> None:
    culprits = [5, 60, 99]

    def oracle(items: Items) -> Answer:
        named = tuple(item for item in culprits if item in items)[:1]
        return Answer(Outcome.FAIL, suspects=named) if named else Answer(Outcome.PASS)

    run = solve(SearchProblem(tuple(range(120)), hints=(5,), slots=4), oracle)
    assert members(run.finding) == sets({5}, {60}, {99})
    assert (len(run.asked), len(run.rounds)) == (6, 3)


@pytest.mark.parametrize("count", [0, 1, 12])
def test_frame_that_fails_is_said(count: int) -> None:
    run = solve(SearchProblem(tuple(range(count))), failing_with(set()))
    assert run.finding.state is State.FRAME_FAILS
    assert len(run.asked) <= 12


def test_items_need_not_count_from_zero() -> None:
    run = solve(SearchProblem((10, 30, 20, 77)), failing_with({20, 77}))
    assert members(run.finding) == sets({20, 77})


def test_known_facts_are_not_asked_again() -> None:
    problem = SearchProblem(tuple(range(20)))
    oracle = failing_with({4}, {7, 15})
    first = solve(problem, oracle)
    known = tuple((items, oracle(items).outcome) for items in first.asked)
    again = solve(replace(problem, known=known), oracle)
    assert again.asked == []
    assert members(again.finding) == members(first.finding)


def test_infrastructure_failure_is_asked_again_and_never_evidence() -> None:
    seen: set[Items] = set()

    def oracle(items: Items) -> Answer:
        if items not in seen:
            seen.add(items)
            return Answer(Outcome.FAIL, infrastructure=True)
        return failing_with({6})(items)

    assert members(solve(SearchProblem(tuple(range(10))), oracle).finding) == sets({6})


def test_builder_that_is_always_in_failure_ends_inconclusive() -> None:
    run = solve(
        SearchProblem(tuple(range(10))), lambda _: Answer(Outcome.UNRESOLVED, infrastructure=True)
    )
    assert run.finding.state is State.INCONCLUSIVE
    assert run.finding.culprits == ()


def test_anchor_named_with_what_needs_it_is_linked() -> None:
    def oracle(items: Items) -> Answer:
        if 3 in items and 7 not in items:
            missing = frozenset({7})
            return Answer(Outcome.UNRESOLVED, suspects=(3,), missing=missing)
        return failing_with({3})(items)

    finding = solve(SearchProblem(tuple(range(10))), oracle).finding
    assert finding.state is State.FOUND
    assert finding.removed == {3}


def test_anchor_named_alone_joins_the_frame() -> None:
    def oracle(items: Items) -> Answer:
        if items and 7 not in items:
            return Answer(Outcome.UNRESOLVED, missing=frozenset({7}))
        return failing_with({3})(items)

    run = solve(SearchProblem(tuple(range(10))), oracle)
    assert run.finding.state is State.FOUND
    assert (members(run.finding), run.finding.removed) == (sets({3}), {3})
    assert sum(bool(items) and 7 not in items for items in run.asked) <= 1


def test_failure_that_hides_behind_the_first_is_chased_next() -> None:
    def oracle(items: Items) -> Answer:
        if 2 in items:
            return Answer(Outcome.FAIL, signature="first")
        if 8 in items:
            return Answer(Outcome.UNRESOLVED, signature="second")
        return Answer(Outcome.PASS)

    finding = solve(SearchProblem(tuple(range(10))), oracle).finding
    assert finding.state is State.FOUND
    assert members(finding) == sets({2}, {8})


def test_a_question_without_an_answer_is_passed_over() -> None:
    skipped: list[Items] = []

    def oracle(items: Items) -> Answer:
        if not skipped and len(items) > 2:
            skipped.append(items)
            return Answer(Outcome.UNRESOLVED)
        return failing_with({5})(items)

    finding = solve(SearchProblem(tuple(range(30))), oracle).finding
    assert members(finding) == sets({5})


def test_builds_that_give_no_answer_keep_few_searches_from_their_end() -> None:
    found = 0
    for seed in range(10):
        drawn = Random(f"pairs {seed}").sample(range(12), 4)
        oracle = failing_with(set(drawn[:2]), set(drawn[2:]))

        def often(items: Items, seed: int = seed, oracle: Oracle = oracle) -> Answer:
            silent = len(items) > 1 and Random(f"{seed} {sorted(items)}").random() < 0.15
            return Answer(Outcome.UNRESOLVED) if silent else oracle(items)

        found += solve(SearchProblem(tuple(range(12))), often).finding.state is State.FOUND
    assert found >= 9


def test_everything_skipped_ends_inconclusive() -> None:
    run = solve(SearchProblem(tuple(range(30))), lambda _: Answer(Outcome.UNRESOLVED))
    assert run.finding.state is State.INCONCLUSIVE
    assert run.finding.passing is None


def test_what_stays_undecided_offers_the_largest_set_that_passed() -> None:
    def oracle(items: Items) -> Answer:
        return Answer(Outcome.UNRESOLVED if len(items) > 3 else Outcome.PASS)

    run = solve(SearchProblem(tuple(range(8))), oracle)
    assert run.finding.state is State.INCONCLUSIVE
    passed = [items for items in run.asked if len(items) <= 3]
    assert run.finding.passing is not None
    assert run.finding.passing in passed
    assert len(run.finding.passing) == max(map(len, passed))


def test_small_candidates_are_preferred_where_they_are_cheaper() -> None:
    problem = SearchProblem(tuple(range(120)), single_cost=0.05)

    def seconds(asked: Sequence[Items]) -> float:
        return sum(0.05 + 0.95 * len(items) / 120 for items in asked)

    pairs = [failing_with({item, 119 - item}) for item in range(0, 60, 20)]
    cheap = sum(seconds(solve(problem, pair).asked) for pair in pairs)
    plain = sum(seconds(solve(SearchProblem(problem.items), pair).asked) for pair in pairs)
    assert cheap < 0.9 * plain


def test_progress_narrows_to_the_culprit() -> None:
    run = solve(SearchProblem(tuple(range(100))), failing_with({42}))
    left = [
        questions[0].progress.suspects_left for questions in run.rounds if questions[0].progress
    ]
    assert left[0] == 100
    assert min(left) < 10


def test_what_is_known_is_no_part_of_a_question() -> None:
    [[question]] = solve(SearchProblem((0, 1)), failing_with({1})).rounds[:1]
    assert question.progress is not None
    assert replace(question, progress=None) == question


@st.composite
def hypergraphs(draw: st.DrawFn, most: int = 8) -> tuple[int, list[Items]]:
    count = draw(st.integers(1, most))
    items = st.integers(0, count - 1)
    edges = draw(st.lists(st.frozensets(items, min_size=1, max_size=4), min_size=1, max_size=4))
    return count, edges


def assert_proven(finding: SearchResult, oracle: Oracle, count: int) -> None:
    """Check a FOUND finding against the oracle itself."""
    whole = frozenset(range(count))
    assert finding.state is State.FOUND
    assert finding.passing == whole - finding.removed
    assert oracle(finding.passing).outcome is Outcome.PASS
    for culprit in finding.culprits:
        assert oracle(culprit.failing).outcome is Outcome.FAIL
        for passing in culprit.passing:
            assert oracle(passing).outcome is Outcome.PASS


@settings(max_examples=EXAMPLES, deadline=None)
@given(hypergraphs(), st.sampled_from([1, 2, 4, 8]), st.sampled_from(Prefer))
def test_every_answer_is_proven_and_minimal(
    graph: tuple[int, list[Items]], slots: int, prefer: Prefer
) -> None:
    count, edges = graph
    oracle = failing_with(*map(set, edges))
    problem = SearchProblem(tuple(range(count)), slots=slots, prefer=prefer)
    run = solve(problem, oracle)
    assert_proven(run.finding, oracle, count)
    minimal = {edge for edge in edges if not any(other < edge for other in edges)}
    assert members(run.finding) <= minimal
    for culprit in run.finding.culprits:
        for member in culprit.members:
            rest = culprit.members - {member}
            assert any(rest <= passing and member not in passing for passing in culprit.passing)
    for item in run.finding.removed:
        assert run.finding.passing is not None
        assert oracle(run.finding.passing | {item}).outcome is Outcome.FAIL, "irreducible"
    assert len(run.asked) == len(set(run.asked)), "no candidate is asked twice"
    assert frozenset(range(count)) not in run.asked, "the whole is known to fail"


@settings(max_examples=EXAMPLES, deadline=None)
@given(hypergraphs(), st.data(), st.sampled_from([1, 3]))
def test_unresolved_answers_never_make_a_false_claim(
    graph: tuple[int, list[Items]], data: st.DataObject, slots: int
) -> None:
    count, edges = graph
    whole = frozenset(range(count))
    unresolved = data.draw(st.lists(st.sampled_from(subsets(whole)[:-1]), max_size=12))
    oracle = failing_with(*map(set, edges), unresolved=unresolved)
    run = solve(SearchProblem(tuple(range(count)), slots=slots), oracle)
    if run.finding.state is State.FOUND:
        assert_proven(run.finding, oracle, count)
    for culprit in run.finding.culprits:
        assert oracle(culprit.members).outcome is Outcome.FAIL
        for member in culprit.members:
            assert oracle(culprit.members - {member}).outcome is not Outcome.FAIL
    assert len(run.asked) == len(set(run.asked))


@settings(max_examples=EXAMPLES, deadline=None)
@given(hypergraphs(), st.data())
def test_a_lack_that_a_log_names_is_met_once(
    graph: tuple[int, list[Items]], data: st.DataObject
) -> None:
    count, edges = graph
    items = st.integers(0, count - 1)
    requires = data.draw(st.dictionaries(items, items, max_size=3))

    def oracle(items: Items) -> Answer:
        for item, needed in requires.items():
            if item in items and needed not in items:
                return Answer(Outcome.UNRESOLVED, suspects=(item,), missing=frozenset({needed}))
        return failing_with(*map(set, edges))(items)

    run = solve(SearchProblem(tuple(range(count))), oracle)
    for item, needed in requires.items():
        assert sum(item in asked and needed not in asked for asked in run.asked) <= len(requires)
    assert_proven(run.finding, oracle, count)
    assert len(run.asked) == len(set(run.asked))


@settings(max_examples=EXAMPLES, deadline=None)
@given(hypergraphs(), st.sampled_from([1, 4]), st.data())
def test_replay_of_any_prefix_asks_the_same_next_questions(
    graph: tuple[int, list[Items]], slots: int, data: st.DataObject
) -> None:
    count, edges = graph
    problem = SearchProblem(tuple(range(count)), slots=slots)
    run = solve(problem, failing_with(*map(set, edges)))
    stop = data.draw(st.integers(0, max(len(run.rounds) - 1, 0)))
    search = bisect(problem)
    if not run.rounds:
        return
    questions: Sequence[Question] = next(search)
    for answers in run.answers[:stop]:
        questions = search.send(answers)
    assert list(questions) == run.rounds[stop]


@settings(max_examples=EXAMPLES, deadline=None)
@given(hypergraphs(6), st.data())
def test_history_that_is_not_monotone_ends_with_proofs_that_hold(
    graph: tuple[int, list[Items]], data: st.DataObject
) -> None:
    count, edges = graph
    whole = frozenset(range(count))
    turned = data.draw(st.lists(st.sampled_from(subsets(whole)), max_size=4))

    def oracle(items: Items) -> Answer:
        fails = any(edge <= items for edge in edges)
        if items in turned and items != whole:
            fails = not fails
        return Answer(Outcome.FAIL if fails else Outcome.PASS)

    run = solve(SearchProblem(tuple(range(count))), oracle)
    if run.finding.state is State.FOUND:
        assert run.finding.passing is not None
        assert oracle(run.finding.passing).outcome is Outcome.PASS
    for culprit in run.finding.culprits:
        assert oracle(culprit.failing).outcome is Outcome.FAIL
    assert len(run.asked) == len(set(run.asked))
