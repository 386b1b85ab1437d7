"""What failed builds prove: releases that fail, alone or together, and whether others hold them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bisect_deps.fix.case import Case
from bisect_deps.fix.culprits import INSTALL_PHASES
from bisect_deps.fix.failure import breakages_of, failing_release, suspects_of
from bisect_deps.model import Cause, Outcome, Probe, Suspect


@dataclass(frozen=True, slots=True)
class Failed:
    """Releases that fail together (project to version), and the probe whose log says so.

    `told`: the log names both sides, or a release that fails by itself, so that these are enough.
    """

    releases: Mapping[str, str]
    probe: Probe
    told: bool

    def within(self, releases: Mapping[str, str]) -> bool:
        """Say whether all of it is among these releases."""
        return all(releases.get(name) == version for name, version in self.releases.items())


def failed_by(case: Case, probes: Iterable[Probe]) -> list[Failed]:
    """Return what the logs of failed builds show to fail, each once."""
    found: dict[object, Failed] = {}
    for probe in probes:
        for one in _failed_in(case, probe) if probe.outcome is Outcome.FAIL else ():
            found.setdefault(tuple(sorted(one.releases.items())), one)
    return list(found.values())


def _failed_in(case: Case, probe: Probe) -> Iterator[Failed]:
    """Yield what a failed build's log shows to fail, the releases that likeliest move first."""
    installed = case.installed(probe)
    for breakage in breakages_of(probe):
        names = (breakage.lacks, breakage.user, *reversed(breakage.through))
        together = {name: installed[name] for name in names if name in installed}
        sides = {name for name in (breakage.lacks, breakage.user) if name}
        if sides and sides <= together.keys():
            yield Failed(together, probe, bool(breakage.lacks and breakage.user))
    conflicts: dict[int, dict[str, str]] = {}
    for suspect in suspects_of(probe):
        release = failing_release(suspect)
        if release is None:
            continue
        if suspect.cause is Cause.RESOLVER_CONFLICT and suspect.group is not None:
            conflicts.setdefault(suspect.group, {})[release.name] = release.version
        elif _breaks(suspect):
            yield Failed({release.name: release.version}, probe, told=True)
    for together in conflicts.values():
        if len(together) > 1:
            yield Failed(together, probe, told=False)


def _breaks(suspect: Suspect) -> bool:
    return suspect.phase in INSTALL_PHASES and suspect.cause is not Cause.RESOLVER_CONFLICT
