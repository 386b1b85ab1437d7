"""Whom a failing install accuses, and how often a failure is repeated before it is named."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from bisect_deps.fix.accuse import (
    Standing,
    accuse,
    agrees,
    be_true,
    by_conflict,
    certified,
    unfixed,
)
from bisect_deps.model import (
    Candidate,
    Cause,
    Culprit,
    Diagnosis,
    Edit,
    EditAction,
    Evidence,
    Member,
    Mention,
    Outcome,
    Phase,
    Probe,
    ProbeKind,
    Proof,
    Release,
    Requirement,
    Suspect,
)
from bisect_deps.policy import POLICY
from bisect_deps.search.strategy import Certified
from tests.fix.simulated import Quality
from tests.fix.small import Small, at, breaks, said, small, unbuildable, yearly
from tests.fix.world import ELSEWHERE, SimulatedIndex

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
    [(inquiry, _)] = here.builds.asked
    assert inquiry.likely_fails, "what comes of a pass is not built ahead"


@pytest.mark.parametrize(
    ("name", "version", "case", "expected"),
    [
        ("lib", "1.0", {}, False),
        ("lib", "1.1", {}, False),
        ("lib", "1.2", {}, True),
        ("lib", "1.3", {}, True),
        ("lib", "9.9", {}, True),
        ("lib", "9.9", {"index": None}, False),
        ("sklearn", "0.0", {"index": None}, True),
    ],
    ids=[
        "a wheel for this Python",
        "a source alone",
        "wheels for others, and a source",
        "another Python",
        "not there",
        "no index",
        "a name that leads astray",
    ],
)
def test_what_gives_a_reason_for_a_failure_beside_its_log(
    name: str, version: str, case: dict[str, Any], expected: bool
) -> None:
    lib = [
        at("1.0"),
        at("1.1", wheel="", sdist=True),
        at("1.2", **SOURCE),
        at("1.3", requires_python=">=4"),
    ]
    here = small("lib==1.0\n", {"lib": lib}, case=case)
    assert agrees(here.case, name, version) is expected


def blaming(here: Small, *suspects: Suspect) -> Standing:
    """Return whom a failed build accuses whose log suspects these."""
    passed = here.probe()
    assert passed.diagnosis is not None
    told = replace(passed.diagnosis, outcome=Outcome.FAIL, suspects=suspects)
    failing = replace(passed, outcome=Outcome.FAIL, diagnosis=told)
    here.builds.asked.clear()
    return here.told(accuse(here.case, Standing(Candidate(), failing)))


@pytest.mark.parametrize(("text", "built"), [("lib==1.0\n", ["lib==1.0"]), ("lib>=1\n", [])])
def test_where_a_log_names_no_version_it_is_that_of_the_pin(text: str, built: list[str]) -> None:
    here = small(text, {"lib": yearly("1.0")})
    blaming(here, Suspect("lib"))
    assert alone(here) == built


def test_a_line_with_an_address_is_accused_as_written_and_no_release_in_its_place() -> None:
    text = "lib @ https://files.example/lib-1.0.tar.gz"
    fault = unbuildable("flint", "lib", "1.0")
    case = {"resolver": None, "index": None}
    other = "side @ https://files.example/side-1.0.tar.gz"
    here = small(f"{other}\n{text}\n", {"lib": yearly("1.0")}, fault, case=case)
    probe = here.alone("lib==1.0")
    assert probe.diagnosis is not None
    [suspect] = probe.diagnosis.suspects
    shown = replace(suspect, requirement=text, failing=Mention("lib", "1.0"))
    failing = replace(probe, diagnosis=replace(probe.diagnosis, suspects=(shown,)))
    standing = here.told(accuse(here.case, Standing(Candidate(), failing)))
    members = [member.requirement.text for c in standing.culprits for member in c.members]
    assert members == [text]
    assert len(here.builds.asked) == 1, "the release alone is not what the line installs"


@pytest.mark.parametrize(
    ("cause", "builds"),
    [
        (Cause.BUILD_API_REMOVED, []),
        (Cause.SYSTEM_DEP_MISSING, []),
        (Cause.SETUP_SCRIPT_ERROR, ["lib==1.0"]),
    ],
)
def test_what_a_log_names_that_is_not_there_is_missing_in_every_build(
    cause: Cause, builds: list[str]
) -> None:
    fault = unbuildable("flint", "lib", "1.0", cause)
    here = small("lib==1.0\n", {"lib": yearly("1.0", "2.0")}, fault)
    assert named(accused(here)) == [["lib"]]
    assert alone(here) == builds


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
    assert alone(here) == ["lib==1.0"]


def test_the_line_leads_to_what_a_log_names_without_the_way_there() -> None:
    projects = {"app": [at("1.0", "2020-01-01", "lib<2")], "lib": yearly("1.0", "2.0")}
    here = small("app==1.0\n", projects, unbuildable("flint", "lib", "1.0"))
    probe = here.probe()
    assert probe.diagnosis is not None
    [suspect] = probe.diagnosis.suspects
    told = replace(probe.diagnosis, suspects=(replace(suspect, via=()),))
    standing = here.told(accuse(here.case, Standing(Candidate(), replace(probe, diagnosis=told))))
    [member] = standing.culprits[0].members
    assert (member.requirement.text, member.name, member.via) == ("app==1.0", "lib", ("app",))


SUSPECT = {"lib": [at("1.0", **SOURCE), at("2.0")], "side": yearly("1.0", "2.0")}


def test_what_facts_alone_accuse_fails_by_itself_first() -> None:
    fault = unbuildable("flint", "lib", "1.0")
    here = small("lib==1.0\nside==1.0\n", SUSPECT, fault, quality=Quality.STATUS)
    [culprit] = accused(here).culprits
    assert alone(here) == ["lib==1.0"], "the index agrees: once is enough"
    [(_, probe)] = here.builds.asked
    assert culprit.proof.failing_probe == probe.number


def test_what_facts_alone_accuse_and_builds_by_itself_is_no_accident() -> None:
    fault = unbuildable("flint", "side", "1.0")
    here = small("lib==1.0\nside==1.0\n", SUSPECT, fault, quality=Quality.SILENT)
    standing = accused(here)
    assert alone(here) == ["lib==1.0"]
    assert standing.unsteady == 0
    assert standing.cleared == {Release("lib", "1.0")}
    assert named(standing) == [["side"]]


@pytest.mark.parametrize("outcome", [Outcome.PASS, Outcome.UNRESOLVED])
def test_what_a_log_names_and_does_not_fail_by_itself_is_asked_for_once(outcome: Outcome) -> None:
    here = small("lib==1.0\n", {"lib": yearly("1.0")})
    passed = here.probe()
    assert passed.diagnosis is not None
    suspect = Suspect("lib", "1.0", phase=Phase.RESOLVE)
    told = replace(passed.diagnosis, outcome=Outcome.FAIL, suspects=(suspect,))
    failing = replace(passed, outcome=Outcome.FAIL, diagnosis=told)
    story = accuse(here.case, Standing(Candidate(), failing))
    [inquiry] = next(story)
    assert inquiry.isolated == "lib==1.0"
    then = story.send([Probe(9, ProbeKind.ISOLATED, Candidate(), outcome)])
    assert all(again.isolated is None for again in then), "the search begins"


def test_on_a_platform_nothing_is_built_alone() -> None:
    fault = unbuildable("flint", "side", "1.0")
    for quality in (Quality.EXACT, Quality.SILENT):
        here = small("lib==1.0\nside==1.0\n", SUSPECT, fault, quality=quality, local=False)
        accused(here)
        assert alone(here) == []


@pytest.mark.parametrize("cause", [Cause.COMPILE_ERROR, Cause.NETWORK])
def test_a_failure_that_comes_and_goes_is_repeated_as_often_as_doubt_asks(cause: Cause) -> None:
    fault = unbuildable("flint", "lib", "1.0", cause)
    here = small("lib==1.0\n", {"lib": yearly("1.0", "2.0")}, fault)
    assert named(accused(here)) == [["lib"]]
    times = 1 if cause is Cause.COMPILE_ERROR else POLICY.doubted_failures - 1
    assert alone(here) == ["lib==1.0"] * times
    assert [inquiry.repeat for inquiry, _ in here.builds.asked] == list(range(1, times + 1))


def test_of_two_that_a_log_accuses_the_index_explains_one_and_the_other_is_not_doubted() -> None:
    faults = (unbuildable("flint", "lib", "1.0"), unbuildable("gneiss", "side", "1.0"))
    here = small("lib==1.0\nside==1.0\n", SUSPECT, *faults)
    one, other = here.alone("lib==1.0"), here.alone("side==1.0")
    assert one.diagnosis is not None
    assert other.diagnosis is not None
    both = (*one.diagnosis.suspects, *other.diagnosis.suspects)
    failing = replace(here.probe(), diagnosis=replace(one.diagnosis, suspects=both))
    here.builds.asked.clear()
    standing = here.told(accuse(here.case, Standing(Candidate(), failing)))
    assert named(standing) == [["lib"], ["side"]]
    assert alone(here) == ["side==1.0"]


def test_a_release_whose_build_was_stopped_is_asked_for_once_and_accused_of_nothing() -> None:
    here = small("lib==1.0\nside==1.0\n", SUSPECT, unbuildable("flint", "side", "1.0"))
    failing = here.probe()
    [suspect] = failing.diagnosis.suspects if failing.diagnosis is not None else ()
    by_network = replace(suspect, cause=Cause.NETWORK)
    assert failing.diagnosis is not None
    told = replace(failing.diagnosis, suspects=(by_network,))
    story = accuse(here.case, Standing(Candidate(), replace(failing, diagnosis=told)))
    stopped = [
        Probe(9 + at, ProbeKind.ISOLATED, Candidate(), Outcome.UNRESOLVED)
        for at, _ in enumerate(next(story))
    ]
    with pytest.raises(StopIteration) as ended:
        story.send(stopped)
    assert named(ended.value.value) == [["side"]], "what the file's own log shows stays"


def test_the_constraint_that_pins_is_accused_not_the_line_that_pulls_it_in() -> None:
    projects = {"app": [at("1.0", "2020-01-01", "lib")], "lib": yearly("1.0", "2.0")}
    fault = unbuildable("flint", "lib", "1.0")
    here = small("app==1.0\n", projects, fault, limits="lib==1.0\n")
    [culprit] = accused(here).culprits
    assert culprit.members[0].requirement.constraint


def test_a_line_that_pins_as_a_constraint_does_is_accused_itself() -> None:
    fault = unbuildable("flint", "lib", "1.0")
    text, limits = "-c constraints.txt\nlib==1.0\n", "lib==1.0\n"
    here = small(text, {"lib": yearly("1.0", "2.0")}, fault, limits=limits)
    assert here.case.standing[0].constraint
    [culprit] = accused(here).culprits
    assert not culprit.members[0].requirement.constraint


@pytest.mark.parametrize("tool", ["own", "another", "another, in other words"])
def test_a_conflict_that_the_log_of_another_tool_names_is_proven_by_its_build(tool: str) -> None:
    projects = {"app": [at("1.0", "2020-01-01", "lib>=2")], "lib": yearly("1.0", "2.0")}
    case = {"same_tool": tool == "own"}
    here = small("app==1.0\nlib==1.0\n", projects, local=False, case=case)
    failing = here.probe()
    diagnosis = failing.diagnosis
    assert diagnosis is not None
    if "words" in tool:
        suspects = tuple(replace(one, cause=Cause.UNKNOWN) for one in diagnosis.suspects)
        failing = replace(failing, diagnosis=replace(diagnosis, suspects=suspects))
    standing = by_conflict(here.case, Standing(Candidate(), failing))
    [culprit] = standing.culprits
    assert (culprit.proof.failing_probe == failing.number) is (tool == "another")


@pytest.mark.parametrize("kept", [True, False])
def test_lines_that_conflict_are_one_culprit_by_the_resolver_alone(kept: bool) -> None:
    projects = {
        "app": [at("1.0", "2020-01-01", "lib>=2")],
        "lib": yearly("1.0", "2.0"),
        "side": yearly("1.0"),
    }
    text = "app==1.0\nside==1.0\nlib==1.0\n"
    here = small(text, projects, case=None if kept else {"record": None})
    standing = accused(here)
    assert named(standing) == [["app", "lib"]]
    [culprit] = standing.culprits
    assert culprit.cause is Cause.RESOLVER_CONFLICT
    assert here.builds.asked == []
    told = culprit.proof.failing_probe is not None
    assert told is kept, "what the resolver said is kept as a probe, where anyone keeps it"


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
    assert not any(inquiry.repeat for inquiry, _ in here.builds.asked), "many builds show it"


def test_who_fails_for_lack_of_what_the_check_imports_is_innocent() -> None:
    # No log tells why one fails: each line alone does, but the one that the check needs.
    projects = {name: yearly("1.0") for name in ("p0", "p1", "p2", "p3")}
    text = "".join(f"{name}==1.0\n" for name in projects)
    fault = unbuildable("flint", "p2", "1.0")
    here = small(text, projects, fault, quality=Quality.STATUS, local=False, needed=["p3"])
    standing = accused(here)
    assert named(standing) == [["p2"]]
    shown = standing.culprits[0].proof
    probes = {probe.number: said(probe.candidate) for probe in here.builds.probes}
    assert "-p3" not in probes[shown.failing_probe or 0], "it fails beside what the check needs"


@pytest.mark.parametrize("accident", [True, False])
def test_what_only_the_whole_file_shows_is_built_once_more(accident: bool) -> None:
    fault = breaks("amber", 0, **dict.fromkeys(("p0", "p1", "p2"), "1.0"))
    fault = replace(fault, phase=Phase.BUILD)
    projects = {name: yearly("1.0") for name in ("p0", "p1", "p2")}
    text = "".join(f"{name}==1.0\n" for name in projects)
    failing = small(text, projects, fault, quality=Quality.STATUS, local=False).probe()
    here = small(
        text, projects, *(() if accident else (fault,)), quality=Quality.STATUS, local=False
    )
    standing = here.told(accuse(here.case, Standing(Candidate(), failing)))
    again = [probe for inquiry, probe in here.builds.asked if inquiry.repeat]
    assert [probe.outcome for probe in again] == [Outcome.PASS if accident else Outcome.FAIL]
    assert standing.unsteady == accident
    assert named(standing) == ([] if accident else [["p0", "p1", "p2"]])
    assert any("failed once and passed once" in n.text for n in standing.notes) is accident


@pytest.mark.parametrize("taken", [True, False])
def test_an_installer_of_another_tool_is_asked_whether_it_refuses_as_well(taken: bool) -> None:
    def world(requires: str) -> Small:
        projects = {
            "app": [at("1.0", "2020-01-01", requires)],
            "lib": yearly("1.0", "2.0"),
            "side": yearly("1.0"),
        }
        fault = unbuildable("flint", "side", "1.0")
        case = {"same_tool": False}
        return small("app==1.0\nlib==1.0\nside==1.0\n", projects, fault, case=case)

    strict = world("lib>=2")
    here = world("lib" if taken else "lib>=2")
    failing = here.probe()
    here.builds.asked.clear()
    case = replace(here.case, resolver=strict.case.resolver)
    standing = here.told(accuse(case, Standing(Candidate(), failing)))
    [(inquiry, probe)] = [both for both in here.builds.asked if both[0].isolated is None]
    assert inquiry.likely_fails
    assert not inquiry.check
    assert probe.candidate.dropped == {2}, "the two lines alone"
    assert (["app", "lib"] in named(standing)) is not taken
    asked = len(here.builds.asked)
    here.told(accuse(case, standing))
    assert len(here.builds.asked) == asked + taken, "what it refused is not asked again"


def test_a_culprit_is_met_only_where_its_release_is_gone() -> None:
    here = small("lib==1.0\n", {"lib": yearly("1.0", "1.1", "2.0")},
                 unbuildable("flint", "lib", "1.0/1.1"))  # fmt: skip
    standing = accused(here)
    assert unfixed(here.case, standing) == list(standing.culprits)
    for version, met in (("2.0", True), ("1.0", False)):
        edit = here.case.pin(here.case.requirements[0], version)
        moved = standing.at(Candidate((edit,)), standing.probe)
        assert (unfixed(here.case, moved) == []) is met


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


def test_what_failed_without_a_build_is_a_conflict_that_only_what_passes_proves() -> None:
    one = Certified(BOTH, BOTH, (ONE, OTHER))
    probes = {ONE: probe(2, Outcome.PASS)}
    culprit = certified(small("p0==1\np1==1\n", {}).case, LINES, one, probes)
    assert [member.name for member in culprit.members] == ["p0", "p1"]
    assert (culprit.phase, culprit.cause) == (Phase.RESOLVE, Cause.UNKNOWN)
    assert culprit.proof == Proof(None, 2)


def test_a_line_whose_absence_fails_otherwise_is_no_part_of_the_failure() -> None:
    # Nothing passes without p1 that has p0: p1 is what p0 needs, not what it fails with.
    one = Certified(BOTH, BOTH, (OTHER,))
    probes = {BOTH: probe(1, Outcome.FAIL), OTHER: probe(2, Outcome.PASS)}
    culprit = certified(small("p0==1\np1==1\n", {}).case, LINES, one, probes)
    assert [member.name for member in culprit.members] == ["p0"]


def test_of_three_lines_those_without_which_it_passes_are_the_failure() -> None:
    lines = {n: replace(LINES[0], number=n, name=f"p{n}") for n in range(3)}
    all_three = frozenset(lines)
    passing = (frozenset({1, 2}), frozenset({0, 2}))
    probes = {all_three: probe(1, Outcome.FAIL)}
    one = Certified(all_three, all_three, passing)
    culprit = certified(small("p0==1\n", {}).case, lines, one, probes)
    assert [member.name for member in culprit.members] == ["p0", "p1"]


def test_what_a_line_pulls_in_is_named_with_the_line_where_that_broke() -> None:
    here = small("app==1.0\n", {"app": [at("1.0", "2020-01-01", "lib")], "lib": yearly("1.0")},
                 unbuildable("flint", "lib", "1.0"), local=False)  # fmt: skip
    failing = here.probe()
    line = here.case.requirements[0]
    one = Certified(ONE, ONE, (frozenset(),))
    [member] = certified(here.case, {0: line}, one, {ONE: failing}).members
    assert (member.requirement, member.name, member.version) == (line, "lib", "1.0")
    assert member.via == ("app",)


@pytest.mark.parametrize("text", ["app==1.0\n", "app==1.0\nlib==1.0\n"])
def test_what_broke_is_found_among_what_a_line_pulls_in_where_no_log_says_the_way(
    text: str,
) -> None:
    projects = {
        "app": [at("1.0", "2020-01-01", "mid")],
        "mid": [at("1.0", "2020-01-01", "lib")],
        "lib": yearly("1.0"),
    }
    fault = breaks("amber", lib="1.0", mid="1.0")
    here = small(text, projects, fault, quality=Quality.HALF)
    failing = here.probe()
    assert failing.diagnosis is not None
    failing = replace(failing, diagnosis=replace(failing.diagnosis, suspects=()))
    one = Certified(ONE, ONE, (frozenset(),))
    culprit = certified(here.case, {0: here.case.requirements[0]}, one, {ONE: failing})
    [member] = culprit.members
    assert (member.name, member.version) == ("lib", "1.0")
    direct = "lib" in text
    assert member.requirement is here.case.requirements[direct]
    assert member.via == (() if direct else ("app", "mid"))


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


class Looked(SimulatedIndex):
    """An index that notes what it is asked to be believed in."""

    asked: tuple[str, ...] = ()

    def be_there(self, names: Iterable[str]) -> None:
        self.asked += tuple(names)

    def be_true(self, release: Release) -> None:
        self.asked += (str(release),)


ASKED_FOR = ("lib", *(f"p{n}" for n in range(POLICY.fetched_on_suspicion)))
PINS = tuple(f"{name}==1.0" for name in ASKED_FOR)


@pytest.mark.parametrize(
    ("suspect", "said", "same_tool", "has_index", "own", "served"),
    [
        (Phase.BUILD, "gcc failed", False, True, ASKED_FOR, ()),
        (Phase.RESOLVE, "no such version", True, True, ASKED_FOR, ()),
        (Phase.RESOLVE, "no such version", False, True, ASKED_FOR, ASKED_FOR),
        (Phase.RESOLVE, "no such version", True, False, (), ASKED_FOR),
        (Phase.DOWNLOAD, "404", False, True, (*ASKED_FOR, PINS[0]), (*ASKED_FOR, PINS[0])),
        (Phase.BUILD, "not a zip file", False, True, (*ASKED_FOR, PINS[0]), (*ASKED_FOR, PINS[0])),
        (
            None,
            "not a zip file",
            True,
            False,
            (),
            (*ASKED_FOR, *PINS[: POLICY.fetched_on_suspicion]),
        ),
        (None, "gcc failed", True, True, ASKED_FOR, ()),
    ],
    ids=[
        "a build",
        "the resolver's own words",
        "another tool's resolver",
        "no index of ours",
        "a download",
        "a file that is spoilt",
        "a file that is spoilt, and no word of which",
        "nobody is named",
    ],
)
def test_an_index_that_may_have_misled_is_looked_at_before_anyone_is_accused(
    suspect: Phase | None,
    said: str,
    same_tool: bool,
    has_index: bool,
    own: tuple[str, ...],
    served: tuple[str, ...],
) -> None:
    text = "".join(f"{pin}\n" for pin in PINS) + "https://x.example/a.whl\n"
    here = small(text, {name: yearly("1.0", "2.0") for name in ASKED_FOR})
    ours, theirs = Looked(here.scenario.world), Looked(here.scenario.world)
    case = replace(
        here.case,
        index=ours if has_index else None,
        served=lambda: theirs,
        same_tool=same_tool,
    )
    evidence = (Evidence(1, said),)
    named = Suspect("lib", failing=Mention.parse("lib==1.0"), phase=suspect or Phase.BUILD)
    suspects = (Suspect("none", phase=Phase.BUILD), named) if suspect is not None else ()
    diagnosis = Diagnosis(Outcome.FAIL, Cause.UNKNOWN, Phase.BUILD, suspects, evidence=evidence)
    be_true(case, Probe(1, ProbeKind.WHOLE, Candidate(), Outcome.FAIL, diagnosis=diagnosis))
    assert (ours.asked, theirs.asked) == (own, served)


@pytest.mark.parametrize(
    ("cause", "why"),
    [
        (Cause.NETWORK, "its place cannot be reached from here: no answer"),
        (Cause.VCS_ERROR, "its place cannot be reached from here: no answer"),
        (Cause.COMPILE_ERROR, "no answer"),
    ],
)
def test_a_line_that_fails_in_its_new_text_as_well_is_said_to_do_so(cause: Cause, why: str) -> None:
    old, new = (f"lib @ git+https://{host}.example/lib.git" for host in ("old", "new"))
    here = small(f"{old}\nside==1.0\n", {"side": [at("1.0")]}, case={"resolver": None})
    line = here.case.requirements[0]
    culprit = Culprit((Member(line, "lib", None),), Phase.DOWNLOAD, Cause.VCS_ERROR, "")
    candidate = Candidate((Edit(EditAction.REPLACE, "lib", 0, new),))
    suspect = Suspect("lib", requirement=new, cause=cause, summary="no answer")
    diagnosis = Diagnosis(Outcome.FAIL, cause, Phase.DOWNLOAD, (suspect,))
    probe = Probe(2, ProbeKind.FIX, candidate, Outcome.FAIL, diagnosis=diagnosis)
    standing = here.told(accuse(here.case, Standing(candidate, probe, (culprit,))))
    assert standing.culprits == (culprit,)
    [note] = standing.notes
    assert (note.text, note.probe) == (f"Written as {new}, it fails as well: {why}.", 2)
