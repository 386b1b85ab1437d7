"""A reason stands beside the line of a fix, and changes nothing that an installer reads."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bisect_deps.formats import parse_manifest
from bisect_deps.formats.base import Manifest
from bisect_deps.model import Edit, EditAction
from tests.support.pip_oracle import read_with_pip

WHY = "a 1 does not build here"
HASH = "0" * 64


def read(name: str, text: str | bytes) -> Manifest:
    data = text if isinstance(text, bytes) else text.encode()
    return parse_manifest(data, Path("/nowhere") / name, folder=Path("/nowhere"))


def edited(name: str, text: str, *edits: Edit) -> str:
    return read(name, text).render(edits)[name].decode()


def repin(number: int, to: str = "==2", why: str = WHY) -> Edit:
    return Edit(EditAction.REPIN, "", number, to, comment=why)


def drop(number: int, why: str = WHY) -> Edit:
    return Edit(EditAction.DROP, "", number, comment=why)


def add(why: str = WHY) -> Edit:
    return Edit(EditAction.ADD, "six", None, "<2", comment=why)


def replaced(number: int, to: str, why: str = WHY) -> Edit:
    return Edit(EditAction.REPLACE, "b", number, to, comment=why)


REASONS = [
    ("r.txt", "a==1\nb\n", repin(0), f"a==2  # depbisect: {WHY}\nb\n"),
    ("r.txt", "a==1", repin(0), f"a==2  # depbisect: {WHY}"),
    ("r.txt", "a==1  # mine\n", repin(0), f"a==2  # mine # depbisect: {WHY}\n"),
    ("r.txt", "a==1\r\nb\r\n", repin(0), f"a==2  # depbisect: {WHY}\r\nb\r\n"),
    (
        "r.txt",
        f"a==1 \\\n    --hash=sha256:{HASH}\n",
        Edit(EditAction.REPIN, "", 0, "==2", (f"sha256:{'1' * 64}",), comment=WHY),
        f"a==2 \\\n    --hash=sha256:{'1' * 64}  # depbisect: {WHY}\n",
    ),
    ("r.txt", "a==1\n", drop(0), f"# depbisect: a==1  # depbisect: {WHY}\n"),
    ("r.txt", "a==1\n", add(), f"a==1\nsix<2  # depbisect: {WHY}\n"),
    ("r.txt", "a==1\n", replaced(0, "b==3"), f"b==3  # depbisect: {WHY}\n"),
    # nowhere to stand: the edit is made without it
    ("r.txt", "a==1 \\\n", repin(0), "a==2 \\\n"),
    (
        "pyproject.toml",
        '[project]\ndependencies = [\n  "a==1",\n  "b",  # mine\n]\n',
        repin(0),
        f'[project]\ndependencies = [\n  "a==2",  # depbisect: {WHY}\n  "b",  # mine\n]\n',
    ),
    (
        "pyproject.toml",
        '[project]\ndependencies = [\n  "a==1",\n  "b",  # mine\n]\n',
        drop(1),
        '[project]\ndependencies = [\n  "a==1",\n'
        f'  # depbisect: "b",  # mine # depbisect: {WHY}\n]\n',
    ),
    (
        "pyproject.toml",
        '[project]\ndependencies = [\n  "a==1"\n]\n',
        add(),
        f'[project]\ndependencies = [\n  "a==1",\n  "six<2",  # depbisect: {WHY}\n]\n',
    ),
    (
        "pyproject.toml",
        '[project]\ndependencies = ["a==1", "b"]\n',
        repin(0),
        f'[project]\ndependencies = ["a==2", "b"]  # depbisect: {WHY}\n',
    ),
    (
        "pyproject.toml",
        '[project]\ndependencies = ["a==1", """\nb"""]\n',
        repin(0),
        '[project]\ndependencies = ["a==2", """\nb"""]\n',
    ),
    (
        "tool.py",
        '# /// script\n# dependencies = [\n#   "a==1",\n# ]\n# ///\nprint()\n',
        repin(0),
        f'# /// script\n# dependencies = [\n#   "a==2", # depbisect: {WHY}\n# ]\n# ///\nprint()\n',
    ),
    (
        "environment.yml",
        "dependencies:\n  - pip:\n    - a==1\n    - 'b'\n",
        repin(0),
        f"dependencies:\n  - pip:\n    - a==2  # depbisect: {WHY}\n    - 'b'\n",
    ),
    (
        "environment.yml",
        "dependencies:\n  - pip:\n    - a==1\n",
        add(),
        f"dependencies:\n  - pip:\n    - a==1\n    - six<2  # depbisect: {WHY}\n",
    ),
    (
        "setup.cfg",
        "[options]\ninstall_requires =\n    a==1\n    b\n",
        repin(0),
        f"[options]\ninstall_requires =\n    # depbisect: {WHY}\n    a==2\n    b\n",
    ),
    (
        "setup.cfg",
        "[options]\ninstall_requires = a==1\n",
        repin(0),
        "[options]\ninstall_requires = a==2\n",
    ),
]


@pytest.mark.parametrize(("name", "text", "edit", "after"), REASONS)
def test_the_reason_stands_beside_its_line(name: str, text: str, edit: Edit, after: str) -> None:
    assert edited(name, text, edit) == after


def test_without_a_comment_nothing_is_said() -> None:
    assert edited("r.txt", "a==1\n", repin(0, why="")) == "a==2\n"


def test_a_secret_and_what_a_terminal_obeys_are_not_written() -> None:
    why = "see https://me:hunter2@index.example/\x1b[2J \\"
    assert edited("r.txt", "a==1\n", repin(0, why=why)) == (
        "a==2  # depbisect: see https://***@index.example/?[2J\n"
    )


def test_a_reason_is_written_in_the_encoding_of_the_file() -> None:
    data = "# -*- coding: latin-1 -*-\n# caf\xe9\na==1\n".encode("latin-1")
    after = read("r.txt", data).render([repin(0, why="caf\xe9 \u2260 bar")])["r.txt"]
    assert after.decode("latin-1").splitlines()[-1] == "a==2  # depbisect: caf\xe9 ? bar"


FILES = {
    "r.txt": "a==1\nb  # mine\nc>=1",
    "pyproject.toml": '[project]\ndependencies = [\n  "a==1",\n  "b",\n  "c>=1"\n]\n',
    "tool.py": '# /// script\n# dependencies = ["a==1", "b", "c>=1"]\n# ///\n',
    "environment.yml": "dependencies:\n  - pip:\n    - a==1\n    - b\n    - c>=1\n",
    "setup.cfg": "[options]\ninstall_requires =\n    a==1\n    b\n    c>=1\n",
}


@pytest.mark.parametrize("name", FILES)
@given(why=st.text(max_size=30))
def test_any_reason_changes_nothing_that_is_declared(name: str, why: str) -> None:
    edits = [repin(0, why=why), drop(1, why), add(why)]
    bare = [repin(0, why=""), drop(1, ""), add("")]
    after = read(name, read(name, FILES[name]).render(edits)[name])
    plain = read(name, read(name, FILES[name]).render(bare)[name])
    assert [own.text for own in after.requirements] == [own.text for own in plain.requirements]
    assert not [problem for problem in after.problems if problem.fatal]


@given(why=st.text(max_size=30))
def test_pip_reads_a_file_with_reasons_as_without(
    tmp_path_factory: pytest.TempPathFactory, why: str
) -> None:
    folder = tmp_path_factory.mktemp("pip")
    edits = [repin(0, why=why), add(why)]
    (folder / "r.txt").write_bytes(read("r.txt", FILES["r.txt"]).render(edits)["r.txt"])
    pip = read_with_pip(folder / "r.txt", folder)
    assert [item.name for item in pip.items] == ["a", "b", "c", "six"]
