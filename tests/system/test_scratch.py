"""Temporary folders: what a killed process left goes with the next, and nothing else does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bisect_deps.system import processes, scratch

MAKE = """\
import os, signal
from bisect_deps.system.scratch import new_scratch
print(new_scratch(), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_left_is_removed_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": str(Path.cwd())}
    done = subprocess.run([sys.executable, "-c", MAKE], env=environment, capture_output=True)
    left = Path(done.stdout.decode().strip())
    assert left.is_dir()
    dead = left.name.rpartition("-")[0]
    others = tmp_path / "others"
    kept = [tmp_path / f"depbisect-{processes.owner()}-x", tmp_path / "depbisect-abc", others]
    for folder in kept:
        folder.mkdir()
    link = tmp_path / f"{dead}-link"
    link.symlink_to(others)
    file = tmp_path / f"{dead}-file"
    file.touch()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with scratch.scratch() as folder:
        assert folder.parent == tmp_path
        assert folder.stat().st_mode & 0o777 == 0o700
        assert not left.exists()
        assert {*tmp_path.iterdir()} == {*kept, link, file, folder}
    assert not folder.exists()
