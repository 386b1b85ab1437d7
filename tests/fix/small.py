"""Small worlds by hand: a few releases, what fails among them, and a story told in them.

A project is a table of versions: the day of its upload, and what it requires. `SimulatedBuilds`
answers, so that a whole story takes milliseconds and every build is counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from bisect_deps.fix.case import Case
from bisect_deps.fix.check import breakage_of
from bisect_deps.fix.inquiry import Inquiry, Story
from bisect_deps.fix.proposers.base import Move, Scene
from bisect_deps.model import BreakageKind, Candidate, Cause, Outcome, Phase, Probe, ProbeKind
from bisect_deps.run.driver import drive
from tests.fix.simulated import LIMITS, ROOT, Scenario, SimulatedBuilds
from tests.fix.solving import case_of
from tests.fix.world import Fault, Listing, World

T = TypeVar("T")


def at(version: str, day: str = "2020-01-01", *requires: str, **more: Any) -> Listing:
    """Return a release of a day (`2021-05-01`)."""
    return Listing(version, requires, f"{day}T00:00:00Z", **more)


def yearly(*versions: str, start: int = 2015, requires: Sequence[str] = ()) -> tuple[Listing, ...]:
    """Return releases that appeared a year apart."""
    return tuple(at(version, f"{start + n}-01-01", *requires) for n, version in enumerate(versions))


def breaks(name: str, place: int = 0, **members: str) -> Fault:
    """Return a check's failure: the user first, then what lacks something, versions by `/`."""
    sides = tuple(
        (project.replace("_", "-"), frozenset(versions.split("/")))
        for project, versions in members.items()
    )
    kind = BreakageKind.NAME_GONE if len(sides) > 1 else BreakageKind.RAISED
    return Fault(name, sides, kind=kind, place=place)


def unbuildable(
    name: str, project: str, versions: str, cause: Cause = Cause.COMPILE_ERROR
) -> Fault:
    """Return a failing build of some versions of a project, separated by `/`."""
    return Fault(name, ((project, frozenset(versions.split("/"))),), Phase.BUILD, cause)


@dataclass(frozen=True)
class Small:
    """A scenario with its simulated builds and the case about it."""

    scenario: Scenario
    builds: SimulatedBuilds
    case: Case

    def told(self, story: Story[T]) -> T:
        """Tell a story until it ends."""
        return drive(story, self.builds)  # type: ignore[arg-type]

    def probe(self, candidate: Candidate | None = None, repeat: int = 0) -> Probe:
        """Build a candidate: the file as it is without one."""
        tried, purpose, imports = candidate or Candidate(), "does it build?", self.case.imports
        inquiry = Inquiry(tried, ProbeKind.WHOLE, purpose, imports=imports, repeat=repeat)
        [probe] = self.builds.answer([inquiry])
        return probe

    def alone(self, release: str, repeat: int = 0) -> Probe:
        """Build a release alone, without what it requires."""
        inquiry = Inquiry(
            Candidate(), ProbeKind.ISOLATED, "does it build?", isolated=release, repeat=repeat
        )
        [probe] = self.builds.answer([inquiry])
        return probe

    def scene(self, probe: Probe | None = None, **more: Any) -> Scene:
        """Return a failing check as proposers see it; the file as it is without a probe."""
        probe = probe or self.probe()
        installed = self.case.installed(probe)
        given = {"origin": installed, "held": {}, **more}
        return Scene(probe, breakage_of(probe), installed, **given)

    @property
    def asked(self) -> list[str]:
        """Return what was built so far, each as its edits."""
        return [said(inquiry.candidate) for inquiry, _ in self.builds.asked]


@dataclass(frozen=True)
class Stopping:
    """Builds, of which those of some candidates are stopped before they tell anything.

    `stopped` holds their edits, as `said` puts them.
    """

    builds: SimulatedBuilds
    stopped: Sequence[str]

    def answer(self, inquiries: Sequence[Inquiry]) -> list[Probe]:
        """Return one probe per inquiry, in the same order."""
        return [
            replace(probe, outcome=Outcome.UNRESOLVED, diagnosis=None, installed=None)
            if said(probe.candidate) in self.stopped
            else probe
            for probe in self.builds.answer(inquiries)
        ]


def small(
    text: str,
    projects: Mapping[str, Sequence[Listing]],
    *faults: Fault,
    limits: str = "",
    flakes: Mapping[str, float] | None = None,
    needed: Sequence[str] = (),
    case: Mapping[str, Any] | None = None,
    **more: Any,
) -> Small:
    """Return a file of these lines in a world; `case` are fields of the case wanted otherwise.

    The user's own check imports what is `needed`.
    """
    files = {ROOT: text + (f"-c {LIMITS}\n" if limits else "")}
    if limits:
        files[LIMITS] = limits
    tables = {name.replace("_", "-"): tuple(listings) for name, listings in projects.items()}
    world = World(tables, faults, needed=frozenset(needed), flakes=flakes or {})
    scenario = Scenario(world, files, **more)
    builds = SimulatedBuilds(scenario)
    return Small(scenario, builds, case_of(scenario, builds, **(case or {})))


def said(candidate: Candidate) -> str:
    """Return a candidate's edits in a line; "" for the file as it is."""
    return " ".join(edit.text or f"-{edit.name}" for edit in candidate.edits)


def texts(moves: Sequence[Move]) -> list[str]:
    """Return what moves offer, each as its edits."""
    return [said(move.candidate) for move in moves]
