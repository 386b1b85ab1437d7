"""Culprits in words: whose log line stands for them, once each, proven where they can be."""

from __future__ import annotations

from dataclasses import replace

from bisect_deps.fix.culprits import described, merged, proven, reported_by_breakage, told_once
from bisect_deps.model import (
    Breakage,
    BreakageKind,
    Candidate,
    Cause,
    Culprit,
    Diagnosis,
    Evidence,
    Member,
    Mention,
    Outcome,
    Phase,
    Probe,
    ProbeKind,
    Proof,
    Remedy,
    RemedyKind,
    Requirement,
    Suspect,
)


def line(number: int, name: str) -> Requirement:
    return Requirement(number, name, "==1.0", f"{name}==1.0", "requirements.txt", number + 1)


APP, LIB = Member(line(0, "app"), "app", "1.0"), Member(line(1, "lib"), "lib", "1.0")


def failed(*suspects: Suspect, breakages: tuple[Breakage, ...] = ()) -> Probe:
    found = Diagnosis(Outcome.FAIL, Cause.COMPILE_ERROR, Phase.BUILD, suspects, breakages=breakages)
    return Probe(7, ProbeKind.WHOLE, Candidate(), Outcome.FAIL, diagnosis=found,
                 installed={"deep": "3.0"})  # fmt: skip


def test_the_suspect_that_failed_itself_speaks_before_one_that_only_pulls_it_in() -> None:
    near = Suspect("lib", failing=Mention.parse("other==1.0"), via=("lib",), summary="near")
    own = Suspect(
        "app", failing=Mention.parse("lib==1.0"), cause=Cause.BUILD_API_REMOVED, summary="own"
    )
    culprit = described([LIB], failed(near, own))
    assert (culprit.summary, culprit.cause) == ("own", Cause.BUILD_API_REMOVED)
    assert culprit.proof == Proof(7, None)


def test_what_broke_deeper_is_said_with_its_chain() -> None:
    suspect = Suspect(
        "app",
        failing=Mention.parse("deep"),
        via=("app", "lib"),
        summary="deep: no such header",
        phase=Phase.CHECK,
    )
    assert described([APP], failed(suspect)).summary == (
        "app 1.0 breaks with deep 3.0, which it pulls in through lib: no such header"
    )


def test_only_remedies_for_builds_are_kept_for_older_tools() -> None:
    remedies = (Remedy(RemedyKind.RUN, "tools<2"), Remedy(RemedyKind.BUILD, "setuptools<81"))
    suspect = Suspect("app", failing=Mention.parse("app==1.0"), remedies=remedies)
    assert described([APP], failed(suspect)).remedies == ("setuptools<81",)


def test_a_culprit_is_told_once_the_first_proof_stays() -> None:
    first = described([APP], failed())
    again = replace(first, summary="again")
    both = described([APP, LIB], failed())
    assert merged([first], [again, both, both]) == (first, both)


def test_the_sides_of_one_error_are_told_once_by_the_line_that_moves() -> None:
    def shown(member: Member, text: str) -> Culprit:
        return replace(described([member], failed()), evidence=(Evidence(1, text),))

    gone = (
        "ImportError: cannot import name 'escape' from 'deep' ({}/site-packages/deep/__init__.py)"
    )
    pulled = replace(APP, name="deep", version="3.0", via=("app",))
    own, side = shown(APP, gone.format("/one/lib")), shown(pulled, gone.format("/two/lib"))
    assert told_once([side, own]) == (own,)
    other = shown(pulled, "ImportError: cannot import name 'Markup' from 'deep'")
    assert told_once([other, own]) == (other, own)
    assert told_once([side]) == (side,)


def test_a_passing_proof_is_added_where_it_lacks_and_never_replaced() -> None:
    culprit = described([APP], failed())
    once = proven(culprit, 9)
    assert once.proof == Proof(7, 9)
    assert proven(once, 11) == once


def test_the_breakage_that_names_what_lacks_is_told_first() -> None:
    user = Breakage(BreakageKind.NAME_GONE, user="lib", lacks="other")
    lacks = Breakage(BreakageKind.NAME_GONE, user="app", lacks="lib")
    through = Breakage(BreakageKind.RAISED, through=("top", "deep"))
    probe = failed(breakages=(user, lacks, through))
    assert reported_by_breakage(probe, ["lib"]) == lacks
    assert reported_by_breakage(probe, ["deep"]) == through
    assert reported_by_breakage(probe, ["nobody"]) == user, "the first, where none names it"
    assert reported_by_breakage(failed(), ["lib"]) is None


def test_what_broke_deeper_is_named_once_with_its_version() -> None:
    suspect = Suspect(
        "app",
        failing=Mention.parse("tool==1.7"),
        via=("app",),
        summary="tool==1.7: it is not installed",
    )
    assert described([APP], failed(suspect)).summary == (
        "app 1.0 breaks with tool 1.7, which it pulls in: it is not installed"
    )


def test_what_a_build_requires_is_not_pulled_in() -> None:
    suspect = Suspect(
        "app",
        failing=Mention.parse("tool==1.7"),
        via=("app",),
        cause=Cause.BUILD_DEP_FAILED,
        summary="tool==1.7: what the build itself requires could not be installed",
    )
    assert described([APP], failed(suspect)).summary == (
        "app 1.0 cannot be built: tool 1.7, which its build requires, could not be installed"
    )
