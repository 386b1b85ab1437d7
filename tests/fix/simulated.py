"""A scenario: a world, a file that fails in it, and simulated builds that answer its story.

`SimulatedBuilds` stands where `probing.Prober` does: it answers inquiries as the real driver would,
with what a builder and a reader of its logs would say. Nothing is rendered, installed or run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property
from itertools import combinations
from pathlib import Path
from random import Random
from typing import TypeVar

from bisect_deps.builders.base import Capabilities
from bisect_deps.fix.inquiry import BudgetSpent, Inquiry
from bisect_deps.formats.requirements import RequirementsManifest
from bisect_deps.formats.requirements import parse as parse_file
from bisect_deps.model import (
    Breakage,
    BreakageKind,
    Candidate,
    Cause,
    Diagnosis,
    EditAction,
    Evidence,
    Mention,
    Outcome,
    Phase,
    Probe,
    ProbeKind,
    Remedy,
    RemedyKind,
    Requirement,
    Suspect,
)
from bisect_deps.resolution.edits import edited
from bisect_deps.resolution.uv_resolver import Resolution
from tests.fix.resolving import Query, SimulatedResolver, Solution, Solver
from tests.fix.world import HERE, Fault, SimulatedIndex, World, allows, read

ROOT = "requirements.txt"
LIMITS = "constraints.txt"
MORE = "more.txt"
FOLDER = Path("/project")
TIMEOUT = 1800.0
LOCAL = Capabilities(
    max_parallel=2,
    live_log=True,
    cancel=True,
    cheap_single=True,
    installed=True,
    isolated=True,
    warm=True,
)
PLATFORM = Capabilities(check=False, reattach=True)
# What a builder without logs leaves: that the build failed, and nothing else.
STATUS_ONLY = "resolve | unknown |  | "
# No story needs so many answers in worlds of this size.
MOST_ANSWERS = 2000
STOPPED = "::depbisect stopped after 12 s: over its limit"

# What one build comes to: outcome, what its log says, what was installed.
_Answer = tuple[Outcome, Diagnosis, Mapping[str, str] | None]


# Of more items than these, only single ones and all but one are parts to look at.
MOST_PARTED = 6
_T = TypeVar("_T")


class Endless(AssertionError):
    """A story that asks and asks: in a world of this size, it would never end."""


class Quality(str, Enum):
    """What logs tell: both sides of a failure, one, none (only which failure it is), nothing."""

    EXACT = "exact"
    HALF = "half"
    SILENT = "silent"
    STATUS = "status only"


class Checks(str, Enum):
    """How a build is tried out: not at all, by the user's own check, by importing everything.

    IMPLIED: nobody asked for a check, and what installs is imported all the same.
    """

    NONE = "none"
    COMMAND = "command"
    IMPORTS = "imports"
    IMPLIED = "implied imports"

    @property
    def imports(self) -> bool:
        """Say whether it is imports that are tried out."""
        return self in (Checks.IMPORTS, Checks.IMPLIED)


@dataclass(frozen=True, slots=True)
class State:
    """What a candidate truly comes to: `solution` is None where it does not resolve.

    `faults` are all that fail, in the order in which logs show them, those of the install first.
    `missing` are projects that the check needs and that are not there. `blamed` are the projects in
    a minimal conflict.
    """

    solution: Solution | None
    faults: tuple[Fault, ...] = ()
    missing: tuple[str, ...] = ()
    blamed: tuple[str, ...] = ()

    @property
    def installed(self) -> Mapping[str, str]:
        """Return what the installer chooses; nothing where it finds no way."""
        return self.solution.releases if self.solution is not None else {}

    @property
    def passes(self) -> bool:
        """Say whether it installs, and passes its checks."""
        return self.solution is not None and not self.faults and not self.missing

    @property
    def installs(self) -> bool:
        """Say whether it installs, whatever a check says afterwards."""
        return self.solution is not None and all(fault.installs for fault in self.faults)


@dataclass(frozen=True)
class Scenario:
    """A file that fails in a world, and what may be seen of that.

    `files` maps names to texts, the root file first. `local`: the builder tells what it installed
    and builds releases alone; else it is a platform that does neither. `shows_all`: logs of checks
    show every failure, not only the first. `seed` and `plot` say where the scenario comes from.
    """

    world: World
    files: Mapping[str, str]
    quality: Quality = Quality.EXACT
    local: bool = True
    checks: Checks = Checks.COMMAND
    shows_all: bool = False
    seed: int = 0
    plot: str = ""

    @cached_property
    def manifest(self) -> RequirementsManifest:
        """Return the parsed files."""
        files = {str(FOLDER / name): text.encode() for name, text in self.files.items()}
        root = FOLDER / ROOT
        return parse_file(
            files[str(root)], root, folder=FOLDER, variables={}, read=files.__getitem__
        )

    @cached_property
    def solver(self) -> Solver:
        """Return what resolves in this world; it remembers its answers."""
        return Solver(self.world)

    @cached_property
    def index(self) -> SimulatedIndex:
        """Return the index of this world."""
        return SimulatedIndex(self.world)

    def resolver(self) -> SimulatedResolver:
        """Return a resolver that has been asked nothing yet."""
        return SimulatedResolver(self.solver)

    @property
    def capabilities(self) -> Capabilities:
        """Return what the builder can do."""
        return LOCAL if self.local else PLATFORM

    @cached_property
    def states(self) -> dict[object, State]:
        """Return what is known of candidates so far."""
        return {}

    def state(self, candidate: Candidate, build_constraints: Sequence[str] = ()) -> State:
        """Return what a candidate truly comes to, all checks made, nothing flaky."""
        lines, limits = self.lines_of(candidate)
        remedies = tuple(build_constraints)
        key = (lines, limits, remedies)
        if key not in self.states:
            self.states[key] = self._state(Query(lines, limits), remedies)
        return self.states[key]

    def query(self, candidate: Candidate) -> Query:
        """Return what an installer resolves for a candidate."""
        return Query(*self.lines_of(candidate))

    def lines_of(self, candidate: Candidate) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the lines and the constraints of a candidate, as the installer reads them."""
        kept = edited(self.manifest.requirements, candidate.edits)
        lines = [requirement.text for requirement in kept if not requirement.constraint]
        limits = [requirement.text for requirement in kept if requirement.constraint]
        numbers = {requirement.number for requirement in kept}
        for edit in candidate.edits:
            if edit.action is EditAction.ADD:
                (limits if edit.constraint else lines).append(f"{edit.name}{edit.to or ''}")
            elif edit.action is EditAction.REPLACE and edit.number not in numbers:
                lines.append(edit.to or edit.name)
        return tuple(lines), tuple(limits)

    @cached_property
    def passing(self) -> Solution | None:
        """Return releases that pass with every line kept, no yanked ones, no tools; None for none.

        Every line may move, and every project may be held by a line of its own.
        """
        return self._find_passing(tools=False)

    @cached_property
    def passing_with_tools(self) -> Solution | None:
        """Return the same where build constraints may help, too."""
        return self._find_passing(tools=True)

    def _find_passing(self, *, tools: bool) -> Solution | None:
        lines = [
            read(requirement.text)
            for requirement in self.manifest.requirements
            if not requirement.constraint
        ]
        names = [line.with_extras for line in lines if line.applies]
        faults = [
            (place, fault)
            for place, fault in enumerate(self.world.faults)
            if self._is_met(fault) and not (tools and fault.remedy and not fault.installs)
        ]
        remedies = sorted({fault.remedy for _, fault in faults if fault.installs and fault.remedy})
        for some in parts(remedies, whole=True):
            without = tuple(place for place, fault in faults if fault.remedy not in some)
            solution = self.solver.solve(Query((*names, *some), without=without))
            if solution is not None:
                return solution
        return None

    def _is_met(self, fault: Fault) -> bool:
        """Say whether builds would meet a fault: one of a check only where there is one."""
        return not fault.installs or self.checks is not Checks.NONE

    def _state(self, query: Query, remedies: tuple[str, ...]) -> State:
        solution = self.solver.solve(query)
        if solution is None:
            return State(None, blamed=self.solver.blamed(query))
        faults = [
            fault
            for fault in self.world.faults
            if fault.within(solution.releases)
            and (fault.installs or not fault.remedied_by(remedies))
        ]
        faults = [fault for fault in faults if self._is_met(fault)]
        faults.sort(key=lambda fault: (fault.installs, fault.place, fault.name))
        needed = self.world.needed if self.checks is Checks.COMMAND else frozenset()
        missing = tuple(sorted(needed - solution.releases.keys()))
        return State(solution, tuple(faults), missing)


