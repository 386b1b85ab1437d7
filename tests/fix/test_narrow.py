"""Narrowing: true ends, what was not built, and no more builds than allowed (law 6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from bisect_deps.fix.culprits import described
from bisect_deps.fix.narrow import axis_between, narrow_all
from bisect_deps.fix.repair import repair
from bisect_deps.model import (
    Candidate,
    Cause,
    Culprit,
    Member,
    Narrow,
    Narrowing,
    Outcome,
    Phase,
    Probe,
    Proof,
)
from tests.fix.simulated import Quality
from tests.fix.small import Small, at, breaks, said, small, unbuildable, yearly
from tests.fix.world import ELSEWHERE, Listing

SOURCE: dict[str, Any] = {"wheel": ELSEWHERE, "sdist": True}


def culprit_of(here: Small, failing: Probe, name: str, version: str) -> Culprit:
    member = here.case.member(name, version, here.case.resolve(failing.candidate))
    assert member is not None
    return described([member], failing, None)


def narrowed(
    here: Small, name: str, before: str, after: str, most: int | None = None
) -> tuple[Narrowing, Probe, int]:
    """Return the narrowing of a release that a fix moves, the fix then, and the builds it took."""
    failing = here.probe()
    fixed = here.probe(here.case.settled(Candidate(), {name: after}))
    assert fixed.outcome is Outcome.PASS
    built = here.builds.builds
    culprits = [culprit_of(here, failing, name, before)]
    found, best = here.told(narrow_all(here.case, culprits, fixed, most))
    [narrowing] = found[0].narrowings
    return narrowing, best, here.builds.builds - built


def held(bad: str, versions: Sequence[str], **more: Any) -> Small:
    """Return a file whose check fails with some releases of what it pulls in."""
    projects = {"app": [at("1.0", "2020-01-01", "lib")], "lib": yearly(*versions, start=2000)}
    return small("app==1.0\n", projects, breaks("amber", app="1.0", lib=bad), **more)


VERSIONS = [f"{major}.{minor}" for major in (1, 2) for minor in range(8)]


def test_the_ends_are_neighbours_and_nothing_lies_unbuilt_between_them() -> None:
    here = held("2.5/2.6/2.7", VERSIONS)
    narrowing, best, builds = narrowed(here, "lib", "2.7", "1.0")
    assert (narrowing.last_failing, narrowing.first_passing) == ("2.5", "2.4")
    assert narrowing.not_built == ()
    assert said(best.candidate) == "lib==2.4", "the fix moves to the nearest release that passes"
    assert builds < len(VERSIONS) // 2
    proven = {tried.version: tried.outcome for tried in narrowing.tried if tried.probe is not None}
    assert proven["2.5"] is Outcome.FAIL
    assert proven["2.4"] is Outcome.PASS
    assert [tried.version for tried in narrowing.tried] == sorted(proven), "in their order"


def moved_along(*middle: Listing, pulled: str = "") -> tuple[Narrowing, Probe]:
    """Return the narrowing of app from 1.0 to 3.0, and the fix: low has to move along with 3.0."""
    projects = {
        "app": [at("1.0", "2020-01-01", "low<2"), *middle, at("3.0", "2022-01-01", "low>=2")],
        "low": [at("1.0", "2020-01-01", *pulled.split()), at("2.0", "2021-01-01")],
        "extra": yearly("1.0"),
    }
    here = small("app==1.0\nlow==1.0\n", projects, breaks("amber", app="1.0"))
    failing = here.probe()
    fixed = here.probe(here.case.settled(Candidate(), {"app": "3.0", "low": "2.0"}))
    assert fixed.outcome is Outcome.PASS
    culprits = [culprit_of(here, failing, "app", "1.0")]
    found, best = here.told(narrow_all(here.case, culprits, fixed, None, frozenset({"low"})))
    [narrowing] = found[0].narrowings
    return narrowing, best


def test_a_release_that_suits_the_file_is_built_without_what_moved_along() -> None:
    narrowing, best = moved_along(at("2.0", "2021-01-01", "low<2"))
    assert (narrowing.last_failing, narrowing.first_passing) == ("1.0", "2.0")
    assert said(best.candidate) == "app==2.0", "nothing moves along any more"


@pytest.mark.parametrize(
    ("pulled", "edits"),
    [("", "app==2.0"), ("extra", "app==2.0 low==2.0")],
    ids=["all else stays", "something else comes in"],
)
def test_what_moved_along_is_put_back_where_all_else_stays_alike(pulled: str, edits: str) -> None:
    _, best = moved_along(at("2.0", "2021-01-01", "low"), pulled=pulled)
    assert said(best.candidate) == edits


def test_what_moved_along_says_of_no_release_that_it_fails() -> None:
    # The file's own low keeps it out as well: nothing builds with it but another low.
    narrowing, best = moved_along(at("2.0", "2021-01-01", "low<2,>1"))
    assert (narrowing.last_failing, narrowing.not_built) == ("1.0", ("2.0",))
    assert said(best.candidate) == "app==3.0 low==2.0"


def test_what_is_narrowed_is_no_follower_of_itself() -> None:
    here = held("2.5/2.6/2.7", VERSIONS)
    failing = here.probe()
    fixed = here.probe(here.case.settled(Candidate(), {"lib": "1.0"}))
    culprits = [culprit_of(here, failing, "lib", "2.7")]
    story = narrow_all(
        here.case, culprits, fixed, None, frozenset({"lib"}), list(here.builds.asked)
    )
    found, best = here.told(story)
    [narrowing] = found[0].narrowings
    assert (narrowing.last_failing, narrowing.first_passing) == ("2.5", "2.4")
    assert said(best.candidate) == "lib==2.4"


@pytest.mark.parametrize("most", [0, 1, 2])
def test_no_more_builds_than_allowed_and_what_was_not_built_is_listed(most: int) -> None:
    here = held("2.5/2.6/2.7", VERSIONS)
    narrowing, best, builds = narrowed(here, "lib", "2.7", "1.0", most)
    assert builds <= most
    assert best.outcome is Outcome.PASS
    assert narrowing.first_passing is not None
    assert narrowing.last_failing is not None
    low = VERSIONS.index(narrowing.first_passing)
    high = VERSIONS.index(narrowing.last_failing)
    assert narrowing.not_built == tuple(VERSIONS[low + 1 : high])
    assert narrowing.not_built


@pytest.mark.parametrize("kind", [{}, SOURCE], ids=["wheels", "what would be compiled"])
def test_the_resolver_is_asked_of_no_release_that_is_not_built(kind: dict[str, Any]) -> None:
    versions = [f"{number}.0" for number in range(1, 60)]
    lib = [at(version, f"{1960 + at_}-01-01", **kind) for at_, version in enumerate(versions[1:])]
    projects = {
        "app": [at("1.0", "2020-01-01", "lib")],
        "lib": [at("1.0", "1950-01-01"), *lib[:-1], at("59.0", "2019-01-01")],
    }
    here = small("app==1.0\n", projects, breaks("amber", app="1.0", lib="/".join(versions[20:])))
    resolver = here.case.resolver
    assert resolver is not None
    narrowing, _, builds = narrowed(here, "lib", "59.0", "1.0", most=1)
    assert len(narrowing.not_built) > 15
    assert resolver.calls < 12
    assert builds <= 1


def test_the_builds_are_dealt_out_evenly() -> None:
    projects = {"app": [at("1.0", "2020-01-01", "lib", "side")]}
    tables = dict.fromkeys(("lib", "side"), yearly(*VERSIONS, start=2000))
    faults = [
        breaks("amber", app="1.0", lib="2.5/2.6/2.7"),
        breaks("beryl", place=1, app="1.0", side="2.2/2.3/2.4/2.5/2.6/2.7"),
    ]
    here = small("app==1.0\n", {**projects, **tables}, *faults)
    failing = here.probe()
    fixed = here.probe(here.case.settled(Candidate(), {"lib": "1.0", "side": "1.0"}))
    culprits = [culprit_of(here, failing, name, "2.7") for name in ("lib", "side")]
    built = here.builds.builds
    found, _ = here.told(narrow_all(here.case, culprits, fixed, 5))
    assert here.builds.builds == built + 5
    tried = [[one for one in c.narrowings[0].tried if one.version != "1.0"] for c in found]
    assert [len(some) for some in tried] == [3, 3], "one for both, and two for each"


def test_a_release_held_back_is_first_looked_for_at_the_end_of_the_series_before() -> None:
    here = held("/".join(VERSIONS[8:]), VERSIONS)
    narrowing, best, builds = narrowed(here, "lib", "2.7", "1.0")
    assert here.asked[2] == "lib==1.7", "the newest of the major series before"
    assert (narrowing.last_failing, narrowing.first_passing) == ("2.0", "1.7")
    assert said(best.candidate) == "lib==1.7"
    assert builds <= 4


def test_a_release_moved_on_is_first_looked_for_right_before_the_fix() -> None:
    lib = yearly(*VERSIONS)
    here = small("lib==1.0\n", {"lib": lib}, breaks("amber", lib="/".join(VERSIONS[:10])))
    narrowing, best, _ = narrowed(here, "lib", "1.0", "2.2")
    assert (narrowing.last_failing, narrowing.first_passing) == ("2.1", "2.2")
    assert here.asked[2] == "lib==2.1"
    assert said(best.candidate) == "lib==2.2"


def test_what_would_be_compiled_is_not_built_unless_every_build_is_wanted() -> None:
    lib = [at("1.0"), at("1.1", **SOURCE), at("1.2", **SOURCE), at("1.3")]
    fault = breaks("amber", app="1.0", lib="1.2/1.3")
    projects: dict[str, Sequence[Listing]] = {"app": [at("1.0", "2020-01-01", "lib")], "lib": lib}
    narrowing, _, builds = narrowed(small("app==1.0\n", projects, fault), "lib", "1.3", "1.0")
    assert (builds, narrowing.not_built) == (0, ("1.1", "1.2"))
    full = small("app==1.0\n", projects, fault, case={"narrow": Narrow.FULL})
    narrowing, best, builds = narrowed(full, "lib", "1.3", "1.0")
    assert (narrowing.last_failing, narrowing.first_passing) == ("1.2", "1.1")
    assert narrowing.not_built == ()
    assert said(best.candidate) == "lib==1.0", "what has to be compiled is no nearer fix"


def test_a_release_that_fails_to_build_is_narrowed_alone() -> None:
    lib = yearly("1.0", "1.1", "1.2", "2.0")
    here = small("lib==1.0\n", {"lib": lib}, unbuildable("flint", "lib", "1.0/1.1"))
    narrowing, _, _ = narrowed(here, "lib", "1.0", "2.0")
    assert (narrowing.last_failing, narrowing.first_passing) == ("1.1", "1.2")
    alone = [inquiry.isolated for inquiry, _ in here.builds.asked[2:]]
    assert alone
    assert all(alone), "each by itself, no whole file"


def conflicting(**more: Any) -> tuple[Small, Culprit, Probe]:
    """Return a file of two lines that conflict, the conflict, and a fix of it."""
    projects = {
        "app": [at("1.0", "2020-01-01", "lib>=3")],
        "lib": yearly("1.0", "2.0", "3.0", "4.0"),
    }
    here = small("app==1.0\nlib==1.0\n", projects, **more)
    failing = here.probe()
    fixed = here.probe(here.case.settled(Candidate(), {"lib": "4.0"}))
    lines = here.case.requirements
    members = (Member(lines[0], "app", "1.0"), Member(lines[1], "lib", "1.0"))
    conflict = Culprit(
        members, Phase.RESOLVE, Cause.RESOLVER_CONFLICT, "", proof=Proof(failing.number, None)
    )
    return here, conflict, fixed


def test_on_a_platform_a_boundary_is_built_or_said_not_to_be() -> None:
    """Its installer is another tool than the resolver: what that says, no build has shown."""
    here, conflict, fixed = conflicting(local=False, case={"same_tool": False})
    [found], _ = here.told(narrow_all(here.case, [conflict], fixed, 0))
    [narrowing] = found.narrowings
    assert (narrowing.last_failing, narrowing.first_passing) == ("1.0", "4.0")
    assert narrowing.not_built == ("2.0", "3.0")
    [found], best = here.told(narrow_all(here.case, [conflict], fixed, None))
    [narrowing] = found.narrowings
    assert (narrowing.last_failing, narrowing.first_passing) == ("2.0", "3.0")
    assert said(best.candidate) == "lib==3.0"
    assert "lib==2.0" in here.asked
    assert "lib==3.0" in here.asked


def test_without_logs_the_resolver_says_nothing_of_a_boundary() -> None:
    lib = yearly("1.0", "1.1", "2.0", "2.1")
    fault = unbuildable("flint", "lib", "1.0/1.1")
    here = small("lib==1.0\n", {"lib": lib}, fault, local=False, quality=Quality.STATUS)
    narrowing, _, _ = narrowed(here, "lib", "1.0", "2.1", 0)
    assert (narrowing.last_failing, narrowing.first_passing) == ("1.0", "2.1")
    assert narrowing.not_built == ("1.1", "2.0")


def test_what_was_built_on_the_way_is_known_and_costs_nothing() -> None:
    here = held("2.5/2.6/2.7", VERSIONS)
    way = [here.case.settled(Candidate(), {"lib": v}) for v in ("2.5", "2.4", "1.0")]
    failing, *probes = [here.probe(), *map(here.probe, way)]
    culprits = [culprit_of(here, failing, "lib", "2.7")]
    seen = here.builds.asked[1:]
    built = here.builds.builds
    [found], best = here.told(narrow_all(here.case, culprits, probes[-1], 0, seen=seen))
    [narrowing] = found.narrowings
    assert (narrowing.last_failing, narrowing.first_passing) == ("2.5", "2.4")
    assert said(best.candidate) == "lib==2.4"
    assert here.builds.builds == built


def test_conflicts_are_narrowed_by_the_resolver_and_cost_no_build() -> None:
    here, conflict, fixed = conflicting()
    built = here.builds.builds
    [found], _ = here.told(narrow_all(here.case, [conflict], fixed, 0))
    [narrowing] = found.narrowings
    assert (narrowing.last_failing, narrowing.first_passing) == ("2.0", "3.0")
    assert here.builds.builds == built
    assert all(tried.probe is not None for tried in narrowing.tried), "each is kept as a probe"


LIB = (
    at("1.0"),
    at("1.1", yanked=True),
    at("1.2", requires_python=">=4"),
    at("1.3rc1"),
    at("1.4", wheel=ELSEWHERE),
    at("2.0"),
    at("3.0"),
)


def test_what_no_installer_takes_is_on_no_axis_and_the_reason_is_said() -> None:
    case = small("lib==1.0\n", {"lib": LIB}).case
    axis = axis_between(case, "lib", "1.0", "2.0")
    assert axis is not None
    assert axis.versions == ("1.0", "2.0")
    assert {gap.version: gap.reason for gap in axis.skipped} == {
        "1.1": "yanked: withdrawn",
        "1.2": "requires Python >=4",
        "1.3rc1": "a pre-release",
        "1.4": "has no file for this Python and system",
    }


@pytest.mark.parametrize(
    ("before", "after"),
    [("1.99", "2.0"), ("1.0", "2.99"), (None, "2.0"), ("1.0", "1.0"), ("nonsense", "2.0")],
    ids=["the failing does not exist", "the passing does not", "none", "the same", "no version"],
)
def test_there_is_no_axis_without_two_releases_that_exist(before: str | None, after: str) -> None:
    case = small("lib==1.0\n", {"lib": LIB}).case
    assert axis_between(case, "lib", before, after) is None


def test_what_builds_alone_is_no_boundary_where_a_whole_file_failed_with_it() -> None:
    # lib 2.0 builds by itself; what it pulls in does not.
    lib = [at("1.0", "2019-01-01"), at("2.0", "2020-01-01", "bad"), at("3.0", "2021-01-01")]
    lib = [replace(one, wheel="" if one.version == "3.0" else one.wheel, sdist=True) for one in lib]
    projects = {"lib": lib, "bad": [at("1.0", wheel="", sdist=True)], "app": yearly("1.0", "2.0")}
    faults = (unbuildable("flint", "lib", "3.0"), unbuildable("amber", "bad", "1.0"))
    here = small("lib==3.0\napp==2.0\n", projects, *faults)
    failing = here.probe()
    here.probe(here.case.settled(Candidate(), {"lib": "2.0"}))
    fixed = here.probe(here.case.settled(Candidate(), {"lib": "1.0", "app": "1.0"}))
    culprits = [culprit_of(here, failing, "lib", "3.0")]
    seen = here.builds.asked
    [found], _ = here.told(narrow_all(here.case, culprits, fixed, None, seen=seen))
    [narrowing] = found.narrowings
    assert (narrowing.last_failing, narrowing.first_passing) == ("2.0", "1.0")


@pytest.mark.parametrize("local", [True, False], ids=["local", "platform"])
def test_what_a_build_on_the_way_showed_to_fail_bounds_the_versions(local: bool) -> None:
    """It was built beside other releases than the fix has."""
    projects = {
        "lib": [at(f"1.{n}", f"201{n}-01-01", wheel=ELSEWHERE, sdist=True) for n in range(9)],
        "user": [at("1.0", "2015-01-01", "lacks")],
        "lacks": yearly("1.0", "2.0"),
    }
    faults = unbuildable("slate", "lib", "1.0/1.1"), breaks("amber", user="1.0", lacks="2.0")
    here = small("lib==1.0\nuser==1.0\n", projects, *faults, local=local)
    conclusion = here.told(repair(here.case))
    [narrowing] = [n for c in conclusion.culprits for n in c.narrowings if n.name == "lib"]
    assert "lib==1.1" in here.asked
    assert narrowing.last_failing == "1.1"
    assert "1.1" not in narrowing.not_built
