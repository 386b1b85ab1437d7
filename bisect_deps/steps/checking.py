"""Mends a check that fails after an install that worked.

Two ways lead from a failing environment to a passing one: hold unpinned transitive releases back
to those of an earlier day, or free the user's own pins. Each way gives a passing end; the search
between the two ends then finds the smallest set of releases that must move, each proven both ways.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from bisect_deps.model import (
    Candidate,
    Edit,
    EditAction,
    Member,
    Outcome,
    Phase,
    Probe,
    ProbeKind,
    Release,
    Requirement,
)
from bisect_deps.probing import Story, edited
from bisect_deps.resolver import Resolution
from bisect_deps.search.base import Answer, Items
from bisect_deps.search.strategy import Finding, Problem, State, bisect
from bisect_deps.steps.accusing import describe
from bisect_deps.steps.base import (
    Alternative,
    Case,
    Context,
    Found,
    add,
    ask,
    phase_of,
    repin,
    resolve,
    suspects_of,
    with_edits,
)
from bisect_deps.steps.locating import Axis, Record, locate
from bisect_deps.steps.refining import refine

# Years after the newest pin at which the transitive releases are tried, nearest first.
LATER_YEARS = (0, 1, 3)
INSTANT = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class Move:
    """One release that differs between the failing and the passing end."""

    requirement: Requirement
    name: str
    bad: str | None
    edit: Edit
    via: tuple[str, ...] = ()


def mend_check(context: Context, case: Case, failing: Probe) -> Story[list[Alternative]]:
    """Return the verified ways to make the check pass, best first; culprits go into the case.

    `failing` is the probe of the case's candidate, whose install passed and whose check failed.
    The way that the log speaks for goes first. The other one is worth its builds where it may
    keep the user's pins, and builds are cheap.
    """
    ways: list[Alternative] = []
    brought = bool(_other_halves(failing))
    for way in (hold_back, free) if brought and context.cheap else (free, hold_back):
        context.progress.phase(_PHASES[way])
        alternative = yield from way(context, case, failing)
        if alternative is not None:
            ways.append(alternative)
            if not (brought and context.cheap):
                break
    ways.sort(key=lambda way: _size(way, case))
    if ways:
        ways[0] = yield from refine(context, ways[0])
        case.culprits += _joined(ways)
    return ways


def _joined(ways: Sequence[Alternative]) -> list[Found]:
    """Return the culprits of the best way; two pins that each mend it alone are a combination."""
    best = list(ways[0].culprits)
    if len(ways) < 2 or len(best) != 1 or len(ways[1].culprits) != 1:
        return best
    one, other = best[0], ways[1].culprits[0]
    both_written = not any(member.via for member in (*one.members, *other.members))
    if both_written and not one.numbers & other.numbers:
        one.members = tuple(
            sorted((*one.members, *other.members), key=lambda each: each.requirement.number)
        )
    return [one]


def hold_back(context: Context, case: Case, failing: Probe) -> Story[Alternative | None]:
    """Hold transitive releases back to an earlier day's, as few as will do."""
    base = case.candidate
    tried: set[tuple[Edit, ...]] = set()
    for moves in _days(context, base, failing):
        edits = tuple(move.edit for move in moves)
        if not moves or edits in tried:
            continue
        tried.add(edits)
        probe = yield from ask(
            with_edits(base, edits),
            ProbeKind.FIX,
            "do the transitive releases of an earlier day pass the check?",
            imports=context.imports,
        )
        if probe.outcome is Outcome.PASS:
            return (
                yield from _smallest(
                    context, base, moves, probe, failing, "smallest-change", _adds(base, moves)
                )
            )
    return None


def free(context: Context, case: Case, failing: Probe) -> Story[Alternative | None]:
    """Free the user's pins, as few as will do: first those that the log suspects, then all."""
    if context.resolver is None:
        return None
    base = case.candidate
    pinned = [each for each in edited(context.requirements, base.edits) if each.pin is not None]
    named = [name for suspect in suspects_of(failing) for name in (*suspect.via, suspect.name)]
    suspected = [each for each in pinned if each.name in named]
    for group in (suspected, pinned):
        if not group:
            continue
        candidate = _freed(context, base, group)
        if candidate is None:
            continue
        probe = yield from ask(
            candidate,
            ProbeKind.FIX,
            "does the check pass with newer releases of the suspects?",
            imports=context.imports,
        )
        if probe.outcome is Outcome.PASS:
            moves = [
                Move(each, each.name, each.pin, edit)
                for each in group
                if (edit := _edit_of(candidate, each)) is not None
            ]
            return (
                yield from _smallest(
                    context, base, moves, probe, failing, "bump", _frees(context, base, group)
                )
            )
    return None


Way: TypeAlias = "Callable[[Context, Case, Probe], Story[Alternative | None]]"
_PHASES: dict[Way, str] = {
    hold_back: "It installs; looking for older releases of what the file brings along",
    free: "It installs; looking for releases that pass the check",
}
Build: TypeAlias = "Callable[[Sequence[Move]], Candidate | None]"


def _smallest(
    context: Context,
    base: Candidate,
    moves: Sequence[Move],
    passing: Probe,
    failing: Probe,
    style: str,
    build: Build,
) -> Story[Alternative | None]:
    """Find the smallest set of moves that passes, and tell the culprits that need them."""
    if len(moves) == 1:
        found = _tell(moves[0], failing, failing, passing)
        return Alternative(passing.candidate, passing.number, style, "", (found,))
    axis = _between(context, moves, build)
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
    finding, record = yield from locate(bisect(problem), axis, context)
    if finding.state is not State.FOUND or finding.passing is None:
        return None
    return _conclude(finding, record, moves, passing, failing, style, build)


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
        at = certified.members & finding.removed
        shown = record.probes.get(certified.failing, failing)
        green = record.probes.get(certified.passing[0], passing) if certified.passing else passing
        culprits.append(_tell(moves[min(at or certified.members)], shown, shown, green))
    return Alternative(candidate, proof.number, style, "", tuple(culprits))


