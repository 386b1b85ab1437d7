"""Whom a failing install accuses: facts, its own log, a release alone, the resolver, then a search.

The cheapest evidence goes first. A release that is accused by a log is a culprit once its failure
is no accident: where the index agrees, the log is enough; else it fails alone, and as often as the
doubt asks for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from bisect_deps.fix.ask import ask
from bisect_deps.fix.case import Case, dropped, with_edits
from bisect_deps.fix.culprits import INSTALL_PHASES, described, merged, numbers_of
from bisect_deps.fix.failure import (
    broken_in,
    failing_release,
    fingerprints,
    first_fingerprint,
    involved,
    shows,
    suspects_of,
)
from bisect_deps.fix.inquiry import Inquiry, Story
from bisect_deps.fix.names import is_known
from bisect_deps.fix.refusals import Need
from bisect_deps.fix.subsets import SubsetAxis, drive, dropping, numbers_named
from bisect_deps.index import FactKind
from bisect_deps.model import (
    Candidate,
    Cause,
    Culprit,
    Member,
    Note,
    Outcome,
    Phase,
    Probe,
    ProbeKind,
    Proof,
    Release,
    Requirement,
    Suspect,
)
from bisect_deps.policy import POLICY
from bisect_deps.resolution.conflicts import Conflict, find_conflicts
from bisect_deps.resolution.edits import edited
from bisect_deps.resolution.uv_resolver import Resolution
from bisect_deps.search.base import Items
from bisect_deps.search.strategy import Certified, SearchProblem, SearchResult, State, bisect

# Facts that make a release worth a build of its own before anything else is known of it.
TELLING = frozenset({FactKind.REQUIRES_PYTHON, FactKind.NO_USABLE_WHEEL, FactKind.NO_ARTIFACT})

# What installers say of a file that is not what its page tells, or not whole.
_SPOILT = re.compile(
    r"mismatch|do not match|failed to extract|invalid metadata|unexpected end|not a (?:zip|gzip)"
    r"|bad magic|corrupt|truncated|cut short|no archive|could not find .{0,40}central directory",
    re.IGNORECASE,
)
_LACKING = (Cause.BUILD_API_REMOVED, Cause.BUILD_DEP_MISSING, Cause.SYSTEM_DEP_MISSING)
_SERVED = (Phase.RESOLVE, Phase.DOWNLOAD, Phase.METADATA)


@dataclass(frozen=True, slots=True)
class Accused:
    """A release that may be at fault: the user's requirement, and the chain of a transitive."""

    requirement: Requirement
    release: Release
    via: tuple[str, ...] = ()

    @property
    def member(self) -> Member:
        """Return it as a member of a culprit."""
        return Member(self.requirement, self.release.name, self.release.version, self.via)


@dataclass(frozen=True, slots=True)
class Standing:
    """How far an install is fixed: the candidate, its probe, and what is known so far.

    `failing` maps a project to those of its versions that were seen to fail, in that order;
    `judged` are the releases that were asked about; `cleared` those that built alone. `needs` is
    what sources were told to ask for. `unsteady` counts builds that failed once and passed once
    alike.
    """

    candidate: Candidate
    probe: Probe
    culprits: tuple[Culprit, ...] = ()
    failing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    judged: frozenset[Release] = frozenset()
    cleared: frozenset[Release] = frozenset()
    needs: tuple[Need, ...] = ()
    unsteady: int = 0
    notes: tuple[Note, ...] = ()

    def knowing(self, culprits: Iterable[Culprit], *notes: Note) -> Standing:
        """Return it with more culprits and notes."""
        return replace(self, culprits=merged(self.culprits, culprits), notes=(*self.notes, *notes))

    def at(self, candidate: Candidate, probe: Probe) -> Standing:
        """Return it with another candidate and its probe."""
        return replace(self, candidate=candidate, probe=probe)


