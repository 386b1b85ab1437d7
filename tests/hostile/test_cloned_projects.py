"""A project that came from elsewhere: nothing of it is run by what only reads it, or prepares."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bisect_deps.builders._ci_projects import project_of
from bisect_deps.builders._copies import CopiedProject, top_of
from bisect_deps.lint.online import _commit
from bisect_deps.run.revisions import find_revision

ROOT = Path(__file__).resolve().parents[2]
# What our own programs and those that we start import; Python's own start comes before both.
SHADOWING = (
    *("click", "packaging", "tomlkit", "requests", "platformdirs", "filelock", "rich", "keyring"),
    *("json", "re", "pathlib", "subprocess", "venv", "ensurepip", "pip", "uv", "pip_audit"),
    *("sitecustomize", "usercustomize"),
)


@pytest.fixture
def cloned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project whose modules have the names of what others import."""
    project = tmp_path / "cloned"
    project.mkdir()
    ran = tmp_path / "ran"
    for name in SHADOWING:
        (project / f"{name}.py").write_text(f"open({str(ran)!r}, 'a').write('{name} ')\n")
    (project / "requirements.txt").write_text("")
    monkeypatch.chdir(project)
    return project


@pytest.mark.parametrize(
    "command",
    [
        ("lint",),
        ("pin", "--from", "env", "--python", sys.executable),
        pytest.param(("doctor", "--installer", "pip"), marks=pytest.mark.slow),
        ("run", "--no-index", "--installer", "pip", "--python", sys.executable),
    ],
    ids=" ".join,
)
def test_modules_of_the_current_folder_are_not_imported(
    cloned: Path, command: tuple[str, ...]
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bisect_deps", *command],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1, 2, 4), done.stderr
    assert "Traceback" not in done.stderr
    ran = cloned.parent / "ran"
    assert not ran.exists(), ran.read_text()


PROGRAMS = """\
[core]
    fsmonitor = {program}
    sshCommand = {program}
    pager = {program}
    askPass = {program}
    hooksPath = {hooks}
    alternateRefsCommand = {program}
[credential]
    helper = {program}
[uploadpack]
    packObjectsHook = {program}
[filter "x"]
    clean = {program}
    smudge = {program}
    process = {program}
[diff "x"]
    textconv = {program}
    command = {program}
[protocol "ext"]
    allow = always
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a repository, as an archive brings it, whose settings name a program everywhere."""
    top = tmp_path / "repository"
    hooks = top / ".git" / "hooks"
    (top / "lib").mkdir(parents=True)
    (top / "lib" / "requirements.txt").write_text("good==1.0\n")
    (top / ".gitattributes").write_text("* filter=x diff=x\n")
    identity = ("-c", "user.name=a", "-c", "user.email=a@index.example")
    for words in (
        ("init", "--quiet"),
        ("add", "."),
        (*identity, "commit", "--quiet", "-m", "first"),
        ("remote", "add", "origin", "https://host.example/a/b.git"),
    ):
        subprocess.run(["git", *words], cwd=top, check=True, capture_output=True)
    program = tmp_path / "program"
    program.write_text(f'#!/bin/sh\necho "$0 $*" >> {tmp_path}/ran\n')
    program.chmod(0o755)
    hooks.mkdir(exist_ok=True)
    for name in ("post-checkout", "post-index-change", "reference-transaction", "pre-auto-gc"):
        (hooks / name).write_bytes(program.read_bytes())
        (hooks / name).chmod(0o755)
    with (top / ".git" / "config").open("a") as settings:
        settings.write(PROGRAMS.format(program=program, hooks=hooks))
    (top / "lib" / "new.txt").write_text("not yet added\n")
    return top


def test_no_program_of_a_repositorys_settings_is_run(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lib = repository / "lib"
    monkeypatch.chdir(repository)
    project = CopiedProject(lib, lib, tmp_path / "kept")
    assert (project.kept / "lib" / "new.txt").read_text() == "not yet added\n"
    assert (project.kept / ".git" / "HEAD").exists()
    found = find_revision(lib, "HEAD")
    assert found is not None
    assert project_of(lib) == ("host.example", "a/b")
    assert _commit(f"git+ext::sh -c 'echo x > {tmp_path}/ran'@main") is None
    assert _commit("git+ssh://git@127.0.0.1:9/a/b@main") is None
    ran = tmp_path / "ran"
    assert not ran.exists(), ran.read_text()


@pytest.mark.parametrize("where", ["{top}/home/.ssh", "../../home/.ssh", "../..", "{top}"])
def test_a_work_tree_elsewhere_is_not_taken_for_the_project(
    repository: Path, tmp_path: Path, where: str
) -> None:
    keys = tmp_path / "home" / ".ssh"
    keys.mkdir(parents=True)
    (keys / "id").write_text("key")
    config = ("git", "config", "core.worktree", where.format(top=tmp_path))
    subprocess.run(config, cwd=repository, check=True)
    lib = repository / "lib"
    assert top_of(lib, repository) == repository
    project = CopiedProject(lib, repository, tmp_path / "kept")
    assert not list(project.kept.rglob("id"))
    assert (project.kept / "lib" / "requirements.txt").exists()
