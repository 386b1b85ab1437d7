"""Runs the commands that README.md and docs/ show, as they stand there.

`python -m benchmarks.documented [PAGE]...` takes every line that begins with `$ ` in a block of
console text, and runs it in a folder that holds what the page speaks of. What needs another system,
a key or an hour is listed with the reason and left out.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
LONGEST = 900
PAGES = ("README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")))
# What a command needs that a test machine does not have.
ELSEWHERE = {
    "--builder buildbot": "a Buildbot master",
    "--builder slurm": "a Slurm cluster",
    "--builder spaces": "a key for Hugging Face",
    "--builder datarobot": "a key for DataRobot",
    "--builder github": "a repository on GitHub",
    "--builder gitlab": "a project on GitLab",
    "export HF_TOKEN": "a key",
    "export DATAROBOT": "a key",
    "tox ": "tox in the environment",
    "nox ": "nox in the environment",
    "buildah": "buildah",
    "uv export": "a project of uv",
    "make check": "a Makefile of yours",
    "pip install": "an installation of its own",
    "--alternatives": "an hour",
    ".[dev]": "the whole suite",
}
SMALL = "flask==1.1.2\nsix==1.16.0\n"
LAYERS = "flask==2.0.1\njinja2==3.0.1\nFlask-SQLAlchemy==2.5.1\nclick==8.0.1\n"
READY = (ROOT / "fixtures" / "ready" / "requirements.txt").read_text(encoding="utf-8")
FILES = {
    "README.md": READY, "docs/index.md": READY, "docs/verdict.md": LAYERS, "docs/guided.md": LAYERS
}  # fmt: skip
LOG = (
    "error: No solution found when resolving dependencies\n  cause: Because there is no version of "
    "{0} and you require {0}, we can conclude that your requirements are unsatisfiable.\n"
)
# Exit codes that a page may mean to show.
FINE = {
    "diagnose": {0},
    "lint": {0, 1},
    "doctor": {0, 4},
    "bad": {0, 2},  # The log is one for all builds here, and that is noticed.
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A command as a page shows it, and why it is not run, "" where it is."""

    page: str
    line: int
    command: str
    elsewhere: str = ""


def commands(page: str) -> Iterator[Shown]:
    """Yield the commands of a page in their order."""
    inside = False
    for number, text in enumerate((ROOT / page).read_text(encoding="utf-8").splitlines(), 1):
        if text.strip().startswith("```"):
            inside = text.strip() == "```console"
            continue
        prompt = re.match(r"\s*\$ (.+)", text)
        if inside and prompt:
            command = prompt[1]
            why = next((why for part, why in ELSEWHERE.items() if part in command), "")
            yield Shown(page, number, command, why)


def main() -> int:
    """Run, and say how each command ended; 1 where one failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", nargs="*", default=PAGES, metavar="PAGE")
    failed = 0
    for page in parser.parse_args().pages:
        shown = list(commands(page))
        if not any(not command.elsewhere for command in shown):
            continue
        with tempfile.TemporaryDirectory() as folder:
            environment = _scene(Path(folder), page)
            for command in shown:
                if command.command.startswith("depbisect start "):  # Each example is one session.
                    reset = ["depbisect", "reset"]
                    subprocess.run(
                        reset, cwd=folder, env=environment, capture_output=True, check=False
                    )
                failed += _run(command, Path(folder), environment)
    print(f"{failed} failed")
    return 1 if failed else 0


def _scene(folder: Path, page: str) -> dict[str, str]:
    """Fill a folder with what a page speaks of; return the environment of its commands."""
    text = FILES.get(page, SMALL)
    (folder / "requirements.txt").write_text(text, encoding="utf-8")
    (folder / "requirements-dev.txt").write_text("idna==3.7\n", encoding="utf-8")
    (folder / "build.log").write_text(LOG.format(text.splitlines()[0]), encoding="utf-8")
    (folder / "freeze.txt").write_text("flask==2.3.3\nsix==1.16.0\n", encoding="utf-8")
    (folder / "services" / "one").mkdir(parents=True)
    (folder / "services" / "one" / "requirements.txt").write_text("six==1.16.0\n", encoding="utf-8")
    programs = folder / ".programs"
    programs.mkdir()
    own = f"PYTHONPATH={shlex.quote(str(ROOT))} exec {shlex.quote(sys.executable)} -m bisect_deps"
    for name, body in (
        ("depbisect", f'{own} "$@"'),
        ("uv", f'exec {shlex.quote(str(shutil.which("uv") or "uv"))} "$@"'),
    ):
        path = programs / name
        path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        path.chmod(0o755)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (["init", "-q"], ["add", "requirements.txt", "services"], ["commit", "-qm", "a"]):
        subprocess.run([*git, *words], cwd=folder, check=True)
    place = f"{programs}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": place, "PYTHONPATH": str(ROOT)}


def _run(shown: Shown, folder: Path, environment: dict[str, str]) -> int:
    where = f"{shown.page}:{shown.line}"
    if shown.elsewhere:
        print(f"left  {where}  {shown.command}  (needs {shown.elsewhere})", flush=True)
        return 0
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", shown.command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=LONGEST,
        check=False,
    )
    name = next(iter(re.findall(r"depbisect ([\w-]+)", shown.command)), "")
    well = done.returncode in FINE.get(name, {0})
    print(f"{'ok   ' if well else 'FAIL '} {where}  {shown.command}", flush=True)
    if not well:
        print(
            f"      exit code {done.returncode}", *_end(done.stderr or done.stdout), sep="\n      "
        )
    return 0 if well else 1


def _end(text: str) -> Sequence[str]:
    return text.splitlines()[-6:]


if __name__ == "__main__":
    raise SystemExit(main())
