"""Between a failing and a passing end: the smallest set of releases that must move.

Each item of the search is a move. Kept, the release stays as it fails; left out, the move is made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bisect_deps.model import (
    Candidate,
    Edit,
    Member,
    Outcome,
    Probe,
    ProbeKind,
    Requirement,
)
from bisect_deps.probing import Story
from bisect_deps.search.base import Answer, Items
from bisect_deps.search.strategy import Finding, Problem, State, bisect
from bisect_deps.steps.accusing import describe
from bisect_deps.steps.base import (
    Alternative,
    Context,
    Found,
    ask,
    installs,
    phase_of,
    suspects_of,
    with_edits,
)
from bisect_deps.steps.locating import Axis, Record, locate

# Builds the candidate with these moves made; None where no releases suit together.
Build: TypeAlias = "Callable[[Sequence[Move]], Candidate | None]"


@dataclass(frozen=True, slots=True)
class Move:
    """One release that differs between the failing and the passing end."""

    requirement: Requirement
    name: str
    bad: str | None
    edit: Edit
    via: tuple[str, ...] = ()


def smallest(
    context: Context,
    moves: Sequence[Move],
    passing: Probe,
    failing: Probe,
    style: str,
    build: Build,
) -> Story[Alternative | None]:
    """Find the smallest set of moves that passes, and tell the culprits that need them."""
    if len(moves) == 1:
        found = _tell(moves, failing, failing, passing)
        return Alternative(passing.candidate, passing.number, style, "", (found,))
    alone = yield from _suspect_alone(context, moves, failing, style, build)
    if alone is not None:
        return alone
    axis = _between(context, moves, build, chases_install=not installs(failing))
    problem = Problem(
        items=tuple(range(len(moves))),
        hints=_hints(moves, failing),
        frame_passes=True,
        slots=context.slots,
        prefer=context.prefer,
        known=((frozenset(), Outcome.PASS), (frozenset(range(len(moves))), Outcome.FAIL)),
        whole_cost=max(failing.seconds, 0.1),
        single_cost=max(failing.seconds, 0.1),
    )
    known = {frozenset(problem.items): failing, frozenset[int](): passing}
    finding, record = yield from locate(bisect(problem), axis, context, known)
    if finding.state is not State.FOUND or finding.passing is None:
        return None
    return _conclude(finding, record, moves, passing, failing, style, build)


def _suspect_alone(
    context: Context, moves: Sequence[Move], failing: Probe, style: str, build: Build
) -> Story[Alternative | None]:
    """Make the one move that the log speaks for; nothing is smaller, if it passes."""
    for at in _hints(moves, failing)[:1]:
        candidate = build([moves[at]])
        if candidate is None:
            return None
        purpose = f"does it pass with {moves[at].name} alone moved?"
        probe = yield from ask(candidate, ProbeKind.VERSION, purpose, imports=context.imports)
        if probe.outcome is Outcome.PASS:
            found = _tell([moves[at]], failing, failing, probe)
            return Alternative(candidate, probe.number, style, "", (found,))
    return None


def _conclude(
    finding: Finding,
    record: Record,
    moves: Sequence[Move],
    passing: Probe,
    failing: Probe,
    style: str,
    build: Build,
) -> Alternative | None:
    moved = [moves[at] for at in sorted(finding.removed)]
    candidate = build(moved)
    if candidate is None or finding.passing is None:
        return None
    proof = record.probes.get(finding.passing, passing)
    culprits: list[Found] = []
    for certified in finding.culprits:
        members = [moves[at] for at in sorted(certified.members)]
        shown = record.probes.get(certified.failing)
        if shown is None:
            # No build failed with these: nothing resolves with them, so they only have to follow.
            continue
        green = record.probes.get(certified.passing[0], passing) if certified.passing else passing
        culprits.append(_tell(members, shown, shown, green))
    return Alternative(candidate, proof.number, style, "", tuple(culprits))


def made_on(base: Candidate) -> Build:
    """Return what builds a candidate by making the moves' edits, whatever they lead to."""

    def build(made: Sequence[Move]) -> Candidate:
        return with_edits(base, [move.edit for move in made])

    return build


def _between(
    context: Context, moves: Sequence[Move], build: Build, *, chases_install: bool
) -> Axis:
    """Return the axis between the failing end (no move made) and the passing one (all made)."""

    def candidate(kept: Items) -> Candidate | None:
        return build([move for at, move in enumerate(moves) if at not in kept])

    def read(probe: Probe, kept: Items) -> Answer:
        if probe.outcome is Outcome.FAIL and not (chases_install or installs(probe)):
            return Answer(Outcome.UNRESOLVED, cost=probe.seconds, signature=probe.signature)
        hints = tuple(at for at in _hints(moves, probe) if at in kept)
        trouble = probe.diagnosis is not None and probe.diagnosis.infrastructure
        return Answer(probe.outcome, hints, probe.seconds, infrastructure=trouble)

    return Axis(candidate, read, ProbeKind.VERSION, imports=context.imports)


def _hints(moves: Sequence[Move], probe: Probe) -> tuple[int, ...]:
    """Return the moves whose release a log suspects, best first."""
    hints: list[int] = []
    for suspect in suspects_of(probe):
        failing = (suspect.failing or "").partition("==")[0]
        hints += [
            at
            for name in (failing, suspect.name)
            for at, move in enumerate(moves)
            if move.name == name and at not in hints
        ]
    return tuple(hints)


def _tell(moves: Sequence[Move], shown: Probe, failing: Probe, passing: Probe) -> Found:
    members = tuple(Member(move.requirement, move.name, move.bad, move.via) for move in moves)
    found = describe(members, shown)
    found.phase = phase_of(shown)
    found.failing_probe = failing.number
    found.passing_probe = passing.number
    return found
