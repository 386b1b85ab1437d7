"""The judge: what truly fails in a scenario, by brute force, and which laws a verdict breaks.

Knows nothing of how a story finds what it says. The laws, by number:

0 the story ends
1 clock: the same verdict however long builds take, in whatever order they end, and on replay
2 minimal: with any one edit of the fix taken back the file fails; an edit belongs to a culprit
3 complete: what was shown to fail in the file as given is named, with all that takes part
4 the same failure: the probe that proves a culprit shows that culprit's failure
5 what differs: nothing is named that takes part in no failure
6 boundary: the ends of a range fail and pass, and what lies between is listed
7 no fix by removal
8 everything moves: where a change of versions fixes the file, one is found
9 same tool: the fix passes, and its file says what was built

What it excuses where it is not strict, each by the law that allows it:

a `_told`: a fault whose log names every side counts though one side fails by itself as well. Law 3:
  each release that would still break what the fix passes is a culprit, also where one move fixes
  several.
b `layers`, `_on_the_way`: what fails in a part of the fix, or in a build that differs as the fix
  does, counts. Law 4: another failure is the next layer.
c `_pulls_in`: where a log does not tell who fails, a line may be named for a release that it pulls
  in as installed, or that moves with it. Law 5: what was installed is compared, and what moves as a
  side effect is part of the change.
d `_is_followed`: an edit without which the rest conflicts may follow a culprit's, where a note says
  why (`_is_explained`). Law 5, and law 10: every sentence follows from a probe or a fact.
e `_to_be_named`: of a planted fault one side is enough. Law 2: an edit belongs to a culprit, and
  the other side stays.
f `_noted`: what a note says to fail as well is named. Law 3: it is told, with its probe (law 10).
g `_is_unknowable`: of a conflict that shows only once sources are built one side is enough. Law 9:
  what a resolver says that builds nothing is no proof.
h law 8 is asked where logs tell all. Law 4: without a log no failure is told from another.
i `_knowable`: what only a source asks for that does not build is not shown of the file. Law 10: no
  probe and no fact tells that it is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from itertools import chain

from bisect_deps.errors import InputError
from bisect_deps.formats.requirements import parse as parse_file
from bisect_deps.model import (
    Candidate,
    Culprit,
    Edit,
    EditAction,
    Narrowing,
    Outcome,
    Phase,
    Probe,
    ProbeKind,
    VerdictKind,
)
from tests.fix.resolving import Query
from tests.fix.simulated import FOLDER, ROOT, Checks, Conditions, Endless, Quality, Scenario, parts
from tests.fix.solving import Reported
from tests.fix.world import Fault, in_sight, parse, read


@dataclass(frozen=True, slots=True)
class Violation:
    """A law that a verdict breaks, and how."""

    law: int
    text: str

    def __str__(self) -> str:
        """Return the sentence."""
        return f"law {self.law}: {self.text}"


@dataclass(frozen=True, slots=True)
class Failing:
    """A minimal failing set: its projects, each with the versions that fail, None for any.

    `name` is that of a fault, or `conflict` or `missing`.
    """

    name: str
    members: tuple[tuple[str, frozenset[str] | None], ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """Return the projects that take part."""
        return frozenset(name for name, _ in self.members)

    def holds(self, culprit: Culprit) -> bool:
        """Say whether all that a culprit names takes part."""
        return all(self._holds(member.name, member.version) for member in culprit.members)

    def _holds(self, name: str, version: str | None) -> bool:
        return any(
            name == project and (version is None or fails is None or version in fails)
            for project, fails in self.members
        )

    def __str__(self) -> str:
        """Return the name and who takes part."""
        return f"{self.name} ({', '.join(sorted(self.names))})"


class Truth:
    """What is true of a scenario, and what of it a verdict gets wrong.

    `strict` holds a verdict to the letter of the laws. Otherwise one side of a pair is enough (the
    one that the fix moves), a line may be named for what it pulls in where logs do not tell which,
    an edit may follow from a conflict where a note says so, and only where logs tell all must a fix
    be found.
    """

    def __init__(self, scenario: Scenario, *, strict: bool = True) -> None:
        self.scenario = scenario
        self.strict = strict
        before = scenario.state(Candidate())
        broken = before.solution is None or any(not fault.installs for fault in before.faults)
        # Nobody asked for a check, and a file that does not install is not imported.
        self.install_alone = scenario.checks is Checks.IMPLIED and broken
        self._failing: dict[tuple[Candidate, tuple[str, ...]], tuple[Failing, ...]] = {}

    def passes(self, candidate: Candidate, build_constraints: Sequence[str] = ()) -> bool:
        """Say whether a candidate installs and passes its checks."""
        state = self.scenario.state(candidate, build_constraints)
        if self.install_alone:
            return state.solution is not None and all(fault.installs for fault in state.faults)
        return state.passes

    def failing(
        self, candidate: Candidate, build_constraints: Sequence[str] = ()
    ) -> tuple[Failing, ...]:
        """Return the minimal failing sets of what a candidate installs, all conflicts if none."""
        key = (candidate, tuple(build_constraints))
        if key not in self._failing:
            self._failing[key] = tuple(self._find_failing(candidate, build_constraints))
        return self._failing[key]

    def violations(self, reported: Reported) -> list[Violation]:
        """Return the laws that a verdict breaks, all but the first: that takes other verdicts."""
        found: list[Violation] = []
        if reported.kind in (VerdictKind.PASSES, VerdictKind.UNAVAILABLE):
            return [Violation(9, f"the file fails, and the verdict is {reported.kind.value}")]
        if (reported.kind is VerdictKind.FIXED) is not (reported.fix is not None):
            found.append(
                Violation(9, f"the verdict {reported.kind.value} and its fix do not agree")
            )
        if reported.fix is not None:
            found += self._of_fix(reported, reported.fix)
        elif (
            self.scenario.passing is not None
            and not self.scenario.world.flakes
            and (self.strict or self.scenario.quality is Quality.EXACT)
        ):
            found.append(Violation(8, f"{reported.kind.value}, and releases that pass are there"))
        found += self._incomplete(reported)
        for culprit in reported.culprits:
            found += self._of_culprit(reported, culprit)
        return found

    def hidden(self, reported: Reported) -> list[Failing]:
        """Return the failing sets of the file as given that no log showed and no culprit names.

        They are no violation: nothing reported of them.
        """
        return [
            failing
            for failing in self.failing(Candidate())
            if not self._is_named(failing, reported.culprits)
        ]

    def _is_named(self, failing: Failing, culprits: Iterable[Culprit]) -> bool:
        """Say whether culprits name all of a failing set that they have to name."""
        named = self._named_by(culprits)
        return self._to_be_named(failing, named) <= named

    def _named_by(self, culprits: Iterable[Culprit]) -> set[str]:
        if self.strict:
            return {member.name for culprit in culprits for member in culprit.members}
        return {name for culprit in culprits for name in _names(culprit)}

    def _noted(self, reported: Reported) -> set[str]:
        """Return what notes say to fail as well, pulled in by a line that is named itself."""
        if self.strict:
            return set()
        return {note.split()[0] for note in reported.notes if note.endswith("fails too.")}

    def layers(self, reported: Reported) -> list[Failing]:
        """Return all that fails in the file as given, and with a part of the fix made.

        Without a fix, all that fails in what was built. What a log names counts, though one of its
        sides fails by itself as well; and what fails where some of that is moved which the fix
        moves, by whatever edits.
        """
        if reported.fix is None:
            candidates = [Candidate(), *(probe.candidate for probe in reported.probes)]
        else:
            candidates = [Candidate(), *(Candidate(part) for part in parts(reported.fix.edits))]
        found = [self.failing(candidate) for candidate in dict.fromkeys(candidates)]
        if reported.build_constraints:
            found += [
                self.failing(c, reported.build_constraints) for c in dict.fromkeys(candidates)
            ]
        if reported.fix is not None:
            found += [self.failing(candidate) for candidate in self._on_the_way(reported)]
        found.append(self._told(reported, Candidate()))
        every = dict.fromkeys([*chain.from_iterable(found), *self._pinned()])
        return [failing for failing in every if failing.name != "missing"]

    def _told(self, reported: Reported, candidate: Candidate) -> tuple[Failing, ...]:
        """Return what fails in a candidate and was told by logs that name all that takes part.

        Also where one of its sides fails by itself as well.
        """
        if self.scenario.quality is not Quality.EXACT:
            return ()
        shown = set(chain.from_iterable(reported.shown.values()))
        faults = self.scenario.state(candidate).faults
        return tuple(_of_fault(fault) for fault in faults if fault.name in shown)

    def _on_the_way(self, reported: Reported) -> Iterator[Candidate]:
        """Yield what was built that differs from the file only where the fix does, and alike."""
        before = self.scenario.state(Candidate()).installed
        after = self.scenario.state(reported.fix or Candidate()).installed
        for probe in reported.probes:
            now = self.scenario.state(probe.candidate).installed
            edited = {edit.name: now.get(edit.name) for edit in probe.candidate.edits}
            if now and all(
                version in (after.get(n), before.get(n)) for n, version in edited.items()
            ):
                yield probe.candidate

    # --- what is true -------------------------------------------------------------------------

    def _find_failing(
        self, candidate: Candidate, build_constraints: Sequence[str]
    ) -> Iterator[Failing]:
        state = self.scenario.state(candidate, build_constraints)
        if state.solution is None:
            yield from self._conflicts(self.scenario.query(candidate))
            return
        faults = [own for own in state.faults if not (self.install_alone and own.installs)]
        for fault in faults:
            if not any(
                dict(other.members).items() < dict(fault.members).items() for other in faults
            ):
                yield _of_fault(fault)
        for name in state.missing:
            yield Failing("missing", ((name, None),))

    def _conflicts(self, query: Query) -> Iterator[Failing]:
        """Yield all minimal conflicts among lines and constraints."""
        items = [(False, text) for text in query.lines] + [
            (True, text) for text in query.constraints
        ]
        for members in minimal_sets(range(len(items)), lambda kept: self._conflict(items, kept)):
            lines = [read(items[place][1]) for place in members]
            pins = [(line.name, frozenset({line.pin}) if line.pin else None) for line in lines]
            yield Failing("conflict", tuple(pins))

    def _conflict(self, items: Sequence[tuple[bool, str]], kept: frozenset[int]) -> bool:
        some = [item for place, item in enumerate(items) if place in kept]
        lines = tuple(text for is_limit, text in some if not is_limit)
        limits = tuple(text for is_limit, text in some if is_limit)
        return self.scenario.solver.solve(Query(lines, limits)) is None

    def _pinned(self) -> Iterator[Failing]:
        """Yield the releases that the file pins and that cannot be built, whatever else it says."""
        for requirement in self.scenario.manifest.requirements:
            for fault in self.scenario.world.faults if requirement.pin else ():
                if not fault.installs and fault.within({requirement.name: requirement.pin or ""}):
                    yield _of_fault(fault)

    # --- what a verdict says ------------------------------------------------------------------

    def _of_fix(self, reported: Reported, fix: Candidate) -> Iterator[Violation]:
        tools = reported.build_constraints
        if not self.passes(fix, tools):
            failing = ", ".join(map(str, self.failing(fix, tools)))
            yield Violation(9, f"the fix {shown(fix)} fails: {failing}")
            return
        if not self._says_the_same(fix):
            yield Violation(9, f"the file of the fix {shown(fix)} says something else")
        for edit in fix.edits:
            if edit.action is EditAction.DROP:
                yield Violation(7, f"the fix leaves {edit.name} out")
            rest = Candidate(tuple(kept for kept in fix.edits if kept is not edit))
            if self.passes(rest, tools):
                yield Violation(2, f"the edit {shown(Candidate((edit,)))} is not needed")
            elif not self._is_excused(reported, rest, tools):
                without = ", ".join(map(str, self.failing(rest, tools)))
                text = f"the edit {shown(Candidate((edit,)))} belongs to no culprit"
                yield Violation(2, f"{text}: without it {without} fails")
            elif not self.strict and not self._is_explained(reported, edit):
                text = f"the edit {shown(Candidate((edit,)))} is of no culprit's project"
                yield Violation(2, f"{text}, and no note says why it is made")
        if tools and self.passes(fix):
            yield Violation(2, f"the build constraints {', '.join(tools)} are not needed")

    def _is_excused(self, reported: Reported, rest: Candidate, tools: Sequence[str]) -> bool:
        """Say whether a culprit is at fault where one edit is taken back, or must be followed."""
        return any(
            failing.holds(culprit) or self._is_followed(failing, culprit)
            for failing in (*self.failing(rest, tools), *self._told(reported, rest))
            for culprit in reported.culprits
        )

    def _is_explained(self, reported: Reported, edit: Edit) -> bool:
        """Say whether an edit is of a project or line that is named, or a note tells of it."""
        named = self._named_by(reported.culprits)
        numbers = {m.requirement.number for c in reported.culprits for m in c.members}
        if edit.name in named or edit.number in numbers:
            return True
        return any(note.startswith(f"{edit.text} ") for note in reported.notes)

    def _says_the_same(self, fix: Candidate) -> bool:
        scenario = self.scenario
        try:
            files = scenario.manifest.render(fix.edits)
        except InputError:
            return False
        texts = {str(FOLDER / name): data for name, data in files.items()}
        root = FOLDER / ROOT
        written = parse_file(
            texts[str(root)], root, folder=FOLDER, variables={}, read=texts.__getitem__
        ).requirements
        lines = sorted(
            str(read(requirement.text)) for requirement in written if not requirement.constraint
        )
        limits = sorted(
            str(read(requirement.text)) for requirement in written if requirement.constraint
        )
        meant = [sorted(str(read(text)) for text in some) for some in scenario.lines_of(fix)]
        return [lines, limits] == meant

    def _incomplete(self, reported: Reported) -> Iterator[Violation]:
        given_up = reported.kind is VerdictKind.INCONCLUSIVE
        given_up = given_up or (not self.strict and reported.fix is None)
        if given_up or self.scenario.quality is Quality.STATUS:
            return
        named = self._named_by(reported.culprits) | self._noted(reported)
        for failing in self.failing(Candidate()):
            unnamed = self._to_be_named(failing, named) - named
            if not self.strict and self._is_unknowable(failing, reported.culprits, named):
                continue
            if unnamed and self._is_shown(reported, failing):
                text = ", ".join(sorted(unnamed))
                yield Violation(3, f"{failing} was shown, and {text} is not named")

    def _is_shown(self, reported: Reported, failing: Failing) -> bool:
        """Say whether some log shows what fails in the file, in the file's own releases."""
        if failing.name == "conflict":
            return True
        before = self._knowable()
        built = {probe.number: probe.candidate for probe in reported.probes}
        for number, names in reported.shown.items():
            now = self.scenario.state(built.get(number, Candidate())).installed
            alike = all(now.get(name) == before.get(name, "") for name in failing.names)
            if failing.name in names and alike:
                return True
        return False

    def _knowable(self) -> Mapping[str, str]:
        """Return what the file installs, without what only sources ask for that do not build."""
        state = self.scenario.state(Candidate())
        if self.strict:
            return state.installed
        stuck = {name for fault in state.faults if not fault.installs for name in fault.names}
        parents = state.solution.parents if state.solution is not None else {}
        known: set[str] = set()
        for _ in parents:
            known |= {
                name
                for name, asking in parents.items()
                if any(one == "" or (one in known and one not in stuck) for one in asking)
            }
        return {name: v for name, v in state.installed.items() if name in known}

    def _to_be_named(self, failing: Failing, named: Set[str]) -> frozenset[str]:
        """Return the projects of a failing set that a verdict has to name."""
        is_planted = any(fault.name == failing.name for fault in self.scenario.world.faults)
        if self.strict or not is_planted:
            return failing.names
        # The side that the fix moves is the culprit; where no other fix is known, it is enough.
        return frozenset() if failing.names & named else failing.names

    def _of_culprit(self, reported: Reported, culprit: Culprit) -> Iterator[Violation]:
        layers = self.layers(reported)
        proof = culprit.proof.failing_probe
        shown = [probe.candidate for probe in reported.probes if probe.number == proof]
        if not any(
            failing.holds(culprit) or self._pulls_in(failing, culprit, shown) for failing in layers
        ):
            yield Violation(5, f"{_named(culprit)} takes part in no failure")
            return
        numbers = {probe.number: probe for probe in reported.probes}
        failing = numbers.get(culprit.proof.failing_probe or 0)
        passing = numbers.get(culprit.proof.passing_probe or 0)
        by_status = self.scenario.quality is Quality.STATUS
        if failing is not None and not by_status and not self._shows(reported, failing, culprit):
            other = ", ".join(reported.shown.get(failing.number, ())) or failing.outcome.value
            yield Violation(4, f"{_named(culprit)} is shown by a probe of another failure: {other}")
        if passing is not None and passing.outcome is not Outcome.PASS:
            yield Violation(4, f"{_named(culprit)} has a passing probe that did not pass")
        for narrowing in culprit.narrowings:
            yield from self._of_narrowing(reported, culprit, narrowing)

    def _is_followed(self, failing: Failing, culprit: Culprit) -> bool:
        """Say whether an edit is there for a culprit's sake: with it gone, the rest conflicts."""
        if self.strict:
            return False
        follows = failing.name == "conflict" or bool(failing.names & _names(culprit))
        return follows or self._pulls_in(failing, culprit)

    def _is_unknowable(
        self, failing: Failing, culprits: Iterable[Culprit], named: Set[str]
    ) -> bool:
        """Say whether logs and resolver do not tell who else takes part.

        A conflict may show only once sources are built; a line may be named for what it pulls in.
        """
        if failing.name != "conflict":
            return any(self._pulls_in(failing, culprit) for culprit in culprits)
        return bool(failing.names & named) and any(
            not listing.wheel
            for name in self._reached(failing.names, {})
            for listing in self.scenario.world.projects.get(name, ())
        )

    def _reached(self, names: Iterable[str], installed: Mapping[str, str]) -> set[str]:
        """Return projects with all that they require as installed, through any chain.

        Of what is not installed any release counts.
        """
        reached = set(names)
        for _ in self.scenario.world.projects:
            reached |= {
                read(text).name
                for name in reached
                for listing in self.scenario.world.projects.get(name, ())
                if installed.get(name, listing.version) == listing.version
                for text in listing.requires
            }
        return reached

    def _drags(self, name: str, base: Candidate) -> set[str]:
        """Return what moves with some release of a project, or without it, as resolved."""
        before = self.scenario.state(base).installed
        dragged: set[str] = set()
        listings = self.scenario.world.projects.get(name, ())
        lines = [line for line in self.scenario.manifest.requirements if line.name == name]
        kept = [edit for edit in base.edits if edit.name != name]
        gone = [Edit(EditAction.DROP, name, line.number) for line in lines]
        without = Candidate((*kept, *gone))
        for moved in (without, *(self.moved(base, name, own.version) for own in listings)):
            state = self.scenario.state(moved)
            dragged |= {own for own, v in state.installed.items() if v != before.get(own)}
            # What does not let it move alone can only move with it.
            dragged |= set(state.blamed)
        return dragged

    def _pulls_in(
        self, failing: Failing, culprit: Culprit, shown: Sequence[Candidate] = ()
    ) -> bool:
        """Say whether a line is named for a release that it pulls in, where no log tells which.

        Or for one that moves with it, in the file or in a candidate that is `shown` to fail.
        """
        told_all = self.scenario.quality is Quality.EXACT
        if self.strict or told_all or failing.name == "conflict":
            return False
        for member in culprit.members:
            reached: set[str] = set()
            for base in (Candidate(), *shown):
                installed = self.scenario.state(base).installed
                reached |= self._reached({member.name}, installed)
                reached |= self._drags(member.name, base)
            if not reached & failing.names:
                return False
        return True

    def _shows(self, reported: Reported, probe: Probe, culprit: Culprit) -> bool:
        if probe.outcome is not Outcome.FAIL:
            return False
        names = {member.name for member in culprit.members}
        seen = reported.shown.get(probe.number, ())
        if probe.kind is ProbeKind.RESOLVE or "conflict" in seen:
            if probe.kind is ProbeKind.ISOLATED:
                alone = [
                    asked.isolated
                    for asked, answer in reported.asked
                    if answer.number == probe.number
                ]
                return any(text is not None and read(text).name in names for text in alone)
            return any(names & failing.names for failing in self.failing(probe.candidate))
        faults = [fault for fault in self.scenario.world.faults if fault.name in seen]
        if any(names & fault.names for fault in faults):
            return True
        return any(self._pulls_in(_of_fault(fault), culprit) for fault in faults)

    # --- ranges -------------------------------------------------------------------------------

    def _of_narrowing(
        self, reported: Reported, culprit: Culprit, narrowing: Narrowing
    ) -> Iterator[Violation]:
        name, last, first = narrowing.name, narrowing.last_failing, narrowing.first_passing
        known = {listing.version for listing in self.scenario.world.projects.get(name, ())}
        for version in (last, first):
            if version is not None and version not in known:
                yield Violation(6, f"there is no release {name} {version}")
                return
        if last is not None and first is not None:
            unlisted = self._between(narrowing, last, first)
            if unlisted:
                text = f"{name} fails with {last} and passes with {first}"
                yield Violation(6, f"{text}: {', '.join(unlisted)} between is not listed")
        if reported.fix is None:
            return
        wrong = [
            self._wrong_ends(rest, name, last, first, reported.build_constraints)
            for rest in self._contexts(reported.fix, culprit, name)
        ]
        if all(wrong):
            yield Violation(6, f"{name}: {wrong[0]}")

    def _between(self, narrowing: Narrowing, last: str, first: str) -> list[str]:
        low, high = sorted((parse(last), parse(first)))
        unresolved = {t.version for t in narrowing.tried if t.outcome is Outcome.UNRESOLVED}
        listed = {*narrowing.not_built, *(t.version for t in narrowing.skipped), *unresolved}
        return [
            version
            for version in in_sight(self.scenario.index.releases(narrowing.name))
            if low < parse(version) < high and version not in listed
        ]

    def _contexts(self, fix: Candidate, culprit: Culprit, name: str) -> Iterator[Candidate]:
        """Yield the rest of the file as a range may mean it.

        As fixed; or so that the failure can return: the culprit's other members as they were.
        """
        yield fix
        others = [member for member in culprit.members if member.name != name]
        back = {m.name for m in others} | {m.requirement.name for m in others if m.via}
        if others:
            yield Candidate(tuple(edit for edit in fix.edits if edit.name not in back - {name}))

    def _wrong_ends(
        self,
        rest: Candidate,
        name: str,
        last: str | None,
        first: str | None,
        tools: Sequence[str],
    ) -> str:
        if last is not None and self.passes(self.moved(rest, name, last), tools):
            return f"it passes with {last}, which is said to fail"
        if first is not None and not self.passes(self.moved(rest, name, first), tools):
            failing = self.failing(self.moved(rest, name, first), tools)
            return f"it fails with {first}, said to pass: {', '.join(map(str, failing))}"
        return ""

    def moved(self, rest: Candidate, name: str, version: str) -> Candidate:
        """Return a candidate with a project at one version: all its lines, or a line of its own."""
        edits = [edit for edit in rest.edits if edit.name != name]
        lines = [
            requirement
            for requirement in self.scenario.manifest.requirements
            if requirement.name == name and read(requirement.text).applies
        ]
        clause = f"=={version}"
        edits += [Edit(EditAction.REPIN, name, requirement.number, clause) for requirement in lines]
        if all(requirement.constraint for requirement in lines):
            edits.append(Edit(EditAction.ADD, name, None, clause))
        return Candidate(tuple(edits))


