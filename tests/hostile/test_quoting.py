"""lint and diagnose quote nothing that is not the project's: it is named, and not read."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PLANTED = "planted4Secret7Value9"
ROOT = Path(__file__).parent.parent.parent
FORMATS = ["concise", "full", "json", "sarif", "github", "gitlab", "junit"]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a stranger's repository beside a home folder with credentials."""
    home, project = tmp_path / "home", tmp_path / "clone"
    (home / ".aws").mkdir(parents=True)
    (home / ".aws" / "credentials").write_text(f"[default]\naws_secret_access_key = {PLANTED}\n")
    (home / ".netrc").write_text(f"machine index.example login me password {PLANTED}\n")
    (home / "names.txt").write_text(f"{PLANTED}\n")
    (project / ".git").mkdir(parents=True)
    (project / ".git" / "config").write_text(f"extraheader = {PLANTED}\n")
    (project / "link.txt").symlink_to(home / "names.txt")
    os.mkfifo(project / "pipe.txt")
    with (project / "large.txt").open("wb") as stream:
        stream.truncate(65 << 20)
    return project


def said(clone: Path, *arguments: str, **variables: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "bisect_deps", *arguments],
        cwd=clone,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "HOME": str(clone.parent / "home"),
            "NOBODY_KNOWS": PLANTED,
            **variables,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


STRANGE = {
    "environment": "/proc/self/environ",
    "device": "/dev/zero",
    "pipe": "pipe.txt",
    "too large": "large.txt",
    "cloud key": "{home}/.aws/credentials",
    "climbing": "../home/names.txt",
    "link": "link.txt",
    "netrc": "{home}/.netrc",
    "file url": "file://{home}/names.txt",
    "git's own": ".git/config",
    "folder": ".",
}


@pytest.mark.parametrize("flag", ["-r", "-c"])
@pytest.mark.parametrize("place", STRANGE.values(), ids=STRANGE)
def test_what_is_not_the_projects_is_named_and_not_quoted(
    clone: Path, place: str, flag: str
) -> None:
    named = place.format(home=clone.parent / "home")
    (clone / "requirements.txt").write_text(f"good==1.0\n{flag} {named}\n")
    code, lint = said(clone, "lint", "requirements.txt", "--output-format", "github")
    assert code in (0, 1)
    assert named.rpartition("/")[2] in lint
    assert PLANTED not in lint
    log = "ERROR: Could not find a version that satisfies the requirement good==1.0\n"
    (clone / "build.log").write_text(log)
    code, diagnosis = said(clone, "diagnose", "build.log", "-r", "requirements.txt")
    assert code == 0
    assert PLANTED not in diagnosis


@pytest.mark.parametrize("output_format", FORMATS)
def test_a_secret_of_the_environment_is_in_no_output(clone: Path, output_format: str) -> None:
    (clone / "requirements.txt").write_text(f"good=={PLANTED}\n{PLANTED} nonsense\n")
    code, lint = said(clone, "lint", "requirements.txt", "--output-format", output_format)
    assert code == 1
    assert PLANTED not in lint
    assert "***" in lint


@pytest.mark.parametrize("form", [(), ("--json", "-")], ids=["text", "json"])
def test_a_secret_of_the_environment_is_in_no_diagnosis(clone: Path, form: tuple[str, ...]) -> None:
    log = f"ERROR: Could not find a version that satisfies the requirement good=={PLANTED}\n"
    (clone / "build.log").write_text(log)
    code, diagnosis = said(clone, "diagnose", "build.log", *form)
    assert code == 0
    assert "good" in diagnosis
    assert PLANTED not in diagnosis


@pytest.mark.parametrize(
    "place", ["/proc/self/environ", "/dev/zero", "pipe.txt", "large.txt", "link.txt"]
)
def test_a_root_file_of_that_kind_ends_with_a_message(clone: Path, place: str) -> None:
    code, told = said(clone, "lint", place)
    assert code == 2
    assert "error: " in told
    assert PLANTED not in told


@pytest.mark.parametrize("place", ["/proc/self/environ", "/dev/zero", "pipe.txt"])
def test_diagnose_reads_regular_files(clone: Path, place: str) -> None:
    code, told = said(clone, "diagnose", place)
    assert code == 2
    assert PLANTED not in told


def test_the_users_own_pipe_is_read(clone: Path) -> None:
    line = f"{sys.executable} -m bisect_deps lint <(echo 'good') --output-format concise"
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=clone,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "good" in done.stdout, done.stderr


def test_the_projects_own_includes_are_read(clone: Path) -> None:
    (clone / "sub").mkdir()
    (clone / "base.txt").write_text("unpinned\n")
    (clone / "sub" / "requirements.txt").write_text("-r ../base.txt\n")
    home = str(clone.parent / "home")
    assert "unpinned" in said(clone / "sub", "lint", "requirements.txt", HOME=home)[1]
