"""The Algorithmia builder on an emulated cluster: every failure, every way to stop."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import threading
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bisect_deps.builders import make_builder
from bisect_deps.builders.algorithmia.settings import Options
from bisect_deps.builders.base import Handle
from bisect_deps.errors import BuilderUnavailable, InputError
from bisect_deps.model import BuildStatus
from bisect_deps.policy import POLICY
from bisect_deps.secret import Secret
from tests.builders.algorithmia.cluster import (
    FAILURE,
    KEY,
    ORIGINAL,
    PACE,
    Cluster,
    answer,
    finish,
    order,
)
from tests.builders.test__http import Scripted
from tests.support.algorithmia_emulator import Key, Replay
from tests.support.algorithmia_emulator.building import Built
from tests.support.algorithmia_emulator.platform import commits

PASSED, FAILED, BROKEN = BuildStatus.PASSED, BuildStatus.FAILED, BuildStatus.BROKEN


def test_a_candidate_is_a_commit_that_the_platform_builds(cluster: Cluster) -> None:
    builder = cluster.builder()
    bad = builder.start(order(ORIGINAL, "d1"))
    assert finish(builder, bad) == [FAILED]
    good = builder.start(order("six==1.16.0\n", "d2"))
    assert finish(builder, good) == [PASSED]
    assert builder.log(bad) == (FAILURE, len(FAILURE))
    assert builder.log(bad, start=7)[0] == FAILURE[7:]
    assert cluster.file() == "six==1.16.0\n"
    builder.close()
    assert cluster.file() == ORIGINAL
    assert cluster.history() == [
        "first version",
        "depbisect: probe of d1",
        "depbisect: probe of d2",
        "depbisect: the original files are back",
    ]


def test_compile_is_never_asked_for_when_the_push_starts_the_build(cluster: Cluster) -> None:
    builder = cluster.builder()
    finish(builder, builder.start(order("six\n", "d1")))
    builder.close()
    assert [sent.path for sent in cluster.server.requests if sent.method == "POST"] == []


def test_polling_asks_at_growing_pauses_and_answers_from_memory_between(cluster: Cluster) -> None:
    now = [1000.0]
    cluster.problems.stuck = 1
    builder = cluster.builder(pace=POLICY.algorithmia, clock=lambda: now[0])
    handle = builder.start(order("six\n", "d1", timeout=600))
    asked_at: list[float] = []
    while now[0] < 1200:
        before = len(cluster.server.requests)
        builder.poll(handle)
        sent = len(cluster.server.requests) - before
        assert sent <= 1
        asked_at += [now[0]] * sent
        now[0] += 0.5
    gaps = [later - earlier for earlier, later in pairwise(asked_at)]
    assert gaps == sorted(gaps)
    assert gaps[:2] == [0.5, 5.0], "the listing, then the build at once, then every 5 s"
    assert max(gaps) == 30.0
    builder.close()


def test_a_poll_waits_as_long_as_the_platform_asks(cluster: Cluster) -> None:
    now = [1000.0]
    builder = cluster.builder(pace=POLICY.algorithmia, clock=lambda: now[0])
    handle = builder.start(order("six\n", "d1"))
    cluster.problems.throttle, cluster.problems.retry_after = 1, "40"
    builder.poll(handle)
    before = len(cluster.server.requests)
    now[0] += 39
    builder.poll(handle)
    assert len(cluster.server.requests) == before
    now[0] += 1
    builder.poll(handle)
    assert len(cluster.server.requests) == before + 1
    builder.close()


# failure switches, status of a failing candidate, status of a passing one
FAILURES: dict[str, tuple[dict[str, Any], BuildStatus, BuildStatus]] = {
    "log late by two polls": ({"late_log": 2}, FAILED, PASSED),
    "log never, but kept with the version": (
        {"no_log": True, "failed_versions": True},
        FAILED,
        PASSED,
    ),
    "no log anywhere": ({"no_log": True}, FAILED, PASSED),
    "build listed late": ({"late_listing": 3}, FAILED, PASSED),
    "push starts no build": ({"no_webhook": 1}, FAILED, PASSED),
    "no build, compile answers 500": ({"no_webhook": 1, "compile_error": 1}, FAILED, PASSED),
    "no build, compile answers 202": ({"no_webhook": 1, "compile_accepted": 1}, FAILED, PASSED),
    "no build, compile refused": ({"no_webhook": 1, "compile_refused": 1}, BROKEN, BROKEN),
    "429 with Retry-After": ({"throttle": 2, "retry_after": "0.05"}, FAILED, PASSED),
    "5xx once": ({"server_error": 1}, FAILED, PASSED),
    "HTML from a gateway": ({"gateway": 3}, FAILED, PASSED),
    "two builds for one commit": ({"twins": 1}, FAILED, PASSED),
    "a status that nothing documents": ({"strange_status": 1}, BROKEN, BROKEN),
    "pages of two": ({"page_size": 2}, FAILED, PASSED),
    "pages of two, listed late": ({"page_size": 2, "late_listing": 3}, FAILED, PASSED),
    "finished_at is null": ({"null_finished": True}, FAILED, PASSED),
}


@pytest.mark.parametrize("case", FAILURES.values(), ids=FAILURES.keys())
@pytest.mark.parametrize("fails", [True, False], ids=["failing", "passing"])
def test_every_failure_is_survived(
    cluster: Cluster, case: tuple[dict[str, Any], BuildStatus, BuildStatus], fails: bool
) -> None:
    switches, failing, passing = case
    builder = cluster.builder()
    for number in range(2 if "page_size" in switches else 0):  # So that there is another page.
        finish(builder, builder.start(order(f"six\n# {number}\n", f"old{number}")))
    for name, value in switches.items():
        setattr(cluster.problems, name, value)
    builds = len(cluster.hello.builds)
    text = ORIGINAL if fails else "six==1.16.0\n"
    handle = builder.start(order(text, "d1"))
    assert finish(builder, handle) == [failing if fails else passing]
    if failing is FAILED and fails:
        unlogged = "no_log" in switches and "failed_versions" not in switches
        assert ("logs unavailable" if unlogged else FAILURE) in builder.log(handle)[0]
    twins = 2 if "twins" in switches else 1
    expected = 0 if "compile_refused" in switches else twins
    assert len(cluster.hello.builds) - builds == expected, "nothing is built twice unasked"
    builder.close()
    assert cluster.file() == ORIGINAL


def test_a_stuck_build_ends_at_its_time_limit_and_is_no_evidence(cluster: Cluster) -> None:
    cluster.problems.stuck = 1
    builder = cluster.builder()
    handle = builder.start(order(ORIGINAL, "d1", timeout=0.3))
    assert finish(builder, handle) == [BROKEN]
    assert "over its limit" in builder.log(handle)[0]
    again = builder.start(order(ORIGINAL, "d1"))
    assert again.id != handle.id
    assert finish(builder, again) == [FAILED]
    builder.close()


def test_a_refused_compile_says_why_nothing_was_built(cluster: Cluster) -> None:
    cluster.problems.no_webhook = cluster.problems.compile_refused = 1
    builder = cluster.builder()
    handle = builder.start(order("six\n", "d1"))
    assert finish(builder, handle) == [BROKEN]
    assert "invalid build request" in builder.log(handle)[0]
    builder.close()


def test_a_platform_that_stays_silent_is_given_up_as_broken(cluster: Cluster) -> None:
    builder = cluster.builder()
    handle = builder.start(order("six\n", "d1"))
    cluster.problems.gateway = 10_000
    assert finish(builder, handle) == [BROKEN]
    assert "502" in builder.log(handle)[0]
    cluster.problems.gateway = 0
    builder.close()


@pytest.mark.parametrize(
    ("key", "words"),
    [("unknown", "ALGORITHMIA_API_KEY"), ("reader", "management"), ("stranger", "--algorithm")],
)
def test_a_key_without_the_right_is_explained_before_anything_is_pushed(
    cluster: Cluster, key: str, words: str
) -> None:
    cluster.platform.keys["reader"] = Key("acme", manages=False)
    cluster.platform.keys["stranger"] = Key("zoe")
    builder = cluster.builder(key=key)
    problems = builder.preflight()
    assert any(words in failure for failure in problems)
    assert cluster.history() == ["first version"]
    builder.close()


def test_starting_with_a_wrong_key_says_which_setting_to_change(cluster: Cluster) -> None:
    builder = cluster.builder(key="nobody")
    with pytest.raises(BuilderUnavailable) as caught:
        builder.start(order("six\n", "d1"))
    assert "code 2002" in str(caught.value)
    assert "ALGORITHMIA_API_KEY" in (caught.value.hint or "")
    builder.close()


def test_a_ready_cluster_has_nothing_in_the_way(cluster: Cluster) -> None:
    builder = cluster.builder()
    assert builder.preflight() == []
    assert cluster.history() == ["first version"]
    builder.close()


def test_the_same_order_is_pushed_once_while_it_is_under_way(cluster: Cluster) -> None:
    builder = cluster.builder()
    first = builder.start(order("six\n", "d1"))
    assert builder.start(order("six\n", "d1")).id == first.id
    assert len(cluster.server.pushes) == 1
    finish(builder, first)
    assert builder.start(order("six\n", "d1")).id != first.id, "a repeat is built again"
    builder.close()


def test_another_process_takes_up_a_handle_and_pushes_nothing(cluster: Cluster) -> None:
    cluster.platform.recipe = Replay(answer, seconds=0.3)
    crashed = cluster.builder()
    handle = crashed.start(order(ORIGINAL, "d1"))
    stored = json.loads(json.dumps({"id": handle.id, "url": handle.url, "extra": {**handle.extra}}))
    resumed = cluster.builder()
    known = Handle(stored["id"], stored["url"], stored["extra"])
    assert finish(resumed, known) == [FAILED]
    assert resumed.log(known)[0] == FAILURE
    resumed.close()
    assert len(cluster.hello.builds) == 2, "the candidate's and the restored file's"
    assert cluster.file() == ORIGINAL


def test_a_build_that_ended_long_before_the_resume_is_no_stuck_one(cluster: Cluster) -> None:
    handle = cluster.builder().start(order(ORIGINAL, "d1", timeout=5))
    while cluster.hello.builds[0].finished is None:
        assert cluster.hello.builds[0].done.wait(10)
    tomorrow = cluster.builder(clock=lambda: time.monotonic() + 86400)
    assert finish(tomorrow, handle) == [FAILED]
    tomorrow.close()


def test_an_order_pushed_before_a_crash_is_found_on_the_branch(cluster: Cluster) -> None:
    crashed = cluster.builder()
    handle = crashed.start(order(ORIGINAL, "d1"))
    resumed = cluster.builder()
    assert resumed.start(order(ORIGINAL, "d1")).id == handle.id
    assert len(cluster.server.pushes) == 1
    resumed.close()
    assert cluster.file() == ORIGINAL


def test_the_next_run_restores_what_a_crash_left_even_with_nothing_to_build(
    cluster: Cluster,
) -> None:
    crashed = cluster.builder()
    crashed.start(order("six\n", "d1"))
    assert cluster.file() == "six\n"
    cluster.builder().close()
    assert cluster.file() == ORIGINAL
    assert list((cluster.folder / ".depbisect" / "algorithmia").iterdir()) == []
    assert (cluster.folder / ".depbisect" / ".gitignore").read_text() == "*\n"


def test_a_crash_is_seen_on_the_branch_alone(cluster: Cluster, tmp_path: Path) -> None:
    cluster.builder().start(order("six\n", "d1"))
    cluster.folder = tmp_path / "elsewhere"  # Another checkout, without the crashed run's record.
    cluster.folder.mkdir()
    builder = cluster.builder()
    builder.start(order("six\nattrs\n", "d2"))
    builder.close()
    assert cluster.file() == ORIGINAL


def test_a_start_that_is_interrupted_after_its_push_is_found_again(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C may come when the push is done and nobody has the handle yet."""
    builder = cluster.builder()

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(builder, "_handle", interrupt)
    with pytest.raises(KeyboardInterrupt):
        builder.start(order("six\n", "d1"))
    builder.close()
    assert cluster.file() == ORIGINAL
    resumed = cluster.builder()
    handle = resumed.start(order("six\n", "d1"))
    assert finish(resumed, handle) == [PASSED]
    resumed.start(order("six\nattrs\n", "d2"))
    resumed.close()
    assert cluster.history().count("depbisect: probe of d1") == 1
    assert list((cluster.folder / ".depbisect" / "algorithmia").iterdir()) == []