def accuse(case: Case, standing: Standing) -> Story[Standing]:
    """Return the standing with the culprits that explain its failing probe, each proven.

    Without a new one, the failure cannot be attributed to any requirement; the notes say why.
    """
    be_true(case, standing.probe)
    known = standing.culprits
    standing = by_conflict(case, standing)
    standing = yield from _refused_as_well(case, standing, known)
    standing = _by_place(case, standing)
    standing = yield from _by_release(case, standing)
    if _explains(case, standing) or suspected(case, standing):
        return standing
    return (yield from _by_search(case, standing))


def be_true(case: Case, probe: Probe) -> None:
    """Look at the index itself where it has nothing, or what it served cannot be read.

    Where the resolver is not the installer's own, or there is none, a log of what the index served
    has it asked afresh: pip tells a page that was refused from one that is not there by no word.
    Its answers are then no evidence, but nobody is accused of them. Raises IndexUnavailable.
    """
    spoilt = _spoilt(case, probe)
    looked_at = [case.index] if case.index is not None else []
    is_served = spoilt or any(suspect.phase in _SERVED for suspect in suspects_of(probe))
    if is_served and case.served is not None and (case.index is None or not case.same_tool):
        looked_at.append(case.served())
    for index in looked_at:
        index.be_there(line.name for line in case.requirements if line.name and not line.url)
        for release in spoilt:
            index.be_true(release)


def _spoilt(case: Case, probe: Probe) -> list[Release]:
    """Return the releases of which something came that is not what it should be.

    Where the log tells that, and not of which: the pins of the file, as many as are looked at fast.
    """
    evidence = probe.diagnosis.evidence if probe.diagnosis is not None else ()
    lines = [*evidence, *(line for suspect in suspects_of(probe) for line in suspect.evidence)]
    is_reported = any(_SPOILT.search(line.text) for line in lines)
    found = [
        release
        for suspect in suspects_of(probe)
        if (suspect.phase is Phase.DOWNLOAD or is_reported)
        and (release := failing_release(suspect)) is not None
    ]
    if found or not is_reported:
        return found
    pins = [Release(line.name, line.pin) for line in case.requirements if line.name and line.pin]
    return pins[: POLICY.fetched_on_suspicion]


def _explains(case: Case, standing: Standing) -> bool:
    """Say whether a culprit is known that the candidate leaves where it fails."""
    return bool(unfixed(case, standing)) or standing.unsteady > 0


def unfixed(case: Case, standing: Standing) -> list[Culprit]:
    """Return the culprits whose releases the candidate still asks for."""
    moved = {
        edit.number if edit.number is not None else edit.name: edit
        for edit in standing.candidate.edits
    }

    releases = case.releases_of(standing.candidate)
    refused = {line.number for line, _ in _refused(case, standing)}

    def is_met(member: Member) -> bool:
        if member.requirement.number in refused:
            return False
        if member.via and releases is not None and case.sees(standing.candidate, member):
            return releases.get(member.name) != member.version
        edit = moved.get(member.requirement.number) or moved.get(member.name)
        return edit is not None and edit.pin not in standing.failing.get(edit.name, ())

    return [
        culprit
        for culprit in standing.culprits
        if not any(is_met(member) for member in culprit.members)
    ]


def _by_place(case: Case, standing: Standing) -> Standing:
    """Accuse the lines of no release that the installer's own words name: paths, URLs, bad text.

    One that was accused before, and fails in its new text as well, is said to do so.
    """
    known = numbers_of(standing.culprits)
    found: list[Culprit] = []
    notes: list[Note] = []
    for line, suspect in _refused(case, standing):
        member = Member(line, line.name or line.text, None)
        if line.number in known:
            away = suspect.cause in (Cause.NETWORK, Cause.VCS_ERROR, Cause.BUILD_DEP_MISSING)
            why = "its place cannot be reached from here: " if away else ""
            text = f"Written as {suspect.requirement}, it fails as well: {why}{suspect.summary}."
            notes.append(Note(text, standing.probe.number))
        else:
            culprit = described([member], standing.probe)
            found.append(replace(culprit, phase=suspect.phase, cause=suspect.cause))
    return standing.knowing(found, *notes)


