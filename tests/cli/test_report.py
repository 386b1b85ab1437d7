"""`depbisect report` shows the last run again, and never harms a file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bisect_deps.reports.json import dumps, to_json
from bisect_deps.reports.terminal import render
from tests.reports.verdicts import HOSTILE, READY, UNAVAILABLE

ROOT = Path(__file__).parent.parent.parent


def depbisect(
    *args: str, cwd: Path, stdout: int = subprocess.PIPE, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bisect_deps", *args],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error", **environment},
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder in which a run has ended."""
    (tmp_path / "requirements.txt").write_text("numpy==1.19.5\n", encoding="utf-8")
    logs = tmp_path / ".depbisect" / "probes"
    logs.mkdir(parents=True)
    (logs / "3.log").write_text("a kept line\n" * 130, encoding="utf-8")
    (tmp_path / ".depbisect" / "report.json").write_text(dumps(READY), encoding="utf-8")
    return tmp_path


def test_the_last_run_is_shown_again_as_text(project: Path) -> None:
    done = depbisect("report", cwd=project)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == render(READY)


def test_it_is_found_from_elsewhere_by_the_file_of_the_run(project: Path) -> None:
    (project / "elsewhere").mkdir()
    for name in ("../requirements.txt", "..", "../.depbisect/report.json"):
        done = depbisect("report", name, cwd=project / "elsewhere")
        assert done.stdout.startswith("Fix found. 3 lines of requirements.txt"), done.stderr


def test_json_to_standard_output_is_the_report_alone(project: Path) -> None:
    done = depbisect("report", "--json", "-", cwd=project, PYTHONIOENCODING="ascii")
    assert json.loads(done.stdout) == to_json(READY)


def test_reports_are_written_beside_the_text(project: Path) -> None:
    done = depbisect("report", "--json", "r.json", "--html", "r.html", cwd=project)
    assert done.stdout == render(READY)
    assert json.loads((project / "r.json").read_text("utf-8")) == to_json(READY)
    page = (project / "r.html").read_text("utf-8")
    assert "a kept line" in page
    assert sorted(path.name for path in project.iterdir()) == [
        ".depbisect",
        "r.html",
        "r.json",
        "requirements.txt",
    ]


def test_colour_comes_when_asked_for_alone(project: Path) -> None:
    assert "\x1b" not in depbisect("report", cwd=project).stdout
    assert "\x1b[" in depbisect("report", "--color", "always", cwd=project).stdout


def test_an_output_that_knows_few_characters_gets_the_text(project: Path) -> None:
    (project / ".depbisect" / "report.json").write_text(dumps(HOSTILE), encoding="utf-8")
    done = depbisect("report", cwd=project, PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert "evil==1.0?" in done.stdout


def test_a_reader_that_leaves_early_does_no_harm(project: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = depbisect("report", cwd=project, stdout=writing)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_pipe_is_written_to_and_stays_a_pipe(project: Path) -> None:
    os.mkfifo(project / "pipe")
    reading = os.open(project / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    done = depbisect("report", "--json", "pipe", cwd=project)
    assert done.returncode == 0
    assert os.read(reading, 20).startswith(b'{\n  "schema"')
    os.close(reading)
    assert (project / "pipe").is_fifo()


def test_logs_outside_the_state_folder_are_not_read(project: Path) -> None:
    (project / "secret.txt").write_text("hidden words", encoding="utf-8")
    report = to_json(READY)
    report["probes"][0]["log"] = "../secret.txt"
    (project / ".depbisect" / "report.json").write_text(json.dumps(report), encoding="utf-8")
    done = depbisect("report", "--html", "-", cwd=project)
    assert done.returncode == 0
    assert "hidden words" not in done.stdout


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["report", "--html", "requirements.txt/r.html"], "cannot be written: "),
        (["report", "--json", "requirements.txt"], "a report would overwrite your file"),
        (["report", "--json", "./.depbisect/../requirements.txt"], "would overwrite your file"),
        (["report", "--json", "-", "--html", "-"], "cannot both go to standard output"),
        (["report", "nowhere/requirements.txt"], "there is no report of a run here"),
        (["report", "requirements.txt.json"], "there is no report of a run here"),
        (["report", "broken.json"], "the report is not valid JSON"),
        (["report", "other.json"], "this is no depbisect report that this version can read"),
        (["report", "list.json"], "this is no depbisect report that this version can read"),
    ],
)
def test_bad_input_is_one_clear_message(project: Path, args: list[str], message: str) -> None:
    (project / "broken.json").write_text("{", encoding="utf-8")
    (project / "other.json").write_text('{"schema": "other/1"}', encoding="utf-8")
    (project / "list.json").write_text("[1]", encoding="utf-8")
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    done = depbisect(*args, cwd=project)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert message in done.stderr
    assert "\nhint: " in done.stderr
    assert before == {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}


def test_a_run_that_could_not_build_has_a_report_too(project: Path) -> None:
    (project / ".depbisect" / "report.json").write_text(dumps(UNAVAILABLE), encoding="utf-8")
    assert depbisect("report", cwd=project).stdout.startswith("Could not build. ")
