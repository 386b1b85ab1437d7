from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bisect_deps.model import Outcome
from bisect_deps.policy import POLICY
from bisect_deps.search.base import Answer, Question
from bisect_deps.search.narrow import Narrowed, Turn, narrow

OUTCOMES = {"F": Outcome.FAIL, "P": Outcome.PASS, "?": Outcome.UNRESOLVED}


def solve(
    history: str,
    *,
    failing: int,
    passing: int | None = None,
    first_guesses: Sequence[int] = (),
    slots: int = 1,
) -> tuple[Narrowed, list[list[int]]]:
    """Answer from `history`, one letter a point; return the finding and the rounds."""
    search = narrow(
        len(history), failing=failing, passing=passing, first_guesses=first_guesses, slots=slots
    )
    rounds: list[list[int]] = []
    try:
        questions = next(search)
        while True:
            points = [min(question.items) for question in questions]
            rounds.append(points)
            questions = search.send([Answer(OUTCOMES[history[point]]) for point in points])
    except StopIteration as stop:
        return stop.value, rounds


def test_right_guess_costs_two_probes() -> None:
    found, rounds = solve("F" * 40 + "P" * 20, failing=7, first_guesses=[40])
    assert found.turn == Turn(failing=39, passing=40)
    assert rounds == [[40], [39]]


def test_right_guess_before_the_failing_point_costs_two_probes() -> None:
    found, rounds = solve("P" * 40 + "F" * 20, failing=52, first_guesses=[39])
    assert found.turn == Turn(failing=40, passing=39)
    assert rounds == [[39], [40]]


def test_right_guess_takes_one_round_when_two_builds_run_at_once() -> None:
    _, rounds = solve("F" * 40 + "P" * 20, failing=7, first_guesses=[40], slots=2)
    assert rounds == [[40, 39]]


def test_guess_beside_the_failing_point_costs_one_probe() -> None:
    found, rounds = solve("FFPP", failing=1, first_guesses=[2])
    assert (found.turn, rounds) == (Turn(1, 2), [[2]])


def test_guess_too_late_still_bounds_the_bisection() -> None:
    found, rounds = solve("F" * 10 + "P" * 50, failing=2, first_guesses=[17])
    assert found.turn == Turn(9, 10)
    assert all(2 < point <= 17 for [point] in rounds)


def test_fix_may_lie_before_the_failing_point() -> None:
    found, _ = solve("PPPFFFF", failing=6)
    assert found.turn == Turn(failing=3, passing=2)


def test_fix_between_two_failing_ends_is_found_and_both_turns_are_told() -> None:
    found, _ = solve("FFFPPPFFFF", failing=2)
    assert found.turn == Turn(2, 3)
    assert found.others == (Turn(9, 3),)


def test_no_passing_point_is_said() -> None:
    found, _ = solve("F" * 30, failing=11)
    assert found.turn is None
    assert all(outcome is Outcome.FAIL for _, outcome in found.tried)


def test_unresolved_points_widen_the_turn_and_are_named() -> None:
    found, _ = solve("FFFF???PPP", failing=0)
    assert found.turn == Turn(3, 7, unresolved=(4, 5, 6))
    assert not found.turn.exact
    assert not Turn(3, 3).exact
    assert Turn(4, 3).exact


def test_only_point_of_a_history_is_not_asked_again() -> None:
    assert solve("F", failing=0) == (Narrowed(None, ()), [])


def test_infrastructure_failure_is_asked_again_and_then_left_as_unresolved() -> None:
    search = narrow(2, failing=0)
    broken = Answer(Outcome.UNRESOLVED, infrastructure=True)
    next(search)
    for _ in range(POLICY.infrastructure_asks - 1):
        assert search.send([broken]) == [Question(frozenset({1}), "does this one pass?")]
    with pytest.raises(StopIteration) as stop:
        search.send([broken])
    assert stop.value.value.tried == ((1, Outcome.UNRESOLVED),)


def test_point_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="point 3 is not among 3"):
        next(narrow(3, failing=3))


@given(st.integers(2, 400), st.data(), st.integers(1, 8))
def test_monotone_history_is_narrowed_to_neighbours_near_the_bound(
    count: int, data: st.DataObject, slots: int
) -> None:
    first = data.draw(st.integers(1, count - 1))
    history = "F" * first + "P" * (count - first)
    found, rounds = solve(history, failing=0, passing=count - 1, slots=slots)
    assert found.turn == Turn(first - 1, first)
    assert len(rounds) <= math.ceil(math.log(count, slots + 1)) + 1


@given(st.text("FP?", min_size=1, max_size=40), st.data())
def test_any_history_gives_a_turn_that_the_answers_bear_out(
    history: str, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(history) - 1))
    history = history[:start] + "F" + history[start + 1 :]
    guesses = data.draw(st.lists(st.integers(0, len(history) - 1), max_size=3))
    slots = data.draw(st.integers(1, 4))
    found, rounds = solve(history, failing=start, first_guesses=guesses, slots=slots)
    asked = [point for points in rounds for point in points]
    assert len(asked) == len(set(asked)), "no point is asked twice"
    assert all(len(points) <= max(slots, 1) for points in rounds)
    assert [point for point, _ in found.tried] == asked
    for turn in (found.turn, *found.others):
        if turn is not None:
            assert (history[turn.failing], history[turn.passing]) == ("F", "P")
            assert all(history[point] == "?" for point in turn.unresolved)
            low, high = sorted((turn.failing, turn.passing))
            if turn == found.turn:
                assert turn.unresolved == tuple(range(low + 1, high))


def test_of_several_turns_the_one_nearest_to_the_failing_point_is_narrowed() -> None:
    found, _ = solve("FFPPPPPFPP", failing=0, passing=3, first_guesses=[8])
    assert found.turn == Turn(1, 2)
    assert found.others


def test_of_two_turns_alike_the_one_to_the_newer_point_counts() -> None:
    found, _ = solve("PPFPP", failing=2, passing=1, first_guesses=[3])
    assert found.turn == Turn(2, 3)
    assert found.others == (Turn(2, 1),)