def _refused(case: Case, standing: Standing) -> Iterator[tuple[Requirement, Suspect]]:
    """Yield the user's lines with a path or URL, as they stand now, that the log names."""
    now = {line.number: line for line in edited(case.standing, standing.candidate.edits)}
    for suspect in suspects_of(standing.probe):
        for line in case.standing:
            current = now.get(line.number)
            if current is None or suspect.requirement != current.text:
                continue
            if current.url or current.editable:
                yield line, suspect


# --- releases alone ---------------------------------------------------------------------------


def _accused(case: Case, standing: Standing) -> list[Accused]:
    facts = _by_facts(case, standing) if case.capabilities.isolated else ()
    return _fresh(standing, [*_by_log(case, standing), *facts])


def _by_release(case: Case, standing: Standing) -> Story[Standing]:
    """Judge the releases that the log and the index suspect: by the log itself, or alone."""
    accused = _accused(case, standing)
    if not accused:
        return standing
    # Of these the installer itself says in this log that they fail.
    reported = _by_log(case, standing, INSTALL_PHASES)
    probes = {a.release: standing.probe for a in reported if a in accused}
    counts = {a.release: int(a.release in probes) for a in accused}
    standing = replace(standing, judged=standing.judged | {a.release for a in accused})
    while True:
        waiting = [a for a in accused if _is_open(case, standing, a, accused, counts, probes)]
        if not waiting:
            break
        answers = yield [_alone(a, counts[a.release]) for a in waiting]
        for accusation, probe in zip(waiting, answers, strict=True):
            standing = _judged(standing, accusation, probe, counts, probes)
    broke = [a for a in accused if a.release in probes and a.release not in standing.cleared]
    for accusation in broke:
        standing = _failed(standing, accusation.release)
    return standing.knowing([described([a.member], probes[a.release]) for a in broke])


def suspected_by_facts(case: Case) -> list[Accused]:
    """Return the pinned releases of the file as it is that the index is evidence against."""
    return list(_suspected(case, case.standing))


def alone(suspects: Iterable[Accused]) -> list[Inquiry]:
    """Return the builds of suspect releases by themselves."""
    return [_alone(accusation, 0) for accusation in suspects]


def _judged(
    standing: Standing,
    one: Accused,
    probe: Probe,
    counts: dict[Release, int],
    probes: dict[Release, Probe],
) -> Standing:
    """Take the answer of one release built alone: one pass clears it, whatever failed before."""
    if probe.outcome is Outcome.FAIL:
        counts[one.release] += 1
        probes[one.release] = probes.get(one.release, probe)
        return standing
    if probe.outcome is Outcome.PASS:
        shook = counts[one.release] > 0
        counts[one.release] = POLICY.doubted_failures
        cleared = standing.cleared | {one.release}
        standing = replace(standing, cleared=cleared, unsteady=standing.unsteady + shook)
        return standing.knowing((), _unsteady_note(one, probe)) if shook else standing
    counts[one.release] = POLICY.doubted_failures
    return standing


def _unsteady_note(one: Accused, probe: Probe) -> Note:
    text = f"{one.release} failed once and built once: its build does not always end alike."
    return Note(text, probe.number)


def _is_open(
    case: Case,
    standing: Standing,
    one: Accused,
    accused: Sequence[Accused],
    counts: Mapping[Release, int],
    probes: Mapping[Release, Probe],
) -> bool:
    """Say whether a release must fail once more before it is named."""
    seen = counts[one.release]
    if not case.capabilities.isolated or seen >= POLICY.doubted_failures:
        return False
    if not seen or agrees(case, one.release.name, one.release.version):
        return not seen
    plain = [
        a
        for a in accused
        if a.release in probes and not agrees(case, a.release.name, a.release.version)
    ]
    doubted = standing.unsteady or len(plain) > 1 or not _is_steady(probes[one.release])
    least = 1 if lacks_something(probes[one.release], one.release) else 2
    return seen < (POLICY.doubted_failures if doubted else least)


