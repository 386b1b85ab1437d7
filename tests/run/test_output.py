"""A fix is written where the user asked for it, and over nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bisect_deps.errors import InputError
from bisect_deps.model import Fix, Target, Verdict, VerdictKind
from bisect_deps.run.output import write_fix

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


def test_a_file_outside_the_root_folder_lies_as_it_did(tmp_path: Path) -> None:
    originals = {"prod.txt": b"-r ../base.txt\n", "../base.txt": b"b==1\n"}
    (tmp_path / "req").mkdir()
    for name, data in originals.items():
        (tmp_path / "req" / name).write_bytes(data)
    verdict = verdict_with({"../base.txt": b"b==2\n"})
    output = tmp_path / "fixed"
    write_fix(verdict, originals, tmp_path / "req" / "prod.txt", f"{output}/", in_place=False)
    assert (output / "req" / "prod.txt").read_bytes() == b"-r ../base.txt\n"
    assert (output / "base.txt").read_bytes() == b"b==2\n"
    assert (tmp_path / "base.txt").read_bytes() == b"b==1\n"


def test_two_files_of_one_name_do_not_overwrite_each_other(tmp_path: Path) -> None:
    originals = {"requirements.txt": b"a==1\n", "../requirements.txt": b"b==1\n"}
    (tmp_path / "sub").mkdir()
    verdict = verdict_with({"requirements.txt": b"a==2\n"})
    output = tmp_path / "fixed"
    file = tmp_path / "sub" / "requirements.txt"
    write_fix(verdict, originals, file, f"{output}/", in_place=False)
    assert (output / "sub" / "requirements.txt").read_bytes() == b"a==2\n"
    assert (output / "requirements.txt").read_bytes() == b"b==1\n"


def test_one_file_cannot_hold_the_fix_of_several(file: Path, tmp_path: Path) -> None:
    verdict = replace(
        verdict_with({"requirements.txt": b"a==2\n"}), files=("requirements.txt", "base.txt")
    )
    with pytest.raises(InputError, match="several") as caught:
        write_fix(verdict, ORIGINALS, file, str(tmp_path / "fixed.txt"), in_place=False)
    assert caught.value.hint
    assert not (tmp_path / "fixed.txt").exists()


@pytest.mark.parametrize(
    ("others", "name"),
    [({}, "requirements.txt"), ({"requirements.txt": b"b==1\n"}, "stdin.txt")],
    ids=["alone", "beside one of that name"],
)
def test_standard_input_gets_a_name_in_a_folder(
    tmp_path: Path, others: dict[str, bytes], name: str
) -> None:
    verdict = verdict_with({"<stdin>": b"a==2\n"})
    output = tmp_path / "fixed"
    file = tmp_path / "<stdin>"
    write_fix(verdict, {"<stdin>": b"a==1\n", **others}, file, f"{output}/", in_place=False)
    assert (output / name).read_bytes() == b"a==2\n"
    assert len(list(output.iterdir())) == 1 + len(others)
