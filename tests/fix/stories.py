"""What each of some scenarios was last told as: every question, and all that the verdict says.

    python -m tests.fix.stories      write them anew, and look at the difference

The laws say what is right; these say that a change of the code tells no story otherwise unseen.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from bisect_deps.fix.avoid import avoid
from bisect_deps.fix.case import Case, baseline_inquiry
from bisect_deps.fix.check import breakage_of
from bisect_deps.fix.failure import installs
from bisect_deps.fix.inquiry import Inquiry
from bisect_deps.fix.proposers import moves
from bisect_deps.fix.proposers.base import Scene
from bisect_deps.fix.repair import repair
from bisect_deps.fix.verdict import verdict_of
from bisect_deps.model import (
    Culprit,
    Fix,
    Member,
    Narrow,
    Narrowing,
    Outcome,
    Probe,
    Target,
    Tried,
)
from bisect_deps.policy import POLICY
from bisect_deps.progress import Silent
from bisect_deps.run.driver import drive
from bisect_deps.search.strategy import Prefer
from tests.fix.drawing import draw
from tests.fix.shapes import draw_shape
from tests.fix.simulated import Scenario, SimulatedBuilds
from tests.fix.solving import case_of
from tests.fix.test_laws import ONCE_BROKEN, SHAPES_BROKEN
from tests.fix.truth import shown

KEPT = Path(__file__).parent.parent.parent / "fixtures" / "stories.txt"

# Each seed is one scenario of `drawing` and one of `shapes`; those that broke a law follow.
SCENARIOS: tuple[tuple[str, Callable[[], Scenario]], ...] = (
    *((f"{seed}", partial(by, seed)) for seed in range(160) for by in (draw, draw_shape)),
    *((f"{seed}", partial(draw, seed)) for seed in ONCE_BROKEN),
    *((f"{seed}", partial(draw_shape, seed)) for seed in SHAPES_BROKEN),
)
# So many stories are a chapter.
LENGTH = 16
CHAPTERS = math.ceil(len(SCENARIOS) / LENGTH)
TARGET = Target("3.11.7", "linux-x86_64", "local", "uv", "2026-01-01T00:00:00Z")
# What is asked for beside the usual, one after the other.
WISHES: tuple[Mapping[str, Any], ...] = (
    {},
    {"narrow": Narrow.FULL, "alternatives": True},
    {"prefer": Prefer.BUILDS, "slots": 4},
    {"narrow": Narrow.NONE, "add_constraints": True},
    {},
    {"allow_removal": True},
    {"warm": False, "annotate": True},
    {"same_tool": False},
    {"good_date": "2021-06-01T00:00:00Z"},
)
# Every so many stories the versions of a build that passes are known to have worked.
KNOWN_EVERY = 8
# Every so many stories one ends early, after so many builds.
STOPPED_EVERY, STOPPED_AFTER = 5, 4


class Heard(Silent):
    """Notes what a story says on its way."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def phase(self, name: str, detail: str = "") -> None:
        self.said.append(f"{name} {detail}".rstrip())

    def note(self, text: str) -> None:
        self.said.append(text)

    def steps_left(self, one: int, two: int) -> None:
        self.said.append(f"left: {one} or {two}")


def chapter(number: int) -> Iterator[str]:
    """Yield the lines of the stories of one chapter."""
    first = number * LENGTH
    for at, (seed, drawn) in enumerate(SCENARIOS[first : first + LENGTH], first):
        scenario = drawn()
        yield f"== {seed} {scenario.plot}"
        yield from told(scenario, at)