def agrees(case: Case, name: str, version: str) -> bool:
    """Say whether something else gives a reason why the release fails here.

    The index does where nothing of it is for this Python, a table where its name leads astray.
    """
    if is_known(case, name):
        return True
    known = case.release(name, version)
    if known is None:
        return case.index is not None
    return not known.installable or (known.has_wheel and not known.usable_wheel)


def _is_steady(probe: Probe) -> bool:
    """Say whether a failure has a known cause, and none that comes and goes."""
    cause = probe.diagnosis.cause if probe.diagnosis is not None else Cause.UNKNOWN
    return cause not in (Cause.UNKNOWN, Cause.NONE, Cause.NETWORK, Cause.RESOURCES)


def lacks_something(probe: Probe, release: Release) -> bool:
    """Say whether a log names what a release lacks: it is not there in the next build either."""
    return any(
        suspect.cause in _LACKING and failing_release(suspect) == release
        for suspect in suspects_of(probe)
    )


def _alone(one: Accused, repeat: int) -> Inquiry:
    return Inquiry(
        Candidate(),
        ProbeKind.ISOLATED,
        f"does {one.release} build by itself?" if not repeat else f"does {one.release} fail again?",
        isolated=str(one.release),
        repeat=repeat,
        likely_fails=True,
    )


def _failed(standing: Standing, release: Release) -> Standing:
    known = standing.failing.get(release.name, ())
    if release.version in known:
        return standing
    failing = {**standing.failing, release.name: (*known, release.version)}
    return replace(standing, failing=failing)


def _fresh(standing: Standing, accused: Iterable[Accused]) -> list[Accused]:
    """Return each release once, those left out that were judged before."""
    known = {Release(n, v) for n, versions in standing.failing.items() for v in versions}
    gone = standing.judged | known
    found: dict[Release, Accused] = {}
    for accusation in accused:
        if accusation.release not in gone:
            found.setdefault(accusation.release, accusation)
    return list(found.values())


def _by_log(
    case: Case, standing: Standing, phases: Set[Phase] = frozenset(Phase)
) -> Iterator[Accused]:
    """Yield the releases that the failing probe's log names, direct and transitive, best first."""
    for suspect in suspects_of(standing.probe):
        if suspect.cause is not Cause.RESOLVER_CONFLICT and suspect.phase in phases:
            yield from _accused_by(case, standing, suspect)


def _accused_by(case: Case, standing: Standing, suspect: Suspect) -> Iterator[Accused]:
    release = failing_release(suspect)
    lines = {line.number: line for line in edited(case.standing, standing.candidate.edits)}
    pinned = _pinned_by_constraint(lines, release)
    if pinned is not None and release is not None:
        yield Accused(pinned, release)
        return
    for direct in case.named(suspect.name):
        line = lines.get(direct.number, direct)
        if line.url:
            continue
        if release is not None and release.name != line.name:
            yield Accused(direct, release, suspect.via or (line.name,))
        elif release is not None:
            yield Accused(direct, release)
        elif line.pin is not None:
            yield Accused(direct, Release(line.name, line.pin))


def _by_facts(case: Case, standing: Standing) -> Iterator[Accused]:
    """Yield the pinned releases of a candidate that the index is evidence against."""
    return _suspected(case, edited(case.standing, standing.candidate.edits))


def suspected(case: Case, standing: Standing) -> list[Accused]:
    """Return what facts are evidence against and no build can judge alone: it is moved, and back.

    None where releases are built alone, or nothing tells what to move them to.
    """
    if case.capabilities.isolated or case.resolver is None:
        return []
    return [fact for fact in _by_facts(case, standing) if fact.release not in standing.judged]


