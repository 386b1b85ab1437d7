"""Fixes a failing install: accuse, move the culprits to releases that build, prove it, repeat.

Where releases can be built alone, a culprit is certified before anything is changed. Where every
build costs the same, the fix is tried first, and each of its changes is then taken back once: what
still passes without a change was innocent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations, islice

from bisect_deps.fix.accuse import Standing, accuse, by_conflict, confirmed, unmended
from bisect_deps.fix.ask import ask
from bisect_deps.fix.case import (
    Case,
    candidate_of,
    dropped,
    is_compiled,
    is_older,
    with_edits,
    without,
)
from bisect_deps.fix.culprits import (
    described,
    is_covered,
    is_of_the_machine,
    names_of,
    numbers_of,
    releases_named,
)
from bisect_deps.fix.failure import (
    failing_release,
    first_fingerprint,
    installs,
    phase_of,
    shows,
    suspects_of,
)
from bisect_deps.fix.names import amendments
from bisect_deps.index import FactKind
from bisect_deps.model import (
    Candidate,
    Cause,
    Culprit,
    Edit,
    EditAction,
    Member,
    Narrow,
    Note,
    Outcome,
    Phase,
    Probe,
    ProbeKind,
    Requirement,
)
from bisect_deps.probing import Inquiry, Story, edited
from bisect_deps.resolution.upgrades import Bump, Floor, find_bumps

# A file with more faults behind each other than this is told as far as it was fixed.
MOST_ROUNDS = 12
# How many candidate fixes of one set of culprits are built before they are given up.
MOST_FIXES = 4
# The resolver is asked for so many releases of what is pulled in.
MOST_HELD = 12
AGAINST = frozenset({FactKind.REQUIRES_PYTHON, FactKind.NO_USABLE_WHEEL, FactKind.NO_ARTIFACT})


def fix_install(case: Case, failing: Probe) -> Story[Standing]:
    """Return how far the install was fixed: at best its probe installs.

    What no release can fix is left out of the candidate, as a way to find the rest: see `Edit`s
    that drop.
    """
    standing = Standing(failing.candidate, failing)
    for _ in range(MOST_ROUNDS):
        if not case.capabilities.isolated and standing.probe is failing:
            standing = by_conflict(case, standing)
            if not standing.culprits:
                standing = yield from _by_suspicion(case, standing)
        if installs(standing.probe) or standing.probe.outcome is Outcome.UNRESOLVED:
            break
        case.progress.phase("Finding what is at fault")
        known, unsteady = standing.culprits, standing.unsteady
        failing_before = standing.failing
        standing = yield from accuse(case, standing)
        case.progress.culprits_known(releases_named(standing.culprits))
        if standing.unsteady > unsteady:
            standing = yield from _once_more(case, standing)
            continue
        learned = standing.culprits != known or standing.failing != failing_before
        if not learned and not unmended(case, standing):
            break
        case.progress.phase("Looking for releases that build")
        fixed = yield from _try_fixes(case, standing)
        if fixed is None:
            break
        standing = fixed
    return _absorbed((yield from _confirmed(case, standing)))


def _absorbed(standing: Standing) -> Standing:
    """Return the standing with what a culprit pulls in only noted, where moving that is enough."""
    kept: list[Culprit] = []
    notes: list[Note] = []
    for culprit in standing.culprits:
        member = culprit.members[0]
        if not is_covered(culprit, standing.culprits, standing.candidate):
            kept.append(culprit)
            continue
        text = (
            f"{member.name} {member.version}, which {member.requirement.text} pulls in, fails too."
        )
        notes.append(Note(text, culprit.proof.failing_probe))
    return replace(standing, culprits=tuple(kept), notes=(*standing.notes, *notes))


def _confirmed(case: Case, standing: Standing) -> Story[Standing]:
    """Repeat what accuses several releases that the index tells nothing against.

    One of them may have failed by accident: what builds once is innocent, and its move taken back.
    """
    standing = yield from confirmed(case, standing)
    innocent = {release.name for release in standing.cleared} - names_of(standing.culprits)
    kept = without(standing.candidate, innocent)
    if kept == standing.candidate:
        return standing
    purpose = "does the file build with the culprits alone moved?"
    probe = yield from ask(case, kept, ProbeKind.FIX, purpose)
    return standing.at(kept, probe) if installs(probe) else standing


def _once_more(case: Case, standing: Standing) -> Story[Standing]:
    """Build a candidate again whose failure was an accident."""
    probe = yield from ask(
        case,
        standing.candidate,
        ProbeKind.WHOLE,
        "does it fail once more, where a build is unsteady?",
        repeat=standing.unsteady,
    )
    return standing.at(standing.candidate, probe)


def _try_fixes(case: Case, standing: Standing) -> Story[Standing | None]:
    """Build candidate fixes of all culprits, nearest first; keep the first that gets further."""
    chased = first_fingerprint(standing.probe)
    for candidate in islice(_fixes(case, standing), MOST_FIXES):
        purpose = "does the file build with the culprits moved?"
        probe = yield from ask(case, candidate, ProbeKind.FIX, purpose)
        if probe.outcome is Outcome.UNRESOLVED:
            continue
        if installs(probe) or not shows(probe, chased) or _names_another(case, standing, probe):
            # The culprits are fixed as far as this log tells: the next one is at the front.
            return standing.at(candidate, probe)
    return None


def _names_another(case: Case, standing: Standing, probe: Probe) -> bool:
    """Say whether the log suspects a release that was not judged before."""
    known = {str(release) for release in standing.judged}
    named = [failing_release(suspect) for suspect in suspects_of(probe)]
    return any(release is not None and str(release) not in known for release in named)


# --- candidates -------------------------------------------------------------------------------


def _fixes(case: Case, standing: Standing) -> Iterator[Candidate]:
    """Yield candidate fixes, the nearest releases first; the culprits left out last."""
    seen = {standing.candidate}
    amended = {
        amendment.requirement.number: amendment.edit
        for amendment in amendments(case, standing.culprits)
        if amendment.edit is not None
    }
    tried = {edit for edit in standing.candidate.edits if edit in amended.values()}
    amended = {number: edit for number, edit in amended.items() if edit not in tried}
    others = numbers_of(standing.culprits) - amended.keys()
    for candidate in _amended(case, standing, others, amended):
        if candidate not in seen:
            seen.add(candidate)
            yield candidate
    by_number = {line.number: line for line in case.standing}
    hopeless = [number for number in _hitting(standing.culprits) if number not in amended]
    left_out = with_edits(
        standing.candidate, [*amended.values(), *(dropped(by_number[n]) for n in hopeless)]
    )
    if left_out not in seen:
        yield left_out


def _amended(
    case: Case, standing: Standing, numbers: frozenset[int], amended: Mapping[int, Edit]
) -> Iterator[Candidate]:
    """Yield candidates with some lines amended, and the other culprits moved."""
    kept = [edit for edit in standing.candidate.edits if _is_for_good(case, edit)]
    edits = [*kept, *amended.values()]
    if amended and not numbers:
        yield with_edits(standing.candidate, amended.values())
    if not numbers:
        return
    yield from _holding(case, standing, numbers, edits)
    for choice in _choices_to_move(standing, numbers):
        for candidate in bumps(case, standing, choice, beside=edits):
            yield with_edits(candidate, edits)


def _is_for_good(case: Case, edit: Edit) -> bool:
    """Say whether no release takes the place of what an edit did: another text, a path left out."""
    if edit.action is EditAction.DROP and edit.number is not None:
        line = case.manifest.requirements[edit.number]
        return bool(line.url) or line.editable
    return edit.action is EditAction.REPLACE


def _holding(
    case: Case, standing: Standing, numbers: frozenset[int], edits: Sequence[Edit]
) -> Iterator[Candidate]:
    """Yield candidates that keep the lines and hold what they pull in at releases that build.

    A release with a wheel is enough; without one, the line that pulls it in is moved.
    """
    pulled = [
        member
        for culprit in standing.culprits
        for member in culprit.members
        if member.via and len(culprit.members) == 1 and not case.line_at_fault(member.name)
    ]
    own = numbers_of(c for c in standing.culprits if not any(m.via for m in c.members))
    if not pulled:
        return
    bases = (
        bumps(case, standing, own & numbers, beside=edits) if own & numbers else iter([Candidate()])
    )
    for base in islice(bases, 1):
        candidate: Candidate | None = with_edits(base, [*edits])
        for member in pulled:
            if candidate is not None and _fails_still(case, standing, candidate, member.name):
                candidate = _held(case, standing, candidate, member.name)
        if candidate is not None:
            yield candidate


def _fails_still(case: Case, standing: Standing, candidate: Candidate, name: str) -> bool:
    """Say whether a candidate comes to a release of a project that is known to fail."""
    releases = case.releases_of(candidate) or {}
    return releases.get(name) in standing.failing.get(name, ())


def _held(case: Case, standing: Standing, base: Candidate, name: str) -> Candidate | None:
    """Return a candidate with a project at the nearest release with a wheel that suits, if any."""
    bad = standing.failing.get(name, ())
    ready = [r for r in case.releases(name) if r.usable_wheel and r.version not in bad]
    older = [r for r in ready if bad and is_older(r.version, bad[0])]
    newer = [r for r in ready if r not in older]
    for release in islice((*reversed(older), *newer), MOST_HELD):
        candidate = case.settled(base, {name: release.version})
        if case.releases_of(candidate) is not None:
            return candidate
    return None


def _choices_to_move(standing: Standing, numbers: frozenset[int]) -> Iterator[frozenset[int]]:
    """Yield what to move: of combinations that builds showed one line each, the fewest first.

    The resolver knows nothing against such a combination, so moving must be asked for.
    """
    built = [
        numbers_of([culprit]) & numbers
        for culprit in standing.culprits
        if len(culprit.members) > 1 and culprit.cause is not Cause.RESOLVER_CONFLICT
    ]
    rest = numbers.difference(*built)
    lines = sorted(frozenset().union(*built)) if built else []
    hitting = [
        frozenset(some)
        for size in range(1, len(lines) + 1)
        for some in combinations(lines, size)
        if all(set(some) & members for members in built)
    ]
    least = min((len(some) for some in hitting), default=0)
    choices = [some for some in hitting if len(some) == least][:MOST_FIXES]
    yield from (rest | some for some in choices or [frozenset[int]()])


def bumps(
    case: Case, standing: Standing, numbers: Iterable[int], beside: Sequence[Edit] = ()
) -> Iterator[Candidate]:
    """Yield candidates with these requirements moved to releases that resolve together.

    `beside` are edits of other lines that are made as well.
    """
    if case.index is None or case.resolver is None:
        return
    floors = _choices(standing.culprits)
    floors |= {name: Floor(versions[-1]) for name, versions in standing.failing.items()}
    last = _last_resorts(case, standing)
    given_up = {name for name, floor in last.items() if floor is None}
    given_up |= _machine_bound(case, standing)
    floors |= {name: floor for name, floor in last.items() if floor is not None}
    found = find_bumps(
        edited(case.standing, beside),
        sorted(numbers),
        case.resolver,
        case.index,
        floors=floors,
        dropped=given_up,
    )
    for bump in found:
        candidate = candidate_of([*bump.edits, *_listed(case, bump)])
        yield candidate if beside else _lean(case, standing, case.pruned(Candidate(), candidate))


def _lean(case: Case, standing: Standing, candidate: Candidate) -> Candidate:
    """Return a candidate without moves of conflicting lines that the others make needless."""
    alone = names_of(c for c in standing.culprits if len(c.members) == 1)
    both = names_of(c for c in standing.culprits if c.cause is Cause.RESOLVER_CONFLICT) - alone
    for edit in candidate.edits:
        rest = Candidate(tuple(other for other in candidate.edits if other != edit))
        if edit.name in both and rest.edits and case.releases_of(rest) is not None:
            candidate = rest
    return candidate


def _machine_bound(case: Case, standing: Standing) -> set[str]:
    """Return the culprits that this machine cannot compile and that have no wheel in any release.

    Another release of the same sources would fail alike: what to install is the answer.
    """
    return {
        member.name
        for culprit in standing.culprits
        if is_of_the_machine(culprit)
        for member in culprit.members
        if not any(release.usable_wheel for release in case.releases(member.name))
    }


def _listed(case: Case, bump: Bump) -> list[Edit]:
    """Return lines for what a bump pulls in anew, where a file with hashes must list it all."""
    mine = case.manifest.requirements
    if not any(line.hashes for line in mine):
        return []
    listed = {line.name for line in mine if not line.constraint}
    new = sorted(bump.resolution.releases.keys() - listed)
    return [case.add(name, bump.resolution.releases[name]) for name in new]


def _last_resorts(case: Case, standing: Standing) -> Mapping[str, Floor | None]:
    """Return the newest release of each project of which two failed; None if it failed, too."""
    found: dict[str, Floor | None] = {}
    for name, versions in standing.failing.items():
        if len(versions) < 2 or case.index is None:
            continue
        newest = case.index.newest(name)
        if newest is None or newest.version in versions:
            found[name] = None
        else:
            others = tuple(sorted(set(versions) - {newest.version}))
            found[name] = Floor(newest.version, included=True, excluded=others)
    return found


def _choices(culprits: Sequence[Culprit]) -> dict[str, Floor]:
    """Return the members of resolver conflicts: each may stay where it is if another moves."""
    return {
        member.name: Floor(member.requirement.pin, included=True)
        for culprit in culprits
        if len(culprit.members) > 1 and culprit.cause is Cause.RESOLVER_CONFLICT
        for member in culprit.members
        if member.requirement.pin is not None
    }


def _hitting(culprits: Sequence[Culprit]) -> list[int]:
    """Return one line of each culprit, so that commenting these out leaves none whole."""
    chosen: list[int] = []
    for culprit in culprits:
        numbers = numbers_of([culprit])
        if not numbers & set(chosen):
            chosen.append(max(numbers))
    return sorted(chosen)


# --- where every build costs the same ---------------------------------------------------------


def _by_suspicion(case: Case, standing: Standing) -> Story[Standing]:
    """Move all that index facts and logs suspect, build once, then take each change back once."""
    first = standing.probe
    suspected: list[Requirement] = []
    while not installs(standing.probe):
        known = {line.number for line in suspected}
        more = [r for r in _suspected(case, standing) if r.number not in known]
        learned = _noting_failed(standing)
        if not more and learned is standing:
            return standing
        standing, suspected = learned, [*suspected, *more]
        candidate = next(_suspects_moved(case, standing, suspected), None)
        if candidate is None or candidate.dropped:
            return standing
        purpose = "does the file build with the suspects moved?"
        probe = yield from ask(case, candidate, ProbeKind.FIX, purpose)
        if probe.outcome is Outcome.UNRESOLVED:
            return standing
        standing = standing.at(candidate, probe)
    if not suspected:
        return standing
    return (yield from _take_back(case, standing, first))


def _suspects_moved(
    case: Case, standing: Standing, suspected: Sequence[Requirement]
) -> Iterator[Candidate]:
    """Yield candidates with what the log suspects moved: what is pulled in held, or the lines."""
    numbers = {line.number for line in suspected}
    for suspect in suspects_of(standing.probe):
        release = failing_release(suspect)
        line = case.line_at_fault(release.name) if release is not None else None
        if release is None or (line is not None and line.pin):
            continue
        failing = {**standing.failing, release.name: (release.version,)}
        held = _held(case, replace(standing, failing=failing), standing.candidate, release.name)
        if held is not None:
            yield held
    yield from bumps(case, standing, numbers)


def _noting_failed(standing: Standing) -> Standing:
    """Note the releases that a suspect was moved to and that fail as well."""
    moved = {edit.name: edit.to for edit in standing.candidate.edits}
    failing = dict(standing.failing)
    for suspect in suspects_of(standing.probe):
        release = failing_release(suspect)
        if release is None or moved.get(release.name) != f"=={release.version}":
            continue
        versions = failing.get(release.name, ())
        if release.version not in versions:
            failing[release.name] = (*versions, release.version)
    return standing if failing == standing.failing else replace(standing, failing=failing)


def _take_back(case: Case, standing: Standing, failing: Probe) -> Story[Standing]:
    """Put each change back as it was: the build must fail again, or what it moved was innocent."""
    fixed = standing.probe
    moved = list(fixed.candidate.edits)
    if len(moved) == 1:
        return standing.knowing(_accused_one(case, moved[0], failing, fixed))
    back = [Candidate(tuple(e for e in moved if e != edit)) for edit in moved]
    probes = yield [
        Inquiry(rest, ProbeKind.SUBSET, f"does it fail again without {edit.text}?", check=False)
        for rest, edit in zip(back, moved, strict=True)
    ]
    kept, culprits = list(moved), list[Culprit]()
    for edit, probe in zip(moved, probes, strict=True):
        if installs(probe):
            kept.remove(edit)
        elif probe.outcome is Outcome.FAIL:
            culprits += yield from _accused_apart(case, edit, probe, fixed)
    standing = standing.knowing(culprits)
    if len(kept) == len(moved):
        return standing
    if not kept and len(moved) == 2 and all(p.outcome is Outcome.PASS for p in probes):
        # Either move is enough, and none is not: the two do not go together.
        kept = moved[:1]
        members = [
            m for e in moved for c in _accused_one(case, e, failing, fixed) for m in c.members
        ]
        standing = standing.knowing([described(members, failing, probes[1].number)])
    candidate = Candidate(tuple(kept))
    purpose = "does the file build with the culprits alone moved?"
    probe = yield from ask(case, candidate, ProbeKind.FIX, purpose)
    return standing.at(candidate, probe)


def _accused_apart(case: Case, edit: Edit, failing: Probe, fixed: Probe) -> Story[list[Culprit]]:
    """Accuse what one edit moves; where that conflicts with another move, by a build without it.

    The other line is no longer what the user wrote, so that the conflict accuses neither: what
    passes once the other is left out only has to follow it. A release that would be compiled for
    that alone is not, unless every build was asked for; then it is said that it was not built.
    """
    against = _conflicting(edit, failing) - {edit.name}
    others = [e for e in failing.candidate.edits if e.name in against and e.number is not None]
    if not others or phase_of(failing) is not Phase.RESOLVE:
        return _accused_one(case, edit, failing, fixed)
    mine = case.manifest.requirements
    pin = mine[edit.number].pin if edit.number is not None else None
    if is_compiled(case, edit.name, pin) and case.narrow is not Narrow.FULL:
        return []
    left_out = [dropped(mine[other.number]) for other in others if other.number is not None]
    candidate = with_edits(failing.candidate, left_out)
    purpose = f"does {edit.name} fail without {', '.join(other.name for other in others)}, too?"
    [probe] = yield [Inquiry(candidate, ProbeKind.SUBSET, purpose, check=False)]
    if probe.outcome is not Outcome.FAIL or installs(probe):
        return []
    return _accused_one(case, edit, probe, fixed)


def _conflicting(edit: Edit, failing: Probe) -> set[str]:
    """Return the projects that a log names in one conflict with what an edit moves."""
    groups = {s.group for s in suspects_of(failing) if s.name == edit.name and s.group}
    return {s.name for s in suspects_of(failing) if s.group in groups}


def _accused_one(case: Case, edit: Edit, failing: Probe, passing: Probe) -> list[Culprit]:
    """Return the culprit that one edit moves: the line's release, or what a line pulls in.

    Where the log tells of a conflict, all the lines that it names take part.
    """
    # An install that works while the check fails is no passing build; the fix will be one.
    number = passing.number if passing.outcome is Outcome.PASS else None
    both = _conflicting(edit, failing)
    named = [s.name for s in suspects_of(failing) if s.name in both]
    lines = [line for name in named if (line := case.line_at_fault(name)) is not None]
    if len(lines) > 1 and phase_of(failing) is Phase.RESOLVE:
        return [described([Member(r, r.name, r.pin) for r in lines], failing, number)]
    if edit.number is not None:
        line = case.manifest.requirements[edit.number]
        member: Member | None = Member(line, line.name, line.pin)
    else:
        told = [failing_release(suspect) for suspect in suspects_of(failing)]
        version = next((r.version for r in told if r is not None and r.name == edit.name), None)
        member = case.member(edit.name, version, case.resolve(failing.candidate))
    return [described([member], failing, number)] if member is not None else []


def _suspected(case: Case, standing: Standing) -> list[Requirement]:
    """Return the pinned requirements that facts or the probe's log are evidence against."""
    current = {line.number: line for line in case.current(standing.candidate)}
    named = {
        name
        for suspect in suspects_of(standing.probe)
        if suspect.cause is not Cause.RESOLVER_CONFLICT
        for name in (suspect.name, *suspect.via[:1])
    }
    return [
        line
        for line in case.requirements
        if line.number in current
        and (line.name in named or _facts_against(case, current[line.number]))
    ]


def _facts_against(case: Case, requirement: Requirement) -> bool:
    if case.index is None or requirement.pin is None or requirement.url is not None:
        return False
    return any(fact.kind in AGAINST or fact.kind.stops for fact in case.index.facts(requirement))
