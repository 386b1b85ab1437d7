"""What a dead run left is removed once, whoever comes."""

from __future__ import annotations

import fcntl
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bisect_deps.builders._scratch import REMOVE, WorkFolder
from bisect_deps.system import processes


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold a folder as the process does that removes it."""
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(lock)


def left_behind(parent: Path) -> Path:
    """Return the folder of a run that is dead: its process began at another time."""
    pid, began, namespace = processes.owner().split(".")
    folder = parent / f"{pid}.{int(began) - 1}.{namespace}-left"
    (folder / "slot1" / "build").mkdir(parents=True)
    return folder


def is_removed(folder: Path) -> bool:
    end = time.monotonic() + 60
    while folder.exists() and time.monotonic() < end:
        time.sleep(0.01)
    return not folder.exists()


def test_what_another_removes_is_left_to_it_and_to_nobody_once_it_is_dead(tmp_path: Path) -> None:
    first = left_behind(tmp_path)
    with held(first):
        WorkFolder(tmp_path).close()
        # Its turn has come and gone: what was let go of later, the next run removes.
        assert first.exists()
    work = WorkFolder(tmp_path)
    assert is_removed(first)
    work.close()
    assert is_removed(work.path)


def test_a_link_in_place_of_a_dead_runs_folder_leads_nowhere(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").touch()
    parent = tmp_path / "builds"
    folder = left_behind(parent)
    (folder / "slot1" / "build").rmdir()
    (folder / "slot1").rmdir()
    folder.rmdir()
    folder.symlink_to(kept)
    WorkFolder(parent).close()
    assert is_removed(folder)
    assert (kept / "file").exists()


def test_a_folder_whose_rights_a_build_took_away_is_removed(tmp_path: Path) -> None:
    folder = tmp_path / "left"
    (folder / "closed" / "inner").mkdir(parents=True)
    (folder / "closed" / "file").touch()
    for path in (folder / "closed" / "inner", folder / "closed", folder):
        path.chmod(0)
    command = ["/bin/sh", "-c", REMOVE, "sh", str(folder)]
    if os.geteuid() == 0:  # Whom rights do not bind, unless by choice.
        command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *command]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    assert not folder.exists()


def test_an_environment_of_links_is_removed_at_the_end_and_all_else_at_once(tmp_path: Path) -> None:
    work = WorkFolder(tmp_path)
    for linked, left in ((False, []), (True, ["env"])):
        folder = work.take()
        for name in ("env", "tree"):
            (folder / name).mkdir()
        work.drop(folder, linked=linked)
        assert work.take() == folder, "the number is free again"
        work.drop(folder)
        until = time.monotonic() + 60
        while len(list((work.private / "rubbish").iterdir())) > len(left):
            assert time.monotonic() < until
            time.sleep(0.01)
        assert [path.name for path in (work.private / "rubbish").glob("*/*")] == left
    work.close()
    assert is_removed(work.path.with_name(f"{work.path.name}.rubbish"))


def put_in_its_place(folder: Path, how: str, tmp_path: Path) -> None:
    """Put something there that somebody else could write to."""
    if how == "a link":
        (tmp_path / "theirs").mkdir()
        folder.symlink_to(tmp_path / "theirs")
    elif how == "a file":
        folder.write_text("")
    else:
        folder.mkdir()
        folder.chmod(0o777)


@pytest.mark.parametrize("how", ["a link", "a file", "writable by all"])
@pytest.mark.parametrize("place", ["kept", "kept/inner"])
def test_what_is_for_later_is_in_no_folder_that_others_could_write_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, how: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    work = WorkFolder(tmp_path / "builds")
    (tmp_path / "depbisect" / place).parent.mkdir(exist_ok=True)
    put_in_its_place(tmp_path / "depbisect" / place, how, tmp_path)
    folder = work.for_later("kept", "inner")
    assert folder.is_dir()
    assert folder.is_relative_to(work.path)
    assert work.for_later("another", "inner") == tmp_path / "depbisect" / "another" / "inner"
    work.close()
