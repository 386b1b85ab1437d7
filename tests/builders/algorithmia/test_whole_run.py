"""`depbisect run --builder algorithmia`: real pushes, real installs, and every way to stop."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.builders.algorithmia.cluster import KEY, Cluster, served
from tests.support.algorithmia_emulator import Built, Install, Replay
from tests.support.algorithmia_emulator.platform import commits, head
from tests.support.local_index import Fault, LocalIndex, Project, broken_import

FAILING = "alpha==1.0\nbroken==1.0\nomega==1.0\n"
CHECKED = "import uncallable\n\n\ndef apply(value):\n    return value\n"


@pytest.fixture
def index_url(tmp_path: Path) -> Iterator[str]:
    uncallable = Project("uncallable").release("1.0", code=broken_import())
    for number in range(2, 10):
        uncallable = uncallable.release(f"{number}.0")
    index = LocalIndex(
        tmp_path / "index",
        Project("alpha").release("1.0").release("2.0"),
        Project("omega").release("1.0"),
        Project("broken").release("1.0", fault=Fault.COMPILE).release("2.0"),
        Project("slow").release("1.0", seconds=1).release("2.0"),
        *(
            Project(f"plain{number}").release("1.0").release("1.1").release("2.0").release("2.1")
            for number in range(6)
        ),
        uncallable,
    )
    with index.serve() as server:
        yield server.url


@pytest.fixture
def cluster(tmp_path: Path, index_url: str) -> Iterator[Cluster]:
    recipe = Install(arguments=("--index-url", index_url))
    with served(tmp_path, recipe) as running:
        yield running


class Runner:
    """Starts `depbisect run` on a file, with the key in the environment alone."""

    def __init__(self, cluster: Cluster, index_url: str, text: str, source: str = "") -> None:
        self.cluster = cluster
        self.original = f"{text}# as its owner left it\n"
        self.file = cluster.folder / "requirements.txt"
        self.file.write_text(text, encoding="utf-8")
        files = {"requirements.txt": self.original, **({"src/Run.py": source} if source else {})}
        cluster.platform.create("acme", "Run", files)
        self.command = [sys.executable, "-m", "bisect_deps", "run", str(self.file)]
        self.command += ["--builder", "algorithmia", "--algorithm", "acme/Run"]
        self.command += ["--index-url", index_url]
        self.environment = {
            **os.environ,
            "ALGORITHMIA_API_KEY": KEY,
            "ALGORITHMIA_API": cluster.server.address,
            "PYTHONPATH": os.getcwd(),
        }

    def built_before(self, text: str) -> None:
        """Have the platform hold exactly this file, built once before anybody asks."""
        platform = self.cluster.platform
        platform.delete(self.algorithm)
        shutil.rmtree(platform.root / "git" / "acme" / "Run.git")
        algorithm = platform.create("acme", "Run", {"requirements.txt": text})
        assert platform.start_build(algorithm, head(algorithm)).done.wait(60)
        self.original = text

    def start(self, *flags: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*self.command, *flags],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *flags: str) -> tuple[dict[str, Any], str]:
        """Return the report and all that was printed."""
        process = self.start("--json", "-", *flags)
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, out + err
        return json.loads(out), out + err

    def wait_for_build(self, process: subprocess.Popen[str]) -> None:
        """Wait until the platform has a build under way."""
        until = time.monotonic() + 60
        while not any(build.finished is None for build in self.algorithm.builds):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < until
            time.sleep(0.01)

    @property
    def algorithm(self) -> Any:
        return self.cluster.platform.algorithms["acme/Run"]

    @property
    def restored(self) -> bool:
        return self.cluster.file("acme/Run") == self.original

    def orders(self) -> Counter[str]:
        """Return how often each order was pushed."""
        lines = "\n".join(commit["message"] for commit in commits(self.algorithm)).splitlines()
        return Counter(line for line in lines if line.startswith("Depbisect-Order: "))


def test_a_named_culprit_takes_three_platform_builds(cluster: Cluster, index_url: str) -> None:
    runner = Runner(cluster, index_url, FAILING)
    report, printed = runner.run()
    assert report["verdict"] == "fixed"
    [culprit] = report["culprits"]
    assert [requirement["name"] for requirement in culprit["requirements"]] == ["broken"]
    [edit] = report["fix"]["edits"]
    assert (edit["name"], edit["to"]) == ("broken", "==2.0")
    assert report["builds"] <= 3
    assert runner.restored
    assert len(runner.algorithm.builds) == report["builds"] + 1, "and the restored file's"
    assert KEY not in printed
    again, _ = runner.run()
    assert again["builds"] == 0


def test_the_failed_build_of_the_head_is_the_baseline(cluster: Cluster, index_url: str) -> None:
    """The platform builds twice: the fix, and the restored file."""
    runner = Runner(cluster, index_url, FAILING)
    runner.built_before(FAILING)
    report, _ = runner.run()
    assert [culprit["requirements"][0]["name"] for culprit in report["culprits"]] == ["broken"]
    assert [edit["to"] for edit in report["fix"]["edits"]] == ["==2.0"]
    assert report["builds"] == 1
    assert len(runner.algorithm.builds) == 1 + 2
    texts = [note["text"] for note in report["notes"]]
    assert any("was not built anew" in text for text in texts)
    assert any("one more build than is counted" in text for text in texts)
    again, _ = runner.run("--fresh")
    assert again["builds"] == 2, "built anew where that is asked for"


def test_a_green_build_of_the_past_proves_nothing(cluster: Cluster, index_url: str) -> None:
    runner = Runner(cluster, index_url, "alpha==1.0\n")
    runner.built_before("alpha==1.0\n")
    report, printed = runner.run()
    assert (report["verdict"], report["builds"]) == ("passes", 1)
    assert "Not certain" not in printed


def test_a_file_without_logs_is_bisected_by_status(cluster: Cluster, index_url: str) -> None:
    """What the status cannot tell, no log names: the lines are searched, the boundary built."""
    text = "".join(f"plain{number}==1.0\n" for number in range(6))
    cluster.platform.recipe = Replay(lambda lines: answer_by(r"^plain4==1\.", lines))
    cluster.problems.no_log = True
    runner = Runner(cluster, index_url, text)
    report, printed = runner.run()
    assert report["verdict"] == "fixed"
    [culprit] = report["culprits"]
    assert [requirement["name"] for requirement in culprit["requirements"]] == ["plain4"]
    narrowing = culprit["narrowing"]
    outcomes = {tried["version"]: tried["outcome"] for tried in narrowing["tried"]}
    assert outcomes[narrowing["first_passing"]] == "pass"
    assert outcomes.get("1.1") != "pass", "1.1 fails, and nothing but a build may say otherwise"
    assert narrowing["first_passing"] in ("2.0", "2.1")
    assert "logs unavailable" in printed
    assert "support" in printed


def answer_by(pattern: str, text: str) -> Built:
    """Fail the files that a pattern finds something in; comments do not count."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    failing = re.search(pattern, "\n".join(lines), re.MULTILINE)
    return Built(False, "unseen\n") if failing else Built(True, "Successfully built\n")


