"""What a repair says that is ended early."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bisect_deps.fix.conclusion import Conclusion
from bisect_deps.fix.repair import repair
from bisect_deps.model import (
    BreakageKind,
    Candidate,
    Cause,
    Diagnosis,
    Outcome,
    Phase,
    Probe,
    VerdictKind,
)
from bisect_deps.run.driver import drive
from tests.fix.simulated import SimulatedBuilds
from tests.fix.small import at, breaks, said, small, unbuildable, yearly
from tests.fix.solving import case_of
from tests.fix.world import ELSEWHERE

HERE = small(
    "user==1.0\n",
    {"user": [at("1.0", "2020-01-01", "lacks")], "lacks": yearly("1.0", "2.0")},
    breaks("amber", user="1.0", lacks="2.0"),
)


def test_a_repair_that_is_stopped_tells_what_each_build_showed() -> None:
    limited = SimulatedBuilds(HERE.scenario, max_builds=1)
    story = repair(case_of(HERE.scenario, limited))
    conclusion: Conclusion = drive(story, limited)  # type: ignore[arg-type]
    assert conclusion.kind is VerdictKind.INCONCLUSIVE
    told = [note.text for note in conclusion.notes if note.text.startswith("So far")]
    assert told == ["So far: the file as it is fails: lacks: ImportError: amber"]


UNDECIDED: dict[str, tuple[Diagnosis | None, VerdictKind, str]] = {
    "stopped": (None, VerdictKind.INCONCLUSIVE, "was not built until it ends"),
    "a disk that is full": (
        Diagnosis(Outcome.UNRESOLVED, Cause.RESOURCES, Phase.BUILD),
        VerdictKind.UNAVAILABLE,
        "for a reason outside the file: resources failure.",
    ),
}


@pytest.mark.parametrize(("diagnosis", "kind", "says"), UNDECIDED.values(), ids=UNDECIDED)
def test_a_first_build_that_tells_nothing_ends_the_repair(
    diagnosis: Diagnosis | None, kind: VerdictKind, says: str
) -> None:
    story = repair(HERE.case)
    [inquiry] = next(story)
    probe = Probe(1, inquiry.kind, inquiry.candidate, Outcome.UNRESOLVED, diagnosis=diagnosis)
    with pytest.raises(StopIteration) as ended:
        story.send([probe])
    conclusion: Conclusion = ended.value.value
    assert (conclusion.kind, conclusion.passing) == (kind, probe)
    assert says in conclusion.summary
    assert conclusion.culprits == ()


def test_a_file_that_installs_and_fails_its_imports_is_not_said_to_pass() -> None:
    story = repair(replace(HERE.case, has_check=False, imports=False))
    [installing] = next(story)
    [importing] = story.send([Probe(1, installing.kind, Candidate(), Outcome.PASS)])
    assert importing.imports
    story.send([Probe(2, importing.kind, Candidate(), Outcome.FAIL)])
    with pytest.raises(StopIteration) as ended:
        story.throw(KeyboardInterrupt())
    told = [note.text for note in ended.value.value.notes if note.text.startswith("So far")]
    assert told == ["So far: the file as it is installs", "So far: the file as it is fails"]


def test_an_interrupt_before_the_first_answer_concludes_nothing() -> None:
    story = repair(HERE.case)
    next(story)
    with pytest.raises(KeyboardInterrupt):
        story.throw(KeyboardInterrupt())


def test_of_three_that_fail_together_the_one_that_moved_along_is_named() -> None:
    projects = {
        "user": yearly("1.0"),
        "lacks": yearly("1.0"),
        "top": [at("1.0", "2019-01-01", "third<2"), at("2.0", "2021-01-01", "third>=2")],
        "third": yearly("1.0", "2.0"),
    }
    fault = breaks("amber", user="1.0", lacks="1.0", third="2.0")
    here = small("user==1.0\nlacks==1.0\ntop==2.0\n", projects, fault)
    conclusion = here.told(repair(here.case))
    assert [said(way.candidate) for way in conclusion.ways] == ["top==1.0"]
    [culprit] = conclusion.culprits
    [member] = culprit.members
    assert (member.requirement.text, member.name, member.version) == ("top==2.0", "third", "2.0")


def test_a_file_that_failed_once_by_accident_is_not_said_to_be_fixed() -> None:
    projects = {
        "app": [at("1.0", wheel="", sdist=True), at("2.0", "2023-01-01")],
        "lib": yearly("1.0", "2.0"),
    }
    kinds = set()
    for seed in range(12):
        here = small(
            "lib==1.0\napp==1.0\n", projects, flakes={"lib==1.0": 0.4}, seed=seed, local=False
        )
        conclusion = here.told(repair(here.case))
        kinds.add(conclusion.kind)
        ways = {said(way.candidate) for way in conclusion.ways}
        assert ways <= {"lib==2.0"}, "app is innocent"
    assert VerdictKind.INCONCLUSIVE in kinds


@pytest.mark.parametrize("told", [True, False], ids=["announced", "not announced"])
def test_a_fix_that_the_user_was_told_of_is_the_answer_where_none_is_found(told: bool) -> None:
    """Built before it was asked for, beside a line that has nothing to do with it."""
    projects = {
        "alpha": [at("1.0", wheel=ELSEWHERE, sdist=True), at("2.0")],
        "omega": yearly("1.0", "2.0"),
    }
    here = small("alpha==1.0\nomega==1.0\n", projects, unbuildable("slate", "alpha", "1.0"))
    fix = here.case.settled(Candidate(), {"alpha": "2.0", "omega": "2.0"})
    blind = replace(here.case, index=None, resolver=None, announced=lambda: fix if told else None)
    conclusion = here.told(repair(blind))
    [culprit] = conclusion.culprits
    assert [member.name for member in culprit.members] == ["alpha"]
    assert [said(way.candidate) for way in conclusion.ways] == ["alpha==2.0"] * told
    assert conclusion.kind is (VerdictKind.FIXED if told else VerdictKind.CULPRITS)


def test_what_a_fix_is_called_is_what_it_does_at_the_end() -> None:
    """What was added on the way is taken back: no line is added by what is left."""
    projects = {
        "app": [at("1.0", "2020-01-01", "part==1.0"), at("2.0", "2021-01-01", "part")],
        "part": yearly("1.0", "2.0", "3.0", start=2020),
    }
    here = small(
        "app==1.0\n", projects, replace(breaks("flint", part="1.0"), kind=BreakageKind.NAME_GONE)
    )
    [way] = here.told(repair(here.case)).ways
    assert here.asked[1] == "app==2.0 part==3.0"
    assert (said(way.candidate), way.style) == ("app==2.0", "bump")


def test_who_only_fails_beside_what_a_move_brought_is_no_culprit() -> None:
    faults = (
        breaks("amber", 0, top="3.0"),
        breaks("flint", 1, top="2.0", low="2.0"),
        breaks("gneiss", 2, top="2.0", low="1.0"),
        breaks("halite", 0, top="1.0"),
    )
    projects = {"top": yearly("1.0", "2.0", "3.0"), "low": yearly("1.0", "2.0")}
    here = small("top\nlow\n", projects, *faults, needed=["top", "low"])
    conclusion = here.told(repair(here.case))
    assert conclusion.kind is VerdictKind.CULPRITS, "no release of top works"
    assert [culprit.members[0].name for culprit in conclusion.culprits] == ["top"]


def test_of_a_project_that_breaks_the_first_log_tells_who_uses_it_not_what_a_move_brought() -> None:
    projects = {
        "top": [at("1.0", "2020-01-01", "mid")],
        "side": [at("1.0", "2020-01-01", "low")],
        "mid": [at("1.0", "2020-01-01", "low"), at("2.0", "2024-01-01", "low")],
        "low": yearly("1.0", "2.0"),
    }
    faults = (
        breaks("amber", 1, side="1.0", low="2.0"),
        breaks("flint", 2, top="1.0", mid="2.0"),
        breaks("gneiss", 0, mid="1.0", low="2.0"),
    )
    here = small("top==1.0\nside==1.0\n", projects, *faults)
    conclusion = here.told(repair(here.case))
    assert said(conclusion.ways[0].candidate) == "low==1.0 mid==1.0"
    told = [(c.members[0].requirement.name, c.members[0].name) for c in conclusion.culprits]
    assert sorted(told) == [("side", "low"), ("top", "mid")]