def _suspected(case: Case, lines: Sequence[Requirement]) -> Iterator[Accused]:
    """Yield the pinned releases that the index is evidence against, in the file's order.

    A release that has no wheel for any Python is built from its source everywhere: no evidence,
    but to be moved where no build can judge it alone.
    """
    if case.index is None:
        return
    case.index.prefetch([line.name for line in case.standing if line.name])
    for line in lines:
        if line.pin is None or line.url is not None:
            continue
        known = case.release(line.name, line.pin)
        is_source = known is not None and not known.has_wheel and known.python_ok
        if is_source and case.capabilities.isolated:
            continue
        if any(fact.kind in TELLING for fact in case.index.facts(line)):
            written = case.manifest.requirements[line.number]
            yield Accused(written, Release(line.name, line.pin))


def _pinned_by_constraint(
    lines: Mapping[int, Requirement], release: Release | None
) -> Requirement | None:
    """Return the line of a constraints file that alone asks for a release, None where none does."""
    if release is None:
        return None
    asking = [
        line for line in lines.values() if line.name == release.name and line.pin == release.version
    ]
    return asking[0] if asking and all(line.constraint for line in asking) else None


# --- conflicts --------------------------------------------------------------------------------


def by_conflict(case: Case, standing: Standing) -> Standing:
    """Return the standing with the minimal sets of lines for which the resolver finds nothing."""
    if case.resolver is None:
        return standing
    lines = edited(case.standing, standing.candidate.edits)
    settled = numbers_of(standing.culprits) - {
        edit.number for edit in standing.candidate.edits if edit.number is not None
    }
    left = [line for line in lines if line.number not in settled]
    conflicts = find_conflicts(left, case.resolver, case.index)
    asked = dict(conflicts.asked)
    accused = numbers_of(standing.culprits)
    found = [
        _conflict(case, standing, conflict, asked)
        for conflict in conflicts.found
        if not conflict.members <= accused
    ]
    notes = () if conflicts.complete else (Note(_UNEXAMINED),)
    for culprit in found:
        for member in culprit.members if len(culprit.members) == 1 else ():
            if member.version is not None:
                standing = _failed(standing, Release(member.name, member.version))
    return standing.knowing(found, *(notes if found else ()))


def _refused_as_well(case: Case, standing: Standing, known: Sequence[Culprit]) -> Story[Standing]:
    """Have the installer itself refuse what a resolver of another tool refuses: that is a proof.

    What it takes all the same is no conflict. Costs a build for each new conflict.
    """
    if case.same_tool or not case.capabilities.isolated:
        return standing
    kept = list(known)
    for culprit in standing.culprits:
        if culprit in known:
            continue
        only = _only(case, standing, numbers_of([culprit]))
        purpose = "does the installer refuse these as well?"
        probe = yield from ask(
            case, only, ProbeKind.SUBSET, purpose, check=False, likely_fails=True
        )
        if probe.outcome is Outcome.FAIL:
            shown = described(culprit.members, probe)
            kept.append(replace(culprit, evidence=shown.evidence, proof=shown.proof))
    return replace(standing, culprits=tuple(kept))


_UNEXAMINED = (
    "There are more conflicts among these lines than were looked for; the ones listed are those "
    "that were examined."
)


def _conflict(
    case: Case, standing: Standing, conflict: Conflict, asked: Mapping[Items, Resolution]
) -> Culprit:
    """Return a conflict as a culprit, with what the resolver said of it kept as probes."""
    by_number = {line.number: line for line in case.standing}
    members = tuple(
        Member(by_number[number], by_number[number].name, by_number[number].pin)
        for number in sorted(conflict.members)
    )
    cause = Cause.RESOLVER_CONFLICT if len(members) > 1 else Cause.NO_MATCHING_VERSION
    if len(members) == 1 and case.index is not None:
        facts = case.index.facts(members[0].requirement)
        cause = next((fact.kind.cause for fact in facts if fact.kind.stops), cause)
    culprit = Culprit(members, Phase.RESOLVE, cause, f"{conflict.sentence}.")
    if case.record is None or conflict.members not in asked:
        return culprit
    only = _only(case, standing, conflict.members)
    failing = case.record(only, asked[conflict.members])
    for number in sorted(conflict.members):
        rest = conflict.members - {number}
        if rest in asked and asked[rest].resolved:
            case.record(_only(case, standing, rest), asked[rest])
    shown = standing.probe if _told_by_build(case, standing, members) else failing
    reported = described(members, shown)
    return replace(culprit, evidence=reported.evidence, proof=Proof(shown.number, None))


