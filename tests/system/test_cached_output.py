"""What a program says of itself is asked once, and again as soon as it is another program."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from bisect_deps.system.cached_output import cached_output


class Asked:
    """Answers with how often it was asked; with nothing where `silent`."""

    def __init__(self) -> None:
        self.count = 0
        self.silent = False

    def __call__(self) -> str | None:
        self.count += 1
        return None if self.silent else f"answer {self.count}"


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    found = shutil.which("true")
    assert found is not None
    return str(shutil.copy(found, tmp_path / "program"))


def test_a_program_is_asked_once(program: str) -> None:
    ask = Asked()
    assert cached_output([program, "-v"], ask) == cached_output([program, "-v"], ask) == "answer 1"
    assert cached_output([program, "-V"], ask) == "answer 2", "another question"


@pytest.mark.parametrize("change", ["time", "content", "environment"])
def test_a_program_that_changed_is_asked_again(program: str, tmp_path: Path, change: str) -> None:
    path = tmp_path / "env" / "bin" / "program"
    path.parent.mkdir(parents=True)
    shutil.copy(program, path)
    ask = Asked()
    cached_output([str(path)], ask)
    if change == "time":
        os.utime(path, ns=(1, 1))
    elif change == "content":
        path.write_bytes(path.read_bytes() + b"\0")
    else:
        (tmp_path / "env" / "pyvenv.cfg").write_text("home = elsewhere\n")
    assert cached_output([str(path)], ask) == "answer 2"


def test_a_script_may_run_anything_and_is_always_asked(program: str, tmp_path: Path) -> None:
    (tmp_path / "shim").write_text("#!/bin/sh\nexec program\n")
    ask = Asked()
    assert cached_output([str(tmp_path / "shim")], ask) == "answer 1"
    assert cached_output([str(tmp_path / "shim")], ask) == "answer 2"


def test_no_answer_is_not_kept_and_a_damaged_one_is_none(program: str, tmp_path: Path) -> None:
    ask = Asked()
    ask.silent = True
    assert cached_output([program], ask) is None
    ask.silent = False
    assert cached_output([program], ask) == "answer 2"
    [kept] = (tmp_path / "cache").rglob("*.json")
    kept.write_text('{"asked": 1}')
    assert cached_output([program], ask) == "answer 3"


def test_a_cache_that_cannot_be_written_is_no_error(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    ask = Asked()
    assert [cached_output([program], ask) for _ in range(2)] == ["answer 1", "answer 2"]
