from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bisect_deps.system.processes import (
    HEAD,
    MARK,
    TAIL,
    Process,
    clean_environment,
    new_family,
    run_apart,
    stop,
    stop_family,
    stop_orphans,
)
from tests.support.living import lives

SETSID = shutil.which("setsid")


def wait_until(claim: Callable[[], bool], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def ended(process: Process) -> int:
    assert wait_until(lambda: process.poll() is not None)
    code = process.poll()
    assert code is not None
    return code


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    started: list[Process] = []

    def start(command: str, family: str = "") -> Process:
        process = Process(
            command,
            cwd=tmp_path,
            environment=clean_environment(),
            output=tmp_path / "log",
            family=family,
        )
        started.append(process)
        return process

    yield start
    stop(started, grace=0)


def pid_in(file: Path) -> int:
    assert wait_until(lambda: file.exists() and file.read_text().strip() != "")
    return int(file.read_text())


def test_output_and_errors_are_in_one_file_in_order(
    run: Callable[..., Process], tmp_path: Path
) -> None:
    assert ended(run("echo one; echo two >&2; echo three; exit 3")) == 3
    assert (tmp_path / "log").read_text() == "one\ntwo\nthree\n"


def test_a_death_by_signal_is_told_as_shells_tell_it(run: Callable[..., Process]) -> None:
    assert ended(run("kill -9 $$")) == 128 + 9


def test_a_kill_reaches_children_that_ignore_the_polite_signal(
    run: Callable[..., Process], tmp_path: Path
) -> None:
    process = run("trap '' TERM; sleep 300 & echo $! > child; while :; do sleep 1; done")
    child = pid_in(tmp_path / "child")
    began = time.monotonic()
    stop([process], grace=0.2)
    assert time.monotonic() - began < 30
    assert not lives(child)
    assert process.members() == []


@pytest.mark.skipif(SETSID is None, reason="no setsid command here")
def test_a_kill_finds_what_left_group_and_session(
    run: Callable[..., Process], tmp_path: Path
) -> None:
    process = run("setsid sh -c 'echo $$ > child; exec sleep 300' & wait")
    child = pid_in(tmp_path / "child")
    assert os.getsid(child) == child
    stop([process], grace=0.2)
    assert not lives(child)


@pytest.mark.skipif(SETSID is None, reason="no setsid command here")
def test_what_a_finished_command_leaves_running_is_killed(
    run: Callable[..., Process], tmp_path: Path
) -> None:
    process = run("setsid sh -c 'echo $$ > child; exec sleep 300' & sleep 0.3; exit 0")
    child = pid_in(tmp_path / "child")
    assert ended(process) == 0
    assert wait_until(lambda: not lives(child))


def test_a_stop_leaves_other_commands_alone(run: Callable[..., Process]) -> None:
    one, other = run("sleep 300"), run("sleep 300")
    stop([one])
    assert one.poll() == 128 + signal.SIGTERM
    assert other.poll() is None


def test_a_family_is_stopped_without_asking_its_commands(
    run: Callable[..., Process], tmp_path: Path
) -> None:
    ours, other = new_family(), new_family()
    deaf = "trap '' TERM; sleep 300 & echo $! > {}; wait"
    one = run(deaf.format("one"), family=ours)
    two = run(deaf.format("two"), family=other)
    children = [pid_in(tmp_path / name) for name in ("one", "two")]
    stop_family(ours)
    assert [lives(child) for child in children] == [False, True]
    assert ended(one) == 128 + signal.SIGKILL
    assert two.poll() is None


def test_commands_of_a_starter_that_was_killed_are_stopped_later(tmp_path: Path) -> None:
    script = (
        "import pathlib, time\n"
        "from bisect_deps.system.processes import Process, clean_environment\n"
        "here = pathlib.Path('.')\n"
        "Process('echo $$ > child; exec sleep 300', cwd=here, output=here / 'log',"
        " environment=clean_environment())\n"
        "time.sleep(300)\n"
    )
    root = str(Path(__file__).parents[2])
    starter = subprocess.Popen(
        [sys.executable, "-c", script], cwd=tmp_path, env={**os.environ, "PYTHONPATH": root}
    )
    child = pid_in(tmp_path / "child")
    stop_orphans()
    assert lives(child), "a living starter's command is not ours to stop"
    starter.kill()
    starter.wait()
    assert stop_orphans() >= 1
    assert wait_until(lambda: not lives(child))


def test_a_nested_mark_keeps_the_outer_one(
    run: Callable[..., Process], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(MARK, "outer")
    ended(run(f'echo "${MARK}"'))
    assert (tmp_path / "log").read_text().startswith("outer:")


PLANTED = "planted-secret-value"
BASE = {
    "PATH": "/bin",
    "CFLAGS": "-O2",
    "SSL_CERT_FILE": "/etc/ssl/ca.pem",
    "HTTPS_PROXY": "http://proxy.example:3128",
    "http_proxy": f"http://me:{PLANTED}@proxy.example:3128",
    "GITHUB_TOKEN": PLANTED,
    "DATABASE_URL": f"postgres://app:{PLANTED}@db.example/app",
    "UV_INDEX_URL": f"https://me:{PLANTED}@index.example/simple",
    "NOBODY_KNOWS_WHAT_THIS_IS": "anything",
    "HOOK": "https://hooks.example/T0/aB3dE5fG7hI9jK1lM3nO5pQ7",
    "BORG_REPO": "ssh://backup.example/./repo",
    "SSHPASS": "short",
    "PIP_EXTRA_INDEX_URL": f"https://a.example https://me:{PLANTED}@b.example/simple",
}


def test_no_secret_reaches_a_build_and_what_it_needs_does() -> None:
    cleaned = clean_environment({"VIRTUAL_ENV": "/env"}, base=BASE)
    assert cleaned == {
        "PATH": "/bin",
        "CFLAGS": "-O2",
        "SSL_CERT_FILE": "/etc/ssl/ca.pem",
        "HTTPS_PROXY": "http://proxy.example:3128",
        "UV_INDEX_URL": "https://index.example/simple",
        "PIP_EXTRA_INDEX_URL": "https://a.example https://b.example/simple",
        "VIRTUAL_ENV": "/env",
    }


def test_a_variable_that_the_user_names_is_kept() -> None:
    assert clean_environment(base=BASE, keep=["GITHUB_TOKEN"])["GITHUB_TOKEN"] == PLANTED


def test_a_build_is_not_told_the_size_of_the_terminal() -> None:
    cleaned = clean_environment(base={"COLUMNS": "80", "LINES": "24", "LANG": "C.UTF-8"})
    assert cleaned == {"LANG": "C.UTF-8"}


@pytest.mark.parametrize("end", ["", "\\n"], ids=["a line without end", "lines"])
def test_of_a_flood_head_and_tail_are_kept_and_the_cut_is_said(
    run: Callable[..., Process], tmp_path: Path, end: str
) -> None:
    flood = f"import sys; [sys.stdout.write('x' * 65535 + '{end}') for _ in range(640)]"
    assert ended(run(f'echo first; {sys.executable} -c "{flood}"; echo; echo last')) == 0
    log = (tmp_path / "log").read_bytes()
    assert log.startswith(b"first\n")
    assert log.endswith(b"\nlast\n")
    assert HEAD + TAIL <= len(log) < HEAD + TAIL + 1_000_000
    assert b"MB of output are left out here" in log


def test_the_end_of_one_command_takes_no_exit_code_from_another(
    run: Callable[..., Process],
) -> None:
    failing = run("exit 3")
    assert wait_until(lambda: not lives(failing._popen.pid)), "it has ended, and nobody asked yet"
    assert ended(run("exit 0")) == 0
    assert failing.poll() == 3


def test_a_command_of_ours_apart_is_no_leftover_of_a_build(
    run: Callable[..., Process], tmp_path: Path
) -> None:
    """Asleep in a session of its own, as `git push` is, while builds come and go."""
    began = tmp_path / "began"
    ours = ["sh", "-c", f"touch {began}; cat; cat {tmp_path / 'fifo'}; exit 3"]
    os.mkfifo(tmp_path / "fifo")
    with ThreadPoolExecutor() as pool:
        pushing = pool.submit(
            run_apart, ours, cwd=tmp_path, environment=os.environ, data=b"said", limit=60
        )
        assert wait_until(began.exists)
        assert ended(run("exit 0")) == 0
        assert not pushing.done()
        (tmp_path / "fifo").write_text(" on")
        done = pushing.result()
    assert (done.returncode, done.stdout) == (3, b"said on")


def test_a_command_of_ours_over_its_limit_leaves_nothing(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    ours = ["sh", "-c", f"sleep 300 & echo $! > {pid}; wait"]
    with pytest.raises(subprocess.TimeoutExpired):
        run_apart(ours, cwd=tmp_path, environment=os.environ, limit=1)
    assert wait_until(lambda: not lives(int(pid.read_text())))


def test_many_commands_side_by_side_all_tell_how_they_ended(run: Callable[..., Process]) -> None:
    codes = [number % 4 for number in range(40)]
    commands = [run(f"exit {code}") for code in codes]
    assert [ended(command) for command in commands] == codes
