"""What a probe's failure is: its fingerprints, where it broke, whom it points at.

Law 4: FAIL is the failure that is chased. Pure reading of probes; asks nothing.
"""

from __future__ import annotations

import re

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion

from bisect_deps.diagnosis import same_failure, tells_something
from bisect_deps.model import (
    Breakage,
    BreakageKind,
    Cause,
    Mention,
    Outcome,
    Phase,
    Probe,
    Release,
    Suspect,
)
from bisect_deps.system.files import LONGEST_NAME

_PINNED = re.compile(r"(?<![\w.-])(?P<name>[A-Za-z0-9][\w.-]{0,100})==(?P<version>[^\s`'\",;]+)")


def installs(probe: Probe) -> bool:
    """Say whether the install passed, whatever a check said afterwards."""
    return probe.outcome is Outcome.PASS or (
        probe.outcome is Outcome.FAIL and phase_of(probe) is Phase.CHECK
    )


def phase_of(probe: Probe) -> Phase:
    """Return where a failed probe broke."""
    return probe.diagnosis.phase if probe.diagnosis is not None else Phase.BUILD


def is_of_install(probe: Probe) -> bool:
    """Say whether a build failed before its check, and not of a conflict that its log tells."""
    is_reported = probe.diagnosis is not None and probe.diagnosis.cause is not Cause.UNKNOWN
    reported = phase_of(probe) is Phase.RESOLVE and is_reported
    return probe.outcome is Outcome.FAIL and not reported and not installs(probe)


def suspects_of(probe: Probe) -> tuple[Suspect, ...]:
    """Return what a probe's log points at, best first."""
    return probe.diagnosis.suspects if probe.diagnosis is not None else ()


def breakages_of(probe: Probe) -> tuple[Breakage, ...]:
    """Return what broke in the environment that a probe installed, in the order of its log."""
    return probe.diagnosis.breakages if probe.diagnosis is not None else ()


def fingerprints(probe: Probe) -> frozenset[str]:
    """Return the fingerprints of all that a log shows to fail; none without a log."""
    if probe.outcome is Outcome.PASS:
        return frozenset()
    shown = {probe.signature, *(breakage.signature for breakage in breakages_of(probe))}
    if not breakages_of(probe):
        shown |= {suspect.signature for suspect in suspects_of(probe)}
    return frozenset(filter(tells_something, shown))


def first_fingerprint(probe: Probe) -> str:
    """Return the fingerprint of the failure to follow, the first of the log; "" for none."""
    first = next((breakage.signature for breakage in breakages_of(probe)), "") or probe.signature
    return first if tells_something(first) else ""


def shows(probe: Probe, chased: str) -> bool:
    """Say whether a probe failed with the chased failure; without a log, any failure is it."""
    if probe.outcome is not Outcome.FAIL:
        return False
    shown = fingerprints(probe)
    if not chased or not shown:
        return True
    return any(same_failure(fingerprint, chased) for fingerprint in shown)


def outcome_of(probe: Probe, chased: str) -> Outcome:
    """Return a probe's outcome for a search that chases one failure: another is UNRESOLVED."""
    if probe.outcome is Outcome.FAIL and not shows(probe, chased):
        return Outcome.UNRESOLVED
    return probe.outcome


def absent_module(probe: Probe) -> str:
    """Return the module that a check itself imports and nothing installed has; "" for none.

    No project is known for it: one that is known, the breakage names.
    """
    first = next(iter(breakages_of(probe)), None)
    if first is None or first.kind is not BreakageKind.MODULE_GONE or first.user or first.lacks:
        return ""
    return "" if first.through else first.what


def wanting(probe: Probe) -> str:
    """Return what whoever runs a check has to provide for it, "" where it fails of something else.

    It would fail so with any releases.
    """
    first = next(iter(breakages_of(probe)), None)
    return first.advice if first is not None and not first.module else ""


def is_infrastructure(probe: Probe) -> bool:
    """Say whether the system that builds failed, and not the build."""
    return probe.diagnosis is not None and probe.diagnosis.infrastructure


def failing_release(suspect: Suspect) -> Release | None:
    """Return the release at which a suspect broke, None where the log names no version.

    Where a build requirement broke, that is the release it was to build: nothing else asks for it.
    """
    if suspect.cause is Cause.BUILD_DEP_FAILED and suspect.via:
        return _built_release(suspect)
    named = suspect.failing or Mention(suspect.name, suspect.version)
    if str(named).endswith((".whl", ".tar.gz", ".zip")):
        return _release_of_file(str(named))
    return Release(named.project, named.version) if named.version else None


def _built_release(suspect: Suspect) -> Release | None:
    """Return the release whose build requirement broke, as the log names it."""
    name = canonicalize_name(suspect.via[-1])
    if suspect.version is not None and name == suspect.name:
        return Release(name, suspect.version)
    for line in suspect.evidence:
        for match in _PINNED.finditer(line.text):
            if canonicalize_name(match["name"]) == name:
                return Release(name, match["version"])
    return None


def _release_of_file(filename: str) -> Release | None:
    """Return the release that a wheel or a source distribution is of, as its name tells."""
    if len(filename) > LONGEST_NAME:
        return None
    try:
        if filename.endswith(".whl"):
            name, version, *_ = parse_wheel_filename(filename)
        else:
            name, version = parse_sdist_filename(filename)
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
        return None
    return Release(name, str(version))


def involved(probe: Probe) -> tuple[str, ...]:
    """Return the projects that a failure's log names, the likeliest first.

    A breakage names who lacks, then who uses, then the rest of its traceback from the inside out.
    """
    names: list[str] = []
    for breakage in breakages_of(probe):
        names += [breakage.lacks, breakage.user, *reversed(breakage.through)]
    for suspect in suspects_of(probe):
        names += [suspect.broken, suspect.name, *suspect.via]
    return tuple(dict.fromkeys(name for name in names if name))


def broken_in(probe: Probe) -> tuple[str, ...]:
    """Return the projects that a failure's log says to be broken, who only leads there left out."""
    names: list[str] = []
    for breakage in breakages_of(probe):
        names += [breakage.lacks, breakage.user]
    for suspect in suspects_of(probe):
        names.append(suspect.broken or suspect.name)
    return tuple(dict.fromkeys(name for name in names if name))
