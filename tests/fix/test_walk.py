"""A resolver's walk through releases ends with the bound that it would come to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bisect_deps.fix.walk import end_walk
from bisect_deps.model import Candidate, Cause, Diagnosis, Outcome, Phase, Probe, Suspect
from bisect_deps.policy import POLICY
from tests.fix.small import Small, at, said, small, yearly

PROJECTS = {
    "app": [at("1.0", "2020-01-01", "lib")],
    "lib": yearly("1.0", "2.0", "3.0"),
    "other": [at("1.0", "2020-01-01", "lib>=9")],
}


def walking(here: Small, name: str, candidate: Candidate | None = None) -> Probe:
    """Return a build that ended while its resolver went through the releases of a project."""
    suspects = (Suspect(name, phase=Phase.RESOLVE, summary="it goes through all"),) if name else ()
    diagnosis = Diagnosis(Outcome.FAIL, Cause.RESOLVER_BACKTRACKING, Phase.RESOLVE, suspects)
    probe = replace(here.probe(candidate), outcome=Outcome.FAIL, diagnosis=diagnosis)
    return replace(probe, installed=None)


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("app==1.0\nlib<3\n", "lib==2.0"),
        ("app==1.0\n", "lib==3.0"),
        ("other==1.0\nlib<3\n", "lib==2.0"),
    ],
    ids=["what suits the rest", "what is pulled in", "the newest allowed where nothing suits"],
)
def test_what_is_gone_through_is_held_at_one_release(text: str, bound: str) -> None:
    here = small(text, PROJECTS)
    story = end_walk(here.case, walking(here, "lib"))
    [inquiry] = next(story)
    assert said(inquiry.candidate) == bound


def test_where_it_installs_then_the_project_is_the_culprit_and_is_to_be_kept_bounded() -> None:
    here = small("app==1.0\nlib<3\n", PROJECTS)
    standing = here.told(end_walk(here.case, walking(here, "lib")))
    assert said(standing.candidate) == "lib==2.0"
    assert standing.probe.outcome is Outcome.PASS
    [culprit] = standing.culprits
    assert culprit.members[0].name == "lib"
    assert "keep lib bounded, as by `lib==2.0`" in culprit.advice


def test_nothing_is_asked_where_nothing_is_named_or_it_is_held_already() -> None:
    here = small("app==1.0\n", PROJECTS)
    held = here.case.settled(Candidate(), {"lib": "2.0"})
    for failing in (walking(here, ""), walking(here, "lib", held), here.probe()):
        before = here.builds.builds
        standing = here.told(end_walk(here.case, failing))
        assert (standing.candidate, standing.probe) == (failing.candidate, failing)
        assert here.builds.builds == before


def test_one_walk_after_the_other_is_ended_until_the_limit() -> None:
    names = [f"p{n}" for n in range(POLICY.walk_builds + 1)]
    here = small("".join(f"{name}\n" for name in names), dict.fromkeys(names, yearly("1.0")))
    story = end_walk(here.case, walking(here, names[0]))
    [inquiry] = next(story)
    for name in names[1:-1]:
        [inquiry] = story.send([walking(here, name, inquiry.candidate)])
    assert said(inquiry.candidate) == " ".join(f"{name}==1.0" for name in names[:-1])
    with pytest.raises(StopIteration) as ended:
        story.send([walking(here, names[-1], inquiry.candidate)])
    standing = ended.value.value
    assert standing.candidate == inquiry.candidate
    assert standing.culprits == (), "its last probe tells more"
    assert [note.text for note in standing.notes] == ["it goes through all"] * POLICY.walk_builds
