"""Law 2 at the end: every edit of a fix is needed, and belongs to a culprit.

What the logs on the way show to fail without an edit needs no build more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from bisect_deps.fix.accuse import agrees, broken_of, lacks_something
from bisect_deps.fix.ask import ask
from bisect_deps.fix.case import Case, dropped, is_compiled, taken_back, with_edits, without
from bisect_deps.fix.culprits import (
    broken,
    described,
    is_covered,
    merged,
    names_of,
    numbers_of,
    reported_by_breakage,
)
from bisect_deps.fix.failed import Failed, broken_releases, failed_by, installed_by
from bisect_deps.fix.failure import broken_in, installs, is_of_install
from bisect_deps.fix.inquiry import Story
from bisect_deps.fix.minimise import answered
from bisect_deps.model import (
    Candidate,
    Culprit,
    Edit,
    Member,
    Narrow,
    Outcome,
    Phase,
    Probe,
    ProbeKind,
    Release,
)
from bisect_deps.resolution.uv_resolver import Resolution


def certify(
    case: Case, fixed: Probe, culprits: Sequence[Culprit], known: Sequence[Probe]
) -> Story[tuple[Probe, tuple[Culprit, ...]]]:
    """Return the build of a fix without needless edits, and the culprits whose edits are left.

    `known` are the probes of the way there. An edit that no culprit asks for gets the one that the
    log of a failure without it names.
    """
    answers = [*known, fixed]
    smaller = yield from without_needless(case, fixed, answers)
    culprits = [culprit for culprit in culprits if _is_settled(case, culprit, smaller, answers)]
    failed = failed_by(case, answers)
    for rest in (Candidate(), *_parts(smaller.candidate)):
        releases = _installed_as(case, rest, answers)
        culprits = merged(culprits, _owners(case, smaller, rest, releases, culprits, failed))
    for edit in smaller.candidate.edits:
        if not (edit.name in names_of(culprits) or edit.number in numbers_of(culprits)):
            culprits = merged(
                culprits, (yield from _lines_of(case, edit, culprits, smaller, fixed, answers))
            )
    return smaller, tuple(culprits or _together(case, smaller, answers))


def _together(case: Case, fixed: Probe, answers: Sequence[Probe]) -> list[Culprit]:
    """Return the lines of a fix that no build parts, and nobody is accused of: one culprit."""
    probe = answered(case, Candidate(), answers)
    moved = [edit.number for edit in fixed.candidate.edits if edit.number is not None]
    if probe is None or probe.outcome is not Outcome.FAIL or len(moved) < 2:
        return []
    lines = [case.manifest.requirements[number] for number in sorted(moved)]
    return [described([broken_of(case, line, probe) for line in lines], probe, fixed.number)]


def _lines_of(
    case: Case,
    edit: Edit,
    culprits: Sequence[Culprit],
    smaller: Probe,
    fixed: Probe,
    answers: Sequence[Probe],
) -> Story[list[Culprit]]:
    """Return the line that an edit moves where a build fails without that, and no log tells why.

    With the other line of `fixed` that could be moved in its place: then the two do not go
    together. Costs a build for either.
    """
    rest = without(smaller.candidate, [edit.name])
    probe = answered(case, rest, answers[::-1])
    if probe is None and _is_worth_it(case, edit, culprits):
        left_out = [dropped(line) for line in case.standing if line.number in numbers_of(culprits)]
        purpose = f"does {edit.name} fail without {', '.join(sorted(names_of(culprits)))}, too?"
        shown = with_edits(rest, left_out)
        probe = yield from ask(
            case, shown, ProbeKind.SUBSET, purpose, check=False, likely_fails=True
        )
    if edit.number is None or probe is None or not is_of_install(probe):
        return []
    if names_of(culprits) & {name for name in broken_in(probe) if name != edit.name}:
        # The log names a culprit: this edit is how that one moves.
        return []
    had = (case.releases_of(rest) or {}).get(edit.name, "")
    if Release(edit.name, had) in installed_by(case, answers):
        return []
    edits = [edit]
    needless = [other for other in fixed.candidate.edits if other not in smaller.candidate.edits]
    if len(needless) == 1 and not rest.edits:
        purpose = f"does it pass with {needless[0].text} instead?"
        other = yield from ask(case, Candidate(tuple(needless)), ProbeKind.VERSION, purpose)
        edits += needless if other.outcome is Outcome.PASS else []
    lines = sorted(edit.number for edit in edits if edit.number is not None)
    mine = [case.manifest.requirements[number] for number in lines]
    members = [broken_of(case, line, probe) for line in mine]
    return [described(members, probe, smaller.number)]


def _is_worth_it(case: Case, edit: Edit, culprits: Sequence[Culprit]) -> bool:
    """Say whether what only has to follow is built without the culprits, to see if it fails too.

    Where releases are built alone, it is known. Nothing is compiled for that alone, unless every
    build was asked for.
    """
    pin = case.manifest.requirements[edit.number].pin if edit.number is not None else None
    asked = not is_compiled(case, edit.name, pin) or case.narrow is Narrow.FULL
    at_install = culprits and all(culprit.phase is not Phase.CHECK for culprit in culprits)
    return bool(pin and asked and at_install and not case.capabilities.isolated)


def without_needless(case: Case, fixed: Probe, answers: list[Probe]) -> Story[Probe]:
    """Return the build of a fix without the edits that it passes without; `fixed` where none is.

    What logs of `answers` show to fail in what is left is needed; else that costs a build, which is
    added to them.
    """
    reported = [failure for failure in failed_by(case, answers) if failure.reported]
    failed = [failure for failure in reported if _is_sure(case, failure, answers)]
    for edit, rest in _less(fixed.candidate):
        if edit.number is None and edit.hashes:
            # A file with hashes lists all that it installs.
            continue
        probe = answered(case, rest, answers[::-1])
        if probe is not None and not rest.edits:
            doubted = _failed_by_accident(case, probe, answers)
        elif _is_shown_to_fail(case, rest, failed):
            continue
        else:
            doubted = probe is None or _may_be_accident(case, probe, reported, answers)
        if doubted:
            purpose = f"does it fail again without {edit.text or edit.name}?"
            repeat = int(probe is not None)
            probe = yield from ask(
                case, rest, ProbeKind.VERSION, purpose, repeat=repeat, likely_fails=True
            )
            answers.append(probe)
        if probe is not None and probe.outcome is Outcome.PASS:
            return (yield from without_needless(case, replace(probe, candidate=rest), answers))
    return fixed


def _is_shown_to_fail(case: Case, candidate: Candidate, failed: Iterable[Failed]) -> bool:
    """Say whether a candidate does not resolve, or comes to what was seen to fail."""
    resolution = case.resolve(candidate)
    if resolution is None or not resolution.resolved:
        return True
    guessed = _guessed(case, candidate, resolution)
    return any(
        failure.within(resolution.releases) and not guessed & failure.releases.keys()
        for failure in failed
    )


def _guessed(case: Case, candidate: Candidate, resolution: Resolution) -> set[str]:
    """Return the sources that no line pins: a resolver knows not what rules a release out."""
    pins = case.pins(candidate)
    return {release.name for release in resolution.needs_build if release.name not in pins}


def _may_be_accident(
    case: Case, probe: Probe, reported: Sequence[Failed], answers: Sequence[Probe]
) -> bool:
    """Say whether what a log says to break installed in another build, or broke in no other."""
    if _failed_by_accident(case, probe, answers):
        return True
    own = [failure for failure in reported if failure.probe is probe]
    return case.capabilities.isolated and any(not _is_sure(case, one, answers) for one in own)


def _failed_by_accident(case: Case, probe: Probe, answers: Sequence[Probe]) -> bool:
    """Say whether all that a log says to break installed in another build."""
    broke = frozenset(broken_releases(probe))
    return bool(broke) and broke <= installed_by(case, answers)


def _is_sure(case: Case, one: Failed, answers: Sequence[Probe]) -> bool:
    """Say whether logs are enough: an install may fail once by chance.

    Not where the log names what is not there, or the index tells why it fails. Where no release is
    built alone, a second log is none of it alone either.
    """
    broke = {Release(name, version) for name, version in one.releases.items()}
    if installs(one.probe) or any(
        agrees(case, release.name, release.version) or lacks_something(one.probe, release)
        for release in broke
    ):
        return True
    shown = [probe for probe in answers if broke <= set(broken_releases(probe))]
    return case.capabilities.isolated and len(shown) > 1


def _is_settled(case: Case, culprit: Culprit, fixed: Probe, answers: Sequence[Probe]) -> bool:
    """Say whether a fix moves a member of a culprit away, from where the file had it."""
    after = case.installed(fixed)
    told = case.resolve(fixed.candidate)
    if told is not None and fixed.installed is None:
        guessed = _guessed(case, fixed.candidate, told)
        after = {name: version for name, version in after.items() if name not in guessed}
    edits = fixed.candidate.edits
    parts = (Candidate(), *_parts(fixed.candidate))
    had = [_installed_as(case, rest, answers) for rest in parts]
    added = any(edit.number is None and edit.name not in had[0] for edit in edits)
    if added and culprit.phase is Phase.CHECK:
        # What was missing is there now: the release that needs it stays where it is.
        return True

    def is_moved(member: Member) -> bool:
        if member.version in (None, None if member.via else member.requirement.pin):
            return any(
                e.name == member.name or e.number == member.requirement.number for e in edits
            )
        unseen = member.via and not case.sees(Candidate(), member)
        had_it = any(releases.get(member.name) == member.version for releases in had)
        return bool(had_it or unseen) and after.get(member.name) != member.version

    return any(is_moved(member) for member in culprit.members)


def _installed_as(case: Case, candidate: Candidate, answers: Sequence[Probe]) -> Mapping[str, str]:
    """Return what a build of this candidate installed; without one, what it resolves to."""
    for probe in answers:
        is_whole = probe.kind is not ProbeKind.ISOLATED and installs(probe)
        if is_whole and probe.candidate == candidate:
            return case.installed(probe)
    return case.releases_of(candidate) or {}


def _less(candidate: Candidate) -> Iterator[tuple[Edit, Candidate]]:
    """Yield each edit with the candidate without it, and without all of its project.

    A line and its constraint may only move together.
    """
    edits = candidate.edits
    yield from ((edit, taken_back(candidate, edit)) for edit in edits)
    names = [edit.name for edit in edits]
    for place, edit in enumerate(edits):
        if names.index(edit.name) < place:
            yield edit, without(candidate, [edit.name])


def _parts(candidate: Candidate) -> Iterator[Candidate]:
    yield from (taken_back(candidate, edit) for edit in candidate.edits)


def _owners(
    case: Case,
    fixed: Probe,
    rest: Candidate,
    releases: Mapping[str, str],
    culprits: Sequence[Culprit],
    failed: Sequence[Failed],
) -> Iterator[Culprit]:
    """Yield a culprit for each failure that returns with less of a fix and that none explains.

    `releases` are what that comes to.
    """
    after = case.installed(fixed)
    named = set(names_of(culprits))
    for failure in failed:
        away = [n for n, version in failure.releases.items() if after.get(n) != version]
        within = failure.probe.candidate == rest or failure.within(releases)
        # What leads to a failing check may stay: only what the fix moves away explains it.
        explained = named.intersection(away if installs(failure.probe) else failure.releases)
        if not away or not within or explained:
            continue
        name = away[0]
        named.add(name)
        breakage = reported_by_breakage(failure.probe, [name])
        member = case.member(
            name,
            failure.releases.get(name),
            case.resolve(failure.probe.candidate),
            breakage.user if breakage is not None else "",
            moving=[edit.name for edit in fixed.candidate.edits],
        )
        if member is None:
            continue
        culprit = (
            broken([member], failure.probe, breakage, fixed.number)
            if breakage is not None
            else described([member], failure.probe, fixed.number)
        )
        if not is_covered(culprit, culprits, fixed.candidate):
            yield culprit