def test_a_clean_end_forgets_earlier_orders(cluster: Cluster) -> None:
    for _ in range(2):
        builder = cluster.builder()
        finish(builder, builder.start(order("six\n", "d1")))
        builder.close()
    assert cluster.history().count("depbisect: probe of d1") == 2
    assert cluster.file() == ORIGINAL


def test_files_that_a_candidate_added_are_gone_afterwards(cluster: Cluster) -> None:
    builder = cluster.builder()
    with_include = dataclasses.replace(
        order("-r more/base.txt\n", "d1"),
        files={"requirements.txt": b"-r more/base.txt\n", "more/base.txt": b"six\n"},
    )
    finish(builder, builder.start(with_include))
    assert cluster.file(path="more/base.txt") == "six\n"
    finish(builder, builder.start(order("six\n", "d2")))
    with pytest.raises(subprocess.CalledProcessError):
        cluster.file(path="more/base.txt")
    builder.close()
    assert cluster.file() == ORIGINAL


def test_the_root_file_is_committed_where_the_platform_looks_for_it(cluster: Cluster) -> None:
    builder = cluster.builder()
    renamed = dataclasses.replace(order("", "d1"), files={"dev.txt": b"six\n"}, path="dev.txt")
    finish(builder, builder.start(renamed))
    assert cluster.file() == "six\n"
    builder.close()


