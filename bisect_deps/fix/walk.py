"""Ends a resolver's walk through the releases of a project: with the bound that it would come to.

A walk has no answer in the time that a build has. The resolver here, which builds nothing, has one
at once. With it written down the installer says at once, too, what it would have said in the end:
that it installs, or what stands against it.
"""

from __future__ import annotations

from dataclasses import replace

from bisect_deps.fix.accuse import Standing
from bisect_deps.fix.ask import ask
from bisect_deps.fix.case import Case, allows
from bisect_deps.fix.culprits import described
from bisect_deps.fix.failure import installs, suspects_of
from bisect_deps.fix.inquiry import Story
from bisect_deps.model import Candidate, Cause, Note, Probe, ProbeKind
from bisect_deps.policy import POLICY


def is_walk(probe: Probe) -> bool:
    """Say whether a build ended while its resolver went through releases."""
    diagnosis = probe.diagnosis
    return diagnosis is not None and diagnosis.cause is Cause.RESOLVER_BACKTRACKING


def end_walk(case: Case, failing: Probe) -> Story[Standing]:
    """Return the standing of the file with what is walked through held at one release.

    The walked projects are its culprits where it installs then; else its probe tells more.
    """
    standing = Standing(failing.candidate, failing)
    while len(standing.notes) < POLICY.walk_builds and is_walk(walking := standing.probe):
        candidate = _bounded(case, walking)
        bounds = [edit for edit in candidate.edits if edit not in walking.candidate.edits]
        if not bounds:
            break
        name = bounds[0].name
        case.progress.phase(f"The resolver goes through the releases of {name}; bounding it")
        purpose = f"does it end with {name} bounded?"
        probe = yield from ask(case, candidate, ProbeKind.FIX, purpose)
        summary = suspects_of(walking)[0].summary
        member = case.member(name, None, case.resolve(candidate))
        if member is not None:
            culprit = described([member], walking)
            advice = (
                f"keep {name} bounded, as by `{bounds[0].text}`: unbounded it is gone through again"
            )
            standing = standing.knowing([replace(culprit, advice=advice)])
        standing = standing.at(candidate, probe).knowing((), Note(summary, walking.number))
    if installs(standing.probe):
        return Standing(standing.candidate, standing.probe, standing.culprits)
    return Standing(standing.candidate, standing.probe, notes=standing.notes)


def _bounded(case: Case, walking: Probe) -> Candidate:
    """Return the candidate with the walked project at the release that suits the rest, if any does.

    Else, and where only a build would tell, at the newest that its lines allow; as it was where
    there is none.
    """
    name = next((s.broken or s.name for s in suspects_of(walking)), "")
    base = walking.candidate
    if not name or any(edit.name == name for edit in base.edits):
        return base
    version = (case.releases_of(base) or {}).get(name)
    lines = (*case.named(name), *case.limited(name))
    if version is None:
        fit = [r.version for r in case.releases(name) if all(allows(n, r.version) for n in lines)]
        version = fit[-1] if fit else None
    return case.settled(base, {name: version}) if version is not None else base