DYING = """import importlib.metadata
import os
import signal


def apply(value):
    if importlib.metadata.version("alpha") == "1.0":
        os.kill(os.getpid(), signal.SIGSEGV)
    return value
"""


def test_an_algorithm_that_dies_by_a_signal_is_a_fault_of_its_check(
    cluster: Cluster, index_url: str
) -> None:
    runner = Runner(cluster, index_url, "omega==1.0\nalpha==1.0\n", DYING)
    report, _ = runner.run("--check-input", '"x"')
    assert report["verdict"] == "fixed"
    [culprit] = report["culprits"]
    assert culprit["phase"] == "check"
    assert [requirement["name"] for requirement in culprit["requirements"]] == ["alpha"]
    assert [edit["to"] for edit in report["fix"]["edits"]] == ["==2.0"]


@pytest.mark.parametrize(
    "switches",
    [
        {"gateway": 10},
        pytest.param({"git_gateway": 10}, marks=pytest.mark.slow),
        {"push_gateway": 1, "git_gateway": 2},
        pytest.param({"throttle": 6, "retry_after": "0.1"}, marks=pytest.mark.slow),
    ],
    ids=["start-up", "git", "a push whose answer is lost", "asked to slow down"],
)
def test_an_outage_changes_no_verdict(
    cluster: Cluster, index_url: str, switches: dict[str, Any]
) -> None:
    runner = Runner(cluster, index_url, FAILING)
    for name, value in switches.items():
        setattr(cluster.problems, name, value)
    report, printed = runner.run()
    assert [edit["to"] for edit in report["fix"]["edits"]] == ["==2.0"]
    assert report["builds"] <= 2
    assert set(runner.orders().values()) == {1}
    assert runner.restored
    if "throttle" not in switches:
        assert "asking again for up to 10 min" in printed


