"""Narrows each culprit to the neighbouring versions between which the outcome turns.

After the fix is proven, and counted in builds: a boundary that costs more is given with the
releases that were not built. Conflicts are narrowed by the resolver where the installer is at hand,
on a platform by builds alone; a release that would be compiled is not built unless every build was
asked for, and is no nearer fix then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from packaging.version import InvalidVersion, Version

from bisect_deps.fix.ask import relayed
from bisect_deps.fix.case import Case, is_compiled, with_edits, without
from bisect_deps.fix.failed import broken_releases
from bisect_deps.fix.inquiry import BudgetSpent, Inquiry, Story
from bisect_deps.fix.proposers.base import series
from bisect_deps.index import ReleaseFacts
from bisect_deps.model import (
    Candidate,
    Cause,
    Culprit,
    Edit,
    EditAction,
    Member,
    Narrow,
    Narrowing,
    Outcome,
    Phase,
    Probe,
    ProbeKind,
    Proof,
    Release,
    Tried,
)
from bisect_deps.search.base import Answer, Question
from bisect_deps.search.narrow import Turn, narrow


@dataclass(frozen=True, slots=True)
class Axis:
    """The versions of one project, oldest first, with what is known of both ends."""

    name: str
    versions: tuple[str, ...]
    failing: int
    passing: int
    skipped: tuple[Tried, ...]


@dataclass(slots=True)
class _NarrowSearch:
    """One culprit's narrowing under way."""

    at: int
    member: Member
    axis: Axis
    edit: Edit
    followers: frozenset[str]
    tried: list[Tried] = field(default_factory=list)


