"""`depbisect run` where pip or uv goes through the releases of a project until its time is over."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.local_index import LocalIndex, Project

ROOT = Path(__file__).resolve().parents[2]
# A walk through so many releases takes longer than any limit below: the index waits before it
# answers, and uv has to build each of the sources.
RELEASES = 250
DELAY = 0.06
DAY = "2020-01-01"


def _walker(first: str, **how: Any) -> Project:
    """Return a project whose releases all exclude the other line, but the oldest."""
    walker = Project("walker").release("1.0", requires=[first], uploaded=DAY, **how)
    for number in range(2, RELEASES + 1):
        walker = walker.release(f"{number}.0", requires=["anchor<2"], uploaded=DAY, **how)
    return walker


def _run(
    folder: Path, projects: list[Project], text: str, *arguments: str, delay: float = DELAY
) -> dict[str, Any]:
    index = LocalIndex(
        folder / "index",
        Project("anchor").release("1.0", uploaded=DAY).release("2.0", uploaded=DAY),
        *projects,
    )
    work = folder / "work"
    work.mkdir()
    (work / "requirements.txt").write_text(text)
    with index.serve() as server:
        server.delay = delay
        options = ["--python", sys.executable, "--index-url", server.url, "--no-progress"]
        done = subprocess.run(
            [sys.executable, "-m", "bisect_deps", "run", *arguments, *options, "--json", "-"],
            cwd=work,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


@pytest.mark.slow
def test_the_bound_that_ends_pips_walk_is_proven_as_the_fix(tmp_path: Path) -> None:
    top = Project("top").release("1.0", requires=["walker"], uploaded=DAY)
    projects = [_walker("anchor"), top]
    report = _run(tmp_path, projects, "anchor==2.0\ntop\n", "--installer", "pip", "--timeout", "12")
    [culprit] = report["culprits"]
    assert culprit["cause"] == "resolver-backtracking"
    assert "walker: the resolver goes through its releases" in culprit["summary"]
    assert report["fix"]["diff"].splitlines()[-1] == "+walker==1.0"
    assert report["builds"] == 2


def test_what_stands_against_the_walked_project_is_found_behind_uvs_walk(tmp_path: Path) -> None:
    projects = [_walker("anchor<2", sdist=True, wheel=False)]
    report = _run(
        tmp_path,
        projects,
        "anchor==2.0\nwalker\n",
        "--installer",
        "uv",
        "--timeout",
        "5",
        delay=0,
    )
    [culprit] = report["culprits"]
    assert {member["name"] for member in culprit["requirements"]} == {"anchor", "walker"}
    assert "+anchor==1.0" in report["fix"]["diff"].splitlines()
    assert any("at least" in note["text"] for note in report["notes"])