UNFIT = {
    "isolated": {"isolated": "six==1.16.0"},
    "build constraints": {"build_constraints": ("setuptools<60",)},
    "shell check": {"check": ("true",)},
    "imports": {"imports": True},
    "outside": {"files": {"requirements.txt": b"", "../base.txt": b""}},
    "pyproject": {"files": {"pyproject.toml": b""}, "path": "pyproject.toml"},
    "two roots": {"files": {"dev.txt": b"", "requirements.txt": b""}, "path": "dev.txt"},
}


@pytest.mark.parametrize("change", UNFIT.values(), ids=UNFIT.keys())
def test_an_order_that_the_platform_cannot_build_is_called_off(
    cluster: Cluster, change: dict[str, Any]
) -> None:
    builder = cluster.builder()
    handle = builder.start(dataclasses.replace(order("six\n", "d1"), **change))
    assert builder.poll(handle) is BuildStatus.CANCELLED
    assert builder.log(handle)[0].strip()
    builder.close()
    assert cluster.history() == ["first version"]


def test_a_commit_of_somebody_else_in_between_survives(cluster: Cluster, tmp_path: Path) -> None:
    builder = cluster.builder()
    finish(builder, builder.start(order("six\n", "d1")))
    commit_by_hand(cluster, tmp_path / "clone", "README.md", "hello\n")
    finish(builder, builder.start(order("six\nattrs\n", "d2")))
    builder.close()
    assert cluster.file(path="README.md") == "hello\n"
    assert cluster.file() == ORIGINAL


