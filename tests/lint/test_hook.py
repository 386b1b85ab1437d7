"""The hooks run under pre-commit itself, in a scratch repository."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOOKS = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
FILES = re.compile(HOOKS.split("files: &files '")[1].split("'\n")[0])


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("requirements.txt", True),
        ("requirements-dev.in", True),
        ("app/requirements/prod.txt", True),
        ("constraints.txt", True),
        ("pyproject.toml", True),
        ("pylock.dev.toml", True),
        ("docker/Dockerfile", True),
        (".github/workflows/ci.yml", True),
        ("notes.txt", False),
        ("src/requirements.py", False),
        ("my-pyproject.toml.bak", False),
    ],
)
def test_hook_is_given_the_right_files(path: str, wanted: bool) -> None:
    assert bool(FILES.search(path)) is wanted


@pytest.mark.skipif(find_spec("pre_commit") is None, reason="pre-commit is not installed")
def test_pre_commit_runs_the_hooks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "home"))
    project = tmp_path / "project"
    project.mkdir()
    entry = f"{sys.executable} -m bisect_deps lint"
    hooks = re.sub(r"entry: depbisect lint", f"entry: {entry}", HOOKS)
    # The hooks as they are published, run by the interpreter of the tests: no network is needed.
    hooks = hooks.replace("language: python", "language: system")
    indented = "".join(f"      {line}\n" for line in hooks.splitlines() if line[:1] != "#")
    (project / ".pre-commit-config.yaml").write_text(
        f"repos:\n  - repo: local\n    hooks:\n{indented}"
    )
    (project / "requirements.txt").write_text("flask\na===1.0\n")
    (project / "notes.txt").write_text("flask\n")
    git(project, "init", "--quiet")
    git(project, "add", ".")

    lint = pre_commit(project, "depbisect-lint")
    assert lint.returncode == 1
    assert "requirements.txt:1:1: DB101" in lint.stdout
    assert "notes.txt" not in lint.stdout
    assert pre_commit(project, "depbisect-lint-fix").returncode == 1
    assert (project / "requirements.txt").read_text() == "flask\na==1.0\n"

    (project / "requirements.txt").write_text("flask==3.0.3\na==1.0\n")
    git(project, "add", ".")
    assert pre_commit(project, "depbisect-lint").returncode == 0


def pre_commit(project: Path, hook: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pre_commit", "run", hook, "--all-files", "--color", "never"]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)


def git(project: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=project, check=True, capture_output=True)
