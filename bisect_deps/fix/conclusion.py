"""What a repair ends with."""

from __future__ import annotations

from dataclasses import dataclass

from bisect_deps.model import Candidate, Culprit, Note, Probe, VerdictKind


@dataclass(frozen=True, slots=True)
class Way:
    """A candidate that a build proved to pass, and what kind of fix it is."""

    candidate: Candidate
    probe: int
    style: str
    reason: str = ""
    commands: tuple[str, ...] = ()
    build_constraints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What a repair ended with: `ways` are proven to pass, the recommended one first.

    `fallback` is the largest candidate known to pass where no fix is. `passing` is the last probe
    of the file as it is offered. `interrupted` says that it was by Ctrl-C.
    """

    kind: VerdictKind
    culprits: tuple[Culprit, ...] = ()
    ways: tuple[Way, ...] = ()
    summary: str = ""
    notes: tuple[Note, ...] = ()
    passing: Probe | None = None
    fallback: Candidate | None = None
    unsteady: int = 0
    interrupted: bool = False