def commit_by_hand(cluster: Cluster, folder: Path, path: str, text: str) -> None:
    """Clone, commit and push as a person would."""
    address = cluster.server.address.replace("//", f"//acme:{KEY.replace('/', '%2F')}@")
    who = ["git", "-c", "user.name=ann", "-c", "user.email=ann@acme.example"]
    clone = [*who, "clone", "-q", f"{address}/git/acme/Hello.git", str(folder)]
    subprocess.run(clone, check=True, capture_output=True)
    (folder / path).write_text(text, encoding="utf-8")
    for step in (["add", "-A"], ["commit", "-qm", "by hand"], ["push", "-q", "origin", "master"]):
        subprocess.run([*who, "-C", str(folder), *step], check=True, capture_output=True)


def test_requirements_that_somebody_else_changed_are_left_and_told(
    cluster: Cluster, tmp_path: Path
) -> None:
    builder = cluster.builder()
    finish(builder, builder.start(order("six\n", "d1")))
    commit_by_hand(cluster, tmp_path / "clone", "requirements.txt", "theirs\n")
    with pytest.raises(BuilderUnavailable, match=r"requirements\.txt"):
        builder.close()
    assert cluster.file() == "theirs\n"


def test_a_restore_that_the_host_refuses_is_told_and_made_up_for_later(cluster: Cluster) -> None:
    builder = cluster.builder()
    finish(builder, builder.start(order("six\n", "d1")))
    cluster.problems.push_refused = True
    with pytest.raises(BuilderUnavailable, match="acme/Hello") as caught:
        builder.close()
    assert "by hand" in (caught.value.hint or "")
    cluster.problems.push_refused = False
    cluster.builder().close()
    assert cluster.file() == ORIGINAL


