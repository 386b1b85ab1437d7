"""What a run is opened with: its files, and the Python that they were made for."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisect_deps.model import STDIN, Interpreter, PythonFor
from bisect_deps.progress import Silent
from bisect_deps.run.settings import RunSettings
from bisect_deps.run.setup import choose_python, manifest_of

DEFAULT = Interpreter("/python3.12", "3.12.1", "cpython", "linux-x86_64")


class Notes(Silent):
    """Keeps what is noted."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def note(self, text: str) -> None:
        self.texts.append(text)


def python(version: str, implementation: str = "cpython") -> Interpreter:
    return Interpreter(f"/{implementation}{version}", version, implementation, "linux-x86_64")


PRESENT = (DEFAULT, python("3.9.18"), python("3.8.19", "pypy"), python("3.8.18"), python("3.8.2"))


@pytest.mark.parametrize(
    ("made_for", "chosen", "words"),
    [
        (PythonFor("3.8", ()), "/cpython3.8.18", "made for Python 3.8; it is built for 3.8.18"),
        (
            PythonFor("3.7", ()),
            DEFAULT.path,
            "not installed here (uv python install 3.7); it is built for Python 3.12.1.",
        ),
        (None, DEFAULT.path, "does not tell for which Python the file was made"),
    ],
    ids=["present", "absent", "unknown"],
)
def test_the_python_of_the_file_is_taken_where_it_is(
    made_for: PythonFor | None, chosen: str, words: str
) -> None:
    notes = Notes()
    assert choose_python(made_for, PRESENT, DEFAULT, notes).path == chosen
    [note] = notes.texts
    assert words in note


def test_standard_input_is_a_file_of_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "base.txt").write_text("y==1\n")
    manifest = manifest_of(RunSettings(Path(STDIN), stdin=b"x==1\n-r base.txt\n"))
    assert [(own.name, own.file) for own in manifest.requirements] == [
        ("x", "<stdin>"),
        ("y", "base.txt"),
    ]
    assert dict(manifest.files) == {"<stdin>": b"x==1\n-r base.txt\n", "base.txt": b"y==1\n"}


def test_standard_input_goes_together_with_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.txt").write_text("y==1\n")
    files = (Path("sub/a.txt"), Path(STDIN))
    manifest = manifest_of(RunSettings(Path(STDIN), files=files, stdin=b"x==1\n"))
    assert [(own.name, own.file) for own in manifest.requirements] == [
        ("y", "sub/a.txt"),
        ("x", "<stdin>"),
    ]
