"""Many files, each with its own verdict; what one shows of a release is not built again."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from bisect_deps.errors import InputError
from bisect_deps.run.fleet import expand
from tests.support.local_index import Fault, LocalIndex, Project

PROJECTS = (
    *(Project(f"sound{n}").release("1.0") for n in range(4)),
    Project("broken").release("1.0", fault=Fault.COMPILE).release("2.0"),
    Project("slow").release("1.0", seconds=300),
)
SHARED = {
    "one": "sound0==1.0\nbroken==1.0\n",
    "two": "sound1==1.0\nbroken==1.0\nsound2==1.0\n",
    "three": "broken==1.0\nsound3==1.0\n",
    "four": "sound0==1.0\n",
}


class Folder:
    """A folder with one requirements file in each of its sub-folders."""

    def __init__(self, folder: Path, files: dict[str, str]) -> None:
        self.folder = folder / "files"
        self.index = LocalIndex(folder / "index", *PROJECTS)
        for name, text in files.items():
            self.path(name).parent.mkdir(parents=True)
            self.path(name).write_text(text)

    def path(self, name: str) -> Path:
        return self.folder / name / "requirements.txt"

    def start(self, *flags: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "bisect_deps", "fleet", "*/requirements.txt", *flags]
        command += ["--no-index", "--find-links", str(self.index.find_links)]
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": os.getcwd()},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def rows(self, *flags: str, code: int = 0) -> dict[str, dict[str, Any]]:
        """Return the rows by the name of the folder, in the order in which they were done."""
        process = self.start("--json", "-", *flags)
        out, err = process.communicate(timeout=240)
        assert process.returncode == code, out + err
        rows = map(json.loads, out.splitlines())
        return {Path(row["file"]).parent.name: row for row in rows}

    def answers(self) -> list[str]:
        """Return the keys of all builds that were recorded."""
        journals = (self.folder / ".depbisect" / "fleet").glob("*/journal.jsonl")
        lines = [json.loads(line) for path in journals for line in path.read_text().splitlines()]
        return [line["key"] for line in lines if line["type"] == "started"]


def test_a_shared_culprit_is_built_once_and_every_fix_is(tmp_path: Path) -> None:
    folder = Folder(tmp_path, SHARED)
    rows = folder.rows()
    assert {name: row["verdict"] for name, row in rows.items()} == {
        "four": "passes",
        "one": "fixed",
        "three": "fixed",
        "two": "fixed",
    }
    one, three, two = rows["one"], rows["three"], rows["two"]
    assert one["known"] == []
    assert one["builds"] >= 2
    for later in (three, two):
        assert later["culprits"] == ["broken==1.0"]
        assert later["known"] == ["broken==1.0"]
        assert later["builds"] == 1, "the fix alone"
        assert "+broken==2.0" in later["diff"]
    again = folder.rows()
    assert all(row["resumed"] for row in again.values())


def test_a_file_that_changed_and_a_fresh_call_are_built_again(tmp_path: Path) -> None:
    folder = Folder(tmp_path, {"one": "sound0==1.0\n", "two": "sound1==1.0\n"})
    folder.rows()
    folder.path("two").write_text("sound2==1.0\n")
    rows = folder.rows()
    assert {name: row["resumed"] for name, row in rows.items()} == {"one": True, "two": False}
    assert not any(row["resumed"] for row in folder.rows("--fresh").values())


def test_fixes_that_were_found_before_are_written_when_that_is_asked_for(tmp_path: Path) -> None:
    folder = Folder(tmp_path, {"one": "broken==1.0\n", "two": "sound1==1.0\n"})
    said = folder.start().communicate(timeout=240)[0]
    assert "the same command with --write" in said
    answers = folder.answers()
    process = folder.start("--write")
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, out + err
    assert folder.path("one").read_text() == "broken==2.0\n"
    assert folder.answers() == answers, "nothing is built twice"
    assert "written" in err
    assert "the same command with --write" not in out


def test_what_is_known_under_other_options_is_not_taken_over(tmp_path: Path) -> None:
    folder = Folder(tmp_path, {"one": "broken==1.0\n", "two": "--pre\nbroken==1.0\n"})
    rows = folder.rows()
    assert rows["two"]["known"] == []
    assert rows["two"]["verdict"] == "fixed"


def test_kill_minus_nine_and_the_same_command_builds_nothing_twice(tmp_path: Path) -> None:
    folder = Folder(tmp_path, SHARED)
    process = folder.start("--json", "-")
    assert process.stdout is not None
    first = json.loads(process.stdout.readline())
    process.send_signal(signal.SIGKILL)
    process.communicate()
    rows = folder.rows()
    done = Path(first["file"]).parent.name
    assert rows[done]["resumed"]
    assert len(rows) == len(SHARED)
    assert all(row["verdict"] in ("passes", "fixed") for row in rows.values())
    finished = [row for row in rows.values() if row["known"]]
    assert {row["builds"] for row in finished} <= {0, 1}


def test_ctrl_c_ends_every_run(tmp_path: Path) -> None:
    folder = Folder(tmp_path, {"one": "slow==1.0\n", "two": "sound0==1.0\nslow==1.0\n"})
    process = folder.start("-j", "2")
    until = time.monotonic() + 60
    while len(folder.answers()) < 2:
        assert time.monotonic() < until
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130


# What Python knows of itself comes late: all runs ask for it at the same moment.
LATE = """
import sys, sysconfig, time
known = sysconfig._init_posix
def late(found):
    time.sleep(0.5)
    known(found)