def test_a_push_that_the_host_refuses_is_explained(cluster: Cluster) -> None:
    cluster.problems.push_refused = True
    builder = cluster.builder()
    with pytest.raises(BuilderUnavailable) as caught:
        builder.start(order("six\n", "d1"))
    assert "write permission" in (caught.value.hint or "")
    builder.close()


def test_several_scratch_algorithms_build_at_once(cluster: Cluster) -> None:
    cluster.platform.create("acme", "Two", {"requirements.txt": ORIGINAL})
    both = threading.Barrier(2)

    def answer_together(text: str) -> Built:
        both.wait(60)
        return answer(text)

    cluster.platform.recipe = Replay(answer_together)
    builder = cluster.builder(algorithms=("acme/Hello", "acme/Two"))
    assert builder.describe().max_parallel == 2
    first = builder.start(order("six\n", "d1"))
    second = builder.start(order(ORIGINAL, "d2"))
    assert {first.extra["algorithm"], second.extra["algorithm"]} == {"acme/Hello", "acme/Two"}
    assert finish(builder, first, second) == [PASSED, FAILED]
    assert not both.broken, "side by side"
    cluster.platform.recipe = Replay(answer)
    builder.close()
    assert cluster.file("acme/Hello") == cluster.file("acme/Two") == ORIGINAL


def test_owners_with_a_hyphen_and_keys_with_a_slash_work(cluster: Cluster) -> None:
    cluster.platform.keys["org/key"] = Key("my-org")
    cluster.platform.create("my-org", "Hello", {"requirements.txt": ORIGINAL})
    builder = cluster.builder(algorithms=("my-org/Hello",), key="org/key")
    assert finish(builder, builder.start(order("six\n", "d1"))) == [PASSED]
    builder.close()
    assert cluster.file("my-org/Hello") == ORIGINAL


def test_a_member_of_the_organisation_logs_in_with_their_own_name(cluster: Cluster) -> None:
    cluster.platform.keys["anns"] = Key("ann")
    cluster.platform.organisations["acme"] = {"ann"}
    refused = cluster.builder(key="anns")
    with pytest.raises(BuilderUnavailable) as caught:
        refused.start(order("six\n", "d1"))
    assert "ALGORITHMIA_GIT_USER" in (caught.value.hint or "")
    builder = cluster.builder(key="anns", git_user="ann")
    assert finish(builder, builder.start(order("six\n", "d1"))) == [PASSED]
    builder.close()


def test_a_token_builds_where_git_has_a_password(cluster: Cluster) -> None:
    cluster.platform.tokens["a.b.c"] = Key("acme")
    cluster.platform.passwords["acme"] = "pa/ss"
    builder = cluster.builder(key="", token=Secret("a.b.c"), git_password=Secret("pa/ss"))
    assert finish(builder, builder.start(order("six\n", "d1"))) == [PASSED]
    builder.close()


CALLED = {
    "apply that works": ("def apply(value):\n    return value\n", PASSED, ""),
    "apply that raises": (
        "def apply(value):\n    import nosuchmodule\n",
        FAILED,
        "ModuleNotFoundError: No module named 'nosuchmodule'",
    ),
}


@pytest.mark.parametrize("case", CALLED.values(), ids=CALLED.keys())
def test_the_built_version_is_called_with_the_sample_input(
    cluster: Cluster, case: tuple[str, BuildStatus, str]
) -> None:
    source, status, words = case
    cluster.platform.create("acme", "Called", {"src/Called.py": source})
    builder = cluster.builder(algorithms=("acme/Called",), check_input='{"a": 1}', call_timeout=9)
    handle = builder.start(order("six\n", "d1"))
    assert finish(builder, handle) == [status]
    [call] = [sent for sent in cluster.server.requests if sent.path.startswith("/v1/algo/")]
    assert (call.query, json.loads(call.body)) == ("timeout=9&stdout=true", {"a": 1})
    assert call.path.endswith(handle.extra["commit"])
    log = builder.log(handle)[0]
    assert words in log
    assert f"::depbisect check end rc={0 if status is PASSED else 1}" in log
    builder.close()