def _between(context: Context, moves: Sequence[Move], build: Build) -> Axis:
    """Return the axis between the failing end (no move made) and the passing one (all made)."""

    def candidate(kept: Items) -> Candidate | None:
        return build([move for at, move in enumerate(moves) if at not in kept])

    def read(probe: Probe, kept: Items) -> Answer:
        if probe.outcome is Outcome.FAIL and phase_of(probe) is not Phase.CHECK:
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


def _tell(move: Move, shown: Probe, failing: Probe, passing: Probe) -> Found:
    member = Member(move.requirement, move.name, move.bad, move.via)
    found = describe((member,), shown)
    found.phase = Phase.CHECK
    found.failing_probe = failing.number
    found.passing_probe = passing.number
    return found


def _adds(base: Candidate, moves: Sequence[Move]) -> Build:
    del moves

    def build(made: Sequence[Move]) -> Candidate:
        return with_edits(base, [move.edit for move in made])

    return build


def _frees(context: Context, base: Candidate, group: Sequence[Requirement]) -> Build:
    del group

    def build(made: Sequence[Move]) -> Candidate | None:
        return _freed(context, base, [move.requirement for move in made]) if made else base

    return build


def _freed(context: Context, base: Candidate, group: Sequence[Requirement]) -> Candidate | None:
    """Return the candidate with these pins moved to the newest releases that resolve together."""
    resolution = resolve(context, base, freed=[each.number for each in group])
    if resolution is None or not resolution.resolved:
        return None
    edits = [
        repin(each, resolution.releases[each.name])
        for each in group
        if resolution.releases.get(each.name) not in (None, each.pin)
    ]
    return with_edits(base, edits) if edits else None


def _days(context: Context, base: Candidate, failing: Probe) -> Iterator[list[Move]]:
    """Yield the moves that hold transitive releases back to ever later days, nearest first."""
    if context.resolver is None or context.index is None or failing.installed is None:
        return
    current = edited(context.requirements, base.edits)
    pinned = {each.name for each in current if each.pin is not None}
    pinned -= _other_halves(failing)
    loose = [name for name in sorted(failing.installed) if name not in pinned]
    for some in _groups(context, base, failing, loose):
        for day in _likely_days(context, failing):
            then = resolve(context, base, exclude_newer_package=dict.fromkeys(some, day))
            if then is not None and then.resolved:
                yield _moves(context, failing.installed, then, some)


def _groups(
    context: Context, base: Candidate, failing: Probe, loose: Sequence[str]
) -> Iterator[list[str]]:
    """Yield what to hold back together: what the suspects bring along, then everything loose."""
    now = resolve(context, base)
    suspected = {name for each in suspects_of(failing) for name in (each.name, *each.via)}
    tops = suspected & {each.name for each in context.requirements}
    brought = [
        name
        for name in loose
        if now is not None and any(name in now.brought_by(top) for top in sorted(tops))
    ]
    if brought:
        yield brought
    if brought != loose:
        yield list(loose)


def _other_halves(failing: Probe) -> set[str]:
    """Return the projects in which the log says something is missing: pinned, they may be moved."""
    return {
        name
        for suspect in suspects_of(failing)[:1]
        if (name := (suspect.failing or "").partition("==")[0]) and name != suspect.name
    }


def _likely_days(context: Context, failing: Probe) -> Iterator[str]:
    """Yield days on which the file may have worked: when its pins were new, then ever later."""
    assert context.index is not None
    pins = [Release(each.name, each.pin) for each in context.requirements if each.pin is not None]
    written = context.index.latest_upload(pins)
    if written is None:
        return
    newest = datetime.fromisoformat(written.replace("Z", "+00:00")) + timedelta(days=1)
    for years in LATER_YEARS:
        yield (newest + timedelta(days=365 * years)).strftime(INSTANT)
    suspected = {suspect.name for suspect in suspects_of(failing)}
    oldest = context.index.latest_upload([pin for pin in pins if pin.name in suspected])
    if oldest is not None:
        day = datetime.fromisoformat(oldest.replace("Z", "+00:00")) + timedelta(days=1)
        yield day.strftime(INSTANT)


def _moves(
    context: Context, installed: Mapping[str, str], then: Resolution, loose: Sequence[str]
) -> list[Move]:
    moves: list[Move] = []
    for name in loose:
        now, old = installed.get(name), then.releases.get(name)
        if old is None or old == now:
            continue
        direct = context.named(name)
        if direct:
            moves.append(Move(direct[0], name, now, repin(direct[0], old)))
            continue
        chain = then.chain(name)
        top = context.named(chain[0]) if chain else ()
        if top:
            via = tuple(link for link in chain if link != name)
            moves.append(Move(top[0], name, now, add(context, name, old), via))
    return moves


def _edit_of(candidate: Candidate, requirement: Requirement) -> Edit | None:
    return next(
        (
            edit
            for edit in candidate.edits
            if edit.number == requirement.number and edit.action is EditAction.REPIN
        ),
        None,
    )


def _size(way: Alternative, case: Case) -> tuple[int, int]:
    """Return what a fix costs: edits, and of two alike the one that keeps the user's pins."""
    before = set(case.candidate.edits)
    more = [edit for edit in way.candidate.edits if edit not in before]
    return len(more), sum(edit.action is not EditAction.ADD for edit in more)
