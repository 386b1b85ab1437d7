"""What a run leaves behind when it is stopped: by Ctrl-C nothing, when killed nothing for long."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bisect_deps.system.processes import stop_orphans
from tests.builders.contract import left_in_the_end, names_in
from tests.support.living import lives, living
from tests.support.local_index import LocalIndex, Project

ROOT = Path(__file__).parent.parent.parent
Run = subprocess.Popen[bytes]
Start = Callable[..., Run]


@pytest.fixture
def start() -> Iterator[Start]:
    runs: list[Run] = []

    def one(folder: Path, *arguments: str) -> Run:
        command = [sys.executable, "-m", "bisect_deps", "run", "requirements.txt", *arguments]
        cache = str(folder / "cache")
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": cache}
        with (folder / "output").open("wb") as output:
            run = subprocess.Popen(
                command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT
            )
        runs.append(run)
        return run

    yield one
    for run in runs:
        run.kill()
        run.wait()
    stop_orphans()


def wait_for(path: Path, process: Run) -> int:
    deadline = time.monotonic() + 60
    while not (path.exists() and path.read_text().strip()):
        assert process.poll() is None, (path.parent / "output").read_text()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return int(path.read_text())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "requirements.txt").write_text("slow==1.0\n")
    return tmp_path


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_a_command_with_all_its_processes(
    start: Start, folder: Path, number: int
) -> None:
    note = folder / "child"
    deaf = f"(trap '' TERM; sleep 300) & setsid sleep 300 & echo $$ > {note}; sleep 300"
    run = start(folder, "--builder", "command", "--build-cmd", deaf, "--no-evidence")
    wait_for(note, run)
    run.send_signal(number)
    assert run.wait(60) == 130, (folder / "output").read_text()
    assert living(str(note)) == []
    assert left_in_the_end(lambda: names_in(folder / "cache" / "depbisect-builds")) == []


def test_ctrl_c_ends_an_install_with_its_build_backend(
    start: Start, folder: Path, local_index: LocalIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_CACHE_DIR", str(folder / "cache" / "uv"))
    local_index.add(Project("slow").release("1.0", seconds=300))
    links = ["--no-index", "--find-links", str(local_index.find_links), "--python", sys.executable]
    run = start(folder, *links, "--no-evidence")
    builds = folder / "cache" / "depbisect-builds"
    backend = wait_for(folder / "index" / "state" / "slow-1.0.build", run)
    told = Path(f"/proc/{backend}/cmdline").read_text()
    half_done = [path for path in (folder / "cache" / "uv").glob("*/.tmp*") if str(path) in told]
    run.send_signal(signal.SIGINT)
    assert run.wait(60) == 130, (folder / "output").read_text()
    assert not lives(backend)
    assert half_done
    assert [path for path in half_done if path.exists()] == []
    assert left_in_the_end(lambda: [*living(str(builds)), *names_in(builds)]) == []


def test_the_next_run_ends_what_a_killed_one_left(start: Start, folder: Path) -> None:
    note = folder / "child"
    arguments = ("--builder", "command", "--no-evidence", "--build-cmd")
    run = start(folder, *arguments, f"echo $$ > {note}; exec sleep 300")
    child = wait_for(note, run)
    run.kill()
    run.wait()
    assert lives(child)
    assert start(folder, *arguments, "exit 0").wait(60) == 0
    assert not lives(child)
    assert left_in_the_end(lambda: names_in(folder / "cache" / "depbisect-builds")) == []
