"""A culprit of a known wrong name becomes the project that was meant, proven by a build."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bisect_deps.fix.case import dropped
from bisect_deps.fix.names import amendments, is_needless
from bisect_deps.model import (
    Cause,
    Culprit,
    IndexSettings,
    Member,
    Phase,
    Proof,
    Verdict,
    VerdictKind,
)
from bisect_deps.progress import Silent
from bisect_deps.reports.base import loss
from bisect_deps.run.running import run
from bisect_deps.run.settings import RunSettings
from tests.fix.small import at, small
from tests.fix.world import ELSEWHERE
from tests.support.local_index import Fault, LocalIndex, Project


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    index = LocalIndex(
        tmp_path_factory.mktemp("index"),
        Project("plain").release("1.0"),
        Project("turns").release("1.0", fault=Fault.COMPILE).release("2.0"),
        Project("sklearn").release("0.0.post1", fault=Fault.METADATA),
        Project("scikit-learn")
        .release("1.0", wheel="cp27-cp27m-win32")
        .release("1.1", wheel="cp27-cp27m-win32")
        .release("1.2")
        .release("1.3"),
    )
    with index.serve() as server:
        yield server.url


def bisect(folder: Path, served: str, text: str) -> Verdict:
    file = folder / "requirements.txt"
    file.write_text(text)
    settings = RunSettings(file=file, python=sys.executable, index=IndexSettings(index_url=served))
    return run(settings, Silent()).verdict


@pytest.mark.parametrize(
    ("text", "fixed", "note"),
    [
        ("sklearn==1.3\nplain==1.0\n", "scikit-learn==1.3\nplain==1.0\n", "scikit-learn==1.3."),
        ("sklearn==1.0\nplain==1.0\n", "scikit-learn==1.2\nplain==1.0\n", "scikit-learn==1.2."),
        ("sklearn # ml\nplain==1.0\n", "scikit-learn # ml\nplain==1.0\n", "is scikit-learn."),
        (
            "sklearn==1.2\nscikit-learn==1.2\n",
            "# depbisect: sklearn==1.2\nscikit-learn==1.2\n",
            "has already",
        ),
        ("turns==1.0\nsklearn==1.2\n", "turns==2.0\nscikit-learn==1.2\n", "what is meant is"),
        (
            "dataclasses==0.8\nplain==1.0\n",
            "# depbisect: dataclasses==0.8\nplain==1.0\n",
            "leave it out",
        ),
    ],
    ids=[
        "the same version",
        "the next that needs no compiler",
        "no version",
        "the right one is there",
        "beside another culprit",
        "a backport",
    ],
)
def test_a_wrong_name_is_replaced_where_it_stands(
    tmp_path: Path, served: str, text: str, fixed: str, note: str
) -> None:
    verdict = bisect(tmp_path, served, text)
    assert verdict.kind is VerdictKind.FIXED
    accused = [culprit.members[0].name for culprit in verdict.culprits]
    assert accused == [name for name in ("turns", "sklearn", "dataclasses") if name in text]
    assert verdict.fix is not None
    assert verdict.fix.files["requirements.txt"].decode() == fixed
    assert any(note in shown.text for shown in verdict.notes)


def test_a_version_of_no_project_is_not_guessed(tmp_path: Path, served: str) -> None:
    verdict = bisect(tmp_path, served, "sklearn==9.9\nplain==1.0\n")
    assert verdict.kind is VerdictKind.CULPRITS
    assert verdict.fix is None
    assert [culprit.members[0].name for culprit in verdict.culprits] == ["sklearn"]
    assert any("most likely scikit-learn" in note.text for note in verdict.notes)


def test_a_renamed_line_is_no_loss(tmp_path: Path, served: str) -> None:
    verdict = bisect(tmp_path, served, "sklearn==1.3\nplain==1.0\n")
    assert verdict.fix is not None
    assert loss(verdict.fix) == ""


# --- each kind, without a build ---------------------------------------------------------------

ELSEWHERE_ONLY = at("1.0", wheel="cp312-cp312-win_amd64")
TABLES = {
    "scikit-learn": [at("1.2"), at("1.3")],
    "sklearn": [at("0.0")],
    "dataclasses": [at("0.8")],
    "pywin32": [at("306", wheel="cp312-cp312-win_amd64")],
    "winonly": [ELSEWHERE_ONLY],
    "mixed": [ELSEWHERE_ONLY, at("2.0")],
    "plain": [at("1.0"), at("1.1", "2021-06-01"), at("2.0", "2024-01-01")],
    "tool": [at("1.0", "2021-09-01")],
    "psycopg2": [at("2.8", wheel="", sdist=True), at("2.9", wheel="", sdist=True)],
    "psycopg2-binary": [
        at("2.8"),
        at("2.8.1", yanked=True),
        at("2.9", wheel=ELSEWHERE),
        at("2.9.1", requires_python=">=3.99"),
        at("3.0a1"),
        at("3.0"),
    ],
}


def amended(
    text: str, name: str, cause: Cause = Cause.UNKNOWN, **more: Any
) -> list[tuple[str | None, str]]:
    """Return what becomes of a culprit's line, None where nothing is known, with the reason."""
    case = small(text, TABLES, case=more).case
    [line] = [own for own in case.requirements if own.name == name][:1]
    culprit = Culprit((Member(line, name, line.pin),), Phase.BUILD, cause, "", proof=Proof(1, None))
    return [
        (amendment.edit.text if amendment.edit is not None else None, amendment.note.text)
        for amendment in amendments(case, [culprit, culprit])
    ]


