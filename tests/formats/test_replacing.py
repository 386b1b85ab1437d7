"""Another requirement in the place of one: another project, a marker, a version for a path."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisect_deps.errors import InputError
from bisect_deps.formats import parse_manifest
from bisect_deps.formats.base import Manifest
from bisect_deps.model import Edit, EditAction, FixEdit
from bisect_deps.probing import edited

OLD, NEW = f"sha256:{'0' * 64}", f"sha256:{'1' * 64}"
MARKED = 'pywin32==306 ; sys_platform == "win32"'


def read(name: str, text: str) -> Manifest:
    folder = Path("/nowhere")
    return parse_manifest(text.encode(), folder / name, folder=folder, variables={})


def replacing(number: int, to: str, *hashes: str) -> Edit:
    return Edit(EditAction.REPLACE, "", number, to, hashes)


REPLACED = [
    ("r.txt", "x\nfaiss==1.5  # search\n", "faiss-cpu==1.12.0", "x\nfaiss-cpu==1.12.0  # search\n"),
    ("r.txt", "x\npywin32==306\n", MARKED, f"x\n{MARKED}\n"),
    ("r.txt", "x\npywin32==306;python_version>'3'\n", MARKED, f"x\n{MARKED}\n"),
    ("r.txt", "x\na[b] >= 1 , < 2\n", "c", "x\nc\n"),
    ("r.txt", "x\nnumpy @ file:///build/numpy\n", "numpy==1.26.0", "x\nnumpy==1.26.0\n"),
    ("r.txt", "x\n-e git+https://h.example/x#egg=x\n", "x==1", "x\nx==1\n"),
    (
        "r.txt",
        f"x --hash={OLD}\na==1 \\\n    --hash={OLD} \\\n    --hash={OLD}\n",
        "b==2",
        f"x --hash={OLD}\nb==2\n",
    ),
    (
        "pyproject.toml",
        '[project]\ndependencies = ["x", "pywin32==306"]\n',
        MARKED,
        '[project]\ndependencies = ["x", "pywin32==306 ; sys_platform == \'win32\'"]\n',
    ),
    (
        "pyproject.toml",
        "[project]\ndependencies = ['x', 'pywin32==306']\n",
        MARKED,
        f"[project]\ndependencies = ['x', '{MARKED}']\n",
    ),
    (
        "environment.yml",
        "dependencies:\n  - pip:\n    - x\n    - faiss==1.5  # mine\n",
        "faiss-cpu==1.12.0",
        "dependencies:\n  - pip:\n    - x\n    - faiss-cpu==1.12.0  # mine\n",
    ),
    (
        "setup.cfg",
        "[options]\ninstall_requires =\n    x\n    pywin32==306\n",
        MARKED,
        f"[options]\ninstall_requires =\n    x\n    {MARKED}\n",
    ),
]


@pytest.mark.parametrize(("name", "text", "to", "after"), REPLACED)
def test_another_requirement_takes_the_place(name: str, text: str, to: str, after: str) -> None:
    assert read(name, text).render([replacing(1, to)])[name].decode() == after


def test_hashes_of_the_new_one_take_the_place_of_the_old() -> None:
    text = f"a==1 \\\n    --hash={OLD}\nb==1 --hash={OLD}\n"
    after = read("r.txt", text).render([replacing(0, "c==2", NEW)])["r.txt"].decode()
    assert after == f"c==2 \\\n    --hash={NEW}\nb==1 --hash={OLD}\n"


def test_a_replacement_is_told_whole() -> None:
    for name in ("r.txt", "pyproject.toml"):
        text = "faiss==1.5\n" if name == "r.txt" else '[project]\ndependencies = ["faiss==1.5"]\n'
        manifest = read(name, text)
        [told] = manifest.describe([replacing(0, "faiss-cpu==1.12.0")])
        assert told == FixEdit(
            name,
            1 if name == "r.txt" else 2,
            "faiss",
            "faiss==1.5",
            "faiss-cpu==1.12.0",
            EditAction.REPLACE,
        )


@pytest.mark.parametrize("to", ["b==1\nc==2", "", "-r other.txt", "--pre"])
def test_what_is_not_one_requirement_is_refused(to: str) -> None:
    with pytest.raises(InputError, match="is not one requirement"):
        read("r.txt", "a==1\n").render([replacing(0, to)])


def test_a_log_is_read_against_what_stands_there_then() -> None:
    own = read("r.txt", f"a==1 --hash={OLD}\n").requirements
    [found] = edited(own, [replacing(0, 'B_b[x]==2 ; python_version > "3"', NEW)])
    assert (found.name, found.specifier, found.extras) == ("b-b", "==2", {"x"})
    assert (found.marker, found.hashes, found.number) == ('python_version > "3"', (NEW,), 0)
