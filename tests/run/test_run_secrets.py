"""A whole run against a private index writes its password nowhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders.contract import left_in_the_end, names_in
from tests.support.local_index import Fault, LocalIndex, Project

PLANTED = "planted-secret-value"
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("installer", ["uv", "pip"])
@pytest.mark.parametrize("place", ["flag", "file"])
def test_no_secret_is_written_or_shown(
    tmp_path: Path, local_index: LocalIndex, installer: str, place: str
) -> None:
    header = Project("header").release("1.0", fault=Fault.HEADER).release("1.1")
    local_index.add(Project("good").release("1.0"), header)
    cache, project = tmp_path / "cache", tmp_path / "project"
    project.mkdir()
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "XDG_CACHE_HOME": str(cache),
        "INDEX_PASSWORD": PLANTED,
        "GITHUB_TOKEN": PLANTED,
    }
    environment.pop(f"{installer.upper()}_INDEX_URL")
    lines, flags = (
        "good==1.0\nheader==1.0\n",
        ["--installer", installer, "--python", sys.executable],
    )
    flags += ["--json", "out.json", "--html", "out.html", "--write", "-v"]
    with local_index.serve(auth=("me", PLANTED)) as server:
        if place == "flag":
            flags += ["--index-url", server.url_with("me", PLANTED)]
        else:
            lines = f"--index-url {server.url_with('me', '${INDEX_PASSWORD}')}\n{lines}"
        (project / "requirements.txt").write_text(lines)
        done = subprocess.run(
            [sys.executable, "-m", "bisect_deps", "run", *flags],
            cwd=project,
            env=environment,
            capture_output=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr.decode()
    assert b"header==1.1" in (project / "requirements.txt").read_bytes()
    assert PLANTED.encode() not in done.stdout + done.stderr
    assert left_in_the_end(lambda: names_in(cache / "depbisect-builds")) == []
    written = [path for folder in (project, cache) for path in folder.rglob("*") if path.is_file()]
    assert len(written) > 5
    assert [path for path in written if PLANTED.encode() in path.read_bytes()] == []
