"""Lines that fail a check together, found by leaving lines out, and the one that moves."""

from __future__ import annotations

from bisect_deps.fix.lines import accuse_alone, part
from bisect_deps.model import Outcome, Phase
from tests.fix.simulated import Checks, Quality
from tests.fix.small import Small, breaks, said, small, yearly

NAMES = tuple(f"p{n}" for n in range(6))
TEXT = "".join(f"{name}==2.0\n" for name in NAMES)


def given(*faults: object, **more: object) -> Small:
    projects = {name: yearly("1.0", "2.0", "3.0") for name in NAMES}
    return small(TEXT, projects, *faults, checks=Checks.IMPORTS, **more)  # type: ignore[arg-type]


def test_a_pair_is_found_without_a_log_that_names_it_and_one_of_it_moves() -> None:
    here = given(breaks("amber", p1="2.0", p4="2.0"), quality=Quality.SILENT)
    parted = here.told(part(here.case, here.probe()))
    [culprit] = parted.culprits
    assert [member.name for member in culprit.members] == ["p1", "p4"]
    assert culprit.phase is Phase.CHECK
    assert parted.passing is not None
    assert parted.passing.outcome is Outcome.PASS
    assert said(parted.passing.candidate) == "p1==3.0", "the nearest newer release"


def test_where_no_newer_release_helps_an_older_one_does() -> None:
    here = given(breaks("amber", p1="2.0/3.0", p4="2.0/3.0"), quality=Quality.SILENT)
    parted = here.told(part(here.case, here.probe()))
    assert parted.passing is not None
    assert said(parted.passing.candidate) == "p1==1.0"


def test_what_no_release_fixes_is_a_culprit_without_a_passing_build() -> None:
    every = "1.0/2.0/3.0"
    here = given(breaks("amber", p1=every, p4=every), quality=Quality.SILENT)
    parted = here.told(part(here.case, here.probe()))
    assert [[m.name for m in culprit.members] for culprit in parted.culprits] == [["p1", "p4"]]
    assert parted.passing is None


def test_a_line_whose_import_fails_with_no_other_line_there_is_alone_at_fault() -> None:
    here = given(breaks("amber", p3="1.0/2.0/3.0"))
    failing = here.probe()
    [culprit] = here.told(accuse_alone(here.case, failing))
    assert [member.name for member in culprit.members] == ["p3"]
    [(asked, _)] = here.builds.asked[1:]
    assert asked.candidate.dropped == {0, 1, 2, 4, 5}


def test_a_line_that_imports_by_itself_is_not_accused() -> None:
    here = given(breaks("amber", p1="1.0/2.0/3.0", p4="1.0/2.0/3.0"))
    assert here.told(accuse_alone(here.case, here.probe())) == ()
