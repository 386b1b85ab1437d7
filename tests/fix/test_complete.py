"""Nothing at fault stays unnamed: who else breaks with what the fix moved away (law 3)."""

from __future__ import annotations

import pytest

from bisect_deps.fix.complete import complete, either_side, told_of
from bisect_deps.fix.culprits import broken
from bisect_deps.fix.failure import breakages_of
from bisect_deps.fix.repair import repair
from bisect_deps.model import Candidate, Culprit, Outcome, Probe
from tests.fix.simulated import Checks
from tests.fix.small import Small, at, breaks, said, small, yearly

# Two lines use what hub lost; the log of a check stops at the first.
PROJECTS = {
    "first": [at("1.0", "2020-01-01", "hub"), at("2.0", "2023-01-01", "hub")],
    "second": [at("1.0", "2020-01-01", "hub"), at("2.0", "2023-01-01", "hub")],
    "hub": [at("1.0", "2019-01-01"), at("2.0", "2022-01-01")],
}
FAULTS = (
    breaks("amber", first="1.0", hub="2.0"),
    breaks("beryl", place=1, second="1.0", hub="2.0"),
)
TEXT = "first==1.0\nsecond==1.0\n"


def parts(here: Small) -> tuple[Culprit, Probe, Probe]:
    """Return the culprit that the file's own failure shows, that probe, and the fixed one."""
    failing = here.probe()
    fixed = here.probe(here.case.settled(Candidate(), {"hub": "1.0"}))
    assert fixed.outcome is Outcome.PASS
    member = here.case.member("hub", "2.0", here.case.resolve(Candidate()))
    assert member is not None
    return broken([member], failing, breakages_of(failing)[0], fixed.number), failing, fixed


def lines(culprits: tuple[Culprit, ...]) -> list[str]:
    return [culprit.members[0].requirement.text for culprit in culprits]


def test_who_else_a_log_shows_to_break_is_named_at_no_cost() -> None:
    here = small(TEXT, PROJECTS, *FAULTS, shows_all=True)
    culprit, failing, fixed = parts(here)
    built = here.builds.builds
    found = here.told(complete(here.case, [culprit], fixed, [failing], build=False))
    assert lines(found) == ["first==1.0", "second==1.0"]
    assert here.builds.builds == built
    assert found[1].members[0].name == "hub"
    assert "second 1.0 breaks with hub 2.0: beryl is not in that version." in found[1].summary
    assert found[1].proof.failing_probe == failing.number
    assert found[1].proof.passing_probe == fixed.number


def test_who_is_at_fault_by_the_same_error_already_is_named_once() -> None:
    here = small(TEXT, PROJECTS, *FAULTS, shows_all=True)
    culprit, failing, fixed = parts(here)
    member = here.case.member("second", "1.0", here.case.resolve(Candidate()))
    assert member is not None
    second = broken([member], failing, breakages_of(failing)[1], fixed.number)
    found = here.told(complete(here.case, [culprit, second], fixed, [failing], build=False))
    assert [culprit.members[0].name for culprit in found] == ["hub", "second"]


def test_who_hides_behind_the_first_failure_is_found_by_one_build() -> None:
    projects = {**PROJECTS, "idle": yearly("1.0")}
    here = small(f"{TEXT}idle==1.0\n", projects, *FAULTS)
    culprit, failing, fixed = parts(here)
    built = here.builds.builds
    assert lines(here.told(complete(here.case, [culprit], fixed, [failing], build=False))) == [
        "first==1.0"
    ]
    found = here.told(complete(here.case, [culprit], fixed, [failing], build=True))
    assert lines(found) == ["first==1.0", "second==1.0"]
    assert here.builds.builds == built + 1
    assert here.builds.asked[-1][0].imports, "all that is installed, whatever the check looks at"


def test_no_build_is_spent_where_nobody_else_uses_it() -> None:
    projects = {**PROJECTS, "second": yearly("1.0", "2.0")}
    here = small(TEXT, projects, FAULTS[0])
    culprit, failing, fixed = parts(here)
    built = here.builds.builds
    found = here.told(complete(here.case, [culprit], fixed, [failing], build=True))
    assert lines(found) == ["first==1.0"]
    assert here.builds.builds == built


def test_who_uses_it_and_works_is_not_accused() -> None:
    here = small(TEXT, PROJECTS, FAULTS[0])
    culprit, failing, fixed = parts(here)
    found = here.told(complete(here.case, [culprit], fixed, [failing], build=True))
    assert lines(found) == ["first==1.0"]


def test_who_a_log_shows_to_break_as_written_is_named_in_a_file_that_does_not_resolve_too() -> None:
    # Its newer release only follows: nothing resolves with the old one and the other's new one.
    projects = {
        "top": [at("1.0", "2020-01-01", "low<2"), at("2.0", "2023-01-01", "low>=2")],
        "low": yearly("1.0", "2.0"),
        "late": yearly("2.0"),
    }
    faults = (breaks("amber", top="1.0"), breaks("beryl", place=1, low="1.0"))
    here = small("top==1.0\nlow==1.0\nlate==1.0\n", projects, *faults, shows_all=True)
    case = here.case
    found = here.probe(case.settled(Candidate(), {"late": "2.0"}))
    fixed = here.probe(case.settled(Candidate(), {"top": "2.0", "low": "2.0", "late": "2.0"}))
    assert (found.outcome, fixed.outcome) == (Outcome.FAIL, Outcome.PASS)
    assert case.releases_of(Candidate()) is None
    member = case.member("top", "1.0", case.resolve(found.candidate))
    assert member is not None
    culprit = broken([member], found, breakages_of(found)[0], fixed.number)
    named = here.told(complete(case, [culprit], fixed, [found], build=False))
    assert lines(named) == ["top==1.0", "low==1.0"]


