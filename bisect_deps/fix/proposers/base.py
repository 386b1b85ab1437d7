"""What a proposer sees and offers: a failure in its environment, and candidates that may fix it.

A move costs no build to propose: it resolves, and differs from what is installed. Only a build
tells whether it helps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bisect_deps.fix.case import Case, is_compiled, is_older
from bisect_deps.index import ReleaseFacts
from bisect_deps.index.releases import instant
from bisect_deps.model import Breakage, Candidate, Probe, Release
from bisect_deps.policy import POLICY
from bisect_deps.resolution.conflicts import as_limits, find_conflicts
from bisect_deps.resolution.edits import edited
from bisect_deps.resolution.upgrades import find_upgrades

# What appears so shortly before another release is made for that one, not for the one before it.
TOGETHER = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Scene:
    """A failing check: its probe, the breakage that is followed, what is installed.

    `origin` is what was installed before the first move. `held` are the projects that earlier moves
    hold for a user, by that user: where the user moves itself, they need not be held.
    """

    probe: Probe
    breakage: Breakage
    installed: Mapping[str, str]
    origin: Mapping[str, str]
    held: Mapping[str, frozenset[str]]

    @property
    def candidate(self) -> Candidate:
        """Return the candidate that failed."""
        return self.probe.candidate


@dataclass(frozen=True, slots=True)
class Move:
    """A candidate to build next, the project that it moves, and the reason in a sentence."""

    candidate: Candidate
    name: str
    why: str


def moved(
    case: Case, base: Candidate, name: str, versions: Iterable[str], why: str
) -> Iterator[Move]:
    """Yield the first of these versions of a project that resolves with all the rest of `base`."""
    asked = [version for _, version in zip(range(POLICY.versions_asked), versions, strict=False)]
    for version in asked:
        candidate = case.settled(base, {name: version})
        if case.resolver is None or case.releases_of(candidate) is not None:
            yield Move(candidate, name, why.format(version=version))
            return
    for version in asked[: POLICY.jointly_moved]:
        for candidate in _jointly(case, base, name, version):
            yield Move(candidate, name, why.format(version=version))
            return


def _jointly(case: Case, base: Candidate, name: str, version: str) -> Iterator[Candidate]:
    """Yield a project at a version with the lines moved that stand in its way."""
    if case.index is None or case.resolver is None:
        return
    lines = edited(case.standing, case.settled(base, {name: version}).edits)
    pins = [str(Release(name, version))]
    pins += [edit.text for edit in base.edits if edit.number is None]
    conflicts = find_conflicts([*lines, *as_limits(pins)], case.resolver, limit=1)
    members = frozenset[int]().union(*(conflict.members for conflict in conflicts.found))
    names = {line.name for line in lines if line.number in members} - {name}
    numbers = [line.number for line in lines if line.name in names]
    if not numbers:
        return
    for upgrade in find_upgrades(lines, numbers, case.resolver, case.index, beside=pins):
        if not upgrade.dropped:
            yield case.settled(base, {**upgrade.moved, name: version})
            return


def held_back(
    case: Case, scene: Scene, name: str, before: datetime | None, why: str
) -> Iterator[Move]:
    """Yield a project at its newest release from before an instant that suits the others.

    Where all of these would have to be compiled, the first after them that need not goes before
    them: sources from before this Python take minutes, and seldom compile.
    """
    if before is None or name not in scene.installed:
        return
    older = older_than(case, name, scene.installed[name])
    known = [release for release in reversed(older) if _is_before(release, before)]
    ready = ready_first(case, name, known)
    if ready and not case.is_pure(name) and is_compiled(case, name, ready[0]):
        later = [r.version for r in older if r not in known and r.usable_wheel]
        yield from moved(case, scene.candidate, name, later[:1], why)
    yield from moved(case, scene.candidate, name, ready, why)


def lifted(
    case: Case, base: Candidate, name: str, releases: Sequence[ReleaseFacts], why: str
) -> Iterator[Move]:
    """Yield a project at the first of these releases that suits the other lines, as they are or
    with those moved that stand in its way.
    """
    yield from moved(case, base, name, ready_first(case, name, releases), why)


def older_than(case: Case, name: str, version: str) -> list[ReleaseFacts]:
    """Return the releases before a version, oldest first."""
    return [r for r in case.releases(name) if is_older(r.version, version)]


def newer_than(case: Case, name: str, version: str) -> list[ReleaseFacts]:
    """Return the releases after a version, oldest first."""
    return [r for r in case.releases(name) if is_older(version, r.version)]


def superseded(case: Case, name: str, version: str) -> datetime | None:
    """Return when what a release can have known ended: shortly before its next minor series began.

    None where no newer series is in sight, or the index tells no dates.
    """
    own = series(version)
    later = [
        instant(release.uploaded)
        for release in case.releases(name)
        if release.uploaded and series(release.version) > own
    ]
    return min(later) - TOGETHER if later else None


def came_out(case: Case, name: str, version: str) -> datetime | None:
    """Return when a release appeared; None where the index does not tell."""
    release = case.release(name, version)
    return instant(release.uploaded) if release is not None and release.uploaded else None


def series(version: str) -> tuple[int, int]:
    """Return the major and the minor number of a version: (0, 0) for one that PEP 440 knows not."""
    from bisect_deps.index.releases import parsed

    known = parsed(version)
    return (known.major, known.minor) if known is not None else (0, 0)


def began(case: Case, name: str, version: str) -> datetime | None:
    """Return when the minor series of a version began; None where the index tells no dates."""
    own = series(version)
    dates = [
        instant(release.uploaded)
        for release in case.releases(name)
        if release.uploaded and series(release.version) == own
    ]
    return min(dates, default=None)


def since(releases: Iterable[ReleaseFacts], moment: datetime | None) -> list[ReleaseFacts]:
    """Return the releases from an instant on; all where it is None."""
    return [
        release
        for release in releases
        if moment is None or (release.uploaded and instant(release.uploaded) >= moment)
    ]


def ready_first(case: Case, name: str, releases: Iterable[ReleaseFacts]) -> list[str]:
    """Return the versions of a project's releases in their order, what needs no compiler first."""
    plain = case.is_pure(name)
    ordered = sorted(releases, key=lambda release: not (plain or release.usable_wheel))
    return [release.version for release in ordered]


def _is_before(release: ReleaseFacts, moment: datetime) -> bool:
    return release.uploaded is not None and instant(release.uploaded) < moment
