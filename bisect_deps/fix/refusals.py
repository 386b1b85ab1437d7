"""What sources ask for, as refusals told it: a resolver learns that only when it builds them.

So no candidate is built that a log has ruled out already.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from bisect_deps.diagnosis.prose import uv_edges
from bisect_deps.fix.case import Case, parsed_requirement
from bisect_deps.fix.failure import suspects_of
from bisect_deps.model import Candidate, Cause, Outcome, Probe


def is_refused(case: Case, candidate: Candidate, known: Iterable[Probe]) -> bool:
    """Say whether a pin of a candidate is not what another of its pins was told to ask for."""
    pins = case.pins(candidate) | {edit.name: edit.pin for edit in candidate.edits if edit.pin}
    return any(
        asking in pins
        and asked in pins
        and _allows(versions, pins[asking])
        and not _allows(wanted, pins[asked])
        for asking, versions, asked, wanted in _told(known)
    )


def _told(probes: Iterable[Probe]) -> Iterator[tuple[str, str, str, str]]:
    """Yield who asks for what: a project and its versions, another and those that it wants."""
    lines = {
        line.text
        for probe in probes
        if probe.outcome is Outcome.FAIL
        for suspect in suspects_of(probe)
        if suspect.cause is Cause.RESOLVER_CONFLICT
        for line in suspect.evidence
    }
    for text in sorted(lines):
        for parent, wanted in uv_edges(text):
            asking, asked = parsed_requirement(parent), parsed_requirement(wanted)
            if asking is not None and asked is not None:
                yield (*asking, *asked)


def _allows(clause: str, version: str) -> bool:
    try:
        return SpecifierSet(clause).contains(Version(version), prereleases=True)
    except InvalidVersion:  # Of another age: nothing is known against it.
        return True
