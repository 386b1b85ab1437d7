"""How a subset's build answers a search: whose failure, and what is missing."""

from __future__ import annotations

from bisect_deps.fix.subsets import dropping
from bisect_deps.model import Candidate, Outcome
from bisect_deps.search.base import Items
from tests.fix.simulated import Checks, Quality
from tests.fix.small import Small, breaks, small, unbuildable, yearly

NAMES = ("alpha", "beta", "gamma")
TEXT = "".join(f"{name}==1.0\n" for name in NAMES)
ALL = frozenset({0, 1, 2})


def given(*faults: object, **more: object) -> Small:
    projects = {name: yearly("1.0", "2.0") for name in NAMES}
    return small(TEXT, projects, *faults, **more)  # type: ignore[arg-type]


def answer(here: Small, kept: Items, *, check: bool) -> tuple[Outcome, tuple[int, ...]]:
    failing = here.probe()
    lines = here.case.requirements
    axis = dropping(here.case, Candidate(), lines, failing, check=check)
    candidate = axis.candidate(kept)
    assert candidate is not None
    assert candidate.dropped == ALL - kept
    read = axis.read(here.probe(candidate), kept)
    return read.outcome, read.suspects


def test_the_failure_that_is_chased_is_fail_with_the_line_that_its_log_names() -> None:
    here = given(unbuildable("flint", "beta", "1.0"), unbuildable("gneiss", "gamma", "1.0"))
    assert answer(here, frozenset({0, 1}), check=False) == (Outcome.FAIL, (1,))


def test_another_failure_is_no_answer() -> None:
    here = given(unbuildable("flint", "beta", "1.0"), unbuildable("gneiss", "gamma", "1.0"))
    assert answer(here, frozenset({0, 2}), check=False)[0] is Outcome.UNRESOLVED


def test_where_installs_are_searched_a_failing_check_is_a_pass() -> None:
    here = given(unbuildable("flint", "beta", "1.0"), breaks("amber", alpha="1.0"))
    assert answer(here, frozenset({0, 2}), check=False)[0] is Outcome.PASS


def test_where_a_check_is_searched_a_failing_install_is_no_answer() -> None:
    pair = breaks("amber", alpha="1.0", beta="1.0")
    here = given(pair, checks=Checks.IMPORTS)
    assert answer(here, frozenset({0, 1}), check=True)[0] is Outcome.FAIL
    assert answer(here, frozenset({0, 2}), check=True)[0] is Outcome.PASS
    failing = here.probe()
    axis = dropping(here.case, Candidate(), here.case.requirements, failing, check=True)
    broken = given(unbuildable("flint", "gamma", "1.0")).probe()
    assert axis.read(broken, ALL).outcome is Outcome.UNRESOLVED


def test_what_fails_without_a_line_that_was_moved_is_not_chased_where_its_log_names_nobody() -> (
    None
):
    faults = (unbuildable("flint", "beta", "1.0"), unbuildable("zircon", "alpha", "1.0"))
    for quality, chased in ((Quality.SILENT, False), (Quality.EXACT, True)):
        here = given(*faults, quality=quality)
        base = here.case.settled(Candidate(), {"gamma": "2.0"})
        axis = dropping(here.case, base, here.case.requirements, here.probe(base), check=False)
        for kept, signed in ((frozenset({0, 2}), True), (frozenset({0}), chased)):
            candidate = axis.candidate(kept)
            assert candidate is not None
            read = axis.read(here.probe(candidate), kept)
            assert (read.outcome, bool(read.signature)) == (Outcome.UNRESOLVED, signed)
