"""A build that contradicts another is made once more; one that does not, is not."""

from __future__ import annotations

from bisect_deps.fix.ask import Seen, ask, noting
from bisect_deps.fix.inquiry import Story
from bisect_deps.fix.steady import steadied
from bisect_deps.model import Candidate, Outcome, Probe, ProbeKind
from bisect_deps.policy import POLICY
from tests.fix.simulated import Checks
from tests.fix.small import Small, small, unbuildable, yearly
from tests.fix.world import Fault

TEXT = "alpha==1.0\nbeta==1.0\n"
PROJECTS = {"alpha": yearly("1.0", "2.0"), "beta": yearly("1.0", "2.0")}


def both(here: Small) -> Story[tuple[Probe, Probe]]:
    """Build the file as it is, then with beta moved."""
    first = yield from ask(here.case, Candidate(), ProbeKind.WHOLE, "as it is")
    moved = here.case.settled(Candidate(), {"beta": "2.0"})
    second = yield from ask(here.case, moved, ProbeKind.FIX, "with beta moved")
    return first, second


def told(here: Small) -> tuple[tuple[Probe, Probe], int]:
    seen = Seen()
    answers = here.told(noting(seen, steadied(here.case, seen, both(here))))
    return answers, here.builds.builds


def unsteady(chance: float, seed: int, *faults: Fault) -> Small:
    flakes = {"alpha==1.0": chance}
    return small(TEXT, PROJECTS, *faults, flakes=flakes, checks=Checks.NONE, seed=seed)


def test_a_release_that_installed_before_fails_by_accident_and_is_built_again() -> None:
    again = 0
    for seed in range(40):
        (first, second), builds = told(unsteady(0.5, seed))
        if first.outcome is Outcome.PASS:
            assert second.outcome is Outcome.PASS or builds == 1 + POLICY.contradicted_builds
            again += builds > 2
    assert again > 2, "some failed at first"


def test_where_nothing_contradicts_no_build_is_spent() -> None:
    faults = (unbuildable("flint", "beta", "2.0"),)
    (first, second), builds = told(unsteady(0.0, 0, *faults))
    assert (first.outcome, second.outcome) == (Outcome.PASS, Outcome.FAIL)
    assert builds == 2


def test_what_fails_again_and_again_is_believed() -> None:
    here = small(TEXT, PROJECTS, TOGETHER, checks=Checks.NONE)
    (_, second), builds = told(here)
    repeats = [inquiry.repeat for inquiry, _ in here.builds.asked]
    assert repeats == [0, *range(POLICY.contradicted_builds)]
    assert second.outcome is Outcome.FAIL
    assert builds == 1 + POLICY.contradicted_builds, (
        "alpha 1.0 installed before, and fails beside beta 2.0"
    )


TOGETHER = Fault(
    "slate",
    (("alpha", frozenset({"1.0"})), ("beta", frozenset({"2.0"}))),
    unbuildable("", "alpha", "1.0").phase,
    unbuildable("", "alpha", "1.0").cause,
)