@dataclass(slots=True)
class Conditions:
    """What must not change a verdict.

    How long builds take (`delays`, a seed), in which order those of one round end (`order`, a
    seed), and what a `journal` answers.
    """

    delays: int = 0
    order: int = 0
    journal: dict[str, Probe] = field(default_factory=dict)


class SimulatedBuilds:
    """Answers a scenario's inquiries. `builds` counts those that no journal answered.

    `shown` maps the number of each failed probe to what its log shows: the names of faults,
    `conflict`, `missing NAME`, `flake NAME`, or nothing for one that was stopped.
    """

    def __init__(
        self,
        scenario: Scenario,
        conditions: Conditions | None = None,
        max_builds: int | None = None,
    ) -> None:
        self.scenario = scenario
        self.conditions = conditions if conditions is not None else Conditions()
        self.max_builds = max_builds
        self.probes: list[Probe] = []
        self.asked: list[tuple[Inquiry, Probe]] = []
        self.shown: dict[int, tuple[str, ...]] = {}
        self.builds = 0
        self._order = Random(f"order {self.conditions.order}")
        self._next = 1 + max(
            (probe.number for probe in self.conditions.journal.values()), default=0
        )

    def answer(self, inquiries: Sequence[Inquiry]) -> list[Probe]:
        """Return one probe per inquiry, in the same order. Raises BudgetSpent, Endless."""
        if len(self.asked) > MOST_ANSWERS:
            raise Endless(f"{MOST_ANSWERS} inquiries answered, and no verdict")
        keys = [self._key(inquiry) for inquiry in inquiries]
        queue = list(range(len(inquiries)))
        if self.conditions.order:
            self._order.shuffle(queue)
        answers: dict[str, Probe] = {}
        for place in queue:
            if keys[place] not in answers:
                answers[keys[place]] = self._answer(inquiries[place], keys[place])
        found = [answers[key] for key in keys]
        self.asked += zip(inquiries, found, strict=True)
        return found

    def resolved(self, candidate: Candidate, resolution: Resolution) -> Probe:
        """Keep what the resolver alone says of a candidate as a probe that costs no build."""
        key = f"resolved {self.scenario.lines_of(candidate)}"
        known = self.conditions.journal.get(key)
        if known is None:
            shown = _Shown(self.scenario, resolution.blamed)
            diagnosis = passed() if resolution.resolved else shown.conflict()
            known = Probe(
                number=self._number(),
                kind=ProbeKind.RESOLVE,
                candidate=candidate,
                outcome=Outcome.PASS if resolution.resolved else Outcome.FAIL,
                signature=diagnosis.signature,
                diagnosis=diagnosis,
            )
            self.conditions.journal[key] = known
            self._keep(known)
            return known
        self._keep(replace(known, from_journal=True))
        return self.probes[-1] if self.probes[-1].number == known.number else known

    def _answer(self, inquiry: Inquiry, key: str) -> Probe:
        afresh = self._key(replace(inquiry, exact=None))
        known = self.conditions.journal.get(key) or self.conditions.journal.get(afresh)
        if known is not None:
            probe = replace(
                known, kind=inquiry.kind, candidate=inquiry.candidate, from_journal=True
            )
        else:
            if self.max_builds is not None and self.builds >= self.max_builds:
                raise BudgetSpent(f"the limit of {self.max_builds} builds is reached")
            self.builds += 1
            probe = self._build(inquiry, key)
            self.conditions.journal[key] = probe
        self._keep(probe)
        return probe

    def _keep(self, probe: Probe) -> None:
        if all(known.number != probe.number for known in self.probes):
            self.probes.append(probe)

    def _number(self) -> int:
        number, self._next = self._next, self._next + 1
        return number

    def _key(self, inquiry: Inquiry) -> str:
        lines: object = () if inquiry.isolated else self.scenario.lines_of(inquiry.candidate)
        if inquiry.exact is not None:
            lines = ("exact", *inquiry.exact)
        tried_out = inquiry.check and inquiry.isolated is None
        added = [e.name for e in inquiry.candidate.edits if e.action is EditAction.ADD]
        return repr(
            (
                lines,
                inquiry.isolated,
                tried_out,
                inquiry.imports and tried_out,
                added if inquiry.imports and tried_out else (),
                inquiry.build_constraints,
                inquiry.repeat,
            )
        )

    def _build(self, inquiry: Inquiry, key: str) -> Probe:
        number = self._number()
        seconds = delay(self.conditions.delays, key)
        if seconds > TIMEOUT:
            outcome, diagnosis, installed = Outcome.UNRESOLVED, stopped(), None
            self.shown[number] = ()
        elif inquiry.isolated is not None:
            outcome, diagnosis, installed = self._alone(inquiry, inquiry.isolated, key, number)
        else:
            outcome, diagnosis, installed = self._whole(inquiry, key, number)
        log = f"probes/{number}.log"
        return Probe(
            number=number,
            kind=inquiry.kind,
            candidate=inquiry.candidate,
            outcome=outcome,
            seconds=seconds,
            log=log,
            signature=diagnosis.signature,
            diagnosis=_in_log(diagnosis, log),
            installed=installed if self.scenario.local else None,
            warm=inquiry.exact is not None,
        )

    def _whole(self, inquiry: Inquiry, key: str, number: int) -> _Answer:
        scenario = self.scenario
        if inquiry.build_constraints and not scenario.local:
            raise AssertionError("a platform takes no build constraints")
        state = scenario.state(inquiry.candidate, inquiry.build_constraints)
        shown = _Shown(scenario, state.blamed, state.solution, inquiry.candidate)
        if state.solution is None:
            return self._failed(number, ["conflict"], shown.conflict(), None)
        flake = self._flake(state.installed, key)
        if flake is not None:
            return self._failed(number, [f"flake {flake}"], shown.flake(flake), None)
        broken = [fault for fault in state.faults if not fault.installs]
        if broken:
            return self._failed(number, [broken[0].name], shown.faults(broken[:1]), None)
        if not self._is_tried_out(inquiry):
            return Outcome.PASS, passed(), state.installed
        if state.missing:
            first = state.missing[0]
            text = f"missing {first}"
            return self._failed(number, [text], shown.missing(first), state.installed)
        if state.faults:
            seen = state.faults if scenario.shows_all else state.faults[:1]
            names = [fault.name for fault in seen]
            return self._failed(number, names, shown.faults(seen), state.installed)
        return Outcome.PASS, passed(Phase.CHECK), state.installed

    def _alone(self, inquiry: Inquiry, text: str, key: str, number: int) -> _Answer:
        scenario = self.scenario
        if not scenario.local:
            raise AssertionError("a platform builds no release alone")
        line = read(text)
        shown = _Shown(scenario, (line.name,))
        bare = World(
            {
                name: tuple(replace(listing, requires=()) for listing in listings)
                for name, listings in scenario.world.projects.items()
                if name == line.name
            }
        )
        solution = Solver(bare).solve(Query((text,)))
        if solution is None:
            return self._failed(number, ["conflict"], shown.conflict(), None)
        flake = self._flake(solution.releases, key)
        shown = _Shown(scenario, (), solution)
        if flake is not None:
            return self._failed(number, [f"flake {flake}"], shown.flake(flake), None)
        for fault in sorted(scenario.world.faults, key=lambda fault: fault.place):
            remedied = fault.remedied_by(inquiry.build_constraints)
            if not fault.installs and not remedied and fault.within(solution.releases):
                return self._failed(number, [fault.name], shown.faults([fault]), None)
        return Outcome.PASS, passed(), solution.releases

    def _is_tried_out(self, inquiry: Inquiry) -> bool:
        if self.scenario.checks.imports:
            return inquiry.imports and inquiry.check
        # A platform's own check is a part of every build.
        return inquiry.check or not self.scenario.capabilities.check

    def _failed(
        self,
        number: int,
        names: Sequence[str],
        diagnosis: Diagnosis,
        installed: Mapping[str, str] | None,
    ) -> _Answer:
        self.shown[number] = tuple(names)
        return Outcome.FAIL, diagnosis, installed

    def _flake(self, installed: Mapping[str, str], key: str) -> str | None:
        """Return the first release whose build fails for no reason this time, None for none."""
        for release, chance in sorted(self.scenario.world.flakes.items()):
            name, _, version = release.partition("==")
            if installed.get(name) != version:
                continue
            if Random(f"flake {self.scenario.seed} {release} {key}").random() < chance:
                return release
        return None


