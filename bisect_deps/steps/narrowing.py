"""Narrows a culprit to the neighbouring versions between which the outcome turns.

The candidates are the project's releases between the failing one and the one of the fix; facts give
the first guess (the fix's version, and the release before it). Each version is built alone where
the builder can do that, else within the fixed file.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from packaging.version import InvalidVersion, Version

from bisect_deps.index import ReleaseFacts
from bisect_deps.model import (
    Candidate,
    EditAction,
    Narrowing,
    Outcome,
    Phase,
    ProbeKind,
    Tried,
)
from bisect_deps.probing import Inquiry, Story
from bisect_deps.search.base import Answer, Question, Search
from bisect_deps.search.narrow import Narrowed, narrow
from bisect_deps.steps.base import Case, Context, Found, add, at_version, with_edits

# A turn that is not found within so many builds is given as the interval that is left.
MOST_BUILDS = 3
MOST_DEAR_BUILDS = 1


@dataclass(frozen=True, slots=True)
class Axis:
    """The versions of one project, oldest first, with what is known of both ends."""

    name: str
    versions: tuple[str, ...]
    failing: int
    passing: int
    skipped: tuple[Tried, ...]


def narrow_all(context: Context, case: Case, fixed: Candidate, passing: int) -> Story[None]:
    """Narrow every culprit whose version the fix moves; the searches share their rounds."""
    running: list[tuple[Found, Axis, Search[Narrowed]]] = []
    for found in case.culprits:
        for member in () if found.narrowings else found.members:
            after = _version_in(fixed, member.requirement.number, member.name)
            axis = axis_between(context, member.name, member.version, after)
            if axis is not None:
                search = narrow(
                    len(axis.versions),
                    failing=axis.failing,
                    passing=axis.passing,
                    first_guesses=(axis.passing,),
                    slots=1,
                )
                running.append((found, axis, search))
    yield from _drive_all(context, fixed, passing, running)


def first_guesses(context: Context, case: Case, candidate: Candidate) -> list[Inquiry]:
    """Return the questions that narrowing will ask first if this candidate is the fix.

    Asked beside the fix, they cost no time of their own: the journal then answers `narrow_all`.
    """
    if not (context.cheap and context.capabilities.isolated and context.slots > 1):
        return []
    guesses: list[Inquiry] = []
    for found in case.culprits:
        for member in found.members if len(found.members) == 1 else ():
            after = _version_in(candidate, member.requirement.number, member.name)
            axis = axis_between(context, member.name, member.version, after)
            if axis is None or abs(axis.passing - axis.failing) < 2:
                continue
            step = -1 if axis.passing > axis.failing else 1
            version = axis.versions[axis.passing + step]
            guesses.append(_inquiry(context, candidate, found, axis.name, version))
    return guesses


def _drive_all(
    context: Context,
    fixed: Candidate,
    passing: int,
    running: Sequence[tuple[Found, Axis, Search[Narrowed]]],
) -> Story[None]:
    tried: dict[int, list[Tried]] = {at: [] for at in range(len(running))}
    waiting: dict[int, Sequence[Question]] = {}
    most = MOST_BUILDS if context.cheap else MOST_DEAR_BUILDS
    for at, (found, axis, search) in enumerate(running):
        _advance(at, search, None, waiting, found, axis, tried[at], passing, most)
    while waiting:
        asked = [
            (at, question, running[at][1].versions[min(question.items)])
            for at, questions in waiting.items()
            for question in questions
        ]
        probes = yield [
            _inquiry(context, fixed, running[at][0], running[at][1].name, version)
            for at, _, version in asked
        ]
        answers: dict[int, list[Answer]] = {}
        for (at, _, version), probe in zip(asked, probes, strict=True):
            tried[at].append(Tried(version, probe.outcome, probe.number))
            answers.setdefault(at, []).append(Answer(probe.outcome, cost=probe.seconds))
        for at in list(waiting):
            found, axis, search = running[at]
            _advance(at, search, answers[at], waiting, found, axis, tried[at], passing, most)


def _advance(
    at: int,
    search: Search[Narrowed],
    answers: list[Answer] | None,
    waiting: dict[int, Sequence[Question]],
    found: Found,
    axis: Axis,
    tried: list[Tried],
    passing: int,
    most: int,
) -> None:
    """Send a search its answers; keep its next questions, or its narrowing where it has ended."""
    waiting.pop(at, None)
    try:
        questions = next(search) if answers is None else search.send(answers)
        while _is_enough(tried, most):
            questions = search.send([Answer(Outcome.UNRESOLVED) for _ in questions])
        waiting[at] = questions
    except StopIteration as stop:
        found.narrowings.append(_narrowing(axis, stop.value, tried, passing))


def _is_enough(tried: Sequence[Tried], most: int) -> bool:
    """Say whether to stop: a release that takes long to compile seldom stands alone."""
    unanswered = any(one.outcome is Outcome.UNRESOLVED for one in tried)
    return len(tried) >= most or unanswered


def _narrowing(axis: Axis, narrowed: Narrowed, tried: list[Tried], passing: int) -> Narrowing:
    turn = narrowed.turn
    seen = {one.version for one in tried}
    known = [] if axis.versions[axis.passing] in seen else [_tried_in_fix(axis, passing)]
    return Narrowing(
        name=axis.name,
        last_failing=None if turn is None else axis.versions[turn.failing],
        first_passing=None if turn is None else axis.versions[turn.passing],
        tried=tuple(sorted((*known, *tried), key=lambda one: Version(one.version))),
        skipped=axis.skipped,
    )


def _tried_in_fix(axis: Axis, passing: int) -> Tried:
    return Tried(axis.versions[axis.passing], Outcome.PASS, passing)


def _inquiry(context: Context, fixed: Candidate, found: Found, name: str, version: str) -> Inquiry:
    purpose = f"does {name}=={version} build?"
    if context.capabilities.isolated and found.phase is not Phase.CHECK and len(found.members) == 1:
        return Inquiry(
            Candidate(),
            ProbeKind.ISOLATED,
            purpose,
            isolated=f"{name}=={version}",
            limit=_patience(found),
        )
    edit = next(
        (
            at_version(context, one, version)
            for one in fixed.edits
            if one.name == name and one.action is not EditAction.DROP
        ),
        add(context, name, version),
    )
    return Inquiry(
        with_edits(fixed, [edit]),
        ProbeKind.VERSION,
        purpose,
        imports=context.imports,
    )


def _patience(found: Found) -> float:
    """Return how long a neighbour may build: what fails as the culprit did fails about as fast.

    One that takes longer compiles for real, and tells less than it costs.
    """
    return float(max(2, math.ceil(2 * found.seconds)))


def axis_between(context: Context, name: str, before: str | None, after: str | None) -> Axis | None:
    """Return the releases from the failing to the passing version; None where nothing lies there.

    Left out, with the reason: pre-releases, yanked releases, those that exclude the interpreter.
    """
    if context.index is None or before is None or after is None or before == after:
        return None
    try:
        low, high = sorted((Version(before), Version(after)))
    except InvalidVersion:
        return None
    versions: list[str] = []
    skipped: list[Tried] = []
    for release in context.index.releases(name):
        version = Version(release.version)
        if not low <= version <= high:
            continue
        reason = _reason_to_skip(release, version, (before, after))
        if reason:
            skipped.append(Tried(release.version, Outcome.UNRESOLVED, None, reason))
        else:
            versions.append(release.version)
    for end in (before, after):
        if end not in versions:
            versions.append(end)
    versions.sort(key=Version)
    return Axis(
        name, tuple(versions), versions.index(before), versions.index(after), tuple(skipped)
    )


def _reason_to_skip(release: ReleaseFacts, version: Version, ends: tuple[str, str]) -> str:
    if release.version in ends:
        return ""
    if version.is_prerelease:
        return "a pre-release"
    if release.yanked is not None:
        return f"yanked: {release.yanked}" if release.yanked else "yanked"
    if not release.python_ok:
        return f"requires Python {release.requires_python}"
    return ""


def _version_in(candidate: Candidate, number: int, name: str) -> str | None:
    for edit in candidate.edits:
        same = edit.number == number or (edit.number is None)
        if same and edit.name == name and edit.to is not None:
            return edit.to.removeprefix("==")
    return None
