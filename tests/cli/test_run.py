"""`depbisect run` as a user runs it: exit codes, outputs, Ctrl-C, a kill at any moment."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import jsonschema
import pytest

from bisect_deps.reports.json import schema
from tests.builders.contract import left_in_the_end, names_in
from tests.support.local_index import Fault, LocalIndex, Project

ROOT = Path(__file__).resolve().parents[2]
# Moments at which a run is killed; DEPBISECT_TEST_KILLS=20 asks for more.
KILLS = int(os.environ.get("DEPBISECT_TEST_KILLS", "3"))
TEXT = "turns==1.0\nplain==1.0\nmetadata==1.0\n"
FIXED = "turns==2.0\nplain==1.0\nmetadata==1.1\n"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalIndex]:
    index = LocalIndex(
        tmp_path_factory.mktemp("index"),
        Project("plain").release("1.0"),
        Project("turns")
        .release("1.0", fault=Fault.COMPILE)
        .release("1.1", fault=Fault.COMPILE)
        .release("2.0"),
        Project("metadata").release("1.0", fault=Fault.METADATA).release("1.1"),
        Project("slow").release("1.0", sdist=True, wheel=False, seconds=60),
        *(
            Project(name)
            .release("1.0", sdist=True, wheel="cp27-cp27m-win32", **built)
            .release("1.1")
            for name, built in (
                ("endless", {"seconds": 900}),
                ("fails", {"fault": Fault.METADATA}),
            )
        ),
    )
    with index.serve() as server:
        index.url = server.url  # type: ignore[attr-defined]
        yield index


def command(served: LocalIndex, *arguments: str) -> list[str]:
    url: str = served.url  # type: ignore[attr-defined]
    options = ["--python", sys.executable, "--index-url", url, "--no-progress"]
    return [sys.executable, "-m", "bisect_deps", "run", *arguments, *options]


def run(
    served: LocalIndex, folder: Path, *arguments: str, text: str = TEXT
) -> subprocess.CompletedProcess[str]:
    (folder / "requirements.txt").write_text(text)
    return subprocess.run(
        command(served, *arguments),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


class Tried(NamedTuple):
    """A run, and the folder it left: its journal answers later runs there."""

    folder: Path
    done: subprocess.CompletedProcess[str]
    names: list[str]
    text: str


@pytest.fixture(scope="module")
def tried(served: LocalIndex, tmp_path_factory: pytest.TempPathFactory) -> Tried:
    folder = tmp_path_factory.mktemp("tried")
    done = run(served, folder)
    names = sorted(path.name for path in folder.iterdir())
    return Tried(folder, done, names, (folder / "requirements.txt").read_text())


def test_a_fix_is_shown_and_nothing_is_written(tried: Tried) -> None:
    assert tried.done.returncode == 0, tried.done.stderr
    assert "-turns==1.0" in tried.done.stdout
    assert "+turns==2.0" in tried.done.stdout
    assert tried.text == TEXT
    assert tried.names == [".depbisect", "requirements.txt"]


@pytest.mark.parametrize(
    ("more", "target", "said"),
    [
        ((), {}, True),
        (("--imports",), {"imports": True}, False),
        (("--check", "true"), {"checks": ["true"]}, False),
    ],
    ids=["installed", "imported", "checked"],
)
def test_a_fix_that_was_only_installed_says_so(
    served: LocalIndex, tmp_path: Path, more: tuple[str, ...], target: dict[str, object], said: bool
) -> None:
    done = run(served, tmp_path, "--json", "-", *more, text="metadata==1.0\n")
    report = json.loads(done.stdout)
    tried = {key: report["target"][key] for key in ("checks", "imports") if key in report["target"]}
    assert (report["verdict"], tried) == ("fixed", target)
    notes = [note["text"] for note in report["notes"]]
    assert any("nothing of it was imported or run" in note for note in notes) is said


def test_the_report_fits_the_schema_and_alone_fills_standard_output(
    served: LocalIndex, tried: Tried
) -> None:
    done = run(served, tried.folder, "--json", "-")
    report = json.loads(done.stdout)
    jsonschema.validate(report, schema())
    assert report["verdict"] == "fixed"
    assert [culprit["requirements"][0]["name"] for culprit in report["culprits"]] == [
        "turns",
        "metadata",
    ]


def test_write_changes_the_file_in_place_and_keeps_its_mode(
    served: LocalIndex, tried: Tried
) -> None:
    file = tried.folder / "requirements.txt"
    file.chmod(0o640)
    assert run(served, tried.folder, "--write").returncode == 0
    assert file.read_text() == FIXED
    assert file.stat().st_mode & 0o777 == 0o640


def test_where_nothing_could_be_written_that_is_said(served: LocalIndex, tmp_path: Path) -> None:
    done = run(served, tmp_path, "--write", text="plain==1.0\n")
    assert done.returncode == 0
    assert "Nothing was written: it passes as it is." in done.stderr


def test_the_fix_goes_where_it_is_asked_to(served: LocalIndex, tried: Tried) -> None:
    assert run(served, tried.folder, "-o", "fixed.txt").returncode == 0
    assert (tried.folder / "fixed.txt").read_text() == FIXED


def test_a_fix_of_an_include_needs_a_folder(served: LocalIndex, tmp_path: Path) -> None:
    (tmp_path / "base.txt").write_text("turns==1.0\n")
    text = "-r base.txt\nplain==1.0\n"
    refused = run(served, tmp_path, "-o", "fixed.txt", text=text)
    assert refused.returncode == 2
    assert "-o fixed/" in refused.stderr
    assert run(served, tmp_path, "-o", "fixed/", text=text).returncode == 0
    assert (tmp_path / "fixed" / "base.txt").read_text() == "turns==2.0\n"
    assert (tmp_path / "fixed" / "requirements.txt").read_text() == text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nonesuch.txt",), "no such file"),
        ((".",), "folder"),
        (("-o", "requirements.txt"), "--write"),
        (("-o", "x", "--write"), "exclude"),
        (("--python", "2.1"), "2.1"),
        (("--builder", "nonesuch"), "nonesuch"),
        (("--exclude-newer", "tomorrow"), "tomorrow"),
        (("--good", "once"), "once"),
        (("--check-input", "{"), "check-input"),
        (("--build-cmd", "make"), "--builder command"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_wrong_usage_ends_with_2_and_one_message(
    served: LocalIndex, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    folder = tmp_path
    (folder / "requirements.txt").write_text(TEXT)
    done = subprocess.run(
        [*command(served), *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert (folder / "requirements.txt").read_text() == TEXT


def test_without_an_index_the_run_says_so_and_ends_with_4(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(TEXT)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "bisect_deps", "run", "--no-progress"),
            *("--python", sys.executable, "--index-url", "http://127.0.0.1:9/simple/"),
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 4, done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_build_that_fails_once_for_no_reason_accuses_nobody(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("alpha==1\nbeta==1\ngamma==1\ndelta==1\n")
    once = tmp_path / "failed-once"
    command = f"test -e {once} || {{ touch {once}; exit 1; }}"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "bisect_deps", "run", "--no-progress", "--no-evidence"),
            *("--builder", "command", "--build-cmd", command, "--json", "-"),
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    report = json.loads(done.stdout)
    assert (done.returncode, report["verdict"], report["culprits"]) == (3, "inconclusive", [])
    assert any("passed" in note["text"] for note in report["notes"])


def living_of(folder: Path) -> list[str]:
    """Return the command lines of processes that work in or on this folder."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            where = os.readlink(process / "cwd")
        except (OSError, UnicodeDecodeError):
            continue
        if process.name != str(os.getpid()) and (str(folder) in line or where == str(folder)):
            found.append(line)
    return found


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="reads the process table")
def test_ctrl_c_ends_with_130_at_once_and_leaves_no_process(
    served: LocalIndex, tmp_path: Path
) -> None:
    (tmp_path / "requirements.txt").write_text("plain==1.0\nslow==1.0\n")
    running = subprocess.Popen(
        command(served),
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    journal = tmp_path / ".depbisect" / "journal.jsonl"
    while not journal.exists() or b"started" not in journal.read_bytes():
        time.sleep(0.05)
    time.sleep(1.5)
    running.send_signal(signal.SIGINT)
    output, _ = running.communicate(timeout=120)
    assert running.returncode == 130, output
    assert living_of(tmp_path) == []


def announced(served: LocalIndex, folder: Path) -> subprocess.Popen[str]:
    """Return a run that has just said that it is safe to stop; another line still compiles."""
    (folder / "requirements.txt").write_text("fails==1.0\nendless==1.0\n")
    running = subprocess.Popen(
        command(served, "-o", "fixed.txt"),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert running.stderr is not None
    assert any("It is safe to stop now" in line for line in running.stderr)
    return running


def test_a_fix_that_was_announced_is_the_answer_of_a_run_that_is_stopped_then(
    served: LocalIndex, tmp_path: Path
) -> None:
    """What else fails alone is still being compiled: whether its line must move is not known."""
    running = announced(served, tmp_path)
    running.send_signal(signal.SIGINT)
    output, errors = running.communicate(timeout=120)
    assert running.returncode == 130, errors
    assert (tmp_path / "fixed.txt").read_text() == "fails==1.1\nendless==1.1\n"
    said = " ".join(output.split())
    assert "requirements.txt fails on Python" in said
    assert "the run was interrupted before it was known which of its changes are needed" in said
    assert "not at fault" not in said


def test_a_folder_that_is_removed_while_the_run_goes_on_is_one_clear_error(
    served: LocalIndex, tmp_path: Path
) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    running = announced(served, folder)
    while folder.exists():  # The run may write to it meanwhile.
        shutil.rmtree(folder, ignore_errors=True)
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=120)
    assert "error: the current folder has been removed" in errors
    assert running.returncode == 2, errors


# Runs the command, interrupted as the first call of one of its functions begins.
INTERRUPTED = """
import os, signal, sys
from bisect_deps.cli import main
from bisect_deps.run import running
whole = getattr(running, {name!r})
def interrupted(*arguments):
    running.{name} = whole
    os.kill(os.getpid(), signal.SIGINT)
    return whole(*arguments)
running.{name} = interrupted
main(sys.argv[1:])
"""


@pytest.mark.parametrize("name", ["_is_broken", "close", "_changed", "_keep"])
def test_an_answer_is_told_whole_when_ctrl_c_comes_after_it(
    served: LocalIndex, tmp_path: Path, name: str
) -> None:
    (tmp_path / "requirements.txt").write_text("metadata==1.0\n")
    cache = tmp_path / "cache"
    _, _, _, *arguments = command(served, "-o", "fixed.txt")
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED.format(name=name), *arguments],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(cache)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 130, done.stderr
    assert (tmp_path / "fixed.txt").read_text() == "metadata==1.1\n"
    assert "+metadata==1.1" in done.stdout
    assert left_in_the_end(lambda: names_in(cache / "depbisect-builds")) == []