def test_a_call_that_fails_is_bisected_like_a_build(cluster: Cluster, index_url: str) -> None:
    runner = Runner(cluster, index_url, "alpha==1.0\nuncallable==1.0\n", CHECKED)
    report, _ = runner.run("--check-input", '"x"')
    assert report["verdict"] == "fixed"
    assert [culprit["requirements"][0]["name"] for culprit in report["culprits"]] == ["uncallable"]
    assert report["culprits"][0]["phase"] == "check"
    assert report["builds"] <= 4, "the nearest release is not worth many expensive builds"
    nearest, _ = runner.run("--check-input", '"x"', "--narrow", "full")
    assert [edit["to"] for edit in nearest["fix"]["edits"]] == ["==2.0"]
    assert runner.restored


def test_several_culprits_of_install_and_of_call_take_seven_builds(tmp_path: Path) -> None:
    """The shape of numpy, pandas and flask of 2020 on Python 3.12, which meet newer neighbours."""
    old, new = {"uploaded": "2020-06-01"}, {"uploaded": "2023-06-01"}
    layers = {"templates": "marks", "marks": "", "dangers": ""}
    index = LocalIndex(
        tmp_path / "index",
        *(
            Project(name)
            .release("1.0", fault=Fault.COMPILE, **old)
            .release("1.1", fault=Fault.COMPILE, **old)
            .release("2.0", **new)
            for name in ("arrays", "frames")
        ),
        *(
            Project(name)
            .release(
                "1.0",
                code="gone = 1\n" + (f"from {user} import gone\n" if user else ""),
                requires=[user] if user else [],
                **old,
            )
            .release("2.0", requires=[user] if user else [], **new)
            for name, user in layers.items()
        ),
        Project("web")
        .release(
            "1.0",
            code="from templates import gone\nfrom dangers import gone\n",
            requires=["templates", "dangers"],
            **old,
        )
        .release("1.1", code="from templates import gone\n", requires=["templates"], **old)
        .release("2.0", requires=["templates", "dangers"], **new),
        Project("plain").release("1.0", **old),
    )
    text = "arrays==1.0\nframes==1.0\nweb==1.0\nplain==1.0\n"
    source = "import arrays, frames, web, plain\n\n\ndef apply(value):\n    return value\n"
    with ExitStack() as stack:
        url = stack.enter_context(index.serve()).url
        recipe = Install(arguments=("--index-url", url))
        runner = Runner(stack.enter_context(served(tmp_path, recipe)), url, text, source)
        report, _ = runner.run("--check-input", '"x"')
    named = [culprit["requirements"][0]["name"] for culprit in report["culprits"]]
    assert (report["verdict"], named) == ("fixed", ["arrays", "frames", "web"])
    assert report["builds"] <= 7
    assert runner.restored


def test_kill_minus_nine_and_resume_build_nothing_twice(cluster: Cluster, index_url: str) -> None:
    runner = Runner(cluster, index_url, "alpha==1.0\nbroken==1.0\nslow==1.0\n")
    process = runner.start()
    runner.wait_for_build(process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    before = [commit["id"] for commit in commits(runner.algorithm)]
    assert not runner.restored
    report, _ = runner.run("--resume")
    assert report["verdict"] == "fixed"
    after = [commit["id"] for commit in commits(runner.algorithm)]
    assert after[-len(before) :] == before, "history is never rewritten"
    assert set(runner.orders().values()) == {1}, "no commit is pushed twice"
    built = Counter(build.commit for build in runner.algorithm.builds)
    assert set(built.values()) == {1}
    assert runner.restored


def test_ctrl_c_restores_the_file_and_keeps_what_is_known(cluster: Cluster, index_url: str) -> None:
    runner = Runner(cluster, index_url, "alpha==1.0\nbroken==1.0\nslow==1.0\n")
    process = runner.start()
    runner.wait_for_build(process)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=120)
    assert process.returncode == 130
    assert runner.restored
    report, _ = runner.run("--resume")
    assert report["verdict"] == "fixed"
    assert set(runner.orders().values()) == {1}
    assert runner.restored


