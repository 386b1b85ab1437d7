"""Nothing at fault stays unnamed: whoever else would break with what the fix moved away.

What logs on the way showed costs nothing. Behind a failure that hides the rest, a build or two is
made with the hider out of the way and the release at fault back: each import that fails then is
named.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from bisect_deps.fix.ask import ask
from bisect_deps.fix.case import Case, dropped, with_edits
from bisect_deps.fix.culprits import broken, merged, names_of, told_once
from bisect_deps.fix.failure import breakages_of, installs
from bisect_deps.fix.inquiry import Story
from bisect_deps.fix.proposers import pair
from bisect_deps.fix.proposers.base import lifted, newer_than, series
from bisect_deps.model import (
    Breakage,
    BreakageKind,
    Candidate,
    Culprit,
    Member,
    Outcome,
    Probe,
    ProbeKind,
    Proof,
)
from bisect_deps.policy import POLICY
from bisect_deps.resolution.uv_resolver import Resolution

_WHAT = {
    BreakageKind.NAME_GONE: "{what} is not in that version",
    BreakageKind.ATTRIBUTE_GONE: "{what} is not in that version",
    BreakageKind.ARGUMENT_GONE: "{lacks} no longer takes {what}",
    BreakageKind.MODULE_GONE: "{what} is gone",
    BreakageKind.ABI: "it was compiled against another {lacks}",
}


def complete(
    case: Case,
    culprits: Sequence[Culprit],
    fixed: Probe,
    known: Sequence[Probe],
    *,
    build: bool,
) -> Story[tuple[Culprit, ...]]:
    """Return the culprits with those that the fix fixes beside them, each with its own evidence.

    With `build`, asks at most `POLICY.completing_builds` for each culprit of a check.
    """
    found = tuple(culprits)
    for culprit in culprits:
        [member] = culprit.members if len(culprit.members) == 1 else (None,)
        breakage = told_of(culprit, known)
        if member is None or breakage is None or member.version is None:
            continue
        if breakage.lacks != member.name:
            continue
        for probe in known:
            found = merged(found, _others(case, member, breakage, probe, fixed))
        if build and _may_hide(case, member, breakage, found, fixed):
            shown = yield from _uncovered(case, member, breakage, fixed, known)
            if shown is not None:
                found = merged(found, _others(case, member, breakage, shown, fixed))
    for probe in known:
        found = merged(found, _as_written(case, found, probe, fixed))
    return told_once(found)


def _as_written(
    case: Case, culprits: Sequence[Culprit], probe: Probe, fixed: Probe
) -> Iterator[Culprit]:
    """Yield who a probe shows to break as the file has it, moved by the fix and not named as yet.

    Where the log names who uses what is gone: all that it names is as in the file. Of what the
    resolver does not see, the pins tell what the file has.
    """
    before = {**case.pins(Candidate()), **(case.releases_of(Candidate()) or {})}
    there, after = case.installed(probe), case.installed(fixed)
    named = set(names_of(culprits))
    for breakage in breakages_of(probe):
        sides = [name for name in (breakage.user, breakage.lacks) if name]
        moved = [name for name in sides if name in there and after.get(name) != there[name]]
        alike = all(name in there and there[name] == before.get(name) for name in sides)
        if not (breakage.user and moved and alike) or named & set(sides):
            continue
        member = case.member(
            moved[0],
            there[moved[0]],
            case.resolve(Candidate()),
            breakage.user,
            moving=[edit.name for edit in fixed.candidate.edits],
        )
        if member is not None:
            named.add(member.name)
            yield broken([member], probe, breakage, fixed.number)


def told_of(culprit: Culprit, known: Sequence[Probe]) -> Breakage | None:
    """Return the breakage that a culprit's failing probe shows of it."""
    names = {member.name for member in culprit.members}
    for probe in known:
        if probe.number != culprit.proof.failing_probe:
            continue
        for breakage in breakages_of(probe):
            if breakage.lacks in names:
                return breakage
        for breakage in breakages_of(probe):
            if breakage.user in names:
                return breakage
    return None


def _others(
    case: Case, member: Member, own: Breakage, probe: Probe, fixed: Probe
) -> Iterator[Culprit]:
    """Yield who else a probe shows to break with a release that the fix moves away."""
    version = case.installed(probe).get(member.name)
    if version is None or version == case.installed(fixed).get(member.name):
        return
    resolution = case.resolve(probe.candidate)
    for breakage in breakages_of(probe):
        if breakage.lacks != member.name or not breakage.user or breakage.user == own.user:
            continue
        via = _chain(case, breakage.user, member.name, resolution)
        line = case.line_at_fault(via[0]) if via else None
        if line is None:
            continue
        at_fault = Member(line, member.name, version, via)
        culprit = broken([at_fault], probe, breakage, fixed.number)
        yield replace(culprit, summary=_sentence(case, breakage, probe, at_fault))


def _chain(case: Case, user: str, name: str, resolution: Resolution | None) -> tuple[str, ...]:
    if case.line_at_fault(user) is not None:
        return (user,)
    chain = resolution.chain(user) if resolution is not None else ()
    return tuple(link for link in chain if link != name)


