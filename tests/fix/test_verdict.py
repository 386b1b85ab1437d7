"""From a conclusion to the verdict: order, words, confidence, what a machine lacks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bisect_deps.fix.conclusion import Conclusion, Way
from bisect_deps.fix.verdict import confidence_of, fix_of, machine_notes, verdict_of
from bisect_deps.model import (
    Candidate,
    Cause,
    Culprit,
    Diagnosis,
    Edit,
    EditAction,
    Member,
    Mention,
    Narrowing,
    Outcome,
    Phase,
    Probe,
    ProbeKind,
    Proof,
    Suspect,
    Target,
    Tried,
    VerdictKind,
)
from tests.fix.small import Small, small, yearly

TARGET = Target("3.12.1", "linux-x86_64", "local", "uv 1", "2026-01-01T00:00:00Z")
NAMES = ("alpha", "beta", "gamma")


def world() -> Small:
    text = "".join(f"{name}==1.0\n" for name in NAMES)
    return small(text, {name: yearly("1.0", "2.0") for name in NAMES})


HERE = world()


def culprit(*names: str, cause: Cause = Cause.COMPILE_ERROR) -> Culprit:
    lines = {line.name: line for line in HERE.case.requirements}
    members = tuple(Member(lines[name], name, "1.0") for name in names)
    return Culprit(members, Phase.BUILD, cause, "", proof=Proof(1, 2))


def failed(number: int, *names: str, kind: ProbeKind = ProbeKind.WHOLE) -> Probe:
    suspects = tuple(Suspect(name, "1.0", failing=Mention(name, "1.0")) for name in names)
    found = Diagnosis(Outcome.FAIL, Cause.COMPILE_ERROR, Phase.BUILD, suspects)
    return Probe(number, kind, Candidate(), Outcome.FAIL, diagnosis=found)


def passed(number: int) -> Probe:
    return Probe(number, ProbeKind.FIX, Candidate(), Outcome.PASS, installed={"alpha": "2.0"})


def moved(*names: str) -> Candidate:
    return HERE.case.settled(Candidate(), dict.fromkeys(names, "2.0"))


def test_culprits_stand_in_the_files_order_whichever_failed_first() -> None:
    found = (culprit("gamma"), culprit("alpha", "beta"), culprit("alpha"))
    for order in (found, found[::-1]):
        told = verdict_of(
            HERE.case.manifest, TARGET, Conclusion(VerdictKind.CULPRITS, order), [failed(1)]
        )
        named = [[member.name for member in culprit.members] for culprit in told.culprits]
        assert named == [["alpha"], ["alpha", "beta"], ["gamma"]]


def test_a_culprit_without_a_word_in_its_log_has_a_sentence_all_the_same() -> None:
    found = (culprit("alpha"), culprit("beta", "gamma"), culprit("gamma", cause=Cause.UNKNOWN))
    conclusion = Conclusion(VerdictKind.CULPRITS, found)
    told = verdict_of(HERE.case.manifest, TARGET, conclusion, [failed(1)])
    assert [culprit.summary for culprit in told.culprits] == [
        "alpha 1.0 does not build: compile error.",
        "beta 1.0 and gamma 1.0 do not work together; without any one of them the rest does.",
        "gamma 1.0 makes the build fail; the log does not say why.",
    ]


def test_the_environment_is_that_of_the_recommended_fix() -> None:
    way = Way(moved("alpha"), 2, "bump")
    conclusion = Conclusion(VerdictKind.FIXED, (culprit("alpha"),), (way,), passing=failed(1))
    told = verdict_of(HERE.case.manifest, TARGET, conclusion, [failed(1), passed(2)])
    assert told.environment == {"alpha": "2.0"}
    assert told.fix is not None
    assert told.fix.probe == 2


@pytest.mark.parametrize(("names", "only"), [(("alpha",), True), (("alpha", "beta"), False)])
def test_a_fix_says_whether_more_than_the_culprits_moves(
    names: tuple[str, ...], only: bool
) -> None:
    ways = (Way(moved(*names), 2, "bump"),)
    conclusion = Conclusion(VerdictKind.FIXED, (culprit("alpha"),), ways)
    fix = verdict_of(HERE.case.manifest, TARGET, conclusion, [failed(1), passed(2)]).fix
    assert fix is not None
    assert fix.reason.startswith("Only the culprits move" if only else "The culprits move, each")


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (ProbeKind.VERSION, ""),
        (ProbeKind.ISOLATED, "alpha 1.5 builds by itself"),
        (ProbeKind.RESOLVE, "alpha 1.5 resolves"),
    ],
)
def test_a_nearer_release_that_was_not_built_with_the_file_is_said(
    kind: ProbeKind, said: str
) -> None:
    seen = Narrowing("alpha", "1.0", "1.5", (Tried("1.5", Outcome.PASS, 3),))
    found = (replace(culprit("alpha"), narrowings=(seen,)),)
    conclusion = Conclusion(VerdictKind.FIXED, found, (Way(moved("alpha"), 2, "bump"),))
    probes = [failed(1), passed(2), replace(passed(3), kind=kind)]
    fix = verdict_of(HERE.case.manifest, TARGET, conclusion, probes).fix
    assert fix is not None
    _, _, nearer = fix.reason.partition(" Nearer, but not built with the whole file: ")
    assert nearer.rstrip(".") == said


@pytest.mark.parametrize(("lines", "stay"), [((), True), (("alpha",), False)])
def test_that_lines_stay_is_said_where_none_of_them_changes(
    lines: tuple[str, ...], stay: bool
) -> None:
    added = Edit(EditAction.ADD, "delta", to="==1.0")
    candidate = Candidate((*moved(*lines).edits, added))
    fix = fix_of(HERE.case.manifest, Way(candidate, 2, "smallest-change"))
    assert ("keeps your lines as they are" in fix.reason) == stay
    assert fix.reason


def test_time_to_the_fix_is_told_of_a_fix_alone() -> None:
    def told(*ways: Way) -> float | None:
        conclusion = Conclusion(VerdictKind.FIXED, (culprit("alpha"),), ways)
        probes = [failed(1), passed(2)]
        return verdict_of(
            HERE.case.manifest, TARGET, conclusion, probes, seconds_to_fix=3.0
        ).seconds_to_fix

    assert told(Way(moved("alpha"), 2, "bump")) == 3.0
    assert told() is None


STEADY = Conclusion(VerdictKind.CULPRITS, (culprit("alpha"),))


def test_where_nothing_contradicts_itself_nothing_is_doubted() -> None:
    assert confidence_of(STEADY, [failed(1, "alpha"), passed(2)]) == 1.0


@pytest.mark.parametrize(
    ("unsteady", "failures", "names", "sure"),
    [
        (1, 1, ["alpha"], 0.8),
        (1, 2, ["alpha"], 0.96),
        (1, 0, ["alpha"], 0.8),
        (3, 1, ["alpha"], 0.6),
        (9, 1, ["alpha"], 0.5),
        (1, 1, ["alpha", "alpha"], 0.64),
        (1, 2, ["alpha", "beta"], 0.768),
        (1, 1, [], 1.0),
    ],
)
def test_who_failed_so_often_among_eight_builds_is_so_sure(
    unsteady: int, failures: int, names: list[str], sure: float
) -> None:
    culprits = tuple(map(culprit, names))
    shaky = Conclusion(VerdictKind.CULPRITS, culprits, unsteady=unsteady)
    probes = [failed(at, "alpha") for at in range(failures)]
    assert confidence_of(shaky, [*probes, *map(passed, range(failures, 8))]) == sure


def test_each_further_failure_of_a_culprit_makes_it_surer() -> None:
    shaky = replace(STEADY, unsteady=1)
    others = [passed(number) for number in range(10, 18)]
    sure = [
        confidence_of(shaky, [*others[n:], *(failed(at, "alpha") for at in range(n))])
        for n in (1, 2, 4)
    ]
    assert sure == sorted(set(sure)), "more is surer"
    assert 0.5 <= sure[0] < sure[-1] < 1.0


def test_the_more_builds_contradict_each_other_the_less_is_sure() -> None:
    probes = [failed(1, "alpha"), *(passed(number) for number in range(2, 12))]
    sure = [confidence_of(replace(STEADY, unsteady=n), probes) for n in (1, 2, 4)]
    assert sure == sorted(sure, reverse=True)
    assert len(set(sure)) == 3


def test_what_the_resolver_says_and_the_failures_of_others_count_for_nothing() -> None:
    shaky = replace(STEADY, unsteady=1)
    probes = [failed(1, "alpha"), passed(2), passed(3)]
    bare = confidence_of(shaky, probes)
    resolved = [failed(n, kind=ProbeKind.RESOLVE) for n in range(4, 9)]
    assert confidence_of(shaky, [*probes, *resolved]) == bare
    two = confidence_of(shaky, [*probes, failed(9, "alpha")])
    other = confidence_of(shaky, [*probes, failed(9, "beta")])
    assert two > other


def test_a_file_of_the_machine_says_what_to_install_and_the_way_around() -> None:
    lacking = replace(
        culprit("alpha", cause=Cause.SYSTEM_DEP_MISSING), advice="install libffi-dev."
    )
    fix = fix_of(HERE.case.manifest, Way(moved("alpha"), 2, "bump"))
    [note] = machine_notes([lacking, culprit("beta")], fix)
    assert "To keep it, install libffi-dev." in note.text
    assert "The fix takes alpha 2.0 instead" in note.text
    assert note.probe == 1
    [alone] = machine_notes([lacking], None)
    assert "The fix takes" not in alone.text


@pytest.mark.parametrize("lacking", [True, False])
def test_the_summary_says_where_the_machine_is_at_fault(lacking: bool) -> None:
    cause = Cause.SYSTEM_DEP_MISSING if lacking else Cause.COMPILE_ERROR
    conclusion = Conclusion(VerdictKind.CULPRITS, (culprit("alpha", cause=cause),))
    summary = verdict_of(HERE.case.manifest, TARGET, conclusion, [failed(1)]).summary
    assert summary.startswith("1 culprit proven; no fix could be verified.")
    assert summary.endswith("For alpha 1.0 this machine is at fault, not the version.") is lacking


def test_build_constraints_are_a_file_of_the_fix_and_shown_as_its_lines() -> None:
    way = Way(Candidate(), 2, "build-constraint", build_constraints=("setuptools<81",))
    fix = fix_of(HERE.case.manifest, way)
    assert [(edit.name, edit.after, edit.action) for edit in fix.edits] == [
        ("setuptools", "<81", EditAction.ADD)
    ]
    [(name, data)] = fix.files.items()
    assert (name, data) == ("depbisect-build-constraints.txt", b"setuptools<81\n")


@pytest.mark.parametrize("rivals", [1, 2])
def test_the_first_of_several_fixes_says_why_it_is_the_first(rivals: int) -> None:
    fix = fix_of(HERE.case.manifest, Way(moved("alpha"), 2, "bump"), first=True, of=rivals)
    assert ("fewest lines" in fix.reason) is (rivals > 1)
