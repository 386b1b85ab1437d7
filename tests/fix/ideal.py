"""A story that knows the truth: its verdicts break no law, or the laws contradict each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bisect_deps.model import (
    Candidate,
    Cause,
    Culprit,
    Edit,
    EditAction,
    Member,
    Narrowing,
    Phase,
    VerdictKind,
)
from tests.fix.simulated import Conditions, Scenario
from tests.fix.solving import Reported
from tests.fix.truth import Failing, Truth
from tests.fix.world import in_sight, parse


def solve_ideally(scenario: Scenario, conditions: Conditions | None = None) -> Reported:
    """Return a verdict that is right, found without a single build."""
    truth = Truth(scenario)
    failing = list(truth.failing(Candidate()))
    fix = fix_of(truth)
    for rest in _each_taken_back(fix) if fix is not None else ():
        failing += truth.failing(rest)
    culprits = tuple(_culprit(scenario, failure) for failure in dict.fromkeys(failing))
    if fix is None:
        return Reported(VerdictKind.CULPRITS, culprits)
    narrowed = tuple(
        replace(culprit, narrowings=tuple(_narrowings(truth, fix, culprit))) for culprit in culprits
    )
    return Reported(VerdictKind.FIXED, narrowed, fix)


def fix_of(truth: Truth) -> Candidate | None:
    """Return a fix of which no edit can be taken back, None where nothing passes."""
    if truth.scenario.passing is None:
        return None
    releases, requirements = truth.scenario.passing.releases, truth.scenario.manifest.requirements
    edits = [
        Edit(
            EditAction.REPIN,
            requirement.name,
            requirement.number,
            f"=={releases[requirement.name]}",
        )
        for requirement in requirements
        if requirement.name in releases and requirement.pin != releases[requirement.name]
    ]
    named = {requirement.name for requirement in requirements}
    edits += [
        Edit(EditAction.ADD, name, None, f"=={releases[name]}")
        for name in sorted(releases)
        if name not in named
    ]
    fix = Candidate(tuple(edits))
    while True:
        smaller = next((rest for rest in _each_taken_back(fix) if truth.passes(rest)), None)
        if smaller is None:
            return fix
        fix = smaller


def _each_taken_back(fix: Candidate) -> Iterator[Candidate]:
    for edit in fix.edits:
        yield Candidate(tuple(kept for kept in fix.edits if kept is not edit))


def _culprit(scenario: Scenario, failing: Failing) -> Culprit:
    requirements = scenario.manifest.requirements
    members = []
    for name, versions in failing.members:
        line = next(
            (requirement for requirement in requirements if requirement.name == name),
            requirements[0],
        )
        version = line.pin if line.name == name and line.pin in (versions or ()) else None
        members.append(Member(line, name, version))
    return Culprit(tuple(members), Phase.CHECK, Cause.UNKNOWN, str(failing))


def _narrowings(truth: Truth, fix: Candidate, culprit: Culprit) -> Iterator[Narrowing]:
    """Yield the nearest release on either side of the fix's own at which it fails."""
    names = {member.name for member in culprit.members}
    for edit in fix.edits:
        if edit.name not in names or edit.to is None:
            continue
        known = in_sight(truth.scenario.index.releases(edit.name))
        at = edit.to.removeprefix("==")
        below = [version for version in reversed(known) if parse(version) < parse(at)]
        above = [version for version in known if parse(version) > parse(at)]
        for side in (below, above):
            passing = at
            for version in side:
                if truth.passes(truth.moved(fix, edit.name, version)):
                    passing = version
                    continue
                yield Narrowing(edit.name, version, passing)
                break
