"""The two sides of a broken pair: who moves first depends on who is pinned."""

from __future__ import annotations

import pytest

from bisect_deps.fix.proposers import pair
from bisect_deps.model import Candidate
from tests.fix.simulated import Quality
from tests.fix.small import Small, at, breaks, said, small, texts
from tests.fix.world import ELSEWHERE, HERE

# user 1 was made for lacks 1; lacks 2 lost what it uses, and user 2 knows of that.
PROJECTS = {
    "user": [
        at("1.0", "2020-06-01", "lacks"),
        at("1.1", "2021-03-01", "lacks"),
        at("2.0", "2022-06-01", "lacks"),
        at("3.0", "2023-06-01", "lacks"),
    ],
    "lacks": [
        at("1.0", "2020-01-01"),
        at("1.1", "2020-12-01"),
        at("2.0", "2022-01-01"),
        at("2.1", "2023-01-01"),
    ],
}
FAULT = breaks("amber", user="1.0/1.1", lacks="2.0/2.1")
ALL_HELD = "beside==1.0 lacks==1.1 third==1.0"


def given(text: str, **more: object) -> Small:
    return small(text, PROJECTS, FAULT, **more)  # type: ignore[arg-type]


def offered(here: Small, **more: object) -> list[str]:
    return texts(list(pair.propose(here.case, here.scene(**more))))


def test_a_pinned_user_keeps_its_pin_and_what_it_pulls_in_is_held_back() -> None:
    assert offered(given("user==1.0\n"))[0] == "lacks==1.1", "the newest that user 1.0 can know"


def test_where_the_newest_known_is_of_the_series_that_fails_the_series_before_goes_first() -> None:
    lacks = [
        at("0.27", "2020-01-01"),
        at("0.28.0", "2021-01-01"),
        at("0.28.1", "2021-02-01"),
    ]
    projects = {**PROJECTS, "lacks": lacks}
    here = small("user==1.1\n", projects, breaks("amber", user="1.1", lacks="0.28.0/0.28.1"))
    assert offered(here)[:2] == ["lacks==0.27", "lacks==0.28.0"]


def test_a_pinned_project_that_lost_a_name_stays_and_its_loose_user_is_held_back() -> None:
    here = given("user<2\nlacks==2.0\n")
    assert here.case.installed(here.probe())["user"] == "1.1"
    assert offered(here)[0] == "user==1.0", "a lift to user 2.0 comes after it"


def test_of_two_pins_the_user_is_lifted_first() -> None:
    moves = offered(given("user==1.0\nlacks==2.1\n"))
    assert moves[0] == "user==3.0", "the first that can know lacks 2.1"
    assert "lacks==1.1" in moves


def test_of_two_loose_lines_what_lost_a_name_is_held_back_first() -> None:
    moves = offered(given("user<2\nlacks\n"))
    assert moves[0] == "lacks==2.0", "user 1.1 can have known it"
    assert "user==3.0" in moves


def test_only_one_side_moves_where_the_other_is_to_stay() -> None:
    here = given("user==1.0\nlacks==2.1\n")
    probe = here.probe()
    breakage = here.scene(probe).breakage
    users = texts(list(pair.sides(here.case, probe, breakage, "user")))
    others = texts(list(pair.sides(here.case, probe, breakage, "lacks")))
    assert users
    assert others
    assert all(text.startswith("user==") for text in users)
    assert all(text.startswith("lacks==") for text in others)


def test_a_side_that_went_too_far_comes_half_the_way_back() -> None:
    versions = [at(f"{n}.0", f"20{n + 10}-01-01") for n in range(1, 10)]
    here = small(
        "user==1.0\n",
        {"user": [at("1.0", "2012-01-01", "lacks")], "lacks": versions},
        breaks("early", user="1.0", lacks="1.0"),
        breaks("late", user="1.0", lacks="8.0/9.0"),
    )
    late = here.probe()
    back = here.case.settled(Candidate(), {"lacks": "1.0"})
    early = here.probe(back)
    origin = here.case.installed(late)
    move = next(pair.propose(here.case, here.scene(early, origin=origin)))
    assert said(move.candidate) == "lacks==5.0"


