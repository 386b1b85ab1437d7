"""A project whose newest release uses what Python lost is set aside, and the rest repaired."""

from __future__ import annotations

from dataclasses import replace

from bisect_deps.fix.outlived import outlived
from bisect_deps.fix.repair import repair
from bisect_deps.model import BreakageKind, Outcome, VerdictKind
from tests.fix.simulated import Checks
from tests.fix.small import Small, breaks, said, small, yearly
from tests.fix.world import Fault


def loses(project: str, versions: str, name: str = "amber") -> Fault:
    """Return the failure of releases that import a module which this Python has no more."""
    return replace(breaks(name, **{project: versions}), kind=BreakageKind.MODULE_GONE)


def given(*faults: Fault, text: str = "old==3.0\nbeside==1.0\n", newest: str = "3.0") -> Small:
    versions = [f"{n}.0" for n in range(1, 12) if n <= float(newest)]
    projects = {"old": yearly(*versions), "beside": yearly("1.0", "2.0")}
    return small(text, projects, *faults, checks=Checks.IMPORTS)


EVERY = "/".join(f"{n}.0" for n in range(1, 12))


def test_of_a_newest_release_that_python_outlived_nothing_is_expected() -> None:
    here = given(loses("old", EVERY))
    assert outlived(here.case, here.probe()) == "old"


def test_where_a_newer_release_is_there_or_another_project_has_what_is_gone_something_is() -> None:
    newer = given(loses("old", EVERY), newest="4.0")
    assert outlived(newer.case, newer.probe()) == ""
    pair = given(breaks("amber", old="3.0", beside="1.0"))
    assert outlived(pair.case, pair.probe()) == ""
    raised = given(breaks("amber", old="3.0"))
    assert outlived(raised.case, raised.probe()) == ""


def test_the_rest_is_repaired_without_it_in_few_builds() -> None:
    here = given(
        loses("old", EVERY),
        breaks("flint", 1, beside="1.0"),
        text="old==11.0\nbeside==1.0\n",
        newest="11.0",
    )
    conclusion = here.told(repair(here.case))
    assert conclusion.kind is VerdictKind.CULPRITS
    assert [c.members[0].name for c in conclusion.culprits] == ["old", "beside"]
    assert conclusion.passing is not None
    assert conclusion.passing.outcome is Outcome.PASS
    assert said(conclusion.passing.candidate) == "-old beside==2.0"
    assert len(here.builds.asked) <= 10


def test_a_check_that_imports_what_is_set_aside_tells_nothing_of_the_rest() -> None:
    projects = {
        "old": yearly(*EVERY.split("/")),
        "beside": yearly(*[f"{n}.0" for n in range(1, 12)], requires=["hub"]),
        "hub": yearly("1.0", "2.0"),
    }
    here = small(
        "old==11.0\nbeside\n",
        projects,
        loses("old", EVERY),
        breaks("flint", 1, beside="1.0/2.0/3.0", hub="2.0"),
        needed=["old"],
    )
    conclusion = here.told(repair(here.case))
    assert [c.members[0].name for c in conclusion.culprits] == ["old"]
    builds = [said(inquiry.candidate) for inquiry, _ in here.builds.asked]
    assert not [edits for edits in builds if "beside==" in edits], "nothing says that it fails"


def test_the_oldest_release_is_looked_at_where_those_between_fail() -> None:
    # None of its nearest releases works, nor the rest without it.
    projects = {"old": yearly("1.0", "2.0", "3.0", "4.0"), "beside": yearly("1.0", "2.0")}
    fault = loses("old", "2.0/3.0/4.0")
    here = small("old==4.0\nbeside==1.0\n", projects, fault, needed=["old"])
    conclusion = here.told(repair(here.case))
    assert [said(way.candidate) for way in conclusion.ways] == ["old==1.0"]


def test_an_older_release_that_works_is_found_all_the_same() -> None:
    here = given(loses("old", "3.0"))
    conclusion = here.told(repair(here.case))
    assert [said(way.candidate) for way in conclusion.ways] == ["old==2.0"]


def test_behind_other_failures_it_ends_the_way_and_what_was_ended_before_stays_named() -> None:
    projects = {
        "old": yearly(*[f"{n}.0" for n in range(1, 12)]),
        "beside": yearly("1.0", requires=["hub"]),
        "hub": yearly("1.0", "2.0", "3.0", start=2013),
    }
    here = small(
        "beside==1.0\nold==11.0\n",
        projects,
        breaks("flint", beside="1.0", hub="3.0/2.0"),
        replace(loses("old", EVERY), place=1),
        needed=["old"],
    )
    conclusion = here.told(repair(here.case))
    assert [c.members[0].name for c in conclusion.culprits] == ["hub", "old"]
    assert conclusion.kind is VerdictKind.CULPRITS
    assert len(here.builds.asked) <= 14


def test_what_it_pulls_in_is_not_moved_for_it() -> None:
    projects = {
        "old": yearly(*[f"{n}.0" for n in range(1, 4)], requires=["kit"]),
        "kit": yearly("1.0", "2.0", start=2016),
    }
    here = small("old==3.0\n", projects, loses("old", EVERY), needed=["old"])
    here.told(repair(here.case))
    assert not any("kit" in edits for edits in here.asked[:3]), (
        "another release of it is tried first"
    )
