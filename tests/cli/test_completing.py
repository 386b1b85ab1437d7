"""Completion in a real bash and a real zsh, with what the docs say to set up."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from tests.support.terminals import ended

ROOT = Path(__file__).resolve().parents[2]
SHELLS = {
    "bash": ["--norc", "--noprofile", "-i"],
    "zsh": ["--no-rcs", "-i"],
}
CALL = "from bisect_deps.cli import main; main()"
PREPARED = {"bash": "true", "zsh": "autoload -U compinit && compinit -u -D"}


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[pexpect.spawn]:
    name: str = request.param
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    program = tmp_path / "bin" / "depbisect"
    program.parent.mkdir()
    text = f"#!{sys.executable}\nfrom bisect_deps.cli import main\nmain()\n"
    program.write_text(text)
    program.chmod(0o755)
    (tmp_path / "failing.log").touch()
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "TERM": "dumb", "PS1": "$ "}
    child = pexpect.spawn(
        name,
        SHELLS[name],
        cwd=tmp_path,
        env=env,
        encoding="utf-8",
        timeout=60,
        dimensions=(50, 200),
    )
    child.sendline(PREPARED[name])
    child.sendline(f'eval "$(_DEPBISECT_COMPLETE={name}_source depbisect)"; echo re""ady')
    child.expect("ready")
    yield child
    ended(child)


@pytest.mark.parametrize(
    ("typed", "becomes"),
    [
        ("depbisect diag", "diagnose"),
        ("depbisect run --allow-rem", "--allow-removal"),
        ("depbisect run --builder spa", "spaces"),
        ("depbisect run --python aut", "auto"),
        ("depbisect lint --profile lib", "library"),
        ("depbisect lint --select DB102,DB10", "DB103"),
        ("depbisect diagnose fail", "failing.log"),
    ],
)
def test_a_tab_completes(shell: pexpect.spawn, typed: str, becomes: str) -> None:
    shell.send(f"{typed}\t\t")
    shell.expect_exact(becomes.removeprefix(typed.rpartition(" ")[2]))


def test_a_shell_that_looks_away_is_no_crash(tmp_path: Path) -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    wanted = {"_DEPBISECT_COMPLETE": "bash_complete", "COMP_WORDS": "depbisect ", "COMP_CWORD": "1"}
    done = subprocess.run(
        [sys.executable, "-c", "import sys; sys.argv = ['depbisect']; " + CALL],
        env={**os.environ, **wanted, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)},
        stdout=theirs,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(theirs)
    assert done.stderr == b""
    assert not list(tmp_path.iterdir()), "a crash is written where temporary files go"
