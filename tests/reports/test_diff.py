"""Diffs apply with the tools that people have."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bisect_deps.reports.diff import unified, unified_bytes

CASES: dict[str, tuple[dict[str, bytes], dict[str, bytes]]] = {
    "one line changed": (
        {"requirements.txt": b"numpy==1.19.5\npandas\n"},
        {"requirements.txt": b"numpy==1.26.0\npandas\n"},
    ),
    "no final newline on either side": (
        {"requirements.txt": b"numpy==1.19.5\npandas==1.1.5"},
        {"requirements.txt": b"numpy==1.19.5\npandas==2.1.1"},
    ),
    "final newline added": ({"r.txt": b"numpy"}, {"r.txt": b"numpy\njinja2<3.1\n"}),
    "carriage returns": (
        {"r.txt": b"a==1\r\nb==1\r\nc==1\r\n"},
        {"r.txt": b"a==1\r\nb==2\r\nc==1\r\n"},
    ),
    "latin-1": (
        {"r.txt": b"# -*- coding: latin-1 -*-\n# caf\xe9\na==1\n"},
        {"r.txt": b"# -*- coding: latin-1 -*-\n# caf\xe9\na==2\n"},
    ),
    "byte order mark": ({"r.txt": b"\xef\xbb\xbfa==1\n"}, {"r.txt": b"\xef\xbb\xbfa==2\n"}),
    "several files, one new, in a folder": (
        {"r.txt": b"-r req/base.txt\n", "req/base.txt": b"a==1\n", "same.txt": b"x\n"},
        {
            "r.txt": b"-r req/base.txt\n-c constraints.txt\n",
            "req/base.txt": b"a==2\n",
            "same.txt": b"x\n",
            "constraints.txt": b"b<2\n",
        },
    ),
    "a path with a blank": ({"my file.txt": b"a==1\n"}, {"my file.txt": b"a==2\n"}),
    "a path with an umlaut": ({"anf\u00e4nge.txt": b"a==1\n"}, {"anf\u00e4nge.txt": b"a==2\n"}),
    "a line that looks like a header": (
        {"r.txt": b"-- a\n++ b\na==1\n"},
        {"r.txt": b"a==1\n"},
    ),
    "a form feed and a lone carriage return": (
        {"r.txt": b"a==1\x0c\nb\rc\n"},
        {"r.txt": b"a==2\x0c\nb\rc\n"},
    ),
}
TOOLS = {
    "git": ["git", "apply", "--whitespace=nowarn", "-p1", "-"],
    "patch": ["patch", "--binary", "-p1", "--silent"],
}


def applied(tool: str, folder: Path, old: Mapping[str, bytes], diff: bytes) -> dict[str, bytes]:
    shutil.rmtree(folder, ignore_errors=True)
    for path, data in old.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    done = subprocess.run(TOOLS[tool], cwd=folder, input=diff, capture_output=True, check=False)
    assert done.returncode == 0, (done.stdout, done.stderr, diff)
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("case", CASES)
def test_diff_turns_the_old_files_into_the_new(case: str, tool: str, tmp_path: Path) -> None:
    if not shutil.which(tool):
        pytest.skip(f"{tool} is not installed")
    old, new = CASES[case]
    assert applied(tool, tmp_path / "tree", old, unified_bytes(old, new)) == new
    if case != "latin-1":
        assert applied(tool, tmp_path / "tree", old, unified(old, new).encode()) == new


lines = st.lists(
    st.sampled_from([b"a==1", b"b", b"# x", b"", b"-- a", b"c\r", b"\\ No"]), max_size=9
)
contents = st.builds(lambda rows, end: b"\n".join(rows) + end, lines, st.sampled_from([b"", b"\n"]))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(old=contents, new=contents.filter(bool))
def test_any_two_files_make_a_diff_that_applies(old: bytes, new: bytes, tmp_path: Path) -> None:
    before, after = {"r.txt": old}, {"r.txt": new}
    diff = unified_bytes(before, after)
    if old == new:
        assert diff == b""
    else:
        assert applied("git", tmp_path / "tree", before, diff) == after


def test_equal_files_make_no_diff() -> None:
    assert unified({"r.txt": b"a\n"}, {"r.txt": b"a\n"}) == ""


def test_text_of_an_old_encoding_is_legible() -> None:
    old, new = CASES["latin-1"]
    assert " # caf\u00e9\n" in unified(old, new)
    utf16 = {"r.txt": "a==1\n".encode("utf-16")}, {"r.txt": "a==2\n".encode("utf-16")}
    assert "-a==1\n+a==2\n" in unified(*utf16)


def test_missing_final_newline_is_said() -> None:
    diff = unified({"r.txt": b"a==1"}, {"r.txt": b"a==2"})
    assert diff.splitlines()[3:] == [
        "-a==1",
        "\\ No newline at end of file",
        "+a==2",
        "\\ No newline at end of file",
    ]
