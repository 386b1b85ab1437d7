"""The whole story of a repair on one screen: build, follow the failure, minimise, complete, narrow.

`repair` yields questions: a build answers them in `run`, a person in a guided session, a simulated
world in the tests of its laws.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

from bisect_deps.fix.accidents import without_accidents
from bisect_deps.fix.accuse import TELLING, broken_of
from bisect_deps.fix.ask import Seen, ask, is_whole, noting, warmed
from bisect_deps.fix.avoid import avoid, avoid_install
from bisect_deps.fix.case import Case, baseline_inquiry, dropped, with_edits
from bisect_deps.fix.certify import certify
from bisect_deps.fix.check import Followed, breakage_of, follow, sought_in_vain
from bisect_deps.fix.complete import complete, either_side
from bisect_deps.fix.conclusion import Conclusion, Way
from bisect_deps.fix.culprits import (
    broken,
    described,
    merged,
    names_of,
    numbers_of,
    proven,
    releases_named,
    reported_by_breakage,
    told_once,
)
from bisect_deps.fix.failure import (
    absent_module,
    broken_in,
    fingerprints,
    installs,
    involved,
    is_infrastructure,
    wanting,
)
from bisect_deps.fix.followers import followed
from bisect_deps.fix.inquiry import BudgetSpent, Story
from bisect_deps.fix.install import absorbed, fix_by_facts, fix_install
from bisect_deps.fix.lines import accuse_alone, part
from bisect_deps.fix.minimise import Difference, Smallest, change_between, minimise
from bisect_deps.fix.names import amendments, is_needless
from bisect_deps.fix.narrow import narrow_all
from bisect_deps.fix.older_tools import Kept, commands_for, keep_by_older_tools
from bisect_deps.fix.outlived import outlived
from bisect_deps.fix.restore import restore
from bisect_deps.fix.steady import steadied
from bisect_deps.fix.walk import end_walk
from bisect_deps.fix.written import written
from bisect_deps.model import (
    Breakage,
    Candidate,
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
    Proof,
    VerdictKind,
)
from bisect_deps.policy import POLICY
from bisect_deps.reports.base import NO_REQUIREMENT, changes

# So many builds are told of where the budget ends a run.
_MOST_SHOWN = 8
# What a spent budget is answered with, where the whole command is not known.
GO_ON = "Go on with a larger --max-builds; no finished build is repeated."
_INTERRUPTED = "it was interrupted"
# Why a fix is as it is that was proven before anything was taken from it.
_AS_FOUND = (
    "A build passed with it; the run was interrupted before it was known which of its changes are "
    "needed. The same command goes on."
)


def repair(case: Case, known: list[Conclusion] | None = None) -> Story[Conclusion]:
    """Tell which releases break the build, and a fix that a build proved; the whole story.

    What is known on the way is added to `known`, the newest last.
    """
    seen = Seen()
    known = [] if known is None else known
    try:
        conclusion = yield from noting(
            seen, steadied(case, seen, _proven_afresh(case, seen, known))
        )
    except BudgetSpent as spent:
        conclusion = _stopped(case, known, seen, spent)
    except KeyboardInterrupt:
        for inquiry, probe in case.unheard() if case.unheard is not None else ():
            seen.note(inquiry, probe)
        if not seen.answers:
            raise
        conclusion = replace(_interrupted(case, known, seen), interrupted=True)
    if conclusion.kind in (VerdictKind.CULPRITS, VerdictKind.INCONCLUSIVE):
        conclusion = replace(conclusion, fallback=seen.fallback(case))
    return conclusion


class _Contradicted(Exception):
    """What passed in an environment that was used before fails in a fresh one."""


def _proven_afresh(case: Case, seen: Seen, known: list[Conclusion]) -> Story[Conclusion]:
    """Tell the story; where a used environment misled it, tell it again with fresh ones alone."""
    try:
        return (yield from _repair(case, seen, known))
    except _Contradicted:
        case.progress.note(_MISLED)
        known.clear()
        conclusion = yield from _repair(replace(case, warm=False), seen, known)
        return replace(conclusion, notes=(*conclusion.notes, Note(_MISLED)))


_MISLED = (
    "A build passed in an environment that was used before and failed in a fresh one: all that "
    "counts was built in fresh environments."
)


def _afresh(case: Case, probe: Probe) -> Story[Probe]:
    """Return the build from scratch of a candidate that passed in a used environment."""
    if not (probe.warm and probe.outcome is Outcome.PASS):
        return probe
    purpose = "does the file pass in a fresh environment?"
    proof = yield from ask(case, probe.candidate, ProbeKind.FIX, purpose)
    if proof.outcome is not Outcome.PASS:
        raise _Contradicted
    return proof


def _repair(case: Case, seen: Seen, known: list[Conclusion]) -> Story[Conclusion]:
    case.progress.phase("Building the file as it is")
    [probe] = yield [baseline_inquiry(case)]
    notes: tuple[Note, ...] = ()
    tried_out = case.has_check or case.imports or not case.capabilities.check
    if probe.outcome is Outcome.PASS and not case.manifest.requirements:
        return Conclusion(VerdictKind.PASSES, summary=NO_REQUIREMENT, passing=probe)
    if probe.outcome is Outcome.PASS and not tried_out:
        probe, notes = yield from warmed(case, _imported(case, probe))
        case = replace(case, imports=True)
    if probe.outcome is Outcome.PASS:
        summary = "The file builds as it is."
        return Conclusion(VerdictKind.PASSES, summary=summary, notes=notes, passing=probe)
    if probe.outcome is Outcome.UNRESOLVED:
        return _unresolved(probe)
    repaired, remembered = yield from _by_memory(case, probe)
    notes += remembered
    if repaired is None:
        repaired = yield from _by_evidence(case, probe, seen, known)
        repaired = yield from _by_announced(case, probe, repaired)
    culprits, accidents = yield from without_accidents(case, repaired.culprits, seen)
    repaired = replace(
        repaired,
        culprits=culprits,
        notes=(*repaired.notes, *accidents),
        unsteady=repaired.unsteady + len(accidents),
    )
    amended = [amendment.note for amendment in amendments(case, repaired.culprits)]
    repaired = replace(repaired, notes=(*notes, *repaired.notes, *amended))
    return (yield from _finished(case, repaired, seen, known))


@dataclass(frozen=True, slots=True)
class _Repaired:
    """A file as far as it was repaired: its last probe, the culprits, other ways that pass.

    `shown` are the probes that show what its check fails of; `complete` asks for a build that shows
    who else would. `followers` are projects that are no culprits and only move with one.
    """

    probe: Probe
    culprits: tuple[Culprit, ...]
    notes: tuple[Note, ...] = ()
    others: tuple[Way, ...] = ()
    unsteady: int = 0
    shown: tuple[Probe, ...] = ()
    complete: bool = False
    followers: frozenset[str] = frozenset()

    @property
    def candidate(self) -> Candidate:
        return self.probe.candidate


def _imported(case: Case, installed: Probe) -> Story[tuple[Probe, tuple[Note, ...]]]:
    case.progress.phase("It builds; importing what it installed")
    probe = yield from ask(
        case,
        installed.candidate,
        ProbeKind.WHOLE,
        "do the modules of every requirement import?",
        imports=True,
    )
    if probe.outcome is Outcome.FAIL:
        text = "The file installs; importing what it installed fails, and that was bisected."
        return probe, (Note(text, probe.number),)
    return (installed if probe.outcome is Outcome.UNRESOLVED else probe), ()


def _by_memory(case: Case, failing: Probe) -> Story[tuple[_Repaired | None, tuple[Note, ...]]]:
    """Return the repair that what worked before leads to, None without one; and what it told."""
    if not case.good and case.good_date is None:
        return None, ()
    case.progress.phase("Comparing with what worked before")
    restored = yield from restore(case, failing)
    if restored.passing is None:
        return None, restored.notes
    probes = (failing, restored.passing)
    repaired = yield from _smallest(case, failing, restored.passing, probes, build=False)
    return repaired, restored.notes


def _by_evidence(
    case: Case, failing: Probe, seen: Seen, known: list[Conclusion]
) -> Story[_Repaired]:
    """Repair the install, then the check that fails after it."""
    standing = yield from end_walk(case, failing)
    if not installs(standing.probe):
        ended = standing
        standing = yield from fix_install(case, ended.probe)
        standing = standing.knowing((), *ended.notes)
        if not installs(standing.probe) or is_lossy(case, standing.candidate):
            standing = yield from fix_by_facts(case, standing)
        if not installs(standing.probe) or is_lossy(case, standing.candidate):
            tried = [probe for _, probe in seen.answers]
            standing = yield from avoid_install(case, failing, standing, tried)
        standing = absorbed(standing)
        known.append(Conclusion(VerdictKind.INCONCLUSIVE, standing.culprits, notes=standing.notes))
    probe = standing.probe
    repaired = _Repaired(probe, standing.culprits, standing.notes, unsteady=standing.unsteady)
    if probe.outcome is not Outcome.FAIL or not installs(probe):
        return repaired
    if probe.candidate.dropped and absent_module(probe):
        # What is left out may be what has it: that is no failure of what is left.
        return repaired
    checked = yield from _by_check(case, probe, before=repaired.culprits)
    return replace(
        checked,
        culprits=merged(repaired.culprits, checked.culprits),
        notes=(*repaired.notes, *checked.notes),
        unsteady=repaired.unsteady + checked.unsteady,
    )


def _by_announced(case: Case, failing: Probe, repaired: _Repaired) -> Story[_Repaired]:
    """Return the repair; where it found no fix, that of the fix the user was told of, if any.

    What is built before it is asked for can be one that the story then has no reason to ask for.
    """
    passes = repaired.probe.outcome is Outcome.PASS and not _is_no_fix(case, repaired.candidate)
    fixed = case.announced() if case.announced is not None and not passes else None
    if fixed is None:
        return repaired
    purpose = "does it pass again, as it was announced?"
    proof = yield from ask(case, fixed, ProbeKind.FIX, purpose)
    if proof.outcome is not Outcome.PASS:
        return repaired
    of_check = installs(failing)
    before = repaired.culprits
    probes = (failing, proof)
    small = yield from _smallest(case, failing, proof, probes, build=of_check, before=before)
    return replace(small, culprits=merged(before, small.culprits), notes=repaired.notes)


def _by_check(case: Case, failing: Probe, before: tuple[Culprit, ...] = ()) -> Story[_Repaired]:
    """Follow a failing check to a passing build, and make the change that led there small.

    `before` are the culprits that were found before: they are shown with those found here.
    """
    case.progress.phase("It installs; following the failure of the check")
    followed = yield from warmed(case, follow(case, failing), failing=failing)
    if followed.unsteady and followed.passing is not None and not followed.layers:
        note = Note(_UNSTEADY_CHECK, followed.passing.number)
        return _Repaired(followed.passing, (), (note,), unsteady=1)
    if followed.wanting is not None:
        return _Repaired(failing, tuple(_deepest(case, followed)), (_wanting(followed.wanting),))
    passing, probes = followed.passing, followed.probes
    told = _outlived_as_told(case, followed.outlived)
    if passing is None:
        rest = yield from _without_outlived(case, followed.outlived or failing)
        in_vain = sought_in_vain(case, probes)
        is_hopeless = rest is not None or told or in_vain
        most = POLICY.hopeless_moves if is_hopeless else None
        probes += yield from warmed(case, avoid(case, failing, probes, most))
        passing = probes[-1] if probes[-1].outcome is Outcome.PASS else None
        if passing is None and rest is not None:
            return replace(rest, culprits=merged(_deepest(case, followed), rest.culprits))
    if passing is not None:
        return (yield from _smallest(case, failing, passing, probes, build=True, before=before))
    if in_vain and not followed.layers:
        return _Repaired(failing, (), (_in_vain(failing, in_vain),))
    return (yield from _unmended(case, failing, followed, told))


def _unmended(
    case: Case, failing: Probe, followed: Followed, told: tuple[Culprit, ...]
) -> Story[_Repaired]:
    """Say who is at fault of a check that nothing mends, as far as builds show it."""
    if case.imports:
        case.progress.phase("Looking for lines that do not work together")
        parted = yield from warmed(case, part(case, failing))
        if parted.culprits:
            last = yield from _afresh(case, parted.passing or failing)
            return _Repaired(last, parted.culprits)
    culprits = told or (yield from warmed(case, accuse_alone(case, failing)))
    return _Repaired(failing, merged(_deepest(case, followed), culprits))


def _wanting(failing: Probe) -> Note:
    """Say what whoever runs the check has to provide, and what led as far as there."""
    edits = changes(failing.candidate.edits)
    led = f"{edits[:1].upper()}{edits[1:]} the check gets as far as a failure"
    far = led if edits else "The check has a failure"
    return Note(f"{far} that no release can mend: {wanting(failing)}.", failing.number)


def _in_vain(failing: Probe, versions: Sequence[str]) -> Note:
    """Say that the check asks for what no release has that was tried."""
    breakage = breakage_of(failing)
    text = (
        f"The check asks {breakage.lacks} for {breakage.what}, and no release of it that was tried "
        f"has that ({', '.join(versions)}): see whether it is what the check means."
    )
    return Note(text, failing.number)


def _without_outlived(case: Case, failing: Probe) -> Story[_Repaired | None]:
    """Go on without the line of a project that Python outlived; None for none, or none shown."""
    name = outlived(case, failing)
    culprits = (yield from warmed(case, accuse_alone(case, failing))) if name else ()
    if not culprits:
        return None
    lines = [dropped(member.requirement) for culprit in culprits for member in culprit.members]
    purpose = f"does the rest pass without {name}?"
    candidate = with_edits(failing.candidate, lines)
    probe = yield from ask(case, candidate, ProbeKind.FIX, purpose)
    if probe.outcome is Outcome.PASS:
        return _Repaired(probe, culprits)
    is_rest = probe.outcome is Outcome.FAIL and installs(probe) and not absent_module(probe)
    if not is_rest or name in involved(probe):
        return _Repaired(failing, culprits)
    rest = yield from _by_check(case, probe, before=culprits)
    return replace(rest, culprits=merged(culprits, rest.culprits))


def _outlived_as_told(case: Case, failing: Probe | None) -> tuple[Culprit, ...]:
    """Return the line of a project that Python outlived, as the log names it; () for none.

    A check of the user's needs other lines, too: there nothing shows it alone.
    """
    name = outlived(case, failing) if failing is not None and case.has_check else ""
    line = case.line_at_fault(name) if name else None
    if failing is None or line is None:
        return ()
    member = Member(line, name, case.installed(failing).get(name))
    return (broken([member], failing, breakage_of(failing), None),)


_UNSTEADY_CHECK = "The check failed once and passed once alike: it does not always end the same."


def _deepest(case: Case, followed: Followed) -> list[Culprit]:
    """Return what the layers that were left behind prove: each failure ended with its move.

    Of what the file itself has: what a move brought is no part of it.
    """
    found: list[Culprit] = []
    here = case.installed(followed.probes[0])
    for layer in followed.layers:
        told = broken_in(layer.failure)
        name = layer.part.move.name
        # What the log says to be broken may be what the moved line pulls in.
        name = name if name in told else next(iter(told), name)
        there = case.installed(layer.failure)
        user = layer.part.breakage.user
        # Of what was missing, who needs it is at fault.
        name = name if name in there else user
        member = case.member(name, there.get(name), case.resolve(layer.failure.candidate), user)
        # Another failure may only have come before this one: then its log does not name the move.
        named = name in involved(layer.failure) and name in there
        if named and member is not None and all(here.get(n) == there.get(n) for n in (name, user)):
            found.append(broken([member], layer.failure, layer.part.breakage, None))
    return found


def _smallest(
    case: Case,
    failing: Probe,
    passing: Probe,
    probes: Sequence[Probe],
    *,
    build: bool,
    before: tuple[Culprit, ...] = (),
) -> Story[_Repaired]:
    """Return the smallest part of a passing change, its culprits, and who else is fixed by it."""
    change = change_between(case, failing, passing)
    _tell(case, passing, last=False)
    case.progress.phase("It passes; taking back what is not needed")
    small = yield from warmed(case, minimise(case, change, failing, passing, probes))
    proof = yield from _afresh(case, small.passing)
    small = replace(small, passing=proof)
    _tell(case, proof)
    culprits = _culprits(case, change, small, failing)
    case.progress.culprits_known(releases_named(merged(before, culprits)))
    every = {probe.number: probe for probe in (*probes, *small.shown.values())}
    others: tuple[Way, ...] = ()
    if build and len(culprits) == 1:
        names = [member.name for member in culprits[0].members]
        reported = reported_by_breakage(failing, names) or breakage_of(failing)
        both, other = yield from either_side(case, culprits[0], reported, failing, small.passing)
        culprits = (both,)
        if other is not None:
            others = (Way(other.candidate, other.number, "smallest-change"),)
    shown = tuple(every.values())
    told = case.resolve(failing.candidate)
    # Of a source the resolver does not tell what it asks for: it may have to follow.
    sources = {release.name for release in told.needs_build} if told is not None else ()
    followers = frozenset(small.names).difference(names_of(culprits), small.shown, sources)
    return _Repaired(
        small.passing,
        culprits,
        others=others,
        shown=shown,
        complete=build,
        followers=followers,
    )


def _tell(case: Case, fixed: Probe, *, last: bool = True) -> None:
    """Announce a fix that a build from scratch proved; `last` where nothing is taken from it."""
    lossy = _is_no_fix(case, fixed.candidate)
    if case.tell is not None and fixed.outcome is Outcome.PASS and not fixed.warm and not lossy:
        case.tell(fixed.candidate, fixed.number, last)


def _culprits(
    case: Case, change: Difference, small: Smallest, failing: Probe
) -> tuple[Culprit, ...]:
    """Return a culprit for each release of the smallest change that a probe shows to be needed."""
    found: list[Culprit] = []
    edited = [edit.name for edit in small.passing.candidate.edits if edit.name in change.before]
    for moved in small.names:
        probe = small.shown.get(moved)
        if probe is None:
            # No build failed with it alone: nothing resolves so, it only has to follow.
            continue
        name = _broken_by(case, moved, probe, failing, small.passing)
        shown = probe
        probe, breakage = _first_told(case, name, failing, shown)
        resolution = case.resolve(probe.candidate)
        version = case.installed(probe).get(name, change.before.get(name))
        user = breakage.user if breakage is not None else ""
        member = case.member(name, version, resolution, user, moving=(moved, *edited))
        line = case.line_at_fault(name)
        if line is not None and version is not None:
            reported = broken_of(case, line, probe)
            # Where nobody can tell what was installed, the log's own chain is believed.
            member = member if reported.name in case.installed(probe) else reported
        if version is None or member is None:
            # What was added was missing, or nobody asks for it: who needs it is at fault.
            using = next((n for n in involved(probe) if n != name), name)
            member = case.member(using, case.installed(probe).get(using), resolution)
        if member is None:
            continue
        if breakage is not None:
            culprit = broken([member], probe, breakage, small.passing.number)
        else:
            culprit = described([member], probe, small.passing.number)
        found.append(replace(culprit, proof=Proof(shown.number, small.passing.number)))
    apart = small.inseparable
    if not found and apart is not None:
        found = _inseparable(case, change, small, apart)
    return told_once(merged((), found))


def _first_told(
    case: Case, name: str, origin: Probe, probe: Probe
) -> tuple[Probe, Breakage | None]:
    """Return the probe that tells of a project with what its log says, and that.

    Where its user was only brought by a move, that is the file as it was, if its log tells as well.
    """
    breakage, first = (reported_by_breakage(one, [name]) for one in (probe, origin))
    if breakage is None or first is None or first.lacks != breakage.lacks:
        return probe, breakage
    had, has = (case.installed(one).get(breakage.user) for one in (origin, probe))
    is_same = first.user == breakage.user or had == has
    return (probe, breakage) if is_same else (origin, first)


def _broken_by(case: Case, name: str, failing: Probe, origin: Probe, passing: Probe) -> str:
    """Return the project that a log says to be broken, where the one that was moved only moves it.

    That one is at fault itself where the log names it, or names nothing that moved with it or went
    away with it; of three that fail together, a log names the third on the way only. What failed
    alike in the file (`origin`) in the release that passes is not broken.
    """
    before, after = case.installed(failing), case.installed(passing)
    alike = fingerprints(failing) & fingerprints(origin)
    start = case.installed(origin)
    innocent = start if alike else {}
    named = broken_in(failing)
    moved = [n for n in named if n in before and after.get(n) not in (before[n], innocent.get(n))]
    there = [n for n in involved(failing) if n in before]
    gone = [n for n in there if n not in after]
    # Of what the file has: what a build on the way moved is no part of its failure.
    led = [n for n in there if after.get(n) != before[n] == start.get(n) and name not in there]
    return name if name in named else next(iter((*moved, *gone, *led)), name)


def _inseparable(case: Case, change: Difference, small: Smallest, probe: Probe) -> list[Culprit]:
    """Return the releases that can only move together as one culprit: no build parts them.

    Those alone that the log says to be broken, else that it names, where it names any.
    """
    resolution = case.resolve(probe.candidate)
    here = [name for name in small.names if name in change.before]
    told = ([name for name in here if name in some] for some in (broken_in(probe), involved(probe)))
    members = [
        member
        for name in next(filter(None, told), here)
        if (member := case.member(name, change.before.get(name), resolution)) is not None
    ]
    if not members:
        return []
    return [replace(described(members, probe, small.passing.number), phase=Phase.CHECK)]


# --- endings ----------------------------------------------------------------------------------


def _finished(
    case: Case, repaired: _Repaired, seen: Seen, known: list[Conclusion]
) -> Story[Conclusion]:
    """Prove what is left to prove of a repair, narrow it, and conclude."""
    passes = repaired.probe.outcome is Outcome.PASS
    lossy = passes and _is_no_fix(case, repaired.candidate)
    accident = repaired.unsteady and not repaired.culprits
    fixed = passes and not lossy and not accident and bool(repaired.candidate.edits)
    ways: list[Way] = []
    if fixed:
        _tell(case, repaired.probe)
        ways = [Way(repaired.candidate, repaired.probe.number, _style(case, repaired.candidate))]
        ways += repaired.others
    culprits, probe, notes = repaired.culprits, repaired.probe, repaired.notes
    before = _conclusion(case, repaired, ways, seen)
    known.append(before)
    try:
        if case.capabilities.isolated and (case.alternatives or not fixed):
            kept, more = yield from _kept(case, repaired, seen, fixed=fixed)
            notes = (*notes, *more)
            if kept is not None and not is_lossy(case, kept.candidate):
                way = _way_of(case, kept, recommended=not fixed)
                ways = [*ways, way] if fixed else [way, *ways]
                if not fixed:
                    probe = kept.probe
                    culprits = merged(list(filter(kept.settles, culprits)), kept.found)
        if ways and not ways[0].build_constraints:
            culprits, probe = yield from _certified(case, culprits, probe, seen)
            if not probe.candidate.edits:
                return _conclusion(case, replace(repaired, probe=probe, culprits=()), (), seen)
            most = _most_builds(case, seen)
            case.progress.phase("It passes; narrowing the versions")
            followers = repaired.followers - names_of(culprits)
            narrowed = narrow_all(case, culprits, probe, most, followers, seen.answers)
            culprits, near = yield from warmed(case, narrowed)
            if near.candidate != probe.candidate:
                culprits, near = yield from _certified(case, culprits, near, seen)
            probe = near
            culprits = yield from warmed(case, _completed(case, repaired, culprits, probe, seen))
            probe = yield from _afresh(case, (yield from written(case, culprits, probe)))
            style = _style(case, probe.candidate)
            ways[0] = replace(ways[0], candidate=probe.candidate, probe=probe.number, style=style)
        elif lossy:
            found = replace(repaired, complete=False)
            culprits = yield from _completed(case, found, culprits, probe, seen)
    except BudgetSpent as spent:
        if not ways:
            raise
        text = f"Nothing finer than this fix was looked for: {spent.message}."
        notes = (*notes, Note(text, ways[0].probe))
    after = replace(repaired, probe=probe, culprits=culprits, notes=notes)
    return _conclusion(case, after, ways, seen)


def _kept(
    case: Case, repaired: _Repaired, seen: Seen, *, fixed: bool
) -> Story[tuple[Kept | None, tuple[Note, ...]]]:
    """Return what older build tools can keep: all that is lost, else all; what is asked for."""
    culprits = repaired.culprits
    lost = [c for c in culprits if case.alternatives or _is_lost(repaired, c)]
    plain = [probe for inquiry, probe in seen.answers if not inquiry.build_constraints]
    return (
        yield from keep_by_older_tools(
            case,
            lost if fixed else lost or culprits,
            repaired.candidate,
            culprits,
            plain,
            None if fixed else partial(_mended, case),
        )
    )


def _way_of(case: Case, kept: Kept, *, recommended: bool) -> Way:
    return Way(
        kept.candidate,
        kept.probe.number,
        "build-constraint",
        kept.reason(recommended=recommended),
        commands_for(case.manifest.path.name),
        kept.constraints,
    )


def _mended(case: Case, failing: Probe) -> Story[tuple[Probe, tuple[Culprit, ...]]]:
    """Repair a file whose builds are given other tools; its last build, and the culprits."""
    seen = Seen()
    repaired = yield from noting(seen, _by_evidence(case, failing, seen, []))
    if repaired.probe.outcome is not Outcome.PASS or is_lossy(case, repaired.candidate):
        return replace(repaired.probe, outcome=Outcome.FAIL), ()
    probe, culprits = repaired.probe, repaired.culprits
    culprits, probe = yield from _certified(case, culprits, probe, seen)
    return (yield from _afresh(case, probe)), culprits


def _certified(
    case: Case, culprits: tuple[Culprit, ...], fixed: Probe, seen: Seen
) -> Story[tuple[tuple[Culprit, ...], Probe]]:
    """Return the culprits, and the fix without edits that it passes without."""
    known = [
        probe
        for inquiry, probe in seen.answers
        if probe.outcome is Outcome.FAIL
        or is_whole(case, inquiry)
        or (inquiry.isolated is not None and not inquiry.build_constraints)
    ]
    probe, certain = yield from warmed(case, certify(case, fixed, culprits, known))
    return certain, probe


def _completed(
    case: Case, repaired: _Repaired, culprits: tuple[Culprit, ...], fixed: Probe, seen: Seen
) -> Story[tuple[Culprit, ...]]:
    """Return the culprits with those that the fix of a check fixes beside them."""
    if not repaired.shown:
        return culprits
    every = {probe.number: probe for probe in repaired.shown}
    every |= {
        probe.number: probe
        for inquiry, probe in seen.answers
        if inquiry.isolated is None and probe.outcome is Outcome.FAIL and installs(probe)
    }
    case.progress.phase("Looking for other culprits that the fix covers")
    build = repaired.complete
    return (yield from complete(case, culprits, fixed, list(every.values()), build=build))


def _conclusion(case: Case, repaired: _Repaired, ways: Sequence[Way], seen: Seen) -> Conclusion:
    if ways:
        culprits = tuple(proven(culprit, ways[0].probe) for culprit in repaired.culprits)
        known = [probe for _, probe in seen.answers]
        return Conclusion(
            VerdictKind.FIXED,
            culprits,
            tuple(ways),
            notes=(*repaired.notes, *followed(case, culprits, ways[0].candidate, known)),
            passing=repaired.probe,
            unsteady=repaired.unsteady,
        )
    if repaired.probe.outcome is Outcome.PASS:
        culprits = tuple(proven(c, repaired.probe.number) for c in repaired.culprits)
        if not culprits and (repaired.unsteady or not repaired.candidate.edits):
            text = "It failed once and passes now: nothing is proven to be at fault."
            return Conclusion(
                VerdictKind.INCONCLUSIVE, summary=text, notes=repaired.notes, passing=repaired.probe
            )
        sought = "found that builds" if case.index is not None else "looked for"
        text = f"No release was {sought}; leaving a requirement out is no fix."
        return Conclusion(VerdictKind.CULPRITS, culprits, (), text, repaired.notes, repaired.probe)
    notes = (*repaired.notes, *_left(repaired))
    if repaired.culprits:
        text = "No version was found that builds."
        return Conclusion(VerdictKind.CULPRITS, repaired.culprits, (), text, notes, repaired.probe)
    text = "No requirement could be proven to be at fault."
    notes = (*notes, *_unexplained(repaired.probe))
    return Conclusion(VerdictKind.INCONCLUSIVE, (), (), text, notes, repaired.probe)


def _unexplained(probe: Probe) -> list[Note]:
    """Say what a check fails of that no release is at fault of, where its log tells."""
    module = absent_module(probe)
    if module:
        text = (
            f"The check imports {module}, and nothing that is installed has it: add the project "
            "that does, or run the check where your own code can be imported."
        )
        return [Note(text, probe.number)]
    return [Note(f"It fails with: {probe.reported}", probe.number)] if probe.reported else []


def _left(repaired: _Repaired) -> list[Note]:
    """Say that something is left where a build without the culprits still fails."""
    probe = repaired.probe
    left_out = numbers_of(repaired.culprits) & probe.candidate.dropped
    changed = {edit.number for edit in probe.candidate.edits}
    changed_names = {edit.name for edit in probe.candidate.edits}
    is_left = any(
        not (numbers_of([culprit]) & changed or names_of([culprit]) & changed_names)
        for culprit in repaired.culprits
    )
    if not left_out or is_left or probe.outcome is not Outcome.FAIL:
        return []
    module = absent_module(probe)
    if module:
        text = (
            f"With the culprits left out the file installs; the check imports {module}, which "
            "nothing has then, so it tells nothing of the rest."
        )
        return [Note(text, probe.number)]
    text = (
        "With the culprits left out the file still fails: something else is at fault as well, "
        "and it is not known what."
    )
    return [Note(text, probe.number)]


def _most_builds(case: Case, seen: Seen) -> int | None:
    """Return how many builds narrowing may cost: a run takes about twice its way to the fix.

    A third is left for the proof of what narrowing moved, and for the Python that the file was
    made for. Counted in builds, so that no clock decides.
    """
    if case.narrow is not Narrow.QUICK:
        return None if case.narrow is Narrow.FULL else 0
    built = [probe for _, probe in seen.answers if probe.kind is not ProbeKind.RESOLVE]
    first = next((at for at, probe in enumerate(built, 1) if _is_fix(probe)), len(built))
    left = max(0, 2 * first - len(built))
    return left - left // 3 if case.cheap else min(1, left)


def _is_fix(probe: Probe) -> bool:
    return probe.kind is ProbeKind.FIX and probe.outcome is Outcome.PASS and not probe.warm


def _style(case: Case, candidate: Candidate) -> str:
    edits = candidate.edits
    left_out = [edit for edit in edits if _removes(edit)]
    if left_out and not is_lossy(case, candidate):
        return "needless"
    if left_out and len(left_out) == len(edits):
        return "drop"
    return "smallest-change" if any(e.action is EditAction.ADD for e in edits) else "bump"


def is_lossy(case: Case, candidate: Candidate) -> bool:
    """Say whether a candidate leaves something out that is needed: no fix by itself."""
    return any(_removes(edit) and not is_needless(case, edit) for edit in candidate.edits)


def _is_no_fix(case: Case, candidate: Candidate) -> bool:
    return not case.allow_removal and is_lossy(case, candidate)


def _removes(edit: Edit) -> bool:
    return edit.action is EditAction.DROP


def _is_lost(repaired: _Repaired, culprit: Culprit) -> bool:
    """Say whether a repair leaves a culprit out, or fixes it not at all."""
    if repaired.probe.outcome is not Outcome.PASS:
        return True
    return bool(numbers_of([culprit]) & repaired.candidate.dropped)


def _unresolved(probe: Probe) -> Conclusion:
    if is_infrastructure(probe):
        cause = probe.diagnosis.cause.value if probe.diagnosis is not None else "infrastructure"
        return Conclusion(
            VerdictKind.UNAVAILABLE,
            summary=f"The build stopped for a reason outside the file: {cause} failure.",
            passing=probe,
        )
    return Conclusion(
        VerdictKind.INCONCLUSIVE,
        summary="The file as it is was not built until it ends: nothing can be compared with it.",
        passing=probe,
    )


def _interrupted(case: Case, known: Sequence[Conclusion], seen: Seen) -> Conclusion:
    """Return what is known at Ctrl-C: a fix that was announced counts, smallest or not."""
    stopped, fixed = _stopped(case, known, seen), seen.fallback(case)
    if stopped.ways or fixed is None or not fixed.edits or _is_no_fix(case, fixed):
        return stopped
    number = next(p.number for i, p in seen.answers if p.candidate == fixed and is_whole(case, i))
    culprits = tuple(proven(culprit, number) for culprit in stopped.culprits)
    way = Way(fixed, number, "bump", _AS_FOUND)
    return replace(stopped, kind=VerdictKind.FIXED, culprits=culprits, ways=(way,), summary="")


def _stopped(
    case: Case, known: Sequence[Conclusion], seen: Seen, spent: BudgetSpent | None = None
) -> Conclusion:
    """Return what is known when no build is left: what each build told, and what is suspected.

    Without what is suspected for None, an interrupt: that may take long to find.
    """
    before = known[-1] if known else Conclusion(VerdictKind.INCONCLUSIVE)
    if before.ways:
        return before
    return replace(
        before,
        kind=VerdictKind.INCONCLUSIVE,
        summary=f"Stopped early: {spent.message if spent else _INTERRUPTED}.",
        notes=(
            *before.notes,
            *islice(_learnt(case, seen), _MOST_SHOWN),
            *((*_suspicions(case, before.culprits), Note(GO_ON)) if spent else ()),
        ),
    )


def _learnt(case: Case, seen: Seen) -> Iterator[Note]:
    """Yield what each build told that ended with a clear answer, one sentence a build."""
    by_imports = any(inquiry.imports for inquiry, _ in seen.answers)
    for inquiry, probe in seen.answers:
        edits = changes(inquiry.candidate.edits)
        subject = (
            f"{inquiry.isolated} alone" if inquiry.isolated else f"the file {edits or 'as it is'}"
        )
        if probe.outcome is Outcome.PASS:
            is_install = by_imports and not inquiry.imports
            verb = "installs" if is_install else "passes"
            yield Note(f"So far: {subject} {verb}", probe.number)
        elif probe.outcome is Outcome.FAIL:
            suspects = probe.diagnosis.suspects if probe.diagnosis is not None else ()
            why = f": {suspects[0].summary.rstrip('.')}" if suspects else ""
            yield Note(f"So far: {subject} fails{why}", probe.number)


def _suspicions(case: Case, culprits: Sequence[Culprit]) -> list[Note]:
    """Return a sentence for each line that the index is evidence against, unproven as yet."""
    if case.index is None:
        return []
    case.index.prefetch([line.name for line in case.requirements if line.name])
    return [
        Note(f"Suspected, not proven: {line.text}", fact=fact.sentence)
        for line in case.requirements
        if line.number not in numbers_of(culprits)
        for fact in case.index.facts(line)
        if fact.kind in TELLING or fact.kind.stops
    ]