def judged(
    scenario: Scenario, solve: Callable[[Scenario, Conditions], Reported], *, strict: bool = True
) -> tuple[Reported, list[Violation]]:
    """Solve a scenario under several conditions; return the first verdict, and what is wrong.

    `strict` is as in `Truth`.
    """
    try:
        reported = solve(scenario, Conditions())
    except Endless as error:
        return Reported(VerdictKind.UNAVAILABLE), [Violation(0, str(error))]
    seen = scenario if strict else as_seen(scenario, reported)
    found = Truth(seen, strict=strict).violations(reported)
    others = {
        "when builds take otherwise long": Conditions(delays=1),
        "when builds end in another order": Conditions(order=1),
        "on replay": Conditions(journal=dict(reported.journal)),
    }
    for name, conditions in others.items():
        try:
            other = solve(scenario, conditions)
        except Endless as error:
            found.append(Violation(0, f"{error} {name}"))
            continue
        if other.verdict != reported.verdict:
            found.append(Violation(1, f"another verdict {name}"))
        elif conditions.delays == conditions.order == 0 and other.builds:
            found.append(Violation(1, f"{other.builds} builds {name}"))
    return reported, found


def as_seen(scenario: Scenario, reported: Reported) -> Scenario:
    """Return a scenario in which a release that failed for no reason in each of its builds fails.

    Nobody can tell it from one that is at fault. Where releases are built alone and it is not at
    fault, it has to have failed twice.
    """
    faults: list[Fault] = []
    for flaky in scenario.world.flakes:
        name, _, version = flaky.partition("==")
        failed = sum(f"flake {flaky}" in shown for shown in reported.shown.values())
        least = 2 if scenario.local and not _is_at_fault(scenario, name, version) else 1
        if failed >= least and not _is_installed(scenario, reported, name, version):
            tools = reported.build_constraints[:1]
            members = ((name, frozenset({version})),)
            fault = Fault(f"flake {flaky}", members, Phase.BUILD, remedy="".join(tools))
            faults.append(fault)
    world = replace(scenario.world, faults=(*faults, *scenario.world.faults))
    return replace(scenario, world=world) if faults else scenario


