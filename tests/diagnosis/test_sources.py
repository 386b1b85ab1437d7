"""Logs are found in files, archives and folders, in the order in which a CI system wrote them."""

from __future__ import annotations

import bz2
import gzip
import lzma
import unittest.mock
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from bisect_deps.diagnosis.sources import BLOCK, blocks_of, logs_in, only_log_in
from bisect_deps.errors import InputError

TEXT = b"ERROR: no\n"


def names(place: Path, within: Path) -> list[str]:
    return [log.name.removeprefix(f"{within}/") for log in logs_in(str(place))]


def zipped(path: Path, *members: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for member in members:
            archive.writestr(member, "" if member.endswith("/") else member)
    return path


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_a_file_is_unpacked_on_the_way(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "log"
    path.write_bytes(pack(TEXT))
    [log] = logs_in(str(path))
    assert b"".join(log.blocks()) == TEXT
    assert log.name == str(path)


def test_a_long_file_comes_in_blocks(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"x" * (BLOCK + 1))
    with open(path, "rb") as file:
        assert [len(block) for block in blocks_of(file)] == [BLOCK, 1]


def test_a_folder_gives_its_texts_in_order_and_leaves_the_rest(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "outside.log"
    outside.write_bytes(TEXT)
    for name in ("b/2.log", "b/1.log", "a/x.log", ".git/log", "node_modules/log", "top.log"):
        (inside / name).parent.mkdir(parents=True, exist_ok=True)
        (inside / name).write_bytes(TEXT)
    (inside / "binary").write_bytes(b"\x7fELF\0\0")
    (inside / "empty").write_bytes(b"")
    (inside / "wide.log").write_bytes("wide\n".encode("utf-16"))
    (inside / "packed.gz").write_bytes(gzip.compress(TEXT))
    zipped(inside / "run.zip", "0_build.txt")
    (inside / "link.log").symlink_to(outside)
    assert names(inside, inside) == [
        *("packed.gz", "run.zip/0_build.txt", "top.log", "wide.log"),
        *("a/x.log", "b/1.log", "b/2.log"),
    ]


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        (["10_b.txt", "2_a.txt"], ["2_a.txt", "10_b.txt"]),
        (["0_build.txt", "build/1_set up.txt"], ["0_build.txt"]),
        (["build/10_x.txt", "build/2_y.txt"], ["build/2_y.txt", "build/10_x.txt"]),
        (["0_build.txt", "test/1_x.txt", "test/"], ["0_build.txt", "test/1_x.txt"]),
        (["b.txt", "a.txt"], ["a.txt", "b.txt"]),
        (["123456789_b.txt", "1_a.txt"], ["123456789_b.txt", "1_a.txt"]),
    ],
    ids=["by number", "whole jobs", "steps by number", "another job", "by name", "no number"],
)
def test_a_zip_gives_its_jobs_in_order(
    tmp_path: Path, members: list[str], expected: list[str]
) -> None:
    path = zipped(tmp_path / "run.zip", *members)
    assert names(path, path) == expected
    assert [b"".join(log.blocks()).decode() for log in logs_in(str(path))] == expected


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("absent", "cannot be read: No such file or directory"),
        ("empty folder", "holds no log"),
        ("cut zip", "is no zip that can be read"),
        ("cut gz", "cannot be read: Compressed file ended"),
    ],
)
def test_what_cannot_be_read_is_one_clear_error(tmp_path: Path, kind: str, said: str) -> None:
    path = tmp_path / "place"
    if kind == "empty folder":
        path.mkdir()
    elif kind == "cut zip":
        path.write_bytes(b"PK\x03\x04cut")
    elif kind == "cut gz":
        path.write_bytes(gzip.compress(TEXT * 100)[:-12])
    with pytest.raises(InputError, match=said) as caught:
        [list(log.blocks()) for log in logs_in(str(path))]
    assert caught.value.place == str(path)
    assert caught.value.hint


def test_the_names_of_a_zip_are_read_once_for_all_its_logs(tmp_path: Path) -> None:
    path = zipped(tmp_path / "run.zip", *(f"{number}.txt" for number in range(300)))
    with unittest.mock.patch("zipfile.ZipFile", wraps=zipfile.ZipFile) as opened:
        assert sum(len(list(log.blocks())) for log in logs_in(str(path))) == 300
    assert opened.call_count == 1


def test_one_log_of_a_zip_is_named_by_its_place_in_it(tmp_path: Path) -> None:
    path = zipped(tmp_path / "run.zip", "0_build.txt", "1_test.txt")
    assert only_log_in(path / "1_test.txt") == b"1_test.txt"
    with pytest.raises(InputError, match="holds 2 logs") as error:
        only_log_in(path)
    assert "0_build.txt" in str(error.value.hint)
    with pytest.raises(InputError, match="no such log in the zip"):
        only_log_in(path / "none.txt")


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress])
def test_the_only_log_of_a_file_is_taken_unpacked(
    tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "log"
    path.write_bytes(pack(TEXT))
    assert only_log_in(path) == TEXT


def test_a_log_that_unpacks_to_more_than_a_run_takes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bisect_deps.diagnosis.sources.LARGEST", 1000)
    path = tmp_path / "log.gz"
    path.write_bytes(gzip.compress(b"x" * 100_000))
    with pytest.raises(InputError, match="too large"):
        only_log_in(path)
