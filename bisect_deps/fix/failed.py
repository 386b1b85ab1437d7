"""What failed builds prove: releases that fail, alone or together, and whether others hold them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bisect_deps.fix.case import Case
from bisect_deps.fix.culprits import INSTALL_PHASES
from bisect_deps.fix.failure import breakages_of, failing_release, installs, phase_of, suspects_of
from bisect_deps.model import Cause, Outcome, Phase, Probe, ProbeKind, Release, Suspect


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

    A release that failed to install in one build and installed in another failed by accident: one
    that is refused, in another whole build, since alone it is built without what it requires.
    """
    found: dict[object, Failed] = {}
    probes = list(probes)
    built = installed_by(case, probes)
    whole = [p for p in probes if p.kind is not ProbeKind.ISOLATED]
    resolved = installed_by(case, whole)
    for probe in probes:
        for failure in _failed_in(case, probe) if probe.outcome is Outcome.FAIL else ():
            releases = {Release(name, version) for name, version in failure.releases.items()}
            good = resolved if phase_of(probe) is Phase.RESOLVE else built
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
    for conflict in _conflicts(case, probe):
        yield Failed(conflict, probe, reported=False)


def _conflicts(case: Case, probe: Probe) -> Iterator[Mapping[str, str]]:
    """Yield what a log says not to suit each other, a line without a pin as it was resolved.

    Where the resolver sees nobody ask for it, that is the newest release that the line allows. What
    a source requires shows when it is built: where no lines are named, all of them take part.
    """
    chosen = {**(case.releases_of(probe.candidate) or {}), **_pins(case, probe)}
    groups: dict[object, dict[str, str]] = {}
    for suspect in suspects_of(probe):
        own = failing_release(suspect)
        if own is None and suspect.phase is Phase.RESOLVE:
            lines = (*case.named(suspect.name), *case.limited(suspect.name))
            version = chosen.get(suspect.name) or case.newest_of(lines)
            own = Release(suspect.name, version) if version else None
        if own is not None and not _breaks(suspect) and _is_refused(suspect):
            groups.setdefault(suspect.group or suspect.name, {}).setdefault(own.name, own.version)
    together = [some for some in groups.values() if len(some) > 1]
    if probe.diagnosis is None or probe.diagnosis.cause is not Cause.RESOLVER_CONFLICT:
        yield from groups.values()
    elif together:
        yield from together
    else:
        moved = [edit.name for edit in probe.candidate.edits if edit.name in chosen]
        every = [line.name for line in case.standing if line.name in chosen]
        yield {name: chosen[name] for name in (*moved, *every)}


def _is_refused(suspect: Suspect) -> bool:
    """Say whether a resolver refuses a release, beside others or as such."""
    return suspect.group is not None or suspect.phase is Phase.RESOLVE


def _pins(case: Case, probe: Probe) -> dict[str, str]:
    pins = case.pins(probe.candidate)
    return pins | {edit.name: edit.pin for edit in probe.candidate.edits if edit.pin}


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
