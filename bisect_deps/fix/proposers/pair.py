"""A uses what B lost: hold B back to what A can have known, or lift A; who is pinned says which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from packaging.version import Version

from bisect_deps.fix.case import Case, is_compiled, is_older, without
from bisect_deps.fix.proposers.base import (
    Move,
    Scene,
    began,
    came_out,
    held_back,
    lifted,
    moved,
    newer_than,
    series,
    since,
    superseded,
)
from bisect_deps.fix.proposers.day import INSTANT, older_versions
from bisect_deps.model import Breakage, Probe


def propose(case: Case, scene: Scene) -> Iterator[Move]:
    """Yield the moves that bring the two sides of a broken pair together, the likelier first."""
    user, lacks = scene.breakage.user, scene.breakage.lacks
    if user in scene.installed and not lacks:
        # What Python lost, no older release knows of: an earlier move may have gone too far back.
        yield from _between(case, scene, user)
    if user not in scene.installed or lacks not in scene.installed or user == lacks:
        return
    pins = case.pins(scene.candidate)
    yield from _between(case, scene, lacks)
    yield from _between(case, scene, user)
    if user in scene.held:
        # It broke with another release before: one newer release of it may fix both. Where pinned
        # lines use it, they know that one no better than it knows what it pulls in.
        if lacks not in pins and _is_used(case, scene, user, pins):
            yield from _hold_all(case, scene, user)
        yield from _lift(case, scene, user, lacks)
    if lacks in pins and user not in pins:
        yield from _hold(case, scene, user, lacks)
        yield from _lift(case, scene, lacks, user)
    elif lacks in pins:
        yield from _lift(case, scene, user, lacks)
        yield from _hold(case, scene, lacks, user)
    else:
        yield from _hold(case, scene, lacks, user)
        yield from _lift(case, scene, user, lacks)


def sides(case: Case, failing: Probe, breakage: Breakage, name: str) -> Iterator[Move]:
    """Yield the moves of one side of a pair alone, its other side kept where it is."""
    installed = case.installed(failing)
    scene = Scene(failing, breakage, installed, installed, {})
    other = breakage.lacks if name == breakage.user else breakage.user
    if name not in installed or other not in installed:
        return
    if name == breakage.user:
        yield from _lift(case, scene, name, other)
        yield from _hold(case, scene, name, other)
    else:
        yield from _hold(case, scene, name, other)
        yield from _lift(case, scene, name, other)


def _between(case: Case, scene: Scene, name: str) -> Iterator[Move]:
    """Bring a side that an earlier move set back half the way to where it was: it went too far."""
    before, now = scene.origin.get(name), scene.installed[name]
    if before is None or not is_older(now, before) or _is_younger(case, scene, name):
        return
    between = [r for r in newer_than(case, name, now) if is_older(r.version, before)]
    heads = {series(release.version): release.version for release in between}
    heads.pop(series(now), None)
    if len(heads) > 1:
        heads.pop(series(before), None)
    tops = sorted(heads.values(), key=Version)
    yield from moved(
        case, scene.candidate, name, tops[len(tops) // 2 :], f"{name} {{version}} lies between"
    )


def _is_younger(case: Case, scene: Scene, name: str) -> bool:
    """Say whether a side that lost something came out after who uses it: it goes back farther."""
    user = scene.breakage.user
    if name != scene.breakage.lacks:
        return False
    own = came_out(case, name, scene.installed[name])
    users = came_out(case, user, scene.installed[user])
    return own is not None and users is not None and users < own


def _hold(case: Case, scene: Scene, name: str, other: str) -> Iterator[Move]:
    """Hold one side back to its newest release that the other's can have known.

    A series seldom loses what it had: where that one is of the series that fails, the newest of the
    series before goes first.
    """
    version = scene.installed[other]
    until = superseded(case, other, version)
    why = f"{name} {{version}} is the newest that {other} {version} can have known"
    newest = list(held_back(case, scene, name, until, why))
    known = case.releases_of(newest[0].candidate) if newest else None
    if known and series(known.get(name, "")) == series(scene.installed[name]):
        yield from held_back(case, scene, name, began(case, name, scene.installed[name]), why)
    yield from newest


def _is_used(case: Case, scene: Scene, user: str, pins: Mapping[str, str]) -> bool:
    """Say whether a pinned release is pulled in by other pinned lines as well."""
    resolution = case.resolve(scene.candidate)
    tops = {line.name for line in case.requirements if line.pin} - {user}
    return (
        user in pins
        and resolution is not None
        and any(user in resolution.brought_by(top) for top in tops)
    )


def _hold_all(case: Case, scene: Scene, user: str) -> Iterator[Move]:
    """Hold all that a release pulls in, and that nothing moved as yet, to what it can have known.

    Left out is what would have to be compiled, and what other lines need to be newer.
    """
    day = superseded(case, user, scene.installed[user])
    if case.resolver is None or day is None:
        return
    own = [line.text for line in case.current(scene.candidate) if line.name == user]
    told = case.resolve(scene.candidate)
    seen = told.releases if told is not None else {}
    is_source = told is not None and any(release.name == user for release in told.needs_build)
    # What a source pulls in, the resolver does not tell: it was installed all the same.
    hidden = scene.installed.keys() - seen.keys() if is_source else ()
    until = dict.fromkeys(scene.installed, day.strftime(INSTANT))
    then = case.resolver.resolve([*own, *sorted(hidden)], exclude_newer_package=until).releases
    settled = {line.name for line in case.standing} | {e.name for e in scene.candidate.edits}
    known = {
        name: version
        for name, version in then.items()
        if name not in settled and not is_compiled(case, name, version)
    }
    now = case.resolve(scene.candidate, preferences=known)
    there = {
        **{name: known[name] for name in hidden if name in known},
        **(now.releases if now else {}),
    }
    older = older_versions(scene.installed, there, sorted(known))
    if older:
        why = f"what {user} {scene.installed[user]} can have known"
        yield Move(case.settled(scene.candidate, older), "", why)


def _lift(case: Case, scene: Scene, name: str, other: str) -> Iterator[Move]:
    """Lift one side to a release that can know the other's, the first that suits; or the newest."""
    newer = newer_than(case, name, scene.installed[name])
    version = scene.installed[other]
    knowing = since(newer, began(case, other, version))
    base = without(scene.candidate, scene.held.get(name, ()))
    why = f"{name} {{version}} can know {other} {version}"
    earlier = [release for release in reversed(newer) if release not in knowing]
    yield from lifted(case, base, name, [*knowing, *earlier], why)
    newest = list(reversed(newer))
    yield from lifted(case, base, name, newest, f"{name} {{version}} is its newest release")