sysconfig._init_posix = late
from bisect_deps.cli import main
main(sys.argv[1:])
"""


def test_runs_that_begin_at_the_same_moment_all_find_uv(tmp_path: Path) -> None:
    folder = Folder(tmp_path, {"one": "sound0==1.0\n", "two": "sound1==1.0\n"})
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    command = [sys.executable, "-c", LATE, "fleet", "*/requirements.txt", "-j", "2"]
    command += ["--no-index", "--find-links", str(folder.index.find_links), "--python", python]
    done = subprocess.run(
        command,
        cwd=folder.folder,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_table_names_each_file_and_counts_each_culprit(tmp_path: Path) -> None:
    folder = Folder(tmp_path, {**SHARED, "bad": "no such line !\n"})
    process = folder.start("-j", "2", "--write")
    out, err = process.communicate(timeout=240)
    assert process.returncode == 2, err
    assert "requirements.txt:1" in err
    folder.path("bad").write_text("nowhere==1.0\n")
    reports = ("--html", "all.html", "--markdown", "all.md", "--sarif", "all.sarif")
    process = folder.start("-j", "2", "--write", *reports)
    out, err = process.communicate(timeout=240)
    assert process.returncode == 1, err
    judge_page((folder.folder / "all.html").read_text())
    text = (folder.folder / "all.md").read_text()
    assert text.startswith(
        "### 4 of 5 files pass or have a verified fix.\n\n- `broken==1.0` breaks 3"
    )
    assert text.count("```diff\n") == 3
    judge_sarif(json.loads((folder.folder / "all.sarif").read_text()))
    assert "    3  broken==1.0" in out
    assert "4 of 5 files pass or have a verified fix" in out
    assert folder.path("two").read_text() == "sound1==1.0\nbroken==2.0\nsound2==1.0\n"
    assert folder.path("bad").read_text() == "nowhere==1.0\n"


def judge_page(page: str) -> None:
    """A release with its files, and each file with its patch."""
    assert "4 of 5 files pass or have a verified fix." in page
    assert page.count('<span class="added">+broken==2.0') == 3
    release = page[page.index('<span class="badge fail">3 files</span>') :]
    assert release.index("<code>broken==1.0</code>") < release.index("</details>")
    where = release[: release.index("</details>")]
    for name in ("one", "two", "three"):
        [anchor] = re.findall(rf'<a href="#([\w-]+)">{name}/requirements.txt</a>', where)
        assert f'<li id="{anchor}" class="pass">' in page
    assert "four/requirements.txt" not in where


def judge_sarif(log: dict[str, Any]) -> None:
    """One run; each file's culprit on its own line."""
    [run] = log["runs"]
    places = {
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]: result["locations"][
            0
        ]["physicalLocation"]["region"]["startLine"]
        for result in run["results"]
        if "broken" in result["message"]["text"]
    }
    expected = {"one": 2, "two": 2, "three": 1}
    assert places == {f"{name}/requirements.txt": line for name, line in expected.items()}


@pytest.mark.parametrize("builder", ["manual", "algorithmia", "nobody"])
def test_a_builder_of_one_place_is_not_shared(tmp_path: Path, builder: str) -> None:
    folder = Folder(tmp_path, {"one": "sound0==1.0\n"})
    process = folder.start("-j", "2", "--builder", builder)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2, err


def test_paths_are_files_folders_globs_and_a_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a/requirements.txt", "b/dev-requirements.txt", "c.txt"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text("")
    found = expand(["b", "*.txt", "a/requirements.txt"], "c.txt\n\n")
    assert list(map(str, found)) == ["b/dev-requirements.txt", "c.txt", "a/requirements.txt"]
    assert expand([str(tmp_path / "*" / "*.txt")]) == [
        tmp_path / "a/requirements.txt",
        tmp_path / "b/dev-requirements.txt",
    ]
    with pytest.raises(InputError, match="no such file"):
        expand(["nothing-*.txt"])
