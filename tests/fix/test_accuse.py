"""Whom a failing install accuses, and how often a failure is repeated before it is named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bisect_deps.fix.accuse import Standing, accuse, by_conflict, certified, unmended
from bisect_deps.model import Candidate, Cause, Outcome, Probe, ProbeKind, Release, Requirement
from bisect_deps.policy import POLICY
from bisect_deps.search.strategy import Certified
from tests.fix.simulated import Quality
from tests.fix.small import Small, at, small, unbuildable, yearly
from tests.fix.world import ELSEWHERE

SOURCE: dict[str, Any] = {"wheel": ELSEWHERE, "sdist": True}


def accused(here: Small, candidate: Candidate | None = None) -> Standing:
    """Return whom the failing file accuses; what was built before is forgotten."""
    probe = here.probe(candidate)
    assert probe.outcome is Outcome.FAIL
    here.builds.asked.clear()
    return here.told(accuse(here.case, Standing(probe.candidate, probe)))


def named(standing: Standing) -> list[list[str]]:
    return [[member.name for member in culprit.members] for culprit in standing.culprits]


def alone(here: Small) -> list[str]:
    """Return what was built by itself, in order."""
    return [
        candidate.isolated for candidate, _ in here.builds.asked if candidate.isolated is not None
    ]


def test_where_the_index_agrees_the_log_is_enough() -> None:
    # Nothing of 1.0 is ready for this Python: what the log says is no accident.
    lib = [at("1.0", "2019-01-01", **SOURCE), at("2.0", "2021-01-01")]
    here = small("lib==1.0\n", {"lib": lib}, unbuildable("flint", "lib", "1.0"))
    standing = accused(here)
    assert named(standing) == [["lib"]]
    assert here.builds.asked == [], "no build was repeated"
    assert standing.failing == {"lib": ("1.0",)}


def test_where_only_the_log_accuses_a_release_it_fails_once_more_alone() -> None:
    here = small("lib==1.0\n", {"lib": yearly("1.0", "2.0")}, unbuildable("flint", "lib", "1.0"))
    assert named(accused(here)) == [["lib"]]
    assert alone(here) == ["lib==1.0"]


def test_where_several_are_accused_by_one_log_alone_each_fails_as_often_as_doubt_asks() -> None:
    text = "lib==1.0\nside==1.0\n"
    projects = {"lib": yearly("1.0", "2.0"), "side": yearly("1.0", "2.0")}
    faults = (unbuildable("flint", "lib", "1.0"), unbuildable("gneiss", "side", "1.0"))
    here = small(text, projects, *faults)
    one = here.probe()
    other = here.probe(here.case.settled(Candidate(), {"lib": "2.0"}))
    assert one.diagnosis is not None
    assert other.diagnosis is not None
    both = (*one.diagnosis.suspects, *other.diagnosis.suspects)
    failing = replace(one, diagnosis=replace(one.diagnosis, suspects=both))
    here.builds.asked.clear()
    standing = here.told(accuse(here.case, Standing(Candidate(), failing)))
    assert named(standing) == [["lib"], ["side"]]
    assert sorted(alone(here)) == sorted(["lib==1.0", "side==1.0"] * (POLICY.doubted_failures - 1))


def test_one_pass_clears_whoever_a_log_accused() -> None:
    here = small("lib==1.0\nside==1.0\n", {"lib": yearly("1.0"), "side": yearly("1.0")})
    fault = small("lib==1.0\n", {"lib": yearly("1.0")}, unbuildable("flint", "lib", "1.0"))
    probe = fault.probe()
    standing = here.told(accuse(here.case, Standing(Candidate(), probe)))
    assert standing.culprits == ()
    assert Release("lib", "1.0") in standing.cleared
    assert standing.unsteady == 1, "it failed once and built once"
    assert any("failed once and built once" in note.text for note in standing.notes)


def test_a_release_is_judged_once() -> None:
    here = small("lib==1.0\n", {"lib": yearly("1.0", "2.0")}, unbuildable("flint", "lib", "1.0"))
    first = accused(here)
    assert Release("lib", "1.0") in first.judged
    here.builds.asked.clear()
    again = here.told(accuse(here.case, first))
    assert alone(here) == []
    assert named(again) == [["lib"]]


def test_what_a_line_pulls_in_is_accused_through_that_line() -> None:
    projects = {"app": [at("1.0", "2020-01-01", "lib<2")], "lib": yearly("1.0", "2.0")}
    here = small("app==1.0\n", projects, unbuildable("flint", "lib", "1.0"))
    [culprit] = accused(here).culprits
    [member] = culprit.members
    assert (member.requirement.text, member.name, member.via) == ("app==1.0", "lib", ("app",))


def test_the_constraint_that_pins_is_accused_not_the_line_that_pulls_it_in() -> None:
    projects = {"app": [at("1.0", "2020-01-01", "lib")], "lib": yearly("1.0", "2.0")}
    fault = unbuildable("flint", "lib", "1.0")
    here = small("app==1.0\n", projects, fault, limits="lib==1.0\n")
    [culprit] = accused(here).culprits
    assert culprit.members[0].requirement.constraint


def test_lines_that_conflict_are_one_culprit_by_the_resolver_alone() -> None:
    projects = {
        "app": [at("1.0", "2020-01-01", "lib>=2")],
        "lib": yearly("1.0", "2.0"),
        "side": yearly("1.0"),
    }
    here = small("app==1.0\nside==1.0\nlib==1.0\n", projects)
    standing = accused(here)
    assert named(standing) == [["app", "lib"]]
    [culprit] = standing.culprits
    assert culprit.cause is Cause.RESOLVER_CONFLICT
    assert here.builds.asked == []
    assert culprit.proof.failing_probe is not None, "what the resolver said is kept as a probe"


def test_where_logs_say_nothing_subsets_are_searched() -> None:
    names = [f"p{n}" for n in range(8)]
    text = "".join(f"{name}==1.0\n" for name in names)
    fault = unbuildable("flint", "p5", "1.0")
    projects = {name: yearly("1.0") for name in names}
    here = small(text, projects, fault, quality=Quality.STATUS, local=False)
    standing = accused(here)
    assert named(standing) == [["p5"]]
    assert standing.culprits[0].proof.passing_probe is not None
    assert len(here.builds.asked) <= 6


def test_a_culprit_is_met_only_where_its_release_is_gone() -> None:
    here = small("lib==1.0\n", {"lib": yearly("1.0", "1.1", "2.0")},
                 unbuildable("flint", "lib", "1.0/1.1"))  # fmt: skip
    standing = accused(here)
    assert unmended(here.case, standing) == list(standing.culprits)
    for version, met in (("2.0", True), ("1.0", False)):
        edit = here.case.pin(here.case.requirements[0], version)
        moved = standing.at(Candidate((edit,)), standing.probe)
        assert (unmended(here.case, moved) == []) is met


LINES = {n: Requirement(n, f"p{n}", "==1", f"p{n}==1", "requirements.txt", n + 1) for n in range(2)}
BOTH, ONE, OTHER = frozenset({0, 1}), frozenset({0}), frozenset({1})


def probe(number: int, outcome: Outcome) -> Probe:
    return Probe(number, ProbeKind.SUBSET, Candidate(), outcome)


@pytest.mark.parametrize(("last", "passing"), [(Outcome.PASS, 3), (Outcome.UNRESOLVED, None)])
def test_a_build_that_did_not_pass_is_no_passing_proof(last: Outcome, passing: int | None) -> None:
    one = Certified(BOTH, BOTH, (ONE, OTHER))
    probes = {BOTH: probe(1, Outcome.FAIL), ONE: probe(2, Outcome.FAIL), OTHER: probe(3, last)}
    culprit = certified(small("p0==1\np1==1\n", {}).case, LINES, one, probes)
    assert culprit.proof.failing_probe == 1
    assert culprit.proof.passing_probe == passing


def test_a_line_whose_absence_fails_otherwise_is_no_part_of_the_failure() -> None:
    # Nothing passes without p1 that has p0: p1 is what p0 needs, not what it fails with.
    one = Certified(BOTH, BOTH, (OTHER,))
    probes = {BOTH: probe(1, Outcome.FAIL), OTHER: probe(2, Outcome.PASS)}
    culprit = certified(small("p0==1\np1==1\n", {}).case, LINES, one, probes)
    assert [member.name for member in culprit.members] == ["p0"]


def test_what_a_line_pulls_in_is_named_with_the_line_where_that_broke() -> None:
    here = small("app==1.0\n", {"app": [at("1.0", "2020-01-01", "lib")], "lib": yearly("1.0")},
                 unbuildable("flint", "lib", "1.0"), local=False)  # fmt: skip
    failing = here.probe()
    line = here.case.requirements[0]
    one = Certified(ONE, ONE, (frozenset(),))
    [member] = certified(here.case, {0: line}, one, {ONE: failing}).members
    assert (member.requirement, member.name, member.version) == (line, "lib", "1.0")
    assert member.via == ("app",)


def test_a_line_that_nothing_satisfies_is_a_release_that_fails() -> None:
    here = small("app==9.9\n", {"app": yearly("1.0", "2.0")})
    probe = here.probe()
    standing = by_conflict(here.case, Standing(probe.candidate, probe))
    assert [culprit.members[0].name for culprit in standing.culprits] == ["app"]
    assert standing.failing == {"app": ("9.9",)}


def test_lines_that_only_fail_together_are_no_releases_that_fail() -> None:
    projects = {"app": [at("1.0", "2020-01-01", "lib<2")], "lib": yearly("1.0", "2.0")}
    here = small("app==1.0\nlib==2.0\n", projects)
    probe = here.probe()
    standing = by_conflict(here.case, Standing(probe.candidate, probe))
    assert len(standing.culprits[0].members) == 2
    assert standing.failing == {}
