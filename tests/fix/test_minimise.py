"""From a change that passes to the smallest that does (law 2), over what was installed (law 5)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bisect_deps.fix.case import dropped
from bisect_deps.fix.minimise import Smallest, answered, change_between, minimise
from bisect_deps.model import Candidate, Cause, Outcome, Phase
from bisect_deps.policy import POLICY
from tests.fix.small import Small, at, breaks, said, small, yearly
from tests.fix.world import Fault


def smallest(here: Small, **versions: str) -> Smallest:
    """Return the smallest part of a change to these versions, which passes as a whole."""
    failing = here.probe()
    whole = here.case.settled(Candidate(), {k.replace("_", "-"): v for k, v in versions.items()})
    passing = here.probe(whole)
    assert (failing.outcome, passing.outcome) == (Outcome.FAIL, Outcome.PASS)
    change = change_between(here.case, failing, passing)
    here.builds.asked.clear()
    found = here.told(minimise(here.case, change, failing, passing, [failing, passing]))
    assert found.passing.outcome is Outcome.PASS
    return found


def world(*faults: Fault, text: str = "user==1.0\n", **projects: tuple[str, ...]) -> Small:
    tables = {name: yearly(*versions) for name, versions in projects.items()}
    tables["user"] = (at("1.0", "2020-01-01", *projects),)
    return small(text, tables, *faults)


AMBER = breaks("amber", user="1.0", lacks="2.0")


def test_a_move_that_is_not_needed_is_taken_back() -> None:
    here = world(AMBER, lacks=("1.0", "2.0"), side=("1.0", "2.0"), other=("1.0", "2.0"))
    found = smallest(here, lacks="1.0", side="1.0", other="1.0")
    assert found.names == ("lacks",)
    assert said(found.candidate) == "lacks==1.0"
    assert found.shown["lacks"].outcome is Outcome.FAIL


def test_two_moves_that_are_needed_both_stay_and_each_has_a_probe_that_fails_without_it() -> None:
    beryl = breaks("beryl", place=1, user="1.0", side="2.0")
    here = world(AMBER, beryl, lacks=("1.0", "2.0"), side=("1.0", "2.0"), idle=("1.0", "2.0"))
    found = smallest(here, lacks="1.0", side="1.0", idle="1.0")
    assert found.names == ("lacks", "side")
    for name, other in (("lacks", "side"), ("side", "lacks")):
        installed = found.shown[name].installed or {}
        assert installed[name] == "2.0", "it was put back"
        assert installed[other] == "1.0", "and the other was not"


def test_a_side_effect_is_no_part_of_the_change_unless_it_is_needed() -> None:
    # Holding lacks pulls side down with it: lacks 1.0 asks for side<2.
    projects = {
        "user": [at("1.0", "2020-01-01", "lacks", "side")],
        "lacks": [at("1.0", "2019-01-01", "side<2"), at("2.0", "2021-01-01", "side")],
        "side": yearly("1.0", "2.0"),
    }
    here = small("user==1.0\n", projects, AMBER)
    found = smallest(here, lacks="1.0")
    assert said(found.candidate) == "lacks==1.0"
    assert "side" not in found.shown, "no build failed for its sake"


def test_a_side_effect_that_made_it_pass_is_the_change() -> None:
    # lacks moved, but it is side, which moved with it, that the check fails with.
    projects = {
        "user": [at("1.0", "2020-01-01", "lacks", "side")],
        "lacks": [at("1.0", "2019-01-01", "side<2"), at("2.0", "2021-01-01", "side")],
        "side": yearly("1.0", "2.0"),
    }
    here = small("user==1.0\n", projects, breaks("amber", user="1.0", side="2.0"))
    found = smallest(here, lacks="1.0")
    assert found.names == ("side",)
    assert said(found.candidate) == "side==1.0", "the edit that led there is not needed"


def test_what_only_drags_the_release_at_fault_along_is_not_written_in_its_place() -> None:
    projects = {
        "user": [at("1.0", "2020-01-01", "lacks", "side")],
        "lacks": [at("1.0", "2019-01-01", "side<2"), at("2.0", "2021-01-01", "side>=2")],
        "side": yearly("1.0", "2.0"),
    }
    here = small("user==1.0\n", projects, AMBER)
    assert said(smallest(here, lacks="1.0").candidate) == "lacks==1.0"


def test_of_two_that_can_only_move_together_the_one_stays_that_the_log_names() -> None:
    projects = {
        "user": [at("1.0", "2020-01-01", "zeta", "alpha")],
        "zeta": [at("1.0", "2019-01-01", "alpha==1.0"), at("2.0", "2021-01-01", "alpha==2.0")],
        "alpha": yearly("1.0", "2.0"),
    }
    for lost, other in (("zeta", "alpha"), ("alpha", "zeta")):
        members = {"user": "1.0", lost: "2.0", other: "2.0"}
        here = small("user==1.0\n", projects, breaks("amber", **members))
        found = smallest(here, zeta="1.0", alpha="1.0")
        assert found.names == (lost,)
        assert said(found.candidate) == f"{lost}==1.0", "the other follows by itself"


def test_many_differences_are_searched_by_halves() -> None:
    names = [f"p{n}" for n in range(16)]
    here = world(
        breaks("amber", user="1.0", p3="2.0"),
        breaks("beryl", place=1, user="1.0", p11="2.0"),
        **dict.fromkeys(names, ("1.0", "2.0")),
    )
    found = smallest(here, **dict.fromkeys(names, "1.0"))
    assert len(names) > POLICY.few_changes
    assert found.names == ("p11", "p3")
    assert said(found.candidate) == "p11==1.0 p3==1.0"
    assert len(here.builds.asked) < len(names), "not one by one"
    assert found.shown.keys() == {"p3", "p11"}


def test_of_many_that_only_follow_one_none_is_searched() -> None:
    names = [f"p{n}" for n in range(8)]
    projects = {
        "user": [at("1.0", "2020-01-01", "lacks", *names)],
        "lacks": [
            at("1.0", "2019-01-01", *(f"{name}<2" for name in names)),
            at("2.0", "2021-01-01", *names),
        ],
        **{name: yearly("1.0", "2.0") for name in names},
    }
    here = small("user==1.0\n", projects, AMBER)
    found = smallest(here, lacks="1.0")
    assert len(names) > POLICY.few_changes
    assert said(found.candidate) == "lacks==1.0"
    assert here.builds.asked == []


def test_a_release_is_shown_by_a_build_in_which_all_else_is_as_it_passes() -> None:
    # The file itself fails with the newest lacks, and says so first; side is needed with the older.
    projects = {
        "user": [at("1.0", "2020-01-01", "lacks", "side")],
        "lacks": [at("1.0", "2019-01-01", "side"), at("2.0", "2021-01-01", "side>=2")],
        "side": yearly("1.0", "2.0"),
    }
    beryl = breaks("beryl", place=1, user="1.0", side="2.0")
    here = small("user==1.0\n", projects, AMBER, beryl)
    first = here.probe()
    second = here.probe(here.case.settled(Candidate(), {"lacks": "1.0"}))
    passing = here.probe(here.case.settled(Candidate(), {"lacks": "1.0", "side": "1.0"}))
    change = change_between(here.case, first, passing)
    known = [first, second, passing]
    found = here.told(minimise(here.case, change, first, passing, known))
    assert said(found.candidate) == "side==1.0", "lacks follows"
    assert found.shown["side"] == second


def test_probes_on_the_way_answer_what_they_can() -> None:
    beryl = breaks("beryl", place=1, user="1.0", side="2.0")
    here = world(AMBER, beryl, lacks=("1.0", "2.0"), side=("1.0", "2.0"))
    first = here.probe()
    second = here.probe(here.case.settled(Candidate(), {"lacks": "1.0"}))
    passing = here.probe(here.case.settled(Candidate(), {"lacks": "1.0", "side": "1.0"}))
    change = change_between(here.case, first, passing)
    here.builds.asked.clear()
    story = minimise(here.case, change, first, passing, [first, second, passing])
    found = here.told(story)
    assert found.shown["side"].number == second.number, "it failed with side alone put back"
    assert len(here.builds.asked) == 1, "only lacks was put back once more"


def test_where_the_builder_tells_nothing_the_resolver_stands_in() -> None:
    tables = {
        "user": [at("1.0", "2020-01-01", "lacks", "side")],
        "lacks": yearly("1.0", "2.0"),
        "side": yearly("1.0", "2.0"),
    }
    here = small("user==1.0\n", tables, local=False)
    failing = here.probe()
    passing = here.probe(here.case.settled(Candidate(), {"lacks": "1.0"}))
    change = change_between(here.case, failing, passing)
    assert passing.installed is None
    assert (change.before, change.after) == ({"lacks": "2.0"}, {"lacks": "1.0"})


def test_what_would_move_beside_a_part_is_kept_where_it_was() -> None:
    projects = {
        "lead": [at("1.0", "2019-01-01", "side"), at("2.0", "2021-01-01", "side<2")],
        "side": yearly("1.0", "2.0"),
    }
    here = small("lead==2.0\n", projects, breaks("amber", lead="2.0"))
    failing = here.probe()
    passing = here.probe(here.case.settled(Candidate(), {"lead": "1.0"}))
    change = change_between(here.case, failing, passing)
    assert change.names == ("lead", "side")
    made = change.made(here.case, ["lead"])
    assert made is not None
    assert here.case.releases_of(made) == {"lead": "1.0", "side": "1.0"}


def test_what_cannot_be_parted_is_shown_by_a_build_that_had_all_of_it() -> None:
    def apart(name: str, **versions: str) -> Fault:
        return replace(breaks(name, **versions), phase=Phase.BUILD, cause=Cause.COMPILE_ERROR)

    here = world(
        breaks("amber", user="1.0", lacks="2.0", side="2.0/3.0"),
        apart("beryl", lacks="2.0", side="1.0"),
        apart("coral", lacks="1.0", side="2.0"),
        text="user==1.0\nside==2.0\n",
        lacks=("1.0", "2.0"),
        side=("1.0", "2.0", "3.0"),
    )
    failing = here.probe()
    other = here.probe(here.case.settled(Candidate(), {"side": "3.0"}))
    passing = here.probe(here.case.settled(Candidate(), {"lacks": "1.0", "side": "1.0"}))
    assert (other.outcome, passing.outcome) == (Outcome.FAIL, Outcome.PASS)
    change = change_between(here.case, failing, passing)
    found = here.told(minimise(here.case, change, failing, passing, [other, failing, passing]))
    assert (found.names, found.shown) == (("lacks", "side"), {})
    assert found.inseparable == failing


@pytest.mark.parametrize("local", [True, False])
def test_what_a_source_is_guessed_to_come_to_answers_for_no_other_build(local: bool) -> None:
    source = {"wheel": "", "sdist": True}
    projects = {
        "app": [at("1.0", "2022-01-01", "lib<3")],
        "lib": [
            at("1.0", "2020-01-01", **source),
            at("2.0", "2021-01-01", "base<2", **source),
            at("3.0", "2022-01-01", **source),
        ],
        "base": yearly("1.0", "2.0"),
    }
    here = small("app\nlib==3.0\nbase==2.0\n", projects, local=local)
    lib = here.case.requirements[1]
    passed = here.probe(Candidate((dropped(lib),)))
    assert passed.outcome is Outcome.PASS, "with lib 1.0, and the resolver takes it for 2.0"
    moved = here.case.settled(Candidate(), {"lib": "2.0"})
    assert answered(here.case, moved, [passed]) is None
    assert here.probe(moved).outcome is Outcome.FAIL