def delay(seed: int, key: str) -> float:
    """Return how many seconds a build takes: mostly few, now and then very many."""
    random = Random(f"delay {seed} {key}")
    slowest = random.choices((20.0, 300.0, 1500.0), (70, 20, 10))[0]
    return round(random.uniform(0.3, slowest), 3)


def passed(phase: Phase = Phase.INSTALL) -> Diagnosis:
    """Return what the log of a pass says."""
    return Diagnosis(Outcome.PASS, Cause.NONE, phase)


def stopped() -> Diagnosis:
    """Return what the log of a build says that was stopped at its limit."""
    signature = "resolve | resources |  | ::depbisect stopped after # s: over its limit"
    evidence = (Evidence(4, STOPPED),)
    return Diagnosis(
        Outcome.FAIL, Cause.RESOURCES, Phase.RESOLVE, signature=signature, evidence=evidence
    )


class _Shown:
    """What the log of one failed build says, as well as the scenario's logs tell."""

    def __init__(
        self,
        scenario: Scenario,
        blamed: Sequence[str] = (),
        solution: Solution | None = None,
        candidate: Candidate | None = None,
    ) -> None:
        self._quality = scenario.quality
        self._world = scenario.world
        self._blamed = blamed
        self._solution = solution
        edits = candidate.edits if candidate is not None else ()
        self._requirements = edited(scenario.manifest.requirements, edits)

    def conflict(self) -> Diagnosis:
        """Return what an installer says that finds no set of releases."""
        cause = Cause.RESOLVER_CONFLICT
        if len(self._blamed) == 1:
            cause = self._why_refused(self._blamed[0])
        text = "No solution found when resolving dependencies:"
        lines = [
            requirement for requirement in self._requirements if requirement.name in self._blamed
        ]
        reported = lines[:1] if self._quality is Quality.HALF else lines
        suspects = [
            self._suspect(
                requirement.name, requirement, (), Phase.RESOLVE, cause, text, len(reported) > 1
            )
            for requirement in reported
        ]
        asking = [Evidence(8, f"Because {edge}") for edge in self._edges(lines)]
        if self._quality is Quality.EXACT:
            suspects = [replace(one, evidence=(*one.evidence, *asking)) for one in suspects]
        return self._diagnosis(Phase.RESOLVE, cause, text, suspects)

    def _edges(self, lines: Sequence[Requirement]) -> list[str]:
        """Return who asks for what, from releases that these lines allow to one of the others."""
        named = {line.name for line in lines}
        leading = set(named)
        listings = self._world.projects
        asks = {
            name: {read(text).name for own in listings[name] for text in own.requires}
            for name in listings
        }
        for _ in listings:
            leading |= {name for name in listings if asks[name] & leading}
        found: dict[str, None] = {}
        reached = [(line.name, read(line.text).specifier) for line in lines]
        for name, clause in reached:
            for own in listings.get(name, ()):
                wanted = [read(text) for text in own.requires if allows(clause, own.version)]
                for line in wanted:
                    if line.applies and not line.within and line.name in leading:
                        edge = f"{name}=={own.version} depends on {line.name}{line.specifier}"
                        found.setdefault(edge)
                        if (line.name, line.specifier) not in reached and line.name not in named:
                            reached.append((line.name, line.specifier))
        return list(found)

    def missing(self, name: str) -> Diagnosis:
        """Return what the user's check says of a project that is not installed."""
        text = f"ModuleNotFoundError: No module named '{name}'"
        breakage = Breakage(BreakageKind.MODULE_GONE, what=name)
        return self._diagnosis(Phase.CHECK, Cause.IMPORT_ERROR, text, (), [breakage])

    def flake(self, release: str) -> Diagnosis:
        """Return what a build says that failed for no reason."""
        name = release.partition("==")[0]
        text = f"error: {name} ended unexpectedly"
        phase, cause = Phase.BUILD, Cause.SETUP_SCRIPT_ERROR
        suspects = [self._pointed(name, phase, cause, text)]
        return self._diagnosis(phase, cause, text, suspects)

    def faults(self, faults: Sequence[Fault]) -> Diagnosis:
        """Return what the log says of these failures, the first one first."""
        suspects: list[Suspect] = []
        breakages: list[Breakage] = []
        for fault in faults:
            text = text_of(fault)
            sides = self._sides(fault)
            found = [
                self._pointed(name, fault.phase, fault.cause, text, _remedies(fault))
                for name in reversed(sides)
            ]
            if len(found) > 1:
                found = [replace(suspect, group=len(suspects) + 1) for suspect in found]
            suspects += sorted(found, key=lambda suspect: suspect.requirement is None)
            if fault.installs:
                breakages.append(self._breakage(fault, sides, text))
        first = faults[0]
        return self._diagnosis(first.phase, first.cause, text_of(first), suspects, breakages)

    def _why_refused(self, name: str) -> Cause:
        """Return the cause where a single line cannot be resolved."""
        pins = {requirement.pin for requirement in self._requirements if requirement.name == name}
        listing = self._world.listing(name, next(iter(pins)) or "") if len(pins) == 1 else None
        if listing is None:
            return Cause.NO_MATCHING_VERSION
        refused = listing.requires_python is not None
        return Cause.REQUIRES_PYTHON if refused else Cause.NO_COMPATIBLE_WHEEL

    def _sides(self, fault: Fault) -> list[str]:
        """Return the members that the log names: user first, then what lacks something."""
        names = [name for name, _ in fault.members][:2]
        if self._quality is Quality.HALF and len(names) > 1:
            return names[:1] if fault.blind == "lacks" else names[1:]
        return names

    def _breakage(self, fault: Fault, sides: Sequence[str], text: str) -> Breakage:
        names = [name for name, _ in fault.members]
        alone_lacks = len(names) == 1 and fault.blind == "user"
        user = names[0] if names[0] in sides and not alone_lacks else ""
        lacks = names[1] if len(names) > 1 and names[1] in sides else ""
        through = [*self._chain(names[0]), *names[2:]] if user else []
        return Breakage(
            kind=fault.kind,
            user=user,
            lacks=names[0] if alone_lacks else lacks,
            what=fault.name,
            through=tuple(dict.fromkeys(through)),
            signature=f"{fault.phase.value} | {fault.cause.value} | {sides[-1]} | {text}",
            remedies=_remedies(fault),
            evidence=(Evidence(7, text),),
        )

    def _pointed(
        self,
        name: str,
        phase: Phase,
        cause: Cause,
        text: str,
        remedies: tuple[Remedy, ...] = (),
    ) -> Suspect:
        chain = self._chain(name)
        top = chain[0] if chain else name
        direct = [
            requirement
            for requirement in self._requirements
            if requirement.name == top and not requirement.constraint
        ]
        requirement = direct[0] if direct else None
        return self._suspect(name, requirement, chain, phase, cause, text, False, remedies)

    def _suspect(
        self,
        name: str,
        requirement: Requirement | None,
        chain: Sequence[str],
        phase: Phase,
        cause: Cause,
        text: str,
        grouped: bool,
        remedies: tuple[Remedy, ...] = (),
    ) -> Suspect:
        installed = self._solution.releases.get(name) if self._solution is not None else None
        known = installed if phase is not Phase.CHECK else None
        failing = f"{name}=={known}" if known else name
        if phase is Phase.RESOLVE and requirement is not None and requirement.pin:
            failing = f"{name}=={requirement.pin}"
        advice = "".join(
            f"build it with a build constraint `{remedy.requirement}`"
            for remedy in remedies
            if remedy.kind is RemedyKind.BUILD
        )
        return Suspect(
            name=requirement.name if requirement is not None else name,
            version=requirement.pin if requirement is not None else known,
            requirement=requirement.text if requirement is not None else None,
            failing=Mention.parse(failing),
            via=tuple(chain[:-1]),
            phase=phase,
            cause=cause,
            confidence=0.9,
            summary=f"{failing}: {text}",
            advice=advice,
            signature=f"{phase.value} | {cause.value} | {name} | {text}",
            evidence=(Evidence(7, text),),
            group=1 if grouped else None,
            remedies=remedies,
        )

    def _chain(self, name: str) -> tuple[str, ...]:
        """Return the chain from a line of the user to a project, both included."""
        if self._solution is None:
            return ()
        return chain_of(self._solution, name)

    def _diagnosis(
        self,
        phase: Phase,
        cause: Cause,
        text: str,
        suspects: Iterable[Suspect],
        breakages: Iterable[Breakage] = (),
    ) -> Diagnosis:
        if self._quality is Quality.STATUS:
            return Diagnosis(Outcome.FAIL, Cause.UNKNOWN, Phase.RESOLVE, signature=STATUS_ONLY)
        reported = tuple(suspects)
        project = reported[0].failing.name if reported and reported[0].failing else ""
        signature = f"{phase.value} | {cause.value} | {project} | {text}"
        evidence = (Evidence(7, text),)
        if self._quality is Quality.SILENT:
            signature = f"{phase.value} | unknown |  | {text}"
            return Diagnosis(
                Outcome.FAIL, Cause.UNKNOWN, phase, signature=signature, evidence=evidence
            )
        broken = tuple(
            replace(breakage, signature=breakage.signature or signature) for breakage in breakages
        )
        return Diagnosis(
            Outcome.FAIL, cause, phase, reported, signature, evidence, breakages=broken
        )


