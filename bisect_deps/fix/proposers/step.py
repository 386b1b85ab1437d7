"""Whole series at a time: the newest of the series before, never neighbour by neighbour.

A release from before this Python came out goes the other way first: most often it is Python that
changed, and no older release can know of that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bisect_deps.diagnosis.modules import distribution_of
from bisect_deps.fix.case import Case, is_compiled
from bisect_deps.fix.failure import involved
from bisect_deps.fix.outlived import outlived
from bisect_deps.fix.proposers.base import (
    Move,
    Scene,
    came_out,
    held_back,
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

_WORD = re.compile(r"[A-Za-z_]\w{0,80}")


def propose(case: Case, scene: Scene) -> Iterator[Move]:
    """Yield older series of the projects that the failure names, then their newest releases."""
    told = [name for name in involved(scene.probe) if name in scene.installed]
    names = told or _unnamed(case, scene)
    first = [name for name in (scene.breakage.lacks, scene.breakage.user) if name in names]
    chosen = list(dict.fromkeys([*first, *names]))[: POLICY.stepped_projects]
    for name in chosen:
        yield from _after_python(case, scene, name)
    drifted, others = _pulled_in(case, scene, names)
    for name in drifted[: POLICY.stepped_projects]:
        yield from _as_of(case, scene, name, scene.breakage.user)
        yield from _back(case, scene, name, most=1)
    for name in chosen:
        yield from _back(case, scene, name, most=POLICY.first_steps)
        yield from _newest(case, scene, name)
    for name in others[: POLICY.stepped_projects]:
        yield from _back(case, scene, name, most=1)
    for name in chosen:
        yield from _back(case, scene, name)


def _pulled_in(
    case: Case, scene: Scene, names: Sequence[str]
) -> tuple[Sequence[str], Sequence[str]]:
    """Return what the failing release pulls in, where the log does not tell what it lacks.

    What came out after that release, and then what did not; each has what it asks for itself first.
    """
    user = scene.breakage.user
    resolution = case.resolve(scene.candidate)
    if scene.breakage.lacks or resolution is None or user not in scene.installed:
        return (), ()
    if outlived(case, scene.probe):
        return (), ()
    day = came_out(case, user, scene.installed[user])
    pulled = [n for n in resolution.brought_by(user) if n in scene.installed and n not in names]
    pulled.sort(key=lambda name: (user not in resolution.parents[name], name))
    releases = {name: case.release(name, scene.installed[name]) for name in pulled}
    after = {name for name, r in releases.items() if r is not None and since([r], day)}
    return [n for n in pulled if n in after], [n for n in pulled if n not in after]


def _unnamed(case: Case, scene: Scene) -> list[str]:
    """Return the lines that move by themselves: where a log names nobody, the check's code failed.

    Those first that the check itself names.
    """
    pins = case.pins(scene.candidate)
    loose = [line.name for line in case.requirements if line.name in scene.installed]
    listed = {name: True for name in loose if name not in pins}
    words = {word for check in case.checks for word in _WORD.findall(check)}
    said = {distribution_of(word, {}, listed, installed=True) for word in words}
    return sorted(listed, key=lambda name: name not in said)


def _as_of(case: Case, scene: Scene, name: str, user: str) -> Iterator[Move]:
    """Hold what a release pulls in back to what there was when that release came out.

    Nothing that would have to be compiled: most often such a release is older than this Python.
    """
    version = scene.installed[user]
    why = f"{name} {{version}} is what {user} {version} came out with"
    for move in held_back(case, scene, name, came_out(case, user, version), why):
        releases = case.releases_of(move.candidate)
        if not is_compiled(case, name, releases.get(name) if releases else None):
            yield move


def _back(case: Case, scene: Scene, name: str, most: int = POLICY.steps) -> Iterator[Move]:
    now = scene.installed[name]
    for release in steps_back(older_than(case, name, now), now)[:most]:
        older = [r for r in older_than(case, name, now) if r.parsed <= release.parsed]
        versions = ready_first(case, name, reversed(older))
        why = f"{name} {{version}} is of an older series than {now}"
        yield from moved(case, scene.candidate, name, versions, why)


def _after_python(case: Case, scene: Scene, name: str) -> Iterator[Move]:
    """Lift a release that is older than this Python to the first that is younger, or the newest.

    Where that is of a later major series, the newest of its own goes first: it asks no other line
    to move, and most projects learn of a newer Python without a new interface.
    """
    born = case.python_came_out
    newer = newer_than(case, name, scene.installed[name])
    own = [r for r in case.releases(name) if r.version == scene.installed[name]]
    if born is None or since(own, born):
        return
    knowing = since(newer, born)
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

    `older` is oldest first. A first number of 0 counts as no major series. Where the majors before
    are too far, the first series of the own one is near enough to begin with.
    """
    heads: dict[tuple[int, int], ReleaseFacts] = {}
    for release in older:
        heads[series(release.version)] = release
    major, minor = series(now)
    below = [heads[key] for key in sorted(heads, reverse=True) if key < (major, minor)]
    ends = {series(r.version)[0]: r for r in reversed(below) if series(r.version)[0] < major}
    majors = sorted(ends.values(), key=lambda release: release.parsed, reverse=True)
    within = [release for release in older if series(release.version) == (major, minor)]
    far = [below[at] for at in (0, 1, 3, 7) if at < len(below) and below[at] not in majors[:1]]
    near = [older[-step] for step in (1, 2, 4) if step <= len(older)]
    own = [release for release in below if series(release.version)[0] == major]
    first = next((release for release in reversed(own) if release.usable_wheel), None)
    floor = [first] if first is not None else own[-1:]
    chosen = [*majors[:1], *far[:1], *majors[1:3], *far[1:2], *floor, *far[2:], *majors[3:5]]
    chosen += [*within[:1], *near]
    return list({release.version: release for release in chosen}.values())[: POLICY.steps]
