"""`--builder gitlab`: the shipped pipeline, its script run behind the documented routes."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bisect_deps.builders import make_builder
from bisect_deps.builders.base import Builder
from bisect_deps.builders.gitlab import TEMPLATE, Options
from bisect_deps.errors import BuilderUnavailable, InputError
from bisect_deps.model import BuildStatus
from tests.builders.ci.orders import HERE, PROJECTS, index_settings, order
from tests.builders.ci.whole import Runner, judge_fix
from tests.builders.contract import Bench, BuilderContract, finish, whole_log
from tests.support.ci_server import Answer
from tests.support.gitlab_server import JOB_TOKEN, GitLab
from tests.support.living import living
from tests.support.local_index import LocalIndex

Make = Callable[..., Builder]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> LocalIndex:
    return LocalIndex(tmp_path_factory.mktemp("index"), *PROJECTS)


@pytest.fixture
def gitlab(tmp_path: Path) -> Iterator[GitLab]:
    with GitLab(tmp_path / "gitlab") as server:
        assert isinstance(server, GitLab)
        server.repository.commit({TEMPLATE.path: TEMPLATE.text, "requirements.txt": "good\n"})
        yield server


@pytest.fixture
def make(
    tmp_path: Path, index: LocalIndex, gitlab: GitLab, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Make]:
    monkeypatch.setenv("GITLAB_TOKEN", gitlab.token)
    for name in ("CI_JOB_TOKEN", "CI_PROJECT_PATH", "CI_API_V4_URL", "CI_DEFAULT_BRANCH"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "project"
    folder.mkdir()
    made: list[Builder] = []

    def one(**given: Any) -> Builder:
        given = {"project": gitlab.name, "api_address": gitlab.address, **given}
        made.append(
            make_builder("gitlab", Options(folder, folder, HERE, index_settings(index), **given))
        )
        return made[-1]

    yield one
    for builder in made:
        builder.close()


class TestGitLabBuilder(BuilderContract):
    @pytest.fixture
    def bench(self, make: Make, gitlab: GitLab) -> Bench:
        def left() -> list[str]:
            scratch = [name for name in gitlab.repository.branches() if name != "main"]
            return [job.title for job in gitlab.running()] + scratch + living(str(gitlab.folder))

        return Bench(
            builder=make(),
            passing=order("good==1.0", "helper<2"),
            failing=order("header==1.0", digest="failing"),
            hanging=order("slow==1.0"),
            telling="ffi.h: No such file or directory",
            installed={"good": "1.0", "helper": "1.0"},
            left=left,
        )


def test_the_log_grows_while_the_job_runs(make: Make) -> None:
    builder = make()
    handle = builder.start(order("slow==1.0"))
    until = time.monotonic() + 60
    while "install begin" not in whole_log(builder, handle):
        assert not builder.poll(handle).is_final
        assert time.monotonic() < until
        time.sleep(0.01)
    builder.cancel(handle)


def test_lines_with_times_before_them_read_the_same(make: Make, gitlab: GitLab) -> None:
    gitlab.stamps = True
    builder = make()
    handle = builder.start(order("good", check=("echo said",)))
    assert finish(builder, handle) is BuildStatus.PASSED
    assert "$ echo said\nsaid\n" in whole_log(builder, handle)


def test_a_server_without_inputs_gets_variables(make: Make, gitlab: GitLab) -> None:
    gitlab.takes_inputs = False
    builder = make()
    for asked in (order("good"), order("helper")):
        assert finish(builder, builder.start(asked)) is BuildStatus.PASSED
    assert gitlab.asked("POST .*/pipeline$") == 3, "inputs are tried once"


def test_where_neither_is_allowed_the_reason_is_the_servers(make: Make, gitlab: GitLab) -> None:
    gitlab.takes_inputs = gitlab.takes_variables = False
    with pytest.raises(BuilderUnavailable, match="Insufficient permissions to set"):
        make().start(order("good"))


def test_an_order_too_large_for_an_input_goes_by_a_scratch_branch(
    make: Make, gitlab: GitLab
) -> None:
    noise = "".join(f"# {random.Random(line).random()}\n" for line in range(6000))
    builder = make()
    handle = builder.start(order("good", noise))
    assert gitlab.jobs[0].ref.startswith("depbisect/")
    assert finish(builder, handle) is BuildStatus.PASSED, whole_log(builder, handle)
    assert gitlab.repository.branches() == ["main"]


def test_a_jobs_own_token_triggers_the_pipeline(
    make: Make, gitlab: GitLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITLAB_TOKEN")
    monkeypatch.setenv("CI_JOB_TOKEN", JOB_TOKEN)
    monkeypatch.setenv("CI_DEFAULT_BRANCH", "main")
    builder = make()
    assert builder.preflight() == []
    assert finish(builder, builder.start(order("good"))) is BuildStatus.PASSED
    assert gitlab.asked("POST .*/trigger/pipeline") == 1


@pytest.mark.parametrize("reason", ["runner_system_failure", "stuck_or_timeout_failure"])
def test_a_failure_of_the_runner_is_no_evidence(make: Make, gitlab: GitLab, reason: str) -> None:
    gitlab.repository.commit({TEMPLATE.path: TEMPLATE.text.replace("python - <<", "exit 1 <<")})
    gitlab.reasons[1001] = reason
    builder = make()
    handle = builder.start(order("good"))
    assert finish(builder, handle) is BuildStatus.BROKEN
    assert reason in whole_log(builder, handle)


@pytest.mark.parametrize(
    "answer",
    [Answer(429, {"message": "Too Many Requests"}, {"Retry-After": "1"}), Answer(502, "<html>")],
    ids=["429", "a gateway's page"],
)
def test_limits_and_outages_are_waited_out(make: Make, gitlab: GitLab, answer: Answer) -> None:
    builder = make()
    for line in ("GET .*/pipelines$", "POST .*/pipeline$", "GET .*/jobs$", "GET .*/trace$"):
        gitlab.refuse(line, answer)
    assert finish(builder, builder.start(order("good"))) is BuildStatus.PASSED
    assert len(gitlab.jobs) == 1


# What is refused, how, and what the user is told to do.
PROBLEMS: dict[str, tuple[str, Answer, str]] = {
    "no file": (r"GET .*/files/", Answer(404, {"message": "404 File Not Found"}), "init gitlab"),
    "a bad token": (r"GET .*app$", Answer(401, {"message": "401"}), "GITLAB_TOKEN"),
    "not found": (r"GET .*app$", Answer(404, {"message": "404"}), "private"),
}


@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)
def test_doctor_says_what_to_do(
    make: Make, gitlab: GitLab, problem: tuple[str, Answer, str]
) -> None:
    pattern, answer, words = problem
    gitlab.refuse(pattern, answer, times=9)
    [failure] = make().preflight()
    assert words in failure


def test_a_file_or_a_role_that_cannot_build_is_told(make: Make, gitlab: GitLab) -> None:
    gitlab.level = 20
    gitlab.repository.commit({TEMPLATE.path: "test:\n  script: [pytest]\n"})
    role, file = make().preflight()
    assert "Developer" in role
    assert "--ref" in file


def test_what_cannot_work_is_refused_at_once(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="project"):
        make(project="app")
    monkeypatch.delenv("GITLAB_TOKEN")
    with pytest.raises(BuilderUnavailable, match="token"):
        make()


def test_the_real_client_finds_the_server_to_be_gitlab(gitlab: GitLab) -> None:
    client = pytest.importorskip("gitlab")
    with client.Gitlab(gitlab.address, private_token=gitlab.token) as api:
        project = api.projects.get(gitlab.name)
        assert project.default_branch == "main"
        inputs = {"label": "by hand", "order": "nonsense"}
        pipeline = project.pipelines.create({"ref": "main", "inputs": inputs})
        until = time.monotonic() + 60
        while project.pipelines.get(pipeline.id).status == "running":
            assert time.monotonic() < until
            time.sleep(0.05)
        [job] = pipeline.jobs.list(get_all=True)
        assert (job.status, job.failure_reason) == ("failed", "script_failure")
        assert b"Traceback" in project.jobs.get(job.id).trace()
        assert [pipeline.name for pipeline in project.pipelines.list(get_all=False)] == [
            "depbisect by hand"
        ]
        with pytest.raises(client.GitlabCreateError, match="Reference not found"):
            project.pipelines.create({"ref": "nowhere"})
        pipeline.cancel()


def test_a_failing_file_is_bisected_to_a_fix(
    tmp_path: Path, gitlab: GitLab, index: LocalIndex
) -> None:
    flags = ("--builder", "gitlab", "--project", gitlab.name)
    runner = Runner(tmp_path / "run", gitlab, index, *flags)
    report, printed = runner.run()
    judge_fix(report)
    assert len(gitlab.jobs) == report["builds"] <= 4
    assert gitlab.token not in printed


def test_kill_minus_nine_and_resume_build_nothing_twice(
    tmp_path: Path, gitlab: GitLab, index: LocalIndex
) -> None:
    flags = ("--builder", "gitlab", "--project", gitlab.name)
    runner = Runner(tmp_path / "run", gitlab, index, *flags, text="brief==1.0\nheader==1.0\n")
    process = runner.start()
    runner.wait_for_build(process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    report, _ = runner.run()
    judge_fix(report)
    titles = Counter(job.title.split("[")[1][:16] for job in gitlab.jobs)
    assert set(titles.values()) == {1}, titles
    assert len(gitlab.jobs) == report["builds"]


def test_an_interrupted_run_leaves_nothing_running(
    tmp_path: Path, gitlab: GitLab, index: LocalIndex
) -> None:
    flags = ("--builder", "gitlab", "--project", gitlab.name)
    runner = Runner(tmp_path / "run", gitlab, index, *flags, text="slow==1.0\ngood==1.0\n")
    process = runner.start()
    runner.wait_for_build(process)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert gitlab.running() == []
    assert living(str(gitlab.folder)) == []
