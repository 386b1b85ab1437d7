"""`depbisect diagnose` reads a log from a file or a pipe, and builds nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

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


def test_log_that_is_not_there_is_wrong_usage_with_a_hint() -> None:
    assert "hint:" in depbisect("no-such.log", code=2)


def test_broken_requirements_file_does_not_stop_the_reading(tmp_path: Path) -> None:
    path = tmp_path / "requirements.txt"
    path.write_text("psycopg2==2.9.3\nnumpy=>1.20\n", encoding="utf-8")
    found = json.loads(depbisect(str(LOG), "--json", "-r", str(path)))
    assert found["suspects"][0]["requirement"] == "psycopg2==2.9.3"
