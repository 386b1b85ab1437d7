"""Mends a failing install: accuse, move the culprits to releases that build, prove it, repeat.

Where releases can be built alone, a culprit is certified before anything is changed. Where every
build costs the same, the fix is tried first, and each of its changes is then taken back once: what
still passes without a change was innocent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from bisect_deps.index import Index
from bisect_deps.model import (
    Candidate,
    Cause,
    Edit,
    Member,
    Outcome,
    Phase,
    Probe,
    ProbeKind,
    Requirement,
)
from bisect_deps.probing import BudgetSpent, Inquiry, Story, edited
from bisect_deps.steps.accusing import (
    TELLING,
    accuse,
    accuse_conflicts,
    describe,
    leads_from_log,
    standing,
)
from bisect_deps.steps.base import (
    Case,
    Context,
    add,
    ask,
    candidate_of,
    drop,
    failing_release,
    installs,
    suspects_of,
    with_edits,
)
from bisect_deps.resolution.upgrades import Bump, Floor, find_bumps
from bisect_deps.steps.narrowing import first_guesses
from bisect_deps.steps.renaming import renames_of

# A file with more faults behind each other than this is told as far as it was mended.
MOST_ROUNDS = 12
# How many candidate fixes of one set of culprits are built before the next way is tried.
MOST_FIXES = 4


def mend_install(context: Context, case: Case, failing: Probe) -> Story[Probe]:
    """Mend the install, culprit after culprit; return the last probe, best a green one.

    Afterwards `case.edits` are those of the returned probe's candidate.
    """
    probe = failing
    for _ in range(MOST_ROUNDS):
        if not context.capabilities.isolated:
            probe = yield from _mend_by_suspicion(context, case, probe)
        if installs(probe) or probe.outcome is Outcome.UNRESOLVED:
            break
        context.progress.phase("Finding what is at fault")
        known = _progress(case)
        if not _unmended(case):
            yield from accuse(context, case, probe)
        elif probe is failing:
            accuse_conflicts(context, case)
        if _progress(case) == known and not _unmended(case):
            break
        context.progress.phase("Looking for releases that build")
        mended = yield from _try_fixes(context, case)
        if mended is None:
            break
        probe = mended
    return probe


def _progress(case: Case) -> tuple[int, dict[str, str]]:
    """Return what changes when a round has learned something."""
    return len(case.culprits), dict(case.failing)


def _unmended(case: Case) -> bool:
    """Say whether a culprit is known that no edit has touched yet, or none that helps."""
    touched = {key for key, edit in case.edits.items() if not _fails_still(case, edit)}
    return any(not (found.numbers & touched or found.names & touched) for found in case.culprits)


def _fails_still(case: Case, edit: Edit) -> bool:
    """Say whether the release that an edit moves to is by now known to fail as well."""
    failing = case.failing.get(edit.name)
    return failing is not None and edit.to == f"=={failing}"


def _try_fixes(context: Context, case: Case) -> Story[Probe | None]:
    """Build candidate fixes of all culprits, nearest first; keep the first that gets further."""
    for candidate in islice(_fixes(context, case), MOST_FIXES):
        purpose = "does the file build with the culprits moved?"
        fix = Inquiry(candidate, ProbeKind.FIX, purpose, imports=context.imports)
        try:
            probe, *_ = yield [fix, *first_guesses(context, case, candidate)]
        except BudgetSpent:
            [probe] = yield [fix]
        if installs(probe):
            _take(case, candidate)
            _tell_slow(context, case, candidate)
            return probe
        if probe.outcome is Outcome.FAIL and _names_another(context, case, probe):
            # The culprits are mended as far as this log can tell: the next one is at the front.
            _take(case, candidate)
            return probe
        if probe.outcome is Outcome.FAIL and candidate.dropped.issuperset(_hitting(case)):
            case.notes.append(
                "With the culprits commented out the file still fails: something else is at fault "
                "as well, and it is not known what."
            )
    return None


def _tell_slow(context: Context, case: Case, candidate: Candidate) -> None:
    """Say which lines moved though nothing is proven against them: compiling them takes long."""
    moved = {edit.number: edit.to for edit in candidate.edits}
    for each in context.requirements:
        if each.number in case.slow - case.accused and each.number in moved:
            case.notes.append(
                f"{each.text} has no wheel for this Python, and compiling it did not end within "
                f"{context.isolated_limit:.0f} s: the fix moves it to {moved[each.number]}, which "
                "has one. Nothing is proven against it."
            )


def _fixes(context: Context, case: Case) -> Iterator[Candidate]:
    """Yield candidate fixes, the nearest releases first, culprits commented out last."""
    seen = {case.candidate}
    renames = renames_of(context, case)
    if renames:
        wrong = {rename.requirement.name for rename in renames}
        added = [rename.edit for rename in renames if rename.edit is not None]
        numbers = case.accused | case.slow
        for bump in islice(bumps(context, case, numbers, dropped=wrong), 1):
            yield with_edits(bump, added)
    for bump in bumps(context, case, case.accused | case.slow):
        if bump not in seen:
            seen.add(bump)
            yield bump
    by_number = {each.number: each for each in standing(context)}
    dropped = with_edits(case.candidate, [drop(by_number[number]) for number in _hitting(case)])
    if dropped not in seen:
        yield dropped


def bumps(
    context: Context, case: Case, numbers: Iterable[int], dropped: Iterable[str] = ()
) -> Iterator[Candidate]:
    """Yield candidates with these requirements moved to releases that resolve together.

    The projects of `dropped` are commented out.
    """
    if context.index is None or context.resolver is None:
        return
    floors = _choices(case)
    floors |= {name: Floor(version) for name, version in case.failing.items()}
    last = _last_resorts(context.index, case)
    given_up = {name for name, floor in last.items() if floor.version == case.failing[name]}
    floors |= last
    found = find_bumps(
        standing(context),
        sorted(numbers),
        context.resolver,
        context.index,
        floors=floors,
        dropped=given_up.union(dropped),
    )
    for bump in found:
        yield candidate_of([*bump.edits, *_brought(context, bump)])


def _brought(context: Context, bump: Bump) -> list[Edit]:
    """Return lines for what a bump brings along anew, where a file with hashes must list it all."""
    mine = context.manifest.requirements
    if not any(each.hashes for each in mine):
        return []
    listed = {each.name for each in mine if not each.constraint}
    new = sorted(bump.resolution.releases.keys() - listed)
    return [add(context, name, bump.resolution.releases[name]) for name in new]


def _last_resorts(index: Index, case: Case) -> dict[str, Floor]:
    """Return the newest release of each project of which a second one failed.

    Where that is the one that failed, the project has no way left.
    """
    again = [edit.name for edit in case.edits.values() if _fails_still(case, edit)]
    newest = {name: index.newest(name) for name in again}
    seen = {name: {case.failing[name]} for name in newest}
    for member in (each for found in case.culprits for each in found.members):
        if member.name in seen and member.version is not None:
            seen[member.name].add(member.version)
    return {
        name: Floor(one.version, included=True, excluded=tuple(sorted(seen[name] - {one.version})))
        for name, one in newest.items()
        if one
    }


def _choices(case: Case) -> dict[str, Floor]:
    """Return the members of resolver conflicts: each may stay where it is if another moves."""
    return {
        member.name: Floor(member.requirement.pin, included=True)
        for found in case.culprits
        if len(found.members) > 1 and found.phase is Phase.RESOLVE
        for member in found.members
        if member.requirement.pin is not None
    }


def _hitting(case: Case) -> list[int]:
    """Return one requirement of each culprit, so that commenting these out leaves none whole."""
    chosen: list[int] = []
    for found in case.culprits:
        if not found.numbers & set(chosen):
            chosen.append(max(found.numbers))
    return sorted(chosen)


def _take(case: Case, candidate: Candidate) -> None:
    case.edits = {
        edit.name if edit.number is None else edit.number: edit for edit in candidate.edits
    }


def _names_another(context: Context, case: Case, probe: Probe) -> bool:
    """Say whether the log suspects a release that was not followed before."""
    known = set(case.tried)
    leads = leads_from_log(context, case, probe)
    return any(str(lead.release) not in known for lead in leads)


def _mend_by_suspicion(context: Context, case: Case, failing: Probe) -> Story[Probe]:
    """Move all that index facts and logs suspect, build once, then take each change back once."""
    probe = failing
    suspected: list[Requirement] = []
    while not installs(probe):
        known = {each.number for each in suspected}
        more = [each for each in _suspected(context, case, probe) if each.number not in known]
        learned = _note_failing(case, probe)
        if not (more or learned) or context.index is None or context.resolver is None:
            return probe
        suspected += more
        candidate = next(bumps(context, case, [each.number for each in suspected]), None)
        if candidate is None:
            return probe
        purpose = "does the file build with the suspects moved?"
        probe = yield from ask(candidate, ProbeKind.FIX, purpose, imports=context.imports)
        if probe.outcome is Outcome.UNRESOLVED:
            return probe
    if suspected:
        probe = yield from _take_back(context, case, probe, suspected, failing)
    return probe


def _note_failing(case: Case, probe: Probe) -> bool:
    """Note the releases that a suspect was moved to and that fail as well; say if there are new."""
    moved = {edit.name: edit.to for edit in probe.candidate.edits}
    learned = False
    for suspect in suspects_of(probe):
        release = failing_release(suspect)
        if release is None or moved.get(release.name) != f"=={release.version}":
            continue
        if case.failing.get(release.name) != release.version:
            case.failing[release.name] = release.version
            learned = True
    return learned


def _take_back(
    context: Context,
    case: Case,
    fixed: Probe,
    suspected: Sequence[Requirement],
    failing: Probe,
) -> Story[Probe]:
    """Put each suspect back as it was: the build must fail again, or the suspect was innocent."""
    moved = [each for each in suspected if _is_moved(fixed.candidate, each)]
    if len(moved) == 1:
        _accuse_one(case, moved[0], failing, fixed)
        _take(case, fixed.candidate)
        return fixed
    back = [_without(fixed.candidate, each) for each in moved]
    probes = yield [
        Inquiry(candidate, ProbeKind.SUBSET, f"does it fail again with {each.text}?", check=False)
        for candidate, each in zip(back, moved, strict=True)
    ]
    innocent: list[Requirement] = []
    for each, probe in zip(moved, probes, strict=True):
        if installs(probe):
            innocent.append(each)
        elif probe.outcome is Outcome.FAIL:
            _accuse_one(case, each, probe, fixed)
    candidate = fixed.candidate
    for each in innocent:
        candidate = _without(candidate, each)
    _take(case, candidate)
    if not innocent:
        return fixed
    purpose = "does the file build with the culprits alone moved?"
    return (yield from ask(candidate, ProbeKind.FIX, purpose, imports=context.imports))


def _accuse_one(case: Case, requirement: Requirement, failing: Probe, passing: Probe) -> None:
    member = Member(requirement, requirement.name, requirement.pin)
    found = describe((member,), failing)
    # An install that works while the check fails is no passing build; the fix will be one.
    found.passing_probe = passing.number if passing.outcome is Outcome.PASS else None
    case.culprits.append(found)


def _suspected(context: Context, case: Case, probe: Probe) -> list[Requirement]:
    """Return the pinned requirements that facts or the probe's log speak against."""
    current = edited(context.requirements, case.candidate.edits)
    named = {
        name
        for suspect in suspects_of(probe)
        if suspect.cause is not Cause.RESOLVER_CONFLICT
        for name in (suspect.name, *suspect.via[:1])
    }
    return [each for each in current if each.name in named or _facts_against(context, each)]


def _facts_against(context: Context, requirement: Requirement) -> bool:
    if context.index is None or requirement.pin is None or requirement.url is not None:
        return False
    return any(fact.kind in TELLING for fact in context.index.facts(requirement))


def _is_moved(candidate: Candidate, requirement: Requirement) -> bool:
    return any(edit.number == requirement.number for edit in candidate.edits)


def _without(candidate: Candidate, requirement: Requirement) -> Candidate:
    return Candidate(tuple(e for e in candidate.edits if e.number != requirement.number))
