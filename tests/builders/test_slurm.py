"""Builds as jobs of a real Slurm cluster of one node."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from bisect_deps.builders import checks_of, make_builder
from bisect_deps.builders.base import Builder, Handle, Order
from bisect_deps.builders.slurm import Options
from bisect_deps.errors import BuilderUnavailable
from bisect_deps.model import BuildStatus, IndexSettings
from bisect_deps.policy import POLICY
from bisect_deps.system import interpreters
from tests.builders.contract import Bench, BuilderContract, finish, whole_log
from tests.support.local_index import Fault, LocalIndex, Project, broken_import
from tests.support.slurm import cluster, missing

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())

HERE = interpreters.find(sys.executable)
Make = Callable[..., Builder]
PROJECTS = (
    Project("good").release("1.0", requires=["helper"]),
    Project("helper").release("1.0").release("2.0"),
    Project("slow").release("1.0", seconds=300),
    Project("late").release("1.0", seconds=2),
    Project("header").release("1.0", fault=Fault.HEADER).release("2.0"),
    Project("broken").release("1.0", code=broken_import()),
)


@pytest.fixture(scope="session")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with cluster(tmp_path_factory.mktemp("slurm"), slots=2) as environment:
        yield environment


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> LocalIndex:
    return LocalIndex(tmp_path_factory.mktemp("index"), *PROJECTS)


@pytest.fixture
def make(
    tmp_path: Path, index: LocalIndex, slurm: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Make]:
    made: list[Builder] = []
    monkeypatch.setenv("SLURM_CONF", slurm["SLURM_CONF"])
    (tmp_path / "project").mkdir()

    def one(**given: object) -> Builder:
        settings = IndexSettings(no_index=True, find_links=(str(index.find_links),))
        options: dict[str, Any] = {
            "folder": tmp_path / "project",
            "cwd": tmp_path / "project",
            "slurm_folder": str(tmp_path / "shared"),
            "interpreter": HERE,
            "index": settings,
        }
        made.append(make_builder("slurm", Options(**{**options, **given})))
        return made[-1]

    yield one
    for builder in made:
        builder.close()


def order(*lines: str, digest: str = "", **given: Any) -> Order:
    text = "".join(f"{line}\n" for line in lines).encode()
    given.setdefault("timeout", 60.0)
    return Order({"requirements.txt": text}, "requirements.txt", digest or text.hex(), **given)


def built(builder: Builder, asked: Order) -> tuple[BuildStatus, str]:
    handle = builder.start(asked)
    return finish(builder, handle), whole_log(builder, handle)


def squeue(*arguments: str) -> list[str]:
    command = ["squeue", "--noheader", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def wait_until(holds: Callable[[], object], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.05)


def left_of(shared: Path) -> list[str]:
    """Return what is left of files and jobs, once Slurm has ended what was cancelled."""
    wait_until(lambda: not squeue())
    return [str(path) for path in shared.rglob("*")]


class TestSlurmBuilder(BuilderContract):
    @pytest.fixture
    def bench(self, make: Make, tmp_path: Path) -> Bench:
        return Bench(
            builder=make(jobs=2),
            passing=order("good==1.0", "helper<2"),
            failing=order("header==1.0", digest="failing"),
            hanging=order("slow==1.0"),
            telling="ffi.h: No such file or directory",
            installed={"good": "1.0", "helper": "1.0"},
            left=lambda: left_of(tmp_path / "shared"),
        )


@pytest.mark.parametrize("installer", ["uv", pytest.param("pip", marks=pytest.mark.slow)])
def test_checks_run_beside_the_users_files_and_tell_whose_module_fails(
    make: Make, tmp_path: Path, installer: str
) -> None:
    (tmp_path / "project" / "beside.txt").write_text("seen")
    builder = make(installer=installer)
    asked = order("good", "broken", check=("cat beside.txt; echo", "python -c 'import broken'"))
    handle = builder.start(asked)
    assert finish(builder, handle) is BuildStatus.FAILED
    log = whole_log(builder, handle)
    assert (
        "::depbisect install end rc=0\n::depbisect check begin\n$ cat beside.txt; echo\nseen\n"
        in log
    )
    assert log.endswith("::depbisect check end rc=1\n")
    assert builder.modules(handle) == {"broken": "broken"}
    assert dict(builder.installed(handle) or {})["good"] == "1.0"


def test_the_oldest_python_builds_too(make: Make) -> None:
    old = min(interpreters.find_all(), key=lambda python: Version(python.version))
    status, log = built(make(interpreter=old), order("good==1.0", check=("python -V",)))
    assert status is BuildStatus.PASSED, log
    assert f"\nPython {old.version}\n" in log


def test_a_job_that_slurm_ended_is_no_evidence(make: Make) -> None:
    builder = make()
    handle = builder.start(order("slow==1.0", digest="taken"))
    wait_until(lambda: builder.poll(handle) is BuildStatus.RUNNING)
    subprocess.run(["scancel", handle.id], check=True)
    assert finish(builder, handle) is BuildStatus.BROKEN
    assert "Slurm ended the job as CANCELLED" in whole_log(builder, handle)


def test_a_failing_node_is_no_evidence(make: Make) -> None:
    builder = make()
    handle = builder.start(order("slow==1.0", digest="lost"))
    wait_until(lambda: builder.poll(handle) is BuildStatus.RUNNING)
    node = ["scontrol", "update", "NodeName=node1"]
    subprocess.run([*node, "State=DOWN", "Reason=test"], check=True)
    try:
        assert finish(builder, handle) is BuildStatus.BROKEN
        assert "NODE_FAIL" in whole_log(builder, handle)
    finally:
        # It may have come back by itself.
        subprocess.run([*node, "State=RESUME"], check=False, capture_output=True)
        wait_until(lambda: not squeue())


@pytest.mark.parametrize("state", ["PREEMPTED", "OUT_OF_MEMORY", "TIMEOUT", "BOOT_FAIL", ""])
def test_no_end_without_a_result_is_evidence(
    make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, state: str
) -> None:
    """The accounts of a cluster with a database, played by a script in the place of `sacct`."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "sacct").write_text(f"#!/bin/sh\necho '{state}'\n")
    (tools / "sacct").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr("bisect_deps.builders.slurm.POLICY", replace(POLICY, seen_late=0.0))
    folder = tmp_path / "shared" / "depbisect-x-y"
    folder.mkdir(parents=True)
    builder = make()
    handle = Handle("99999", None, {"folder": str(folder), "digest": "x", "limit": "60.0"})
    assert finish(builder, handle) is BuildStatus.BROKEN
    said = whole_log(builder, handle)
    assert said.splitlines()[-1].endswith("over its limit") if state == "TIMEOUT" else state in said


