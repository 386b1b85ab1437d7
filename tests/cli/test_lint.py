"""`depbisect lint` as a process: exit codes, standard input, fixes on the disk, configuration."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.linted import write_files
from tests.support.local_index import Fault, LocalIndex, Project

ROOT = Path(__file__).parents[2]
FORMATS = ("concise", "full", "json", "sarif", "github", "gitlab", "junit")


def depbisect(
    folder: Path, *arguments: str, stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    return subprocess.run(
        [sys.executable, "-m", "bisect_deps", "lint", *arguments],
        cwd=folder,
        input=stdin,
        capture_output=True,
        env=environment,
        check=False,
    )


@pytest.mark.parametrize("output_format", FORMATS)
def test_exit_code_is_the_same_in_every_format(tmp_path: Path, output_format: str) -> None:
    write_files(tmp_path, {"bad.txt": "flask\n", "good.txt": "flask==1\n", "warn.txt": "a~=1.0\n"})
    asked = ("--output-format", output_format)
    assert depbisect(tmp_path, "bad.txt", *asked).returncode == 1
    assert depbisect(tmp_path, "good.txt", *asked).returncode == 0
    assert depbisect(tmp_path, "warn.txt", *asked).returncode == 0
    assert depbisect(tmp_path, "warn.txt", "--fail-on", "warning", *asked).returncode == 1
    assert depbisect(tmp_path, "bad.txt", "--exit-zero", *asked).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("missing.txt",), "missing.txt"),
        (("--select", "DB999", "good.txt"), "DB999"),
        (("--target", "python=three", "good.txt"), "three"),
        (("--from", "missing.lock", "good.txt"), "missing.lock"),
        (("--baseline", "missing.json", "good.txt"), "missing.json"),
        (("--output-format", "xml", "good.txt"), "xml"),
        (("empty",), "empty"),
    ],
)
def test_unusable_input_exits_2_and_says_which(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    write_files(tmp_path, {"good.txt": "flask==1\n"})
    (tmp_path / "empty").mkdir()
    answer = depbisect(tmp_path, *arguments)
    assert answer.returncode == 2
    assert said in answer.stderr.decode()


def test_unreachable_index_exits_4(tmp_path: Path) -> None:
    write_files(tmp_path, {"good.txt": "flask==1\n"})
    index = "http://127.0.0.1:9/simple/"
    answer = depbisect(tmp_path, "good.txt", "--online", "--index-url", index)
    assert answer.returncode == 4
    assert b"could not run" in answer.stderr


def test_nothing_is_asked_of_the_network_by_default(tmp_path: Path) -> None:
    write_files(tmp_path, {"good.txt": "no-such-project==1\n"})
    answer = depbisect(tmp_path, "good.txt")
    assert (answer.returncode, answer.stderr) == (0, b"")


def test_standard_input_is_linted_and_fixed(tmp_path: Path) -> None:
    answer = depbisect(tmp_path, "-", stdin=b"flask\n")
    assert answer.stdout.startswith(b"requirements.txt:1:1: DB101")
    answer = depbisect(tmp_path, "-", "--stdin-filename", "x/dev.txt", stdin=b"flask\n")
    assert (answer.returncode, answer.stdout[:9]) == (0, b"x/dev.txt")
    answer = depbisect(tmp_path, "-", "--fix", stdin=b"a===1.0\r\n")
    assert (answer.returncode, answer.stdout) == (0, b"a==1.0\r\n")
    assert not list(tmp_path.iterdir())


def test_fix_writes_and_diff_does_not(tmp_path: Path) -> None:
    write_files(tmp_path, {"requirements.txt": "a===1.0\n"})
    shown = depbisect(tmp_path, "--diff")
    assert b"-a===1.0\n+a==1.0\n" in shown.stdout
    assert (tmp_path / "requirements.txt").read_text() == "a===1.0\n"
    assert depbisect(tmp_path, "--fix").returncode == 0
    assert (tmp_path / "requirements.txt").read_text() == "a==1.0\n"


def test_diff_applies(tmp_path: Path) -> None:
    write_files(tmp_path, {"sub/requirements.txt": "# ü\na===1.0\nb==1\nb==1\n"})
    diff = depbisect(tmp_path, "--diff", "sub").stdout
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=diff, check=True)
    assert (tmp_path / "sub" / "requirements.txt").read_text("utf-8") == "# ü\na==1.0\nb==1\n"


def test_configuration_is_found_above_and_flags_win(tmp_path: Path) -> None:
    table = '[tool.depbisect.lint]\nignore = ["DB101"]\noutput-format = "json"\n'
    write_files(tmp_path, {"pyproject.toml": table, "sub/requirements.txt": "flask\na>=1\n"})
    found = json.loads(depbisect(tmp_path / "sub").stdout)["findings"]
    assert [finding["code"] for finding in found] == ["DB102"]
    told = depbisect(tmp_path / "sub", "--ignore", "DB102", "--output-format", "concise").stdout
    assert told.startswith(b"requirements.txt:1:1: DB101")
    assert depbisect(tmp_path / "sub", "--isolated").stdout.count(b"DB1") == 2


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('selct = ["DB1"]', "selct"),
        ('profile = "prod"', "publish, library, locked, dev"),
        ('ignore = ["DB999"]', "DB999"),
        ("online = 1", "true or false"),
    ],
)
def test_wrong_configuration_is_explained(tmp_path: Path, line: str, said: str) -> None:
    write_files(tmp_path, {"depbisect.toml": f"[lint]\n{line}\n", "requirements.txt": "a==1\n"})
    answer = depbisect(tmp_path)
    assert answer.returncode == 2
    assert said in answer.stderr.decode()


def test_baseline_hides_what_is_known_and_shows_what_is_new(tmp_path: Path) -> None:
    write_files(tmp_path, {"requirements.txt": "flask\n"})
    assert depbisect(tmp_path, "--write-baseline", "known.json").returncode == 0
    write_files(tmp_path, {"requirements.txt": "# moved\nflask\n"})
    assert depbisect(tmp_path, "--baseline", "known.json").returncode == 0
    write_files(tmp_path, {"requirements.txt": "flask\nclick\n"})
    answer = depbisect(tmp_path, "--baseline", "known.json")
    assert answer.returncode == 1
    assert answer.stdout.startswith(b"requirements.txt:2:1: DB101")


def test_explain_shows_why_and_examples(tmp_path: Path) -> None:
    answer = depbisect(tmp_path, "--explain", "wildcard-pin")
    assert answer.returncode == 0
    assert answer.stdout.decode().startswith("### DB103 wildcard-pin\n")


def test_report_goes_to_a_file(tmp_path: Path) -> None:
    write_files(tmp_path, {"requirements.txt": "flask\n"})
    answer = depbisect(tmp_path, "--output-format", "sarif", "-o", "out.sarif")
    assert (answer.returncode, answer.stdout) == (1, b"")
    assert json.loads((tmp_path / "out.sarif").read_text("utf-8"))["version"] == "2.1.0"


def test_verify_writes_what_builds_and_nothing_else(tmp_path: Path) -> None:
    index = LocalIndex(tmp_path / "index")
    index.add(
        Project("alpha").release("1.0").release("2.0", wheel=False, sdist=True, fault=Fault.COMPILE)
    )
    project = tmp_path / "project"
    write_files(project, {"requirements.txt": "alpha\n", "good.txt": "alpha==1.0\n"})
    write_files(project, {"bad.txt": "alpha==2.0\n"})
    with index.serve() as server:
        asked = ("requirements.txt", "--fix", "--verify", "--index-url", server.url, "--from")
        broken = depbisect(project, *asked, "bad.txt")
        assert broken.returncode == 1
        assert b"does not build" in broken.stderr
        assert b"1. alpha==2.0" in broken.stderr  # the diagnosis names what failed
        assert (project / "requirements.txt").read_text() == "alpha\n"
        assert depbisect(project, *asked, "good.txt").returncode == 0
    assert (project / "requirements.txt").read_text() == "alpha==1.0\n"


def test_the_index_named_in_the_file_is_asked(tmp_path: Path) -> None:
    index = LocalIndex(tmp_path / "index").add(Project("alpha").release("1.0"))
    with index.serve() as server:
        text = f"--index-url {server.url}\nalpha==9.0\n"
        answer = depbisect(tmp_path, "-", "--online", stdin=text.encode())
    assert answer.returncode == 1
    assert b"DB501" in answer.stdout
