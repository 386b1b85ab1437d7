"""What is kept of all that was answered: each probe once, and the largest file known to pass."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bisect_deps.fix.ask import Seen, ask, is_whole, noting, warmed
from bisect_deps.fix.case import dropped
from bisect_deps.fix.inquiry import BudgetSpent, Inquiry, Story
from bisect_deps.model import Candidate, Outcome, Probe, ProbeKind
from tests.fix.simulated import Checks
from tests.fix.small import small, yearly

NAMES = ("alpha", "beta", "gamma")
HERE = small("".join(f"{name}==1.0\n" for name in NAMES), {n: yearly("1.0", "2.0") for n in NAMES})
LINES = HERE.case.requirements


def out(*numbers: int) -> Candidate:
    return Candidate(tuple(dropped(LINES[number]) for number in numbers))


def seen(*answers: tuple[Candidate, Outcome], **more: object) -> Seen:
    kept = Seen()
    for number, (candidate, outcome) in enumerate(answers, 1):
        inquiry = Inquiry(candidate, ProbeKind.SUBSET, "", **more)  # type: ignore[arg-type]
        kept.note(inquiry, Probe(number, ProbeKind.SUBSET, candidate, outcome))
    return kept


def test_the_fallback_leaves_out_the_fewest_lines() -> None:
    answers = seen((out(0, 1, 2), Outcome.PASS), (out(0, 1), Outcome.PASS), (out(0), Outcome.FAIL))
    assert answers.fallback(HERE.case) == out(0, 1)


def test_what_failed_once_is_no_fallback_though_it_passed_as_well() -> None:
    answers = seen((out(0), Outcome.PASS), (out(0), Outcome.FAIL), (out(0, 1), Outcome.PASS))
    assert answers.fallback(HERE.case) == out(0, 1)


def test_nothing_that_passed_is_no_fallback() -> None:
    assert seen((out(0), Outcome.FAIL), (out(1), Outcome.UNRESOLVED)).fallback(HERE.case) is None


@pytest.mark.parametrize(
    "more",
    [{"check": False}, {"isolated": "alpha==1.0"}, {"build_constraints": ("setuptools<81",)}],
    ids=["not checked", "alone", "with other build tools"],
)
def test_what_was_not_tried_as_asked_is_no_fallback(more: dict[str, object]) -> None:
    assert seen((out(0), Outcome.PASS), **more).fallback(HERE.case) is None


def test_without_a_check_an_install_is_all_that_was_asked_for() -> None:
    bare = small("alpha==1.0\n", {"alpha": yearly("1.0")}, checks=Checks.NONE).case
    inquiry = Inquiry(Candidate(), ProbeKind.SUBSET, "", check=False)
    assert is_whole(bare, inquiry)
    assert not is_whole(HERE.case, inquiry)


def test_a_probe_is_kept_once() -> None:
    kept = Seen()
    probe = Probe(1, ProbeKind.WHOLE, Candidate(), Outcome.PASS)
    for _ in range(2):
        kept.note(Inquiry(Candidate(), ProbeKind.WHOLE, ""), probe)
    assert len(kept.answers) == 1


def two(first: Candidate, second: Candidate) -> Story[str]:
    yield from ask(HERE.case, first, ProbeKind.WHOLE, "first?")
    try:
        yield from ask(HERE.case, second, ProbeKind.WHOLE, "second?")
    except BudgetSpent:
        return "spent"
    return "told"


def test_what_was_answered_before_the_budget_ended_is_kept() -> None:
    kept = Seen()
    story = noting(kept, two(Candidate(), out(0)))
    [inquiry] = next(story)
    story.send([Probe(1, ProbeKind.WHOLE, inquiry.candidate, Outcome.FAIL)])
    retried = story.throw(BudgetSpent("no build is left"))
    assert [inquiry.candidate for inquiry in retried] == [out(0)], "it may be known without a build"
    with pytest.raises(StopIteration) as ended:
        story.throw(BudgetSpent("no build is left"))
    assert ended.value.value == "spent", "the story itself hears of it"
    assert [probe.number for _, probe in kept.answers] == [1]


@pytest.mark.parametrize(
    ("more", "exact"),
    [
        ({}, ("alpha==1.0", "beta==1.0", "gamma==1.0")),
        ({"check": False}, None),
        ({"isolated": "alpha==1.0"}, None),
        ({"build_constraints": ("setuptools<81",)}, None),
        ({"repeat": 1}, None),
        ({"kind": ProbeKind.FIX}, None),
    ],
    ids=["a check", "an install", "alone", "with other build tools", "once more", "a fix"],
)
def test_only_a_build_that_tries_a_check_out_may_use_an_environment_again(
    more: dict[str, Any], exact: tuple[str, ...] | None
) -> None:
    def story() -> Story[None]:
        yield [replace(Inquiry(Candidate(), ProbeKind.VERSION, ""), **more)]

    [inquiry] = next(warmed(HERE.case, story()))
    assert inquiry.exact == exact


def test_what_is_asked_again_is_another_build_of_the_same() -> None:
    kept = seen((out(0), Outcome.FAIL), (out(1), Outcome.FAIL))
    inquiry = kept.answers[0][0]
    for repeat in (1, 2, 3):
        again = kept.again(replace(inquiry, kind=ProbeKind.FIX, exact=("beta==1.0",)))
        assert (again.repeat, again.exact) == (repeat, None)
        kept.note(again, Probe(9 + repeat, ProbeKind.FIX, out(0), Outcome.FAIL))
    assert kept.failed(inquiry) == 4
    assert kept.again(Inquiry(out(2), ProbeKind.WHOLE, "")).repeat == 0, "never asked"


def test_what_is_expected_of_a_build_makes_no_other_question_of_it() -> None:
    inquiry = Inquiry(out(0), ProbeKind.VERSION, "")
    assert replace(inquiry, likely_fails=True) == inquiry


@pytest.mark.parametrize(
    ("outcomes", "shaken"),
    [
        ((Outcome.FAIL, Outcome.PASS), True),
        ((Outcome.PASS, Outcome.FAIL), True),
        ((Outcome.FAIL, Outcome.FAIL), False),
        ((Outcome.FAIL, Outcome.UNRESOLVED), False),
    ],
)
def test_a_build_that_ended_otherwise_alike_shakes_what_is_known(
    outcomes: tuple[Outcome, Outcome], shaken: bool
) -> None:
    assert seen(*((out(0), outcome) for outcome in outcomes)).is_shaken is shaken
    assert not seen(*((out(at), outcome) for at, outcome in enumerate(outcomes))).is_shaken
