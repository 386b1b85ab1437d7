"""Shows what a story does with scenarios, and makes a scenario that breaks a law smaller.

python -m tests.fix.explaining 12 17              describe, solve and judge the scenarios 12, 17
python -m tests.fix.explaining 12 --shrink        the same for the smallest one alike
python -m tests.fix.explaining --count 1000       how often each law is broken, by plot
python -m tests.fix.explaining --policy 400       what half and twice each number of the repair does
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from bisect_deps.model import Candidate
from bisect_deps.policy import POLICY, Policy
from tests.fix.drawing import PLOTS, Plot, draw
from tests.fix.shapes import SHAPES
from tests.fix.simulated import LIMITS, ROOT, Conditions, Scenario, described
from tests.fix.solving import Reported, solve_scenario
from tests.fix.truth import Violation, judged, shown
from tests.fix.world import Listing, World

# The numbers of the repair, which simulated builds and a simulated resolver can tell of.
_REPAIR = """
    doubted_failures contradicted_builds install_rounds install_fixes moved_releases old_tool_builds
    avoiding_builds few_changes check_layers check_builds check_moves completing_builds
    stepped_projects first_steps steps conflict_calls avoiding_calls versions_asked versions_held
    jointly_moved
"""
WEIGHED = {name: getattr(POLICY, name) for name in _REPAIR.split()}
Solve = Callable[[Scenario, Conditions], Reported]


def explained(scenario: Scenario, reported: Reported, violations: list[Violation]) -> Iterator[str]:
    """Yield a scenario, what was asked, the verdict and what is wrong with it, in lines."""
    yield from described(scenario)
    passing = scenario.passing.releases.items() if scenario.passing is not None else ()
    yield f"passes: {', '.join(f'{name} {version}' for name, version in passing) or 'nothing'}"
    yield "--- asked"
    for inquiry, probe in reported.asked:
        what = inquiry.isolated or shown(inquiry.candidate)
        seen = ", ".join(reported.shown.get(probe.number, ()))
        yield f"{probe.number}: {what}: {probe.outcome.value} {seen}  [{inquiry.purpose}]"
    yield f"--- verdict: {reported.kind.value}, {reported.builds} builds"
    for culprit in reported.culprits:
        named = " with ".join(f"{m.name} {m.version or ''}".strip() for m in culprit.members)
        yield f"culprit: {named} ({culprit.phase.value}), {culprit.proof}"
        for narrowing in culprit.narrowings:
            ends = f"fails {narrowing.last_failing}, passes {narrowing.first_passing}"
            yield f"  {narrowing.name}: {ends}, not built {', '.join(narrowing.not_built) or '-'}"
    if reported.fix is not None:
        yield f"fix: {shown(reported.fix)} {' '.join(reported.build_constraints)}"
    yield from reported.notes
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
        rest_of = tuple(planted for planted in world.faults if planted is not fault)
        yield replace(scenario, world=replace(world, faults=rest_of))
    for needed in sorted(world.needed):
        yield replace(scenario, world=replace(world, needed=world.needed - {needed}))
    for projects in _smaller_projects(world):
        yield replace(scenario, world=replace(world, projects=projects))


def _smaller_projects(world: World) -> Iterator[Mapping[str, tuple[Listing, ...]]]:
    for name in world.projects:
        yield {project: listings for project, listings in world.projects.items() if project != name}
    for name, listings in world.projects.items():
        for place, listing in enumerate(listings):
            before, after = listings[:place], listings[place + 1 :]
            if before or after:
                yield {**world.projects, name: before + after}
            for text in listing.requires:
                requires = tuple(
                    requirement for requirement in listing.requires if requirement != text
                )
                lighter = replace(listing, requires=requires)
                yield {**world.projects, name: (*before, lighter, *after)}


def counted(
    first: int,
    count: int,
    plot: str | None = None,
    solve: Solve = solve_scenario,
    *,
    strict: bool = False,
    plots: Mapping[str, Plot] = PLOTS,
) -> Iterator[str]:
    """Yield how often each law is broken, by plot, and what it costs, in lines."""
    broken: dict[str, Counter[int]] = defaultdict(Counter)
    number: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    builds: dict[str, list[int]] = defaultdict(list)
    unclean: list[int] = []
    began = time.perf_counter()
    for seed in range(first, first + count):
        scenario = draw(seed, plot, plots=plots)
        reported, violations = judged(scenario, solve, strict=strict)
        number[scenario.plot] += 1
        kinds[reported.kind.value] += 1
        builds[scenario.plot].append(reported.builds)
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
    every = [count for counts in builds.values() for count in counts]
    row = "  ".join(f"{total[law]:5}" for law in laws)
    yield f"{'all':12} {count:9}  {statistics.median(every):6g}  {row}"
    yield f"{len(unclean)} of {count} break a law; " + ", ".join(
        f"{kind} {number_of}" for kind, number_of in kinds.most_common()
    )
    yield f"{time.perf_counter() - began:.1f} s; the first: {unclean[:20]}"


def weighed(first: int, count: int) -> Iterator[str]:
    """Yield what half and twice each number of the repair does: verdicts, and builds in all.

    A number that stays out of the table is one that no scenario comes near. The first solving of
    each scenario does not count: what the simulated resolver keeps changes a build here and there.
    """
    seeds = range(first, first + count)
    _outcome(seeds)
    with_it = _outcome(seeds)
    yield f"{'as it is':40} {with_it}"
    for name, value in WEIGHED.items():
        for other in (max(1, value // 2), value * 2):
            with _policy(replace(POLICY, **{name: other})):
                without = _outcome(seeds)
            if without != with_it:
                yield f"{name} {value} -> {other}".ljust(40) + f" {without}"


def _outcome(seeds: Sequence[int]) -> str:
    reports = [solve_scenario(draw(seed)) for seed in seeds]
    kinds = Counter(reported.kind.value for reported in reports)
    builds = sum(reported.builds for reported in reports)
    return ", ".join(f"{kind} {kinds[kind]}" for kind in sorted(kinds)) + f"; {builds} builds"


@contextmanager
def _policy(policy: Policy) -> Iterator[None]:
    """Have every module go by other numbers for a while."""
    users = [module for module in sys.modules.values() if getattr(module, "POLICY", 0) is POLICY]
    for module in users:
        vars(module)["POLICY"] = policy
    try:
        yield
    finally:
        for module in users:
            vars(module)["POLICY"] = POLICY


def main() -> None:
    """Explain the scenarios that are given, or count."""
    parser = argparse.ArgumentParser(description="Solve and judge simulated scenarios.")
    parser.add_argument("seeds", nargs="*", type=int)
    parser.add_argument("--count", type=int, help="count the laws broken in so many scenarios")
    parser.add_argument("--first", type=int, default=0, help="the first seed to count")
    parser.add_argument("--plot", choices=sorted({**PLOTS, **SHAPES}))
    parser.add_argument("--shapes", action="store_true", help="files in the shapes of users")
    parser.add_argument("--strict", action="store_true", help="by the letter of the laws")
    parser.add_argument("--shrink", action="store_true", help="show the smallest one alike")
    parser.add_argument("--policy", type=int, help="weigh the numbers of the repair in so many")
    options = parser.parse_args()
    if options.policy:
        for line in weighed(options.first, options.policy):
            print(line, flush=True)
    plots = SHAPES if options.shapes or options.plot in SHAPES else PLOTS
    if options.count:
        lines = counted(
            options.first, options.count, options.plot, strict=options.strict, plots=plots
        )
        print("\n".join(lines))
    for seed in options.seeds:
        scenario = draw(seed, options.plot, plots=plots)
        reported, violations = judged(scenario, solve_scenario, strict=options.strict)
        if options.shrink and violations:
            laws = {violation.law for violation in violations}

            def breaks(smaller: Scenario, laws: set[int] = laws) -> bool:
                _, found = judged(smaller, solve_scenario, strict=options.strict)
                return bool({violation.law for violation in found} & laws)

            scenario = shrunk(scenario, breaks)
            reported, violations = judged(scenario, solve_scenario, strict=options.strict)
        print("\n".join(explained(scenario, reported, violations)), end="\n\n")


if __name__ == "__main__":
    main()
