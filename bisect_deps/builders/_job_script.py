"""One build on another machine, run by any Python from 3.6 on with nothing installed.

Writes the candidate's files, makes an environment, installs, runs the checks, and writes fences
around each step. The environment stands in a scratch folder of the machine, which is removed at
the end, and no process outlives the build. Must not know which system started it.

Arguments: the job as a JSON file (see `Job` in `_job.py`), and where the result goes, as JSON:
a file, or - for a last line of the log. Its `status` is `passed`, `failed` or `broken` (no
evidence), `installed` maps projects to versions, `modules` import names to projects.
"""

import base64
import glob
import hashlib
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from typing import Any

FENCE = "::depbisect"
WINDOWS = os.name == "nt"
PROGRAMS, PYTHON = ("Scripts", "python.exe") if WINDOWS else ("bin", "python")
# How long processes have to end before they are killed.
GRACE = 2.0
# How an installer ends that was killed from outside, say because the machine is out of memory.
KILLED = (128 + 9, 128 + 15, -9, -15)
MOST_BYTES = 8000000
# What is shown of a command: the log of no build may grow without end. MOST_SHOWN is of the whole
# job, the ends of later commands beside it; of a file that is larger, only its ends are left.
TAIL, MOST_SHOWN, LARGEST = 1000000, 24000000, 64000000


class Stopped(Exception):
    """The build was told to end."""


class Over(Exception):
    """The build has used up its time."""


class Unable(Exception):
    """This machine cannot do the build; says nothing about the candidate."""


def main(job: "dict[str, Any]", result_path: str) -> int:
    """Run the job; return 0 for a pass, 1 for a failure, 2 where nothing is known."""
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    scratch = _scratch(os.environ.get("RUNNER_TEMP") or tempfile.gettempdir())
    build = JobSteps(job, scratch)
    result: dict[str, Any] = {"status": "broken"}
    if job.get("marker"):
        _say(f"{FENCE} job begin {job['marker']}")
    try:
        result = build.run()
    except Unable as error:
        _say(f"depbisect: {error}")
    except Over:
        _say(f"{FENCE} stopped after {job['limit']:g} s: over its limit")
    except Stopped:
        result = {"status": "cancelled"}
        _say(f"{FENCE} stopped on request")
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        shutil.rmtree(scratch, ignore_errors=True)
    _write_result(result, result_path)
    return {"passed": 0, "failed": 1}.get(str(result["status"]), 2)


