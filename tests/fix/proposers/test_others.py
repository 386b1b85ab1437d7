"""Advice, an earlier day, all pins at once, all of the past: what each offers for a failure."""

from __future__ import annotations

import importlib
from dataclasses import replace

import pytest

from bisect_deps.fix.proposers import PROPOSERS, advice, all_pins, day, moves, past, step
from bisect_deps.fix.proposers.base import moved
from bisect_deps.model import Breakage, BreakageKind, Candidate
from tests.fix.small import Small, at, breaks, small, texts, yearly
from tests.fix.world import Fault

TOOLS = yearly("79.0", "80.0", "81.0", "82.0")


def advised(text: str) -> Small:
    fault = Fault(
        "garnet",
        (("app", frozenset({"1.0"})),),
        kind=BreakageKind.DISTRIBUTION_MISSING,
        remedy="tools<81",
    )
    app = [at("1.0", "2020-01-01"), at("2.0", "2024-01-01")]
    return small(text, {"app": app, "tools": TOOLS}, fault)


def test_the_failures_own_advice_is_offered_at_its_newest() -> None:
    here = advised("app==1.0\n")
    [move] = advice.propose(here.case, here.scene())
    assert texts([move]) == ["tools==80.0"]
    assert "tools<81" in move.why
    assert next(moves(here.case, here.scene())).candidate == move.candidate, "before all others"


def test_advice_moves_the_line_that_contradicts_it() -> None:
    here = advised("app==1.0\ntools==82.0\n")
    assert texts(list(advice.propose(here.case, here.scene()))) == ["tools==80.0"]


def loose_since(text: str = "app==1.0\n") -> Small:
    projects = {
        "app": [at("1.0", "2020-03-01", "lib", "side")],
        "lib": [at("1.0", "2019-01-01"), at("2.0", "2021-01-01"), at("3.0", "2024-01-01")],
        "side": [at("1.0", "2019-01-01"), at("2.0", "2020-06-01")],
    }
    return small(text, projects, breaks("amber", app="1.0", lib="3.0"))


@pytest.mark.parametrize("text", ["app==1.0\n", "app\n"], ids=["of the pin", "of the user"])
def test_what_is_loose_goes_back_to_the_day_of_the_newest_pin_then_to_later_ones(text: str) -> None:
    here = loose_since(text)
    assert texts(list(day.propose(here.case, here.scene()))) == [
        "lib==1.0 side==1.0",
        "lib==2.0",
        "lib==2.0",
    ]


def test_a_day_moves_no_pin() -> None:
    here = loose_since("app==1.0\nlib==3.0\n")
    for move in day.propose(here.case, here.scene()):
        assert not [edit for edit in move.candidate.edits if edit.name in ("app", "lib")]


def test_all_pins_move_together_to_their_newest_then_to_older_ones() -> None:
    projects = {"app": yearly("1.0", "2.0", "3.0"), "lib": yearly("1.0", "2.0", "3.0")}
    here = small("app==2.0\nlib==2.0\n", projects, breaks("amber", app="2.0", lib="2.0"))
    assert texts(list(all_pins.propose(here.case, here.scene()))) == [
        "app==3.0 lib==3.0",
        "app==1.0 lib==1.0",
    ]


def test_the_past_loosens_pins_downwards_and_never_upwards() -> None:
    projects = {"app": yearly("1.0", "2.0", "3.0"), "lib": yearly("1.0", "2.0", "3.0")}
    here = small("app==2.0\nlib==3.0\n", projects, breaks("amber", app="2.0", lib="3.0"))
    found = texts(list(past.propose(here.case, here.scene())))
    assert found[0] == "lib==2.0"
    assert "app==1.0 lib==1.0" in found
    assert not [text for text in found if "3.0" in text]


def test_no_candidate_is_offered_twice_nor_the_one_that_failed() -> None:
    here = loose_since()
    offered = [move.candidate for move in moves(here.case, here.scene())]
    assert len(offered) == len(set(offered))
    assert Candidate() not in offered
    own = [importlib.import_module(f"bisect_deps.fix.proposers.{name}") for name in PROPOSERS]
    single = [m.candidate for module in own for m in module.propose(here.case, here.scene())]
    assert len(single) > len(offered), "they do agree now and then"


def test_without_a_resolver_and_an_index_nothing_is_guessed() -> None:
    here = small(
        "app==1.0\n",
        {"app": yearly("1.0", "2.0")},
        breaks("amber", app="1.0"),
        case={"index": None, "resolver": None},
    )
    assert list(moves(here.case, here.scene())) == []


def test_what_is_imported_and_asked_for_by_nothing_comes_from_its_users_time() -> None:
    fault = Fault("garnet", (("app", frozenset({"1.0"})),))
    app = [at("1.0", "2016-06-01"), at("2.0", "2017-06-01")]
    here = small("app==1.0\n", {"app": app, "tools": TOOLS}, fault)
    lacks = Breakage(BreakageKind.MODULE_GONE, user="app", lacks="tools")
    [move] = advice.propose(here.case, replace(here.scene(), breakage=lacks))
    assert texts([move]) == ["tools==81.0"]
    assert move.why.startswith("app imports tools, ")
    unused = replace(lacks, user="")
    [move] = advice.propose(here.case, replace(here.scene(), breakage=unused))
    assert texts([move]) == ["tools==82.0"]
    assert move.why.startswith("the check imports tools, ")
    for known in (replace(lacks, lacks="app"), replace(lacks, lacks="")):
        assert list(advice.propose(here.case, replace(here.scene(), breakage=known))) == []


def test_where_nothing_is_named_what_the_user_pulls_in_beside_it_steps_back() -> None:
    here = loose_since()
    scene = here.scene()
    scene = replace(scene, breakage=replace(scene.breakage, lacks=""))
    assert "side==1.0" in texts(list(step.propose(here.case, scene)))


def test_a_release_moves_with_the_line_that_stands_in_its_way() -> None:
    projects = {
        "side": [at("1.0", "2020-01-01", "lib<2"), at("2.0", "2021-01-01", "lib")],
        "lib": yearly("1.0", "2.0", "3.0"),
    }
    here = small("side==1.0\nlib==1.0\n", projects)
    found = list(moved(here.case, Candidate(), "lib", ["3.0", "2.0"], "to {version}"))
    assert texts(found) == ["side==2.0 lib==3.0"]
    assert found[0].why == "to 3.0"


def test_what_no_line_names_moves_with_the_line_that_stands_in_its_way() -> None:
    # The side that suits lib 3.0 and asks for other 2.0 is not the one that suits the edit made.
    projects = {
        "app": [at("1.0", "2020-01-01", "lib")],
        "side": [
            at("1.0", "2020-01-01", "lib<2"),
            at("2.0", "2021-01-01", "lib", "other>=2"),
            at("3.0", "2022-01-01", "lib", "other<2"),
        ],
        "lib": yearly("1.0", "3.0"),
        "other": yearly("1.0", "2.0"),
    }
    here = small("app==1.0\nside==1.0\n", projects)
    base = here.case.settled(Candidate(), {"other": "1.0"})
    [move] = moved(here.case, base, "lib", ["3.0"], "")
    assert texts([move]) == ["side==3.0 lib==3.0 other==1.0"]


def test_no_line_is_given_up_so_that_a_release_can_move() -> None:
    projects = {"side": [at("1.0", "2020-01-01", "lib<2")], "lib": yearly("1.0", "3.0")}
    here = small("side==1.0\nlib==1.0\n", projects)
    assert list(moved(here.case, Candidate(), "lib", ["3.0"], "")) == []
