"""`depbisect pin`: bare names in, a pinned file out that was built before it is written."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bisect_deps.system.trust import make_state_folder
from tests.support.local_index import Fault, LocalIndex, Project

TEXT = "good\nrange>=1  # keep this\nfixed==1.0\n"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    index = LocalIndex(
        tmp_path_factory.mktemp("index"),
        Project("good").release("1.0").release("1.1", requires=["helper"]),
        Project("helper").release("1.0").release("2.0"),
        Project("range").release("1.0").release("1.5").release("2.0", fault=Fault.COMPILE),
        Project("fixed").release("1.0").release("1.1"),
    )
    with index.serve() as server:
        yield server.url


def pin(folder: Path, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bisect_deps", "pin", *arguments]
    return subprocess.run(
        command, cwd=folder, input=stdin, capture_output=True, text=True, check=False
    )


def written(folder: Path, text: str = TEXT) -> Path:
    path = folder / "requirements.txt"
    path.write_text(text)
    return path


def test_bare_names_and_ranges_become_pins_that_a_build_proves(tmp_path: Path, url: str) -> None:
    path = written(tmp_path, TEXT.replace("range>=1", "range>=1,<2"))
    done = pin(tmp_path, "--index-url", url)
    assert done.returncode == 0, done.stderr
    assert path.read_text() == "good==1.1\nrange==1.5  # keep this\nfixed==1.0\n"
    assert "+good==1.1\n" in done.stdout
    assert "Pinned 2 requirements (requirements.txt)" in done.stderr
    assert "proven by a build on Python" in done.stderr


def test_what_was_pinned_is_told_as_json(tmp_path: Path, url: str) -> None:
    path = written(tmp_path, TEXT.replace("range>=1", "range>=1,<2"))
    done = pin(tmp_path, "--index-url", url, "--json")
    report = json.loads(done.stdout)
    assert report["edits"] == [
        {
            "file": path.name,
            "line": 1,
            "name": "good",
            "from": "",
            "to": "==1.1",
            "action": "repin",
        },
        {
            "file": path.name,
            "line": 2,
            "name": "range",
            "from": ">=1,<2",
            "to": "==1.5",
            "action": "repin",
        },
    ]
    assert report["proof"]["passed"] is True
    assert report["proof"]["installed"]["helper"] == "2.0"
    assert [Path(name).name for name in report["written"]] == [path.name]
    assert "+good==1.1\n" in report["diff"]


def test_json_says_why_nothing_was_written(tmp_path: Path, url: str) -> None:
    written(tmp_path)
    options = ["--index-url", url, "--from", "-", "--json", "report.json"]
    done = pin(tmp_path, *options, stdin="good==1.0\nrange==2.0\n")
    report = json.loads((tmp_path / "report.json").read_text())
    assert (done.returncode, report["written"]) == (1, [])
    assert "range" in report["proof"]["failure"]
    assert "+good==1.0\n" in done.stdout


def test_pins_that_do_not_build_are_not_written(tmp_path: Path, url: str) -> None:
    path = written(tmp_path)
    done = pin(tmp_path, "--index-url", url, "--from", "-", stdin="good==1.0\nrange==2.0\n")
    assert done.returncode == 1
    assert path.read_text() == TEXT
    assert "requirements.txt does not build with these pins" in done.stderr
    assert "range" in done.stderr.split("does not build")[1]
    assert "Nothing was written." in done.stderr


def test_lines_that_cannot_be_pinned_are_named(tmp_path: Path, url: str) -> None:
    text = 'good\nother\nrange<1.2\nonly ; sys_platform == "nowhere"\n'
    path = written(tmp_path, text)
    freeze = "good==1.0\nrange==1.5\nonly==1\n"
    done = pin(tmp_path, "--index-url", url, "--from", "-", "--no-verify", stdin=freeze)
    assert done.returncode == 0
    assert path.read_text() == text.replace("good", "good==1.0")
    assert "requirements.txt:2: other: no version of it is known there" in done.stderr
    assert "requirements.txt:3: range<1.2: 1.5 is known, which this line does not" in done.stderr
    assert "does not apply to Python" in done.stderr


def test_transitive_pins_go_into_a_constraints_file_with_hashes(tmp_path: Path, url: str) -> None:
    path = written(tmp_path, "good\n")
    done = pin(tmp_path, "--index-url", url, "--transitive", "--hashes")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("--- a/")
    assert path.read_text().startswith("good==1.1 \\\n    --hash=sha256:")
    constraints = (tmp_path / "depbisect-constraints.txt").read_text()
    assert constraints.startswith("helper==2.0 \\\n    --hash=sha256:")
    files = "(requirements.txt and depbisect-constraints.txt)"
    assert f"1 requirement and the 1 that it pulls in {files}" in done.stderr


def test_several_files_are_pinned_as_one_and_each_in_place(tmp_path: Path, url: str) -> None:
    path = written(tmp_path, "good\n")
    more = tmp_path / "dev.txt"
    more.write_text("range<2\n")
    done = pin(tmp_path, "requirements.txt", "-r", "dev.txt", "--index-url", url)
    assert done.returncode == 0, done.stderr
    assert (path.read_text(), more.read_text()) == ("good==1.1\n", "range==1.5\n")
    assert "2 requirements (requirements.txt and dev.txt)" in done.stderr


def test_diff_and_output_leave_the_file_alone(tmp_path: Path, url: str) -> None:
    path = written(tmp_path, "good\n")
    shown = pin(tmp_path, "--index-url", url, "--diff")
    assert "+good==1.1\n" in shown.stdout
    assert "Would pin 1 requirement" in shown.stderr
    pin(tmp_path, "--index-url", url, "--no-verify", "-o", "pinned.txt")
    assert path.read_text() == "good\n"
    assert (tmp_path / "pinned.txt").read_text() == "good==1.1\n"


def test_the_last_verified_run_comes_before_a_lock_and_the_index(tmp_path: Path, url: str) -> None:
    path = written(tmp_path, "good\nrange==1.0\n")
    state = tmp_path / ".depbisect"
    make_state_folder(state)
    report = {"verdict": "fixed", "environment": {"Good": "1.0", "range": "1.5"}}
    (state / "report.json").write_text(json.dumps(report))
    done = pin(tmp_path, "--no-verify")
    assert "from the last verified run" in done.stderr
    kept = "requirements.txt:2: range==1.0: the last verified run has 1.5; a pin is not changed"
    assert f"Kept: {kept}." in done.stderr
    assert path.read_text() == "good==1.0\nrange==1.0\n"


@pytest.mark.parametrize(
    ("check", "code", "said"),
    [
        ("python -c 'import good'", 0, "proven by a build and what that run checked on Python"),
        ("python -c 'import nowhere'", 1, "requirements.txt does not build with these pins"),
    ],
    ids=["passes", "fails"],
)
def test_pins_of_a_run_pass_what_that_run_checked(
    tmp_path: Path, url: str, check: str, code: int, said: str
) -> None:
    path = written(tmp_path, "good\n")
    state = tmp_path / ".depbisect"
    make_state_folder(state)
    report = {
        "verdict": "fixed",
        "target": {"checks": [check], "imports": False},
        "environment": {"good": "1.1", "helper": "2.0"},
    }
    (state / "report.json").write_text(json.dumps(report))
    done = pin(tmp_path, "--from", "run", "--index-url", url)
    assert (done.returncode, path.read_text()) == (code, "good\n" if code else "good==1.1\n")
    assert said in done.stderr


def test_active_environment_is_read_whatever_python_it_has(tmp_path: Path) -> None:
    path = written(tmp_path, "packaging\n")
    done = pin(tmp_path, "--from", "env", "--python", sys.executable, "--no-verify")
    assert done.returncode == 0, done.stderr
    import packaging

    assert path.read_text() == f"packaging=={packaging.__version__}\n"


def test_a_table_of_another_tool_is_pinned_in_its_own_words(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    text = '[tool.poetry.dependencies]\npython = "^3.9"\ngood = "^1.0"  # the one\n'
    path.write_text(text)
    done = pin(tmp_path, "pyproject.toml", "--from", "-", "--no-verify", stdin="good==1.1\n")
    assert done.returncode == 0, done.stderr
    assert path.read_text() == text.replace("^1.0", "==1.1")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--from", "run"), "there is no run to pin from"),
        (("--from", "-"), "no pinned version in it"),
        (("--from", "nowhere.lock"), "hint: give env, -, run, index, or the path of a lock"),
    ],
)
def test_a_source_that_knows_nothing_is_an_error(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    written(tmp_path, "good\n")
    done = pin(tmp_path, *arguments)
    assert done.returncode == 2
    assert said in done.stderr


def test_lines_that_suit_no_versions_are_left_to_a_run(tmp_path: Path, url: str) -> None:
    written(tmp_path, "good==1.1\nhelper<2\nrange>=9\n")
    done = pin(tmp_path, "--index-url", url)
    assert done.returncode == 1
    assert "depbisect run requirements.txt" in done.stderr
