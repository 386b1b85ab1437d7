"""Everything unpinned as of the day for which the file was written: what once worked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from bisect_deps.fix.case import Case, is_older
from bisect_deps.fix.failure import involved
from bisect_deps.fix.proposers.base import Move, Scene
from bisect_deps.index.releases import instant
from bisect_deps.model import Candidate, Release
from bisect_deps.policy import POLICY

INSTANT = "%Y-%m-%dT%H:%M:%SZ"


def propose(case: Case, scene: Scene) -> Iterator[Move]:
    """Yield the loose releases of ever later days: of what the suspects pull in, then of all."""
    if case.resolver is None or case.index is None:
        return
    pins = case.pins(scene.candidate)
    loose = [name for name in sorted(scene.installed) if name not in pins]
    for group in _groups(case, scene, loose):
        for day in _days(case, scene, pins):
            then = case.resolve(scene.candidate, until=dict.fromkeys(group, day.strftime(INSTANT)))
            if then is None or not then.resolved:
                continue
            older = older_versions(scene.installed, then.releases, group)
            if older:
                candidate = case.settled(scene.candidate, older)
                why = f"what was loose, as of {day.date().isoformat()}"
                yield Move(candidate, "", why)


def older_versions(
    now: Mapping[str, str], then: Mapping[str, str], names: Iterable[str]
) -> dict[str, str]:
    """Return those of the projects whose release was an older one then."""
    return {
        name: then[name]
        for name in names
        if name in then and name in now and is_older(then[name], now[name])
    }


def _groups(case: Case, scene: Scene, loose: Sequence[str]) -> Iterator[list[str]]:
    """Yield what to set back together: what the suspects pull in, then everything loose."""
    resolution = case.resolve(scene.candidate)
    tops = {line.name for line in case.requirements} & set(involved(scene.probe))
    pulled = [
        name
        for name in loose
        if resolution is not None and any(name in resolution.brought_by(top) for top in tops)
    ]
    if pulled and pulled != list(loose):
        yield pulled
    yield list(loose)


def _days(case: Case, scene: Scene, pins: Mapping[str, str]) -> Iterator[datetime]:
    """Yield days on which the file may have worked: when its pins were new, then ever later."""
    assert case.index is not None
    written = case.index.latest_upload(Release(name, pin) for name, pin in pins.items())
    suspected = [
        Release(name, scene.installed[name])
        for name in involved(scene.probe)
        if name in scene.installed and name != scene.breakage.lacks
    ]
    ranged = case.index.latest_upload(suspected[:1])
    anchors = [written, ranged] if pins else [ranged]
    for anchor in dict.fromkeys(moment for moment in anchors if moment):
        for years in POLICY.later_years:
            yield instant(anchor) + timedelta(days=1 + 365 * years)


def as_of(case: Case, candidate: Candidate, names: Sequence[str], day: str) -> Mapping[str, str]:
    """Return what a candidate resolves to with these projects as of an instant; {} for nothing."""
    then = case.resolve(candidate, until=dict.fromkeys(names, day))
    return then.releases if then is not None and then.resolved else {}