def test_a_job_waits_in_the_queue_without_using_its_time(make: Make) -> None:
    builder = make(slurm_options=("--begin=now+3600",))
    handle = builder.start(order("good==1.0", digest="waits"))
    assert builder.poll(handle) is BuildStatus.QUEUED
    assert builder.cancel(handle)


def test_an_unfit_option_is_told_before_anything_is_submitted(make: Make) -> None:
    builder = make(slurm_options=("--partition=nowhere",))
    [problem] = builder.preflight()
    assert "invalid partition specified: nowhere" in problem or "Invalid partition" in problem
    with pytest.raises(BuilderUnavailable, match="artition"):
        builder.start(order("good==1.0", digest="unfit"))


def test_doctor_tells_that_a_job_would_be_accepted(make: Make, tmp_path: Path) -> None:
    make()
    options = Options(folder=tmp_path, cwd=tmp_path, interpreter=HERE)
    [check] = checks_of("slurm", options)
    assert check.ok
    assert "a job would be accepted" in check.detail
    assert not (tmp_path / ".depbisect").exists()


def test_setup_runs_in_the_job_first(make: Make) -> None:
    builder = make(slurm_setup="export FROM_SETUP=yes")
    status, log = built(builder, order("good==1.0", check=("echo got $FROM_SETUP",)))
    assert status is BuildStatus.PASSED
    assert "\ngot yes\n" in log


def test_a_python_that_no_node_has_is_no_evidence(make: Make, tmp_path: Path) -> None:
    builder = make(interpreter=replace(HERE, path="/nowhere/python3.99", version="3.99.1"))
    status, log = built(builder, order("good==1.0"))
    assert status is BuildStatus.BROKEN
    assert "there is no Python 3.99 on this machine" in log


