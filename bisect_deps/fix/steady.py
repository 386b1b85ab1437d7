"""A build that contradicts others is made once more: what installed before fails by accident.

Costs nothing where no two builds contradict each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from bisect_deps.fix.ask import Seen, relayed
from bisect_deps.fix.case import Case
from bisect_deps.fix.failed import broken_releases
from bisect_deps.fix.failure import installs, phase_of
from bisect_deps.fix.inquiry import BudgetSpent, Inquiry, Story
from bisect_deps.model import Outcome, Phase, Probe, Release
from bisect_deps.policy import POLICY

T = TypeVar("T")


def steadied(case: Case, seen: Seen, story: Story[T]) -> Story[T]:
    """Tell a story, each failure of a release that installed before repeated; `seen` hears all."""
    believed: set[Release] = set()

    def answer(inquiries: Sequence[Inquiry]) -> Story[Sequence[Probe]]:
        probes = list((yield inquiries))
        for place, inquiry in enumerate(inquiries):
            probes[place] = yield from _steady(case, seen, inquiry, probes[place], believed)
        return probes

    return (yield from relayed(story, answer))


def _steady(
    case: Case, seen: Seen, inquiry: Inquiry, probe: Probe, believed: set[Release]
) -> Story[Probe]:
    """Return a probe, or the first repeat of it that contradicts no other build."""
    doubted = _contradicting(case, seen, inquiry, probe) - believed
    last = probe
    for repeat in range(1, POLICY.contradicted_builds) if doubted else ():
        try:
            [last] = yield [replace(inquiry, repeat=inquiry.repeat + repeat, exact=None)]
        except BudgetSpent:
            return probe
        if not _contradicting(case, seen, inquiry, last) & doubted:
            return last
    believed |= doubted
    return last


def _contradicting(case: Case, seen: Seen, inquiry: Inquiry, probe: Probe) -> frozenset[Release]:
    """Return the releases that failed to install here and installed in another build."""
    if probe.outcome is not Outcome.FAIL or installs(probe) or phase_of(probe) is Phase.RESOLVE:
        return frozenset()
    known = seen.installed(case)
    named = frozenset(broken_releases(probe))
    if named or inquiry.isolated is not None:
        return named & known
    all_of = case.releases_of(probe.candidate) or {}
    every = frozenset(Release(name, version) for name, version in all_of.items())
    return every if every <= known else frozenset()
