"""Moves a verified fix as near to the user's file as it goes, version by version.

A fix of a failing check is found with the newest (or an early day's) releases. Each release that it
moves is narrowed to the passing version nearest to the one that failed, within the whole file.
"""

from __future__ import annotations

from dataclasses import replace

from bisect_deps.model import Candidate, Edit, EditAction, Narrowing, Outcome, ProbeKind, Tried
from bisect_deps.probing import BudgetSpent, Inquiry, Story
from bisect_deps.search.base import Answer
from bisect_deps.search.narrow import Turn, narrow
from bisect_deps.steps.base import Alternative, Context, Found, at_version, with_edits
from bisect_deps.steps.narrowing import Axis, axis_between

# One release is worth this many whole builds; what is not decided then stays as it was proven.
MOST_BUILDS = 4
MOST_DEAR_BUILDS = 1
# All of them together: a fix that moves many releases is refined less, not for longer.
MOST_IN_ALL = 12


def refine(context: Context, fix: Alternative) -> Story[Alternative]:
    """Return the fix with each culprit at the passing version nearest to its failing one."""
    context.progress.phase("It passes; moving the fix nearer to your versions")
    try:
        for found in fix.culprits:
            fix = yield from _refine_one(context, fix, found)
    except BudgetSpent:
        # The fix is proven already; what was to come is finer, not surer.
        return fix
    return fix


def _refine_one(context: Context, fix: Alternative, found: Found) -> Story[Alternative]:
    member = found.members[0]
    edit = _edit_of(fix.candidate, member.requirement.number, member.name)
    after = None if edit is None or edit.to is None else edit.to.removeprefix("==")
    axis = axis_between(context, member.name, member.version, after)
    if axis is None or edit is None:
        return fix
    search = narrow(len(axis.versions), failing=axis.failing, passing=axis.passing)
    tried: list[Tried] = []
    share = max(1, MOST_IN_ALL // max(1, len(fix.culprits)))
    most = min(MOST_BUILDS, share) if context.cheap else MOST_DEAR_BUILDS
    best = fix
    try:
        questions = next(search)
        while True:
            answers: list[Answer] = []
            for question in questions:
                if len(tried) >= most:
                    answers.append(Answer(Outcome.UNRESOLVED))
                    continue
                version = axis.versions[min(question.items)]
                moved = at_version(context, edit, version)
                candidate = with_edits(fix.candidate, [moved])
                purpose = f"does the check pass with {member.name}=={version}?"
                [probe] = yield [
                    Inquiry(candidate, ProbeKind.VERSION, purpose, imports=context.imports)
                ]
                tried.append(Tried(version, probe.outcome, probe.number))
                answers.append(Answer(probe.outcome, cost=probe.seconds))
                if probe.outcome is Outcome.PASS and _is_nearer(axis, version, best, edit):
                    best = replace(fix, candidate=candidate, probe=probe.number)
            questions = search.send(answers)
    except StopIteration as stop:
        found.narrowings.append(_narrowing(axis, stop.value.turn, tried, fix))
    if best is not fix:
        found.passing_probe = best.probe
    return best


def _narrowing(axis: Axis, turn: Turn | None, tried: list[Tried], fix: Alternative) -> Narrowing:
    known = Tried(axis.versions[axis.passing], Outcome.PASS, fix.probe)
    return Narrowing(
        name=axis.name,
        last_failing=None if turn is None else axis.versions[turn.failing],
        first_passing=None if turn is None else axis.versions[turn.passing],
        tried=(known, *tried),
        skipped=axis.skipped,
    )


def _is_nearer(axis: Axis, version: str, best: Alternative, edit: Edit) -> bool:
    current = _edit_of(best.candidate, edit.number, edit.name)
    now = axis.passing if current is None else axis.versions.index((current.to or "")[2:])
    return abs(axis.versions.index(version) - axis.failing) < abs(now - axis.failing)


def _edit_of(candidate: Candidate, number: int | None, name: str) -> Edit | None:
    return next(
        (
            edit
            for edit in candidate.edits
            if edit.action is not EditAction.DROP
            and edit.name == name
            and edit.number in (number, None)
        ),
        None,
    )
