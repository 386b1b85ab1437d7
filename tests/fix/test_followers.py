"""A line of a fix that nothing is wrong with says who asked for it to move."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import pytest

from bisect_deps.builders.base import Capabilities
from bisect_deps.fix.case import Case
from bisect_deps.fix.followers import followed
from bisect_deps.fix.repair import repair
from bisect_deps.formats import open_manifest
from bisect_deps.model import (
    Candidate,
    Cause,
    Culprit,
    Edit,
    EditAction,
    IndexSettings,
    Member,
    Note,
    Outcome,
    Phase,
    Probe,
    ProbeKind,
)
from bisect_deps.progress import Silent
from bisect_deps.resolution.uv_resolver import Resolution, Resolver, ResolverOutcome
from bisect_deps.system import interpreters
from tests.fix.small import at, breaks, small, unbuildable
from tests.fix.world import ELSEWHERE
from tests.support.local_index import LocalIndex, Project

PROJECTS = (
    Project("numpy").release("1.0").release("2.0"),
    Project("scipy").release("1.0").release("2.0", requires=["numpy>=2"]),
    Project("pandas").release("1.0", requires=["numpy<2"]).release("2.0"),
    Project("flask").release("1.0").release("2.0"),
)
REFUSED = "without that the resolver finds no solution"


def moved(at: int, name: str) -> Edit:
    return Edit(EditAction.REPIN, name, at, "==2.0")


def notes(
    tmp_path: Path, *names: str, added: Edit | None = None, failed: bool = False
) -> list[Note]:
    """Return what is said of a fix that moves all these from 1.0 to 2.0; the first is at fault.

    `failed` says that a build without the second of its edits has failed; `added` is one more.
    """
    lines = "".join(f"{name}==1.0\n" for name in names)
    (tmp_path / "requirements.txt").write_text(lines, encoding="utf-8")
    index = LocalIndex(tmp_path / "index", *PROJECTS)
    settings = IndexSettings(find_links=(str(index.find_links),), no_index=True)
    python = interpreters.find(sys.executable)
    manifest = open_manifest(tmp_path / "requirements.txt")
    case = Case(
        manifest=manifest,
        interpreter=python,
        capabilities=Capabilities(),
        progress=Silent(),
        resolver=Resolver(python, settings, cache=tmp_path / "cache"),
    )
    edits = (*(moved(at, name) for at, name in enumerate(names)), *filter(None, [added]))
    culprit = Culprit(
        (Member(manifest.requirements[0], names[0], "1.0"),), Phase.BUILD, Cause.UNKNOWN, ""
    )
    rest = Candidate((edits[0], *edits[2:]))
    probes = [Probe(7, ProbeKind.FIX, rest, Outcome.FAIL)] if failed else []
    return followed(case, [culprit], Candidate(edits), probes)


def test_a_line_moves_since_another_release_of_the_fix_asks_for_it(tmp_path: Path) -> None:
    said = "numpy==2.0 moves along: scipy 2.0 requires numpy>=2."
    assert notes(tmp_path, "scipy", "numpy") == [Note(said, fact=REFUSED)]


def test_a_line_moves_since_its_release_before_does_not_suit_the_fix(tmp_path: Path) -> None:
    said = "pandas==2.0 moves along: pandas 1.0 requires numpy<2, and numpy is 2.0 now."
    assert notes(tmp_path, "numpy", "pandas") == [Note(said, fact=REFUSED)]


def test_a_line_moves_since_a_build_without_that_failed(tmp_path: Path) -> None:
    assert notes(tmp_path, "numpy", "flask") == []
    said = "flask==2.0 moves along: without that the build fails"
    assert notes(tmp_path, "numpy", "flask", failed=True) == [Note(said, 7)]


def test_a_line_is_added_since_a_build_without_it_failed(tmp_path: Path) -> None:
    added = Edit(EditAction.ADD, "flask", None, "==2.0")
    [note] = notes(tmp_path, "numpy", added=added, failed=True)
    assert note == Note("flask==2.0 is added: without that the build fails", 7)


def test_a_release_that_was_compiled_is_not_said_to_wait_for_that() -> None:
    projects = {
        "app": [at("1.0"), at("2.0", "2021-01-01", "beta>=2")],
        "beta": [at("1.0", wheel="", sdist=True), at("2.0", "2021-01-01")],
    }
    here = small("app==1.0\nbeta==1.0\n", projects, breaks("amber", app="1.0"))
    conclusion = here.told(repair(here.case))
    [note] = conclusion.notes
    assert note.text == "beta==2.0 moves along: beta 1.0 has no wheel for this Python."


def test_a_line_moves_since_it_held_another_at_a_release_that_fails() -> None:
    """Without a pin, the other takes a newer release as soon as this line lets it."""
    projects = {
        "app": [at("1.0", wheel=ELSEWHERE, sdist=True), at("2.0", "2021-01-01", "held>=2")],
        "held": [at("1.0"), at("2.0")],
        "beside": [at("1.0"), at("2.0")],
    }
    text = "app\nheld==1.0\nbeside==1.0\n"
    here = small(text, projects, unbuildable("slate", "app", "1.0"))
    fix = here.case.settled(Candidate(), {"held": "2.0", "beside": "2.0"})
    app, _, beside = here.case.requirements
    members = Member(app, "app", "1.0"), Member(beside, "beside", "1.0")
    culprits = [Culprit((member,), Phase.BUILD, Cause.UNKNOWN, "") for member in members]
    [note] = followed(here.case, culprits, fix, [here.probe()])
    assert note.text == ("held==2.0 moves along: without that it comes to app 1.0, which fails")
    assert note.probe == 1


def test_a_release_that_fails_alone_is_no_build_of_the_file_without_an_edit() -> None:
    here = small("app==1.0\n", {"app": [at("1.0"), at("2.0")]}, breaks("amber", app="1.0"))
    failing = here.probe()
    alone = replace(failing, number=7, kind=ProbeKind.ISOLATED, isolated="app==1.0")
    fix = here.case.settled(Candidate(), {"app": "2.0"})
    [note] = followed(here.case, [], fix, [alone, failing])
    assert (note.text, note.probe) == (
        "app==2.0 moves along: without that the build fails",
        failing.number,
    )


@dataclass(frozen=True)
class Refusing:
    """A resolver that finds nothing, in these words."""

    log: str

    def resolve(self, *asked: object, **more: object) -> Resolution:
        return Resolution(ResolverOutcome.CONFLICT, log=self.log)


OTHERS = (
    "other==3 depends on lib>=9, lib[fast]==1.0 depends on lib==1.0, app==2.0 depends on lib and "
    "app==2.0 depends on else>=1"
)


@pytest.mark.parametrize(
    ("log", "why"),
    [
        (f"Because {OTHERS} and app==2.0 depends on lib>=2", "app 2.0 requires lib>=2"),
        (f"Because {OTHERS} and lib==1.0 depends on app<2", "lib 1.0 requires app<2, and app is"),
        (f"Because {OTHERS}, it is so", "nothing suits the rest as it was"),
    ],
    ids=["who asks for it", "what it asks for", "nobody"],
)
def test_of_all_that_a_refusal_names_the_requirement_of_this_line_is_told(
    log: str, why: str
) -> None:
    here = small("app==1.0\nlib==1.0\n", {"app": [at("1.0")], "lib": [at("1.0"), at("2.0")]})
    case = replace(here.case, resolver=cast("Resolver", Refusing(log)))
    lines = here.case.requirements
    culprit = Culprit((Member(lines[0], "app", "1.0"),), Phase.BUILD, Cause.UNKNOWN, "")
    [note] = followed(case, [culprit], Candidate((moved(0, "app"), moved(1, "lib"))), [])
    assert note.text.startswith(f"lib==2.0 moves along: {why}")
