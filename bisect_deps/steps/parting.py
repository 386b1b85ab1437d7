"""Finds lines that fail a check together by leaving lines out, then moves one of them.

The last resort for a failing check: no newer or older set of releases passed as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator

from packaging.version import Version

from bisect_deps.model import Candidate, Outcome, Phase, Probe, ProbeKind, Requirement
from bisect_deps.probing import Story, edited
from bisect_deps.search.strategy import Problem, bisect
from bisect_deps.steps.accusing import found_certified
from bisect_deps.steps.base import (
    Alternative,
    Case,
    Context,
    Found,
    ask,
    repin,
    suspects_of,
    with_edits,
)
from bisect_deps.steps.locating import dropping_with_check, locate

# How many other releases of each member are tried, the nearest first.
MOST_RELEASES = 4


def part(context: Context, case: Case, failing: Probe) -> Story[Alternative | None]:
    """Find the minimal failing sets among the lines, and a release of a member that passes."""
    base = case.candidate
    items = edited(context.requirements, base.edits)
    named = [suspect.name for suspect in suspects_of(failing)]
    problem = Problem(
        items=tuple(each.number for each in items),
        hints=tuple(each.number for name in named for each in items if each.name == name),
        slots=context.slots,
        prefer=context.prefer,
        whole_cost=max(failing.seconds, 0.1),
        single_cost=max(failing.seconds / 4, 0.1),
        signature=failing.signature,
    )
    axis = dropping_with_check(context, base, items)
    known = {frozenset(problem.items): failing}
    finding, record = yield from locate(bisect(problem), axis, context, known)
    by_number = {each.number: each for each in items}
    culprits = [found_certified(by_number, each, record) for each in finding.culprits]
    candidate, probe = base, failing
    for found in culprits:
        found.phase = Phase.CHECK
        moved = yield from _move_one(context, candidate, found, probe)
        if moved is None:
            case.culprits += culprits
            return None
        candidate, probe = moved.candidate, moved
    if probe.outcome is not Outcome.PASS:
        return None
    return Alternative(candidate, probe.number, "bump", "", tuple(culprits))


def _move_one(
    context: Context, base: Candidate, found: Found, failing: Probe
) -> Story[Probe | None]:
    """Return the first probe in which another release of a member mends the set."""
    for member in found.members:
        for version in _others(context, member.requirement, failing):
            candidate = with_edits(base, [repin(context, member.requirement, version)])
            purpose = f"does the check pass with {member.name}=={version}?"
            probe = yield from ask(candidate, ProbeKind.VERSION, purpose, imports=context.imports)
            if probe.outcome is Outcome.PASS:
                return probe
            if probe.outcome is Outcome.FAIL and probe.signature != failing.signature:
                # This set is mended as far as the log can tell; the next one is at the front.
                return probe
    return None


def _others(context: Context, requirement: Requirement, failing: Probe) -> Iterator[str]:
    """Yield the nearest newer releases of a project, then the nearest older ones."""
    if context.index is None:
        return
    now = requirement.pin or (failing.installed or {}).get(requirement.name)
    if now is None:
        return
    usable = [
        each
        for each in context.index.releases(requirement.name)
        if each.installable and each.yanked is None and not each.parsed.is_prerelease
    ]
    here = Version(now)
    newer = [each.version for each in usable if each.parsed > here]
    older = [each.version for each in reversed(usable) if each.parsed < here]
    yield from newer[:MOST_RELEASES]
    yield from older[:MOST_RELEASES]
