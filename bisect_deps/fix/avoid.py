"""Where no move helped: the nearest releases that hold nothing which was seen to fail.

Each failed build tells which releases fail, alone or together. The resolver finds a set that holds
none of them; building it passes, or tells one more. As a solver learns clauses, so no guess is
made twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field

from bisect_deps.fix.accuse import Standing
from bisect_deps.fix.ask import ask
from bisect_deps.fix.case import Case, is_older, taken_back, with_edits
from bisect_deps.fix.failed import Failed, broken_releases, failed_by
from bisect_deps.fix.failure import installs, suspects_of
from bisect_deps.fix.inquiry import Story
from bisect_deps.fix.refusals import Need, told, unmet
from bisect_deps.model import (
    Candidate,
    Cause,
    Edit,
    EditAction,
    Outcome,
    Probe,
    ProbeKind,
    Requirement,
)
from bisect_deps.policy import POLICY
from bisect_deps.resolution.edits import edited
from bisect_deps.resolution.uv_resolver import Resolution


def avoid(
    case: Case, failing: Probe, known: Sequence[Probe], most: int | None = None
) -> Story[tuple[Probe, ...]]:
    """Return the builds made, the last one passing where any does; none where logs do not tell.

    `known` are the probes of the way so far. Costs at most `most` builds, by default
    `POLICY.avoiding_builds`.
    """
    made: list[Probe] = []
    tried = {probe.candidate for probe in (failing, *known)}
    most = POLICY.avoiding_builds if most is None else most
    while len(made) < most and not _ends_at_the_machine((failing, *known, *made)):
        candidate = _nearest(case, failing, (failing, *known, *made))
        if candidate is None or candidate in tried:
            break
        tried.add(candidate)
        purpose = "does it pass with nothing that was seen to fail?"
        probe = yield from ask(case, candidate, ProbeKind.FIX, purpose)
        made.append(probe)
        if probe.outcome is not Outcome.FAIL or (installs(probe) and not installs(failing)):
            break
    return tuple(made)


def _ends_at_the_machine(probes: Sequence[Probe]) -> bool:
    """Say whether the last build that failed did so for what the machine lacks: versions alike."""
    failed = [probe for probe in probes if probe.outcome is Outcome.FAIL]
    suspects = suspects_of(failed[-1]) if failed else ()
    return bool(suspects) and suspects[0].cause is Cause.SYSTEM_DEP_MISSING


def avoid_install(
    case: Case, failing: Probe, standing: Standing, known: Sequence[Probe]
) -> Story[Standing]:
    """Return the standing of releases that install; as it was where none are found.

    `failing` is the file as it is.
    """
    made = yield from avoid(case, failing, known)
    if not made or not installs(made[-1]):
        return standing
    return standing.at(made[-1].candidate, made[-1])


@dataclass(frozen=True, slots=True)
class _Hidden:
    """A release that the resolver cannot see, and the releases that pull it in, where logs tell."""

    name: str
    version: str
    by: tuple[tuple[str, str], ...]

    def within(self, releases: Mapping[str, str]) -> bool:
        """Say whether it is still there, as far as is known, beside these releases."""
        return all(releases.get(name) == version for name, version in self.by)


@dataclass(frozen=True, slots=True)
class _Learnt:
    """What builds told: what fails, what the resolver cannot see, what sources ask for."""

    failed: Sequence[Failed]
    hidden: Sequence[_Hidden]
    needs: Sequence[Need]


@dataclass(slots=True)
class _Hunt:
    """A search of the resolver for releases that hold nothing that failed; `asked` counts calls.

    `whole_series`: of what failed together, all versions that failed with the same other projects
    are left out, with those between.
    """

    case: Case
    base: Candidate
    installed: Mapping[str, str]
    learnt: _Learnt
    whole_series: bool
    asked: int = 0
    seen: set[object] = field(default_factory=set)

    def run(self, excluded: Mapping[str, frozenset[str]]) -> Mapping[str, str] | None:
        """Return releases without anything that failed, these versions out of sight."""
        key = frozenset(excluded.items())
        if key in self.seen or self.asked >= POLICY.avoiding_calls:
            return None
        self.seen.add(key)
        resolution = self._resolved(excluded)
        if resolution is None:
            return None
        there = _there(self.learnt.hidden, resolution.releases)
        releases = {**{unseen.name: unseen.version for unseen in there}, **resolution.releases}
        ways = self._ways_out(releases, there, excluded)
        if ways is None:
            return resolution.releases
        for name, versions in ways:
            found = self.run({**excluded, name: excluded.get(name, frozenset()) | versions})
            if found is not None:
                return found
        return None

    def _ways_out(
        self,
        releases: Mapping[str, str],
        there: Iterable[_Hidden],
        excluded: Mapping[str, frozenset[str]],
    ) -> list[tuple[str, frozenset[str]]] | None:
        """Return which versions to leave out next, any one will do; None where nothing failed."""
        held = next((failure for failure in self.learnt.failed if failure.within(releases)), None)
        if held is not None:
            names = sorted(held.releases, key=lambda name: len(self._alike(held, name)))
            alike = [(name, self._between(self._alike(held, name), name)) for name in names]
            return alike + [(name, frozenset({v})) for name, v in _pulling(there, held)]
        limits = [line for line in self.case.constraints if line.name not in excluded]
        need = unmet(self.case, self.learnt.needs, releases, limits)
        if need is None:
            return None
        known = (release.version for release in self.case.releases(need.asked))
        refused = frozenset(version for version in known if not need.allows(version))
        return [(need.asked, refused), (need.asking, frozenset({releases[need.asking]}))]

    def _resolved(self, excluded: Mapping[str, frozenset[str]]) -> Resolution | None:
        """Return what suits without these versions: their lines loosened, then pins, then all.

        What the resolver cannot see is asked for. What it sees as well, as others pull it in, may
        stay away where nothing suits that.
        """
        names = {
            *(one.name for one in self.learnt.hidden),
            *(need.asked for need in self.learnt.needs),
        }
        unseen = frozenset(name for name in names if name in excluded)
        seen = frozenset(self.case.releases_of(self.base) or ())
        for asked_for in dict.fromkeys([unseen, unseen - seen]):
            found = self._suiting(excluded, asked_for)
            if found is not None:
                return found
        return None

    def _suiting(
        self, excluded: Mapping[str, frozenset[str]], asked_for: Set[str]
    ) -> Resolution | None:
        gone = [
            _unlike(name, versions, limits=name not in asked_for)
            for name, versions in excluded.items()
        ]
        edits = self.base.edits
        kept = [edit for edit in edits if edit.number is not None or edit.name not in excluded]
        for lines in self._loosened(excluded):
            loose = [Edit(EditAction.REPIN, line.name, line.number, "") for line in lines]
            loosened = with_edits(Candidate(tuple(kept)), loose)
            self.asked += 1
            candidate = Candidate((*loosened.edits, *gone))
            resolution = self.case.resolve(candidate, preferences=self.installed)
            if resolution is not None and resolution.resolved:
                return resolution
        return None

    def _loosened(self, excluded: Mapping[str, frozenset[str]]) -> Iterator[list[Requirement]]:
        lines = [line for line in self.case.standing if line.name and not line.url]
        yield [line for line in lines if line.name in excluded]
        yield [line for line in lines if line.name in excluded or line.pin]
        yield lines

    def _alike(self, held: Failed, name: str) -> set[str]:
        """Return the versions of a project that were seen to fail with the same other projects."""
        names = held.releases.keys()
        return {
            failure.releases[name]
            for failure in self.learnt.failed
            if failure is held or (self.whole_series and failure.releases.keys() == names)
        }

    def _between(self, versions: set[str], name: str) -> frozenset[str]:
        """Return versions that fail alike, with all between them where these are to be left out."""
        return frozenset(versions) | {
            release.version
            for release in self.case.releases(name)
            if any(is_older(low, release.version) for low in versions)
            and any(is_older(release.version, high) for high in versions)
        }


def _unlike(name: str, versions: Iterable[str], *, limits: bool) -> Edit:
    clause = ",".join(f"!={version}" for version in sorted(versions))
    return Edit(EditAction.ADD, name, None, clause, constraint=limits)


def _pulling(hidden: Iterable[_Hidden], held: Failed) -> list[tuple[str, str]]:
    """Return the releases that pull in what failed and is not seen, nearest to it first."""
    return [
        pulling
        for unseen in hidden
        if held.releases.get(unseen.name) == unseen.version
        for pulling in reversed(unseen.by)
    ]


def _hidden(case: Case, probes: Iterable[Probe]) -> list[_Hidden]:
    """Return what was there when builds failed and the resolver cannot see, the last build first.

    Sources tell what they require when they are built.
    """
    found: dict[object, _Hidden] = {}
    whole = [probe for probe in probes if probe.kind is not ProbeKind.ISOLATED]
    for probe in reversed([probe for probe in whole if probe.outcome is Outcome.FAIL]):
        seen = case.releases_of(probe.candidate) or {}
        broken = [{release.name: release.version} for release in broken_releases(probe)]
        # What an edit of this one build held is not there without it.
        held = {edit.name for edit in probe.candidate.edits if edit.pin}
        # What a log names was there; what was installed may be the resolver's guess.
        for releases in (*broken, case.installed(probe)):
            for name, version in releases.items():
                if name not in seen and name not in held and not case.named(name):
                    by = _chain(case, probe, name)
                    found.setdefault((name, by), _Hidden(name, version, by))
    return list(found.values())


def _there(hidden: Sequence[_Hidden], releases: Mapping[str, str]) -> list[_Hidden]:
    """Return what is there unseen beside these releases, each project as the last build had it."""
    found: dict[str, _Hidden] = {}
    known = dict(releases)
    while True:
        more = [unseen for unseen in hidden if unseen.name not in known and unseen.within(known)]
        if not more:
            return list(found.values())
        found[more[0].name] = more[0]
        known[more[0].name] = more[0].version


def _chain(case: Case, probe: Probe, name: str) -> tuple[tuple[str, str], ...]:
    """Return the releases through which a log says that a project came in, the line's first."""
    installed = case.installed(probe)
    for suspect in suspects_of(probe):
        if suspect.broken == name:
            return tuple((via, installed[via]) for via in suspect.via if via in installed)
    return ()


