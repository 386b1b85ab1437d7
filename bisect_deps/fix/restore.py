"""It worked before: bisects what changed since a known good environment, or a known good day.

The passing end is the file with every release that differs moved back to what was known to work. On
a day's axis the release event that broke it first is found, then the smallest set of releases that
must be held back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from bisect_deps.fix.ask import ask, relayed
from bisect_deps.fix.case import Case
from bisect_deps.fix.inquiry import Story
from bisect_deps.fix.proposers.day import INSTANT, as_of
from bisect_deps.index import ReleaseEvent
from bisect_deps.index.releases import instant
from bisect_deps.model import Candidate, Note, Outcome, Probe, ProbeKind
from bisect_deps.search.base import Answer, Question
from bisect_deps.search.narrow import Turn, narrow


@dataclass(frozen=True, slots=True)
class Restored:
    """The build that passes with what was known to work, None where it does not, and notes."""

    passing: Probe | None
    notes: tuple[Note, ...] = ()


def restore(case: Case, failing: Probe) -> Story[Restored]:
    """Return a passing build of what is known to have worked; none where nothing is known of it."""
    now = case.installed(failing) or case.pins(failing.candidate)
    then = _versions_then(case, failing.candidate, now)
    changed = {name: then[name] for name in sorted(now) if then.get(name, now[name]) != now[name]}
    movable = {name: version for name, version in changed.items() if _may_move(case, failing, name)}
    if not movable:
        text = (
            "--good tells nothing: nothing that this file pulls in differs from what worked then."
        )
        return Restored(None, (Note(text, failing.number),))
    passing = yield from ask(
        case,
        case.settled(failing.candidate, movable),
        ProbeKind.FIX,
        "does it pass with all that was known to work?",
    )
    if passing.outcome is not Outcome.PASS:
        text = "--good was not used: what worked then does not pass here any more."
        return Restored(None, (Note(text, passing.number),))
    notes: tuple[Note, ...] = ()
    if case.good_date is not None:
        notes = yield from _first_break(case, failing.candidate, sorted(now), case.good_date)
    return Restored(passing, notes)


def _may_move(case: Case, failing: Probe, name: str) -> bool:
    return case.member(name, None, case.resolve(failing.candidate)) is not None


def _versions_then(case: Case, base: Candidate, now: Mapping[str, str]) -> Mapping[str, str]:
    """Return what was installed when it worked: as known, and for the rest as of the day."""
    if case.good_date is None:
        return case.good
    own = {name: version for name, version in case.good.items() if case.named(name)}
    held = case.settled(base, own)
    loose = _loose(case, held, [name for name in sorted(now) if name not in case.good])
    return {**as_of(case, held, loose, case.good_date), **case.good}


def _loose(case: Case, base: Candidate, names: Sequence[str]) -> list[str]:
    pins = case.pins(base)
    return [name for name in names if name not in pins]


def _first_break(
    case: Case, base: Candidate, names: Sequence[str], since: str
) -> Story[tuple[Note, ...]]:
    """Find the release event after which the file failed first, and say so."""
    if case.index is None:
        return ()
    until = case.index.settings.exclude_newer or "9999-01-01T00:00:00Z"
    events = case.index.events(names, since, until)
    if not events:
        return ()
    # Point 0 is the good day, point n the index after event n; the last one is today's, and fails.
    search = narrow(len(events) + 1, failing=len(events), passing=0)
    shown: dict[int, int] = {}

    def answer(questions: Sequence[Question]) -> Story[list[Answer]]:
        answers: list[Answer] = []
        for question in questions:
            point = min(question.items)
            probe = yield from _after(case, base, names, events[point - 1])
            if probe is not None:
                shown[point] = probe.number
            answers.append(Answer(probe.outcome if probe else Outcome.UNRESOLVED))
        return answers

    turn = (yield from relayed(search, answer)).turn
    return () if turn is None else (_reported(events, turn, shown),)


def _reported(events: Sequence[ReleaseEvent], turn: Turn, shown: Mapping[int, int]) -> Note:
    event = events[turn.failing - 1]
    if turn.exact:
        text = f"It broke first with {event.project} {event.version}, released "
        return Note(f"{text}{event.uploaded[:10]}.", shown.get(turn.failing))
    after = events[turn.passing - 1].uploaded[:10] if turn.passing else "the good day"
    text = f"It broke first between {after} and {event.uploaded[:10]}; "
    return Note(f"{text}which release between them is at fault is not known.")


def _after(
    case: Case, base: Candidate, names: Sequence[str], event: ReleaseEvent
) -> Story[Probe | None]:
    """Build with what the index held just after an event; None where nothing resolves."""
    day = (instant(event.uploaded) + timedelta(seconds=1)).strftime(INSTANT)
    loose = _loose(case, base, names)
    then = as_of(case, base, loose, day)
    if not then:
        return None
    versions = {name: then[name] for name in loose if name in then}
    purpose = f"does it pass with what there was after {event.project} {event.version}?"
    return (yield from ask(case, case.settled(base, versions), ProbeKind.VERSION, purpose))
