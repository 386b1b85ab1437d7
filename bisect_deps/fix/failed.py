"""What failed builds prove: releases that fail, alone or together, and whether others hold them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bisect_deps.fix.case import Case
from bisect_deps.fix.culprits import INSTALL_PHASES
from bisect_deps.fix.failure import breakages_of, failing_release, installs, suspects_of
from bisect_deps.model import Cause, Outcome, Probe, Release, Suspect


@dataclass(frozen=True, slots=True)
class Failed:
    """Releases that fail together (project to version), and the probe whose log says so.

    `reported`: the log names both sides, or one that fails by itself, so that these are enough.
    """

    releases: Mapping[str, str]
    probe: Probe
    reported: bool

    def within(self, releases: Mapping[str, str]) -> bool:
        """Say whether all of it is among these releases."""
        return all(releases.get(name) == version for name, version in self.releases.items())


def failed_by(case: Case, probes: Iterable[Probe]) -> list[Failed]:
    """Return what the logs of failed builds show to fail, each once.

    A release that failed to install in one build and installed in another failed by accident.
    """
    found: dict[object, Failed] = {}
    probes = list(probes)
    good = installed_by(case, probes)
    for probe in probes:
        for failure in _failed_in(case, probe) if probe.outcome is Outcome.FAIL else ():
            releases = {Release(name, version) for name, version in failure.releases.items()}
            if not (_is_of_an_install(failure) and releases <= good):
                found.setdefault(tuple(sorted(failure.releases.items())), failure)
    return list(found.values())


def installed_by(case: Case, probes: Iterable[Probe]) -> frozenset[Release]:
    """Return the releases that some of these builds installed."""
    return frozenset(
        Release(name, version)
        for probe in probes
        if installs(probe)
        for name, version in case.installed(probe).items()
    )


def _failed_in(case: Case, probe: Probe) -> Iterator[Failed]:
    """Yield what a failed build's log shows to fail, the releases that likeliest move first."""
    installed = case.installed(probe)
    for breakage in breakages_of(probe):
        names = (breakage.lacks, breakage.user, *reversed(breakage.through))
        together = {name: installed[name] for name in names if name in installed}
        sides = {name for name in (breakage.lacks, breakage.user) if name}
        if sides and sides <= together.keys():
            yield Failed(together, probe, bool(breakage.lacks and breakage.user))
    for release in broken_releases(probe):
        yield Failed({release.name: release.version}, probe, reported=True)
    conflicts: dict[int, dict[str, str]] = {}
    for suspect in suspects_of(probe):
        release_of = failing_release(suspect)
        if suspect.group is not None and release_of is not None and not _breaks(suspect):
            conflicts.setdefault(suspect.group, {})[release_of.name] = release_of.version
    conflicts = {group: some for group, some in conflicts.items() if len(some) > 1}
    if probe.diagnosis is not None and probe.diagnosis.cause is Cause.RESOLVER_CONFLICT:
        # What a source requires shows when it is built: these do not suit each other.
        pins = case.pins(probe.candidate)
        pins |= {edit.name: edit.pin for edit in probe.candidate.edits if edit.pin}
        moved = [edit.name for edit in probe.candidate.edits if edit.name in pins]
        conflicts[-1] = {name: pins[name] for name in (*moved, *pins)}
    for together in conflicts.values():
        if together:
            yield Failed(together, probe, reported=False)


def broken_releases(probe: Probe) -> Iterator[Release]:
    """Yield the releases that a log says cannot be downloaded, built or installed."""
    for suspect in suspects_of(probe):
        release = failing_release(suspect)
        if release is not None and _breaks(suspect):
            yield release


def _is_of_an_install(one: Failed) -> bool:
    return not installs(one.probe) and len(one.releases) == 1


def _breaks(suspect: Suspect) -> bool:
    return suspect.phase in INSTALL_PHASES and suspect.cause is not Cause.RESOLVER_CONFLICT