def test_two_pins_either_of_which_fixes_it_are_a_combination() -> None:
    here = small("first==1.0\nhub==2.0\n", PROJECTS, FAULTS[0])
    failing = here.probe()
    fixed = here.probe(here.case.settled(Candidate(), {"hub": "1.0"}))
    member = here.case.member("hub", "2.0")
    assert member is not None
    breakage = breakages_of(failing)[0]
    culprit = broken([member], failing, breakage, fixed.number)
    both, other = here.told(either_side(here.case, culprit, breakage, failing, fixed))
    assert [member.name for member in both.members] == ["first", "hub"]
    assert other is not None
    assert other.outcome is Outcome.PASS
    assert (other.installed or {})["hub"] == "2.0", "its pin stayed"


def test_a_pin_that_alone_fixes_it_is_alone_at_fault() -> None:
    stuck = {**PROJECTS, "first": [at("1.0", "2020-01-01", "hub")]}
    here = small("first==1.0\nhub==2.0\n", stuck, FAULTS[0])
    failing = here.probe()
    fixed = here.probe(here.case.settled(Candidate(), {"hub": "1.0"}))
    member = here.case.member("hub", "2.0")
    assert member is not None
    breakage = breakages_of(failing)[0]
    culprit = broken([member], failing, breakage, fixed.number)
    found, other = here.told(either_side(here.case, culprit, breakage, failing, fixed))
    assert (found, other) == (culprit, None)


@pytest.mark.parametrize("checks", [Checks.IMPORTS, Checks.COMMAND])
def test_without_another_release_of_a_side_imports_that_pass_without_it_tell(
    checks: Checks,
) -> None:
    stuck = {**PROJECTS, "first": [at("1.0", "2020-01-01", "hub")]}
    here = small("first==1.0\nhub==2.0\n", stuck, FAULTS[0], checks=checks)
    failing = here.probe()
    fixed = here.probe(here.case.settled(Candidate(), {"hub": "1.0"}))
    member = here.case.member("hub", "2.0")
    assert member is not None
    breakage = breakages_of(failing)[0]
    culprit = broken([member], failing, breakage, fixed.number)
    found, other = here.told(either_side(here.case, culprit, breakage, failing, fixed))
    assert other is None
    names = [member.name for member in found.members]
    assert names == (["first", "hub"] if checks.imports else ["hub"])
    assert here.asked[2:] == (["-first"] if checks.imports else [])


def test_a_culprit_is_described_by_its_own_probe_alone() -> None:
    here = small(TEXT, PROJECTS, *FAULTS)
    culprit, failing, fixed = parts(here)
    moved = here.probe(here.case.settled(Candidate(), {"first": "2.0"}))
    assert breakages_of(moved)[0].user == "second"
    told = told_of(culprit, [moved, fixed, failing])
    assert told is not None
    assert told.user == "first"


def test_a_user_that_a_line_pulls_in_is_named_by_that_line() -> None:
    projects = {**PROJECTS, "top": [at("1.0", "2020-01-01", "second<2")]}
    here = small("first==1.0\ntop==1.0\n", projects, *FAULTS, shows_all=True)
    culprit, failing, fixed = parts(here)
    found = here.told(complete(here.case, [culprit], fixed, [failing], build=False))
    assert lines(found) == ["first==1.0", "top==1.0"]
    assert found[1].members[0].via == ("top", "second")


@pytest.mark.parametrize(("moved", "found"), [({}, ["hub"]), ({"first": "2.0"}, [])])
def test_a_failure_of_a_release_that_the_file_does_not_have_accuses_nobody(
    moved: dict[str, str], found: list[str]
) -> None:
    here = small("first==1.0\n", PROJECTS, breaks("amber", first="1.0/2.0", hub="2.0"))
    probe = here.probe(here.case.settled(Candidate(), moved))
    fixed = here.probe(here.case.settled(Candidate(), {"hub": "1.0"}))
    culprits = here.told(complete(here.case, [], fixed, [probe], build=False))
    assert [culprit.members[0].name for culprit in culprits] == found


def test_of_two_lines_that_pull_it_in_the_one_that_the_fix_moves_is_named() -> None:
    projects = {
        "early": [at("1.0", "2020-01-01", "leaf")],
        "late": [at("1.0", "2020-01-01", "leaf<2"), at("2.0", "2023-01-01", "leaf")],
        "leaf": [at("1.0", "2019-01-01"), at("2.0", "2022-01-01")],
    }
    broken_leaf = breaks("amber", leaf="1.0")
    here = small("early\nlate==1.0\n", projects, broken_leaf, needed=["early", "late"])
    conclusion = here.told(repair(here.case))
    assert [said(way.candidate) for way in conclusion.ways] == ["late==2.0"]
    assert lines(conclusion.culprits) == ["late==1.0"]


def test_a_failure_that_does_not_name_a_culprit_tells_no_other_side_of_it() -> None:
    here = small("first==1.0\nhub==2.0\nidle==1.0\n", {**PROJECTS, "idle": yearly("1.0")}, *FAULTS)
    failing = here.probe()
    fixed = here.probe(here.case.settled(Candidate(), {"hub": "1.0"}))
    member = here.case.member("idle", "1.0")
    assert member is not None
    culprit = broken([member], failing, breakages_of(failing)[0], fixed.number)
    found, _ = here.told(either_side(here.case, culprit, breakages_of(failing)[0], failing, fixed))
    assert found == culprit
