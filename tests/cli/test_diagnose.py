"""`depbisect diagnose` reads a log from a file or a pipe, and builds nothing."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from bisect_deps.cli.diagnose import MOST_LOGS

ROOT = Path(__file__).parent.parent.parent
LOG = ROOT / "fixtures" / "logs" / "pip22.0-py39-psycopg2.log"
GREEN = ROOT / "fixtures" / "logs" / "uv0.13-green.log"


def depbisect(*args: str, given: bytes = b"", code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "bisect_deps", "diagnose", *args],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"},
        input=given,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return (done.stdout or done.stderr).decode("utf-8")


@pytest.fixture
def requirements(tmp_path: Path) -> Path:
    """A file with a comment, an option and a pin on its last line."""
    path = tmp_path / "requirements.txt"
    path.write_text("# web\n--pre\nclick==8.0.4\npsycopg2 == 2.9.3  # db\n", encoding="utf-8")
    return path


def test_json_is_the_contracts_diagnosis(requirements: Path) -> None:
    found = json.loads(depbisect(str(LOG), "--json", "--requirements", str(requirements)))
    assert {
        key: found[key] for key in ("schema", "outcome", "infrastructure", "cause", "phase")
    } == {
        "schema": "depbisect.diagnosis/1",
        "outcome": "fail",
        "infrastructure": False,
        "cause": "system-dep-missing",
        "phase": "metadata",
    }
    [suspect] = found["suspects"]
    assert suspect["requirement"] == "psycopg2 == 2.9.3"
    assert (suspect["name"], suspect["version"], suspect["via"]) == ("psycopg2", "2.9.3", [])
    assert {"line": 26, "text": "Error: pg_config executable not found."} in suspect["evidence"]


def test_text_says_what_broke_where_and_what_to_do_next(requirements: Path) -> None:
    text = depbisect(str(LOG), "-r", str(requirements))
    for part in ("psycopg2 == 2.9.3", "line 26:", "apt-get install libpq-dev", "depbisect run"):
        assert part in text


def test_pipe_is_read_and_green_log_has_no_suspect() -> None:
    found = json.loads(depbisect("-", "--json", given=GREEN.read_bytes()))
    assert (found["outcome"], found["cause"], found["suspects"]) == ("pass", "none", [])


def test_exit_status_outranks_the_log() -> None:
    found = json.loads(depbisect("--json", "--exit-status", "0", given=LOG.read_bytes()))
    assert (found["outcome"], found["suspects"]) == ("pass", [])


def test_escapes_of_a_log_never_reach_the_terminal() -> None:
    log = (
        b"ERROR: No matching distribution found for \x1b]0;owned\x07idna==99.1 \x1b[2J\xc2\x9b31m\n"
    )
    assert not any(ord(letter) < 32 and letter != "\n" for letter in depbisect("-", given=log))


def test_secret_in_a_log_is_not_shown() -> None:
    log = b"ERROR: HTTP error 401 while getting https://user:hunter2@index.example/simple/idna/\n"
    assert "hunter2" not in depbisect("-", given=log)
    assert "hunter2" not in depbisect("-", "--json", given=log)


def test_fail_gives_exit_code_1_for_a_failure_alone() -> None:
    depbisect(str(LOG), "--fail", code=1)
    depbisect(str(GREEN), "--fail")
    depbisect(str(GREEN), str(LOG), "--fail", code=1)


def test_json_goes_to_the_file_that_is_named(tmp_path: Path) -> None:
    target = tmp_path / "found.json"
    text = depbisect(str(LOG), "--json", str(target))
    assert json.loads(target.read_text("utf-8"))["cause"] == "system-dep-missing"
    assert "failed while reading its metadata" in text


def test_report_overwrites_no_log(tmp_path: Path) -> None:
    log = tmp_path / "build.log"
    log.write_bytes(LOG.read_bytes())
    assert "would overwrite" in depbisect("--json", str(log), given=b"x", code=2)
    assert log.read_bytes() == LOG.read_bytes()


def test_several_logs_are_one_object_in_their_order(requirements: Path) -> None:
    said = json.loads(depbisect(str(GREEN), str(LOG), "--json", "-", "-r", str(requirements)))
    assert said["schema"] == "depbisect.diagnoses/1"
    assert [(log["log"], log["outcome"]) for log in said["logs"]] == [
        (str(GREEN), "pass"),
        (str(LOG), "fail"),
    ]


def test_same_failure_in_several_logs_is_told_once(tmp_path: Path) -> None:
    for name in ("a.log", "b.log"):
        (tmp_path / name).write_bytes(LOG.read_bytes())
    text = depbisect(str(tmp_path / "a.log"), str(tmp_path / "b.log"), str(GREEN))
    assert text.count("failed while reading its metadata") == 1
    assert f"the same in {tmp_path / 'b.log'}" in text
    assert "3 logs: 1 passed, 2 did not" in text


def test_zip_of_a_run_gives_whole_jobs_and_no_step_twice(tmp_path: Path) -> None:
    path = tmp_path / "logs.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0_build.txt", LOG.read_bytes())
        archive.writestr("1_lint.txt", GREEN.read_bytes())
        archive.writestr("build/1_Set up job.txt", "ready\n")
        archive.writestr("build/2_Install.txt", LOG.read_bytes())
    said = json.loads(depbisect(str(path), "--json"))
    names = [Path(log["log"]).name for log in said["logs"]]
    assert (names, said["logs"][0]["outcome"]) == (["0_build.txt", "1_lint.txt"], "fail")


def test_of_very_many_logs_it_says_which_it_did_not_read(tmp_path: Path) -> None:
    path = tmp_path / "logs.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(MOST_LOGS + 3):
            archive.writestr(f"{number}_job.txt", "ready\n")
    text = depbisect(str(path), "--json", str(tmp_path / "said.json"))
    assert text.splitlines()[-1] == f"not read: 3 more, from {path}/{MOST_LOGS}_job.txt on"
    said = json.loads((tmp_path / "said.json").read_text())
    assert (len(said["logs"]), said["unread"]) == (MOST_LOGS, 3)


def test_folder_gives_its_texts_compressed_ones_too(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    with gzip.open(tmp_path / "deep" / "old.log.gz", "wb") as file:
        file.write(LOG.read_bytes())
    (tmp_path / "new.log").write_bytes(GREEN.read_bytes())
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\0\0")
    said = json.loads(depbisect(str(tmp_path), "--json"))
    assert [Path(log["log"]).name for log in said["logs"]] == ["new.log", "old.log.gz"]
    assert said["logs"][1]["cause"] == "system-dep-missing"


@pytest.mark.parametrize("data", [b"PK\x03\x04broken", b"\x1f\x8bbroken"])
def test_damaged_archive_is_unusable_input(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "logs.bin"
    path.write_bytes(data)
    assert "hint:" in depbisect(str(path), code=2)


def test_folder_without_a_log_is_unusable_input(tmp_path: Path) -> None:
    assert "holds no log" in depbisect(str(tmp_path), code=2)


def test_log_that_is_not_there_is_wrong_usage_with_a_hint() -> None:
    assert "hint:" in depbisect("no-such.log", code=2)


def test_broken_requirements_file_does_not_stop_the_reading(tmp_path: Path) -> None:
    path = tmp_path / "requirements.txt"
    path.write_text("psycopg2==2.9.3\nnumpy=>1.20\n", encoding="utf-8")
    found = json.loads(depbisect(str(LOG), "--json", "-r", str(path)))
    assert found["suspects"][0]["requirement"] == "psycopg2==2.9.3"


def test_both_sides_of_a_conflict_are_told_once(tmp_path: Path) -> None:
    log = tmp_path / "uv.log"
    log.write_text(
        "error: No solution found when resolving dependencies\n"
        "  cause: Because flask==2.3.2 depends on jinja2>=3.1.2 and you require flask==2.3.2, we "
        "can conclude that you require jinja2>=3.1.2.\n"
        "         And because you require jinja2==2.11.3, we can conclude that your requirements "
        "are unsatisfiable.\n"
    )
    text = depbisect(str(log))
    assert "1. flask==2.3.2 + jinja2==2.11.3" in text
    assert text.count("No solution found") == 1
    assert "2. " not in text
