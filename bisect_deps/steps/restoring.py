"""It worked before: bisects what changed since a known good environment, or a known good day.

The good end is the file with every release that differs moved back to what was known to work. On a
day's axis the release event that broke it first is found, then the smallest set of releases that
must be held back.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from bisect_deps.index import ReleaseEvent
from bisect_deps.model import Candidate, Edit, Outcome, Probe, ProbeKind
from bisect_deps.probing import Story, edited
from bisect_deps.search.base import Answer
from bisect_deps.search.narrow import narrow
from bisect_deps.steps.base import (
    Alternative,
    Case,
    Context,
    add,
    ask,
    repin,
    resolve,
    with_edits,
)
from bisect_deps.steps.between import Move, made_on, smallest
from bisect_deps.steps.refining import refine
from bisect_deps.steps.ways import INSTANT


def mend_by_memory(context: Context, case: Case, failing: Probe) -> Story[list[Alternative]]:
    """Return the fix that what worked before leads to; none where nothing is known of it."""
    if not context.good and context.good_date is None:
        return []
    context.progress.phase("Comparing with what worked before")
    way = yield from restore(context, case, failing)
    if way is None:
        return []
    way = yield from refine(context, way)
    case.culprits += way.culprits
    return [way]


def restore(context: Context, case: Case, failing: Probe) -> Story[Alternative | None]:
    """Return the smallest way back to what is known to have worked, None where that fails too."""
    now = _versions_now(context, case.candidate, failing)
    then = _versions_then(context, case.candidate, now)
    moves = _moves(context, case.candidate, now, then)
    if not moves:
        case.notes.append("Nothing that this file brings differs from what was known to work.")
        return None
    passing = yield from ask(
        with_edits(case.candidate, [move.edit for move in moves]),
        ProbeKind.FIX,
        "does it pass with all that was known to work?",
        imports=context.imports,
    )
    if passing.outcome is not Outcome.PASS:
        case.notes.append("What was known to work does not pass here any more; it was not used.")
        return None
    if context.good_date is not None:
        yield from _first_break(context, case, sorted(now))
    build = made_on(case.candidate)
    return (yield from smallest(context, moves, passing, failing, "smallest-change", build))


def _first_break(context: Context, case: Case, names: list[str]) -> Story[None]:
    """Find the release event after which the file failed first, and say so."""
    if context.index is None or context.good_date is None:
        return
    until = context.index.settings.exclude_newer
    events = context.index.events(names, context.good_date, until or "9999-01-01T00:00:00Z")
    if not events:
        return
    # Point 0 is the good day, point n the index after event n; the last one is today's, and fails.
    search = narrow(len(events) + 1, failing=len(events), passing=0)
    try:
        questions = next(search)
        while True:
            answers: list[Answer] = []
            for question in questions:
                event = events[min(question.items) - 1]
                answers.append((yield from _as_of(context, case.candidate, names, event)))
            questions = search.send(answers)
    except StopIteration as stop:
        turn = stop.value.turn
    if turn is not None and turn.exact:
        event = events[turn.failing - 1]
        case.notes.append(
            f"It broke first with {event.project} {event.version}, released {event.uploaded[:10]}."
        )
    elif turn is not None:
        after, before = events[turn.passing - 1], events[turn.failing - 1]
        case.notes.append(
            f"It broke first between {after.uploaded[:10]} and {before.uploaded[:10]}; "
            "what was released between could not be told apart."
        )


def _as_of(
    context: Context, base: Candidate, names: list[str], event: ReleaseEvent
) -> Story[Answer]:
    """Answer whether the file passes with what the index held just after an event."""
    moment = datetime.fromisoformat(event.uploaded.replace("Z", "+00:00")) + timedelta(seconds=1)
    loose = _loose(context, base, names)
    day = moment.strftime(INSTANT)
    then = resolve(context, base, exclude_newer_package=dict.fromkeys(loose, day))
    if then is None or not then.resolved:
        return Answer(Outcome.UNRESOLVED)
    edits = [_edit(context, name, then.releases[name]) for name in loose if name in then.releases]
    purpose = f"does it pass with what there was after {event.project} {event.version}?"
    probe = yield from ask(
        with_edits(base, edits), ProbeKind.VERSION, purpose, imports=context.imports
    )
    return Answer(probe.outcome, cost=probe.seconds)


def _versions_now(context: Context, base: Candidate, failing: Probe) -> Mapping[str, str]:
    """Return what is installed today: by the failing build, or as the resolver chooses."""
    if failing.installed:
        return failing.installed
    resolution = resolve(context, base)
    if resolution is not None and resolution.resolved:
        return resolution.releases
    return {each.name: each.pin for each in context.requirements if each.pin is not None}


def _versions_then(context: Context, base: Candidate, now: Mapping[str, str]) -> Mapping[str, str]:
    """Return what worked: versions that are known, and for all else what a day's index gives."""
    if context.good_date is None:
        return context.good
    held = [
        repin(context, own, context.good[own.name])
        for own in context.requirements
        if own.name in context.good
    ]
    base = with_edits(base, held)
    loose = _loose(context, base, sorted(now))
    then = resolve(context, base, exclude_newer_package=dict.fromkeys(loose, context.good_date))
    dated = then.releases if then is not None and then.resolved else {}
    return {**dated, **context.good}


def _loose(context: Context, base: Candidate, names: list[str]) -> list[str]:
    pinned = {e.name for e in edited(context.requirements, base.edits) if e.pin is not None}
    return [name for name in names if name not in pinned]


def _moves(
    context: Context, base: Candidate, now: Mapping[str, str], then: Mapping[str, str]
) -> list[Move]:
    resolution = resolve(context, base)
    moves: list[Move] = []
    for name in sorted(now):
        old = then.get(name)
        if old is None or old == now[name]:
            continue
        direct = context.named(name)
        chain = resolution.chain(name) if resolution is not None else ()
        top = direct or (context.named(chain[0]) if chain else ())
        if top:
            via = () if direct else tuple(link for link in chain if link != name)
            moves.append(Move(top[0], name, now[name], _edit(context, name, old), via))
    return moves


def _edit(context: Context, name: str, version: str) -> Edit:
    direct = context.named(name)
    return repin(context, direct[0], version) if direct else add(context, name, version)