def narrow_all(
    case: Case,
    culprits: Sequence[Culprit],
    fixed: Probe,
    most: int | None,
    followers: frozenset[str] = frozenset(),
    seen: Sequence[tuple[Inquiry, Probe]] = (),
) -> Story[tuple[tuple[Culprit, ...], Probe]]:
    """Return the culprits with their narrowings, and the fix, moved nearer where that passes.

    `followers` are projects that need not move where the resolver does not ask for it. `seen` are
    builds that were made on the way. Costs at most `most` builds in all (None: as many as it
    takes), dealt out evenly.
    """
    found = list(culprits)
    plain = [(inquiry, probe) for inquiry, probe in seen if not inquiry.build_constraints]
    known = {_asked(inquiry): probe for inquiry, probe in plain}
    running = list(_searches(case, found, fixed.candidate, followers))
    try:
        if most is None or most > 0:
            used, fixed = yield from _all_at_once(case, found, running, fixed)
            most = None if most is None else most - used
        for place, search in enumerate(running):
            share = None if most is None else -(-most // (len(running) - place))
            used, fixed, narrowing = yield from _narrow_one(
                case, found, search, fixed, share, known
            )
            most = None if most is None else most - used
            found[search.at] = _with(found[search.at], narrowing, fixed)
    except BudgetSpent:
        # The fix is proven already; what was to come is finer, not surer.
        return tuple(found), fixed
    return tuple(found), fixed


def _searches(
    case: Case, culprits: Sequence[Culprit], fixed: Candidate, followers: frozenset[str]
) -> Iterator[_NarrowSearch]:
    seen: set[str] = set()
    for at, culprit in enumerate(culprits):
        names = [member.name for member in culprit.members]
        for one in () if culprit.narrowings else culprit.members:
            member, edit = _mover(fixed, one)
            lines = (*case.named(member.name), *case.limited(member.name))
            # Lines of one project that exclude each other have no boundary among its releases.
            pins = {line.pin for line in lines if line.pin}
            apart = len(pins) > 1 or names.count(member.name) > 1
            if edit is None or edit.pin is None or apart or member.name in seen:
                continue
            axis = axis_between(case, member.name, member.version, edit.pin)
            if axis is not None:
                seen.add(member.name)
                yield _NarrowSearch(at, member, axis, edit, followers)
                break


def _all_at_once(
    case: Case, culprits: Sequence[Culprit], running: Sequence[_NarrowSearch], fixed: Probe
) -> Story[tuple[int, Probe]]:
    """Build several culprits at their likeliest neighbours in one; return the builds, and the fix.

    Where it passes, that is what each of them would have told alone; where not, each is asked.
    """
    guessed = [
        (search, search.axis.versions[guess])
        for search in running
        for guess in _guesses(search.axis)[:1]
        if guess != search.axis.passing and not _by_resolver(case, culprits[search.at])
    ]
    candidate = fixed.candidate
    for search, version in guessed:
        inquiry = _inquiry(case, culprits[search.at], search, candidate, version)
        if inquiry is None or inquiry.isolated is not None:
            return 0, fixed
        candidate = inquiry.candidate
    if len(guessed) < 2 or case.releases_of(candidate) is None:
        return 0, fixed
    purpose = "does it pass with all of them nearest to where it broke?"
    [probe] = yield [Inquiry(candidate, ProbeKind.FIX, purpose, imports=case.imports)]
    if probe.outcome is not Outcome.PASS:
        return 1, fixed
    for search, version in guessed:
        search.tried.append(Tried(version, Outcome.PASS, probe.number))
    return 1, probe


def _narrow_one(
    case: Case,
    culprits: Sequence[Culprit],
    search: _NarrowSearch,
    fixed: Probe,
    most: int | None,
    known: Mapping[_Question, Probe],
) -> Story[tuple[int, Probe, Narrowing]]:
    """Narrow one culprit; return the builds it took, the fix, and the narrowing."""
    culprit, axis = culprits[search.at], search.axis
    used = 0
    best = fixed
    questions_of = narrow(
        len(axis.versions),
        failing=axis.failing,
        passing=axis.passing,
        first_guesses=_guesses(axis),
        slots=case.slots if most is None else 1,
    )

    def answer(questions: Sequence[Question]) -> Story[list[Answer]]:
        nonlocal used, best
        versions = [axis.versions[min(question.items)] for question in questions]
        if _by_resolver(case, culprit):
            return [_resolves(case, search, fixed, version) for version in versions]
        tried = {tried.version for tried in search.tried}
        left = None if most is None else most - used
        within = versions if left != 0 else _built(axis, known)
        left_to_try = [
            version for version in versions if version in within and version not in tried
        ]
        inquiries = _inquiries(case, culprit, search, best.candidate, left_to_try, known)
        asked = [i for i in inquiries.values() if _asked(i) not in known][:left]
        probes = (yield asked) if asked else []
        used += len(asked)
        now = {**known, **dict(zip(map(_asked, asked), probes, strict=True))}
        best = _nearest(case, search, inquiries, now, best)
        outcomes = {tried.version: tried.outcome for tried in search.tried}
        return [Answer(outcomes.get(version, Outcome.UNRESOLVED)) for version in versions]

    narrowed = yield from relayed(questions_of, answer)
    search.tried += _seen_to_fail(culprit, search, known)
    return used, best, _narrowing(search, narrowed.turn, fixed)


def _seen_to_fail(
    culprit: Culprit, search: _NarrowSearch, known: Mapping[_Question, Probe]
) -> Iterator[Tried]:
    """Yield the versions between the ends that builds on the way showed to break, not yet tried.

    Of an install: what fails at check depends on what else is there.
    """
    tried = {one.version for one in search.tried}
    for at in () if culprit.phase is Phase.CHECK else _between(search.axis):
        release = Release(search.axis.name, search.axis.versions[at])
        shown = (
            probe
            for (_, isolated, *_), probe in known.items()
            if probe.outcome is Outcome.FAIL
            and (isolated == str(release) or release in broken_releases(probe))
        )
        probe = next(shown, None)
        if probe is not None and release.version not in tried:
            yield Tried(release.version, Outcome.FAIL, probe.number)


def _inquiries(
    case: Case,
    culprit: Culprit,
    search: _NarrowSearch,
    fixed: Candidate,
    versions: Sequence[str],
    known: Mapping[_Question, Probe],
) -> dict[str, Inquiry]:
    """Return what to build for each version, without those that cost more than they tell.

    Where the whole file is known to fail with one, it is of no use that some build alone.
    """
    fails = _fails_between(search.axis, known)
    built = _built(search.axis, known)
    found: dict[str, Inquiry | None] = {}
    for version in versions:
        if not fails and version not in built and _is_costly(case, search.axis, version):
            continue
        whole = _whole(case, search, fixed, version)
        is_known = fails or _asked(whole) in known
        asked = whole if is_known else _inquiry(case, culprit, search, fixed, version)
        found[version] = None if _is_held_out(case, search, whole) else asked
    return {version: inquiry for version, inquiry in found.items() if inquiry is not None}


def _fails_between(axis: Axis, known: Mapping[_Question, Probe]) -> bool:
    """Say whether a whole file is known to fail with a release between the two ends."""
    between = {axis.versions[at] for at in _between(axis)}
    return any(
        probe.outcome is Outcome.FAIL and isolated is None and between & _pins(candidate, axis.name)
        for (candidate, isolated, *_), probe in known.items()
    )


def _built(axis: Axis, known: Mapping[_Question, Probe]) -> set[str]:
    """Return the versions that some build had, by itself or in the whole file."""
    return {pin for candidate, *_ in known for pin in _pins(candidate, axis.name)}


def _pins(candidate: Candidate, name: str) -> set[str]:
    return {edit.pin for edit in candidate.edits if edit.name == name and edit.pin}


def _nearest(
    case: Case,
    search: _NarrowSearch,
    inquiries: Mapping[str, Inquiry],
    known: Mapping[_Question, Probe],
    best: Probe,
) -> Probe:
    """Keep what was answered, and return the whole build that passed nearest to the failing one."""
    for version, inquiry in inquiries.items():
        probe = known.get(_asked(inquiry))
        if probe is None:
            continue
        search.tried.append(Tried(version, probe.outcome, probe.number))
        passed = probe.outcome is Outcome.PASS
        if passed and _is_nearer(case, search, inquiry, version, best):
            best = probe
    return best


# What makes two inquiries the same build.
_Question: TypeAlias = tuple[Candidate, "str | None", bool, bool]


def _asked(inquiry: Inquiry) -> _Question:
    return inquiry.candidate, inquiry.isolated, inquiry.check, inquiry.imports


def _by_resolver(case: Case, culprit: Culprit) -> bool:
    """Say whether a version's outcome is the resolver's to tell.

    It is where it is the installer's own, or can be asked a proof of; on a platform only builds
    tell, and nowhere does it tell of a failure that no log explains.
    """
    is_known = culprit.phase is Phase.RESOLVE and culprit.cause is not Cause.UNKNOWN
    return is_known and (case.same_tool or case.capabilities.isolated)


def _guesses(axis: Axis) -> tuple[int, ...]:
    """Return the points to look at first: the last of the series before, or the fix's own.

    A release that was held back most often works in all series but the failing one; a release that
    was moved on, from the fix's own on.
    """
    if axis.passing > axis.failing:
        return (axis.passing,)
    failing = series(axis.versions[axis.failing])
    majors = [at for at in _between(axis) if series(axis.versions[at])[0] < failing[0]]
    minors = [at for at in _between(axis) if series(axis.versions[at]) < failing]
    last = (majors or minors)[-1:]
    return tuple(last) or (axis.passing,)


def _between(axis: Axis) -> range:
    low, high = sorted((axis.failing, axis.passing))
    return range(low + 1, high)


def _inquiry(
    case: Case, culprit: Culprit, search: _NarrowSearch, fixed: Candidate, version: str
) -> Inquiry | None:
    """Return what to build for a version; None where that would cost more than it tells."""
    name = search.axis.name
    release = str(Release(name, version))
    if _is_costly(case, search.axis, version):
        return None
    alone = case.capabilities.isolated and culprit.phase is not Phase.CHECK
    if alone and [search.member] == [*culprit.members]:
        if case.resolver is not None and not case.releases_of(_moved(case, search, fixed, version)):
            # It may build; the file has no place for it.
            return None
        return Inquiry(
            Candidate(),
            ProbeKind.ISOLATED,
            f"does {release} build?",
            isolated=release,
        )
    return _whole(case, search, fixed, version)


def _is_costly(case: Case, axis: Axis, version: str) -> bool:
    """Say whether a version would have to be compiled, and not every build was asked for.

    Not where the fix's own is a source of a project that compiles nothing.
    """
    passing = axis.versions[axis.passing]
    like_the_fix = is_compiled(case, axis.name, passing) and case.is_pure(axis.name)
    is_slow = is_compiled(case, axis.name, version) and not like_the_fix
    return is_slow and case.narrow is not Narrow.FULL


def _is_held_out(case: Case, search: _NarrowSearch, whole: Inquiry) -> bool:
    """Say whether what moved along with the fix keeps a version out: no word on the file."""
    asks = bool(search.followers) and case.resolver is not None
    return asks and case.releases_of(whole.candidate) is None


def _whole(case: Case, search: _NarrowSearch, fixed: Candidate, version: str) -> Inquiry:
    """Return the question whether the whole file passes with a version."""
    purpose = f"does it pass with {Release(search.axis.name, version)}?"
    candidate = _moved(case, search, fixed, version)
    return Inquiry(candidate, ProbeKind.VERSION, purpose, imports=case.imports)


def _moved(case: Case, search: _NarrowSearch, fixed: Candidate, version: str) -> Candidate:
    """Return the fix with another version, without the moves that then nothing asks for."""
    name = search.axis.name
    candidate = case.settled(fixed, {name: version})
    followers = search.followers - {name}
    if case.resolver is not None and case.releases_of(candidate) is None:
        # It may suit what the file has, and not what moved along.
        return without(candidate, followers)
    # What was taken for a follower may have turned out to be at fault.
    for follower in sorted(followers):
        rest = without(candidate, [follower])
        if _is_alike(case, fixed, rest, {name, *followers}):
            candidate = rest
    return candidate


def _is_alike(case: Case, fixed: Candidate, rest: Candidate, others: Set[str]) -> bool:
    """Say whether two candidates come to the same releases, those of `others` left out."""
    here, there = case.releases_of(fixed), case.releases_of(rest)
    if here is None or there is None:
        return False
    return all(here.get(name) == there[name] for name in there if name not in others)


def _resolves(case: Case, search: _NarrowSearch, fixed: Probe, version: str) -> Answer:
    """Return whether the fixed file resolves with another version; kept as a probe of no cost."""
    candidate = with_edits(fixed.candidate, [case.at_version(search.edit, version)])
    resolution = case.resolve(candidate)
    if resolution is None or not (resolution.resolved or resolution.conflicting):
        return Answer(Outcome.UNRESOLVED)
    if resolution.resolved and resolution.needs_build:
        # What such a release requires only its build would tell.
        return Answer(Outcome.UNRESOLVED)
    outcome = Outcome.PASS if resolution.resolved else Outcome.FAIL
    number = case.record(candidate, resolution).number if case.record is not None else None
    search.tried.append(Tried(version, outcome, number))
    return Answer(outcome)


def _narrowing(search: _NarrowSearch, turn: Turn | None, fixed: Probe) -> Narrowing:
    axis = search.axis
    seen = {tried.version for tried in search.tried}
    passing = axis.versions[axis.passing]
    known = [] if passing in seen else [Tried(passing, Outcome.PASS, fixed.number)]
    decided = {o.version for o in search.tried if o.outcome is not Outcome.UNRESOLVED}
    turn = _tightened(search, turn) if turn is not None else None
    low, high = sorted((turn.failing, turn.passing)) if turn is not None else (0, 0)
    return Narrowing(
        name=axis.name,
        last_failing=None if turn is None else axis.versions[turn.failing],
        first_passing=None if turn is None else axis.versions[turn.passing],
        tried=tuple(sorted((*known, *search.tried), key=lambda tried: Version(tried.version))),
        skipped=axis.skipped,
        not_built=tuple(v for v in axis.versions[low + 1 : high] if v not in decided),
    )


def _tightened(search: _NarrowSearch, turn: Turn) -> Turn:
    """Return a turn whose failing end is the nearest to the passing one that is known."""
    low, high = sorted((turn.failing, turn.passing))
    failed = {tried.version for tried in search.tried if tried.outcome is Outcome.FAIL}
    between = [at for at in range(low + 1, high) if search.axis.versions[at] in failed]
    nearest = min(between, key=lambda at: abs(at - turn.passing), default=turn.failing)
    return replace(turn, failing=nearest)


def _is_nearer(
    case: Case, search: _NarrowSearch, inquiry: Inquiry, version: str, best: Probe
) -> bool:
    """Say whether a whole build passed with a version nearer to the failing one.

    A release that has to be compiled is no better than one that has a wheel.
    """
    if inquiry.isolated is not None:
        return False
    axis = search.axis
    edit = _edit_of(best.candidate, search.member)
    now = (edit.pin or "") if edit is not None else ""
    if is_compiled(case, axis.name, version) and not is_compiled(case, axis.name, now):
        return False
    at = axis.versions.index(now) if now in axis.versions else axis.passing
    return abs(axis.versions.index(version) - axis.failing) < abs(at - axis.failing)


def _with(culprit: Culprit, narrowing: Narrowing, fixed: Probe) -> Culprit:
    proof = culprit.proof
    if culprit.phase is Phase.CHECK and proof.passing_probe is not None:
        proof = Proof(proof.failing_probe, fixed.number)
    return replace(culprit, narrowings=(*culprit.narrowings, narrowing), proof=proof)


def axis_between(case: Case, name: str, before: str | None, after: str | None) -> Axis | None:
    """Return the releases from the failing to the passing version; None where nothing lies there.

    Left out, with the reason: pre-releases, yanked releases, those that exclude the interpreter.
    A failing version that does not exist is on no axis.
    """
    if case.index is None or before is None or after is None or before == after:
        return None
    try:
        low, high = sorted((Version(before), Version(after)))
    except InvalidVersion:
        return None
    versions: list[str] = []
    skipped: list[Tried] = []
    for release in case.index.releases(name):
        if not low <= release.parsed <= high:
            continue
        reason = _reason_to_skip(release, (low, high))
        if reason:
            skipped.append(Tried(release.version, Outcome.UNRESOLVED, None, reason))
        else:
            versions.append(release.version)
    places = {Version(version): at for at, version in enumerate(versions)}
    start, end = places.get(Version(before)), places.get(Version(after))
    if start is None or end is None:
        return None
    return Axis(name, tuple(versions), start, end, tuple(skipped))


def _reason_to_skip(release: ReleaseFacts, ends: tuple[Version, Version]) -> str:
    if release.parsed in ends:
        return ""
    if release.parsed.is_prerelease:
        return "a pre-release"
    if release.yanked is not None:
        return f"yanked: {release.yanked}" if release.yanked else "yanked"
    if not release.python_ok:
        return f"requires Python {release.requires_python}"
    if not release.installable:
        return "has no file for this Python and system"
    return ""


def _mover(fixed: Candidate, member: Member) -> tuple[Member, Edit | None]:
    """Return who moved, with the edit: what broke, or the line that pulls it in."""
    edit = _edit_of(fixed, member)
    if edit is None and member.via:
        line = member.requirement
        member = Member(line, line.name, line.pin)
    return member, edit or _edit_of(fixed, member)


def _edit_of(candidate: Candidate, member: Member) -> Edit | None:
    for edit in candidate.edits:
        same = edit.number == member.requirement.number or edit.number is None
        if (
            same
            and edit.pin is not None
            and edit.name == member.name
            and edit.action is not EditAction.DROP
        ):
            return edit
    return None
