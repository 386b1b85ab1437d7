"""What the platform holds: accounts, keys, algorithms with repositories, builds and errors."""

from __future__ import annotations

import json
import os
import queue
import re
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from tests.support.algorithmia_emulator.building import Called, Install, Recipe, call
from tests.support.algorithmia_emulator.faults import Faults

ENVIRONMENT = "d8f3110a-ad46-4008-a099-a33824522d09"
ERRORS_KEPT = 200
ERRORS_DAYS = 7
GIT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "platform",
    "GIT_AUTHOR_EMAIL": "platform@cluster.example",
    "GIT_COMMITTER_NAME": "platform",
    "GIT_COMMITTER_EMAIL": "platform@cluster.example",
}
# Each push leaves one line per branch here, which the server reads when git is done.
HOOK = "#!/bin/sh\ncat >> pushes\n"


class ApiError(Exception):
    """An error reply: the platform's code and message; the status follows from the code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    @property
    def status(self) -> int:
        """Return the HTTP status that the code is sent with."""
        special = {2002: 401, 2001: 403, 1000: 404, 1001: 404, 1009: 404, 5001: 500}
        return special.get(self.code, 400)


@dataclass(frozen=True)
class Key:
    """An API key: whose it is, and what it may do; `data` is none, read or write."""

    account: str
    manages: bool = True
    admin: bool = False
    data: str = "write"


@dataclass
class Build:
    """One build of one commit."""

    build_id: str
    commit: str
    number: int
    started: float
    status: str = "in-progress"
    finished: float | None = None
    log: str = ""
    python: str = ""
    unlisted: int = 0
    log_waits: int = 0
    stuck: bool = False
    done: threading.Event = field(default_factory=threading.Event)


@dataclass
class Algorithm:
    """One algorithm: its settings, bare repository, builds (oldest first) and one build queue."""

    uuid: str
    owner: str
    name: str
    details: dict[str, Any]
    settings: dict[str, Any]
    repository: Path
    provider: str = "internal"
    builds: list[Build] = field(default_factory=list)
    published: dict[str, str] = field(default_factory=dict)
    callability: dict[str, str] = field(default_factory=dict)
    errors: list[dict[str, Any]] = field(default_factory=list)
    waiting: queue.Queue[Build | None] = field(default_factory=queue.Queue)

    @property
    def path(self) -> str:
        """Return OWNER/NAME."""
        return f"{self.owner}/{self.name}"


class Platform:
    """A whole cluster below one folder. `clock` gives epoch seconds."""

    def __init__(
        self,
        root: Path,
        *,
        recipe: Recipe | None = None,
        clock: Callable[[], float] = time.time,
        problems: Faults | None = None,
    ) -> None:
        self.root = root
        self.recipe: Recipe = recipe or Install()
        self.clock = clock
        self.problems = problems or Faults()
        self.keys: dict[str, Key] = {}
        self.tokens: dict[str, Key] = {}
        self.passwords: dict[str, str] = {}
        self.organisations: dict[str, set[str]] = {}
        # OWNER/COLLECTION of hosted data to its read rights, as the platform writes them.
        self.collections: dict[str, list[str]] = {}
        self.algorithms: dict[str, Algorithm] = {}
        self.lock = threading.RLock()
        self._workers: list[threading.Thread] = []
        (root / "git").mkdir(parents=True, exist_ok=True)

    def may_manage(self, key: Key, owner: str) -> bool:
        """Say whether the key is management-capable, standard, and of the owner or a member."""
        return key.manages and not key.admin and self.is_member(key, owner)

    def is_member(self, key: Key, owner: str) -> bool:
        """Say whether the key is of the owner or of a member of the owning organisation."""
        return key.account == owner or key.account in self.organisations.get(owner, set())

    def create(
        self,
        owner: str,
        name: str,
        files: dict[str, str] | None = None,
        *,
        details: dict[str, Any] | None = None,
        settings: dict[str, Any] | None = None,
        provider: str = "internal",
    ) -> Algorithm:
        """Create an algorithm with a first commit, which is not built."""
        if f"{owner}/{name}" in self.algorithms:
            raise ApiError(1002, "an algorithm with that name exists already")
        repository = self.root / "git" / owner / f"{name}.git"
        algorithm = Algorithm(
            uuid=str(uuid.uuid4()),
            owner=owner,
            name=name,
            details={"label": name, "tagline": "", "summary": "", **(details or {})},
            settings=checked_settings(settings or {}),
            repository=repository,
            provider=provider,
        )
        _make_repository(repository, {**_template(owner, name), **(files or {})})
        with self.lock:
            self.algorithms[algorithm.path] = algorithm
            worker = threading.Thread(target=self._work, args=(algorithm,), daemon=True)
            self._workers.append(worker)
        worker.start()
        return algorithm

    def delete(self, algorithm: Algorithm) -> None:
        """Remove an algorithm; its repository stays on disk."""
        with self.lock:
            del self.algorithms[algorithm.path]
        algorithm.waiting.put(None)

    def find(self, *reference: str) -> Algorithm:
        """Return the algorithm by OWNER, NAME or by UUID."""
        with self.lock:
            if len(reference) == 2:
                found = self.algorithms.get("/".join(reference))
                if found is None:
                    raise ApiError(1001, "No such algorithm")
                return found
            for algorithm in self.algorithms.values():
                if algorithm.uuid == reference[0]:
                    return algorithm
        raise ApiError(1009, "no algorithm with that id")

    def start_build(self, algorithm: Algorithm, commit: str) -> Build:
        """Queue a build of `commit`."""
        with self.lock:
            build = Build(
                build_id=str(uuid.uuid4()),
                commit=commit,
                number=len(algorithm.builds),
                started=self.clock(),
                unlisted=self.problems.late_listing,
                log_waits=self.problems.late_log,
                stuck=self.problems.strikes("stuck"),
            )
            algorithm.builds.append(build)
        if not build.stuck:
            algorithm.waiting.put(build)
        return build

    def pushed(self, algorithm: Algorithm) -> None:
        """Start a build for each push to master that the repository's hook has seen."""
        seen = algorithm.repository / "pushes"
        with self.lock:
            if not seen.exists():
                return
            lines = seen.read_text(encoding="utf-8").splitlines()
            seen.unlink()
        for line in lines:
            _, new, ref = line.split(" ", 2)
            if ref != "refs/heads/master" or self.problems.strikes("no_webhook"):
                continue
            self.start_build(algorithm, new)
            if self.problems.strikes("twins"):
                self.start_build(algorithm, new)

    def run(
        self, algorithm: Algorithm, version: str, value: object, *, account: str, timeout: float
    ) -> tuple[Called, str]:
        """Call a built version; returns what it came to and the request's id."""
        request = f"req-{uuid.uuid4()}"
        with self.lock:
            commit = resolve_version(algorithm, version)
            built = [b for b in algorithm.builds if b.commit == commit and b.status == "succeeded"]
        if not built:
            raise ApiError(1001, f"No such algorithm version {version or 'latest'}")
        tree = self._folder(built[-1]) / "tree"
        called = call(built[-1].python, tree, algorithm.name, value, timeout)
        if "error" in called.reply:
            self._remember(algorithm, version or "latest", request, value, called.reply, account)
        return called, request

    def recent_errors(self, algorithms: Iterable[Algorithm]) -> list[dict[str, Any]]:
        """Return the error entries of the last days, newest first."""
        oldest = (self.clock() - ERRORS_DAYS * 86400) * 1000
        with self.lock:
            entries = [entry for algorithm in algorithms for entry in algorithm.errors]
        recent = [entry for entry in entries if entry["created_at"] >= oldest]
        return sorted(recent, key=lambda entry: -entry["created_at"])[:ERRORS_KEPT]

    def close(self) -> None:
        """Let every build queue end after the build that it has in hand."""
        for algorithm in list(self.algorithms.values()):
            algorithm.waiting.put(None)
        for worker in self._workers:
            worker.join(timeout=30)

    def _work(self, algorithm: Algorithm) -> None:
        while (build := algorithm.waiting.get()) is not None:
            self._build(algorithm, build)

    def _build(self, algorithm: Algorithm, build: Build) -> None:
        folder = self._folder(build)
        tree = folder / "tree"
        tree.mkdir(parents=True)
        archive = subprocess.run(
            ["git", "-C", str(algorithm.repository), "archive", build.commit],
            stdout=subprocess.PIPE,
            check=True,
        )
        subprocess.run(["tar", "-x", "-C", str(tree)], input=archive.stdout, check=True)
        built = self.recipe.build(tree, folder)
        with self.lock:
            build.log, build.python = built.log, built.python
            build.finished = self.clock()
            build.status = "succeeded" if built.succeeded else "failed"
            if self.problems.strikes("strange_status"):
                build.status = "archived"
        build.done.set()

    def _folder(self, build: Build) -> Path:
        return self.root / "builds" / build.build_id

    def _remember(
        self,
        algorithm: Algorithm,
        version: str,
        request: str,
        value: object,
        reply: Mapping[str, Any],
        account: str,
    ) -> None:
        stack = f"Some({reply['stack'].rstrip()})" if "stack" in reply else "None"
        text = f"error:\n{reply['error']}\nstacktrace:\n{stack}"
        entry = {
            "created_at": int(self.clock() * 1000),
            "request_id": request,
            "username": algorithm.owner,
            "algoname": algorithm.name,
            "algoversion": version,
            "input": value if isinstance(value, str) else json.dumps(value, default=repr),
            "error_type": "AlgorithmError",
            "error": text,
            "billable_to": account,
            "worker": "172.41.7.115",
        }
        with self.lock:
            algorithm.errors.append(entry)


