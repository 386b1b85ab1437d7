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
    verdict = run(settings, Silent()).verdict
    assert verdict.kind is VerdictKind.FIXED
    assert [each.members[0].name for each in verdict.culprits if each.members[0].name != "turns"]
    return verdict


def lines(verdict: Verdict) -> list[str]:
    """Return the lines of the fix that are no comment."""
    assert verdict.fix is not None
    text = verdict.fix.files["requirements.txt"].decode()
    return [line for line in text.splitlines() if not line.startswith("#")]


@pytest.mark.parametrize(
    ("text", "fixed", "note"),
    [
        ("sklearn==1.3\nplain==1.0\n", ["plain==1.0", "scikit-learn==1.3"], "scikit-learn==1.3."),
        ("sklearn==1.0\nplain==1.0\n", ["plain==1.0", "scikit-learn==1.2"], "scikit-learn==1.2."),
        ("sklearn\nplain==1.0\n", ["plain==1.0", "scikit-learn"], "what is meant is scikit-learn."),
        ("sklearn==9.9\nplain==1.0\n", ["plain==1.0"], "most likely scikit-learn"),
        ("sklearn==1.2\nscikit-learn==1.2\n", ["scikit-learn==1.2"], "has already"),
        ("turns==1.0\nsklearn==1.2\n", ["turns==2.0", "scikit-learn==1.2"], "what is meant is"),
        ("dataclasses==0.8\nplain==1.0\n", ["plain==1.0"], "leave it out"),
    ],
    ids=[
        "the same version",
        "the next that needs no compiler",
        "no version",
        "a version of no project",
        "the right one is there",
        "beside another culprit",
        "a backport",
    ],
)
def test_a_wrong_name(tmp_path: Path, served: str, text: str, fixed: list[str], note: str) -> None:
    verdict = bisect(tmp_path, served, text)
    assert lines(verdict) == fixed
    assert any(note in each.text for each in verdict.notes)


def test_a_renamed_line_is_no_loss(tmp_path: Path, served: str) -> None:
    verdict = bisect(tmp_path, served, "sklearn==1.3\nplain==1.0\n")
    assert verdict.fix is not None
    assert loss(verdict.fix) == ""
