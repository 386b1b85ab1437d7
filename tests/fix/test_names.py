"""A culprit of a known wrong name becomes the project that was meant, proven by a build."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bisect_deps.config import Settings
from bisect_deps.model import IndexSettings, Verdict, VerdictKind
from bisect_deps.progress import Silent
from bisect_deps.reports.base import loss
from bisect_deps.session import run
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
    settings = Settings(file=file, python=sys.executable, index=IndexSettings(index_url=served))
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
    assert any(note in each.text for each in verdict.notes)


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