def test_a_key_that_may_not_call_is_explained(cluster: Cluster) -> None:
    builder = cluster.builder(check_input='"x"')
    handle = builder.start(order("six\n", "d1"))
    while builder.poll(handle) is not BuildStatus.RUNNING:
        assert cluster.hello.builds[0].done.wait(10)
    del cluster.platform.keys[KEY]
    with pytest.raises(BuilderUnavailable, match="key"):
        finish(builder, handle)
    cluster.platform.keys[KEY] = Key("acme")
    builder.close()


def test_a_failed_build_is_not_called(cluster: Cluster) -> None:
    builder = cluster.builder(check_input='"x"')
    assert finish(builder, builder.start(order(ORIGINAL, "d1"))) == [FAILED]
    assert not [sent for sent in cluster.server.requests if "/algo/" in sent.path]
    builder.close()


OPTIONS: dict[str, dict[str, Any]] = {
    "no algorithm": {"algorithms": ()},
    "a name that is none": {"algorithms": ("Hello",)},
    "no key": {"api_key": None},
    "no address": {"api_address": None},
    "a key in the clear": {"api_address": "http://api.cluster.example"},
    "a key in the address": {"api_address": "https://me:pw@api.cluster.example"},
    "input that is not JSON": {"check_input": "{'a': 1}"},
    "input that JSON cannot say": {"check_input": "NaN"},
    "a call beyond the platform's limit": {"call_timeout": 3001.0},
    "a call of no time": {"call_timeout": 0.0},
}