def told(scenario: Scenario, number: int) -> Iterator[str]:
    """Yield what a scenario's story asks and concludes, in lines."""
    wish = dict(WISHES[number % len(WISHES)])
    if number % KNOWN_EVERY == 0 and scenario.passing is not None:
        wish["good"] = scenario.passing.releases
    builds = SimulatedBuilds(scenario, max_builds=None if number % STOPPED_EVERY else STOPPED_AFTER)
    heard = Heard()
    proven: list[str] = []
    case = case_of(
        scenario,
        builds,
        progress=heard,
        tell=lambda candidate, probe, last: proven.append(f"{shown(candidate)} {probe} {last}"),
        **wish,
    )
    concluded = drive(repair(case), builds)  # type: ignore[arg-type]
    yield from (_asked(inquiry, probe) for inquiry, probe in builds.asked)
    yield from _offered(case, builds.probes)
    yield from _avoided(scenario, wish)
    yield "; ".join(heard.said)
    yield from (f"proven: {line}" for line in proven)
    verdict = verdict_of(scenario.manifest, TARGET, concluded, builds.probes)
    yield f"{verdict.kind.value}: {verdict.summary} {verdict.confidence:.3f}"
    yield f"builds: {' '.join(str(probe.number) for probe in verdict.probes)}"
    yield from (line for culprit in verdict.culprits for line in _culprit(culprit))
    for fix in (verdict.fix, *verdict.other_fixes):
        yield from _fix(fix) if fix is not None else ()
    if verdict.fallback is not None:
        yield f"passes: {shown(verdict.fallback)}"
    yield from (f"note: {note.text} [{note.probe}]" for note in verdict.notes)


def _asked(inquiry: Inquiry, probe: Probe) -> str:
    words = [inquiry.isolated or shown(inquiry.candidate), *inquiry.build_constraints]
    words += [word for word in ("check", "imports", "likely_fails") if getattr(inquiry, word)]
    words += [f"repeat {inquiry.repeat}"] if inquiry.repeat else []
    words += ["warm"] if inquiry.exact is not None else []
    said = f"{probe.number} {inquiry.kind.value}: {' | '.join(words)}"
    return f"{said} [{inquiry.purpose}] {probe.outcome.value}"


def _offered(case: Case, probes: Sequence[Probe]) -> Iterator[str]:
    """Yield all that is offered for the first failing check, whatever was built of it."""
    failing = next((p for p in probes if p.outcome is Outcome.FAIL and installs(p)), None)
    if failing is None:
        return
    installed = case.installed(failing)
    scene = Scene(failing, breakage_of(failing), installed, installed, {})
    for move in islice(moves(case, scene), POLICY.check_moves):
        yield f"offered: {shown(move.candidate)} [{move.name}: {move.why}]"


def _avoided(scenario: Scenario, wish: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is built where no move is tried and the resolver goes round all that failed."""
    builds = SimulatedBuilds(scenario)
    case = case_of(scenario, builds, **wish)
    [failing] = builds.answer([replace(baseline_inquiry(case), imports=scenario.checks.imports)])
    if failing.outcome is Outcome.FAIL:
        for probe in drive(avoid(case, failing, [failing]), builds):  # type: ignore[arg-type]
            yield f"avoided: {shown(probe.candidate)} {probe.outcome.value}"


def _culprit(culprit: Culprit) -> Iterator[str]:
    members = " with ".join(map(_member, culprit.members))
    proof = f"{culprit.proof.failing_probe}/{culprit.proof.passing_probe}"
    yield f"culprit: {members}: {culprit.phase.value} {culprit.cause.value} {proof}"
    quoted = [line.text for line in culprit.evidence]
    yield f"  {culprit.summary} {quoted} {culprit.advice} {list(culprit.remedies)}"
    yield from (f"  {_narrowing(narrowing)}" for narrowing in culprit.narrowings)


def _member(member: Member) -> str:
    via = f" via {' > '.join(member.via)}" if member.via else ""
    return f"{member.requirement.number} {member.label}{via}{' used' if member.used else ''}"


def _narrowing(found: Narrowing) -> str:
    ends = f"{found.last_failing} to {found.first_passing}"
    tried = " ".join(map(_tried, found.tried))
    return f"{found.name} {ends}: {tried} skipped {' '.join(map(_tried, found.skipped))}"


def _tried(one: Tried) -> str:
    return f"{one.version} {one.outcome.value} {one.reason}".rstrip()


def _fix(fix: Fix) -> Iterator[str]:
    edits = [f"{e.file}:{e.line} {e.name} {e.before} -> {e.after}" for e in fix.edits]
    yield f"fix {fix.style} {fix.probe}: {'; '.join(edits)}"
    yield f"  {fix.reason} {list(fix.commands)}"


def main() -> None:
    lines = [line.rstrip() for number in range(CHAPTERS) for line in chapter(number)]
    KEPT.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