@pytest.mark.timeout(60 + 30 * KILLS)
def test_a_run_killed_at_any_moment_goes_on_and_repeats_no_finished_build(
    served: LocalIndex, tmp_path: Path
) -> None:
    whole = run(served, tmp_path, "--json", "-")
    expected = json.loads(whole.stdout)
    chance = random.Random(20)
    for attempt in range(KILLS):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        (folder / "requirements.txt").write_text(TEXT)
        running = subprocess.Popen(
            command(served),
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(chance.uniform(0.2, 3.0))
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        finished = answered(folder)
        report = json.loads(run(served, folder, "--resume", "--json", "-").stdout)
        assert report["verdict"] == expected["verdict"]
        assert named(report) == named(expected)
        assert report["fix"]["diff"] == expected["fix"]["diff"]
        after = answered(folder)
        assert len(after) == len(set(after)), "a finished build was repeated"
        assert after[: len(finished)] == finished


def answered(folder: Path) -> list[str]:
    path = folder / ".depbisect" / "journal.jsonl"
    if not path.exists():
        return []
    keys = []
    for line in path.read_text().splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if entry["type"] == "probe":
            keys.append(entry["key"])
    return keys


def named(report: dict[str, object]) -> list[str]:
    culprits = report["culprits"]
    assert isinstance(culprits, list)
    return sorted(culprit["requirements"][0]["name"] for culprit in culprits)
