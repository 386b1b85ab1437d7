"""Whole series at a time, each step farther than the one before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from bisect_deps.fix.proposers import step
from bisect_deps.fix.proposers.step import steps_back
from bisect_deps.policy import POLICY
from tests.fix.small import at, breaks, small, texts, yearly
from tests.fix.solving import PYTHON
from tests.fix.world import ELSEWHERE, Listing


def versions(older: list[str], now: str) -> list[str]:
    here = small("", {"lib": yearly(*older, now, start=2000)})
    facts = [r for r in here.case.releases("lib") if r.version != now]
    return [release.version for release in steps_back(facts, now)]


@pytest.mark.parametrize(
    ("older", "now", "steps"),
    [
        (["1.0", "1.1", "2.0", "2.1", "2.1.1", "2.2"], "3.0", ["2.2", "2.1.1", "1.1", "2.0"]),
        (["1.0", "1.1", "1.2", "1.3", "1.4"], "1.5", ["1.4", "1.3", "1.0", "1.1"]),
        (["1.9", "2.0", "2.1"], "2.2", ["1.9", "2.1", "2.0"]),
        (["0.1", "0.2", "0.3", "0.9", "1.0"], "2.0", ["1.0", "0.9", "0.2"]),
        (
            ["0.8", "0.28", "1.0", "1.9", *(f"2.{n}" for n in range(9)), "3.0", "3.1"],
            "3.2",
            ["2.8", "3.1", "1.9", "0.28", "3.0", "2.7", "2.3"],
        ),
        (["0.9", *(f"1.{n}" for n in range(9))], "1.9", ["0.9", "1.8", "1.7", "1.0", "1.5", "1.1"]),
        (
            [f"{major}.{minor}" for major in range(1, 7) for minor in range(2)],
            "7.0",
            ["6.1", "6.0", "5.1", "4.1", "5.0", "3.0", "3.1"],
        ),
        ([f"2.0.{n}" for n in range(1, 6)], "2.0.6", ["2.0.1", "2.0.5", "2.0.4", "2.0.2"]),
        (["0.9.0", "0.9.1"], "1.0", ["0.9.1", "0.9.0"]),
        ([], "1.0", []),
    ],
    ids=[
        "the major before, then ever farther",
        "minor series where there is one major",
        "the major before comes before the minor before",
        "zero is a major like others",
        "each major before, however many releases it has",
        "the first series of its own major",
        "not so far that all are majors",
        "the first of a series where there is no other, then ever farther",
        "one release before where there is no other series",
        "nothing older",
    ],
)
def test_steps_go_from_series_to_series(older: list[str], now: str, steps: list[str]) -> None:
    assert versions(older, now) == steps
    assert len(steps) <= POLICY.steps


def test_a_step_lands_on_the_newest_that_needs_no_compiler() -> None:
    lib = [
        at("1.0", "2018-01-01"),
        at("1.9", "2019-01-01", wheel="", sdist=True),
        at("2.0", "2020-01-01"),
    ]
    assert _first_step(lib) == "lib==1.9", "a source of a project that compiles nothing"
    assert _first_step([at("0.1", "2017-01-01", wheel=ELSEWHERE), *lib]) == "lib==1.0"


def _first_step(lib: Sequence[Listing]) -> str:
    here = small(
        "app==1.0\n",
        {"app": [at("1.0", "2020-01-01", "lib")], "lib": lib},
        breaks("amber", app="1.0", lib="2.0"),
    )
    return texts(list(step.propose(here.case, here.scene())))[0]


def test_what_lost_a_name_steps_before_its_user_and_each_to_its_newest_as_well() -> None:
    projects = {
        "app": [at(f"{n}.0", f"20{n + 10}-01-01", "lib") for n in (1, 2, 3)],
        "lib": yearly("1.0", "2.0", "3.0"),
    }
    here = small(
        "app==2.0\nlib==2.0\n",
        projects,
        breaks("amber", app="2.0", lib="2.0"),
        case={"interpreter": replace(PYTHON, version="3.5.1")},
    )
    offered = dict.fromkeys(texts(list(step.propose(here.case, here.scene()))))
    assert list(offered) == [
        "lib==1.0",
        "lib==3.0",
        "app==1.0",
        "app==3.0",
    ]


def test_a_release_from_before_this_python_goes_to_the_first_from_after_it_or_the_newest() -> None:
    lib = [
        at("1.0", "2019-01-01"),
        at("2.0", "2020-01-01"),
        at("2.1", "2021-01-01"),
        at("3.0", "2024-02-01"),
        at("4.0", "2025-02-01"),
    ]
    broken = breaks("amber", lib="2.0")
    python = replace(PYTHON, version="3.12.1")
    here = small("lib==2.0\n", {"lib": lib}, broken, case={"interpreter": python})
    assert texts(list(step.propose(here.case, here.scene())))[:2] == ["lib==2.1", "lib==3.0"]
    tied = [replace(own, requires=("other>1",)) if own.version == "2.1" else own for own in lib]
    others = {"lib": tied, "other": yearly("1.0", "2.0")}
    here = small("lib==2.0\nother==1.0\n", others, broken, case={"interpreter": python})
    assert texts(list(step.propose(here.case, here.scene())))[0] == "lib==3.0"
    frozen = small("lib==2.0\n", {"lib": lib[:3]}, broken, case={"interpreter": python})
    assert texts(list(step.propose(frozen.case, frozen.scene())))[0] == "lib==2.1"
    python = replace(PYTHON, version="3.8.1")
    here = small("lib==2.0\n", {"lib": lib}, broken, case={"interpreter": python})
    assert texts(list(step.propose(here.case, here.scene())))[0] == "lib==1.0"
