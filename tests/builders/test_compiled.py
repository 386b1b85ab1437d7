"""Bytecode that is kept is that of the source it stands for, whatever a release says of itself."""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from bisect_deps.builders._compiled import Compiled
from bisect_deps.builders._scratch import WorkFolder
from bisect_deps.policy import POLICY
from bisect_deps.system import interpreters, processes
from bisect_deps.system.processes import Enclosure

HERE = interpreters.find(sys.executable)
TAG = sys.implementation.cache_tag
SAYS = "print('as recorded')"


class NoRoom:
    """Keeps nothing apart."""

    def enter(self, command: list[str], cwd: Path) -> list[str]:
        return command


def no_room(folder: Path) -> Enclosure:
    return NoRoom()


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkFolder]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    folder = WorkFolder(None)
    yield folder
    folder.close()


def digest(text: str) -> str:
    told = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(told).rstrip(b"=").decode()


def site_with(folder: Path, sources: Mapping[str, str], record: Mapping[str, str]) -> Path:
    """Return a folder with one release: its files, and what its record says they hold."""
    site = folder / "env" / "lib" / "site-packages"
    for name, text in {**sources, "one-1.0.dist-info/RECORD": ""}.items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(text)
    lines = [f"{name},sha256={digest(text)},{len(text)}\n" for name, text in record.items()]
    (site / "one-1.0.dist-info" / "RECORD").write_text("".join(lines))
    return site


def compiled_by_a_check(bytecode: Path, site: Path, *names: str) -> None:
    for name in names:
        path = bytecode / site.relative_to("/") / f"{name}.{TAG}.pyc"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"anything")


def wanting(work: WorkFolder, site: Path, folder: Path, *names: str) -> Compiled:
    """Return what keeps bytecode, after a check that compiled these modules."""
    compiled = Compiled(HERE, work, processes.new_family())
    compiled_by_a_check(folder / "1", site, *names)
    compiled.note([site], folder / "1")
    return compiled


def kept(compiled: Compiled, site: Path) -> list[str]:
    """Have what is wanted compiled, and return what is kept then."""
    compiled.compile([site], no_room)
    while compiled._running is not None:
        time.sleep(0.02)
        compiled.collect()
    return sorted(path.name.partition(".")[0] for path in compiled.seen[1].rglob("*.pyc"))


def said(site: Path, bytecode: Path, module: str) -> str:
    program = f"import sys; sys.path.insert(0, {str(site)!r}); import {module}"
    command = [sys.executable, "-I", "-X", f"pycache_prefix={bytecode}", "-c", program]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_only_sources_that_are_as_recorded_are_compiled(tmp_path: Path, work: WorkFolder) -> None:
    (tmp_path / "outside.py").write_text(SAYS)
    outside = ("../outside", str(tmp_path / "outside"))
    recorded = {f"{name}.py": SAYS for name in ("good", "other", *outside)}
    site = site_with(tmp_path, {"good.py": SAYS, "other.py": "print('another')"}, recorded)
    compiled = wanting(work, site, tmp_path, "good", "other", "unrecorded")
    assert kept(compiled, site) == ["good"]
    assert not list(tmp_path.rglob("outside.*.pyc"))


def test_what_was_not_used_for_longest_is_removed_where_there_is_too_much(
    tmp_path: Path, work: WorkFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Compiled(HERE, work, processes.new_family()).seen[1]
    for age, name in enumerate(("newest", "newer", "oldest")):
        (folder / name).mkdir()
        os.utime(folder / name, (1_700_000_000 - age, 1_700_000_000 - age))
    fewer = replace(POLICY, compiled_releases=2)
    monkeypatch.setattr("bisect_deps.builders._compiled.POLICY", fewer)
    assert sorted(Compiled(HERE, work, processes.new_family())._names) == ["newer", "newest"]
    assert not (folder / "oldest").exists()


def test_a_source_that_was_changed_is_never_taken_for_the_one_that_was_compiled(
    tmp_path: Path, work: WorkFolder
) -> None:
    site = site_with(tmp_path, {"good.py": SAYS}, {"good.py": SAYS})
    compiled = wanting(work, site, tmp_path, "good")
    assert kept(compiled, site) == ["good"]
    for text, expected in ((SAYS, "as recorded"), ("print('was changed')", "was changed")):
        (site / "good.py").write_text(text)
        bytecode = tmp_path / expected
        compiled.show([site], bytecode)
        assert said(site, bytecode, "good") == expected


def test_what_was_made_before_a_run_ended_is_wanted_no_longer(
    tmp_path: Path, work: WorkFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = site_with(tmp_path, {"good.py": SAYS}, {"good.py": SAYS})
    compiled = wanting(work, site, tmp_path, "good")
    compiled.compile([site], no_room)
    running = compiled._running
    assert running is not None
    while running.poll() is None:
        time.sleep(0.02)
    monkeypatch.setattr(running, "poll", lambda: -9)
    compiled.collect(stopping=True)
    assert list(compiled.seen[1].rglob("good.*.pyc"))
    assert not list(compiled.seen[1].rglob("wanted"))


def test_what_a_run_had_no_time_for_is_compiled_in_the_next(
    tmp_path: Path, work: WorkFolder
) -> None:
    site = site_with(tmp_path, {"good.py": SAYS}, {"good.py": SAYS})
    compiled = wanting(work, site, tmp_path, "good")
    compiled.compile([site], no_room)
    compiled.collect(stopping=True)
    later = WorkFolder(None)
    try:
        assert kept(Compiled(HERE, later, processes.new_family()), site) == ["good"]
        assert not list(compiled.seen[1].rglob("wanted"))
    finally:
        later.close()


class NoDisk:
    """Lets no file grow beyond some bytes: the same as a full disk, or an end amid writing."""

    def enter(self, command: list[str], cwd: Path) -> list[str]:
        script = (
            "import os, resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100));"
            "os.execv(sys.argv[1], sys.argv[1:])"
        )
        return [sys.executable, "-c", script, *command]


def test_nothing_is_kept_that_was_not_written_whole(tmp_path: Path, work: WorkFolder) -> None:
    long = "\n".join(f"name_{n} = {n}" for n in range(100))
    site = site_with(tmp_path, {"good.py": long}, {"good.py": long})
    compiled = wanting(work, site, tmp_path, "good")
    compiled.compile([site], lambda folder: NoDisk())
    while compiled._running is not None:
        time.sleep(0.02)
        compiled.collect()
    assert not list(compiled.seen[1].rglob("*.pyc"))


def test_notes_that_are_damaged_are_no_error(tmp_path: Path, work: WorkFolder) -> None:
    site = site_with(tmp_path, {"good.py": SAYS}, {"good.py": SAYS})
    compiled = wanting(work, site, tmp_path, "good")
    [wanted] = compiled.seen[1].glob("*/wanted")
    wanted.write_bytes(b"\xff\x00/\n../../evil.py\n" + wanted.read_bytes())
    assert kept(compiled, site) == ["good"]
