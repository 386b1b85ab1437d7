"""Solves a scenario with the story under test, and says what it reported in one form.

The one place that knows the story's entry point.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bisect_deps.fix.case import Case
from bisect_deps.fix.inquiry import Inquiry
from bisect_deps.fix.repair import repair
from bisect_deps.model import Candidate, Culprit, Probe, VerdictKind
from bisect_deps.progress import Silent
from bisect_deps.run.driver import drive
from bisect_deps.search.strategy import Prefer
from tests.fix.simulated import Checks, Conditions, Scenario, SimulatedBuilds
from tests.fix.world import PYTHON


@dataclass(frozen=True)
class Reported:
    """What a story said of a scenario, with what it asked on the way.

    `fix` is the recommended candidate, None without one; `shown` says what the log of each failed
    probe showed (see `SimulatedBuilds.shown`); `journal` can be given to another solving.
    """

    kind: VerdictKind
    culprits: tuple[Culprit, ...] = ()
    fix: Candidate | None = None
    build_constraints: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    asked: tuple[tuple[Inquiry, Probe], ...] = ()
    probes: tuple[Probe, ...] = ()
    shown: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    journal: Mapping[str, Probe] = field(default_factory=dict)
    builds: int = 0

    @property
    def verdict(self) -> tuple[object, ...]:
        """Return what must be the same whatever the clock says: all but numbers of probes."""
        culprits = [
            (
                [(m.requirement.number, m.name, m.version, m.via) for m in culprit.members],
                culprit.phase.value,
                culprit.cause.value,
                [
                    (n.name, n.last_failing, n.first_passing, n.not_built)
                    for n in culprit.narrowings
                ],
            )
            for culprit in self.culprits
        ]
        return (self.kind.value, self.fix, self.build_constraints, culprits)


def case_of(scenario: Scenario, builds: SimulatedBuilds, **more: Any) -> Case:
    """Return a scenario as a case; `more` are fields that a test wants otherwise."""
    capabilities = scenario.capabilities
    case = Case(
        manifest=scenario.manifest,
        interpreter=PYTHON,
        capabilities=capabilities,
        progress=Silent(),
        index=scenario.index,
        resolver=scenario.resolver(),
        has_check=scenario.checks is Checks.COMMAND,
        imports=scenario.checks is Checks.IMPORTS,
        slots=capabilities.max_parallel,
        prefer=Prefer.TIME if capabilities.cheap_single else Prefer.BUILDS,
        record=builds.resolved,
    )
    return replace(case, **more)


def solve_scenario(
    scenario: Scenario, conditions: Conditions | None = None, max_builds: int | None = None
) -> Reported:
    """Return what the story under test says of a scenario."""
    builds = SimulatedBuilds(scenario, conditions, max_builds)
    case = case_of(scenario, builds)
    concluded = drive(repair(case), builds)  # type: ignore[arg-type]
    fix = concluded.ways[0] if concluded.ways else None
    return Reported(
        kind=concluded.kind,
        culprits=concluded.culprits,
        fix=fix.candidate if fix is not None else None,
        build_constraints=fix.build_constraints if fix is not None else (),
        notes=tuple(note.text for note in concluded.notes),
        asked=tuple(builds.asked),
        probes=tuple(builds.probes),
        shown=dict(builds.shown),
        journal=dict(builds.conditions.journal),
        builds=builds.builds,
    )
