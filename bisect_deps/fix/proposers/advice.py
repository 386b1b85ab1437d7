"""What the failure's own signature advises: `setuptools<81`, or the project that is missing."""

from __future__ import annotations

from collections.abc import Iterator

from packaging.specifiers import SpecifierSet

from bisect_deps.fix.case import Case, parsed_requirement
from bisect_deps.fix.proposers.base import Move, Scene, moved, ready_first, superseded
from bisect_deps.index.releases import instant
from bisect_deps.model import RemedyKind


def propose(case: Case, scene: Scene) -> Iterator[Move]:
    """Yield what the log's signatures advise, then the project that nothing pulls in."""
    for remedy in scene.breakage.remedies:
        found = parsed_requirement(remedy.requirement)
        if remedy.kind is not RemedyKind.RUN or found is None:
            continue
        name, clause = found
        allowed = SpecifierSet(clause)
        now = scene.installed.get(name)
        if now is not None and allowed.contains(now, prereleases=True):
            continue
        allowing = [r for r in reversed(case.releases(name)) if r.parsed in allowed]
        fit = ready_first(case, name, allowing)
        why = f"the failure's own advice: {remedy.requirement}"
        yield from moved(case, scene.candidate, name, fit, why)
    yield from _missing(case, scene)


def _missing(case: Case, scene: Scene) -> Iterator[Move]:
    """Yield the project that a release imports and does not require, as of that release's day."""
    name, user = scene.breakage.lacks, scene.breakage.user
    if not name or name in scene.installed:
        return
    until = superseded(case, user, scene.installed[user]) if user in scene.installed else None
    known = [
        release
        for release in case.releases(name)
        if until is None or (release.uploaded and instant(release.uploaded) < until)
    ]
    versions = ready_first(case, name, reversed(known or list(case.releases(name))))
    why = f"{user or 'the check'} imports {name}, which nothing in the file asks for"
    yield from moved(case, scene.candidate, name, versions, why)
