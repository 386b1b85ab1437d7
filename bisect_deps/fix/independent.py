"""Independent failures of one check, each met with its first move, in one build.

Imports of a file are tried one by one, so one log often shows several failures that have nothing to
do with each other; a build for each would be built for nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from bisect_deps.fix.case import Case
from bisect_deps.fix.failure import breakages_of, suspects_of
from bisect_deps.fix.proposers import moves
from bisect_deps.fix.proposers.base import Move, Scene
from bisect_deps.model import Breakage, Candidate, Probe


@dataclass(frozen=True, slots=True)
class Part:
    """A failure and the move that is to end it; `own` are the projects that it edits."""

    breakage: Breakage
    move: Move
    own: frozenset[str]


def part_of(base: Candidate, breakage: Breakage, move: Move) -> Part:
    """Return a move as the part of a candidate that it adds to `base`."""
    own = frozenset(edit.name for edit in move.candidate.edits if edit not in base.edits)
    return Part(breakage, move, own)


def first_moves(case: Case, scene: Scene) -> tuple[Part, ...]:
    """Return the first move of each independent failure of a check, each on top of those before.

    Failures are independent where neither the projects that they name nor those that their moves
    edit are the same. () for fewer than two.
    """
    parts = tuple(_parts(case, scene))
    return parts if len(parts) > 1 else ()


def _parts(case: Case, scene: Scene) -> Iterator[Part]:
    base, taken = scene.candidate, set[str]()
    for breakage in breakages_of(scene.probe):
        about = {breakage.user, breakage.lacks} - {""}
        if not about or breakage.own or about & taken:
            continue
        alone = replace(scene, probe=_showing(scene.probe, base, breakage), breakage=breakage)
        move = next(moves(case, alone), None)
        if move is None or not set(base.edits) <= set(move.candidate.edits):
            continue
        part = part_of(base, breakage, move)
        if part.own & taken:
            continue
        yield part
        taken |= about | part.own
        base = move.candidate


def _showing(probe: Probe, candidate: Candidate, breakage: Breakage) -> Probe:
    """Return a probe as if this failure were all that its log shows, and the candidate built."""
    assert probe.diagnosis is not None
    about = {breakage.user, breakage.lacks, *breakage.through}
    suspects = tuple(
        suspect for suspect in suspects_of(probe) if about & {suspect.name, suspect.broken}
    )
    told = replace(probe.diagnosis, breakages=(breakage,), suspects=suspects)
    return replace(probe, candidate=candidate, diagnosis=told)