def test_what_was_set_back_before_what_this_python_lost_comes_half_the_way_back() -> None:
    versions = [at(f"{n}.0", f"20{n + 10}-01-01") for n in range(1, 10)]
    here = small(
        "user==1.0\n",
        {"user": [at("1.0", "2012-01-01", "lacks")], "lacks": versions},
        breaks("python", lacks="1.0"),
        breaks("late", user="1.0", lacks="8.0/9.0"),
    )
    late = here.probe()
    early = here.probe(here.case.settled(Candidate(), {"lacks": "1.0"}))
    assert (here.scene(early).breakage.user, here.scene(early).breakage.lacks) == ("lacks", "")
    origin = here.case.installed(late)
    move = next(pair.propose(here.case, here.scene(early, origin=origin)))
    assert said(move.candidate) == "lacks==5.0"
    assert [*pair.propose(here.case, here.scene(early))] == [], "nothing was set back"


@pytest.mark.parametrize(
    ("more", "first", "tag"),
    [
        pytest.param("", "user==3.0", HERE, id="lacks is not held any more"),
        pytest.param("plugin==1.0\n", ALL_HELD, HERE, id="plugin uses it"),
        pytest.param("plugin==1.0\n", ALL_HELD, "", id="it is a source"),
        pytest.param("plugin\n", "user==3.0", HERE, id="plugin may move, too"),
        pytest.param("plugin==1.0\nsource\n", ALL_HELD, HERE, id="another is a source"),
        pytest.param(
            "plugin==1.0\nsource\n",
            ALL_HELD.replace("lacks", "deep==1.0 lacks"),
            "",
            id="both are sources",
        ),
    ],
)
def test_a_user_that_broke_before_is_lifted_or_where_pins_use_it_all_is_held(
    more: str, first: str, tag: str
) -> None:
    other = breaks("beryl", user="1.0/1.1", third="2.0")
    pulled_in = ("lacks", "third", "beside")
    late = [at("1.0", "2020-01-01"), at("2.0", "2024-01-01")]
    projects = {
        **PROJECTS,
        "user": [
            at("1.0", "2020-06-01", *pulled_in, wheel=tag, sdist=not tag),
            at("3.0", "2023-06-01", *pulled_in),
        ],
        "third": late,
        "beside": late,
        "plugin": [at("1.0", "2020-06-01", "user")],
        "source": [at("1.0", "2020-06-01", "deep", wheel="", sdist=True)],
        "deep": late,
    }
    here = small(f"user==1.0\n{more}", projects, FAULT, other)
    held = here.probe(here.case.settled(Candidate(), {"lacks": "1.1"}))
    move = next(pair.propose(here.case, here.scene(held, held={"user": frozenset({"lacks"})})))
    assert said(move.candidate) == first


def test_nothing_is_offered_where_one_side_is_unknown() -> None:
    assert offered(given("user==1.0\n", quality=Quality.SILENT)) == []


@pytest.mark.parametrize(
    ("tag", "first"),
    [(ELSEWHERE, ["lacks==2.0", "lacks==1.1"]), (HERE, ["lacks==1.1"])],
    ids=["sources", "wheels"],
)
def test_where_all_that_it_can_have_known_is_compiled_the_first_wheel_after_goes_first(
    tag: str, first: list[str]
) -> None:
    lacks = [
        at("1.0", "2020-01-01", wheel=tag, sdist=True),
        at("1.1", "2020-03-01", wheel=tag, sdist=True),
        at("2.0", "2022-01-01"),
        at("2.1", "2023-01-01"),
        at("3.0", "2024-01-01"),
    ]
    fault = breaks("amber", user="1.0", lacks="3.0")
    here = small("user==1.0\n", {**PROJECTS, "lacks": lacks}, fault)
    assert offered(here)[: len(first)] == first
