"""What builds a pushed commit: a real install into a fresh venv, or the replay of a log."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from uv import find_uv_bin

STEPS_BEFORE = (
    "Sending build context to Docker daemon  1.039MB",
    "Step 1/20 : FROM algorithmia/python-runner:builder as builder",
    " ---> 7d1b2f3a9c55",
    "Step 2/20 : COPY . /opt/algorithm",
    " ---> 41b0a6f2c7de",
    "Step 3/20 : RUN pip install -r requirements.txt",
    " ---> Running in 2f7be1d05c9a",
)
STEPS_AFTER = (
    "Removing intermediate container 2f7be1d05c9a",
    " ---> 9b1f04a0e2cd",
    "Step 20/20 : ENTRYPOINT /opt/algorithm/bin/pipe",
    "Successfully built 9b1f04a0e2cd",
)
# Reads {"kind", "value"} and answers after a zero byte, so that what `apply` prints stays apart.
RUNNER = """
import base64, importlib, json, sys, traceback
sys.path.insert(0, sys.argv[1])
asked = json.load(sys.stdin)
value = asked["value"]
if asked["kind"] == "binary":
    value = bytearray(base64.b64decode(value))
try:
    result = importlib.import_module("src." + sys.argv[2]).apply(value)
    if isinstance(result, (bytes, bytearray)):
        text = base64.b64encode(bytes(result)).decode()
        reply = {"content_type": "binary", "result": text}
    elif isinstance(result, str):
        reply = {"content_type": "text", "result": result}
    elif result is None:
        reply = {"content_type": "void"}
    else:
        reply = {"content_type": "json", "result": result}
    text = json.dumps(reply, allow_nan=False)
except Exception as error:
    text = json.dumps({"error": str(error), "stack": traceback.format_exc()})
sys.__stdout__.write("\\n\\0" + text)
"""


@dataclass(frozen=True)
class Built:
    """How one build ended; `python` is the environment's interpreter, "" after a failure."""

    succeeded: bool
    log: str
    python: str = ""


class Recipe(Protocol):
    """Turns a checked-out tree into a build."""

    def build(self, tree: Path, folder: Path) -> Built:
        """Build `tree`; whatever is kept for later calls goes below `folder`."""


@dataclass(frozen=True)
class Install:
    """Installs requirements.txt into a fresh venv by uv or pip, prefixed as a Docker build."""

    installer: str = "uv"
    python: str = sys.executable
    arguments: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    def build(self, tree: Path, folder: Path) -> Built:
        """Install for real; the log is the installer's own between a Docker build's steps."""
        venv = folder / "venv"
        python = str(venv / "bin" / "python")
        environment = {**os.environ, **self.environment}
        environment.pop("VIRTUAL_ENV", None)
        if self.installer == "uv":
            uv = find_uv_bin()
            make = [uv, "venv", "-q", "--clear", "--python", self.python, str(venv)]
            install = [uv, "pip", "install", "--python", python]
        else:
            make = [self.python, "-m", "venv", "--clear", str(venv)]
            install = [python, "-m", "pip", "install", "--disable-pip-version-check"]
        made = _run(make, tree, environment)
        lines = list(STEPS_BEFORE)
        if made.returncode:
            return Built(False, "\n".join([*lines, made.stdout]) + "\n")
        done = _run([*install, *self.arguments, "-r", "requirements.txt"], tree, environment)
        lines.append(done.stdout.rstrip("\n"))
        if done.returncode:
            lines.append(
                "The command '/bin/sh -c pip install -r requirements.txt' "
                f"returned a non-zero code: {done.returncode}"
            )
            shutil.rmtree(venv, ignore_errors=True)
            return Built(False, "\n".join(lines) + "\n")
        return Built(True, "\n".join([*lines, *STEPS_AFTER]) + "\n", python)


@dataclass(frozen=True)
class Replay:
    """Answers from the requirements text alone, after `seconds`: for speed and for races."""

    answer: Callable[[str], Built]
    seconds: float = 0.0
    stop: threading.Event = field(default_factory=threading.Event)

    def build(self, tree: Path, folder: Path) -> Built:
        """Return the answer to the tree's requirements text."""
        folder.mkdir(parents=True, exist_ok=True)
        if self.seconds:
            time.sleep(self.seconds)
        built = self.answer((tree / "requirements.txt").read_text(encoding="utf-8"))
        return Built(built.succeeded, built.log, sys.executable) if built.succeeded else built


@dataclass(frozen=True)
class Called:
    """What a call came to; `reply` has `content_type` and `result`, or `error` (and `stack`)."""

    reply: Mapping[str, Any]
    seconds: float
    stdout: str = ""


def call(python: str, tree: Path, module: str, value: object, timeout: float) -> Called:
    """Run the built algorithm's `apply(value)`; bytes are handed over as such."""
    binary = isinstance(value, (bytes, bytearray))
    shown = (
        base64.b64encode(bytes(value)).decode() if isinstance(value, (bytes, bytearray)) else value
    )
    began = time.monotonic()
    try:
        done = subprocess.run(
            [python, "-c", RUNNER, str(tree), module],
            input=json.dumps({"kind": "binary" if binary else "json", "value": shown}),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        printed = late.stdout.decode(errors="replace") if isinstance(late.stdout, bytes) else ""
        error = f"algorithm did not answer within {timeout:g} s"
        return Called({"error": error}, time.monotonic() - began, printed)
    seconds = time.monotonic() - began
    printed, _, text = done.stdout.rpartition("\n\0")
    if not text.startswith("{"):
        # Killed by a signal, or left by `os._exit`: nothing of Python's tells why.
        return Called({"error": "algorithm process exited unexpectedly"}, seconds, done.stdout)
    return Called(json.loads(text), seconds, printed)


def _run(
    command: list[str], folder: Path, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
