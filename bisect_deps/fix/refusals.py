"""What sources ask for, as refusals told it: a resolver learns that only when it builds them.

So no candidate is built that a log has ruled out already.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from bisect_deps.diagnosis.prose import edges
from bisect_deps.fix.case import Case, allows, parsed_requirement
from bisect_deps.fix.failure import suspects_of
from bisect_deps.model import Candidate, Cause, Outcome, Probe, Requirement


@dataclass(frozen=True, slots=True)
class Need:
    """What a log told: these versions of `asking` need `asked` at `wanted` (clauses)."""

    asking: str
    versions: str
    asked: str
    wanted: str

    def allows(self, version: str) -> bool:
        """Say whether it takes a version of what it asks for."""
        return _allows(self.wanted, version)


def is_refused(case: Case, candidate: Candidate, known: Iterable[Probe]) -> bool:
    """Say whether a pin of a candidate is not what another of its pins was told to ask for."""
    pins = case.pins(candidate) | {edit.name: edit.pin for edit in candidate.edits if edit.pin}
    return unmet(case, told(known), pins) is not None


def unmet(
    case: Case,
    needs: Iterable[Need],
    releases: Mapping[str, str],
    limits: Iterable[Requirement] = (),
) -> Need | None:
    """Return what one of these releases needs and does not get beside the others; None for nothing.

    Of what is not among them, the constraints `limits` must allow some release that it takes.
    """
    lines = list(limits)
    for need in needs:
        if need.asking not in releases or not _allows(need.versions, releases[need.asking]):
            continue
        own = [line for line in lines if line.name == need.asked]
        if need.asked in releases:
            if not need.allows(releases[need.asked]):
                return need
        elif own and not any(
            need.allows(release.version) and all(allows(line, release.version) for line in own)
            for release in case.releases(need.asked)
        ):
            return need
    return None


def told(probes: Iterable[Probe]) -> Sequence[Need]:
    """Return what the logs of failed builds tell of who asks for what, each once."""
    lines = dict.fromkeys(
        line.text
        for probe in probes
        if probe.outcome is Outcome.FAIL
        for suspect in suspects_of(probe)
        if suspect.cause is Cause.RESOLVER_CONFLICT
        for line in suspect.evidence
    )
    found: dict[Need, None] = {}
    for text in lines:
        for parent, wanted in edges(text):
            asking, asked = parsed_requirement(parent), parsed_requirement(wanted)
            if asking is not None and asked is not None:
                found[Need(*asking, *asked)] = None
    return tuple(found)


def _allows(clause: str, version: str) -> bool:
    try:
        return SpecifierSet(clause).contains(Version(version), prereleases=True)
    except InvalidVersion:  # Of another age: nothing is known against it.
        return True
