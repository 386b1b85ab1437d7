"""Where no move helped: the nearest releases that hold nothing which was seen to fail.

Each failed build tells which releases fail, alone or together. The resolver finds a set that holds
none of them; building it passes, or tells one more. As a solver learns clauses, so no guess is
made twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bisect_deps.fix.accuse import Standing
from bisect_deps.fix.ask import ask
from bisect_deps.fix.case import Case, is_older, with_edits
from bisect_deps.fix.failed import Failed, failed_by
from bisect_deps.fix.failure import installs, suspects_of
from bisect_deps.fix.inquiry import Story
from bisect_deps.model import (
    Candidate,
    Cause,
    Edit,
    EditAction,
    Outcome,
    Probe,
    ProbeKind,
    Requirement,
)
from bisect_deps.policy import POLICY
from bisect_deps.resolution.uv_resolver import Resolution


def avoid(case: Case, failing: Probe, known: Sequence[Probe]) -> Story[tuple[Probe, ...]]:
    """Return the builds made, the last one passing where any does; none where logs do not tell.

    `known` are the probes of the way so far. Costs at most `POLICY.avoiding_builds`.
    """
    made: list[Probe] = []
    tried = {probe.candidate for probe in (failing, *known)}
    while len(made) < POLICY.avoiding_builds and not _ends_at_the_machine((failing, *known, *made)):
        candidate = _nearest(case, failing, failed_by(case, (failing, *known, *made)))
        if candidate is None or candidate in tried:
            break
        tried.add(candidate)
        purpose = "does it pass with nothing that was seen to fail?"
        probe = yield from ask(case, candidate, ProbeKind.FIX, purpose)
        made.append(probe)
        if probe.outcome is not Outcome.FAIL or (installs(probe) and not installs(failing)):
            break
    return tuple(made)


def _ends_at_the_machine(probes: Sequence[Probe]) -> bool:
    """Say whether the last build that failed did so for what the machine lacks: versions alike."""
    failed = [probe for probe in probes if probe.outcome is Outcome.FAIL]
    suspects = suspects_of(failed[-1]) if failed else ()
    return bool(suspects) and suspects[0].cause is Cause.SYSTEM_DEP_MISSING


def avoid_install(
    case: Case, failing: Probe, standing: Standing, known: Sequence[Probe]
) -> Story[Standing]:
    """Return the standing of releases that install; as it was where none are found.

    `failing` is the file as it is.
    """
    made = yield from avoid(case, failing, known)
    if not made or not installs(made[-1]):
        return standing
    return standing.at(made[-1].candidate, made[-1])


@dataclass(slots=True)
class _Hunt:
    """A search of the resolver for releases that hold nothing of `failed`; `asked` counts calls."""

    case: Case
    base: Candidate
    installed: Mapping[str, str]
    hidden: Mapping[str, str]
    failed: Sequence[Failed]
    asked: int = 0
    seen: set[object] = field(default_factory=set)

    def run(self, excluded: Mapping[str, frozenset[str]]) -> Mapping[str, str] | None:
        """Return releases without anything that failed, these versions out of sight."""
        key = frozenset(excluded.items())
        if key in self.seen or self.asked >= POLICY.avoiding_calls:
            return None
        self.seen.add(key)
        resolution = self._resolved(excluded)
        if resolution is None:
            return None
        releases = {**self.hidden, **resolution.releases}
        held = next((failure for failure in self.failed if failure.within(releases)), None)
        if held is None:
            return resolution.releases
        for name in sorted(held.releases, key=lambda name: len(self._alike(held, name))):
            gone = excluded.get(name, frozenset()) | self._between(self._alike(held, name), name)
            found = self.run({**excluded, name: gone})
            if found is not None:
                return found
        return None

    def _resolved(self, excluded: Mapping[str, frozenset[str]]) -> Resolution | None:
        """Return what suits without these versions: their lines loosened, then pins, then all."""
        gone = [
            _unlike(name, versions, limits=name not in self.hidden)
            for name, versions in sorted(excluded.items())
        ]
        edits = self.base.edits
        kept = [edit for edit in edits if edit.number is not None or edit.name not in excluded]
        for lines in self._loosened(excluded):
            loose = [Edit(EditAction.REPIN, line.name, line.number, "") for line in lines]
            loosened = with_edits(Candidate(tuple(kept)), loose)
            self.asked += 1
            candidate = Candidate((*loosened.edits, *gone))
            resolution = self.case.resolve(candidate, preferences=self.installed)
            if resolution is not None and resolution.resolved:
                return resolution
        return None

    def _loosened(self, excluded: Mapping[str, frozenset[str]]) -> Iterator[list[Requirement]]:
        lines = [line for line in self.case.standing if line.name and not line.url]
        yield [line for line in lines if line.name in excluded]
        yield [line for line in lines if line.name in excluded or line.pin]
        yield lines

    def _alike(self, held: Failed, name: str) -> set[str]:
        """Return the versions of a project that were seen to fail with the same others."""
        names = held.releases.keys()
        return {
            failure.releases[name] for failure in self.failed if failure.releases.keys() == names
        }

    def _between(self, versions: set[str], name: str) -> frozenset[str]:
        """Return versions that fail alike, with all between them."""
        return frozenset(versions) | {
            release.version
            for release in self.case.releases(name)
            if any(is_older(low, release.version) for low in versions)
            and any(is_older(release.version, high) for high in versions)
        }


def _unlike(name: str, versions: Iterable[str], *, limits: bool) -> Edit:
    clause = ",".join(f"!={version}" for version in sorted(versions))
    return Edit(EditAction.ADD, name, None, clause, constraint=limits)


def _hidden(case: Case, failing: Probe, failed: Sequence[Failed]) -> dict[str, str]:
    """Return what was there when it failed and the resolver cannot see: sources tell when built."""
    seen = case.releases_of(failing.candidate) or {}
    reported = [failure.releases for failure in failed if failure.probe is failing]
    return {
        name: version
        for releases in (case.installed(failing), *reported)
        for name, version in releases.items()
        if name not in seen and not case.named(name)
    }


def _nearest(case: Case, failing: Probe, failed: Sequence[Failed]) -> Candidate | None:
    """Return the failing candidate with what the resolver moves so that nothing seen fails."""
    if case.resolver is None:
        return None
    installed = case.installed(failing)
    hidden = _hidden(case, failing, failed)
    releases = _Hunt(case, failing.candidate, installed, hidden, failed).run({})
    if releases is None:
        return None
    before = {**hidden, **installed}
    moved = {name: now for name, now in releases.items() if before.get(name, now) != now}
    for versions in (moved, releases):
        candidate = case.settled(failing.candidate, versions)
        if _is_free(case, candidate, hidden, failed):
            return _lean(case, failing.candidate, candidate, hidden, failed)
    return None


def _lean(
    case: Case,
    base: Candidate,
    candidate: Candidate,
    hidden: Mapping[str, str],
    failed: Sequence[Failed],
) -> Candidate:
    """Return a candidate without the edits that what failed does not ask for."""
    for edit in candidate.edits:
        rest = Candidate(tuple(other for other in candidate.edits if other != edit))
        if edit not in base.edits and _is_free(case, rest, hidden, failed):
            candidate = rest
    return candidate


def _is_free(
    case: Case, candidate: Candidate, hidden: Mapping[str, str], failed: Sequence[Failed]
) -> bool:
    releases = case.releases_of(candidate)
    if releases is None:
        return False
    added = {edit.name: edit.pin for edit in candidate.edits if edit.pin}
    standing = {**hidden, **case.pins(candidate), **added, **releases}
    return not any(failure.within(standing) for failure in failed)
