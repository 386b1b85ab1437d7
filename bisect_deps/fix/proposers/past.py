"""Everything as of an earlier day, pins too: back before the newest releases, ever farther."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from bisect_deps.fix.case import Case
from bisect_deps.fix.proposers.base import Move, Scene
from bisect_deps.fix.proposers.day import INSTANT, older_versions
from bisect_deps.index.releases import instant
from bisect_deps.policy import POLICY


def propose(case: Case, scene: Scene) -> Iterator[Move]:
    """Yield all releases as of ever earlier days, the lines' pins loosened downwards."""
    if case.resolver is None:
        return
    known = [case.release(name, version) for name, version in scene.installed.items()]
    days = sorted(
        {release.uploaded for release in known if release is not None and release.uploaded},
        key=instant,
    )
    loosened = {line.number: "<=" for line in case.standing if line.pin and not line.url}
    for step in POLICY.earlier_releases:
        if step > len(days):
            return
        day = (instant(days[-step]) - timedelta(seconds=1)).strftime(INSTANT)
        until = dict.fromkeys(sorted(scene.installed), day)
        then = case.resolve(scene.candidate, loosened=loosened, until=until)
        if then is None or not then.resolved:
            continue
        older = older_versions(scene.installed, then.releases, scene.installed)
        if older:
            why = f"all releases as of {day[:10]}"
            yield Move(case.settled(scene.candidate, older), "", why)
