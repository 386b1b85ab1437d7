"""A run shows what it found even where it cannot write it, and harms no file on the way."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bisect_deps.cli.output import write_report
from bisect_deps.cli.run import going_on
from bisect_deps.errors import InputError

ROOT = Path(__file__).parent.parent.parent
BUILD = 'if grep -q "^bad" base.txt; then echo "bad does not build"; exit 1; fi'


def run(*args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            *(sys.executable, "-m", "bisect_deps", "run", "--no-evidence"),
            *("--builder", "command", "--build-cmd", BUILD, *args),
        ],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "requirements.txt").write_text("-r base.txt\nother==1\n", encoding="utf-8")
    (tmp_path / "base.txt").write_text("bad==1\ngood==1\n", encoding="utf-8")
    return tmp_path


def test_the_verdict_is_shown_although_its_fix_cannot_be_written(project: Path) -> None:
    done = run("-o", "fixed.txt", "--json", "report.json", "--allow-removal", cwd=project)
    assert done.returncode == 2
    assert "1. bad==1  base.txt:1" in done.stdout
    assert "--write to change base.txt in place" in done.stdout
    assert "It leaves out what no release can fix." in done.stdout
    assert "Warning: it leaves out bad." in done.stdout
    assert json.loads((project / "report.json").read_text("utf-8"))["verdict"] == "fixed"
    assert "error: fixed.txt: " in done.stderr
    assert not (project / "fixed.txt").exists()


def test_what_was_written_is_said(project: Path) -> None:
    done = run("-o", "fixed/", "--allow-removal", cwd=project)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Fixed. ")
    assert "Written to fixed/requirements.txt and fixed/base.txt." in " ".join(done.stdout.split())
    assert "bad==1\n" in (project / "base.txt").read_text("utf-8")


def test_a_report_over_the_input_is_refused_before_anything_is_built(project: Path) -> None:
    before = (project / "requirements.txt").read_bytes()
    done = run("--json", "requirements.txt", cwd=project)
    assert done.returncode == 2
    assert "a report would overwrite your file" in done.stderr
    assert "build 1" not in done.stderr
    assert (project / "requirements.txt").read_bytes() == before


@pytest.mark.parametrize("exists", [True, False])
def test_an_output_that_is_a_link_out_of_the_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exists: bool
) -> None:
    clone = tmp_path / "clone"
    clone.mkdir()
    monkeypatch.chdir(clone)
    outside = tmp_path / ".bashrc"
    if exists:
        outside.write_text("alias ll='ls -l'\n")
    (clone / "report.html").symlink_to(outside)
    with pytest.raises(InputError, match=r"report\.html: it is a link that leads out"):
        write_report("report.html", "<script>")
    assert outside.exists() == exists
    (clone / "docs").mkdir()
    (clone / "inner.html").symlink_to("docs/report.html")
    write_report("inner.html", "text")
    write_report("/dev/null", "text")
    assert (clone / "docs" / "report.html").read_text() == "text"


def test_a_spent_budget_says_how_to_go_on(project: Path) -> None:
    done = run("--max-builds", "1", cwd=project)
    assert done.returncode == 3
    assert "the limit of 1 build is reached." in done.stdout
    said = " ".join(done.stdout.split())
    assert "So far: the file as it is fails" in said
    assert re.search(r"To go on: `depbisect run .*--max-builds 10`; no finished build", said)
    assert "larger --max-builds" not in said
    assert run("--allow-removal", cwd=project).returncode == 0


def test_without_leave_no_line_is_left_out_and_nothing_is_written(project: Path) -> None:
    before = {path.name: path.read_bytes() for path in project.iterdir() if path.is_file()}
    for to in (("--write",), ("-o", "fixed/")):
        done = run(*to, cwd=project)
        assert done.returncode == 1
        assert done.stdout.startswith("Culprits found, no fix. ")
        assert "Known to pass: the file without bad" in done.stdout
        after = {path.name: path.read_bytes() for path in project.iterdir() if path.is_file()}
        assert after == before
        assert not (project / "fixed").exists()


@pytest.mark.parametrize(
    ("first", "waited", "known"), [("", 1, ""), (BUILD, 2, "So far: the file")]
)
def test_an_interrupted_run_says_what_is_known_and_how_to_go_on(
    project: Path, first: str, waited: int, known: str
) -> None:
    build = f"{first}\nsleep 60"
    started = subprocess.Popen(
        [
            *(sys.executable, "-m", "bisect_deps", "run", "--no-evidence"),
            *("--builder", "command", "--jobs", "1", "--build-cmd", build),
        ],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert started.stderr
    assert any(f"build {waited}:" in line for line in started.stderr)
    started.send_signal(signal.SIGINT)
    out, err = started.communicate(timeout=120)
    assert (started.returncode, known in out, bool(out)) == (130, True, bool(known))
    assert err.splitlines()[-1] == "Interrupted; nothing is lost: the same command goes on."


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (["run", "--max-builds", "1"], "depbisect run --max-builds 12"),
        (
            ["run", "--max-builds=1", "--fresh", "a b.txt"],
            "depbisect run 'a b.txt' --max-builds 12",
        ),
        (["run"], "depbisect run --max-builds 12"),
    ],
)
def test_the_command_that_goes_on_keeps_all_but_the_limit(words: list[str], command: str) -> None:
    assert going_on(words, 12) == command
