"""The job script's own folder: what killed jobs of this machine left is removed with the next."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bisect_deps.builders import _job_script
from bisect_deps.builders._job_script import Said, _scratch


def test_what_a_killed_job_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    alive = Path(_scratch(str(tmp_path)))
    kind, job, pid, began, host, _ = alive.name.split("-")
    assert pid == str(os.getpid())
    dead = tmp_path / "-".join((kind, job, pid, str(int(began) - 1), host, "left"))
    (dead / "env").mkdir(parents=True)
    elsewhere = tmp_path / "-".join((kind, job, pid, str(int(began) - 1), "0a0b0c0d", "left"))
    elsewhere.mkdir()
    link = tmp_path / f"{dead.name}-link"
    link.symlink_to(elsewhere)
    later = Path(_scratch(str(tmp_path)))
    assert {*tmp_path.iterdir()} == {alive, elsewhere, link, later}


def test_of_a_flood_head_and_tail_are_shown_and_its_file_is_emptied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setattr(_job_script, "TAIL", 1000)
    monkeypatch.setattr(_job_script, "LARGEST", 100_000)
    path = tmp_path / "output"
    path.touch()
    said = Said(str(path), 2000)
    with path.open("ab") as stream:
        for number in range(300):
            stream.write(b"%05d %s\n" % (number, b"x" * 1000))
            stream.flush()
            said.copy()
        stream.write(b"the end")
        stream.flush()
        assert path.stat().st_size <= 101_000
        said.end()
    shown = capfdbinary.readouterr().out
    assert shown.startswith(b"00000 xxx")
    assert shown.endswith(b"\nthe end\n")
    assert b"[0 MB of output are left out here]\n" in shown
    assert len(shown) < 5000
    assert said.shown == 2000