def test_ctrl_c_while_the_host_takes_a_push_leaves_no_candidate(
    cluster: Cluster, index_url: str
) -> None:
    runner = Runner(cluster, index_url, "alpha==1.0\n")
    came = cluster.folder / "came"
    hook = cluster.platform.root / "git" / "acme" / "Run.git" / "hooks" / "pre-receive"
    hook.write_text(f"#!/bin/sh\n[ -e {came} ] || {{ touch {came}; sleep 1; }}\n")
    hook.chmod(0o755)
    process = runner.start()
    while not came.exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode == 130
    time.sleep(1.5)
    assert runner.restored
    assert cluster.history("acme/Run")[-1] == "depbisect: the original files are back"


def test_a_restore_that_fails_is_told_and_hides_no_verdict(
    cluster: Cluster, index_url: str
) -> None:
    runner = Runner(cluster, index_url, "alpha==1.0\n")
    process = runner.start("--json", "-")
    runner.wait_for_build(process)
    cluster.problems.push_refused = True
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    report = json.loads(out)
    assert report["verdict"] == "passes"
    assert "could not be put back" in err
    assert not runner.restored
    cluster.problems.push_refused = False
    runner.run()
    assert runner.restored


def test_a_stuck_build_is_given_up_once_and_is_no_evidence(
    cluster: Cluster, index_url: str
) -> None:
    runner = Runner(cluster, index_url, "alpha==1.0\n")
    cluster.problems.stuck = 1
    process = runner.start("--timeout", "1")
    out, err = process.communicate(timeout=120)
    assert process.returncode == 3, out + err
    assert sum(runner.orders().values()) == 1
    assert runner.restored


def test_shell_checks_are_refused_before_anything_is_pushed(
    cluster: Cluster, index_url: str
) -> None:
    runner = Runner(cluster, index_url, FAILING)
    process = runner.start("--check", "true")
    _, err = process.communicate(timeout=120)
    assert process.returncode == 2
    assert "--check-input" in err
    assert cluster.history("acme/Run") == ["first version"]


def test_no_secret_is_left_anywhere(cluster: Cluster, index_url: str) -> None:
    runner = Runner(cluster, index_url, FAILING)
    html = cluster.folder / "report.html"
    _, printed = runner.run("--html", str(html), "-v")
    files = [path for path in cluster.folder.rglob("*") if path.is_file()]
    assert html in files
    assert any(path.name == "journal.jsonl" for path in files)
    everything = printed.encode() + b"\n".join(path.read_bytes() for path in files)
    everything += json.dumps(commits(runner.algorithm)).encode()
    for secret in (KEY, KEY.replace("/", "%2F")):
        assert secret.encode() not in everything


def test_runs_killed_again_and_again_still_push_each_order_once(
    cluster: Cluster, index_url: str
) -> None:
    """Kills fall at growing delays, so that they meet every part of a run."""
    runner = Runner(cluster, index_url, "alpha==1.0\nbroken==1.0\nslow==1.0\n")
    before: list[str] = []
    for delay in (0.6, 0.9, 1.2, 1.5, 1.8, 2.1):
        process = runner.start()
        try:
            process.wait(delay)
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate()
        now = [commit["id"] for commit in commits(runner.algorithm)]
        assert now[len(now) - len(before) :] == before, "history is never rewritten"
        before = now
    report, _ = runner.run()
    assert report["verdict"] == "fixed"
    assert [culprit["requirements"][0]["name"] for culprit in report["culprits"]] == ["broken"]
    assert set(runner.orders().values()) == {1}
    assert runner.restored
