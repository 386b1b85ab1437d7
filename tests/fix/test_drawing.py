"""Drawn scenarios fail, follow from their seed, and have all in them that a story may meet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bisect_deps.model import Candidate, Phase
from tests.fix.drawing import PLOTS, Size, draw
from tests.fix.explaining import shrunk
from tests.fix.shapes import SHAPES, draw_shape
from tests.fix.simulated import LIMITS, MORE, ROOT, Checks, Quality, Scenario, described
from tests.fix.world import HERE, read

SMALL = Size(projects=3, releases=2, lines=2)


@pytest.fixture(scope="module")
def scenarios() -> list[Scenario]:
    return [draw(seed) for seed in range(300)]


@given(st.integers(0, 1_000_000))
def test_a_drawn_scenario_fails_and_follows_from_its_seed(seed: int) -> None:
    scenario = draw(seed)
    state = scenario.state(Candidate())
    assert not state.passes
    assert not state.missing
    assert "\n".join(described(scenario)) == "\n".join(described(draw(seed)))


def resolves(scenario: Scenario) -> bool:
    return scenario.state(Candidate()).solution is not None


@pytest.mark.parametrize("plot", sorted(PLOTS))
def test_a_plot_gives_what_it_is_called(plot: str) -> None:
    wanted: dict[str, Callable[[Scenario], bool]] = {
        "install": lambda s: not s.state(Candidate()).installs,
        "conflict": lambda s: s.state(Candidate()).solution is None,
        "missing": lambda s: s.state(Candidate()).solution is None,
        "pair": lambda s: any(len(f.members) == 2 for f in s.state(Candidate()).faults),
        "triple": lambda s: any(len(f.members) == 3 for f in s.state(Candidate()).faults),
        "beside": lambda s: any(f.remedy and f.installs for f in s.state(Candidate()).faults),
        "flaky": lambda s: bool(s.world.flakes),
    }
    holds = wanted.get(plot, resolves)
    for seed in range(20):
        scenario = draw(seed, plot)
        assert scenario.plot == plot
        assert holds(scenario), "\n".join(described(scenario))


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_a_shape_gives_what_it_is_called(shape: str) -> None:
    def texts(scenario: Scenario) -> list[str]:
        return [requirement.text for requirement in scenario.manifest.requirements]

    def now(scenario: Scenario) -> Mapping[str, str]:
        return scenario.state(Candidate()).installed

    wanted: dict[str, Callable[[Scenario], bool]] = {
        "limits": lambda s: s.files[LIMITS].count("\n") > 1,
        "two files": lambda s: bool(s.files[MORE]) and f"-r {MORE}" in s.files[ROOT],
        "markers": lambda s: any("python_version <" in text for text in texts(s)),
        "extras": lambda s: any("[" in text for text in texts(s)),
        "comments": lambda s: "#" in s.files[ROOT],
        "drift": lambda s: not any(read(text).specifier for text in texts(s)) and bool(now(s)),
        "deep": lambda s: bool({n for f in s.world.faults for n in f.names} - set(texts(s))),
        "second import": lambda s: len(s.world.faults) > 1 and s.checks.imports,
    }
    holds = wanted.get(shape, lambda s: len(s.world.projects) > 2)
    for seed in range(4):
        scenario = draw_shape(seed, shape)
        assert scenario.plot == shape
        assert not scenario.state(Candidate()).passes
        assert holds(scenario), "\n".join(described(scenario))


def test_a_small_size_is_kept() -> None:
    for plot in sorted(PLOTS):
        size = Size(projects=4, releases=2, lines=2) if plot in ("triple", "layers") else SMALL
        for seed in range(5):
            world = draw(seed, plot, size).world
            assert len(world.projects.keys() - {"tools"}) <= size.projects
            assert all(
                len(listings) <= 2 for name, listings in world.projects.items() if name != "tools"
            )


def test_scenarios_are_of_every_kind(scenarios: list[Scenario]) -> None:
    seen: Counter[str] = Counter()
    for scenario in scenarios:
        seen.update(features(scenario))
    rare = {name: count for name, count in seen.items() if count < 5}
    assert not rare
    assert seen.keys() >= {f"plot {plot}" for plot in PLOTS}
    assert seen.keys() >= {f"logs {quality.value}" for quality in Quality}
    assert seen.keys() >= {f"checks {checks.value}" for checks in Checks}
    for feature in FEATURES:
        assert seen[feature] >= 10, feature
    assert 0.75 < seen["can be fixed"] / len(scenarios) < 0.98


FEATURES = (
    "platform",
    "local",
    "shows all",
    "constraints",
    "pin",
    "range",
    "bare name",
    "several faults",
    "hidden behind an install",
    "a transitive at fault",
    "a constraint's release at fault",
    "a range's release at fault",
    "a pin at fault",
    "traps",
    "build constraints help",
    "needs what it checks",
    "source innocent",
    "side effects",
)


def features(scenario: Scenario) -> set[str]:
    """Return what a scenario has in it, in words."""
    state = scenario.state(Candidate())
    lines = [
        read(requirement.text)
        for requirement in scenario.manifest.requirements
        if not requirement.constraint
    ]
    limits = {
        requirement.name for requirement in scenario.manifest.requirements if requirement.constraint
    }
    pins = {line.name for line in lines if line.pin}
    ranges = {line.name for line in lines if line.specifier and not line.pin}
    guilty = {name for fault in state.faults for name in fault.names}
    sources = {
        name
        for name, version in state.installed.items()
        if (listing := scenario.world.listing(name, version)) and listing.wheel != HERE
    }
    found = {
        f"plot {scenario.plot}": True,
        f"logs {scenario.quality.value}": True,
        f"checks {scenario.checks.value}": True,
        "platform": not scenario.local,
        "local": scenario.local,
        "shows all": scenario.shows_all,
        "constraints": LIMITS in scenario.files,
        "pin": bool(pins),
        "range": bool(ranges),
        "bare name": any(not line.specifier for line in lines),
        "several faults": len(state.faults) > 1,
        "hidden behind an install": len({fault.installs for fault in state.faults}) > 1,
        "a transitive at fault": bool(guilty - {line.name for line in lines}),
        "a constraint's release at fault": bool(guilty & limits),
        "a range's release at fault": bool(guilty & ranges),
        "a pin at fault": bool(guilty & pins),
        "traps": len(scenario.world.faults) > len(state.faults) and state.solution is not None,
        "build constraints help": any(
            fault.remedy and fault.phase is not Phase.CHECK for fault in state.faults
        ),
        "needs what it checks": bool(scenario.world.needed),
        "source innocent": bool(sources - guilty),
        "side effects": has_side_effects(scenario),
        "can be fixed": scenario.passing_with_tools is not None,
    }
    return {name for name, holds in found.items() if holds}


def has_side_effects(scenario: Scenario) -> bool:
    """Say whether holding some installed release back moves another one, too."""
    from tests.fix.truth import Truth

    truth = Truth(scenario)
    installed = scenario.state(Candidate()).installed
    for name in installed:
        for listing in scenario.world.projects[name]:
            moved = scenario.state(truth.moved(Candidate(), name, listing.version)).installed
            if any(
                moved.get(other, version) != version
                for other, version in installed.items()
                if other != name
            ):
                return True
    return False


def test_a_scenario_is_made_smaller_as_long_as_it_breaks() -> None:
    scenario = draw(5, "pair")
    pair = next(fault for fault in scenario.world.faults if len(fault.members) == 2)

    def breaks(smaller: Scenario) -> bool:
        return any(fault.name == pair.name for fault in smaller.state(Candidate()).faults)

    small = shrunk(scenario, breaks)
    assert breaks(small)
    assert set(small.world.projects) >= pair.names
    releases = sum(len(listings) for listings in small.world.projects.values())
    assert releases <= len(small.state(Candidate()).installed)
    assert len(small.world.faults) == 1
