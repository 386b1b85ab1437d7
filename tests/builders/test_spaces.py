"""Builds by a Space: an emulator of the Hub with real installs, which the real client judges."""

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
from bisect_deps.builders.spaces import Options
from bisect_deps.errors import BuilderUnavailable, InputError
from bisect_deps.model import BuildStatus
from bisect_deps.policy import POLICY
from tests.builders.contract import Bench, BuilderContract, finish, whole_log
from tests.support.late import interrupted
from tests.support.local_index import Fault, LocalIndex, Project
from tests.support.real_client import MACHINE, UNREACHABLE
from tests.support.spaces_server import Hub, served

Make = Callable[..., Builder]
ORIGINAL = b"good==1.0\n# as its owner left it\n"
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
def hub(index: LocalIndex, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    uv = find_uv_bin()
    command = f"{uv} venv -q -p {sys.executable} env && exec {uv} pip install --python env"
    command += f" --no-index --find-links {index.find_links} -r requirements.txt"
    spaces = {name: {"requirements.txt": ORIGINAL} for name in ("acme/one", "acme/two")}
    with served(spaces, ["sh", "-c", f"'{command}'"]) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.address)
        monkeypatch.setenv("HF_TOKEN", running.token)
        yield running


@pytest.fixture
def make(tmp_path: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    made: list[Builder] = []
    soon = replace(POLICY, watched=replace(POLICY.watched, first=0.05))
    monkeypatch.setattr("bisect_deps.builders._watch.POLICY", soon)

    def one(*spaces: str, **given: Any) -> Builder:
        names = spaces or ("acme/one", "acme/two")
        options = Options(folder=tmp_path, cwd=tmp_path, spaces=names, **given)
        made.append(make_builder("spaces", options))
        return made[-1]

    yield one
    for builder in made:
        builder.close()


def order(text: str, digest: str = "", **given: Any) -> Order:
    given.setdefault("timeout", 60.0)
    files = {"requirements.txt": text.encode()}
    return Order(files, "requirements.txt", digest or text, **given)


class TestSpacesBuilder(BuilderContract):
    @pytest.fixture
    def bench(self, make: Make, hub: Hub, tmp_path: Path) -> Bench:
        def left() -> list[str]:
            changed = [
                name
                for name, space in hub.spaces.items()
                if space.files != {"requirements.txt": ORIGINAL}
            ]
            return [*changed, *map(str, tmp_path.glob(".depbisect/**/*"))]

        return Bench(
            builder=make(),
            passing=order("good==1.0\n"),
            failing=order("header==1.0\n", "failing"),
            hanging=order("slow==1.0\n"),
            telling="ffi.h: No such file or directory",
            left=left,
        )


def test_without_logs_the_status_is_evidence(make: Make, hub: Hub) -> None:
    hub.shows_logs = False
    builder = make()
    handle = builder.start(order("header==1.0\n"))
    assert finish(builder, handle) is BuildStatus.FAILED
    assert "no log of this build" in whole_log(builder, handle)


def test_the_stage_of_the_commit_before_is_not_taken_for_this_ones(make: Make, hub: Hub) -> None:
    hub.shows_sha = False
    builder = make("acme/one")
    hub.spaces["acme/one"].stage = "PAUSED"
    handle = builder.start(order("late==1.0\n"))
    hub.spaces["acme/one"].stage = "BUILD_ERROR"
    assert builder.poll(handle) is BuildStatus.QUEUED
    hub.spaces["acme/one"].stage = "BUILDING"
    assert finish(builder, handle) is BuildStatus.PASSED


def test_a_paused_space_builds_and_is_paused_again(make: Make, hub: Hub) -> None:
    hub.spaces["acme/one"].stage = "PAUSED"
    builder = make("acme/one")
    handle = builder.start(order("header==1.0\n"))
    assert finish(builder, handle) is BuildStatus.FAILED
    builder.close()
    assert hub.spaces["acme/one"].stage == "PAUSED"
    assert hub.spaces["acme/one"].files == {"requirements.txt": ORIGINAL}


def test_an_outage_is_waited_for(make: Make, hub: Hub) -> None:
    builder = make("acme/one")
    handle = builder.start(order("good==1.0\n"))
    hub.failures = 3
    assert finish(builder, handle) is BuildStatus.PASSED


def test_a_commit_that_comes_after_an_interrupt_is_put_back(make: Make, hub: Hub) -> None:
    builder = make("acme/one")
    hub.late.is_due = True
    with interrupted():
        builder.start(order("good==1.0\n"))
    assert hub.spaces["acme/one"].commits == []
    builder.close()
    assert hub.spaces["acme/one"].files == {"requirements.txt": ORIGINAL}
    assert len(hub.spaces["acme/one"].commits) == 2


def test_what_cannot_be_built_there_is_refused(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    builder = make()
    files = {"requirements.txt": b"-r more.txt\n", "more.txt": b""}
    with pytest.raises(InputError, match="one requirements file"):
        builder.start(Order(files, "requirements.txt", "two"))
    with pytest.raises(InputError, match="without passwords"):
        builder.start(order("--index-url https://me:word@index.example/simple\n"))
    with pytest.raises(InputError, match="needs a Space"):
        make("no-owner")
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(BuilderUnavailable, match="needs a token"):
        make()


def test_doctor_tells_which_space_is_not_there(
    tmp_path: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = Options(folder=tmp_path, cwd=tmp_path, spaces=("acme/one", "acme/none"))
    [check] = checks_of("spaces", options)
    assert not check.ok
    assert check.detail.startswith("acme/none is not there")
    monkeypatch.setenv("HF_TOKEN", "hf_another")
    assert [check.ok for check in checks_of("spaces", options)] == [False, False]
    assert all(not space.commits for space in hub.spaces.values())


def test_a_revoked_token_ends_the_run_with_a_hint(make: Make, hub: Hub) -> None:
    builder = make("acme/one")
    handle = builder.start(order("slow==1.0\n"))
    hub.token = "another"
    time.sleep(0.1)
    with pytest.raises(BuilderUnavailable) as caught:
        finish(builder, handle)
    assert "HF_TOKEN" in str(caught.value.hint)
    hub.token = os.environ["HF_TOKEN"]


class Run:
    """`depbisect run --builder spaces` in a process of its own."""

    def __init__(self, folder: Path, index: LocalIndex, text: str) -> None:
        (folder / "requirements.txt").write_text(text)
        self.command = [sys.executable, "-m", "bisect_deps", "run", "requirements.txt"]
        self.command += ["--builder", "spaces", "--space", "acme/one", "--no-index"]
        self.command += ["--find-links", str(index.find_links), "--json", "-"]
        self.folder = folder

    def start(self, *flags: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*self.command, *flags],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": os.getcwd()},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def test_kill_minus_nine_and_resume_build_nothing_twice(
    tmp_path: Path, index: LocalIndex, hub: Hub
) -> None:
    run = Run(tmp_path, index, "good==1.0\nheader==1.0\nlate==1.0\n")
    space = hub.spaces["acme/one"]
    process = run.start()
    until = time.monotonic() + 60
    while not space.commits:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert space.files["requirements.txt"] != ORIGINAL
    out, err = run.start("--resume").communicate(timeout=240)
    report = json.loads(out)
    assert report["verdict"] == "fixed", err
    assert [edit["name"] for edit in report["fix"]["edits"]] == ["header"]
    keys = [commit["title"].split()[1] for commit in space.commits[:-1]]
    assert len(set(keys)) == len(keys) == report["builds"]
    assert space.files == {"requirements.txt": ORIGINAL}
    assert hub.token not in out + err


JUDGE = """
import json, os
from huggingface_hub import HfApi, CommitOperationAdd
api = HfApi(endpoint=os.environ["HF_ENDPOINT"], token=os.environ["HF_TOKEN"])
def add(text):
    operation = CommitOperationAdd("requirements.txt", text.encode())
    return api.create_commit("acme/one", [operation], commit_message="x", repo_type="space").oid
first = add("header==1.0\\n")
failed = api.wait_for_space("acme/one", timeout=60, poll_interval=0.1).stage
log = "".join(api.fetch_space_logs("acme/one", build=True))
titles = [commit.title for commit in api.list_repo_commits("acme/one", repo_type="space")]
add("good==1.0\\n")
passed = api.wait_for_space("acme/one", timeout=60, poll_interval=0.1).stage
paused = api.pause_space("acme/one").stage
restarted = api.restart_space("acme/one").stage
print(json.dumps([first, failed, log, titles, passed, paused, restarted]))
"""


def test_the_real_client_finds_the_emulator_as_the_platform_is(tmp_path: Path, hub: Hub) -> None:
    venv, uv = tmp_path / "client", find_uv_bin()
    subprocess.run([uv, "venv", "-q", str(venv)], env=MACHINE, check=True)
    install = [uv, "pip", "install", "-q", "--python", str(venv), "huggingface-hub>=2.4"]
    done = subprocess.run(install, env=MACHINE, capture_output=True, text=True, check=False)
    if done.returncode and any(sign in done.stderr for sign in UNREACHABLE):
        pytest.skip("the package index cannot be reached: the real client judges nothing")
    assert done.returncode == 0, done.stderr
    environment = {**os.environ, "HF_HOME": str(tmp_path / "home")}
    asked = subprocess.run(
        [str(venv / "bin" / "python"), "-c", JUDGE],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.returncode == 0, asked.stderr
    first, failed, log, titles, passed, paused, restarted = json.loads(asked.stdout)
    assert first == f"{1:040x}"
    assert (failed, passed) == ("BUILD_ERROR", "RUNNING")
    assert "ffi.h: No such file or directory" in log
    assert titles == ["x"]
    assert (paused, restarted) == ("PAUSED", "BUILDING")
