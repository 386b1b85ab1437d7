"""Starts what the judging benchmarks measure: `depbisect run`, plain installs, a busy machine.

Each is a process of its own, as a user would start it. Must not know what a right answer is.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from bisect_deps.system import interpreters

ROOT = Path(__file__).resolve().parent.parent
NOTHING: Mapping[str, Any] = {"verdict": "none", "culprits": [], "fix": None, "probes": []}
# How long an interrupted run may take to end its builds before it is killed.
GRACE = 20.0


@dataclass(frozen=True)
class Run:
    """One `depbisect run`: its exit code (None: stopped at the limit), seconds, and words.

    `report` is `NOTHING` where none was written.
    """

    exit_code: int | None
    seconds: float
    report: Mapping[str, Any]
    out: str
    err: str


@dataclass(frozen=True)
class Installed:
    """One plain install and its check: did both pass, how long, and what is there now.

    `versions` maps normalised names to versions; `log` is what the last step printed.
    """

    passed: bool
    seconds: float
    versions: Mapping[str, str] = field(default_factory=dict)
    log: str = ""


def depbisect(
    arguments: Sequence[str],
    folder: Path,
    work: Path,
    *,
    environment: Mapping[str, str] | None = None,
    limit: float | None = None,
) -> Run:
    """Run `depbisect run` in `folder`; its report, output and progress are kept in `work`.

    A run over `limit` seconds is ended as by Ctrl-C, and killed if that does not end it.
    """
    work.mkdir(parents=True, exist_ok=True)
    report, out, err = (work / name for name in ("report.json", "out.txt", "err.txt"))
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "bisect_deps", "run", *arguments]
    command += ["--json", str(report), "--no-progress", "--color", "never"]
    own = {**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})}
    # What users have was compiled when it was installed.
    own.pop("PYTHONDONTWRITEBYTECODE", None)
    began = time.monotonic()
    with out.open("wb") as to_out, err.open("wb") as to_err:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=own,
            stdin=subprocess.DEVNULL,
            stdout=to_out,
            stderr=to_err,
            start_new_session=True,
        )
        exit_code = _wait(process, limit)
    seconds = time.monotonic() - began
    return Run(exit_code, seconds, _read(report), _text(out), _text(err))


def plain_install(
    python: str,
    file: Path,
    checks: Sequence[str],
    venv: Path,
    *,
    environment: Mapping[str, str] | None = None,
) -> Installed:
    """Install a file into a fresh environment at `venv` with plain uv, and run the checks."""
    uv = interpreters.find_uv() or "uv"
    shutil.rmtree(venv, ignore_errors=True)
    own = {**os.environ, **(environment or {})}
    checked = {**own, "PATH": f"{venv}/bin:{own['PATH']}", "VIRTUAL_ENV": str(venv)}
    into = ["--python", str(venv / "bin" / "python")]
    steps: list[tuple[list[str], dict[str, str]]] = [
        ([uv, "venv", "-q", "--no-project", "--python", python, str(venv)], own),
        ([uv, "pip", "install", "-q", *into, "-r", str(file)], own),
        *((["/bin/sh", "-c", check], checked) for check in checks),
    ]
    began = time.monotonic()
    for command, variables in steps:
        done = subprocess.run(
            command,
            env=variables,
            cwd=file.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode:
            break
    seconds = time.monotonic() - began
    return Installed(done.returncode == 0, seconds, _versions(venv), done.stdout)


def cold_caches(folder: Path) -> dict[str, str]:
    """Return the variables under which uv and depbisect start without any cache, in `folder`."""
    shutil.rmtree(folder, ignore_errors=True)
    return {"UV_CACHE_DIR": str(folder / "uv"), "XDG_CACHE_HOME": str(folder / "user")}


@contextlib.contextmanager
def busy_machine(loops: int) -> Iterator[None]:
    """Keep `loops` processes busy beside what runs in the block."""
    command = [sys.executable, "-c", "while True: pass"]
    processes = [subprocess.Popen(command) for _ in range(loops)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], limit: float | None) -> int | None:
    try:
        return process.wait(limit)
    except subprocess.TimeoutExpired:
        # A shell lets what it starts with `&` ignore SIGINT.
        process.terminate()
    except KeyboardInterrupt:
        process.send_signal(signal.SIGINT)
        process.wait()
        raise
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(GRACE)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return None


def _read(report: Path) -> Mapping[str, Any]:
    try:
        found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return NOTHING
    return found


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def _versions(venv: Path) -> dict[str, str]:
    sites = [str(site) for site in venv.glob("lib*/python*/site-packages")]
    return {
        canonicalize_name(distribution.name): distribution.version
        for distribution in importlib.metadata.distributions(path=sites)
    }
