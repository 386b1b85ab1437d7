"""Whole series at a time: the newest of the series before, never neighbour by neighbour.

A release from before this Python came out goes the other way first: most often it is Python that
changed, and no older release can know of that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bisect_deps.fix.case import Case
from bisect_deps.fix.failure import involved
from bisect_deps.fix.proposers.base import (
    Move,
    Scene,
    lifted,
    moved,
    newer_than,
    older_than,
    ready_first,
    series,
    since,
)
from bisect_deps.index import ReleaseFacts
from bisect_deps.policy import POLICY


def propose(case: Case, scene: Scene) -> Iterator[Move]:
    """Yield older series of the projects that the failure names, then their newest releases."""
    names = [name for name in involved(scene.probe) if name in scene.installed]
    first = [name for name in (scene.breakage.lacks, scene.breakage.user) if name in names]
    chosen = list(dict.fromkeys([*first, *names]))[: POLICY.stepped_projects]
    for name in chosen:
        yield from _after_python(case, scene, name)
    for name in chosen:
        yield from _back(case, scene, name, most=POLICY.first_steps)
        yield from _newest(case, scene, name)
    if not scene.breakage.lacks:
        for name in _pulled_in(case, scene, names)[: POLICY.stepped_projects]:
            yield from _back(case, scene, name, most=1)
    for name in chosen:
        yield from _back(case, scene, name)


def _pulled_in(case: Case, scene: Scene, names: Sequence[str]) -> list[str]:
    """Return what the failing release pulls in, where the log does not tell what it lacks."""
    resolution = case.resolve(scene.candidate)
    if resolution is None or scene.breakage.user not in scene.installed:
        return []
    pulled = resolution.brought_by(scene.breakage.user)
    return sorted(name for name in pulled if name in scene.installed and name not in names)


def _back(case: Case, scene: Scene, name: str, most: int = POLICY.steps) -> Iterator[Move]:
    now = scene.installed[name]
    for release in steps_back(older_than(case, name, now), now)[:most]:
        older = [r for r in older_than(case, name, now) if r.parsed <= release.parsed]
        versions = ready_first(reversed(older))
        why = f"{name} {{version}} is of an older series than {now}"
        yield from moved(case, scene.candidate, name, versions, why)


def _after_python(case: Case, scene: Scene, name: str) -> Iterator[Move]:
    """Lift a release that is older than this Python to the first that is younger, or the newest.

    Where that is of a later major series, the newest of its own goes first: it asks no other line
    to move, and most projects learn of a newer Python without a new interface.
    """
    came_out = case.python_came_out
    newer = newer_than(case, name, scene.installed[name])
    own = [r for r in case.releases(name) if r.version == scene.installed[name]]
    if came_out is None or since(own, came_out):
        return
    knowing = since(newer, came_out)
    why = f"{name} {{version}} can know this Python better than {scene.installed[name]}"
    if knowing and series(knowing[0].version)[0] != series(scene.installed[name])[0]:
        yield from _own_major(case, scene, name, newer, why)
    yield from lifted(case, scene.candidate, name, knowing or list(reversed(newer)), why)


def _own_major(
    case: Case, scene: Scene, name: str, newer: Sequence[ReleaseFacts], why: str
) -> Iterator[Move]:
    """Lift a project within its major series, to the newest that suits all other lines."""
    major = series(scene.installed[name])[0]
    own = [r.version for r in reversed(newer) if series(r.version)[0] == major]
    touched = {name, *(edit.name for edit in scene.candidate.edits)}
    for move in moved(case, scene.candidate, name, own, why):
        if all(edit.name in touched for edit in move.candidate.edits):
            yield move


def _newest(case: Case, scene: Scene, name: str) -> Iterator[Move]:
    newer = list(reversed(newer_than(case, name, scene.installed[name])))
    yield from lifted(case, scene.candidate, name, newer, f"{name} {{version}} is its newest")


def steps_back(older: Sequence[ReleaseFacts], now: str) -> list[ReleaseFacts]:
    """Return the newest releases of older series: the major before, the minor, then ever farther.

    `older` is oldest first. A first number of 0 counts as no major series.
    """
    heads: dict[tuple[int, int], ReleaseFacts] = {}
    for release in older:
        heads[series(release.version)] = release
    major, minor = series(now)
    below = [heads[key] for key in sorted(heads, reverse=True) if key < (major, minor)]
    before = [release for release in below if series(release.version)[0] < major]
    within = [release for release in older if series(release.version) == (major, minor)]
    far = [below[at] for at in (0, 1, 3, 7) if at < len(below)]
    earlier = [before[at] for at in (0, 1, 3) if at < len(before)]
    near = [older[-step] for step in (1, 2, 4) if step <= len(older)]
    chosen = [*earlier[:1], *far[:1], *earlier[1:], *far[1:], *within[:1], *near]
    return list({release.version: release for release in chosen}.values())[: POLICY.steps]