def _is_at_fault(scenario: Scenario, name: str, version: str) -> bool:
    return any(
        not fault.installs and fault.within({name: version}) for fault in scenario.world.faults
    )


def _is_installed(scenario: Scenario, reported: Reported, name: str, version: str) -> bool:
    """Say whether some build installed a release with nothing but the files."""
    for inquiry, probe in reported.asked:
        if inquiry.build_constraints or not _installs(probe):
            continue
        if inquiry.isolated == f"{name}=={version}":
            return True
        installed = scenario.state(inquiry.candidate).installed
        if inquiry.isolated is None and installed.get(name) == version:
            return True
    return False


def _installs(probe: Probe) -> bool:
    told = probe.diagnosis
    at_check = told is not None and told.phase is Phase.CHECK
    return probe.outcome is Outcome.PASS or (probe.outcome is Outcome.FAIL and at_check)


def minimal_sets(
    items: Iterable[int], fails: Callable[[frozenset[int]], bool]
) -> list[frozenset[int]]:
    """Return all minimal failing sets of a monotone test, by a tree of hitting sets (Reiter 1987).

    Smallest first. The test is asked at most once for each set.
    """
    whole = frozenset(items)
    answers: dict[frozenset[int], bool] = {}

    def asked(some: frozenset[int]) -> bool:
        if some not in answers:
            answers[some] = fails(some)
        return answers[some]

    found: list[frozenset[int]] = []
    open_sets: list[frozenset[int]] = [frozenset()]
    seen = set(open_sets)
    for removed in open_sets:
        left = whole - removed
        members = next((known for known in found if known <= left), None)
        if members is None:
            if not asked(left):
                continue
            members = _minimal(left, asked)
            found.append(members)
        for item in sorted(members):
            more = removed | {item}
            if more not in seen:
                seen.add(more)
                open_sets.append(more)
    return sorted(found, key=lambda members: (len(members), sorted(members)))


def _minimal(items: frozenset[int], fails: Callable[[frozenset[int]], bool]) -> frozenset[int]:
    for item in sorted(items, reverse=True):
        if fails(items - {item}):
            items -= {item}
    return items


def _of_fault(fault: Fault) -> Failing:
    return Failing(fault.name, fault.members)


def _names(culprit: Culprit) -> set[str]:
    """Return all projects that a culprit names: members, their lines, the chains between."""
    return {name for m in culprit.members for name in (m.name, m.requirement.name, *m.via)}


def _named(culprit: Culprit) -> str:
    return " with ".join(f"{m.name} {m.version or ''}".strip() for m in culprit.members)


def shown(candidate: Candidate) -> str:
    """Return a candidate's edits in words: `-` before what is left out, `+` before new lines."""
    words = []
    for edit in candidate.edits:
        sign = {EditAction.DROP: "-", EditAction.ADD: "+"}.get(edit.action, "")
        words.append(f"{sign}{edit.name}{edit.to or ''}")
    return ", ".join(words) or "as written"