@pytest.mark.parametrize("change", OPTIONS.values(), ids=OPTIONS.keys())
def test_unfit_options_are_refused_before_anything_is_asked(
    change: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ALGORITHMIA_API_KEY", "ALGORITHMIA_BEARER_TOKEN", "ALGORITHMIA_API"):
        monkeypatch.delenv(name, raising=False)
    fit: dict[str, Any] = {
        "algorithms": ("acme/Hello",),
        "api_address": "https://api.cluster.example/v1/",
        "api_key": Secret(KEY),
    }
    make_builder("algorithmia", Options(folder=tmp_path, cwd=tmp_path, **fit)).close()
    options = Options(folder=tmp_path, cwd=tmp_path, **{**fit, **change})
    with pytest.raises((InputError, BuilderUnavailable)) as caught:
        make_builder("algorithmia", options)
    assert caught.value.hint
    assert KEY not in f"{caught.value} {caught.value.hint} {options!r}"


def test_keys_come_from_the_platforms_own_variables(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALGORITHMIA_API_KEY", KEY)
    monkeypatch.setenv("ALGORITHMIA_API", cluster.server.address)
    options = Options(folder=cluster.folder, cwd=cluster.folder, algorithms=("acme/Hello",))
    builder = make_builder("algorithmia", options)
    assert builder.preflight() == []
    builder.close()


DIES = """
import sys, time
from pathlib import Path
from tests.builders.algorithmia.cluster import PACE, order
from bisect_deps.builders import make_builder
from bisect_deps.builders.algorithmia.settings import Options
folder = Path(sys.argv[1])
options = Options(folder=folder, cwd=folder, algorithms=("acme/Hello",))
builder = make_builder("algorithmia", options)
handle = builder.start(order("six\\n", "d1"))
builder.poll(handle)
print("pushed", flush=True)
time.sleep(60)
"""


def test_kill_minus_nine_and_resume_push_no_commit_twice(cluster: Cluster) -> None:
    cluster.platform.recipe = Replay(answer, seconds=0.3)
    environment = {
        **os.environ,
        "ALGORITHMIA_API_KEY": KEY,
        "ALGORITHMIA_API": cluster.server.address,
        "PYTHONPATH": os.getcwd(),
    }
    process = subprocess.Popen(
        [sys.executable, "-c", DIES, str(cluster.folder)],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "pushed\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    before = [commit["id"] for commit in commits(cluster.hello)]
    builder = cluster.builder()
    handle = builder.start(order("six\n", "d1"))
    assert handle.extra["commit"] == before[0]
    assert finish(builder, handle) == [PASSED]
    builder.close()
    after = [commit["id"] for commit in commits(cluster.hello)]
    assert after[1:] == before, "history is never rewritten, and grew by the restoring commit"
    assert cluster.file() == ORIGINAL
    assert len(cluster.server.pushes) == 2


def test_no_secret_is_written_printed_or_shown(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Git runs under a wrapper that keeps what `ps` would show; every file is scanned after."""
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text("[credential]\n\thelper = store\n", encoding="utf-8")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr("tempfile.tempdir", None)
    shown = spy_on_git(tmp_path, monkeypatch)
    password = "planted-git-password-2b7d"
    cluster.platform.passwords["acme"] = password
    cluster.platform.recipe = Replay(
        lambda text: dataclasses.replace(answer(text), log=f"Authorization: Simple {KEY}\n{KEY}\n")
    )
    builder = cluster.builder(git_password=Secret(password), check_input='"x"')
    handle = builder.start(order(ORIGINAL, "d1"))
    finish(builder, handle)
    texts = [builder.log(handle)[0], repr(handle), repr(builder.preflight()), builder.identity()]
    during = [path.read_bytes() for path in files_below(tmp_path, without=tmp_path / "platform")]
    cluster.problems.push_refused = True
    with pytest.raises(BuilderUnavailable) as caught:
        builder.close()
    texts += [str(caught.value), repr(caught.value), str(caught.value.hint)]
    after = [path.read_bytes() for path in files_below(tmp_path, without=tmp_path / "platform")]
    assert shown.read_text().count("\n") > 5
    everything = b"\n".join([*during, *after, *(text.encode() for text in texts)])
    for secret in (KEY, KEY.replace("/", "%2F"), password):
        assert secret.encode() not in everything
    for commit in commits(cluster.hello):
        assert KEY not in json.dumps(commit)


def spy_on_git(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a `git` on PATH that writes its arguments down."""
    real = subprocess.run(["which", "git"], capture_output=True, text=True, check=True).stdout
    binary = folder / "bin" / "git"
    binary.parent.mkdir()
    shown = folder / "arguments"
    binary.write_text(
        f'#!/bin/sh\nprintf "%s " "$@" | tr "\\n" " " >> {shown}\necho >> {shown}\n'
        f'exec {real.strip()} "$@"\n',
        encoding="utf-8",
    )
    binary.chmod(0o755)
    monkeypatch.setenv("PATH", f"{binary.parent}:{os.environ['PATH']}")
    return shown


def files_below(folder: Path, *, without: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and without not in path.parents]


@pytest.mark.parametrize("form", [KEY, f"Simple {KEY}"])
def test_a_key_that_the_platform_echoes_is_not_shown(cluster: Cluster, form: str) -> None:
    echoing = Scripted((403, {}, json.dumps({"error": {"message": f"bad {KEY}"}}).encode()))
    try:
        builder = cluster.builder(key=form, address=echoing.address)
        with pytest.raises(BuilderUnavailable) as caught:
            builder.start(order("six\n", "d1"))
        assert KEY not in f"{caught.value} {caught.value.hint}"
        assert echoing.seen[0][2] == f"Simple {KEY}"
        builder.close()
    finally:
        echoing.close()


def test_a_redirecting_cluster_gets_no_push_and_no_second_key(cluster: Cluster) -> None:
    other = Scripted((200, {}, b"{}"))
    try:
        cluster.problems.redirect_to = other.address
        builder = cluster.builder(pace=PACE)
        with pytest.raises(BuilderUnavailable):
            builder.start(order("six\n", "d1"))
        assert all(key is None for _, _, key in other.seen)
        builder.close()
    finally:
        other.close()


def test_cancel_admits_that_the_platform_cannot(cluster: Cluster) -> None:
    cluster.problems.stuck = 1
    builder = cluster.builder()
    handle = builder.start(order("six\n", "d1"))
    assert builder.cancel(handle) is False
    assert builder.poll(handle) is BuildStatus.CANCELLED
    builder.close()