def text_of(fault: Fault) -> str:
    """Return the line that shows a fault in a log; no other fault has it."""
    kind = "ImportError" if fault.installs else "error"
    return f"{kind}: {fault.name}"


def chain_of(solution: Solution, name: str) -> tuple[str, ...]:
    """Return the shortest chain from a line of the user to a project, both included."""
    paths: list[tuple[str, ...]] = [(name,)]
    seen = {name}
    for path in paths:
        parents = solution.parents.get(path[0], ())
        if "" in parents:
            return path
        for parent in parents:
            if parent not in seen:
                seen.add(parent)
                paths.append((parent, *path))
    return ()


def parts(edits: Sequence[_T], *, whole: bool = False) -> Iterator[tuple[_T, ...]]:
    """Yield the parts of a sequence, smallest first; of more than MOST_PARTED only the ends."""
    sizes = range(len(edits) + whole)
    if len(edits) > MOST_PARTED:
        sizes = range(0)
        yield ()
        yield from combinations(edits, 1)
        yield from combinations(edits, len(edits) - 1)
    for size in sizes:
        yield from combinations(edits, size)


def _remedies(fault: Fault) -> tuple[Remedy, ...]:
    kind = RemedyKind.RUN if fault.installs else RemedyKind.BUILD
    return (Remedy(kind, fault.remedy),) if fault.remedy else ()


