"""Mends a check that fails after an install that worked, by the way that changes least.

Two ways lead from a failing environment to a passing one: hold unpinned transitive releases back
to those of an earlier day, or move the user's own pins. Which go first, the log says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from bisect_deps.model import EditAction, Member, Outcome, Probe, ProbeKind
from bisect_deps.probing import BudgetSpent, Story
from bisect_deps.steps.accusing import describe
from bisect_deps.steps.base import (
    Alternative,
    Case,
    Context,
    Found,
    ask,
    drop,
    suspects_of,
    with_edits,
)
from bisect_deps.steps.parting import part
from bisect_deps.steps.refining import refine
from bisect_deps.steps.ways import free, hold_back, other_halves, step_back

Way: TypeAlias = "Callable[[Context, Case, Probe], Story[Alternative | None]]"
_PHASES: dict[Way, str] = {
    hold_back: "It installs; looking for older releases of what the file brings along",
    free: "It installs; looking for releases that pass the check",
    part: "Looking for lines that do not work together",
    step_back: "Looking for older releases that pass the check",
}


def mend_check(context: Context, case: Case, failing: Probe) -> Story[list[Alternative]]:
    """Return the verified ways to make the check pass, best first; culprits go into the case.

    `failing` is the probe of the case's candidate, whose install passed and whose check failed.
    """
    ways: list[Alternative] = []
    for way in _order(context, failing):
        worth = _is_improvable(context, case, ways[0]) if ways else True
        worth = worth or _is_half(context, ways[0], failing)
        if ways and (way in (part, step_back) or not worth):
            break
        context.progress.phase(_PHASES[way])
        try:
            alternative = yield from way(context, case, failing)
        except BudgetSpent:
            if not ways:
                raise
            break
        if alternative is not None:
            ways.append(alternative)
    ways.sort(key=lambda way: _size(way, case))
    if ways:
        ways[0] = yield from refine(context, ways[0])
        case.culprits += _joined(ways, failing)
    elif not case.culprits and context.cheap:
        yield from _accuse_alone(context, case, failing)
    return ways


def _accuse_alone(context: Context, case: Case, failing: Probe) -> Story[None]:
    """Accuse the line that the log suspects if its import fails alike with no other line there.

    No release of it may pass, and without it the check cannot pass either: nothing else shows it.
    """
    for suspect in suspects_of(failing)[:1]:
        lines = context.named(suspect.name)
        numbers = {each.number for each in lines}
        others = [drop(each) for each in context.requirements if each.number not in numbers]
        if not lines or not context.capabilities.isolated:
            return
        purpose = f"does {suspect.name} import with no other line there?"
        base = with_edits(case.candidate, others)
        probe = yield from ask(base, ProbeKind.SUBSET, purpose, imports=True)
        if probe.outcome is Outcome.FAIL and probe.signature == failing.signature:
            members = tuple(Member(each, each.name, each.pin) for each in lines)
            case.culprits.append(describe(members, probe))


def _is_improvable(context: Context, case: Case, way: Alternative) -> bool:
    """Say whether another way may change less: nothing changes less than one line."""
    return context.cheap and _size(way, case)[0] > 1


def _is_half(context: Context, way: Alternative, failing: Probe) -> bool:
    """Say whether the way moved one side of a pair that the file itself pins.

    Where moving the other side mends it too, the two are a combination.
    """
    pinned = {each.name for each in context.requirements if each.pin is not None}
    return context.cheap and len(way.culprits) == 1 and bool(other_halves(failing) & pinned)


def _order(context: Context, failing: Probe) -> Iterator[Way]:
    """Yield the ways, first the one that the log speaks for.

    What is missing in another project has moved there: an older release of it keeps the user's
    pins. Where builds are dear, freeing one pin, which costs one build, goes first all the same.
    """
    yield from (hold_back, free) if context.cheap and other_halves(failing) else (free, hold_back)
    if context.imports:
        # With a check that imports what was left out, leaving lines out tells nothing.
        yield part
    yield step_back


def _joined(ways: Sequence[Alternative], failing: Probe) -> list[Found]:
    """Return the culprits of the best way; two pins that each mend it alone are a combination."""
    best = list(ways[0].culprits)
    if len(ways) < 2 or len(best) != 1 or len(ways[1].culprits) != 1:
        return best
    one, other = best[0], ways[1].culprits[0]
    both_written = not any(member.via for member in (*one.members, *other.members))
    if both_written and not one.numbers & other.numbers:
        one.failing_probe = failing.number
        one.members = tuple(
            sorted((*one.members, *other.members), key=lambda each: each.requirement.number)
        )
    return [one]


def _size(way: Alternative, case: Case) -> tuple[int, int, bool]:
    """Return what a fix costs: edits, then moved pins, then going back instead of on."""
    before = set(case.candidate.edits)
    more = [edit for edit in way.candidate.edits if edit not in before]
    moved = sum(edit.action is not EditAction.ADD for edit in more)
    return len(more), moved, way.style != "bump"
