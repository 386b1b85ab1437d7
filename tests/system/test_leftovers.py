"""What a killed installer has half done in its cache is removed, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bisect_deps.system.leftovers import removed

HOLD = """
import sys, time
held = [open(path) for path in sys.argv[2:]]
print(flush=True)
time.sleep(60)
"""


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    cache = tmp_path / "cache"
    for name in (".tmpAbc123", "builds/.tmpDef456", ".tmpOther1"):
        (cache / name / "lib").mkdir(parents=True)
        (cache / name / "lib" / "half").touch()
    (cache / "CACHEDIR.TAG").touch()
    return cache


def kill(*arguments: str, **variables: str) -> None:
    """Start a process that is told this, with the files of all but the first open; end it."""
    command = [sys.executable, "-c", HOLD, *arguments]
    with subprocess.Popen(command, env=variables, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with removed([process.pid]):
            process.kill()
            process.wait()


def left(cache: Path) -> set[str]:
    return {path.parent.parent.name for path in cache.rglob("half")}


def test_by_open_files(cache: Path) -> None:
    kill("", str(cache / ".tmpAbc123" / "lib" / "half"))
    assert left(cache) == {".tmpDef456", ".tmpOther1"}


def test_by_arguments(cache: Path) -> None:
    kill(f'build("{cache}/builds/.tmpDef456")')
    assert left(cache) == {".tmpAbc123", ".tmpOther1"}


def test_by_variables(cache: Path) -> None:
    kill("", PATH=f"/usr/bin:{cache}/builds/.tmpDef456/bin:{cache}/.tmpAbc123/bin")
    assert left(cache) == {".tmpOther1"}


def test_what_is_in_no_cache_or_elsewhere_by_a_link_stays(cache: Path, tmp_path: Path) -> None:
    (tmp_path / ".tmpMine12").mkdir()
    (tmp_path / "link").symlink_to(cache)
    kill(str(tmp_path / ".tmpMine12"), PATH=f"{tmp_path}/link/.tmpAbc123:{cache}/x/../.tmpAbc123")
    assert (tmp_path / ".tmpMine12").is_dir()
    assert left(cache) == {".tmpAbc123", ".tmpDef456", ".tmpOther1"}
