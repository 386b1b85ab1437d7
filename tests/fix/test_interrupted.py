"""Ctrl-C: what was proven until then is the answer, wherever the story was."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bisect_deps.fix.conclusion import Conclusion
from bisect_deps.fix.inquiry import Inquiry, Rounds
from bisect_deps.fix.repair import repair
from bisect_deps.model import Candidate, Cause, ProbeKind, VerdictKind
from tests.fix.small import Small, at, said, small, unbuildable
from tests.fix.world import ELSEWHERE

SOURCE: dict[str, Any] = {"wheel": ELSEWHERE, "sdist": True}


def interrupted(here: Small, *, early: bool, thinking: bool) -> Conclusion:
    """Return what a story answers that is interrupted after its first build.

    `early` says that the fix was built by then; `thinking`, that the story was between two builds.
    """
    fix = Inquiry(here.case.settled(Candidate(), {"alpha": "2.0"}), ProbeKind.FIX, "a guess")

    def kept() -> list[Any]:
        return [(fix, *here.builds.answer([fix]))] if early else []

    case = replace(here.case, early=kept)
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
