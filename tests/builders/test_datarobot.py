"""Builds by DataRobot: an emulator with real installs, which the real client judges."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from uv import find_uv_bin

from bisect_deps.builders import checks_of, make_builder
from bisect_deps.builders.base import Builder, Order
from bisect_deps.builders.datarobot import STATE, Options
from bisect_deps.errors import BuilderUnavailable, InputError
from bisect_deps.model import BuildStatus
from bisect_deps.policy import POLICY
from bisect_deps.system import processes
from tests.builders.contract import Bench, BuilderContract, finish, whole_log
from tests.support.datarobot_server import Platform, served
from tests.support.late import interrupted
from tests.support.local_index import Fault, LocalIndex, Project
from tests.support.real_client import MACHINE, UNREACHABLE

Make = Callable[..., Builder]
PROJECTS = (
    Project("good").release("1.0"),
    Project("slow").release("1.0", seconds=300),
    Project("late").release("1.0", seconds=2),
    Project("header").release("1.0", fault=Fault.HEADER).release("2.0"),
)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> LocalIndex:
    return LocalIndex(tmp_path_factory.mktemp("index"), *PROJECTS)


@pytest.fixture
def platform(index: LocalIndex, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    uv = find_uv_bin()
    command = f"{uv} venv -q -p {sys.executable} env && exec {uv} pip install --python env"
    command += f" --no-index --find-links {index.find_links} -r requirements.txt"
    with served(["sh", "-c", command]) as running:
        monkeypatch.setenv("DATAROBOT_ENDPOINT", running.address)
        monkeypatch.setenv("DATAROBOT_API_TOKEN", running.token)
        yield running


@pytest.fixture
def make(tmp_path: Path, platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    made: list[Builder] = []
    soon = replace(POLICY, watched=replace(POLICY.watched, first=0.05))
    monkeypatch.setattr("bisect_deps.builders._watch.POLICY", soon)

    def one(**given: Any) -> Builder:
        given = {"custom_model": platform.model, **given}
        made.append(make_builder("datarobot", Options(tmp_path, tmp_path, **given)))
        return made[-1]

    yield one
    for builder in made:
        builder.close()


def order(text: str, digest: str = "", **given: Any) -> Order:
    given.setdefault("timeout", 60.0)
    return Order(
        {"requirements.txt": text.encode()}, "requirements.txt", digest or text or "none", **given
    )


def left_of(platform: Platform, folder: Path) -> list[str]:
    others = [model.name for model in platform.models.values() if model.id != platform.model]
    return [*others, *platform.running(), *map(str, folder.glob(".depbisect/**/*"))]


class TestDataRobotBuilder(BuilderContract):
    @pytest.fixture
    def bench(self, make: Make, platform: Platform, tmp_path: Path) -> Bench:
        return Bench(
            builder=make(),
            passing=order("good==1.0\n"),
            failing=order("header==1.0\n", "failing"),
            hanging=order("slow==1.0\n"),
            telling="ffi.h: No such file or directory",
            left=lambda: left_of(platform, tmp_path),
        )


def test_the_users_own_model_is_only_read_and_its_environment_builds(
    make: Make, platform: Platform
) -> None:
    before = platform.models[platform.model].shown()
    handle = make().start(order("good==1.0\n", label="probe 3"))
    assert platform.models[platform.model].shown() == before
    [version] = platform.models[handle.id].versions
    assert (version.environment, version.text) == ("env1", "good==1.0\n")
    assert platform.models[handle.id].description == "probe 3; deleted when the run ends"


def test_a_record_never_deletes_what_is_the_users(
    make: Make, platform: Platform, tmp_path: Path
) -> None:
    (tmp_path / STATE).mkdir(parents=True)
    (tmp_path / STATE / f"1.1.{processes.owner().rpartition('.')[2]}-{platform.model}").touch()
    make().close()
    assert list(platform.models) == [platform.model]
    assert not (tmp_path / STATE).exists()


def test_a_file_that_names_nothing_needs_no_build(make: Make, platform: Platform) -> None:
    builder = make()
    handle = builder.start(order("# nothing left\n"))
    assert builder.poll(handle) is BuildStatus.PASSED
    assert platform.builds == 0


def test_without_a_log_the_status_is_evidence(make: Make, platform: Platform) -> None:
    platform.shows_logs = False
    builder = make()
    handle = builder.start(order("header==1.0\n"))
    assert finish(builder, handle) is BuildStatus.FAILED
    assert "no log of this build" in whole_log(builder, handle)


def test_a_build_that_somebody_cancelled_is_no_evidence(make: Make, platform: Platform) -> None:
    builder = make()
    handle = builder.start(order("slow==1.0\n"))
    with platform.lock:
        platform.stop(platform.models[handle.id].versions[0])
    assert finish(builder, handle) is BuildStatus.BROKEN
    assert "gone" in whole_log(builder, handle)


def test_an_outage_is_waited_for(make: Make, platform: Platform) -> None:
    builder = make()
    handle = builder.start(order("good==1.0\n"))
    platform.failures = 3
    assert finish(builder, handle) is BuildStatus.PASSED


def test_a_model_that_is_made_after_an_interrupt_is_deleted(make: Make, platform: Platform) -> None:
    builder = make()
    platform.late.is_due = True
    with interrupted():
        builder.start(order("good==1.0\n"))
    assert len(platform.made) == 1
    builder.close()
    assert len(platform.made) == 2
    assert list(platform.models) == [platform.model]


def test_what_cannot_be_built_there_is_refused(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    builder = make()
    files = {"requirements.txt": b"-r more.txt\n", "more.txt": b""}
    with pytest.raises(InputError, match="one requirements file"):
        builder.start(Order(files, "requirements.txt", "two"))
    with pytest.raises(InputError, match="without passwords"):
        builder.start(order("--index-url https://me:word@index.example/simple\n"))
    for unfit in (None, "../users"):
        with pytest.raises(InputError, match="needs a custom model"):
            make(custom_model=unfit)
    monkeypatch.delenv("DATAROBOT_API_TOKEN")
    with pytest.raises(BuilderUnavailable, match="needs an API key"):
        make()


def test_doctor_tells_model_and_key_and_makes_nothing(
    tmp_path: Path, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = Options(tmp_path, tmp_path, custom_model=platform.model)
    [check] = checks_of("datarobot", options)
    assert (check.ok, check.detail) == (True, "builds on env1")
    [check] = checks_of("datarobot", Options(tmp_path, tmp_path, custom_model="nobodys"))
    assert not check.ok
    platform.models[platform.model].versions.clear()
    [check] = checks_of("datarobot", options)
    assert "no version with an environment" in check.detail
    monkeypatch.setenv("DATAROBOT_API_TOKEN", "another")
    [check] = checks_of("datarobot", options)
    assert "DATAROBOT_API_TOKEN" in check.detail
    assert platform.made == ["churn"]


def test_a_revoked_key_ends_the_run_with_a_hint(make: Make, platform: Platform) -> None:
    builder = make()
    handle = builder.start(order("slow==1.0\n"))
    platform.token = "another"
    with pytest.raises(BuilderUnavailable) as caught:
        finish(builder, handle)
    assert "DATAROBOT_API_TOKEN" in str(caught.value.hint)
    platform.token = os.environ["DATAROBOT_API_TOKEN"]


class Run:
    """`depbisect run --builder datarobot` in a process of its own."""

    def __init__(self, folder: Path, platform: Platform, index: LocalIndex, text: str) -> None:
        (folder / "requirements.txt").write_text(text)
        self.command = [sys.executable, "-m", "bisect_deps", "run", "requirements.txt"]
        self.command += ["--builder", "datarobot", "--custom-model", platform.model, "--no-index"]
        self.command += ["--find-links", str(index.find_links), "--json", "-"]
        self.folder, self.platform = folder, platform

    def start(self, *flags: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*self.command, *flags],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": os.getcwd()},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait_for_build(self, process: subprocess.Popen[str]) -> None:
        until = time.monotonic() + 60
        while not self.platform.running():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < until
            time.sleep(0.02)


def test_kill_minus_nine_and_resume_build_nothing_twice(
    tmp_path: Path, index: LocalIndex, platform: Platform
) -> None:
    run = Run(tmp_path, platform, index, "good==1.0\nheader==1.0\nlate==1.0\n")
    process = run.start()
    run.wait_for_build(process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert len(platform.models) > 1
    out, err = run.start("--resume").communicate(timeout=240)
    report = json.loads(out)
    assert report["verdict"] == "fixed", err
    assert [edit["name"] for edit in report["fix"]["edits"]] == ["header"]
    assert platform.builds == len(set(platform.made)) - 1 == report["builds"]
    assert list(platform.models) == [platform.model]
    assert not (tmp_path / STATE).exists()
    assert platform.token not in out + err


def test_ctrl_c_leaves_nothing(tmp_path: Path, index: LocalIndex, platform: Platform) -> None:
    run = Run(tmp_path, platform, index, "slow==1.0\n")
    process = run.start()
    run.wait_for_build(process)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert list(platform.models) == [platform.model]
    assert platform.running() == []


JUDGE = """
import json, os, sys
import datarobot as dr
dr.Client(token=os.environ["DATAROBOT_API_TOKEN"], endpoint=os.environ["DATAROBOT_ENDPOINT"])
own = dr.CustomInferenceModel.get(sys.argv[1])
model = dr.CustomInferenceModel.create("judged", dr.TARGET_TYPE.UNSTRUCTURED)
def built(text):
    with open("requirements.txt", "w") as file:
        file.write(text)
    version = dr.CustomModelVersion.create_clean(
        model.id, is_major_update=True,
        base_environment_id=own.latest_version.base_environment_id,
        files=[("requirements.txt", "requirements.txt")],
    )
    return version, dr.CustomModelVersionDependencyBuild
