"""A fix is written where the user asked for it, and over nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisect_deps.deliver import write_fix
from bisect_deps.errors import InputError
from bisect_deps.model import Fix, Target, Verdict, VerdictKind

ORIGINALS = {"requirements.txt": b"-r base.txt\na==1\n", "base.txt": b"b==1\n"}


def verdict_with(files: dict[str, bytes]) -> Verdict:
    target = Target("3.12.1", "linux-x86_64", "local", "uv", "")
    fix = Fix((), "", 1, files)
    return Verdict(VerdictKind.FIXED, "requirements.txt", "", target, fix=fix)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    for name, data in ORIGINALS.items():
        (tmp_path / name).write_bytes(data)
    return tmp_path / "requirements.txt"


@pytest.mark.parametrize("output", ["", "base.txt", "requirements.txt"])
def test_only_write_overwrites_what_was_read(file: Path, output: str) -> None:
    verdict = verdict_with({"requirements.txt": b"-r base.txt\na==2\n"})
    with pytest.raises(InputError, match="overwrite"):
        write_fix(verdict, ORIGINALS, file, str(file.parent / output), in_place=False)
    assert {name: (file.parent / name).read_bytes() for name in ORIGINALS} == ORIGINALS


def test_another_folder_takes_the_file_and_its_includes(file: Path, tmp_path: Path) -> None:
    verdict = verdict_with({"base.txt": b"b==2\n"})
    write_fix(verdict, ORIGINALS, file, f"{tmp_path / 'fixed'}/", in_place=False)
    assert (tmp_path / "fixed" / "base.txt").read_bytes() == b"b==2\n"
    assert (tmp_path / "fixed" / "requirements.txt").read_bytes() == ORIGINALS["requirements.txt"]


def test_a_file_removed_during_the_run_is_not_written_again(file: Path) -> None:
    (file.parent / "base.txt").unlink()
    with pytest.raises(InputError, match="removed"):
        write_fix(verdict_with({"base.txt": b"b==2\n"}), ORIGINALS, file, None, in_place=True)
    assert not (file.parent / "base.txt").exists()
