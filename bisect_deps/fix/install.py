"""Fixes a failing install: accuse, move the culprits to releases that build, prove it, repeat.

Where releases can be built alone, a culprit is certified before anything is changed. Where every
build costs the same, the fix is tried first, and each of its changes is then taken back once: what
still passes without a change was innocent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, combinations, islice

from bisect_deps.fix.accuse import (
    Standing,
    accuse,
    alone,
    suspected,
    suspected_by_facts,
    unfixed,
)
from bisect_deps.fix.ask import ask
from bisect_deps.fix.case import Case, candidate_of, dropped, is_older, with_edits
from bisect_deps.fix.culprits import is_covered, is_of_the_machine, numbers_of, releases_named
from bisect_deps.fix.failure import failing_release, first_fingerprint, installs, shows, suspects_of
from bisect_deps.fix.inquiry import Inquiry, Story
from bisect_deps.fix.names import amendments
from bisect_deps.fix.near_sources import near_sources
from bisect_deps.fix.refusals import Need, told, unmet
from bisect_deps.model import (
    Candidate,
    Cause,
    Culprit,
    Edit,
    EditAction,
    Member,
    Note,
    Outcome,
    Probe,
    ProbeKind,
)
from bisect_deps.policy import POLICY
from bisect_deps.resolution.edits import edited
from bisect_deps.resolution.upgrades import Minimum, Upgrade, find_upgrades


def fix_install(case: Case, failing: Probe) -> Story[Standing]:
    """Return how far the install was fixed: at best its probe installs.

    What no release can fix is left out of the candidate, as a way to find the rest: see `Edit`s
    that drop.
    """
    standing = Standing(failing.candidate, failing)
    for _ in range(POLICY.install_rounds):
        if installs(standing.probe) or standing.probe.outcome is Outcome.UNRESOLVED:
            return standing
        case.progress.phase("Finding what is at fault")
        known, unsteady = standing.culprits, standing.unsteady
        failing_before = standing.failing
        standing = yield from accuse(case, standing)
        case.progress.culprits_known(releases_named(standing.culprits))
        if standing.unsteady > unsteady:
            standing = yield from _once_more(case, standing)
            continue
        learned = standing.culprits != known or standing.failing != failing_before
        if not (learned or unfixed(case, standing) or suspected(case, standing)):
            return standing
        case.progress.phase("Looking for releases that build")
        fixed = yield from _try_fixes(case, standing)
        suspects = {accusation.release for accusation in suspected(case, standing)}
        if fixed is None and not suspects:
            return standing
        standing = fixed or replace(standing, judged=standing.judged | suspects)
    return standing


def guessed_by_facts(case: Case) -> list[Inquiry]:
    """Return what is asked if what the index is evidence against is at fault, and nothing else.

    The fix first, then each release alone: to be built ahead, before anything failed.
    """
    suspects = suspected_by_facts(case)
    if not suspects:
        return []
    failing = {accusation.release.name: (accusation.release.version,) for accusation in suspects}
    nothing = Probe(0, ProbeKind.WHOLE, Candidate(), Outcome.FAIL, 0.0, "", "")
    standing = Standing(Candidate(), nothing, failing=failing)
    lines = [accusation.requirement for accusation in suspects]
    rest = case.resolve(with_edits(Candidate(), map(dropped, lines)))
    moved = upgrades(case, standing, [line.number for line in lines])
    fixes = islice(moved, 1) if rest is not None and rest.resolved else ()
    isolated = alone(suspects) if case.capabilities.isolated else ()
    return [*(_fix(case, candidate) for candidate in fixes), *isolated]


def fix_by_facts(case: Case, standing: Standing) -> Story[Standing]:
    """Move all at once that the index is evidence against; return the standing, or where it passes.

    What builds alone may keep another release back that does not.
    """
    for inquiry in guessed_by_facts(case):
        if inquiry.kind is ProbeKind.FIX:
            [probe] = yield [inquiry]
            if installs(probe):
                return standing.at(inquiry.candidate, probe)
    return standing


def _fix(case: Case, candidate: Candidate) -> Inquiry:
    purpose = "does the file build with the culprits moved?"
    return Inquiry(candidate, ProbeKind.FIX, purpose, imports=case.imports)


def absorbed(standing: Standing) -> Standing:
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
    """Build candidate fixes of all culprits, nearest first; keep the first that gets further.

    One that clashes with what stays comes again with room made for it, before one of as many edits.
    """
    near = yield from near_sources(case, standing)
    bases = islice(_fixes(case, standing, near), POLICY.install_fixes)
    base, clashing, rooms = next(bases, None), None, POLICY.rooms
    while base is not None or (clashing is not None and rooms):
        if base is not None and _unmet(case, standing, base) is not None:
            clashing, base = clashing or base, next(bases, None)
            continue
        roomy = _with_room(case, standing, clashing) if clashing is not None and rooms else None
        is_next = roomy is not None and (base is None or _cost(roomy) <= _cost(base))
        candidate = roomy if is_next else base
        if candidate is None:
            return None
        probe = yield from _tried(case, standing, candidate)
        if probe is not None and not _clashes(candidate, probe):
            return standing.at(candidate, probe)
        if probe is not None:
            standing = replace(standing, needs=(*standing.needs, *told([probe])))
            clashing = clashing or candidate
        if is_next:
            rooms -= 1
            clashing = clashing if probe is not None else None
        else:
            base = next(bases, None)
    return None


def _cost(candidate: Candidate) -> tuple[bool, int]:
    return bool(candidate.dropped), len(candidate.edits)


def _tried(case: Case, standing: Standing, candidate: Candidate) -> Story[Probe | None]:
    """Return the build of a candidate where it gets further, as far as its log tells.

    Its culprits are fixed then: the next one is at the front.
    """
    [probe] = yield [_fix(case, candidate)]
    if probe.outcome is Outcome.UNRESOLVED:
        return None
    is_further = installs(probe) or not shows(probe, first_fingerprint(standing.probe))
    return probe if is_further or _names_another(case, standing, probe) else None


def _with_room(case: Case, standing: Standing, candidate: Candidate) -> Candidate | None:
    """Return a candidate with the lines moved that sources in it were told to ask for otherwise.

    None where nothing suits.
    """
    for _ in range(POLICY.rooms):
        need = _unmet(case, standing, candidate)
        if need is None:
            return candidate
        lines = [line.number for line in case.standing if line.name == need.asked]
        clauses = [f"{need.asked}{need.wanted}"]
        found = upgrades(case, standing, lines, candidate.edits, clauses)
        moved = next(found, None) if lines else None
        if moved is None:
            return None
        candidate = with_edits(candidate, moved.edits)
    return None


def _unmet(case: Case, standing: Standing, candidate: Candidate) -> Need | None:
    """Return what a source in a candidate was told to ask for and does not get there."""
    if not standing.needs:
        return None
    releases = {**case.pins(candidate), **(case.releases_of(candidate) or {})}
    return unmet(case, standing.needs, releases)


def _clashes(candidate: Candidate, probe: Probe) -> bool:
    """Say whether a candidate fails by a conflict with a release that it asks for itself."""
    moved = {edit.name for edit in candidate.edits}
    clashing = (s for s in suspects_of(probe) if s.cause is Cause.RESOLVER_CONFLICT)
    return any(suspect.name in moved for suspect in clashing)


def _names_another(case: Case, standing: Standing, probe: Probe) -> bool:
    """Say whether the log suspects a release that was not judged before."""
    known = {str(release) for release in standing.judged}
    named = [failing_release(suspect) for suspect in suspects_of(probe)]
    return any(release is not None and str(release) not in known for release in named)


# --- candidates -------------------------------------------------------------------------------


def _fixes(case: Case, standing: Standing, near: Mapping[int, Edit]) -> Iterator[Candidate]:
    """Yield candidate fixes, the nearest releases first; the culprits left out last.

    `near` are moves of single lines to sources that were seen to build.
    """
    seen = {standing.candidate}
    amended = {
        amendment.requirement.number: amendment.edit
        for amendment in amendments(case, standing.culprits)
        if amendment.edit is not None
    }
    tried = {edit for edit in standing.candidate.edits if edit in amended.values()}
    amended = {number: edit for number, edit in amended.items() if edit not in tried}
    others = numbers_of(standing.culprits) - amended.keys()
    as_written = Standing(Candidate(), standing.probe)
    others |= {accusation.requirement.number for accusation in suspected(case, as_written)}
    nearby = _amended(case, standing, others - near.keys(), {**amended, **near}) if near else ()
    for candidate in chain(islice(nearby, 1), _amended(case, standing, others, amended)):
        if candidate not in seen and not _is_before(candidate, near):
            seen.add(candidate)
            yield candidate
    by_number = {line.number: line for line in case.standing}
    hopeless = [number for number in _hitting(standing.culprits) if number not in amended]
    left_out = with_edits(
        standing.candidate, [*amended.values(), *(dropped(by_number[n]) for n in hopeless)]
    )
    if left_out not in seen:
        yield left_out


def _is_before(candidate: Candidate, near: Mapping[int, Edit]) -> bool:
    """Say whether a candidate moves a line to before the nearest source that builds."""
    first = {number: edit.pin or "" for number, edit in near.items()}
    return any(
        edit.number in first and edit.pin and is_older(edit.pin, first[edit.number])
        for edit in candidate.edits
        if edit.number is not None
    )


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
    yield from _making_way(case, standing, numbers, edits)
    for choice in choices_to_move(standing, numbers):
        for candidate in _upgrades_around(case, standing, choice, edits):
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
    pulled = _pulled_in(case, standing)
    own = _own(standing)
    if not pulled:
        return
    bases = (
        upgrades(case, standing, own & numbers, beside=edits)
        if own & numbers
        else iter([Candidate()])
    )
    for base in islice(bases, 1):
        candidate: Candidate | None = with_edits(base, [*edits])
        for member in pulled:
            if candidate is not None and _fails_still(case, standing, candidate, member.name):
                candidate = _held(case, standing, candidate, member.name)
        if candidate is not None:
            yield candidate


def _pulled_in(case: Case, standing: Standing) -> list[Member]:
    """Return the culprits that only other lines pull in."""
    return [
        member
        for culprit in standing.culprits
        for member in culprit.members
        if member.via and len(culprit.members) == 1 and not case.line_at_fault(member.name)
    ]


def _own(standing: Standing) -> frozenset[int]:
    """Return the lines of the culprits that stand in the file themselves."""
    return numbers_of(c for c in standing.culprits if not any(m.via for m in c.members))


def _making_way(
    case: Case, standing: Standing, numbers: frozenset[int], edits: Sequence[Edit]
) -> Iterator[Candidate]:
    """Yield a candidate with the lines moved that keep what is pulled in from a newer wheel."""
    clauses: list[str] = []
    for name in dict.fromkeys(member.name for member in _pulled_in(case, standing)):
        bad = standing.failing.get(name, ())
        newer = [r for r in case.releases(name) if bad and is_older(bad[-1], r.version)]
        ready = [release for release in newer if release.usable_wheel]
        clauses += [f"{name}>={release.version}" for release in ready[:1]]
    if clauses:
        found = upgrades(case, standing, _own(standing) & numbers, edits, clauses)
        yield from (with_edits(candidate, edits) for candidate in islice(found, 1))


def _upgrades_around(
    case: Case, standing: Standing, numbers: frozenset[int], edits: Sequence[Edit]
) -> Iterator[Candidate]:
    """Yield candidates with lines moved that do not pull in again what failed, if there are any."""
    clauses = [
        f"{name}!={version}"
        for name, versions in standing.failing.items()
        if not case.named(name)
        for version in versions
    ]
    around = upgrades(case, standing, numbers, edits, clauses)
    first = next(around, None)
    if first is not None:
        yield from chain((first,), around)
    elif clauses:
        yield from upgrades(case, standing, numbers, edits)


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
    for release in islice((*reversed(older), *newer), POLICY.versions_held):
        candidate = case.settled(base, {name: release.version})
        if case.releases_of(candidate) is not None:
            return candidate
    return None


def choices_to_move(standing: Standing, numbers: frozenset[int]) -> Iterator[frozenset[int]]:
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
    choices = [some for some in hitting if len(some) == len(hitting[0])][: POLICY.install_fixes]
    yield from (rest | some for some in choices or [frozenset[int]()])


def upgrades(
    case: Case,
    standing: Standing,
    numbers: Iterable[int],
    beside: Sequence[Edit] = (),
    clauses: Sequence[str] = (),
) -> Iterator[Candidate]:
    """Yield candidates with these requirements moved to releases that resolve together.

    `beside` are edits of other lines that are made as well, `clauses` (`name>=2`) hold besides.
    """
    if case.index is None or case.resolver is None:
        return
    minimums = _choices(standing.culprits)
    minimums |= {name: Minimum(versions[-1]) for name, versions in standing.failing.items()}
    last = _last_resorts(case, standing)
    given_up = {name for name, minimum in last.items() if minimum is None}
    given_up |= _machine_bound(case, standing)
    minimums |= {name: minimum for name, minimum in last.items() if minimum is not None}
    found = find_upgrades(
        edited(case.standing, beside),
        sorted(numbers),
        case.resolver,
        case.index,
        minimums=minimums,
        beside=clauses,
        dropped=given_up,
    )
    for upgrade in found:
        yield candidate_of([*upgrade.edits, *_listed(case, upgrade)])


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


def _listed(case: Case, upgrade: Upgrade) -> list[Edit]:
    """Return lines for what an upgrade pulls in anew, where a file with hashes must list it all."""
    mine = case.manifest.requirements
    if not any(line.hashes for line in mine):
        return []
    listed = {line.name for line in mine if not line.constraint}
    new = sorted(upgrade.resolution.releases.keys() - listed)
    return [case.add(name, upgrade.resolution.releases[name]) for name in new]


def _last_resorts(case: Case, standing: Standing) -> Mapping[str, Minimum | None]:
    """Return the newest release of each project of which two failed; None if it failed, too."""
    found: dict[str, Minimum | None] = {}
    for name, versions in standing.failing.items():
        if len(versions) < 2 or case.index is None:
            continue
        newest = case.index.newest(name)
        if newest is None or newest.version in versions:
            found[name] = None
        else:
            others = tuple(sorted(set(versions) - {newest.version}))
            found[name] = Minimum(newest.version, included=True, excluded=others)
    return found


def _choices(culprits: Sequence[Culprit]) -> dict[str, Minimum]:
    """Return the members of resolver conflicts: each may stay where it is if another moves."""
    return {
        member.name: Minimum(member.requirement.pin, included=True)
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
