"""Builds by a real Buildbot master and two workers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bisect_deps.builders import _http, buildbot, checks_of, make_builder
from bisect_deps.builders.base import Builder, Order
from bisect_deps.builders.buildbot import MODULE, Options
from bisect_deps.errors import InputError
from bisect_deps.model import BuildStatus, IndexSettings
from bisect_deps.system import interpreters
from tests.builders.contract import Bench, BuilderContract, finish, whole_log
from tests.support.buildbot import PASSWORD, USER, master, missing
from tests.support.local_index import Fault, LocalIndex, Project, broken_import

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
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with master(tmp_path_factory.mktemp("buildbot"), workers=2) as found:
        yield found


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> LocalIndex:
    return LocalIndex(tmp_path_factory.mktemp("index"), *PROJECTS)


@pytest.fixture
def login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUILDBOT_USER", USER)
    monkeypatch.setenv("BUILDBOT_PASSWORD", PASSWORD)


@pytest.fixture
def make(tmp_path: Path, index: LocalIndex, address: str, login: None) -> Iterator[Make]:
    made: list[Builder] = []

    def one(**given: object) -> Builder:
        options: dict[str, Any] = {
            "folder": tmp_path,
            "cwd": tmp_path,
            "interpreter": HERE,
            "buildbot_address": address,
            "index": IndexSettings(no_index=True, find_links=(str(index.find_links),)),
        }
        made.append(make_builder("buildbot", Options(**{**options, **given})))
        return made[-1]

    yield one
    for builder in made:
        builder.close()


def order(*lines: str, digest: str = "", **given: Any) -> Order:
    text = "".join(f"{line}\n" for line in lines).encode()
    given.setdefault("timeout", 60.0)
    return Order({"requirements.txt": text}, "requirements.txt", digest or text.hex(), **given)


def resource(address: str, path: str) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{address}/api/v2/{path}") as reply:
        value = json.load(reply)
    found: list[dict[str, Any]] = next(v for k, v in value.items() if k != "meta")
    return found


def unfinished(address: str) -> list[dict[str, Any]]:
    return resource(address, "buildrequests?complete=false")


def wait_until(holds: Callable[[], object], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.1)


def left_of(address: str) -> list[str]:
    """Return what the master still has to do once it has ended what was cancelled."""
    wait_until(lambda: not unfinished(address))
    return [str(build["buildid"]) for build in resource(address, "builds?complete=false")]


@pytest.mark.slow
class TestBuildbotBuilder(BuilderContract):
    @pytest.fixture
    def bench(self, make: Make, address: str) -> Bench:
        return Bench(
            builder=make(),
            passing=order("good==1.0", "helper<2"),
            failing=order("header==1.0", digest="failing"),
            hanging=order("slow==1.0"),
            telling="ffi.h: No such file or directory",
            installed={"good": "1.0", "helper": "1.0"},
            left=lambda: left_of(address),
        )


@pytest.mark.slow
def test_a_failing_check_tells_whose_module_it_is(make: Make) -> None:
    builder = make()
    handle = builder.start(order("good", "broken", check=("python -c 'import broken'",)))
    assert finish(builder, handle) is BuildStatus.FAILED
    log = whole_log(builder, handle)
    assert log.startswith("::depbisect install begin\n$ ")
    assert log.endswith("::depbisect check end rc=1\n")
    assert builder.modules(handle) == {"broken": "broken"}


@pytest.mark.slow
def test_a_file_above_and_a_project_file_are_built(make: Make) -> None:
    builder = make()
    files = {"requirements.txt": b"-r ../common.txt\n", "../common.txt": b"good\n"}
    handle = builder.start(Order(files, "requirements.txt", "climbs", timeout=60))
    assert finish(builder, handle) is BuildStatus.PASSED, whole_log(builder, handle)
    text = b'[project]\nname = "x"\nversion = "1"\ndependencies = ["helper<2"]\n'
    handle = builder.start(Order({"pyproject.toml": text}, "pyproject.toml", "toml", timeout=60))
    assert finish(builder, handle) is BuildStatus.PASSED, whole_log(builder, handle)
    assert builder.installed(handle) == {"helper": "1.0"}


@pytest.mark.slow
def test_a_build_stopped_on_the_master_is_no_evidence(make: Make, address: str) -> None:
    builder = make()
    handle = builder.start(order("slow==1.0", digest="stopped"))
    wait_until(lambda: "slow" in builder.log(handle)[0] or builder.poll(handle).is_final)
    other = make()
    assert other.cancel(handle)
    assert finish(builder, handle) is BuildStatus.BROKEN
    assert "stopped on" in whole_log(builder, handle)


@pytest.mark.slow
def test_a_python_that_no_worker_has_is_no_evidence(make: Make) -> None:
    builder = make(interpreter=replace(HERE, version="3.99.1"))
    handle = builder.start(order("good==1.0", digest="no python"))
    assert finish(builder, handle) is BuildStatus.BROKEN
    assert "there is no Python 3.99 on this machine" in whole_log(builder, handle)


def test_doctor_tells_who_may_force_builds(
    tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = Options(folder=tmp_path, cwd=tmp_path, interpreter=HERE, buildbot_address=address)
    before = len(resource(address, "buildsets"))
    [check] = checks_of("buildbot", options)
    assert not check.ok
    assert "this user may not force builds" in check.detail
    monkeypatch.setenv("BUILDBOT_USER", USER)
    monkeypatch.setenv("BUILDBOT_PASSWORD", PASSWORD)
    [check] = checks_of("buildbot", options)
    assert check.ok
    assert check.detail == "builds can be forced; workers: worker1, worker2"
    [check] = checks_of("buildbot", replace(options, buildbot_scheduler="nobody"))
    assert not check.ok
    assert "nobody" in check.detail
    assert len(resource(address, "buildsets")) == before


def test_init_writes_the_module_that_the_masters_of_these_tests_use(tmp_path: Path) -> None:
    file = tmp_path / "depbisect_builds.py"
    command = [sys.executable, "-m", "bisect_deps", "init", "buildbot", "-o", str(file)]
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert file.read_text() == MODULE
    assert "depbisect_builds.add_to" in done.stdout


def test_without_an_address_it_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="master's address"):
        make_builder("buildbot", Options(folder=tmp_path, cwd=tmp_path))


def test_a_password_of_the_index_never_reaches_the_master(make: Make, address: str) -> None:
    builder = make(index=IndexSettings(index_url="https://me:hidden-word@index.example/simple/"))
    with pytest.raises(InputError, match="password"):
        builder.start(order("good"))


class Run:
    """`depbisect run --builder buildbot` on a file, in a process of its own."""

    def __init__(self, folder: Path, index: LocalIndex, address: str, *lines: str) -> None:
        self.folder, self.address = folder, address
        file = folder / "requirements.txt"
        file.write_text("".join(f"{line}\n" for line in lines))
        self.command = [sys.executable, "-m", "bisect_deps", "run", str(file), "--no-index"]
        self.command += ["--builder", "buildbot", "--buildbot-address", address]
        self.command += ["--find-links", str(index.find_links), "--json", "-"]
        self.environment = {**os.environ, "PYTHONPATH": os.getcwd()}
        self.before = len(resource(address, "buildrequests"))

    def start(self, *flags: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*self.command, *flags],
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
        assert PASSWORD not in out + err
        report: dict[str, Any] = json.loads(out)
        return report

    @property
    def requests(self) -> int:
        return len(resource(self.address, "buildrequests")) - self.before


@pytest.mark.usefixtures("login")
def test_kill_minus_nine_and_resume_build_nothing_twice(
    tmp_path: Path, index: LocalIndex, address: str
) -> None:
    run = Run(tmp_path, index, address, "good==1.0", "header==1.0", "late==1.0")
    process = run.start()
    wait_until(lambda: run.requests)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    report = run.report("--resume")
    assert report["verdict"] == "fixed"
    assert [edit["name"] for edit in report["fix"]["edits"]] == ["header"]
    assert run.requests == report["builds"]
    assert run.report()["builds"] == 0


@pytest.mark.slow
def test_a_build_that_ended_before_its_start_was_noted_is_found_and_a_repeat_is_not(
    make: Make,
) -> None:
    asked = order("good==1.0", digest="unnoted")
    first = make()
    handle = first.start(asked)
    assert finish(first, handle) is BuildStatus.PASSED
    after_the_kill = make()
    assert after_the_kill.start(asked) == handle
    assert finish(after_the_kill, handle) is BuildStatus.PASSED
    assert make().start(replace(asked, again=True)).id != handle.id
    assert make(fresh=True).start(asked).id != handle.id


@pytest.mark.slow
@pytest.mark.usefixtures("login")
def test_ctrl_c_leaves_nothing_running(tmp_path: Path, index: LocalIndex, address: str) -> None:
    run = Run(tmp_path, index, address, "slow==1.0")
    process = run.start()
    wait_until(lambda: resource(address, "builds?complete=false"))
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert left_of(address) == []


@pytest.mark.slow
def test_of_a_log_that_is_too_large_head_and_tail_are_read(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_http, "_ENDS", (30_000, 10_000))
    monkeypatch.setattr(buildbot, "_LINES", (100, 50))
    builder = make()
    command = "seq -f 'line %06g of the output' 1 20000"
    handle = builder.start(order("good==1.0", "helper<2", check=(command,)))
    assert finish(builder, handle) is BuildStatus.PASSED
    log = whole_log(builder, handle)
    assert "line 000050 of" in log
    assert "line 020000 of" in log
    assert "line 010000 of" not in log
    assert "lines are left out here]" in log
    assert builder.installed(handle) == {"good": "1.0", "helper": "1.0"}