version, builds = built("header==1.0\\n")
lines = [dependency.line for dependency in version.dependencies]
failed = builds.start_build(model.id, version.id, max_wait=60)
log = failed.get_log()
version, builds = built("good==1.0\\n")
passed = builds.start_build(model.id, version.id, max_wait=60).build_status
version, builds = built("slow==1.0\\n")
going = builds.start_build(model.id, version.id, max_wait=None)
going.cancel()
try:
    cancelled = builds.get_build_info(model.id, version.id).build_status
except dr.errors.ClientError as error:
    cancelled = error.status_code
versions = len(dr.CustomModelVersion.list(model.id))
model.delete()
names = [model.name for model in dr.CustomInferenceModel.list(search_for="judged")]
print(json.dumps([lines, failed.build_status, log, passed, cancelled, versions, names]))
"""


@pytest.mark.slow
def test_the_real_client_finds_the_emulator_as_the_platform_is(
    tmp_path: Path, platform: Platform
) -> None:
    venv, uv = tmp_path / "client", find_uv_bin()
    subprocess.run([uv, "venv", "-q", "-p", sys.executable, str(venv)], env=MACHINE, check=True)
    install = [uv, "pip", "install", "-q", "--python", str(venv), "datarobot>=3.7"]
    done = subprocess.run(install, env=MACHINE, capture_output=True, text=True, check=False)
    if done.returncode and any(sign in done.stderr for sign in UNREACHABLE):
        pytest.skip("the package index cannot be reached: the real client judges nothing")
    assert done.returncode == 0, done.stderr
    asked = subprocess.run(
        [str(venv / "bin" / "python"), "-W", "ignore", "-c", JUDGE, platform.model],
        cwd=tmp_path,
        env={**os.environ, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.returncode == 0, asked.stderr
    lines, failed, log, passed, cancelled, versions, names = json.loads(asked.stdout)
    assert lines == ["header==1.0"]
    assert (failed, passed, cancelled) == ("failed", "success", 404)
    assert "ffi.h: No such file or directory" in log
    assert (versions, names) == (3, [])