def _nearest(case: Case, failing: Probe, probes: Sequence[Probe]) -> Candidate | None:
    """Return the failing candidate with what the resolver moves so that nothing seen fails."""
    if case.resolver is None:
        return None
    learnt = _Learnt(failed_by(case, probes), _hidden(case, probes), told(probes))
    installed = case.installed(failing)
    for whole_series in (True, False):
        releases = _Hunt(case, failing.candidate, installed, learnt, whole_series).run({})
        if releases is not None:
            break
    else:
        return None
    first = {unseen.name: unseen.version for unseen in _hidden(case, [failing])}
    before = {**first, **installed}
    moved = {name: now for name, now in releases.items() if before.get(name, now) != now}
    for versions in (moved, releases):
        candidate = case.settled(failing.candidate, versions)
        if _is_free(case, candidate, learnt):
            return _lean(case, failing.candidate, candidate, learnt)
    return None


def _lean(case: Case, base: Candidate, candidate: Candidate, learnt: _Learnt) -> Candidate:
    """Return a candidate without the edits that what failed does not ask for."""
    for edit in candidate.edits:
        rest = taken_back(candidate, edit)
        if edit not in base.edits and rest != base and _is_free(case, rest, learnt):
            candidate = rest
    return candidate


def _is_free(case: Case, candidate: Candidate, learnt: _Learnt) -> bool:
    releases = case.releases_of(candidate)
    if releases is None:
        return False
    added = {edit.name: edit.pin for edit in candidate.edits if edit.pin}
    standing = {**case.pins(candidate), **added, **releases}
    standing |= {unseen.name: unseen.version for unseen in _there(learnt.hidden, standing)}
    limits = edited(case.constraints, candidate.edits)
    held = any(failure.within(standing) for failure in learnt.failed)
    return not held and unmet(case, learnt.needs, standing, limits) is None
