"""Fixing an install where every build costs the same: few builds, and no move beyond need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from bisect_deps.fix.accuse import Standing
from bisect_deps.fix.conclusion import Conclusion
from bisect_deps.fix.inquiry import Inquiry
from bisect_deps.fix.install import choices_to_move, guessed_by_facts
from bisect_deps.fix.repair import repair
from bisect_deps.model import (
    Breakage,
    BreakageKind,
    Candidate,
    Cause,
    Culprit,
    Evidence,
    Member,
    Narrow,
    Outcome,
    Phase,
    Probe,
    ProbeKind,
    VerdictKind,
)
from bisect_deps.policy import POLICY
from bisect_deps.progress import Silent
from bisect_deps.run.driver import drive
from tests.fix.simulated import Quality, SimulatedBuilds
from tests.fix.small import Small, Stopping, at, breaks, said, small, unbuildable, yearly
from tests.fix.world import ELSEWHERE, Fault, Listing

SOURCE: dict[str, Any] = {"wheel": ELSEWHERE, "sdist": True}
# Without any wheel, what it requires is not seen without a build.
UNSEEN: dict[str, Any] = {"wheel": "", "sdist": True}
# Of both, the old release has no wheel here: facts suspect the two lines alike.
PROJECTS: dict[str, Sequence[Listing]] = {
    "alpha": [at("1.0", **SOURCE), at("2.0")],
    "beta": [at("1.0", **SOURCE), at("2.0")],
    "omega": [at("1.0")],
}
TOGETHER = Fault(
    "slate",
    (("alpha", frozenset({"1.0"})), ("beta", frozenset({"1.0"}))),
    Phase.BUILD,
    Cause.COMPILE_ERROR,
)


@pytest.mark.parametrize("quality", [Quality.SILENT, Quality.STATUS])
def test_of_two_suspects_that_fail_together_one_is_moved(quality: Quality) -> None:
    text = "alpha==1.0\nbeta==1.0\nomega==1.0\n"
    here = small(text, PROJECTS, TOGETHER, local=False, quality=quality)
    conclusion = here.told(repair(here.case))
    assert conclusion.kind is VerdictKind.FIXED
    [culprit] = conclusion.culprits
    assert [member.name for member in culprit.members] == ["alpha", "beta"]
    assert said(conclusion.ways[0].candidate) == "beta==2.0"
    assert here.builds.builds <= 5, "as given, both moved, and each alone"


ALONE = Fault("amber", (("alpha", frozenset({"1.0"})),), Phase.BUILD, Cause.COMPILE_ERROR)
BETA_TOO = Fault("flint", (("beta", frozenset({"1.0"})),), Phase.BUILD, Cause.COMPILE_ERROR)


def moved_with_another(beta: Listing, *faults: Fault, **more: Any) -> Small:
    """Return a file whose fix of alpha asks for a newer beta, too."""
    projects = {
        **PROJECTS,
        "alpha": [at("1.0", **SOURCE), at("2.0", "2020-01-01", "beta>=2")],
        "beta": [beta, at("2.0")],
    }
    return small("alpha==1.0\nbeta==1.0\nomega==1.0\n", projects, *faults, local=False, **more)


WHEEL, SDIST, FULL = at("1.0"), at("1.0", **SOURCE), {"narrow": Narrow.FULL}


@pytest.mark.parametrize(
    ("beta", "faults", "case", "culprits", "note"),
    [
        (WHEEL, (ALONE,), {}, ["alpha"], "nothing suits"),
        (WHEEL, (ALONE, BETA_TOO), {}, ["alpha", "beta"], ""),
        (SDIST, (ALONE, BETA_TOO), {}, ["alpha"], "nobody tried to compile it"),
        (SDIST, (ALONE, BETA_TOO), FULL, ["alpha", "beta"], ""),
    ],
    ids=["follows", "fails as well", "not compiled for that alone", "compiled where asked for"],
)
def test_what_conflicts_with_the_move_of_another_is_tried_without_it(
    beta: Listing, faults: tuple[Fault, ...], case: dict[str, Any], culprits: list[str], note: str
) -> None:
    """The conflict is with a release that the file never had: it accuses nobody."""
    here = moved_with_another(beta, *faults, case=case)
    conclusion = here.told(repair(here.case))
    assert conclusion.kind is VerdictKind.FIXED
    found = [member.name for culprit in conclusion.culprits for member in culprit.members]
    assert found == culprits
    assert said(conclusion.ways[0].candidate) == "alpha==2.0 beta==2.0"
    assert any(note in shown.text for shown in conclusion.notes) or not note
    assert here.builds.builds <= 6
    parted = [inquiry for inquiry, _ in here.builds.asked if inquiry.kind is ProbeKind.SUBSET]
    assert not any(inquiry.check for inquiry in parted), "it is the install that is asked about"


def test_of_a_combination_that_the_resolver_knows_nothing_against_one_line_is_moved() -> None:
    text = "alpha==1.0\nbeta==1.0\nomega==1.0\n"
    here = small(text, PROJECTS, TOGETHER, quality=Quality.SILENT)
    conclusion = here.told(repair(here.case))
    assert conclusion.kind is VerdictKind.FIXED
    assert said(conclusion.ways[0].candidate) in ("alpha==2.0", "beta==2.0")


def test_a_release_that_is_pulled_in_is_held_before_the_line_that_pulls_it_in_is_moved() -> None:
    projects: dict[str, Sequence[Listing]] = {
        "app": [at("1.0", "2020-01-01", "lib"), at("2.0", "2021-01-01", "lib<2")],
        "lib": [at("1.0", "2019-01-01"), at("2.0", "2020-06-01", **SOURCE)],
    }
    fault = Fault("flint", (("lib", frozenset({"2.0"})),), Phase.BUILD, Cause.COMPILE_ERROR)
    here = small("app==1.0\n", projects, fault)
    conclusion = here.told(repair(here.case))
    assert conclusion.kind is VerdictKind.FIXED
    assert said(conclusion.ways[0].candidate) == "lib==1.0"


@pytest.mark.parametrize(
    ("text", "kind", "note", "most"),
    [
        ("alpha==1.0\nomega==1.0\n", VerdictKind.CULPRITS, "it tells nothing of the rest", 5),
        ("omega==1.0\n", VerdictKind.INCONCLUSIVE, "The check imports alpha", 4),
    ],
    ids=["what was left out", "what no line names"],
)
def test_a_module_that_nothing_installs_accuses_nobody_and_costs_few_builds(
    text: str, kind: VerdictKind, note: str, most: int
) -> None:
    projects = {
        "alpha": [at("1.0", **SOURCE)],
        "omega": [at(f"{n}.0", f"20{n + 10}-01-01") for n in range(1, 9)],
    }
    case = {"index": None} if "alpha" not in text else {}
    here = small(text, projects, ALONE, needed=["alpha", "omega"], case=case)
    conclusion = here.told(repair(here.case))
    assert conclusion.kind is kind
    names = [member.name for culprit in conclusion.culprits for member in culprit.members]
    assert names == ["alpha"] * text.count("alpha")
    assert any(note in shown.text for shown in conclusion.notes), conclusion.notes
    assert here.builds.builds <= most


def test_a_fix_whose_build_was_stopped_is_passed_over_for_the_next() -> None:
    projects = {"alpha": [at("1.0", **SOURCE), at("2.0", "2021-01-01"), at("3.0", "2022-01-01")]}
    here = small("alpha==1.0\n", projects, ALONE)
    builds = Stopping(here.builds, ("alpha==2.0",))
    conclusion: Conclusion = drive(repair(here.case), builds)  # type: ignore[arg-type]
    assert [culprit.members[0].name for culprit in conclusion.culprits] == ["alpha"]
    assert [said(way.candidate) for way in conclusion.ways] == ["alpha==3.0"]


def test_where_two_neighbours_fail_the_newest_release_is_next() -> None:
    versions = [f"1.{n}" for n in range(8)]
    lib = [at(version, f"20{10 + n}-01-01") for n, version in enumerate(versions)]
    fault = unbuildable("flint", "lib", "/".join(versions[:6]))
    here = small("lib==1.0\n", {"lib": lib}, fault, case={"narrow": Narrow.NONE})
    conclusion = here.told(repair(here.case))
    assert said(conclusion.ways[0].candidate) == "lib==1.7"
    whole = [said(i.candidate) for i, _ in here.builds.asked if i.isolated is None]
    assert whole == ["", "lib==1.1", "lib==1.7"]


@pytest.mark.parametrize(
    ("missing", "fix"), [("index", ["alpha==2.0"]), ("resolver", [])], ids=["index", "resolver"]
)
def test_what_to_move_to_the_resolver_tells_and_without_it_nobody(
    missing: str, fix: list[str]
) -> None:
    here = small("alpha==1.0\nomega==1.0\n", PROJECTS, ALONE, case={missing: None})
    conclusion = here.told(repair(here.case))
    assert [culprit.members[0].name for culprit in conclusion.culprits] == ["alpha"]
    assert [said(way.candidate) for way in conclusion.ways] == fix


@pytest.mark.parametrize("hashed", [True, False])
def test_a_file_with_hashes_lists_what_a_fix_pulls_in_anew(hashed: bool) -> None:
    projects = {
        "alpha": [at("1.0", **SOURCE), at("2.0", "2021-01-01", "fresh", "omega")],
        "fresh": [at("1.0")],
        "omega": [at("1.0")],
    }
    digest = f" --hash=sha256:{'0' * 64}" if hashed else ""
    here = small(f"alpha==1.0{digest}\nomega==1.0{digest}\n", projects, ALONE)
    candidate = here.told(repair(here.case)).ways[0].candidate
    assert said(candidate) == ("alpha==2.0 fresh==1.0" if hashed else "alpha==2.0")
    assert all(bool(edit.hashes) is hashed for edit in candidate.edits)


def test_of_two_combinations_the_line_that_both_have_is_moved() -> None:
    projects = {**PROJECTS, "omega": PROJECTS["beta"]}
    also = replace(
        TOGETHER,
        name="shale",
        members=(("beta", frozenset({"1.0"})), ("omega", frozenset({"1.0"}))),
    )
    text = "alpha==1.0\nbeta==1.0\nomega==1.0\n"
    faults = (TOGETHER, also)
    here = small(text, projects, *faults, local=False, quality=Quality.SILENT)
    conclusion = here.told(repair(here.case))
    assert said(conclusion.ways[0].candidate) == "beta==2.0"


class Heard(Silent):
    """Keeps the phases that a display hears of."""

    def __init__(self) -> None:
        self.phases: list[str] = []
        self.known: list[list[str]] = []

    def phase(self, name: str, detail: str = "") -> None:
        self.phases.append(name)

    def culprits_known(self, culprits: Sequence[str]) -> None:
        self.known.append(list(culprits))


def test_the_display_hears_which_part_of_the_work_begins() -> None:
    progress = Heard()
    faults = (ALONE, breaks("beryl", omega="1.0"))
    projects = {**PROJECTS, "omega": yearly("1.0", "2.0")}
    here = small("alpha==1.0\nomega==1.0\n", projects, *faults, case={"progress": progress})
    assert here.told(repair(here.case)).kind is VerdictKind.FIXED
    assert list(dict.fromkeys(progress.phases)) == [
        "Building the file as it is",
        "Finding what is at fault",
        "Looking for releases that build",
        "It installs; following the failure of the check",
        "It passes; taking back what is not needed",
        "It passes; narrowing the versions",
        "Looking for other culprits that the fix covers",
    ]
    assert progress.known[0] == ["alpha 1.0"]
    assert progress.known[-1] == ["alpha 1.0", "omega 1.0"]


def test_a_fix_is_announced_when_a_build_from_scratch_passed() -> None:
    told: list[tuple[str, int, bool]] = []

    def tell(candidate: Candidate, number: int, last: bool) -> None:
        told.append((said(candidate), number, last))

    projects = {**PROJECTS, "omega": yearly("1.0", "2.0", "3.0")}
    here = small("omega==1.0\n", projects, breaks("beryl", omega="1.0/2.0"), case={"tell": tell})
    here.told(repair(here.case))
    assert [(text, last) for text, _, last in told][:1] == [("omega==3.0", False)]
    assert told[-1][2], "nothing more is taken from it"
    fresh = {probe.number for _, probe in here.builds.asked if not probe.warm}
    assert {number for _, number, _ in told} <= fresh


@dataclass(frozen=True)
class Passing:
    """Builds of a check that fails once: made again, it passes."""

    builds: SimulatedBuilds

    def answer(self, inquiries: Sequence[Inquiry]) -> list[Probe]:
        lock = Breakage(
            BreakageKind.OTHER,
            user="omega",
            evidence=(Evidence(3, "RuntimeError: another process holds the lock"),),
        )
        return [
            replace(probe, outcome=Outcome.PASS, diagnosis=None)
            if inquiry.repeat or probe.diagnosis is None
            else replace(probe, diagnosis=replace(probe.diagnosis, breakages=(lock,)))
            for inquiry, probe in zip(inquiries, self.builds.answer(inquiries), strict=True)
        ]


def test_a_check_that_fails_once_and_passes_once_accuses_nobody() -> None:
    here = small("omega==1.0\n", {"omega": yearly("1.0")}, breaks("beryl", omega="1.0"))
    conclusion: Conclusion = drive(repair(here.case), Passing(here.builds))  # type: ignore[arg-type]
    assert conclusion.kind is VerdictKind.INCONCLUSIVE
    assert conclusion.culprits == ()
    [note] = conclusion.notes
    assert note.text.startswith("The check failed once and passed once alike")
    assert here.builds.builds <= 3


def test_what_a_source_pulls_in_is_attributed_to_the_line_that_the_log_names() -> None:
    # The resolver sees nothing of parser: web, and first before it, come as source.
    projects = {
        "first": [at("1.0", **UNSEEN)],
        "web": [
            at("1.0", "2020-01-01", "parser==1.0", **UNSEEN),
            at("1.1", "2020-06-01", "parser==1.0", **UNSEEN),
            *(at(f"{n}.0", f"202{n}-01-01") for n in range(2, 9)),
        ],
        "parser": [at("1.0", **UNSEEN)],
    }
    text = "first==1.0\nweb==1.0\nomega==1.0\n"
    here = small(text, {**PROJECTS, **projects}, unbuildable("amber", "parser", "1.0"))
    conclusion = here.told(repair(here.case))
    assert conclusion.kind is VerdictKind.FIXED
    [culprit] = conclusion.culprits
    [member] = culprit.members
    assert (member.requirement.name, member.name) == ("web", "parser")
    assert said(conclusion.ways[0].candidate) == "web==2.0"
    [narrowing] = culprit.narrowings
    assert (narrowing.name, narrowing.last_failing, narrowing.not_built) == ("web", "1.0", ("1.1",))
    assert narrowing.first_passing == "2.0"
    assert "subset" not in {inquiry.kind.value for inquiry, _ in here.builds.asked}


def test_what_facts_alone_accuse_can_be_built_before_anything_failed() -> None:
    def guessed(text: str, **more: Any) -> list[tuple[str, str | None]]:
        case = small(text, PROJECTS, **more).case
        return [(said(one.candidate), one.isolated) for one in guessed_by_facts(case)]

    text = "alpha==1.0\nbeta==1.0\nomega==1.0\n"
    assert guessed(text) == [
        ("alpha==2.0 beta==2.0", None),
        ("", "alpha==1.0"),
        ("", "beta==1.0"),
    ]
    assert guessed(text, local=False) == [("alpha==2.0 beta==2.0", None)], "nothing builds alone"
    assert guessed(f"{text}none==1.0\n") == [("", "alpha==1.0"), ("", "beta==1.0")]
    assert guessed("omega==1.0\n") == []


def test_of_what_fails_together_the_fewest_lines_that_are_in_all_of_it_are_moved() -> None:
    names = ("a", "b", "c", "d")
    case = small("".join(f"{name}==1.0\n" for name in names), {n: [at("1.0")] for n in names}).case
    probe = Probe(1, ProbeKind.WHOLE, Candidate(), Outcome.FAIL)

    def together(*numbers: int, cause: Cause = Cause.COMPILE_ERROR) -> Culprit:
        members = (Member(case.requirements[n], names[n], "1.0") for n in numbers)
        return Culprit(tuple(members), Phase.BUILD, cause, "")

    def moved(*culprits: Culprit) -> list[list[int]]:
        standing = Standing(Candidate(), probe, culprits)
        return [sorted(some) for some in choices_to_move(standing, frozenset(range(4)))]

    assert moved() == [[0, 1, 2, 3]]
    assert moved(together(0, 1)) == [[0, 2, 3], [1, 2, 3]], "one of the two, and all the others"
    assert moved(together(0, 1), together(1, 2)) == [[1, 3]], "what is in both"
    assert (
        moved(together(0, 1), together(2, 3))
        == [[0, 2], [0, 3], [1, 2], [1, 3]][: POLICY.install_fixes]
    )
    conflict = together(0, 1, cause=Cause.RESOLVER_CONFLICT)
    assert moved(conflict) == [[0, 1, 2, 3]], "the resolver itself parts them"


# With pic 1.0, which builds, plot comes to a release that does not.
HELD = {
    "draw": [at("1.0", "2020-01-01", "plot")],
    "num": [at("1.0", **SOURCE), at("2.0", "2021-01-01")],
}


def held_back_by(pic: Mapping[str, Any], **newest: Any) -> Small:
    projects = {**HELD, "pic": [at("1.0", **pic), at("2.0", "2021-01-01")]}
    older = [f"1.{n}" for n in range(12)]
    plot = [at(version, **UNSEEN) for version in older]
    plot.append(at("2.0", "2021-01-01", "pic>=2", **newest))
    faults = unbuildable("amber", "num", "1.0"), unbuildable("flint", "plot", "/".join(older))
    return small("num==1.0\npic==1.0\ndraw==1.0\n", {**projects, "plot": plot}, *faults)


@pytest.mark.parametrize("pic", [{}, SOURCE], ids=["a wheel", "a source"])
def test_the_line_that_keeps_what_is_pulled_in_from_a_newer_wheel_moves(
    pic: Mapping[str, Any],
) -> None:
    here = held_back_by(pic)
    conclusion = here.told(repair(here.case))
    assert conclusion.kind is VerdictKind.FIXED
    assert said(conclusion.ways[0].candidate) == "num==2.0 pic==2.0"
    assert {m.name for c in conclusion.culprits for m in c.members} == {"num", "plot"}
    assert here.builds.builds <= 6


def test_a_line_is_moved_to_where_it_does_not_pull_in_again_what_failed() -> None:
    source: dict[str, Any] = {"wheel": ELSEWHERE, "sdist": True}
    projects = {
        "src": [at("1.0", "2019-01-01", **source)],
        "top": [*yearly("1.0", "1.1", "1.2", requires=["mid"]), at("2.0", "2021-01-01")],
        "mid": [at("1.0", "2014-01-01", "leaf")],
        "leaf": [at("1.0", "2013-01-01", **source)],
    }
    fault = unbuildable("slate", "leaf", "1.0", Cause.SETUP_SCRIPT_ERROR)
    here = small("top==1.0\nsrc==1.0\n", projects, fault)
    conclusion = here.told(repair(here.case))
    assert [said(way.candidate) for way in conclusion.ways] == ["top==2.0"]
    assert next(asked for asked in here.asked if asked) == "top==2.0"


def test_what_facts_say_of_all_together_is_tried_before_there_is_no_fix() -> None:
    here = held_back_by(SOURCE, wheel=ELSEWHERE, sdist=True)
    conclusion = here.told(repair(here.case))
    assert conclusion.kind is VerdictKind.FIXED
    assert said(conclusion.ways[0].candidate) == "num==2.0 pic==2.0"
