"""Environments that are used again save time and prove nothing: a fix is built from scratch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bisect_deps.fix.conclusion import Conclusion
from bisect_deps.fix.inquiry import Inquiry
from bisect_deps.fix.repair import repair
from bisect_deps.model import Outcome, Probe, VerdictKind
from bisect_deps.run.driver import drive
from tests.fix.simulated import Checks, SimulatedBuilds
from tests.fix.small import Small, at, breaks, small
from tests.fix.solving import case_of


def layered() -> Small:
    """Two layers, the second with releases to narrow between."""
    projects = {
        "app": [at("1.0", "2020-06-01", "lib", "base")],
        "lib": [at("1.0", "2020-01-01"), at("2.0", "2022-01-01")],
        "base": [at(f"{n}.0", f"201{n}-01-01") for n in range(1, 8)],
    }
    faults = (
        breaks("amber", app="1.0", lib="2.0"),
        breaks("beryl", place=1, app="1.0", base="6.0/7.0"),
    )
    return small("app==1.0\n", projects, *faults)


class Misleading(SimulatedBuilds):
    """Builds that pass whenever an environment was used before, except where both faults are in."""

    def answer(self, inquiries: Sequence[Inquiry]) -> list[Probe]:
        found = super().answer(inquiries)
        return [
            replace(probe, outcome=Outcome.PASS)
            if probe.warm and len(inquiry.candidate.edits) == 1
            else probe
            for inquiry, probe in zip(inquiries, found, strict=True)
        ]


def concluded(here: Small, builds: SimulatedBuilds) -> Conclusion:
    case = case_of(here.scenario, builds)
    conclusion: Conclusion = drive(repair(case), builds)  # type: ignore[arg-type]
    return conclusion


def number(builds: SimulatedBuilds, wanted: int) -> Probe:
    return next(probe for probe in builds.probes if probe.number == wanted)


def test_what_only_tries_a_check_out_uses_environments_again() -> None:
    here = layered()
    assert concluded(here, here.builds).kind is VerdictKind.FIXED
    assert any(probe.warm for probe in here.builds.probes)


def test_the_fix_that_is_told_was_built_from_scratch() -> None:
    here = layered()
    conclusion = concluded(here, here.builds)
    for way in conclusion.ways:
        proof = number(here.builds, way.probe)
        assert proof.outcome is Outcome.PASS
        assert not proof.warm
    for culprit in conclusion.culprits:
        assert culprit.proof.passing_probe == conclusion.ways[0].probe


def test_where_a_used_environment_misled_all_is_built_from_scratch() -> None:
    here = layered()
    misled = Misleading(here.scenario)
    conclusion = concluded(here, misled)
    honest = concluded(here, SimulatedBuilds(here.scenario))
    assert conclusion.kind is VerdictKind.FIXED
    assert {edit.name for edit in conclusion.ways[0].candidate.edits} == {"lib", "base"}
    assert [c.members for c in conclusion.culprits] == [c.members for c in honest.culprits]
    assert any("fresh" in note.text for note in conclusion.notes)


def test_an_answer_from_before_is_given_again_in_a_replay() -> None:
    here = layered()
    first = concluded(here, here.builds)
    again = SimulatedBuilds(here.scenario, here.builds.conditions)
    assert replace(concluded(here, again), passing=None) == replace(first, passing=None)
    assert again.builds == 0


def test_imports_are_tried_where_the_file_was_just_installed() -> None:
    projects = {"app": [at("1.0")]}
    here = small("app==1.0\n", projects, checks=Checks.IMPLIED)
    assert concluded(here, here.builds).kind is VerdictKind.PASSES
    [(whole, _), (imports, probe)] = here.builds.asked
    assert (whole.exact, imports.exact) == (None, ("app==1.0",))
    assert probe.outcome is Outcome.PASS


def test_a_file_without_requirements_is_built_once_and_said_to_have_nothing() -> None:
    here = small("# nothing yet\n", {}, checks=Checks.IMPLIED)
    conclusion = concluded(here, here.builds)
    assert conclusion.kind is VerdictKind.PASSES
    assert conclusion.summary == "The file names no requirement."
    assert here.builds.builds == 1
