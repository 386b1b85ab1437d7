"""What a case settles without a build: where a version is written, and which edits say nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

import pytest

from bisect_deps.fix.case import Case
from bisect_deps.model import (
    Candidate,
    Cause,
    Diagnosis,
    Edit,
    EditAction,
    Member,
    Outcome,
    Phase,
    Probe,
    ProbeKind,
    Suspect,
)
from bisect_deps.reports.base import pulled_in
from bisect_deps.resolution.uv_resolver import Resolution, ResolverOutcome
from tests.fix.small import Small, at, said, small, yearly

PROJECTS = {
    "app": [at("1.0", "2020-01-01", "lib"), at("2.0", "2021-01-01", "lib>=2")],
    "lib": yearly("1.0", "2.0", "3.0", start=2018),
    "base": yearly("1.0", "2.0"),
}


def given(text: str, limits: str = "") -> Small:
    return small(text, PROJECTS, limits=limits)


def pinned(name: str, number: int | None, version: str) -> Edit:
    action = EditAction.ADD if number is None else EditAction.REPIN
    return Edit(action, name, number, f"=={version}")


@pytest.mark.parametrize(
    ("text", "limits", "edits"),
    [
        ("app==1.0\nlib==3.0\n", "", [pinned("lib", 1, "2.0")]),
        ("app==1.0\nlib==2.0\n", "", []),
        ("app==1.0\nlib==2\n", "", []),
        ("app==1.0\nlib\n", "", [pinned("lib", 1, "2.0")]),
        ("app==1.0\nlib>=1,<4\n", "", [pinned("lib", 1, "2.0")]),
        ("app==1.0\n", "", [pinned("lib", None, "2.0")]),
        ("app==1.0\n", "lib==3.0\n", [pinned("lib", 1, "2.0")]),
        ("lib\n", "lib==3.0\n", [pinned("lib", 1, "2.0")]),
        ("lib>=3\n", "lib==3.0\n", [pinned("lib", 0, "2.0"), pinned("lib", 1, "2.0")]),
        ("lib\n", "lib<3\n", [pinned("lib", 0, "2.0")]),
        ("lib\n", "lib<2\n", [pinned("lib", 0, "2.0"), pinned("lib", 1, "2.0")]),
    ],
    ids=[
        "a pin moves where it stands",
        "a pin at the version stays",
        "a pin spelled otherwise stays",
        "a bare name is pinned",
        "a range is pinned",
        "what no line names is added",
        "a constraint that pins moves",
        "a bare name with a pinning constraint stays",
        "a range that the pinning constraint leaves moves too",
        "a constraint that allows it stays",
        "a constraint that forbids it moves",
    ],
)
def test_a_version_is_written_where_its_project_stands(
    text: str, limits: str, edits: list[Edit]
) -> None:
    here = given(text, limits)
    candidate = here.case.settled(Candidate(), {"lib": "2.0"})
    assert list(candidate.edits) == edits
    assert here.scenario.state(candidate).installed["lib"] == "2.0"


def test_a_project_settled_again_is_written_once() -> None:
    here = given("app==1.0\n")
    once = here.case.settled(Candidate(), {"lib": "1.0", "base": "1.0"})
    again = here.case.settled(once, {"lib": "2.0"})
    assert said(again) == "base==1.0 lib==2.0"
    lined = given("lib==3.0\n").case
    there = lined.settled(Candidate(), {"lib": "1.0"})
    assert lined.settled(there, {"lib": "3.0"}) == Candidate(), "as written needs no edit"


def test_a_pin_that_moves_has_the_hashes_of_its_new_release() -> None:
    index = small("", PROJECTS).scenario.index
    known = {r.version: r.hashes for r in index.releases("lib")}
    text = "".join(f"lib==3.0 --hash={h}\n" for h in known["3.0"])
    here = small(text, PROJECTS)
    moved = here.case.settled(Candidate(), {"lib": "2.0", "base": "1.0"})
    by_name = {edit.name: edit for edit in moved.edits}
    assert by_name["lib"].hashes == tuple(known["2.0"])
    assert by_name["base"].hashes, "where one line has a hash, every line needs one"
    assert here.case.at_version(by_name["lib"], "1.0").hashes != by_name["lib"].hashes
    assert given("lib==3.0\n").case.settled(Candidate(), {"lib": "2.0"}).edits[0].hashes == ()


def member(case: Case, name: str, version: str) -> Member | None:
    return case.member(name, version, case.resolve(Candidate()))


def test_what_a_line_pulls_in_is_at_fault_through_that_line() -> None:
    case = given("base==1.0\napp==1.0\n").case
    found = member(case, "lib", "3.0")
    assert found is not None
    assert (found.requirement.text, found.via) == ("app==1.0", ("app",))
    own = member(case, "app", "1.0")
    assert own is not None
    assert (own.requirement.text, own.via) == ("app==1.0", ())
    assert member(case, "nonesuch", "1.0") is None


def test_of_two_lines_that_pull_it_in_that_of_its_user_is_at_fault() -> None:
    asking = {name: [at("1.0", "2020-01-01", "lib")] for name in ("one", "two")}
    case = small("one==1.0\ntwo==1.0\n", {**asking, "lib": yearly("1.0")}).case
    for user in ("one", "two"):
        found = case.member("lib", "1.0", case.resolve(Candidate()), user)
        assert found is not None
        assert (found.requirement.name, found.via) == (user, (user,))


def test_of_two_lines_that_pull_it_in_the_one_that_moves_it_is_at_fault() -> None:
    asking = {name: [at("1.0", "2020-01-01", "lib")] for name in ("one", "two")}
    case = small("one==1.0\ntwo==1.0\n", {**asking, "lib": yearly("1.0")}).case
    for moving in ("one", "two"):
        found = case.member("lib", "1.0", case.resolve(Candidate()), moving=["none", moving])
        assert found is not None
        assert (found.requirement.name, found.via) == (moving, (moving,))


def test_a_user_that_asks_for_it_through_others_is_at_fault_before_a_nearer_line() -> None:
    projects = {
        "near": [at("1.0", "2020-01-01", "lib")],
        "user": [at("1.0", "2020-01-01", "between")],
        "between": [at("1.0", "2020-01-01", "lib")],
        "lib": yearly("1.0"),
    }
    case = small("near==1.0\nuser==1.0\n", projects).case
    found = case.member("lib", "1.0", case.resolve(Candidate()), "user")
    assert found is not None
    assert (found.requirement.name, found.via) == ("user", ("user", "between"))


def test_what_a_line_uses_unasked_is_not_the_fault_of_the_line_that_asks_for_it() -> None:
    projects = {
        "asks": [at("1.0", "2020-01-01", "lib")],
        "user": yearly("1.0"),
        "lib": yearly("1.0"),
    }
    case = small("asks==1.0\nuser==1.0\n", projects).case
    found = case.member("lib", "1.0", case.resolve(Candidate()), "user")
    assert found is not None
    assert (found.requirement.name, found.via, found.used) == ("user", ("user",), True)
    assert pulled_in(found) == "user uses lib 1.0."


def test_the_line_that_pins_is_at_fault_before_the_line_that_names() -> None:
    case = given("lib\napp==1.0\n", "lib==3.0\n").case
    line = case.line_at_fault("lib")
    assert line is not None
    assert line.constraint
    loose = given("lib\napp==1.0\n", "lib<4\n").case.line_at_fault("lib")
    assert loose is not None
    assert not loose.constraint


def test_what_differs_is_what_was_installed_not_what_was_written() -> None:
    here = given("app==1.0\n")
    probe = here.probe()
    assert here.case.installed(probe) == {"app": "1.0", "lib": "3.0"}
    platform = small("app==1.0\n", PROJECTS, local=False)
    probe = platform.probe()
    assert probe.installed is None
    assert platform.case.installed(probe) == {"app": "1.0", "lib": "3.0"}, "the resolver stands in"


def test_a_project_that_comes_from_an_address_has_no_version_to_tell() -> None:
    class Addressed(Case):
        """A case whose resolver never lists what an address is for."""

        def releases_of(self, candidate: Candidate) -> Mapping[str, str]:
            del candidate
            return {"app": "1.0"}

    here = given("app==1.0\n").case
    case = Addressed(**{field.name: getattr(here, field.name) for field in fields(here)})
    said_of = Diagnosis(Outcome.FAIL, Cause.COMPILE_ERROR, Phase.BUILD, (Suspect("tool"),))
    probe = Probe(1, ProbeKind.WHOLE, Candidate(), Outcome.FAIL, diagnosis=said_of)
    assert case.installed(probe) == {"app": "1.0"}


def test_only_releases_that_an_installer_takes_are_offered() -> None:
    lib = (
        at("1.0"),
        at("1.1", requires_python=">=4"),
        at("1.2", yanked=True),
        at("2.0b1"),
        at("2.0", wheel="", sdist=True),
        at("2.1", wheel="cp27-cp27m-win32"),
    )
    case = small("lib\n", {"lib": lib}).case
    assert [release.version for release in case.releases("lib")] == ["1.0", "2.0"]


def test_what_an_address_comes_to_is_not_known_exactly() -> None:
    assert given("app==1.0\nlib==3.0\n").case.exact(Candidate()) == ("app==1.0", "lib==3.0")
    assert given("app==1.0\nlib @ https://files.example/lib.zip\n").case.exact(Candidate()) is None


def test_projects_that_ask_for_each_other_alone_are_pulled_in_by_no_line() -> None:
    here = small("app==1.0\n", {"app": yearly("1.0")})
    parents = {"app": ("",), "one": ("other",), "other": ("one",)}
    resolution = Resolution(ResolverOutcome.RESOLVED, dict.fromkeys(parents, "1.0"), parents)
    assert here.case.member("one", "1.0", resolution) is None
