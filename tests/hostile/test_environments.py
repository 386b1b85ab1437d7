"""Machines that lack something or do what nobody expects: one message each, no traceback."""

from __future__ import annotations

import inspect
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from bisect_deps.builders._ci import CiBuilder
from bisect_deps.builders.algorithmia.builder import AlgorithmiaBuilder
from bisect_deps.builders.algorithmia.patience import Patience
from bisect_deps.builders.datarobot import DataRobotBuilder
from bisect_deps.builders.spaces import SpacesBuilder
from bisect_deps.cli import group, main
from bisect_deps.errors import InputError
from bisect_deps.index.base import completed
from bisect_deps.index.logins import login
from bisect_deps.lint.settings import read_table
from bisect_deps.model import IndexSettings
from bisect_deps.run.driver import Prober
from bisect_deps.run.settings import file_defaults

ROOT = Path(__file__).resolve().parents[2]
PYTHON = f"{sys.executable} -m bisect_deps"
GOOD = "requests==2.31.0\n"


def shell(folder: Path, command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a shell command with `depbisect` as a function of it."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    script = f'depbisect() {{ {PYTHON} "$@"; }}\n{command}'
    return subprocess.run(
        ["/bin/bash", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=120,
        check=False,
    )


# Name to the command and the exit codes that may follow.
STREAMS = {
    "closed stdin": ("depbisect lint - <&-", {0, 1, 2}),
    "closed stdout": ("depbisect lint >&-", {2}),
    "closed stderr": ("depbisect lint 2>&-", {0, 1}),
    "full stderr": ("depbisect lint 2> /dev/full", {0}),
    "full stderr of an error": ("depbisect lint nothing.txt 2> /dev/full", {2}),
    "full stderr of wrong usage": ("depbisect lint --nothing 2> /dev/full", {2}),
    "a reader of stderr that goes away": ("{ sleep 0.2; depbisect run; } 2> >(true)", {2}),
    "all streams full": ("depbisect lint > /dev/full 2> /dev/full", {2}),
    "all streams closed": ("depbisect lint <&- >&- 2>&-", {2}),
    "full stdout": ("depbisect lint nothing.txt requirements.txt > /dev/full", {2}),
    "full stdout of a report": ("depbisect lint --output-format json > /dev/full", {2}),
    "a reader that goes away": ("depbisect --help | head -c 1; exit ${PIPESTATUS[0]}", {0, 2, 141}),
    "no current folder": ("mkdir gone; cd gone; rmdir ../gone; depbisect lint", {2}),
    "a folder that nobody may read": ("depbisect lint nowhere/requirements.txt", {2}),
    "a report over a folder": ("mkdir out; depbisect lint -o out", {2}),
    "a report to a full disk": ("depbisect lint --output-format json -o /dev/full", {0, 1, 2}),
}
PLACES = {
    "no HOME": {"HOME": ""},
    "a HOME that is not there": {"HOME": "/nonexistent/home"},
    "a HOME that is a file": {"HOME": "/etc/passwd"},
    "an empty PATH": {"PATH": ""},
    "a PATH of nothing": {"PATH": "/nonexistent"},
    "a cache that is a file": {"XDG_CACHE_HOME": "/etc/passwd"},
    "a cache that is a device": {"XDG_CACHE_HOME": "/dev/null"},
    "temporary files nowhere": {"TMPDIR": "/nonexistent"},
    "no locale": {"LANG": "", "LC_ALL": ""},
    "a locale without letters": {"LC_ALL": "POSIX", "PYTHONUTF8": "0"},
    "an unknown locale": {"LC_ALL": "xx_YY.UTF-9"},
    "an unknown terminal": {"TERM": "nothing-of-this-name"},
    "a dumb terminal": {"TERM": "dumb"},
    "a narrow terminal": {"COLUMNS": "1"},
    "a terminal of no width": {"COLUMNS": "0"},
    "a width that is no number": {"COLUMNS": "wide"},
    "a proxy that is not there": {"HTTPS_PROXY": "http://127.0.0.1:9"},
    "a proxy that is no address": {"HTTPS_PROXY": "http://u:p@[x]/"},
    "certificates that are not there": {"SSL_CERT_FILE": "/nonexistent.pem"},
}
FILES = {
    "a device of nothing": "ln -s /dev/null one.txt",
    "a link to itself": "ln -s one.txt one.txt",
    "a socket": f"{sys.executable} -c \"import socket; socket.socket(1).bind('one.txt')\"",
    "a folder": "mkdir one.txt",
    "a file without rights": "touch one.txt; chmod 000 one.txt",
}


def be_told(done: subprocess.CompletedProcess[str], codes: set[int]) -> None:
    said = done.stdout + done.stderr
    assert "Traceback" not in said, said
    assert "Exception ignored" not in said, said
    assert done.returncode in codes, (done.returncode, said)


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_that_is_not_there(tmp_path: Path, name: str) -> None:
    (tmp_path / "requirements.txt").write_text(GOOD)
    command, codes = STREAMS[name]
    be_told(shell(tmp_path, command), codes)


@pytest.mark.parametrize("name", PLACES)
def test_a_machine_that_lacks_something_still_lints(tmp_path: Path, name: str) -> None:
    (tmp_path / "requirements.txt").write_text(GOOD)
    be_told(shell(tmp_path, "depbisect lint", **PLACES[name]), {0, 1})


@pytest.mark.parametrize("name", FILES)
def test_what_is_no_regular_file_ends_with_a_message(tmp_path: Path, name: str) -> None:
    subprocess.run(["/bin/sh", "-c", FILES[name]], cwd=tmp_path, check=True)
    for command in ("lint", "diagnose"):
        done = shell(tmp_path, f"timeout 60 {PYTHON} {command} one.txt")
        be_told(done, {0, 1, 2})


RUN = "depbisect run --no-progress --max-builds 1"
WITH_RUN = {
    "an index of no host": (f"{RUN} --index-url https://a@", {}, {2}),
    "an index of no host by variable": (RUN, {"UV_INDEX_URL": "https://a@"}, {2}),
    "an index of an invalid host": (f"{RUN} --index-url 'https://u:p@[x]/'", {}, {2}),
    "an index of an invalid port": (f"{RUN} --extra-index-url https://h:port/", {}, {2}),
    "an empty PATH": (RUN, {"PATH": ""}, {0, 1, 3, 4}),
    "a cache that is a file": (RUN, {"XDG_CACHE_HOME": "/etc/passwd"}, {2, 4}),
    "a state folder that is a file": (f"touch .depbisect; {RUN}", {}, {2, 4}),
    "temporary files nowhere": (RUN, {"TMPDIR": "/nonexistent"}, {0, 1, 2, 3, 4}),
}


@pytest.mark.parametrize("name", WITH_RUN)
def test_a_machine_that_lacks_something_runs_or_says_why(tmp_path: Path, name: str) -> None:
    (tmp_path / "requirements.txt").write_text("")
    command, variables, codes = WITH_RUN[name]
    be_told(shell(tmp_path, command, **variables), codes)


WORK = '"$(dirname "$(dirname "$(dirname "$VIRTUAL_ENV")")")"'
REMOVED = {
    "the environment": ('"$VIRTUAL_ENV"', "was removed while builds used it"),
    "the logs": (f"{WORK}/private", "was removed while builds used it"),
    "the work folder": (WORK, "was removed while builds used it"),
    "the state folder": (".depbisect", "was removed while the run went on"),
    "the logs that are kept": (".depbisect/probes", "was removed while the run went on"),
    "the journal": (".depbisect/journal.jsonl", "was changed by something else"),
}


@pytest.mark.parametrize("name", REMOVED)
def test_what_is_removed_during_a_run_ends_it_with_one_message(tmp_path: Path, name: str) -> None:
    (tmp_path / "requirements.txt").write_text("")
    what, message = REMOVED[name]
    cache = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    check = f"[ -e good ] || {{ rm -rf {what}; exit 1; }}"
    command = f"depbisect run --no-progress --sandbox off --check '{check}'"
    done = shell(tmp_path, command, **cache)
    be_told(done, {4})
    assert message in done.stderr
    assert done.stderr.count("error: ") == 1
    assert (tmp_path / "requirements.txt").read_text() == ""
    (tmp_path / "good").touch()
    be_told(shell(tmp_path, command, **cache), {0})


def test_a_build_whose_folder_was_removed_accuses_nobody(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("")
    command = (
        "rm -rf cache/depbisect-builds/*/copy1; exit 1",
        "rm -rf cache/depbisect-builds/*; exit 1",
    )
    for word in command:
        words = f"--builder command --build-cmd 'cd {tmp_path}; {word}'"
        done = shell(
            tmp_path,
            f"depbisect run --no-progress {words}",
            XDG_CACHE_HOME=str(tmp_path / "cache"),
        )
        be_told(done, {4})
        assert "was removed while builds used it" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM])
def test_a_signal_ends_a_run_like_ctrl_c(tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "requirements.txt").write_text("")
    check = f"touch {tmp_path}/started; sleep 300.{number}"
    process = subprocess.Popen(
        [sys.executable, "-m", "bisect_deps", "run", "--no-progress", "--check", check],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # Whoever starts the tests may ignore it, as nohup does.
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
    )
    wait(lambda: (tmp_path / "started").exists() or process.poll() is not None)
    process.send_signal(number)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    wait(lambda: f"sleep 300.{number}" not in running())
    assert f"sleep 300.{number}" not in running()


def test_an_error_of_ours_writes_a_crash_file_and_ends_with_70(tmp_path: Path) -> None:
    program = (
        "import bisect_deps.cli as cli\n"
        "def fail(*a, **k): raise KeyError('of our own, for https://u:hunter2hunter2@x/')\n"
        "cli.group.main = fail\n"
        "cli.main(['lint'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 70
    first, second = done.stderr.splitlines()
    assert first.startswith("error: depbisect itself failed: KeyError")
    [file] = tmp_path.glob("depbisect-crash-*")
    assert str(file) in second
    assert "Traceback" in file.read_text()
    assert "hunter2" not in done.stderr + file.read_text()
    assert file.stat().st_mode & 0o077 == 0


def test_data_of_ours_that_end_too_soon_are_no_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise click.Abort() from EOFError("marshal data too short")  # As click makes it of that.

    monkeypatch.setattr(group, "main", fail)
    monkeypatch.setattr("bisect_deps.cli.crash", lambda error: [repr(error)])
    with pytest.raises(SystemExit) as ended:
        main(["lint"])
    assert ended.value.code == 70


def test_deep_nesting_and_endless_numbers_end_with_a_message(tmp_path: Path) -> None:
    deep, digits = "[" * 100_000, "9" * 5_000
    texts = {
        "deep/pyproject.toml": f"a = {deep}",
        "long/pyproject.toml": f"a = {digits}",
        "long/requirements.txt": f"numpy=={digits}\nother=={digits}!1.{digits}\n",
        "deep/report.json": deep,
        "long/report.json": f'{{"a": {digits}}}',
    }
    for name, text in texts.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        command = f"report {path.parent}" if path.suffix == ".json" else f"lint {path}"
        be_told(shell(tmp_path, f"depbisect {command}"), {0, 1, 2})


@pytest.mark.parametrize("wrong", [None, [], "text", 7, {"verdict": 1}, {"schema": []}])
def test_a_report_of_wrong_types_ends_with_a_message(tmp_path: Path, wrong: object) -> None:
    state = tmp_path / ".depbisect"
    state.mkdir(mode=0o700)
    (state / "report.json").write_text(json.dumps(wrong))
    (state / "report.json").chmod(0o600)
    be_told(shell(tmp_path, "depbisect report"), {2})


def wait(claim: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not claim() and time.monotonic() < deadline:
        time.sleep(0.02)


def running() -> str:
    return subprocess.run(["ps", "axo", "args"], capture_output=True, text=True).stdout


SETTINGS: dict[str, Callable[[Path], object]] = {
    "depbisect.toml": file_defaults,
    "pyproject.toml": read_table,
    "uv.toml": lambda folder: completed(IndexSettings(), "uv", {}, folder=folder),
    "netrc": lambda folder: login("https://x.example/", "", (), {"NETRC": f"{folder}/netrc"}),
}


@pytest.mark.parametrize("how", ["ln -s /dev/zero", "mkfifo"])
@pytest.mark.parametrize("name", SETTINGS)
def test_settings_without_end_are_one_error(tmp_path: Path, name: str, how: str) -> None:
    subprocess.run(f"{how} {tmp_path / name}", shell=True, check=True)
    with pytest.raises(InputError, match="these settings cannot be read: it is a"):
        SETTINGS[name](tmp_path)


@pytest.mark.parametrize(
    "waits", [CiBuilder, AlgorithmiaBuilder, SpacesBuilder, DataRobotBuilder, Patience, Prober]
)
def test_a_date_that_jumps_moves_no_wait(waits: type) -> None:
    """A build would be given up, or not be asked about for as long as the date went back."""
    assert inspect.signature(waits).parameters["clock"].default is time.monotonic
