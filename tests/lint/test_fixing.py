"""Fixes change what they name and nothing else, with evidence or not at all."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from bisect_deps.errors import InputError
from bisect_deps.lint.fixing import write
from bisect_deps.lint.settings import LintSettings
from bisect_deps.system.trust import make_state_folder
from tests.support.linted import codes, fixed, write_files


def text_of(tmp_path: Path, text: str, *, unsafe: bool = False) -> str:
    result = fixed(tmp_path, {"requirements.txt": text}, unsafe=unsafe)
    changed = result.files.get(str(tmp_path / "requirements.txt"))
    return text if changed is None else changed.decode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("a===1.0\n", "a==1.0\n", id="arbitrary equality"),
        pytest.param("a==4.2,>=4  # keep\n", "a==4.2  # keep\n", id="redundant clause"),
        pytest.param("a==1\nb==1\na==1\n", "a==1\nb==1\n", id="duplicate"),
        pytest.param("a==1 --pre\n", "a==1\n", id="ignored option"),
        pytest.param("a==1  # x \\\nb==2\n", "a==1  # x\nb==2\n", id="swallowed line"),
        pytest.param("# x\x0cb==2\n", "# x\nb==2\n", id="hidden separator"),
        pytest.param(
            "git+https://g.example/t@v1#egg=t[x]\n",
            "t[x] @ git+https://g.example/t@v1\n",
            id="egg with extra",
        ),
    ],
)
def test_safe_fix(tmp_path: Path, before: str, after: str) -> None:
    assert text_of(tmp_path, before) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("flask=3.0\n", "flask==3.0\n", id="single equals sign"),
        pytest.param('"flask==3.0"\n', "flask==3.0\n", id="quotes"),
        pytest.param("numpy=1.26.4=py312h_0\n", "numpy==1.26.4\n", id="conda line"),
        pytest.param("sklearn\n", "scikit-learn\n", id="wrong name"),
        pytest.param("argparse==1.4.0\na==1\n", "a==1\n", id="backport"),
        pytest.param('a==1 --global-option="--x"\n', "a==1\n", id="removed option"),
    ],
)
def test_unsafe_fix_waits_to_be_asked(tmp_path: Path, before: str, after: str) -> None:
    assert text_of(tmp_path, before) == before
    assert text_of(tmp_path, before, unsafe=True) == after


def test_dropped_include_gets_its_own_line(tmp_path: Path) -> None:
    files = {"requirements.txt": "-r a.txt -r b.txt\n", "a.txt": "a==1\n", "b.txt": "b==1\n"}
    result = fixed(tmp_path, files, unsafe=True)
    assert result.files[str(tmp_path / "requirements.txt")] == b"-r a.txt\n-r b.txt\n"
    assert "DB407" not in codes(result.report)


def test_include_after_a_requirement_is_not_taken_out_in_silence(tmp_path: Path) -> None:
    files = {"requirements.txt": "a==1 -r b.txt\n", "b.txt": "b==1\n"}
    assert not fixed(tmp_path, files).files
    result = fixed(tmp_path, files, unsafe=True)
    assert list(result.files.values()) == [b"a==1\n-r b.txt\n"]


def test_utf16_file_becomes_utf8(tmp_path: Path) -> None:
    result = fixed(tmp_path, {"requirements.txt": "flask==1.0\r\n".encode("utf-16")})
    assert list(result.files.values()) == [b"flask==1.0\r\n"]
    assert codes(result.report) == []


def test_coding_line_follows_the_encoding(tmp_path: Path) -> None:
    text = "# -*- coding: latin-1 -*-\na==1  # café\n".encode("latin-1")
    [data] = fixed(tmp_path, {"requirements.txt": text}).files.values()
    assert data.decode() == "# -*- coding: utf-8 -*-\na==1  # café\n"


def test_pin_comes_from_the_freeze(tmp_path: Path) -> None:
    files = {
        "requirements.txt": "Flask[async]  # web\nrequests >= 2 ; python_version > '3'\nother\n",
        "freeze.txt": "flask==3.0.3\nrequests==2.32.3\n",
    }
    result = fixed(tmp_path, files, settings=LintSettings(evidence=("freeze.txt",)))
    [data] = result.files.values()
    assert data.decode() == (
        "Flask[async]==3.0.3  # web\nrequests ==2.32.3 ; python_version > '3'\nother\n"
    )
    assert codes(result.report) == ["DB101"]


def test_a_freeze_outside_of_the_range_is_not_taken(tmp_path: Path) -> None:
    files = {"requirements.txt": "a>=2\n", "freeze.txt": "a==1.0\n"}
    result = fixed(tmp_path, files, settings=LintSettings(evidence=("freeze.txt",)))
    assert not result.files
    assert "does not allow" in result.report.diagnostics[0].message


def test_lock_beside_the_file_is_evidence(tmp_path: Path) -> None:
    lock = 'version = 1\n\n[[package]]\nname = "a"\nversion = "1.5"\n'
    files = {"requirements.txt": "a\n", "uv.lock": lock}
    assert list(fixed(tmp_path, files).files.values()) == [b"a==1.5\n"]


def test_hashes_come_with_the_pin_or_there_is_no_pin(tmp_path: Path) -> None:
    old, new = "--hash=sha256:" + "0" * 64, "--hash=sha256:" + "1" * 64
    files = {
        "requirements.txt": f"a>=1 \\\n    {old}\n",
        "bare.txt": "a==1.5\n",
        "lock.txt": f"a==1.5 {new}\n",
    }
    assert not fixed(tmp_path, files, settings=LintSettings(evidence=("bare.txt",))).files
    result = fixed(tmp_path, files, settings=LintSettings(evidence=("lock.txt",)))
    assert list(result.files.values()) == [f"a==1.5 \\\n    {new}\n".encode()]


def test_toml_keeps_every_other_byte(tmp_path: Path) -> None:
    text = "[project]\nname = \"x\"  # mine\ndependencies = [\n    'a===1.0',   # why\n]\n"
    [data] = fixed(tmp_path, {"pyproject.toml": text}).files.values()
    assert data.decode() == text.replace("===", "==")


def test_generated_file_is_left_alone_and_its_source_is_named(tmp_path: Path) -> None:
    text = (
        "#\n# This file is autogenerated by pip-compile with Python 3.12\n"
        "# by the following command:\n#\n#    pip-compile --output-file=out.txt base.in\n#\n"
        "a===1.0\n"
    )
    result = fixed(tmp_path, {"requirements.txt": text})
    assert not result.files
    [note] = result.notes
    assert "generated" in note
    assert "change base.in" in note


def test_includes_are_fixed_where_the_finding_is(tmp_path: Path) -> None:
    files = {"requirements.txt": "-r base/more.txt\n", "base/more.txt": "a===1.0\n"}
    assert list(fixed(tmp_path, files).files) == [str(tmp_path / "base" / "more.txt")]


def test_nothing_is_written_by_fixing(tmp_path: Path) -> None:
    fixed(tmp_path, {"requirements.txt": "a===1.0\n"})
    assert (tmp_path / "requirements.txt").read_text() == "a===1.0\n"


def test_write_keeps_the_mode_and_follows_links(tmp_path: Path) -> None:
    write_files(tmp_path, {"real.txt": "old"})
    (tmp_path / "real.txt").chmod(0o640)
    (tmp_path / "link.txt").symlink_to("real.txt")
    write({str(tmp_path / "link.txt"): b"new"})
    assert (tmp_path / "real.txt").read_bytes() == b"new"
    assert (tmp_path / "link.txt").is_symlink()
    assert stat.S_IMODE(os.stat(tmp_path / "real.txt").st_mode) == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.txt", "real.txt"]


def test_write_says_what_it_could_not_write(tmp_path: Path) -> None:
    write_files(tmp_path, {"file.txt": "a file and no folder"})
    with pytest.raises(InputError, match="cannot be written"):
        write({str(tmp_path / "file.txt" / "requirements.txt"): b"x"})


@pytest.mark.parametrize(("verdict", "pinned"), [("fixed", True), ("culprits", False)])
def test_last_verified_run_is_evidence(tmp_path: Path, verdict: str, pinned: bool) -> None:
    make_state_folder(tmp_path / ".depbisect")
    report = {"verdict": verdict, "environment": {"flask": "3.0.3"}}
    files = {"requirements.txt": "flask\n", ".depbisect/report.json": json.dumps(report)}
    result = fixed(tmp_path, files)
    assert list(result.files.values()) == ([b"flask==3.0.3\n"] if pinned else [])
