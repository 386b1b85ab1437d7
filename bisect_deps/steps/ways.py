"""Ways from a failing environment to a passing one: ends that a search can work between.

Hold back what the file brings along to an earlier day's releases, free the user's pins upwards, or
step them back. Each way is one candidate with all its moves made; where it passes, the smallest set
of them is searched for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from packaging.version import Version

from bisect_deps.model import (
    Candidate,
    Edit,
    EditAction,
    Outcome,
    Probe,
    ProbeKind,
    Release,
    Requirement,
)
from bisect_deps.probing import Story, edited
from bisect_deps.resolver import Resolution
from bisect_deps.steps.base import (
    Alternative,
    Case,
    Context,
    add,
    ask,
    repin,
    resolve,
    suspects_of,
    with_edits,
)
from bisect_deps.steps.between import Build, Move, made_on, smallest

# Years after the newest pin at which the transitive releases are tried, nearest first.
LATER_YEARS = (0, 1, 3)
INSTANT = "%Y-%m-%dT%H:%M:%SZ"


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
                yield from smallest(
                    context, moves, probe, failing, "smallest-change", made_on(base)
                )
            )
    return None


def free(context: Context, case: Case, failing: Probe) -> Story[Alternative | None]:
    """Free the user's pins upwards, as few as will do: those that the log suspects, then all."""
    purpose = "does the check pass with newer releases of the suspects?"
    return (yield from _move_pins(context, case, failing, ">=", purpose))


def step_back(context: Context, case: Case, failing: Probe) -> Story[Alternative | None]:
    """Move the user's pins to older releases, as few as will do."""
    purpose = "does the check pass with older releases of the suspects?"
    return (yield from _move_pins(context, case, failing, "<", purpose))


def other_halves(failing: Probe) -> set[str]:
    """Return the projects in which the log says something is missing; pinned, they may move."""
    suspects = suspects_of(failing)
    for suspect in suspects[:1]:
        name = (suspect.failing or "").partition("==")[0]
        if name and name != suspect.name:
            return {name}
        if len(suspects) > 1 and suspects[1].evidence == suspect.evidence:
            # Both sides of a broken pair are lines of the file; the lacking one comes first.
            return {suspect.name}
    return set()


def _move_pins(
    context: Context, case: Case, failing: Probe, clause: str, purpose: str
) -> Story[Alternative | None]:
    base = case.candidate
    tried: set[Candidate] = set()
    for group in _groups_of_pins(context, base, failing):
        candidate = _moved(context, base, group, clause)
        if candidate is None or candidate in tried:
            continue
        tried.add(candidate)
        probe = yield from ask(candidate, ProbeKind.FIX, purpose, imports=context.imports)
        if probe.outcome is Outcome.PASS:
            moves = [
                Move(each, each.name, each.pin, edit)
                for each in group
                if (edit := _edit_of(candidate, each)) is not None
            ]
            build = _moves_of_pins(context, base, clause)
            return (yield from smallest(context, moves, probe, failing, "bump", build))
    return None


def _groups_of_pins(
    context: Context, base: Candidate, failing: Probe
) -> Iterator[Sequence[Requirement]]:
    """Yield the pins that the log suspects, then those of both sides that it names, then all."""
    pinned = [each for each in edited(context.requirements, base.edits) if each.pin is not None]
    first = [name for suspect in suspects_of(failing)[:1] for name in (suspect.name, *suspect.via)]
    named = [name for suspect in suspects_of(failing) for name in (suspect.name, *suspect.via)]
    halves = other_halves(failing)
    for names in (first, named, [*named, *halves]):
        group = [each for each in pinned if each.name in names]
        if group:
            yield group
    if pinned:
        yield pinned


def _moves_of_pins(context: Context, base: Candidate, clause: str) -> Build:
    def build(made: Sequence[Move]) -> Candidate | None:
        group = [move.requirement for move in made]
        return _moved(context, base, group, clause) if made else base

    return build


def _moved(
    context: Context, base: Candidate, group: Sequence[Requirement], clause: str
) -> Candidate | None:
    """Return the candidate with these pins moved to the newest releases that suit each other."""
    numbers = {each.number: clause for each in group if _has_room(context, each, clause)}
    resolution = resolve(context, base, loosened=numbers) if numbers else None
    if resolution is None or not resolution.resolved:
        return None
    edits = [
        repin(context, each, resolution.releases[each.name])
        for each in group
        if resolution.releases.get(each.name) not in (None, each.pin)
    ]
    return with_edits(base, edits) if edits else None


def _has_room(context: Context, requirement: Requirement, clause: str) -> bool:
    """Say whether there is any older release, where older ones are asked for."""
    if clause != "<" or context.index is None or requirement.pin is None:
        return True
    known = context.index.releases(requirement.name)
    at = next((i for i, each in enumerate(known) if each.version == requirement.pin), 0)
    return any(each.installable and each.yanked is None for each in known[:at])


def _days(context: Context, base: Candidate, failing: Probe) -> Iterator[list[Move]]:
    """Yield the moves that hold transitive releases back to ever later days, nearest first."""
    if context.resolver is None or context.index is None or failing.installed is None:
        return
    current = edited(context.requirements, base.edits)
    pinned = {each.name for each in current if each.pin is not None}
    halves = other_halves(failing) & pinned
    loosened = {each.number: "<=" for each in current if each.name in halves}
    loose = [name for name in sorted(failing.installed) if name not in pinned - halves]
    for some in _groups_of_loose(context, base, failing, loose):
        for day in _likely_days(context, failing):
            until = dict.fromkeys(some, day)
            then = resolve(context, base, loosened=loosened, exclude_newer_package=until)
            if then is not None and then.resolved:
                yield _moves(context, failing.installed, then, some)


def _groups_of_loose(
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
    suspected = {suspect.name for suspect in suspects_of(failing)} - other_halves(failing)
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
        if old is None or now is None or Version(old) >= Version(now):
            continue
        direct = context.named(name)
        if direct:
            moves.append(Move(direct[0], name, now, repin(context, direct[0], old)))
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
