"""The simulated resolver answers as uv does: for the resolver's own scenarios, for drawn worlds."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name

from bisect_deps.model import Candidate, IndexSettings
from bisect_deps.resolution.uv_resolver import Resolution, Resolver, ResolverOutcome
from bisect_deps.system.interpreters import find
from tests.fix.drawing import Size, draw
from tests.fix.resolving import Query, SimulatedResolver, Solver, is_old_enough
from tests.fix.shapes import draw_shape
from tests.fix.simulated import Scenario
from tests.fix.world import AS_OF, HERE, Line, Listing, World, allows, parse, read
from tests.support.index_files import Release
from tests.support.local_index import LocalIndex, Project
from tests.support.scenarios import SCENARIOS
from tests.support.scenarios import Scenario as Conflicting

HAVING_EXTRAS = "+["
PLAIN = [
    scenario
    for scenario in SCENARIOS
    if not set(HAVING_EXTRAS) & set(scenario.world + "".join(scenario.lines))
]
SMALL = Size(projects=4, releases=3, lines=3)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("resolver-cache")


def world_of(projects: Iterable[Project]) -> World:
    """Return the world that the local index would serve of these projects."""
    return World(
        {
            canonicalize_name(project.name): tuple(
                sorted(
                    map(listing_of, project.releases), key=lambda listing: parse(listing.version)
                )
            )
            for project in projects
        }
    )


def listing_of(release: Release) -> Listing:
    # What is reported without a build is reported by a wheel or by static metadata.
    wheel = next(iter(release.wheels), "win" if release.static else "")
    return Listing(
        release.version,
        tuple(release.requires),
        "2020-01-01T00:00:00Z",
        wheel,
        release.sdist,
        release.requires_python,
        yanked=bool(release.yanked),
    )


def projects_of(world: World) -> list[Project]:
    """Return the projects that the local index serves of a world."""
    found = []
    for name, listings in world.projects.items():
        project = Project(name)
        for listing in listings:
            project = project.release(
                listing.version,
                requires=list(listing.requires),
                wheel=listing.wheel or False,
                sdist=listing.sdist,
                requires_python=listing.requires_python,
                yanked="withdrawn" if listing.yanked else False,
                uploaded=listing.uploaded,
            )
        found.append(project)
    return found


def reported(resolution: Resolution) -> tuple[object, ...]:
    return (
        resolution.answered,
        dict(resolution.releases),
        dict(resolution.parents),
        set(resolution.needs_build),
    )


@pytest.mark.parametrize("scenario", PLAIN, ids=lambda scenario: scenario.name)
def test_the_scenarios_of_the_resolver_resolve_alike(
    tmp_path: Path, cache: Path, scenario: Conflicting
) -> None:
    lines = [line for line in scenario.lines if not line.startswith("-c ")]
    limits = [line.removeprefix("-c ") for line in scenario.lines if line.startswith("-c ")]
    simulated = SimulatedResolver(Solver(world_of(scenario.projects())))
    with LocalIndex(tmp_path, *scenario.projects()).serve() as server:
        real = Resolver(find(sys.executable), IndexSettings(index_url=server.url), cache=cache)
        assert reported(simulated.resolve(lines, constraints=limits)) == reported(
            real.resolve(lines, constraints=limits)
        )


# Drawn worlds in which uv goes back in another order are left out: seed 83 of the first 160.
@pytest.mark.parametrize(("seed", "shape"), [*((n, None) for n in range(5)), (0, "extras")])
def test_drawn_worlds_resolve_alike(
    tmp_path: Path, cache: Path, seed: int, shape: str | None
) -> None:
    scenario = draw(seed) if shape is None else draw_shape(seed, shape)
    lines, limits = scenario.lines_of(Candidate())
    names = [read(line).name for line in lines]
    oldest = {name: listings[0].version for name, listings in scenario.world.projects.items()}
    day = "2020-06-01T00:00:00Z"
    questions: list[dict[str, Any]] = [
        {"lines": lines, "constraints": limits},
        {"lines": names, "resolution": "lowest"},
        {"lines": names, "resolution": "lowest-direct"},
        {"lines": names, "preferences": oldest},
        {"lines": names, "exclude_newer_package": dict.fromkeys(scenario.world.projects, day)},
        {"lines": names, "wheels_only": True},
        {"lines": names, "overrides": [f"{names[0]}=={oldest[names[0]]}"]}
        if names[0] in oldest
        else {"lines": names},
    ]
    with LocalIndex(tmp_path, *projects_of(scenario.world)).serve() as server:
        settings = IndexSettings(index_url=server.url, exclude_newer=AS_OF)
        real = Resolver(find(sys.executable), settings, cache=cache)
        for question in questions:
            asked = dict(question)
            texts = asked.pop("lines")
            simulated = scenario.resolver().resolve(texts, **asked)
            assert reported(simulated) == reported(real.resolve(texts, **asked))


def all_sets(scenario: Scenario, names: Iterable[str]) -> Iterable[dict[str, str]]:
    """Yield every set of releases that an installer may leave for these projects, by enumeration.

    All that is in it is asked for by one of `names` or by another in it, and suits all who ask.
    """
    world, wanted = scenario.world, set(names)
    choices = {
        name: [listing for listing in listings if is_usable(listing)]
        for name, listings in world.projects.items()
    }
    if not wanted <= choices.keys():
        return
    for chosen in product(*([None, *listings] for listings in choices.values())):
        picked = {
            name: listing
            for name, listing in zip(choices, chosen, strict=True)
            if listing is not None
        }
        asked = {name: list(map(read, listing.requires)) for name, listing in picked.items()}
        asked_for = wanted | {line.name for name in reached(wanted, asked) for line in asked[name]}
        if asked_for != picked.keys():
            continue
        if all(
            allows(line.specifier, picked[line.name].version)
            for lines in asked.values()
            for line in lines
        ):
            yield {name: listing.version for name, listing in picked.items()}


def is_usable(listing: Listing) -> bool:
    has_file = listing.wheel == HERE or listing.sdist
    return (
        has_file
        and not listing.yanked
        and listing.uploaded < AS_OF
        and is_old_enough(listing.requires_python)
    )


def reached(wanted: set[str], asked: dict[str, list[Line]]) -> set[str]:
    found: set[str] = set()
    left = [name for name in wanted if name in asked]
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += [line.name for line in asked[name] if line.name in asked]
    return found


@given(st.integers(0, 100_000))
def test_there_is_a_solution_where_enumeration_finds_one(seed: int) -> None:
    scenario = draw(seed, size=SMALL)
    lines = [
        read(requirement.text)
        for requirement in scenario.manifest.requirements
        if not requirement.constraint
    ]
    names = [line.name for line in lines]
    sets = list(all_sets(scenario, names))
    free = scenario.solver.solve(Query(tuple(names)))
    assert (free is not None) == bool(sets)
    assert free is None or dict(free.releases) in sets
    faults = [
        fault
        for fault in scenario.world.faults
        if scenario.checks.value != "none" or not fault.installs
    ]
    beside = {read(f.remedy).name for f in faults if f.remedy and f.installs}
    passing = [
        releases
        for extra in ([], *([name] for name in beside))
        for releases in all_sets(scenario, [*names, *extra])
        if not any(fault.within(releases) for fault in faults)
    ]
    assert (scenario.passing is not None) == bool(passing)
    assert scenario.passing is None or dict(scenario.passing.releases) in passing


def test_a_conflict_blames_the_projects_of_a_minimal_one() -> None:
    world = World(
        {
            "a": (Listing("1", ("c<2",)),),
            "b": (Listing("1", ("c>=2",)),),
            "c": (Listing("1"), Listing("2")),
            "x": (Listing("1"),),
        }
    )
    answer = SimulatedResolver(Solver(world)).resolve(["x", "a", "b"], constraints=["x<2"])
    assert answer.answered is ResolverOutcome.CONFLICT
    assert set(answer.blamed) == {"a", "b"}
    assert "No solution found" in answer.log
    assert "you require a and you require b" in answer.log


def test_what_a_source_requires_is_known_to_an_installer_only() -> None:
    world = World({"a": (Listing("1", ("b<2",), wheel="", sdist=True),), "b": (Listing("2"),)})
    solver = Solver(world)
    answer = SimulatedResolver(solver).resolve(["a"])
    assert dict(answer.releases) == {"a": "1"}
    assert [str(release) for release in answer.needs_build] == ["a==1"]
    assert solver.solve(Query(("a",))) is None


def test_an_unreadable_line_is_no_conflict() -> None:
    assert SimulatedResolver(Solver(World({}))).resolve(["a b"]).answered is ResolverOutcome.INVALID


def test_a_question_is_counted_once() -> None:
    resolver = SimulatedResolver(Solver(World({"a": (Listing("1"),)})))
    for lines in (["a"], ["a"], ["a==1"]):
        assert resolver.resolve(lines).resolved
    assert resolver.calls == 2