class JobSteps:
    """The steps of one build in its scratch folder."""

    def __init__(self, job: "dict[str, Any]", scratch: str) -> None:
        self.job = job
        self.deadline = time.monotonic() + job["limit"]
        self.env = os.path.join(scratch, "env")
        # Where it is relative, it is a folder of the checkout in which the job was started.
        self.checkout = os.getcwd() if job.get("checkout") else ""
        tree = job.get("tree") or os.path.join(scratch, "tree")
        self.tree = os.path.normpath(os.path.join(self.checkout, tree))
        self.scratch = scratch
        self.output = ""
        self.room = MOST_SHOWN
        self.variables = dict(os.environ, TMPDIR=self._folder("tmp"), **job["environment"])
        if job.get("netrc"):
            self.variables["NETRC"] = self._private("netrc", job["netrc"])
        if job.get("own_cache"):
            cache = os.path.join(scratch, "cache")
            self.variables.update(UV_CACHE_DIR=cache + "/uv", PIP_CACHE_DIR=cache + "/pip")

    def run(self) -> "dict[str, Any]":
        """Return the result."""
        self._write_files()
        places = {"python": self._python(), "env": self.env, "tree": self.tree}
        places["own_python"] = os.path.join(self.env, PROGRAMS, PYTHON)
        way, places["installer"] = self._way()
        self.variables.update(
            (name, _filled([value], places)[0]) for name, value in way["environment"].items()
        )
        if self._call(_filled(way["make"], places), self.variables):
            raise Unable("no environment can be made on this machine")
        before = installed(self.env)
        code = self._step("install", _filled(way["install"], places), self.variables)
        if code in KILLED:
            return {"status": "broken"}
        if code:
            return {"status": "failed"}
        found = {
            name: version for name, version in installed(self.env).items()
            if before.get(name) != version
        }  # fmt: skip
        for name, command in self._checks(places):
            if self._step(name, command, self._active()):
                used = modules(self.env, self.output)
                return {"status": "failed", "installed": found, "modules": used}
        return {"status": "passed", "installed": found}

    def _checks(self, places: "dict[str, str]") -> "list[tuple[str, Any]]":
        steps: list[tuple[str, Any]] = []
        if self.job.get("imports") is not None:
            script = self._private("imports.py", self.job["imports_script"])
            command = [places["own_python"], "-I", script, FENCE, str(os.cpu_count() or 1)]
            steps.append(("imports", command + self.job["imports"]))
        return steps + [("check", check) for check in self.job["checks"]]

    def _active(self) -> "dict[str, str]":
        programs = os.path.join(self.env, PROGRAMS)
        path = os.pathsep.join([programs, self.variables.get("PATH", os.defpath)])
        return dict(self.variables, VIRTUAL_ENV=self.env, PATH=path)

    def _step(self, name: str, command: Any, variables: "dict[str, str]") -> int:
        shown = command if isinstance(command, str) else " ".join(command)
        _say(f"{FENCE} {name} begin\n$ {shown}")
        code = self._call(command, variables)
        _say(f"{FENCE} {name} end rc={code}")
        return code

    def _call(self, command: Any, variables: "dict[str, str]") -> int:
        """Run a command, its output copied to ours; return how it ended."""
        log = os.path.join(self.scratch, "output")
        cwd = os.path.join(self.checkout, self.job.get("cwd") or self.tree)
        with open(log, "wb"):
            pass
        # Appended, so that what it writes comes to the new end where the file was emptied.
        with open(log, "ab") as output:
            process = subprocess.Popen(
                command, shell=isinstance(command, str), stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, env=variables, start_new_session=not WINDOWS,
                cwd=cwd if os.path.isdir(cwd) else self.tree,
            )  # fmt: skip
        said = Said(log, min(MOST_BYTES, self.room))
        try:
            while True:
                code = process.poll()
                said.copy()
                if code is not None:
                    break
                if time.monotonic() >= self.deadline:
                    raise Over
                time.sleep(0.05)
        finally:
            _end(process)
            said.end()
            self.room -= said.shown
            self.output = bytes(said.head).decode("utf-8", "replace")
        return code if code >= 0 else 128 - code

    def _write_files(self) -> None:
        os.makedirs(self.tree, exist_ok=True)
        for name, content in self.job["files"].items():
            path = os.path.normpath(os.path.join(self.tree, *name.split("/")))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(base64.b64decode(content))

    def _python(self) -> str:
        """Return the Python that the build is for. Raises Unable where it is not here."""
        wanted = self.job["version"]
        if not self.job["pythons"]:
            return sys.executable
        for name in [*self.job["pythons"], *_known_to_uv(wanted)]:
            path: str | None = shutil.which(name)
            if path is not None and (not wanted or _version(path) == wanted):
                return path
        raise Unable(f"there is no Python {wanted} on this machine")

    def _way(self) -> "tuple[dict[str, Any], str]":
        """Return the first way to install whose program is here, and where that is."""
        for way in self.job["ways"]:
            for name in way["programs"]:
                path: str | None = shutil.which(name)
                if path is not None:
                    return way, path
            if not way["programs"]:
                return way, ""
        raise Unable("there is no uv on this machine; install it, or use --installer pip")

    def _folder(self, name: str) -> str:
        path = os.path.join(self.scratch, name)
        os.mkdir(path)
        return path

    def _private(self, name: str, text: str) -> str:
        path = os.path.join(self.scratch, name)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        return path


class Said:
    """A command's output in a file, copied to ours: of a flood its first `most` bytes and TAIL."""

    def __init__(self, path: str, most: int) -> None:
        self.path, self.most = path, most
        self.head, self.tail = bytearray(), bytearray()
        self.start = self.dropped = self.shown = 0

    def copy(self) -> None:
        """Show what has come."""
        with open(self.path, "rb") as file:
            file.seek(self.start)
            while True:
                part = file.read(1 << 20)
                if not part:
                    break
                self.start += len(part)
                self._take(part)
        if self.dropped and self.start > LARGEST:
            os.truncate(self.path, 0)
            self.start = 0

    def end(self) -> None:
        """Show what is left, in whole lines."""
        self.copy()
        if self.dropped:
            _say("\n[%.0f MB of output are left out here]" % (self.dropped / 1e6))
        _show(bytes(self.tail))
        last = self.tail or self.head
        if last and not last.endswith(b"\n"):
            _say("")

    def _take(self, part: bytes) -> None:
        first = part[: self.most - len(self.head)]
        self.head += first
        self.shown += len(first)
        _show(first)
        self.tail += part[len(first) :]
        if len(self.tail) > 2 * TAIL:
            self.dropped += len(self.tail) - TAIL
            del self.tail[:-TAIL]


def installed(env: str) -> "dict[str, str]":
    """Return normalised name to version of what is installed in an environment."""
    return {name: version for _, name, version in _infos(env)}


def modules(env: str, log: str) -> "dict[str, str]":
    """Return import name to project, of the names that a log mentions.

    Of a package that several projects share (`google`) the deepest packages that each has alone.
    """
    owners: dict[str, set[str]] = {}
    for info, project, _ in _infos(env):
        for parts in _importable(info):
            for depth in range(1, len(parts) + 1):
                owners.setdefault(".".join(parts[:depth]), set()).add(project)
    found = {}
    for name, projects in sorted(owners.items()):
        head, _, last = name.rpartition(".")
        is_shallowest = not head or len(owners[head]) > 1
        if len(projects) == 1 and is_shallowest and last.lower() in log.lower():
            found[name] = min(projects)
    return found


