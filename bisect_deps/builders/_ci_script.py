"""Builds one candidate on a CI runner (Python 3.6 and later, nothing installed): part of the order.

`main` is given the order: the files, what to install, what to run. Prints fences around each step,
what was installed as one line of JSON, and ends with 0 or 1; 124 where time ran out.
"""

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from typing import IO, Any

FENCE = "::depbisect"
WINDOWS = os.name == "nt"
# Folders to remove at the end: a runner of one's own is not thrown away with the job.
SCRATCH: "list[str]" = []


def say(text: str) -> None:
    sys.stdout.buffer.write((text + "\n").encode("utf-8", "replace"))
    sys.stdout.buffer.flush()


class Steps:
    """Runs steps one after the other within one limit of time; keeps what the last one said."""

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.deadline = time.time() + limit
        self.said = b""
        self.process: Any = None

    def run(self, name: str, command: "Any", cwd: str, environment: "dict[str, str]") -> int:
        """Return the step's exit code; its output is passed on, and ends with a full line."""
        shown = command if isinstance(command, str) else " ".join(command)
        say(f"{FENCE} {name} begin\n$ {shown}")
        pieces: list[bytes] = []
        self.process = subprocess.Popen(
            command,
            cwd=cwd,
            env=environment,
            shell=isinstance(command, str),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=not WINDOWS,
        )
        reader = threading.Thread(target=relay, args=(self.process.stdout, pieces), daemon=True)
        reader.start()
        try:
            code = self.process.wait(max(0.1, self.deadline - time.time()))
        except subprocess.TimeoutExpired:
            self.stop()
            end_line(pieces)
            say(f"{FENCE} stopped after {self.limit:g} s: over its limit")
            finish(124)
        # A child that goes on in the background keeps the pipe open: it is not waited for.
        reader.join(5)
        end_line(pieces)
        self.said = b"".join(pieces)
        say(f"{FENCE} {name} end rc={code}")
        return int(code)

    def stop(self) -> None:
        """Kill the step with all its processes."""
        if self.process is not None and self.process.poll() is None:
            if WINDOWS:
                self.process.kill()
            else:
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def relay(stream: "IO[bytes]", pieces: "list[bytes]") -> None:
    while True:
        piece = os.read(stream.fileno(), 65536)
        if not piece:
            return
        pieces.append(piece)
        sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()


def end_line(pieces: "list[bytes]") -> None:
    if pieces and not pieces[-1].endswith(b"\n"):
        say("")


def finish(code: int) -> None:
    for folder in SCRATCH:
        shutil.rmtree(folder, ignore_errors=True)
    say(f"{FENCE} order end rc={code}")
    sys.stdout.flush()
    os._exit(code)


def write_files(order: "dict[str, Any]", root: str) -> str:
    """Write the candidate into the checkout; returns the path of the file to install."""
    base = os.path.join(root, *order["folder"].split("/"))
    for key, text in order["files"].items():
        path = os.path.normpath(os.path.join(base, *key.split("/")))
        if os.path.relpath(path, root).startswith(".."):
            say(f"{key}: outside the repository")
            finish(1)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as stream:
            stream.write(base64.b64decode(text))
    return os.path.normpath(os.path.join(base, *order["path"].split("/")))


def environments(
    order: "dict[str, Any]", env: str, file: str
) -> "tuple[str, list[str], list[str]]":
    """Return the command that makes an environment, and the one that installs into it."""
    python = os.path.join(env, "Scripts", "python.exe") if WINDOWS else env + "/bin/python"
    uv = shutil.which("uv") if order["installer"] == "uv" else None
    options = list(order["index_options"])
    if uv:
        options += order["uv_options"]
        make = [uv, "venv", "--quiet", "--python", sys.executable, env]
        install = [uv, "pip", "install", "--python", python]
    else:
        make = [sys.executable, "-m", "venv", env]
        install = [python, "-m", "pip", "install", "--disable-pip-version-check"]
    if order["isolated"]:
        install.append("--no-deps")
    if order["build_constraints"]:
        with open(env + "-build.txt", "w") as stream:
            stream.write("\n".join(order["build_constraints"]) + "\n")
        install += ["--build-constraint", env + "-build.txt"]
    return python, make, [*install, *options, "-r", file]


