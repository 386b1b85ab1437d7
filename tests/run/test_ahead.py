"""What a story is likely to ask next is known before it asks, and changes nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from types import MappingProxyType

from bisect_deps.fix.ask import relayed
from bisect_deps.fix.case import Case
from bisect_deps.fix.conclusion import Conclusion
from bisect_deps.fix.inquiry import Inquiry, Story
from bisect_deps.fix.repair import repair
from bisect_deps.model import Outcome, Probe, ProbeKind
from bisect_deps.run.ahead import Ahead
from tests.fix.small import Small, breaks, small, unbuildable, yearly

Rounds = list[tuple[Sequence[Inquiry], Sequence[Probe]]]


def rounds_of(here: Small) -> Rounds:
    """Return what a repair asks, round by round, with the answers."""
    found: Rounds = []

    def answer(inquiries: Sequence[Inquiry]) -> Story[Sequence[Probe]]:
        probes = yield inquiries
        found.append((inquiries, probes))
        return probes

    here.told(relayed(repair(here.case), answer))
    return found


def guesses(
    ahead: Ahead,
    answers: Sequence[Probe | None],
    early: Mapping[Hashable, Probe] = MappingProxyType({}),
) -> list[Inquiry]:
    """Return what is guessed once the guessing has come to its end."""
    found = list(ahead.likely(answers, early) or ())
    ahead._thread.submit(lambda: None).result()
    return list(ahead.likely(answers, early) or found)


def guessed(here: Small, rounds: Rounds) -> Iterator[list[Inquiry]]:
    """Yield what is guessed in each round while all of it is open."""
    with closing(Ahead(repair, here.case, 2)) as ahead:
        for asked, probes in rounds:
            yield guesses(ahead, [None] * len(asked))
            ahead.answered(probes)


def conflicting() -> Small:
    """Return a file of which one line conflicts with another, and a third does not build."""
    return small(
        "a==1\nb==1\nc==1\n",
        {
            "a": yearly("1", "2", requires=["d>=2"]),
            "b": yearly("1", "2", requires=["d<2"])[:1] + yearly("2", start=2016),
            "c": yearly("1", "2"),
            "d": yearly("1", "2"),
        },
        unbuildable("c fails", "c", "1"),
    )


def test_the_next_question_is_guessed_wherever_a_fix_follows() -> None:
    for here in (conflicting(), failing_check()):
        rounds = rounds_of(here)
        found = list(guessed(here, rounds))
        # What fails as nobody could know is guessed from the first real answer on.
        for (asked, _), likely in zip(rounds[2:], found[1:-1], strict=True):
            if asked[0].kind is ProbeKind.FIX:
                assert asked[0] in likely, asked[0].purpose
        assert found[-1] == [], "after the last round nothing is asked"


def failing_check() -> Small:
    return small(
        "a==1\nb==1\n",
        {"a": yearly("1", "2", "3"), "b": yearly("1", "2")},
        breaks("name gone", a="1", b="1"),
        case={"has_check": True},
    )


def test_a_file_that_nothing_is_evidence_against_is_expected_to_pass() -> None:
    here = failing_check()
    [first, *_] = guessed(here, rounds_of(here))
    assert first == []


def test_an_answer_other_than_assumed_changes_the_guess_and_an_expected_one_does_not() -> None:
    here = conflicting()
    [(_, [failing]), (asked, _), *_] = rounds_of(here)
    assert asked[0].kind is ProbeKind.FIX
    passing = replace(failing, outcome=Outcome.PASS, diagnosis=None)
    with closing(Ahead(repair, here.case, 2)) as ahead:
        ahead.answered([failing])
        guesses(ahead, [None])
        turn = ahead._turn
        ahead.likely([passing], {})
        assert ahead._turn == turn
        ahead.likely([failing], {})
        assert ahead._turn == turn + 1


def test_a_guess_outlives_its_round_where_the_answers_are_as_assumed() -> None:
    here = conflicting()
    [([whole], [failing]), ([fix], _), *_] = rounds_of(here)
    passing = replace(failing, outcome=Outcome.PASS, diagnosis=None)

    def in_two_rounds(case: Case) -> Story[None]:
        yield [whole]
        go_on.wait()
        yield [fix]

    for answer, expected in ((passing, (fix,)), (failing, None)):
        go_on = threading.Event()
        with closing(Ahead(in_two_rounds, failing_check().case, 2)) as ahead:
            assert ahead.likely([None], {}) is None
            assert ahead.still_likely() is None
            go_on.set()
            ahead._thread.submit(lambda: None).result()
            ahead.answered([answer])
            assert ahead.still_likely() == expected
            assert ahead.still_likely() is None, "it is told once"


def test_what_ended_early_takes_the_place_of_a_guess() -> None:
    here = conflicting()
    [(_, [failing]), (asked, [fails]), (then, _), *_] = rounds_of(here)
    assert fails.outcome is Outcome.FAIL
    early = {asked[0].build: fails}
    with closing(Ahead(repair, here.case, 2)) as ahead:
        ahead.answered([failing])
        assert then[0] not in guesses(ahead, [None])
        turn = ahead._turn
        assert then[0] in guesses(ahead, [None], early), "it was assumed to pass, and did not"
        assert ahead._turn == turn + 1
        ahead.likely([fails], early)
        assert ahead._turn == turn + 1, "what it answers now is known"


def test_a_story_that_cannot_be_told_is_no_guess() -> None:
    def broken(case: Case) -> Story[Conclusion]:
        raise KeyError("this world has no such project")
        yield []

    here = conflicting()
    with closing(Ahead(broken, here.case, 2)) as ahead:
        assert guesses(ahead, [None]) == []


def test_a_guess_shows_and_keeps_nothing() -> None:
    kept: list[object] = []

    def refused(*given: object, **more: object) -> Callable[..., None]:
        kept.append(given)
        raise AssertionError

    here = conflicting()
    rounds = rounds_of(here)
    case = small("a==1\n", {"a": yearly("1")}, case={"tell": refused, "record": refused}).case
    assert case.tell is refused
    with closing(Ahead(repair, here.case, 2)) as ahead:
        told = ahead._case
    assert told.tell is None
    assert told.served is None
    assert told.record is not here.case.record
    before = len(here.builds.asked)
    list(guessed(here, rounds))
    assert len(here.builds.asked) == before
    assert kept == []
