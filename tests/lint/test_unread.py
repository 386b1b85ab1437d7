"""Silence means that all was looked at: what was not is an error, or is named."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bisect_deps.formats import parse_manifest
from bisect_deps.lint.rules.base import Severity
from bisect_deps.lint.settings import LintSettings
from bisect_deps.model import Edit, EditAction
from tests.support.linted import codes, lint, write_files


def depbisect(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bisect_deps", "lint", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


BROKEN = {
    "pyproject.toml": ('[project]\nname="x"\ndependencies=["a==1"\n', 3),
    "twice/pyproject.toml": ('[project]\nname="x"\nname="y"\n', 3),
    "setup.cfg": ("[metadata]\nname = x\n[options\ninstall_requires = a\n", 3),
    "tox.ini": ("deps = a\n", 1),
    "tool.py": ('# /// script\n# dependencies = ["a==1"]\nimport a\n', 1),
    "setup.py": ("from setuptools import setup\nsetup(install_requires=[)\n", 2),
    "environment.yml": ("dependencies:\n  - a\n b: [\n", 3),
    ".github/workflows/ci.yml": ("jobs:\n  a: {\n", 2),
    "work.ipynb": ('{\n "cells": [,]\n}\n', 2),
    "Pipfile": ("[packages\n", 1),
    "uv.lock": ("version = 1\n[[package\n", 2),
    "Cargo.toml": ('[package]\nname = "x"\n', 1),
    "page.txt": ("<!DOCTYPE html>\n<html>\n<body>\n", 1),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_cannot_be_read_is_named_with_its_line(tmp_path: Path, name: str) -> None:
    text, line = BROKEN[name]
    report = lint(tmp_path, {name: text, "requirements.txt": "flask\n"}, name, "requirements.txt")
    found = [
        (diagnostic.file, diagnostic.line, diagnostic.rule.code)
        for diagnostic in report.diagnostics
    ]
    assert (name, line, "DB400") in found
    assert ("requirements.txt", 1, "DB101") in found
    assert sum(code == "DB400" for _, _, code in found) == 1
    assert report.unreadable[0].startswith(f"{name}:{line}: ")


def test_an_unreadable_file_is_exit_code_2_even_with_exit_zero(tmp_path: Path) -> None:
    write_files(tmp_path, {"pyproject.toml": BROKEN["pyproject.toml"][0]})
    done = depbisect(tmp_path, "--exit-zero")
    assert done.returncode == 2
    assert "pyproject.toml:3:1: DB400 not valid TOML" in done.stdout


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[tool.ruff]\nline-length = 100\n", 2),
        ('[project]\nname = "x"\ndependencies = []\n', 0),
        (
            '[project]\nname = "x"\ndynamic = ["dependencies"]\n[build-system]\n'
            'requires = ["b==1"]\nbuild-backend = "b"\n',
            0,
        ),
    ],
)
def test_a_run_that_judged_nothing_is_no_success(tmp_path: Path, text: str, code: int) -> None:
    write_files(tmp_path, {"pyproject.toml": text})
    assert depbisect(tmp_path).returncode == code
    assert depbisect(tmp_path, "--allow-empty").returncode == 0


def test_what_nobody_can_judge_is_named(tmp_path: Path) -> None:
    files = {
        "Dockerfile": "FROM x\nRUN pip install $EXTRA a==1 -r missing.txt\n",
        "pyproject.toml": '[project]\nname="x"\ndynamic=["dependencies"]\n'
        '[build-system]\nrequires=["b==1"]\nbuild-backend="b"\n',
    }
    report = lint(tmp_path, files, "Dockerfile", "pyproject.toml")
    assert codes(report) == ["DB900", "DB900"]
    assert [place.partition(": ")[0] for place in report.not_judged] == [
        "Dockerfile:2",
        "Dockerfile:2",
        "pyproject.toml:1",
    ]


def test_summary_says_what_was_judged_and_how(tmp_path: Path) -> None:
    write_files(tmp_path, {"requirements.txt": "a==1\n", "dev-requirements.txt": "b==1\n"})
    assert depbisect(tmp_path).stdout == (
        "All clear: 2 requirements in 2 files (publish, dev; offline).\n"
    )


def test_requirements_files_that_others_name_are_followed(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": '[project]\nname="x"\ndynamic=["dependencies"]\n'
        '[tool.setuptools.dynamic]\ndependencies={file=["deps.txt"]}\n',
        "deps.txt": "flask\n",
    }
    report = lint(tmp_path, files, "pyproject.toml")
    assert [(diagnostic.file, diagnostic.rule.code) for diagnostic in report.diagnostics] == [
        ("deps.txt", "DB101")
    ]


@pytest.mark.parametrize("given", ["-c pins.txt", "-c /built/elsewhere.txt", ""])
def test_constraints_of_a_command_pin_what_it_installs(tmp_path: Path, given: str) -> None:
    files = {
        "Dockerfile": f"FROM x\nRUN pip install flask {given}\n",
        "pins.txt": "flask==3.0.3\n",
    }
    assert codes(lint(tmp_path, files)) == ([] if given else ["DB101"])


def test_constraints_of_the_command_line_pin_all_files(tmp_path: Path) -> None:
    files = {"requirements.txt": "flask\nclick\n", "sub/pins.txt": "flask==3.0.3\n"}
    settings = LintSettings(constraints=("sub/pins.txt",))
    report = lint(tmp_path, files, settings=settings)
    assert [(diagnostic.rule.code, diagnostic.line) for diagnostic in report.diagnostics] == [
        ("DB101", 2)
    ]
    files["requirements.txt"] = "flask==2.0\n"
    assert codes(lint(tmp_path, files, settings=settings)) == ["DB403"]


def test_sources_of_uv_say_what_moves(tmp_path: Path) -> None:
    text = (
        '[project]\nname="x"\nversion="1"\ndependencies=["foo"]\n'
        '[tool.uv.sources]\nfoo = { git = "https://git.example/foo", %s }\n'
    )
    moving = lint(tmp_path / "a", {"pyproject.toml": text % 'branch = "main"'})
    assert [(diagnostic.rule.code, diagnostic.line) for diagnostic in moving.diagnostics] == [
        ("DB201", 6)
    ]
    fixed = lint(tmp_path / "b", {"pyproject.toml": text % f'rev = "{"0" * 40}"'})
    assert codes(fixed) == []


def test_lists_that_a_function_of_setup_py_finds_are_followed(tmp_path: Path) -> None:
    setup = (
        "import os\nfrom setuptools import setup\n\n\n"
        "def lines(file, folder='requirements'):\n"
        "    with open(os.path.join(folder, file)) as f:\n        return f.readlines()\n\n\n"
        "setup(install_requires=lines('requirements_a.txt'),\n"
        "      tests_require=lines('requirements_b.txt'))\n"
    )
    files = {"setup.py": setup, "requirements/requirements_a.txt": "flask\n"}
    report = lint(tmp_path, files)
    assert [(own.file, own.rule.code) for own in report.diagnostics] == [
        ("requirements/requirements_a.txt", "DB101")
    ]
    assert report.not_judged == ("setup.py:11: requirements_b.txt is not here",)


def test_a_file_by_variable_is_not_said_to_be_missing(tmp_path: Path) -> None:
    files = {"Dockerfile": 'FROM x\nRUN pip install a==1 && pip install -r "$f"\n'}
    assert lint(tmp_path, files).not_judged == ("Dockerfile:2: $f is only known where it runs",)


def test_what_is_not_judged_is_said_once_and_at_its_line(tmp_path: Path) -> None:
    nox = "import nox\n\n\n@nox.session\ndef test(s):\n    s.install(name())\n    s.install(it())\n"
    image = "FROM x\nCOPY requirements.txt /app\nRUN pip install -r /app/requirements.txt\n"
    write_files(
        tmp_path,
        {
            "noxfile.py": nox,
            "Dockerfile": image,
            "requirements.txt": "a==1\n",
            "conf/train_environment.yml": "dependencies:\n  - a=1=0\n",
            ".github/workflows/t.yml": "on: push\n{% if a %}\nb: 1\n{% endif %}\n",
        },
    )
    shown = depbisect(tmp_path).stdout
    said = [line for line in shown.splitlines() if "not judged: " in line]
    assert [line.split(": ")[0] for line in said] == [
        ".github/workflows/t.yml:2:1",
        "noxfile.py:6:1",
        "noxfile.py:7:1",
    ]
    assert "Not judged" not in shown
    assert "in 5 files (2 requirements" in shown


def test_a_constraints_file_that_is_not_here_speaks_for_its_own_command_alone(
    tmp_path: Path,
) -> None:
    text = "test:\n  script:\n    - pip install -c limits.txt a\n    - pip install b\n"
    report = lint(tmp_path / "ci", {".gitlab-ci.yml": text})
    assert [(found.rule.code, found.package) for found in report.diagnostics] == [("DB101", "b")]
    assert any("limits.txt" in place for place in report.not_judged)
    ini = "[testenv]\ndeps =\n    a\n    old: -c limits.txt\n[testenv:lint]\ndeps = b\n"
    report = lint(tmp_path / "tox", {"tox.ini": ini})
    assert [(found.rule.code, found.package) for found in report.diagnostics] == [("DB101", "b")]


def test_files_that_toxs_own_toml_names_are_read_and_its_old_text_is_named(tmp_path: Path) -> None:
    text = '[env_run_base]\ndeps = ["-r more.txt", "-c none.txt", "./here", "a"]\n'
    report = lint(tmp_path / "new", {"tox.toml": text, "more.txt": "b\n"})
    assert [(found.file, found.package) for found in report.diagnostics] == [("more.txt", "b")]
    assert any("none.txt" in place for place in report.not_judged)
    old = '[tool.tox]\nlegacy_tox_ini = """\n[testenv]\ndeps = a\n"""\n'
    report = lint(tmp_path / "old", {"pyproject.toml": old})
    assert [found.rule.code for found in report.diagnostics] == ["DB900"]


def test_what_commands_of_tox_install_is_judged(tmp_path: Path) -> None:
    ini = (
        "[testenv]\ndeps = pytest==8.0\ncommands_pre =\n    pip install a\n"
        "    pip install b -c {toxinidir}/limits.txt\n    pip install -r {tox_root}/more.txt\n"
        "commands = pytest {posargs}\n"
    )
    files = {"tox.ini": ini, "limits.txt": "b==1\n", "more.txt": "c\n"}
    report = lint(tmp_path, files)
    found = sorted((one.rule.code, one.file, one.line) for one in report.diagnostics)
    assert found == [("DB101", "more.txt", 1), ("DB101", "tox.ini", 4)]
    manifest = parse_manifest(ini.encode(), Path("tox.ini"), folder=tmp_path)
    number = next(own.number for own in manifest.requirements if own.name == "a")
    after = manifest.render([Edit(EditAction.REPIN, "a", number, "==2")])
    assert after["tox.ini"].decode() == ini.replace("install a", "install a==2")


def test_conditions_of_tox_are_read_with_blanks_and_braces(tmp_path: Path) -> None:
    ini = (
        "[testenv]\ndeps =\n    image, dev: a\n    {py39,py310}-x: b>=1\n    !c: d==1\n"
        "    -e {toxinidir}\n    {toxinidir}/pkg\n    e=={env:E}\n    {env:MORE:}\n"
    )
    report = lint(tmp_path, {"tox.ini": ini})
    assert [(found.rule.code, found.package) for found in report.diagnostics] == [
        ("DB101", "a"),
        ("DB102", "b"),
        ("DB900", ""),
        ("DB900", ""),
    ]
    assert [place.split(": ")[0] for place in report.not_judged] == ["tox.ini:8", "tox.ini:9"]


def test_lists_that_environments_of_tox_take_over_are_read(tmp_path: Path) -> None:
    ini = (
        "[base]\ndeps =\n    a\n    {[more]those}\ncommands = pip install b\nother = c\n"
        "[more]\nthose = d\n[testenv]\ndeps = {[base]deps}\ncommands =\n    {[base]commands}\n"
    )
    report = lint(tmp_path, {"tox.ini": ini})
    assert [found.package for found in report.diagnostics] == ["a", "b", "d"]
    assert {found.severity for found in report.diagnostics} == {Severity.WARNING}
    manifest = parse_manifest(ini.encode(), Path("tox.ini"), folder=tmp_path)
    number = next(own.number for own in manifest.requirements if own.name == "d")
    after = manifest.render([Edit(EditAction.REPIN, "d", number, "==2")])
    assert after["tox.ini"].decode() == ini.replace("those = d", "those = d==2")


def test_hidden_folders_of_people_are_searched_and_those_of_tools_are_not(tmp_path: Path) -> None:
    image = "FROM x\nRUN pip install a\n"
    files = {
        ".devcontainer/Dockerfile": image,
        ".github/actions/set-up/action.yml": "runs:\n  steps:\n    - run: pip install b\n",
        ".tox/Dockerfile": image,
        ".ruff_cache/Dockerfile": image,
        "Dockerfile-cpu": image,
        "api.dockerfile": image,
    }
    found = [(one.file, one.package) for one in lint(tmp_path, files, ".").diagnostics]
    assert found == [
        (".devcontainer/Dockerfile", "a"),
        (".github/actions/set-up/action.yml", "b"),
        ("Dockerfile-cpu", "a"),
        ("api.dockerfile", "a"),
    ]


def test_environments_that_commands_of_conda_name_are_read(tmp_path: Path) -> None:
    run = (
        "RUN conda env create -n x -f envs/a.yaml\n"
        "RUN micromamba install -y --file /tmp/envs/b.yml && conda env update --file=envs/c.yml\n"
    )
    environment = "dependencies:\n  - numpy\n"
    files = {"Dockerfile": f"FROM x\n{run}", "envs/a.yaml": environment, "envs/b.yml": environment}
    report = lint(tmp_path, files, "Dockerfile")
    assert [found.file for found in report.diagnostics] == ["envs/a.yaml", "envs/b.yml"]
    assert report.not_judged == ("Dockerfile:3: envs/c.yml is not here",)


def test_gitlabs_inputs_and_hooks_stand_beside_the_jobs(tmp_path: Path) -> None:
    text = (
        "spec:\n  inputs:\n    v:\n      default: '1'\n---\ntest:\n"
        "  hooks:\n    pre_get_sources_script:\n      - pip install a\n"
        "  script:\n    - pip install b 'c==$[[ inputs.v ]]'\n"
    )
    report = lint(tmp_path, {".gitlab-ci.yml": text})
    assert [found.package for found in report.diagnostics] == ["a", "b"]
    manifest = parse_manifest(text.encode(), Path(".gitlab-ci.yml"), folder=tmp_path)
    number = next(own.number for own in manifest.requirements if own.name == "b")
    after = manifest.render([Edit(EditAction.REPIN, "b", number, "==2")])
    assert after[".gitlab-ci.yml"].decode() == text.replace("install b", "install b==2")
