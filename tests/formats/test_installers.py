"""What commands install: every installer's words, whatever stands before it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from bisect_deps.formats._installers import Grammar, installs
from bisect_deps.formats._text import mapped
from bisect_deps.formats._words import commands
from bisect_deps.resolution.uv_resolver import find_uv
from tests.support.linted import codes, lint

SEEN = {
    "python -m pip install a": "DB101",
    "py -3.11 -m pip --no-cache-dir install a": "DB101",
    "$PYTHON -m pip install a": "DB101",
    "python3 -mpip install a": "DB101",
    "${PIP} install a": "DB101",
    "pip download -d wheels a": "DB101",
    "pip install -qUr list.txt a": "DB101",
    "uv pip install --system a": "DB101",
    "uv add --group dev 'a>=1'": "DB102",
    "uv run --with a pytest": "DB101",
    "uvx a check .": "DB101",
    "uvx a@latest": "DB101",
    "pip install a==1 'b==1'>2": "DB407",
    "uvx --with a python -c 1": "DB101",
    "uvx --from 'a>=1,<2' tool x": "DB102",
    "uv tool run a": "DB101",
    "pipx run a": "DB101",
    "pipx inject tool a": "DB101",
    "poetry add a": "DB101",
    "poetry add 'a@^2.0'": "DB102",
    "poetry self add a": "DB101",
    "pdm add -dG test a": "DB101",
    "pipenv install --dev a": "DB101",
    "rye add a": "DB101",
    "pixi add --pypi a": "DB101",
    "pixi add a": "DB110",
    "conda install -y -c conda-forge a": "DB110",
    "mamba install -y 'a>=2'": "DB110",
    "micromamba create -n x a": "DB110",
    "poetry run pip install a": "DB101",
    "conda run -n x pip install a": "DB101",
    "docker run --rm python:3.12 pip install a": "DB101",
    "timeout 60 pip install a": "DB101",
    "bash -lc 'cd x && pip install a'": "DB101",
    "docker run x sh -c \"pip install 'a>=1' \"": "DB102",
    "bash <<EOF\npip install a\nEOF": "DB101",
}
SILENT = (
    "uvx a@1.2.3 b c",
    "uvx --from a==1 b",
    "uvx python -m sysconfig",
    "pip install ok==1 2>&1 | tee log",
    "uv run x.py >1 2> 2.log",
    "uv tool run python@3.12 -V",
    "uv run pytest -q x",
    "uv run script.py",
    "pipx run ./script.py a",
    "poetry add a==1.0 'b@1.2.3'",
    "poetry install a",
    "conda install a=1.2.3 python=3.11 pip",
    "conda activate a",
    "conda env create -f a.yml",
    "conda env create -n a b",
    "echo pip install a",
    "log_info pip install a",
    "echo 'pip install a'",
    "cat <<EOF\npip install a\nEOF",
    "npm install pip",
    "git commit -m 'pip install a'",
    "which pip install",
)


@pytest.mark.parametrize("command", SEEN)
def test_installer_is_judged(command: str, tmp_path: Path) -> None:
    files = {"x.sh": f"{command}\n", "list.txt": "b==1\n"}
    assert codes(lint(tmp_path, files)) == [SEEN[command]]


@pytest.mark.parametrize("command", SILENT)
def test_what_installs_nothing_or_is_pinned_gives_no_finding(command: str, tmp_path: Path) -> None:
    files = {"x.sh": f"{command}\npip install ok==1\n"}
    assert codes(lint(tmp_path, files)) == []


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("Dockerfile", "FROM x\nRUN micromamba install -y -n base \\\n    a 'b>=2' && true\n"),
        (
            ".github/workflows/x.yml",
            "jobs:\n  a:\n    steps:\n      - run: mamba install a 'b>=2'\n",
        ),
        ("noxfile.py", "def tests(session):\n    session.conda_install('a', 'b>=2')\n"),
        ("x.ipynb", '{"cells": [{"cell_type": "code", "source": ["%conda install a \'b>=2\'"]}]}'),
    ],
)
def test_condas_commands_are_judged_as_its_own_lines(file: str, text: str, tmp_path: Path) -> None:
    files = {file: text}
    assert codes(lint(tmp_path, files)) == ["DB110", "DB110"]


def test_condas_file_is_named_as_not_judged(tmp_path: Path) -> None:
    files = {"x.sh": "conda install a=1.2.3 --file list.txt\n"}
    [said] = lint(tmp_path, files).not_judged
    assert "list.txt" in said


@pytest.mark.parametrize(
    "command",
    ["uv pip install", "uv add", "uv tool install", "uv run", "uv tool run", "pip install"],
)
def test_every_option_that_takes_a_value_takes_it(command: str) -> None:
    """By the installers' own help: the word behind such an option names no project."""
    program, *verbs = command.split()
    started = [find_uv()] if program == "uv" else [sys.executable, "-m", "pip"]
    shown = subprocess.run([*started, *verbs, "--help"], capture_output=True, text=True, check=True)
    listed = re.findall(r"^ +(?:(-\w), )?(--[\w-]+),? <", shown.stdout, re.MULTILINE)
    options = {option for pair in listed for option in pair if option}
    assert len(options) > 25
    [found] = commands(mapped(f"{command} x", 0))
    [install] = installs(found.words)
    installer = install.installer
    taken = installer.takes_value | installer.named | set(installer.files)
    if installer.grammar is Grammar.OPTIONS:
        taken |= {"-p", "-i"}
    assert options - taken == set()
