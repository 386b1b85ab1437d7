"""From a change that passes to the smallest that does, over what was installed.

An item is a release that differs between the failing and the passing build. A subset's candidate
moves its items and keeps every other release where it was; where the resolver says that two can
only move together, no build is spent on parting them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bisect_deps.fix.ask import ask
from bisect_deps.fix.case import Case
from bisect_deps.fix.failure import fingerprints, installs, involved
from bisect_deps.fix.inquiry import Story
from bisect_deps.fix.subsets import SubsetAxis, drive
from bisect_deps.model import Candidate, Outcome, Probe, ProbeKind
from bisect_deps.policy import POLICY
from bisect_deps.search.base import Answer, Items
from bisect_deps.search.strategy import SearchProblem, State, bisect


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs between a failing and a passing build: project to its version in each.

    `base` is the failing candidate, onto which versions are settled.
    """

    base: Candidate
    before: Mapping[str, str]
    after: Mapping[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the projects that differ, in order."""
        return tuple(sorted(self.after))

    def without(self, name: str) -> Difference:
        """Return what differs beside one project, which may be where it likes."""
        before = {other: version for other, version in self.before.items() if other != name}
        after = {other: version for other, version in self.after.items() if other != name}
        return replace(self, before=before, after=after)

    def made(self, case: Case, names: Iterable[str]) -> Candidate | None:
        """Return the candidate with these moved and the others where they were; None for none.

        The others are pinned only where they would move beside them. One that the resolver lets
        move together with these alone, moves: the two are one item.
        """
        moved = {name: self.after[name] for name in names}
        candidate = case.settled(self.base, moved)
        releases = case.releases_of(candidate)
        if releases is None:
            return candidate if case.resolver is None else None
        for name, version in sorted(self.before.items()):
            if name in moved or releases.get(name, version) == version:
                continue
            kept = case.settled(candidate, {name: version})
            still = case.releases_of(kept)
            if still is not None:
                candidate, releases = kept, still
        return candidate


@dataclass(frozen=True, slots=True)
class Smallest:
    """The smallest change that passes, and for each of its projects a probe that fails without it.

    `shown` lacks a project where nothing was built without it: the resolver alone refuses that, so
    it only follows. Where that holds of all, `inseparable` is a probe that fails with all of them.
    """

    names: tuple[str, ...]
    candidate: Candidate
    passing: Probe
    shown: Mapping[str, Probe] = field(default_factory=dict)
    inseparable: Probe | None = None


def change_between(case: Case, failing: Probe, passing: Probe) -> Difference:
    """Return what differs between two probes that both installed."""
    before, after = case.installed(failing), case.installed(passing)
    edited = {edit.name for edit in passing.candidate.edits if edit not in failing.candidate.edits}
    names = {name for name in before if name in after and before[name] != after[name]}
    # What an edit brings in anew differs as well; what comes or goes with another follows it.
    new = {name for name in edited if name in after and name not in before}
    return Difference(
        failing.candidate,
        {name: before[name] for name in names},
        {name: after[name] for name in names | new},
    )


def minimise(
    case: Case, change: Difference, failing: Probe, passing: Probe, known: Sequence[Probe]
) -> Story[Smallest]:
    """Return the smallest part of a change that passes.

    `known` are probes of the way that led here: they answer what they can. Costs a build for each
    project that none of them shows to be needed, by halves where there are many.
    """
    if len(change.names) > POLICY.few_changes:
        change = _without_followers(case, change, failing, passing)
    if len(change.names) > POLICY.few_changes:
        return (yield from _by_halves(case, change, failing, passing, known))
    return (yield from _one_by_one(case, change, failing, passing, known))


def _without_followers(
    case: Case, change: Difference, failing: Probe, passing: Probe
) -> Difference:
    """Return the change without what the resolver moves with the rest, to where it passes."""
    for name in _order(change, failing, passing):
        rest = change.without(name)
        candidate = rest.made(case, rest.names) if rest.names else None
        if candidate is not None and answered(case, candidate, [passing]) is not None:
            change = rest
    return change


def _one_by_one(
    case: Case, change: Difference, failing: Probe, passing: Probe, known: Sequence[Probe]
) -> Story[Smallest]:
    """Take back one project after the other; what still passes without it was no part."""
    answers = [*known, failing, passing]
    best, shown = passing, dict[str, Probe]()
    left = _order(change, failing, passing)
    beside = yield from _beside_alone(case, change, passing, answers)
    if beside is not None:
        left, best = [name for name in left if name not in _edited(passing)], beside
    refused: list[str] = []
    open_names = list(left)
    while open_names:
        name = open_names.pop(0)
        rest = [other for other in left if other != name]
        candidate = change.made(case, rest) if rest else change.base
        if candidate is None:
            refused.append(name)
            continue
        probe = answered(case, candidate, answers)
        if probe is None:
            purpose = f"does it fail again with {name} put back?"
            probe = yield from ask(case, candidate, ProbeKind.VERSION, purpose, likely_fails=True)
            answers.append(probe)
        if not installs(probe):
            # The resolver did not know that these two only move together.
            plain = case.settled(change.base, {other: change.after[other] for other in rest})
            probe = _passed(plain, answers) or probe
        if probe.outcome is Outcome.PASS:
            left, best = rest, probe
            # What nothing resolved without may be parted from the fewer that are left.
            open_names, refused = [*open_names, *refused], []
        elif installs(probe) and probe.outcome is Outcome.FAIL:
            # What does not even install with it put back cannot be parted from the rest.
            shown[name] = probe
    shown |= _shown_at_last(case, change, left, best, answers)
    return (yield from _written(case, change, tuple(sorted(left)), best, shown, answers))


def _shown_at_last(
    case: Case,
    change: Difference,
    left: Sequence[str],
    passing: Probe,
    answers: Sequence[Probe],
) -> Mapping[str, Probe]:
    """Return the failure without each project where all that is not needed was taken back.

    An earlier one may be of what else had moved by then. What was not built so, is not built.
    """
    found: dict[str, Probe] = {}
    for name in left:
        rest = [other for other in left if other != name]
        candidate = change.made(case, rest) if rest else change.base
        probe = _with_one_back(case, change, name, passing, answers)
        if probe is None and candidate is not None:
            probe = answered(case, candidate, answers)
        if probe is not None and probe.outcome is Outcome.FAIL and installs(probe):
            found[name] = probe
    return found


def _with_one_back(
    case: Case, change: Difference, name: str, passing: Probe, answers: Sequence[Probe]
) -> Probe | None:
    """Return a build that failed with all as it passes but one release, where it was."""
    if name not in change.before:
        return None
    wanted = {**case.installed(passing), name: change.before[name]}
    failed = [
        probe
        for probe in answers
        if probe.outcome is Outcome.FAIL and dict(case.installed(probe)) == wanted
    ]
    return min(failed, key=lambda probe: probe.number, default=None)


def _beside_alone(
    case: Case, change: Difference, passing: Probe, answers: list[Probe]
) -> Story[Probe | None]:
    """Return a passing build of what no edit moved, moved alone: the edits only led there.

    None where a project of an edit would move beside them all the same.
    """
    edits = _edited(passing)
    beside = [name for name in change.names if name not in edits]
    candidate = change.made(case, beside) if beside else None
    if candidate is None:
        return None
    releases = case.releases_of(candidate) or {}
    stay = [name for name in edits if name in change.before]
    if any(releases.get(name, change.before[name]) != change.before[name] for name in stay):
        return None
    probe = answered(case, candidate, answers)
    if probe is None:
        purpose = f"does it pass with {', '.join(beside)} alone moved?"
        probe = yield from ask(case, candidate, ProbeKind.VERSION, purpose)
        answers.append(probe)
    return probe if probe.outcome is Outcome.PASS else None


def _edited(passing: Probe) -> frozenset[str]:
    return frozenset(edit.name for edit in passing.candidate.edits)


def _together(
    case: Case, change: Difference, names: Sequence[str], known: Sequence[Probe]
) -> Probe | None:
    """Return a probe that failed with all of these where they were: they cannot be parted."""
    found = [
        (sum(installed.get(name) == change.after[name] for name in change.names), probe)
        for probe in known
        if probe.outcome is Outcome.FAIL and installs(probe)
        for installed in [case.installed(probe)]
        if all(installed.get(name) == change.before.get(name) for name in names)
    ]
    return max(found, key=lambda both: both[0])[1] if found else None


def _by_halves(
    case: Case, change: Difference, failing: Probe, passing: Probe, known: Sequence[Probe]
) -> Story[Smallest]:
    """Search the smallest change as a hidden hypergraph: kept as it was, a release may fail."""
    names = change.names
    seen = {print_ for probe in known for print_ in fingerprints(probe)} | fingerprints(failing)

    def candidate(kept: Items) -> Candidate | None:
        return change.made(case, [name for at, name in enumerate(names) if at not in kept])

    def read(probe: Probe, kept: Items) -> Answer:
        hints = tuple(names.index(n) for n in involved(probe) if n in names)
        suspects = tuple(at for at in hints if at in kept)
        outcome = probe.outcome
        if outcome is Outcome.FAIL and not (installs(probe) or fingerprints(probe) & seen):
            outcome = Outcome.UNRESOLVED
        return Answer(outcome, suspects)

    problem = SearchProblem(
        items=tuple(range(len(names))),
        hints=tuple(names.index(name) for name in involved(failing) if name in names),
        slots=case.slots,
        prefer=case.prefer,
        known=((frozenset(), Outcome.PASS),),
    )
    whole = frozenset(problem.items)
    axis = SubsetAxis(candidate, read, ProbeKind.VERSION, imports=case.imports)
    answered = {whole: failing, frozenset[int](): passing}
    finding, probes = yield from drive(case, bisect(problem), axis, answered)
    if finding.state is not State.FOUND or finding.passing is None:
        return (yield from _written(case, change, names, passing, {}, known))
    shown: dict[str, Probe] = {}
    for culprit in finding.culprits:
        probe = probes.get(culprit.failing)
        for at in culprit.members & finding.removed:
            if probe is not None:
                shown[names[at]] = probe
    moved = tuple(names[at] for at in sorted(finding.removed))
    best = probes.get(finding.passing, passing)
    answers = [*known, *probes.values()]
    return (yield from _written(case, change, moved, best, shown, answers))


def _written(
    case: Case,
    change: Difference,
    names: tuple[str, ...],
    passing: Probe,
    shown: Mapping[str, Probe],
    known: Sequence[Probe],
) -> Story[Smallest]:
    """Return the change as it is written, without the pins that kept others in place."""
    inseparable = _together(case, change, names, known) if not shown else None
    plain = case.settled(change.base, {name: change.after[name] for name in names})
    for probe in (passing, *known):
        if probe.candidate == plain and probe.outcome is Outcome.PASS:
            return Smallest(names, plain, probe, shown, inseparable)
    probe = yield from ask(case, plain, ProbeKind.FIX, "does the file pass as it is written?")
    if probe.outcome is Outcome.PASS:
        return Smallest(names, plain, probe, shown, inseparable)
    return Smallest(names, passing.candidate, passing, shown, inseparable)


def _passed(candidate: Candidate, known: Sequence[Probe]) -> Probe | None:
    """Return a build of this very candidate that passed."""
    return next((p for p in known if p.candidate == candidate and p.outcome is Outcome.PASS), None)


def answered(case: Case, candidate: Candidate, known: Sequence[Probe]) -> Probe | None:
    """Return a probe of this candidate, or of another that installed the very same releases."""
    whole = [probe for probe in known if probe.kind is not ProbeKind.ISOLATED]
    for probe in whole:
        if probe.candidate == candidate:
            return probe
    return next((probe for probe in whole if _installed_by(case, candidate, probe)), None)


def _installed_by(case: Case, candidate: Candidate, probe: Probe) -> bool:
    """Say whether a probe installed what a candidate would, as far as the resolver tells.

    It takes releases that come as source for such that require nothing: what it does not see is
    alike where all else is, and where the builder tells nothing, unknown.
    """
    releases = case.releases_of(candidate)
    told = probe.installed or not case.is_guessed(probe.candidate)
    if releases is None or not (told and installs(probe)):
        return False
    installed = dict(case.installed(probe))
    if installed == dict(releases):
        return True
    unseen, others = (
        {edit for edit in edits if edit.name not in releases}
        for edits in (candidate.edits, probe.candidate.edits)
    )
    is_part = all(installed.get(name) == version for name, version in releases.items())
    return is_part and unseen == others and case.releases_of(probe.candidate) == releases


def _order(change: Difference, failing: Probe, passing: Probe) -> list[str]:
    """Return the projects to take back: first what no edit moved, then the least named."""
    edited = {edit.name: at for at, edit in enumerate(passing.candidate.edits)}
    named = involved(failing)
    rank = {name: len(named) - at for at, name in enumerate(named)}
    return sorted(
        change.names,
        key=lambda name: (name in edited, rank.get(name, 0), edited.get(name, 0), name),
    )
