"""The job script's own folder: what killed jobs of this machine left is removed with the next."""

from __future__ import annotations

import os
from pathlib import Path

from bisect_deps.builders._job_script import _scratch


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
