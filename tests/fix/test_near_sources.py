"""A project that compiles nothing: its nearest source that builds comes before a wheel far away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from bisect_deps.fix.repair import repair
from bisect_deps.model import Cause, VerdictKind
from tests.fix.small import Small, at, breaks, said, small, unbuildable
from tests.fix.world import ELSEWHERE, Fault, Listing

SOURCE: dict[str, Any] = {"wheel": "", "sdist": True}
SOURCES = [f"0.{minor}" for minor in range(1, 13)]
FRAMEWORK: Sequence[Listing] = [at("2.0"), at("4.0")]
# Sources alone up to the wheel of 65.0, which asks for a newer framework.
PLUGIN: Sequence[Listing] = [
    *(at(version, **SOURCE) for version in SOURCES),
    at("65.0", "2024-01-01", "framework>=4"),
]
TEXT = "framework==2.0\nplugin==0.1\n"


def fails_up_to(version: str) -> Fault:
    failing = SOURCES[: SOURCES.index(version) + 1]
    return unbuildable("flint", "plugin", "/".join(failing), Cause.COMPILE_ERROR)


def world(
    *faults: Fault, text: str = TEXT, plugin: Sequence[Listing] = PLUGIN, **more: Any
) -> Small:
    return small(text, {"framework": FRAMEWORK, "plugin": plugin}, *faults, **more)


@pytest.mark.parametrize("last", ["0.1", "0.2", "0.7", "0.11"])
def test_the_nearest_source_that_builds_is_the_fix_and_no_other_line_moves(last: str) -> None:
    here = world(fails_up_to(last))
    conclusion = here.told(repair(here.case))
    assert conclusion.kind is VerdictKind.FIXED
    after = SOURCES[SOURCES.index(last) + 1]
    assert said(conclusion.ways[0].candidate) == f"plugin=={after}"
    [culprit] = conclusion.culprits
    [narrowing] = culprit.narrowings
    assert (narrowing.last_failing, narrowing.first_passing) == (last, after)
    assert here.builds.builds <= 8, "thirteen releases: halves"


def test_where_no_source_builds_the_wheel_is_taken_and_what_it_needs() -> None:
    here = world(fails_up_to("0.12"))
    conclusion = here.told(repair(here.case))
    assert said(conclusion.ways[0].candidate) == "framework==4.0 plugin==65.0"
    assert [culprit.members[0].name for culprit in conclusion.culprits] == ["plugin"]


@pytest.mark.parametrize(
    ("wheel", "tag"),
    [("0.13", "py3-none-any"), ("65.0", ELSEWHERE)],
    ids=["a wheel of its own series", "a project that compiles"],
)
def test_no_source_is_built_where_it_is_not_worth_it(wheel: str, tag: str) -> None:
    listed = [*PLUGIN[:-1], at(wheel), at("66.0", wheel=tag, sdist=True)]
    here = world(fails_up_to("0.7"), plugin=listed)
    conclusion = here.told(repair(here.case))
    assert said(conclusion.ways[0].candidate) == f"plugin=={wheel}"


def test_no_source_is_built_where_the_machine_lacks_what_each_is_compiled_with() -> None:
    lacking = unbuildable("flint", "plugin", "/".join(SOURCES[:7]), Cause.SYSTEM_DEP_MISSING)
    here = world(lacking)
    conclusion = here.told(repair(here.case))
    assert said(conclusion.ways[0].candidate) == "framework==4.0 plugin==65.0"
    built = [inquiry.isolated for inquiry, _ in here.builds.asked if inquiry.isolated]
    assert not {f"plugin=={version}" for version in SOURCES[1:]} & {*built}


def test_a_source_that_clashes_with_another_line_accuses_nobody() -> None:
    """Only its build tells what it requires: the resolver thought that it suits."""
    listed = [PLUGIN[0], at("0.2", "2020-01-01", "framework>=4", **SOURCE), at("65.0")]
    here = world(fails_up_to("0.1"), plugin=listed)
    conclusion = here.told(repair(here.case))
    assert said(conclusion.ways[0].candidate) == "plugin==65.0"
    assert [culprit.members[0].name for culprit in conclusion.culprits] == ["plugin"]


def test_a_source_that_clashes_gets_room_where_nothing_nearer_suits() -> None:
    listed = [
        *PLUGIN[:3],
        *(at(version, "2020-01-01", "framework>=3", **SOURCE) for version in SOURCES[3:]),
        at("65.0", "2024-01-01", "framework>=4"),
    ]
    framework = [at("2.0"), at("3.0"), at("4.0")]
    here = small(TEXT, {"framework": framework, "plugin": listed}, fails_up_to("0.3"))
    conclusion = here.told(repair(here.case))
    assert said(conclusion.ways[0].candidate) == "framework==3.0 plugin==0.4"
    assert [culprit.members[0].name for culprit in conclusion.culprits] == ["plugin"]
    clashing = [asked for asked in here.asked if asked.endswith("plugin==0.4")]
    assert clashing[:2] == ["plugin==0.4", "framework==3.0 plugin==0.4"]


def test_where_the_fix_has_a_wheel_no_source_is_built_to_narrow_it() -> None:
    versions = {"1.0": {}, "2.0": SOURCE, "3.0": SOURCE, "4.0": {}, "5.0": {}}
    lib = [
        at(version, f"20{10 + n}-01-01", **more)
        for n, (version, more) in enumerate(versions.items())
    ]
    projects = {"app": [at("1.0", "2020-01-01", "lib")], "lib": lib}
    here = small("app==1.0\nlib==1.0\n", projects, breaks("amber", app="1.0", lib="1.0"))
    conclusion = here.told(repair(here.case))
    [narrowing] = conclusion.culprits[0].narrowings
    built = {tried.version for tried in narrowing.tried if tried.probe is not None}
    assert not built & {"2.0", "3.0"}
    assert said(conclusion.ways[0].candidate) in ("lib==4.0", "lib==5.0")