def sites(env: str) -> "list[str]":
    found = []
    for folder, names, _ in os.walk(env):
        if os.path.basename(folder) == "site-packages":
            found.append(folder)
            names[:] = []
    return found


def releases(env: str) -> "list[tuple[str, str, str]]":
    """Return the folder of metadata, name and version of each installed project."""
    found = []
    for site in sites(env):
        for info in sorted(os.listdir(site)):
            if info.endswith((".dist-info", ".egg-info")):
                place = os.path.join(site, info)
                for name in ("METADATA", "PKG-INFO"):
                    text = read(os.path.join(place, name))
                    named = re.search(r"^Name:\s*(\S+)", text, re.M)
                    version = re.search(r"^Version:\s*(\S+)", text, re.M)
                    if named and version:
                        project = re.sub(r"[-_.]+", "-", named.group(1)).lower()
                        found.append((place, project, version.group(1)))
                        break
    return found


def read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read(8000000)
    except OSError:
        return ""


def modules(env: str, said: bytes) -> "dict[str, str]":
    """Return import name to project, for the names that a failing check mentions."""
    owners: dict[str, set[str]] = {}
    for place, project, _ in releases(env):
        for line in read(os.path.join(place, "RECORD")).splitlines():
            path = line.rsplit(",", 2)[0]
            parts = path.split("/")
            stem, _, ending = parts[-1].partition(".")
            if not (ending == "py" or path.endswith((".so", ".pyd"))):
                continue
            parts = parts[:-1] if stem == "__init__" else [*parts[:-1], stem]
            if parts and all(part.isidentifier() for part in parts):
                for depth in range(1, len(parts) + 1):
                    owners.setdefault(".".join(parts[:depth]), set()).add(project)
    text = said.decode("utf-8", "replace").lower()
    found = {}
    for name, projects in owners.items():
        head = name.rpartition(".")[0]
        is_top = not head or len(owners[head]) > 1
        if len(projects) == 1 and is_top and name.rpartition(".")[2].lower() in text:
            found[name] = min(projects)
    return found


def build(order: "dict[str, Any]") -> int:
    root = os.getcwd()
    file = write_files(order, root)
    steps = Steps(order["timeout"])

    def stopped(*_: "Any") -> None:
        steps.stop()
        finish(130)

    signal.signal(signal.SIGTERM, stopped)
    signal.signal(signal.SIGINT, stopped)
    # GitHub's runners empty that folder themselves, also after a job that was killed.
    folder = tempfile.mkdtemp(prefix="depbisect-", dir=os.environ.get("RUNNER_TEMP"))
    SCRATCH.append(folder)
    env = os.path.join(folder, "env")
    environment = dict(os.environ, PYTHONUNBUFFERED="1", NO_COLOR="1", GIT_TERMINAL_PROMPT="0")
    environment.pop("DEPBISECT_ORDER", None)
    python, make, install = environments(order, env, file)
    made = subprocess.run(make, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if made.returncode:
        say(made.stdout.decode("utf-8", "replace"))
        say(f"{FENCE} stopped: no environment can be made")
        return 125
    say(f"Python {sys.version.split()[0]}, {os.path.basename(install[0])}")
    before = {name: version for _, name, version in releases(env)}
    if steps.run("install", install, os.path.dirname(file), environment):
        return 1
    found = {name: version for _, name, version in releases(env) if before.get(name) != version}
    say(f"{FENCE} installed {json.dumps(found, sort_keys=True)}")
    if order["isolated"]:
        return 0
    path = os.pathsep.join([os.path.dirname(python), environment.get("PATH", os.defpath)])
    active = dict(environment, VIRTUAL_ENV=env, PATH=path)
    asked: list[tuple[str, Any]] = []
    if order["imports"]:
        script = os.path.join(folder, "imports.py")
        with open(script, "w", encoding="utf-8") as stream:
            stream.write(order["imports"])
        asked.append(("imports", [python, "-I", script, FENCE, "2", *order["names"]]))
    asked += [("check", command) for command in order["checks"]]
    for name, command in asked:
        if steps.run(name, command, os.path.join(root, *order["cwd"].split("/")), active):
            told = modules(env, steps.said)
            say(f"{FENCE} modules {json.dumps(told, sort_keys=True)}")
            return 1
    return 0


def main(order: "dict[str, Any]") -> None:
    """Build, and end the process."""
    say(f"{FENCE} order begin {order['marker']}")
    finish(build(order))