@pytest.mark.parametrize(
    ("text", "name", "becomes", "why"),
    [
        ("sklearn==1.3\n", "sklearn", "scikit-learn==1.3", "what is meant is scikit-learn==1.3"),
        ("sklearn\n", "sklearn", "scikit-learn", "what is meant is scikit-learn"),
        (
            'sklearn[f,b,e,a,d,c]==1.3 ; python_version>"3"\n',
            "sklearn",
            'scikit-learn[a,b,c,d,e,f]==1.3 ; python_version > "3"',
            "what is meant is",
        ),
        ("sklearn==9.9\n", "sklearn", None, "in a version that you choose"),
        ("sklearn>=1\n", "sklearn", None, "in a version that you choose"),
        ("sklearn==1.3\nscikit-learn\n", "sklearn", "", "which the file has already"),
        ("dataclasses==0.8\n", "dataclasses", "", "leave it out"),
        (
            "pywin32==306\n",
            "pywin32",
            'pywin32==306 ; sys_platform == "win32"',
            "it needs the marker",
        ),
        (
            "winonly[x]==1.0\n",
            "winonly",
            'winonly[x]==1.0 ; sys_platform == "win32"',
            "has files for another system only",
        ),
        (
            "tool==1.0\nplain @ file:///nonesuch/plain-1.1/work\n",
            "plain",
            "plain==1.1",
            "is a path of another machine",
        ),
        (
            "-e git+https://index.example/plain.git#egg=plain\n",
            "plain",
            "plain @ git+https://index.example/plain.git",
            "takes no editable repository",
        ),
    ],
    ids=[
        "another project is meant",
        "without a version",
        "extras in their order and the marker stay",
        "a version that the right project never had",
        "a range tells no version",
        "the right project is there",
        "nothing is needed here",
        "a name of another system",
        "files of another system",
        "a path of another machine",
        "an editable repository",
    ],
)
def test_what_becomes_of_a_line_whose_text_is_wrong(
    text: str, name: str, becomes: str | None, why: str
) -> None:
    [(found, said)] = amended(text, name)
    assert found == becomes
    assert why in said


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("plain==1.0\n", "plain"),
        ("mixed==1.0\n", "mixed"),
        ("plain @ https://index.example/plain-1.0.zip\n", "plain"),
    ],
    ids=["a right name", "another release is for this system", "a URL that may exist"],
)
def test_a_line_whose_text_is_right_is_not_amended(text: str, name: str) -> None:
    assert amended(text, name) == []


@pytest.mark.parametrize(
    ("text", "needless"),
    [
        ("dataclasses==0.8\n", True),
        ("sklearn==1.3\nscikit-learn==1.3\n", True),
        ("sklearn==1.3\n", False),
        ("plain==1.0\n", False),
    ],
    ids=["a backport", "its right name is there", "another is meant", "any other"],
)
def test_only_what_does_nothing_here_is_left_out_without_loss(text: str, needless: bool) -> None:
    case = small(text, TABLES).case
    assert is_needless(case, dropped(case.requirements[0])) is needless
    kept = case.pin(case.requirements[0], "1.0")
    assert not is_needless(case, kept), "what stays is no line left out"


LACKING = Cause.SYSTEM_DEP_MISSING


@pytest.mark.parametrize(
    ("text", "cause", "becomes"),
    [
        ("psycopg2==2.8\n", LACKING, ["psycopg2-binary==2.8"]),
        ("psycopg2==2.9\n", LACKING, ["psycopg2-binary==3.0"]),
        ("psycopg2\n", LACKING, ["psycopg2-binary"]),
        ("psycopg2==2.8\n", Cause.COMPILE_ERROR, []),
        ("psycopg2==2.8\npsycopg2-binary==2.8\n", LACKING, []),
        ("psycopg2==2.7\n", LACKING, []),
        ("psycopg2>2\n", LACKING, []),
    ],
    ids=[
        "the same version",
        "the next that is ready here",
        "no version",
        "the machine lacks nothing",
        "the file has it",
        "a version that it never had",
        "a range",
    ],
)
def test_what_the_machine_lacks_a_library_for_gives_way_to_the_project_with_wheels(
    text: str, cause: Cause, becomes: list[str]
) -> None:
    assert [found for found, _ in amended(text, "psycopg2", cause)] == becomes
    assert amended(text, "psycopg2", cause, index=None) == []


def test_a_backport_of_a_later_python_needs_the_marker_that_says_so() -> None:
    [(found, why)] = amended("audioop-lts==0.2\n", "audioop-lts")
    assert found == 'audioop-lts==0.2 ; python_version >= "3.13"'
    assert 'it needs the marker python_version >= "3.13"' in why


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("winonly\n", "winonly"),
        ("winonly==2.0\n", "winonly"),
    ],
    ids=["no version", "a version that is not there"],
)
def test_where_nothing_tells_what_was_meant_a_line_stays(text: str, name: str) -> None:
    assert amended(text, name) == []
