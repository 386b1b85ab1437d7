"""The line model reads what pip reads: pip itself is asked about every fixture."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.pip_oracle import read_with_ours, read_with_pip

FIXTURES = Path(__file__).parents[2] / "fixtures" / "requirements"
FILES = sorted(FIXTURES.rglob("*.txt"))


def name_of(path: Path) -> str:
    return path.relative_to(FIXTURES).with_suffix("").as_posix()


def test_there_are_fixtures() -> None:
    assert len(FILES) > 200


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_items_and_rejections_are_those_of_pip(path: Path) -> None:
    pip, ours = read_with_pip(path, path.parent), read_with_ours(path, path.parent)
    assert (ours.rejected is None) == (pip.rejected is None), (ours.rejected, pip.rejected)
    assert ours.items == pip.items


def test_some_fixtures_are_rejected_and_most_are_not() -> None:
    rejected = [path for path in FILES if read_with_ours(path, path.parent).rejected]
    assert 40 < len(rejected) < len(FILES) / 2


DIGEST = "0" * 64
HEADS = (
    "flask",
    "requests==2",
    "https://h.example/a.zip",
    "git+https://h.example/r#egg=n",
    "--pre",
    "flask[x]",
    "-e ",
    "-e ./pkg",
    "n @ https://h.example/x",
    "n @ git+https://h.example/x",
    "",
)
# fmt: off
PIECES = (
    'flask', 'Jinja2', 'a.b-c', '==1.0', '>=2', ',<3', '[x]', '[X,y]', '[', '(', ')', 'other.txt',
    '--pre', ':all:', 'k=v', '--', '-', '=', '==', '===', '~=', '*', '.', '/', '..', '-C', 'a',
    '1', 'file:', '///x', 'file://host/x', '//[', '@', '!', '<', '>', ',', '.tar.gz', '.whl',
    'and', 'or', '$X', '{', '}', "'", '"', '#egg=', '#egg=n', '&subdirectory=s', './pkg', 'pkg',
    '${DEPBISECT_TEST_NAME}', '${DEPBISECT_TEST_VERSION}', '${NOPE}', 'https://h.example/a.zip',
    'https://h.example/a-1.0-py3-none-any.whl', 'git+https://h.example/r', '--editable=',
    '--global-option=x', 'sys_platform=="win32"', ' ', '  ', '\t', '\n', '\r\n', '\r', '\\\n',
    ' \\\n', '\\', '#', ' # c', '# c', ';', ' ; ', '; ', 'python_version < "3"',
    'python_version<3', '-r ', '-c ', '-e ', ' -e ', ' -r ', '-i ', '--index-url ',
    '--no-binary ', '--extra-index ', '-f ', '--config-settings ', ' @ ',
    f'--hash=sha256:{DIGEST}', ' --hash=sha256:zz', ' --hash ', '\x0c', '\u2028', '\x85', '\xa0',
    'é', '\ufeff', '\x1c',
)
# fmt: on


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    (folder / "pkg").mkdir()
    (folder / "pkg" / "setup.py").write_text("")
    (folder / "other.txt").write_text("o==1\n")
    return folder


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(head=st.sampled_from(HEADS), pieces=st.lists(st.sampled_from(PIECES), max_size=12))
def test_any_mixture_of_the_grammar_reads_as_in_pip(
    project: Path, head: str, pieces: list[str]
) -> None:
    path = project / "requirements.txt"
    path.write_bytes((head + "".join(pieces)).encode())
    pip, ours = read_with_pip(path, project), read_with_ours(path, project)
    if pip.rejected and "ConnectionFailed" in pip.rejected:
        return  # an include by URL, which we do not fetch
    if ours.rejected and "whitespace after URL" in ours.rejected and "\xa0" in pieces:
        return  # from packaging 26.4 on any space ends a URL; pip 26.3 has the one before
    assert (ours.rejected is None) == (pip.rejected is None), (ours.rejected, pip.rejected)
    assert ours.items == pip.items


NAMES = ("requirements.txt", "b.txt", "sub/c.txt", "sub/d.txt")
PLAIN = ("x==1", "y[z]>=2", "-e git+https://g.example/x#egg=x", "https://h.example/x.zip", "--pre")


@st.composite
def trees(draw: st.DrawFn) -> dict[str, str]:
    """Files that include each other, mostly downwards, now and then in a circle."""
    files = {}
    for number, name in enumerate(NAMES):
        lines = []
        for _ in range(draw(st.integers(0, 3))):
            below = NAMES[number + 1 :] * 3
            target = draw(st.sampled_from([*below, *NAMES]))
            path = os.path.relpath(target, os.path.dirname(name) or ".")
            include = draw(st.sampled_from(["-r ", "-c ", "-r", "--constraint="])) + path
            more = draw(st.sampled_from(["", "", " -r gone.txt", "  # c"]))
            lines.append(draw(st.sampled_from([include + more, include, *PLAIN])))
        files[name] = "\n".join(lines)
    return files


@settings(max_examples=200, deadline=None)
@given(files=trees())
def test_any_tree_of_includes_reads_as_in_pip(project: Path, files: dict[str, str]) -> None:
    (project / "sub").mkdir(exist_ok=True)
    for name, text in files.items():
        (project / name).write_text(text)
    root = project / "requirements.txt"
    pip, ours = read_with_pip(root, project), read_with_ours(root, project)
    assert (ours.rejected is None) == (pip.rejected is None), (ours.rejected, pip.rejected)
    assert ours.items == pip.items


def test_the_oracle_itself_tells_files_apart(project: Path) -> None:
    path = project / "requirements.txt"
    path.write_text("flask==3\n")
    assert read_with_pip(path, project).items[0].name == "flask"
    path.write_text("flask=1\n")
    assert read_with_pip(path, project).rejected