def _told_by_build(case: Case, standing: Standing, members: Sequence[Member]) -> bool:
    """Say whether the log of another tool's build names a conflict: that is proof, not ours."""
    suspects = suspects_of(standing.probe)
    named = {suspect.name for suspect in suspects if suspect.cause is Cause.RESOLVER_CONFLICT}
    return not case.same_tool and {member.name for member in members} <= named


def _only(case: Case, standing: Standing, numbers: Items) -> Candidate:
    """Return the candidate as fixed so far with all but these requirements commented out."""
    others = [line for line in case.manifest.requirements if line.number not in numbers]
    return with_edits(standing.candidate, [dropped(line) for line in others])


# --- subsets ----------------------------------------------------------------------------------


def _by_search(case: Case, standing: Standing) -> Story[Standing]:
    """Search the lines that are left by building subsets of the file as fixed so far."""
    accused = numbers_of(standing.culprits)
    base, failing = standing.candidate, standing.probe
    items = [
        line
        for line in case.requirements
        if line.number not in base.dropped and line.number not in accused
    ]
    axis = dropping(case, base, items, failing, check=False)
    named = [number for number in numbers_named(case, failing) if number not in accused]
    problem = SearchProblem(
        items=tuple(line.number for line in items),
        weights=_weights(case, items),
        hints=tuple(dict.fromkeys(named)),
        slots=case.slots,
        prefer=case.prefer,
        single_cost=POLICY.single_cost if case.capabilities.cheap_single else 1.0,
    )
    whole = frozenset(problem.items)
    finding, probes = yield from drive(case, bisect(problem), axis, {whole: failing})
    finding = yield from _seen_beside(case, finding, axis, probes)
    only_once = any(culprit.failing == whole for culprit in finding.culprits)
    if only_once or finding.state is State.INCONCLUSIVE:
        # Nothing but that one failure is evidence: what is not seen again was an accident.
        further = yield from _gets_further(failing)
        if further is not None:
            unsteady = replace(standing, unsteady=standing.unsteady + 1)
            now = "passed" if further.outcome is Outcome.PASS else "failed otherwise"
            return unsteady.knowing((), Note(_UNSTEADY.format(now=now), further.number))
    for probe in probes.values():
        if probe.outcome is Outcome.FAIL:
            be_true(case, probe)
    return _concluded(case, standing, finding, probes)


def _seen_beside(
    case: Case, finding: SearchResult, axis: SubsetAxis, probes: dict[Items, Probe]
) -> Story[SearchResult]:
    """Leave out who fails alone and not beside what passes: a check may only lack the others.

    Only where builds check and no log tells why one fails. Costs a build for each in doubt, which
    is its proof then, and added to `probes`.
    """
    kept: list[Certified] = []
    whole = max(probes, key=len)
    for one in finding.culprits:
        both = one.failing.union(*one.passing[:1])
        candidate = axis.candidate(both)
        mute = case.has_check and one.failing in probes and not fingerprints(probes[one.failing])
        if not mute or candidate is None or both == whole:
            kept.append(one)
            continue
        if both not in probes:
            purpose = "does it fail beside what passes, too?"
            probes[both] = yield from ask(case, candidate, axis.kind, purpose, check=axis.check)
        if probes[both].outcome is Outcome.FAIL:
            kept.append(replace(one, failing=both))
    return replace(finding, culprits=tuple(kept))


_UNSTEADY = (
    "The same file failed once and {now} once: the build does not always end alike. "
    "Run again with --fresh, or fix what makes it unsteady first."
)


