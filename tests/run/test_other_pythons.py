"""With --alternatives, another Python that builds the file as it is is named, by a build."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from bisect_deps.model import IndexSettings, Interpreter, Outcome, Verdict, VerdictKind
from bisect_deps.progress import Silent
from bisect_deps.run.other_pythons import nearest
from bisect_deps.run.running import run
from bisect_deps.run.settings import RunSettings
from bisect_deps.system import interpreters
from tests.support.local_index import Fault, LocalIndex, Project


@cache
def present() -> list[Interpreter]:
    """Return the Pythons of this machine, the newest first."""
    return [python for python in interpreters.find_all() if python.implementation == "cpython"]


@pytest.fixture
def other() -> Interpreter:
    """Return the nearest to the newest."""
    if not (others := nearest(present()[0], present())):
        pytest.skip("needs two Pythons of different minor versions")
    return others[0]


def minor(one: Interpreter) -> str:
    return ".".join(one.version.split(".")[:2])


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    index = LocalIndex(
        tmp_path_factory.mktemp("index"),
        Project("plain").release("1.0"),
        Project("young")
        .release("1.0", fault=Fault.API_REMOVED, from_python=minor(present()[0]))
        .release("2.0"),
        Project("never").release("1.0", fault=Fault.COMPILE).release("2.0"),
    )
    with index.serve() as server:
        yield server.url


def bisect(folder: Path, served: str, text: str, *, alternatives: bool = True) -> Verdict:
    file = folder / "requirements.txt"
    file.write_text(text)
    settings = RunSettings(
        file=file,
        python=present()[0].path,
        index=IndexSettings(index_url=served),
        checks=("python -c 'import plain'",),
        alternatives=alternatives,
    )
    verdict = run(settings, Silent()).verdict
    assert verdict.kind is VerdictKind.FIXED
    return verdict


def test_the_nearest_older_python_that_builds_it_is_named_and_built_once(
    tmp_path: Path, served: str, other: Interpreter
) -> None:
    verdict = bisect(tmp_path, served, "young==1.0\nplain==1.0\n")
    [note] = [note.text for note in verdict.notes if note.text.startswith("As it is")]
    assert f"passes its check on Python {other.version}" in note
    number = int(note.partition("(build ")[2].partition(")")[0])
    proof = next(probe for probe in verdict.probes if probe.number == number)
    assert (proof.outcome, proof.candidate.edits) == (Outcome.PASS, ())
    assert (tmp_path / ".depbisect" / proof.log).exists()
    second = bisect(tmp_path, served, "young==1.0\nplain==1.0\n")
    assert (second.builds, second.notes) == (0, verdict.notes)


def test_pythons_on_which_it_fails_too_are_listed(
    tmp_path: Path, served: str, other: Interpreter
) -> None:
    verdict = bisect(tmp_path, served, "never==1.0\nplain==1.0\n")
    [note] = [note.text for note in verdict.notes if note.text.startswith("As it is")]
    assert "does not pass on" in note
    assert f"Python {other.version}" in note


def test_without_being_asked_no_other_python_is_tried(tmp_path: Path, served: str) -> None:
    verdict = bisect(tmp_path, served, "never==1.0\nplain==1.0\n", alternatives=False)
    assert not [note for note in verdict.notes if note.text.startswith("As it is")]


def test_older_pythons_come_first_and_each_minor_version_once() -> None:
    def python(version: str, implementation: str = "cpython") -> Interpreter:
        return Interpreter(f"/python{version}", version, implementation, "linux-x86_64")

    present = [python(v) for v in ("3.9.1", "3.9.18", "3.11.2", "3.11.7", "3.13.0", "3.12.1")]
    found = nearest(python("3.11.7"), [*present, python("3.10.1", "pypy")])
    assert [python.version for python in found] == ["3.9.18", "3.12.1", "3.13.0"]