def resolve_version(algorithm: Algorithm, version: str) -> str:
    """Return the commit that a version of a call means; a commit stands for itself.

    `latest`, nothing, `1.2` and `1.2.*` are the newest public release, `latestPrivate` the newest
    private one. Raises ApiError.
    """
    parts = re.fullmatch(r"(\d+)\.(\d+)(?:\.(?:\*|(\d+)))?", version)
    if version not in ("", "latest", "latestPrivate") and parts is None:
        return version
    if parts is not None and parts[3] is not None:
        return algorithm.published.get(version, version)
    wanted = "private" if version == "latestPrivate" else "public"
    found = [
        (tuple(map(int, known.split("."))), commit)
        for known, commit in algorithm.published.items()
        if algorithm.callability.get(known) == wanted
        and (parts is None or known.startswith(f"{parts[1]}.{parts[2]}."))
    ]
    if not found:
        raise ApiError(1001, f"No such algorithm version {version or 'latest'}")
    return max(found)[1]


def when(instant: float) -> str:
    """Return ISO 8601 in UTC with milliseconds."""
    moment = datetime.fromtimestamp(instant, timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def head(algorithm: Algorithm) -> str:
    """Return the commit at the head of master."""
    command = ["git", "-C", str(algorithm.repository), "rev-parse", "refs/heads/master"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def commits(algorithm: Algorithm) -> list[dict[str, str]]:
    """Return the commits of master, newest first."""
    command = ["git", "-C", str(algorithm.repository), "log", "-z"]
    command += ["--format=%H%x1f%s%x1f%B%x1f%an", "master"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    names = ("id", "short_message", "message", "author")
    return [
        dict(zip(names, entry.split("\x1f"), strict=True))
        for entry in done.stdout.split("\0")
        if entry
    ]


def show(algorithm: Algorithm, path: str, commit: str = "master") -> str:
    """Return the text of a file at a commit."""
    command = ["git", "-C", str(algorithm.repository), "show", f"{commit}:{path}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def checked_settings(asked: dict[str, Any], before: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the settings with what was asked; closed lists are kept to. Raises ApiError."""
    usual = before or {
        "algorithm_callability": "private",
        "source_visibility": "closed",
        "package_set": "python39",
        "license": "apl",
        "network_access": "full",
        "pipeline_enabled": True,
        "insights_enabled": False,
    }
    if "language" not in asked and before is None:
        usual["algorithm_environment"] = ENVIRONMENT
    closed = {
        "source_visibility": {"open", "closed"},
        "license": {"apl", "apache2", "gpl3", "mit"},
        "network_access": {"full", "isolated"},
        "algorithm_callability": {"public", "private"},
    }
    for name, allowed in closed.items():
        if asked.get(name, usual[name]) not in allowed:
            raise ApiError(6001, f"settings.{name}: one of {', '.join(sorted(allowed))}")
    if asked.get("algorithm_environment", ENVIRONMENT) != ENVIRONMENT:
        raise ApiError(4001, "no such algorithm environment")
    return {**usual, **asked}


def _template(owner: str, name: str) -> dict[str, str]:
    return {
        "algorithmia.conf": json.dumps({"username": owner, "algoname": name}) + "\n",
        "requirements.txt": "",
        "src/__init__.py": "",
        f"src/{name}.py": "def apply(value):\n    return f'Hello {value}'\n",
    }


def _make_repository(repository: Path, files: dict[str, str]) -> None:
    repository.parent.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, **GIT}

    def git(*arguments: str, text: str | None = None) -> str:
        done = subprocess.run(
            ["git", "-C", str(repository), *arguments],
            input=text,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    repository.mkdir()
    git("init", "--quiet", "--bare", "--initial-branch=master")
    for setting in ("http.receivepack", "receive.denyNonFastForwards", "receive.denyDeletes"):
        git("config", setting, "true")
    hook = repository / "hooks" / "post-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(HOOK, encoding="utf-8")
    hook.chmod(0o755)
    for path, text in files.items():
        blob = git("hash-object", "-w", "--stdin", text=text)
        git("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}")
    first = git("commit-tree", git("write-tree"), text="first version\n")
    git("update-ref", "refs/heads/master", first)
    (repository / "index").unlink()