def _infos(env: str) -> "list[tuple[str, str, str]]":
    """Return folder, name and version of each installed project."""
    found: list[tuple[str, str, str]] = []
    for site in _sites(env):
        for entry in sorted(os.listdir(site)):
            if entry.endswith((".dist-info", ".egg-info")):
                info = os.path.join(site, entry)
                text = _read(info + "/METADATA") or _read(info + "/PKG-INFO") or _read(info)
                name = re.search(r"^Name:\s*(\S+)", text, re.MULTILINE)
                number = re.search(r"^Version:\s*(\S+)", text, re.MULTILINE)
                if name and number:
                    plain = re.sub(r"[-_.]+", "-", name.group(1)).lower()
                    found.append((info, plain, number.group(1)))
    return found


def _sites(env: str) -> "list[str]":
    patterns = ("lib/python*/site-packages", "Lib/site-packages")
    return sorted(site for pattern in patterns for site in glob.glob(os.path.join(env, pattern)))


def _importable(info: str) -> "list[list[str]]":
    """Return the modules that a project put in place, each as its parts."""
    found = []
    for line in _read(info + "/RECORD").splitlines():
        path = line.rsplit(",", 2)[0]
        folders, file = path.split("/")[:-1], path.split("/")[-1]
        stem, _, ending = file.partition(".")
        if ending == "py" or path.endswith((".so", ".pyd")):
            found.append(folders if stem == "__init__" else [*folders, stem])
    tops = [[name] for name in _read(info + "/top_level.txt").split()]
    return [parts for parts in found or tops if parts and all(map(str.isidentifier, parts))]


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(MOST_BYTES)
    except OSError:
        return ""


def _version(python: str) -> str:
    """Return major and minor version of an interpreter, empty where it does not run."""
    question = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        said = subprocess.check_output([python, "-I", "-c", question], stderr=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError):
        return ""
    return said.decode("ascii", "replace").strip()


def _known_to_uv(version: str) -> "list[str]":
    """Return the path of a Python that uv has installed, where there is uv and such a one."""
    if not shutil.which("uv"):
        return []
    command = ["uv", "python", "find", "--no-project", "--no-python-downloads", version]
    try:
        said = subprocess.check_output(command, stderr=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError):
        return []
    return said.decode("utf-8", "replace").split("\n")[:1]


def _filled(command: "list[str]", places: "dict[str, str]") -> "list[str]":
    for name, value in places.items():
        command = [part.replace("{" + name + "}", value) for part in command]
    return command


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a command with all that it left behind in its group."""
    if WINDOWS:
        process.kill()
        process.wait()
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except (ProcessLookupError, PermissionError):
            break
        until = time.monotonic() + GRACE
        while process.poll() is None and time.monotonic() < until:
            time.sleep(0.02)
    process.wait()


def _write_result(result: "dict[str, Any]", path: str) -> None:
    text = json.dumps(result, sort_keys=True)
    if path == "-":
        _say(f"{FENCE} result {text}")
        return
    with open(path + ".part", "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.rename(path + ".part", path)


def _say(text: str) -> None:
    _show((text + "\n").encode("utf-8", "replace"))


def _show(data: bytes) -> None:
    if data:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


def _scratch(place: str) -> str:
    """Return an empty folder there; what jobs left that were killed on this machine is removed.

    The runners of some CI systems empty the place themselves, Slurm's nodes do not.
    """
    try:
        here = platform.node() + os.readlink("/proc/self/ns/pid")
    except OSError:
        return tempfile.mkdtemp(prefix="depbisect-job-", dir=place)
    host = hashlib.sha256(here.encode()).hexdigest()[:8]
    for path in glob.glob(os.path.join(glob.escape(place), "depbisect-job-*-" + host + "-*")):
        pid, began = os.path.basename(path).split("-")[2:4]
        try:
            is_own = os.lstat(path).st_uid == os.getuid() and not os.path.islink(path)
        except (AttributeError, OSError):
            continue
        if is_own and began and began != _began(pid):
            shutil.rmtree(path, ignore_errors=True)
    name = "-".join(("depbisect-job", str(os.getpid()), _began("self"), host, ""))
    return tempfile.mkdtemp(prefix=name, dir=place)


def _began(pid: str) -> str:
    """Return when a process was started, in the machine's own count; "" where nobody knows."""
    try:
        with open("/proc/" + pid + "/stat", "rb") as stream:
            about = stream.read().rpartition(b")")[2].split()
        return about[19].decode()
    except (IndexError, OSError):
        return ""


def _stop(number: int, frame: Any) -> None:
    raise Stopped


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as told:
        sys.exit(main(json.load(told), sys.argv[2]))