def _sentence(case: Case, breakage: Breakage, probe: Probe, member: Member) -> str:
    version = case.installed(probe).get(breakage.user)
    who = f"{breakage.user} {version}" if version else breakage.user
    template = _WHAT.get(breakage.kind, "{what}")
    what = template.format(what=breakage.what, lacks=member.name)
    return f"{who} breaks with {member.name} {member.version}: {what}."


def _may_hide(
    case: Case, member: Member, breakage: Breakage, found: Sequence[Culprit], fixed: Probe
) -> bool:
    """Say whether another line depends on the release at fault behind the failure that was seen."""
    resolution = case.resolve(fixed.candidate)
    if resolution is None or case.index is None or not case.capabilities.check:
        return False
    named = {m.requirement.number for culprit in found for m in culprit.members}
    return any(
        member.name in resolution.brought_by(line.name)
        for line in case.requirements
        if line.name and line.number not in named and line.name not in (breakage.user, member.name)
    )


def _uncovered(
    case: Case, member: Member, breakage: Breakage, fixed: Probe, known: Sequence[Probe]
) -> Story[Probe | None]:
    """Build with the user that hides the rest out of the way, and import everything.

    The user is lifted in the fixed file, with the release at fault back; else it was out of the way
    where another user failed because the same project is missing.
    """
    candidates = [*_lifted(case, member, breakage, fixed)]
    if not case.imports:
        candidates += [
            probe.candidate for probe in known if _is_behind(case, member, breakage, probe, fixed)
        ]
    for candidate in candidates[: POLICY.completing_builds]:
        purpose = f"who else breaks with {member.name}?"
        probe = yield from ask(case, candidate, ProbeKind.VERSION, purpose, imports=True)
        users = {broken_one.user for broken_one in breakages_of(probe)}
        if probe.outcome is Outcome.FAIL and installs(probe) and breakage.user not in users:
            return probe
    return None


def _lifted(case: Case, member: Member, breakage: Breakage, fixed: Probe) -> Iterator[Candidate]:
    """Yield the fixed file with the release at fault back and its user at a middle newer series.

    The newest series may break the others in its own turn, the next one be at fault like this one.
    """
    installed = case.installed(fixed)
    if breakage.user not in installed or member.version is None:
        return
    back = case.settled(_unheld(fixed.candidate, member), {member.name: member.version})
    now = installed[breakage.user]
    heads = {series(r.version): r for r in newer_than(case, breakage.user, now)}
    heads.pop(series(now), None)
    near = [heads[key] for key in sorted(heads) if key[0] == series(now)[0]]
    far = [heads[key] for key in sorted(heads)]
    for some in (near, far):
        for move in lifted(case, back, breakage.user, some[len(some) // 2 :][:1], ""):
            releases = case.releases_of(move.candidate) or {}
            if releases.get(member.name) == member.version:
                yield move.candidate
                return


def _is_behind(case: Case, member: Member, own: Breakage, probe: Probe, fixed: Probe) -> bool:
    """Say whether a probe failed behind the culprit's own failure, for lack of the same project."""
    version = case.installed(probe).get(member.name)
    moved = version is not None and version != case.installed(fixed).get(member.name)
    first = next(iter(breakages_of(probe)), None)
    return (
        moved
        and first is not None
        and first.lacks == member.name
        and first.user not in ("", own.user)
    )


def _unheld(candidate: Candidate, member: Member) -> Candidate:
    return Candidate(tuple(edit for edit in candidate.edits if edit.name != member.name))


def either_side(
    case: Case,
    culprit: Culprit,
    breakage: Breakage,
    base: Probe,
    fixed: Probe,
) -> Story[tuple[Culprit, Probe | None]]:
    """Return a culprit as a combination where the file pins both sides and either one fixes it.

    `base` is the failing probe. Costs a build or two; returns the one that moves the other side, if
    any does. Where none can be moved, a check of imports passes without it.
    """
    pins = case.pins(base.candidate)
    [member] = culprit.members if len(culprit.members) == 1 else (None,)
    if member is None or member.via or member.name not in pins or not case.cheap:
        return culprit, None
    is_the_fix = {edit.name for edit in fixed.candidate.edits} == {member.name}
    if member.name not in (breakage.user, breakage.lacks) and not is_the_fix:
        # The failure may be another's, whom the fix moves as well.
        return culprit, None
    other = breakage.lacks if member.name == breakage.user else breakage.user
    line = case.line_at_fault(other) if other in pins and other != member.name else None
    if line is None or line.constraint:
        return culprit, None
    both = sorted(
        (member, Member(line, other, pins[other])), key=lambda side: side.requirement.number
    )
    combined = replace(culprit, members=tuple(both), proof=Proof(base.number, fixed.number))
    for move in islice(pair.sides(case, base, breakage, other), 1):
        purpose = f"does it pass with {other} moved instead?"
        probe = yield from ask(case, move.candidate, ProbeKind.FIX, purpose)
        if probe.outcome is Outcome.PASS:
            return combined, probe
    if case.imports and not case.has_check:
        left_out = with_edits(base.candidate, [dropped(line)])
        purpose = f"do the others import without {other}?"
        probe = yield from ask(case, left_out, ProbeKind.SUBSET, purpose)
        if probe.outcome is Outcome.PASS:
            return combined, None
    return culprit, None