def _in_log(diagnosis: Diagnosis, log: str) -> Diagnosis:
    """Name the log in every piece of evidence."""

    def placed(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
        return tuple(replace(line, log=log) for line in evidence)

    return replace(
        diagnosis,
        evidence=placed(diagnosis.evidence),
        suspects=tuple(replace(s, evidence=placed(s.evidence)) for s in diagnosis.suspects),
        breakages=tuple(replace(b, evidence=placed(b.evidence)) for b in diagnosis.breakages),
    )


def described(scenario: Scenario) -> Iterator[str]:
    """Yield a scenario in lines for people: the files, the releases, what fails."""
    builder = "local" if scenario.local else "platform"
    yield (
        f"scenario {scenario.seed} ({scenario.plot}): {builder} builder, "
        f"logs {scenario.quality.value}, checks {scenario.checks.value}"
        + (", all shown" if scenario.shows_all else "")
    )
    for name, text in scenario.files.items():
        yield f"--- {name}"
        yield from text.splitlines()
    yield "--- releases"
    for name, listings in scenario.world.projects.items():
        for listing in listings:
            marks = [
                *([] if listing.wheel == HERE else ["source" if listing.sdist else "no file"]),
                *([f"python{listing.requires_python}"] if listing.requires_python else []),
                *(["yanked"] if listing.yanked else []),
            ]
            needs = f" -> {', '.join(listing.requires)}" if listing.requires else ""
            reported = "".join(f" @{mark}" for mark in marks)
            yield f"{name} {listing.version} ({listing.uploaded[:10]}){reported}{needs}"
    yield "--- what fails"
    for fault in sorted(scenario.world.faults, key=lambda fault: (fault.installs, fault.place)):
        sets = " with ".join(f"{name} {'/'.join(sorted(v))}" for name, v in fault.members)
        remedy = f", avoided by {fault.remedy}" if fault.remedy else ""
        yield f"{fault.name}: {fault.phase.value}, {sets}{remedy}"
    if scenario.world.needed:
        yield f"the check needs {', '.join(sorted(scenario.world.needed))}"
    for release, chance in scenario.world.flakes.items():
        yield f"{release} fails {chance:.0%} of its builds for no reason"
    state = scenario.state(Candidate())
    shown = ", ".join(f"{name} {version}" for name, version in state.installed.items())
    yield f"installed: {shown or 'nothing: ' + ', '.join(state.blamed)}"
    yield f"fails: {', '.join(fault.name for fault in state.faults)}"