class Run:
    """`depbisect run --builder slurm` on a file, in a process of its own."""

    def __init__(self, folder: Path, index: LocalIndex, slurm: dict[str, str], *lines: str) -> None:
        self.folder = folder
        self.file = folder / "requirements.txt"
        self.file.write_text("".join(f"{line}\n" for line in lines))
        self.command = [sys.executable, "-m", "bisect_deps", "run", str(self.file)]
        self.command += ["--builder", "slurm", "--no-index", "-j", "2"]
        self.command += ["--find-links", str(index.find_links)]
        self.environment = {**os.environ, **slurm, "PYTHONPATH": os.getcwd()}

    def start(self, *flags: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*self.command, *flags, "--json", "-"],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def report(self, *flags: str) -> dict[str, Any]:
        process = self.start(*flags)
        out, err = process.communicate(timeout=240)
        assert process.returncode == 0, out + err
        report: dict[str, Any] = json.loads(out)
        return report

    def names(self) -> list[str]:
        """Return the names of all jobs that were submitted from here."""
        command = ["squeue", "--noheader", "--states=all", "--format=%j|%Z"]
        asked = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=True
        )
        lines = (line.split("|") for line in asked.stdout.splitlines())
        return [name for name, place in lines if place.startswith(str(self.folder))]

    def left(self) -> list[str]:
        return [str(path) for path in (self.folder / ".depbisect" / "jobs").rglob("*")]


def test_a_failing_file_is_bisected_to_a_fix(
    tmp_path: Path, index: LocalIndex, slurm: dict[str, str]
) -> None:
    run = Run(tmp_path, index, slurm, "good==1.0", "header==1.0", "helper<2")
    report = run.report()
    assert report["verdict"] == "fixed"
    assert [edit["name"] for edit in report["fix"]["edits"]] == ["header"]
    assert len(run.names()) == report["builds"]
    assert run.left() == []
    assert run.report()["builds"] == 0


def test_kill_minus_nine_and_resume_build_nothing_twice(
    tmp_path: Path, index: LocalIndex, slurm: dict[str, str]
) -> None:
    run = Run(tmp_path, index, slurm, "header==1.0", "late==1.0")
    process = run.start()
    wait_until(run.names)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    before = run.names()
    assert before
    report = run.report("--resume")
    assert report["verdict"] == "fixed"
    names = run.names()
    assert len(names) == len(set(names)) == report["builds"]
    assert run.left() == []


def test_a_job_that_ended_before_its_start_was_noted_is_found_and_a_repeat_is_not(
    make: Make,
) -> None:
    asked = order("good==1.0", digest="unnoted")
    first = make()
    handle = first.start(asked)
    assert finish(first, handle) is BuildStatus.PASSED
    # The resume may come days later: the question is the same.
    days_before = Path(handle.extra["folder"]).stat().st_mtime - 3 * 86_400
    os.utime(handle.extra["folder"], (days_before, days_before))
    after_the_kill = make()
    assert after_the_kill.start(asked) == handle
    assert after_the_kill.poll(handle) is BuildStatus.PASSED
    assert make().start(replace(asked, again=True)).id != handle.id
    assert make(fresh=True).start(asked).id != handle.id


def test_ctrl_c_leaves_no_job_and_no_file(
    tmp_path: Path, index: LocalIndex, slurm: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLURM_CONF", slurm["SLURM_CONF"])
    run = Run(tmp_path, index, slurm, "slow==1.0")
    process = run.start()
    wait_until(run.names)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    wait_until(lambda: not squeue())
    assert run.left() == []


def test_ctrl_c_cancels_a_job_whose_submission_has_not_told_its_number(
    tmp_path: Path, index: LocalIndex, slurm: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLURM_CONF", slurm["SLURM_CONF"])
    slow = tmp_path / "bin" / "sbatch"
    slow.parent.mkdir()
    submits = f'case "$*" in *--parsable*) {shutil.which("sbatch")} "$@"; exec sleep 300;; esac'
    slow.write_text(f"#!/bin/sh\n{submits}\n")
    slow.chmod(0o755)
    run = Run(tmp_path, index, slurm, "slow==1.0")
    run.environment["PATH"] = f"{slow.parent}{os.pathsep}{run.environment['PATH']}"
    process = run.start()
    wait_until(run.names)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    wait_until(lambda: not squeue())
    assert run.left() == []