def _gets_further(failing: Probe) -> Story[Probe | None]:
    """Build a failing candidate once more; return that probe where it does not fail so now."""
    purpose = "does it fail once more?"
    [again] = yield [Inquiry(failing.candidate, ProbeKind.WHOLE, purpose, check=False, repeat=1)]
    alike = shows(again, first_fingerprint(failing))
    return None if alike or again.outcome is Outcome.UNRESOLVED else again


def _concluded(
    case: Case, standing: Standing, finding: SearchResult, probes: Mapping[Items, Probe]
) -> Standing:
    by_number = {line.number: line for line in case.requirements}
    culprits = [certified(case, by_number, culprit, probes) for culprit in finding.culprits]
    notes: list[Note] = []
    if finding.state is State.FRAME_FAILS:
        bare = probes.get(frozenset())
        every = {line.number for line in case.requirements}
        if bare is not None and bare.candidate.dropped >= every:
            text = "The build fails with every requirement commented out as well"
            notes.append(Note(f"{text}: this is no dependency problem.", bare.number))
    return standing.knowing(culprits, *notes)


def certified(
    case: Case,
    by_number: Mapping[int, Requirement],
    one: Certified,
    probes: Mapping[Items, Probe],
) -> Culprit:
    """Return the culprit that a search certified, told by the log of its failing probe.

    A member without which nothing passes, but fails otherwise, is no part of this failure: what is
    left needs it.
    """
    shown = [n for n in one.members if any(n not in items for items in one.passing)]
    probe = probes.get(one.failing)
    lines = [by_number[number] for number in sorted(shown or one.members)]
    members = list({m.name: m for line in lines if (m := broken_of(case, line, probe))}.values())
    passing = next(
        (
            probes[items].number
            for items in one.passing
            if items in probes and probes[items].outcome is Outcome.PASS
        ),
        None,
    )
    if probe is None:
        return Culprit(tuple(members), Phase.RESOLVE, Cause.UNKNOWN, "", proof=Proof(None, passing))
    return described(members, probe, passing)


def broken_of(case: Case, line: Requirement, probe: Probe | None) -> Member:
    """Return a line as a member of a culprit: the release that it pulls in where that broke."""
    edits = probe.candidate.edits if probe is not None else ()
    moved = next((edit.pin for edit in edits if edit.number == line.number), None)
    own = Member(line, line.name, moved or line.pin)
    named = broken_in(probe) if probe is not None else ()
    if probe is None or line.name in named:
        return own
    for suspect in suspects_of(probe):
        broke = suspect.broken
        if broke and suspect.via[:1] == (line.name,):
            release = failing_release(suspect)
            version = release.version if release else case.installed(probe).get(broke)
            return Member(line, broke, version, suspect.via)
    resolution = case.resolve(probe.candidate)
    pulled = resolution.brought_by(line.name) if resolution is not None else frozenset()
    # Of three that fail together, a log names the third on the way only.
    name = next((n for n in (*named, *involved(probe)) if n in pulled or n == line.name), None)
    if name == line.name:
        return own
    via: tuple[str, ...] = ()
    if name is None and resolution is not None and len(named) == 1:
        # What a source pulls in, the resolver does not tell.
        source = next((r.name for r in resolution.needs_build if r.name in pulled), None)
        if source is not None and named[0] not in resolution.releases:
            name, via = named[0], resolution.chain_from(line.name, source)
    if resolution is None or name is None:
        return own
    now = case.installed(probe).get(name)
    direct = case.line_at_fault(name)
    if direct is not None:
        return Member(direct, name, now or direct.pin)
    return Member(line, name, now, via or resolution.chain_from(line.name, name)[:-1])


def _weights(case: Case, items: Sequence[Requirement]) -> dict[int, float]:
    if case.index is None:
        return {}
    return {
        line.number: 0.5
        for line in items
        if any(fact.kind in TELLING or fact.kind.stops for fact in case.index.facts(line))
    }
