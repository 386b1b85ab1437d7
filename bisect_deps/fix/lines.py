"""Finds lines that fail a check together by leaving lines out, then moves one of them.

The last resort for a failing check: no move that its failure suggests has helped. It needs a check
that is not about what is left out: the imports of every line that stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from packaging.version import Version

from bisect_deps.fix.accuse import broken_of, certified
from bisect_deps.fix.ask import ask
from bisect_deps.fix.case import Case, dropped, with_edits
from bisect_deps.fix.culprits import described
from bisect_deps.fix.failure import first_fingerprint, shows, suspects_of
from bisect_deps.fix.inquiry import Story
from bisect_deps.fix.subsets import drive, dropping
from bisect_deps.model import (
    Culprit,
    Outcome,
    Phase,
    Probe,
    ProbeKind,
    Release,
    Requirement,
)
from bisect_deps.policy import POLICY
from bisect_deps.search.strategy import SearchProblem, bisect


@dataclass(frozen=True, slots=True)
class Parted:
    """The culprits among the lines, and the build that passes with one of each moved, if any."""

    culprits: tuple[Culprit, ...]
    passing: Probe | None = None


def part(case: Case, failing: Probe) -> Story[Parted]:
    """Find the minimal failing sets among the lines, and a release of a member that passes."""
    base = failing.candidate
    items = case.current(base)
    named = [suspect.name for suspect in suspects_of(failing)]
    problem = SearchProblem(
        items=tuple(line.number for line in items),
        hints=tuple(line.number for name in named for line in items if line.name == name),
        slots=case.slots,
        prefer=case.prefer,
        single_cost=POLICY.single_cost if case.capabilities.cheap_single else 1.0,
    )
    axis = dropping(case, base, items, failing, check=True)
    known = {frozenset(problem.items): failing}
    finding, probes = yield from drive(case, bisect(problem), axis, known)
    by_number = {line.number: line for line in items}
    culprits = tuple(
        replace(certified(case, by_number, culprit, probes), phase=Phase.CHECK)
        for culprit in finding.culprits
    )
    probe = failing
    for culprit in culprits:
        moved = yield from _move_one(case, culprit, probe)
        if moved is None:
            return Parted(culprits)
        probe = moved
    return Parted(culprits, probe if culprits and probe.outcome is Outcome.PASS else None)


def accuse_alone(case: Case, failing: Probe) -> Story[tuple[Culprit, ...]]:
    """Accuse the line that the log suspects if its import fails alike with no other line there.

    No release of it may pass, and without it the check cannot pass either: nothing else shows it.
    """
    for suspect in suspects_of(failing)[:1]:
        lines = case.named(suspect.name)
        numbers = {line.number for line in lines}
        others = [dropped(line) for line in case.requirements if line.number not in numbers]
        if not lines or not case.capabilities.check:
            break
        purpose = f"does {suspect.name} import with no other line there?"
        base = with_edits(failing.candidate, others)
        probe = yield from ask(case, base, ProbeKind.SUBSET, purpose, imports=True)
        if shows(probe, first_fingerprint(failing)):
            return (described([broken_of(case, line, probe) for line in lines], probe),)
    return ()


def _move_one(case: Case, culprit: Culprit, failing: Probe) -> Story[Probe | None]:
    """Return the first probe in which another release of a member ends this failure."""
    chased = first_fingerprint(failing)
    for member in culprit.members:
        for version in _others(case, member.requirement, failing):
            candidate = case.settled(failing.candidate, {member.name: version})
            purpose = f"does the check pass with {Release(member.name, version)}?"
            probe = yield from ask(case, candidate, ProbeKind.VERSION, purpose)
            if probe.outcome is Outcome.PASS:
                return probe
            if probe.outcome is Outcome.FAIL and not shows(probe, chased):
                # This set is fixed as far as the log can tell; the next one is at the front.
                return probe
    return None


def _others(case: Case, requirement: Requirement, failing: Probe) -> Iterator[str]:
    """Yield the nearest newer releases of a project, then the nearest older ones."""
    now = requirement.pin or case.installed(failing).get(requirement.name)
    if now is None:
        return
    here = Version(now)
    usable: Sequence[str] = [release.version for release in case.releases(requirement.name)]
    newer = [version for version in usable if Version(version) > here]
    older = [version for version in reversed(usable) if Version(version) < here]
    yield from newer[: POLICY.moved_releases]
    yield from older[: POLICY.moved_releases]
