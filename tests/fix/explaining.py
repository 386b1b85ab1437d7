"""Shows what a story does with scenarios, and makes a scenario that breaks a law smaller.

python -m tests.fix.explaining 12 17              describe, solve and judge the scenarios 12, 17
python -m tests.fix.explaining 12 --shrink        the same for the smallest one alike
python -m tests.fix.explaining --count 1000       how often each law is broken, by plot
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from bisect_deps.model import Candidate
from tests.fix.drawing import PLOTS, draw
from tests.fix.simulated import LIMITS, ROOT, Conditions, Scenario, described
from tests.fix.solving import Told, solve_scenario
from tests.fix.truth import Violation, judged, shown
from tests.fix.world import Listing, World

Solve = Callable[[Scenario, Conditions], Told]


def explained(scenario: Scenario, told: Told, violations: list[Violation]) -> Iterator[str]:
    """Yield a scenario, what was asked, the verdict and what is wrong with it, in lines."""
    yield from described(scenario)
    mended = scenario.mended.releases.items() if scenario.mended is not None else ()
    yield f"passes: {', '.join(f'{name} {version}' for name, version in mended) or 'nothing'}"
    yield "--- asked"
    for inquiry, probe in told.asked:
        what = inquiry.isolated or shown(inquiry.candidate)
        seen = ", ".join(told.shown.get(probe.number, ()))
        yield f"{probe.number}: {what}: {probe.outcome.value} {seen}  [{inquiry.purpose}]"
    yield f"--- verdict: {told.kind.value}, {told.builds} builds"
    for culprit in told.culprits:
        named = " with ".join(f"{m.name} {m.version or ''}".strip() for m in culprit.members)
        yield f"culprit: {named} ({culprit.phase.value}), {culprit.proof}"
        for narrowing in culprit.narrowings:
            ends = f"fails {narrowing.last_failing}, passes {narrowing.first_passing}"
            yield f"  {narrowing.name}: {ends}, not built {', '.join(narrowing.not_built) or '-'}"
    if told.fix is not None:
        yield f"fix: {shown(told.fix)} {' '.join(told.build_constraints)}"
    yield from told.notes
    yield from map(str, violations)


def shrunk(scenario: Scenario, breaks: Callable[[Scenario], bool]) -> Scenario:
    """Return a scenario with as little in it as still `breaks`, by leaving out part after part."""
    shrinking = True
    while shrinking:
        shrinking = False
        for smaller in _smaller(scenario):
            if _fails(smaller) and breaks(smaller):
                scenario, shrinking = smaller, True
                break
    return scenario


def _fails(scenario: Scenario) -> bool:
    """Say whether it is a scenario still: a file with lines, and a failure that was planted."""
    if not scenario.manifest.requirements:
        return False
    state = scenario.state(Candidate())
    return not state.missing and (state.solution is None or bool(state.faults))


def _smaller(scenario: Scenario) -> Iterator[Scenario]:
    """Yield the scenario without a line, a fault, a project, a release, a requirement."""
    for name, text in scenario.files.items():
        lines = text.splitlines()
        for place in range(len(lines)):
            rest = "".join(f"{line}\n" for line in lines[:place] + lines[place + 1 :])
            files = {**scenario.files, name: rest}
            if LIMITS in files and f"-c {LIMITS}" not in files[ROOT]:
                del files[LIMITS]
            yield replace(scenario, files=files)
    world = scenario.world
    for fault in world.faults:
        rest_of = tuple(own for own in world.faults if own is not fault)
        yield replace(scenario, world=replace(world, faults=rest_of))
    for needed in sorted(world.needed):
        yield replace(scenario, world=replace(world, needed=world.needed - {needed}))
    for projects in _smaller_projects(world):
        yield replace(scenario, world=replace(world, projects=projects))


def _smaller_projects(world: World) -> Iterator[Mapping[str, tuple[Listing, ...]]]:
    for name in world.projects:
        yield {own: listings for own, listings in world.projects.items() if own != name}
    for name, listings in world.projects.items():
        for place, listing in enumerate(listings):
            before, after = listings[:place], listings[place + 1 :]
            if before or after:
                yield {**world.projects, name: before + after}
            for text in listing.requires:
                requires = tuple(own for own in listing.requires if own != text)
                lighter = replace(listing, requires=requires)
                yield {**world.projects, name: (*before, lighter, *after)}


def counted(
    first: int, count: int, plot: str | None = None, solve: Solve = solve_scenario
) -> Iterator[str]:
    """Yield how often each law is broken, by plot, and what it costs, in lines."""
    broken: dict[str, Counter[int]] = defaultdict(Counter)
    number: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    builds: dict[str, list[int]] = defaultdict(list)
    unclean: list[int] = []
    began = time.perf_counter()
    for seed in range(first, first + count):
        scenario = draw(seed, plot)
        told, violations = judged(scenario, solve)
        number[scenario.plot] += 1
        kinds[told.kind.value] += 1
        builds[scenario.plot].append(told.builds)
        broken[scenario.plot].update({violation.law for violation in violations})
        if violations:
            unclean.append(seed)
    laws = range(10)
    yield f"{'plot':12} scenarios  builds  " + "  ".join(f"law {law}" for law in laws)
    for plot in sorted(number):
        row = "  ".join(f"{broken[plot][law]:5}" for law in laws)
        median = statistics.median(builds[plot])
        yield f"{plot:12} {number[plot]:9}  {median:6g}  {row}"
    total = sum(broken.values(), Counter[int]())
    every = [own for some in builds.values() for own in some]
    row = "  ".join(f"{total[law]:5}" for law in laws)
    yield f"{'all':12} {count:9}  {statistics.median(every):6g}  {row}"
    yield f"{len(unclean)} of {count} break a law; " + ", ".join(
        f"{kind} {own}" for kind, own in kinds.most_common()
    )
    yield f"{time.perf_counter() - began:.1f} s; the first: {unclean[:20]}"


def main() -> None:
    """Explain the scenarios that are given, or count."""
    parser = argparse.ArgumentParser(description="Solve and judge simulated scenarios.")
    parser.add_argument("seeds", nargs="*", type=int)
    parser.add_argument("--count", type=int, help="count the laws broken in so many scenarios")
    parser.add_argument("--first", type=int, default=0, help="the first seed to count")
    parser.add_argument("--plot", choices=sorted(PLOTS))
    parser.add_argument("--shrink", action="store_true", help="show the smallest one alike")
    options = parser.parse_args()
    if options.count:
        print("\n".join(counted(options.first, options.count, options.plot)))
    for seed in options.seeds:
        scenario = draw(seed, options.plot)
        told, violations = judged(scenario, solve_scenario)
        if options.shrink and violations:
            laws = {violation.law for violation in violations}

            def breaks(smaller: Scenario, laws: set[int] = laws) -> bool:
                _, found = judged(smaller, solve_scenario)
                return bool({violation.law for violation in found} & laws)

            scenario = shrunk(scenario, breaks)
            told, violations = judged(scenario, solve_scenario)
        print("\n".join(explained(scenario, told, violations)), end="\n\n")


if __name__ == "__main__":
    main()
