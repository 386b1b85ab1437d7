"""Ctrl-C: what was proven until then is the answer, wherever the story was."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bisect_deps.fix.conclusion import Conclusion
from bisect_deps.fix.inquiry import Inquiry, Rounds
from bisect_deps.fix.repair import repair
from bisect_deps.model import Candidate, Cause, ProbeKind, VerdictKind
from tests.fix.small import Small, at, breaks, said, small, unbuildable
from tests.fix.world import ELSEWHERE

SOURCE: dict[str, Any] = {"wheel": ELSEWHERE, "sdist": True}


def interrupted(here: Small, *, early: bool, thinking: bool) -> Conclusion:
    """Return what a story answers that is interrupted after its first build.

    `early` says that the fix was built by then; `thinking`, that the story was between two builds.
    """
    fix = Inquiry(here.case.settled(Candidate(), {"alpha": "2.0"}), ProbeKind.FIX, "a guess")

    def kept() -> list[Any]:
        return [(fix, *here.builds.answer([fix]))] if early else []

    case = replace(here.case, unheard=kept)
    rounds = Rounds(repair(case))
    answers = here.builds.answer(rounds.asked)
    if thinking:
        object.__setattr__(case, "resolver", Interrupting())
        rounds.send(answers)
    else:
        rounds.send(answers)
        rounds.throw(KeyboardInterrupt())
    assert rounds.over
    return rounds.result


class Interrupting:
    """A resolver at which the user loses patience."""

    def __getattr__(self, name: str) -> Any:
        raise KeyboardInterrupt


@pytest.mark.parametrize("thinking", [False, True], ids=["while it builds", "while it thinks"])
@pytest.mark.parametrize("early", [True, False], ids=["with a fix", "without one"])
def test_a_fix_that_was_proven_is_the_answer(early: bool, thinking: bool) -> None:
    projects = {"alpha": [at("1.0", **SOURCE), at("2.0")], "omega": [at("1.0")]}
    fault = unbuildable("slate", "alpha", "1.0", Cause.COMPILE_ERROR)
    here = small("alpha==1.0\nomega==1.0\n", projects, fault)
    conclusion = interrupted(here, early=early, thinking=thinking)
    assert conclusion.interrupted
    assert conclusion.kind is (VerdictKind.FIXED if early else VerdictKind.INCONCLUSIVE)
    assert [said(way.candidate) for way in conclusion.ways] == ["alpha==2.0"] * early


def test_what_the_open_round_was_answered_counts_where_a_fix_was_built_beside_it() -> None:
    """The file failed, its fix passed, and the story had heard of neither."""
    projects = {"alpha": [at("1.0", **SOURCE), at("2.0")]}
    here = small("alpha==1.0\n", projects, unbuildable("slate", "alpha", "1.0"))
    fix = Inquiry(here.case.settled(Candidate(), {"alpha": "2.0"}), ProbeKind.FIX, "a guess")
    asked: list[Inquiry] = []

    def unheard() -> list[Any]:
        return [(i, *here.builds.answer([i])) for i in (*asked, fix)]

    rounds = Rounds(repair(replace(here.case, unheard=unheard)))
    asked += rounds.asked
    rounds.throw(KeyboardInterrupt())
    assert [said(way.candidate) for way in rounds.result.ways] == ["alpha==2.0"]


def test_an_interrupt_before_anything_was_answered_says_nothing() -> None:
    here = small("alpha==1.0\n", {"alpha": [at("1.0")]})
    rounds = Rounds(repair(replace(here.case, unheard=list)))
    with pytest.raises(KeyboardInterrupt):
        rounds.throw(KeyboardInterrupt())


def test_a_fix_of_a_check_is_the_answer_as_soon_as_it_was_announced() -> None:
    """Two failures behind each other; it is being looked at which of the two moves is needed."""
    held = [at("1.0", "2019-01-01"), at("2.0", "2021-01-01")]
    projects = {"app": [at("1.0", "2020-01-01", "lib", "core")], "lib": held, "core": held}
    faults = breaks("amber", app="1.0", lib="2.0"), breaks("flint", 1, app="1.0", core="2.0")
    here = small("app==1.0\n", projects, *faults)
    announced: list[Candidate] = []
    case = replace(here.case, tell=lambda candidate, probe, last: announced.append(candidate))
    rounds = Rounds(repair(case))
    while not announced:
        rounds.send(here.builds.answer(rounds.asked))
    assert not rounds.over, "what is not needed is still to be taken back"
    rounds.throw(KeyboardInterrupt())
    conclusion = rounds.result
    assert conclusion.kind is VerdictKind.FIXED
    assert conclusion.ways[0].candidate == announced[0]
