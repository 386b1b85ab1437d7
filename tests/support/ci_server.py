"""What the CI servers of the tests share: HTTP, a real git repository, jobs as real processes."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sysconfig
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass
class Answer:
    status: int
    value: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    value: Any


@dataclass
class Refusal:
    """Answers given in place of the server's own, so many times."""

    pattern: str
    times: int
    answer: Answer | None


@dataclass
class Job:
    """One run: its process writes `output`; `title` is what the run is called."""

    number: int
    title: str
    ref: str
    folder: Path
    made: float = field(default_factory=time.time)
    process: subprocess.Popen[bytes] | None = None
    ended: float | None = None
    cancelled: bool = False
    code: int | None = None

    @property
    def output(self) -> Path:
        return self.folder / "output"

    @property
    def text(self) -> str:
        return self.output.read_text(errors="replace") if self.output.exists() else ""


class Repository:
    """A bare repository that the server holds."""

    def __init__(self, path: Path) -> None:
        self.path = path
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(path)], check=True)

    def git(self, *arguments: str, text: bytes = b"", **environment: str) -> str:
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            input=text,
            capture_output=True,
            check=True,
            env={**os.environ, **_AUTHOR, **environment},
        )
        return done.stdout.decode().strip()

    def resolve(self, name: str) -> str | None:
        try:
            return self.git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
        except subprocess.CalledProcessError:
            return None

    def tree(self, base: str | None, files: Mapping[str, str]) -> str:
        """Return the tree `base` with some files set."""
        with tempfile.TemporaryDirectory() as folder:
            index = {"GIT_INDEX_FILE": os.path.join(folder, "index")}
            if base:
                self.git("read-tree", base, **index)
            for path, content in files.items():
                blob = self.git("hash-object", "-w", "--stdin", text=content.encode())
                self.git("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", **index)
            return self.git("write-tree", **index)

    def commit(self, files: Mapping[str, str], branch: str = "main", start: str = "") -> str:
        parent = self.resolve(start or branch)
        tree = self.tree(parent, files)
        own = ["-p", parent] if parent else []
        sha = self.git("commit-tree", tree, *own, "-m", "a commit")
        self.git("update-ref", f"refs/heads/{branch}", sha)
        return sha

    def branches(self) -> list[str]:
        return self.git("for-each-ref", "--format=%(refname:short)", "refs/heads").split()

    def check_out(self, ref: str, folder: Path) -> None:
        subprocess.run(["git", "clone", "-q", str(self.path), str(folder)], check=True)
        subprocess.run(["git", "checkout", "-q", ref], cwd=folder, check=True)


class CiServer(ABC):
    """Serves one project. A subclass has `routes`, and says how a job is run."""

    slots = 4

    def __init__(self, folder: Path, token: str) -> None:
        self.folder, self.token = folder, token
        folder.mkdir(parents=True, exist_ok=True)
        self.repository = Repository(folder / "repository.git")
        self.jobs: list[Job] = []
        self.requests: list[Request] = []
        self.refusals: list[Refusal] = []
        self.lock = threading.Lock()
        self.routes: list[tuple[str, str, Callable[..., Answer]]] = []
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> CiServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for job in self.jobs:
            self.stop(job)
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def refuse(self, pattern: str, answer: Answer | None, times: int = 1) -> None:
        """Answer requests that match `METHOD /path` otherwise; None drops the connection."""
        self.refusals.append(Refusal(pattern, times, answer))

    def asked(self, pattern: str) -> int:
        """Return how many requests matched."""
        lines = [f"{request.method} {request.path}" for request in self.requests]
        return sum(re.search(pattern, line) is not None for line in lines)

    def running(self) -> list[Job]:
        return [job for job in self.jobs if self.settle(job) is None]

    def start(self, title: str, ref: str, inputs: Mapping[str, str]) -> Job:
        number = 1001 + len(self.jobs)
        job = Job(number, title, ref, self.folder / f"job{number}")
        job.folder.mkdir()
        self.repository.check_out(ref, job.folder / "tree")
        command, environment = self.command(job, inputs)
        with job.output.open("wb") as stream:
            job.process = subprocess.Popen(
                command,
                cwd=job.folder / "tree",
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.jobs.append(job)
        return job

    @abstractmethod
    def command(self, job: Job, inputs: Mapping[str, str]) -> tuple[list[str], dict[str, str]]: ...

    def settle(self, job: Job) -> int | None:
        """Return a job's exit code, None while it runs."""
        if job.ended is None and job.process is not None:
            job.code = job.process.poll()
            if job.code is not None:
                job.ended = time.time()
        return job.code

    def stop(self, job: Job) -> None:
        if self.settle(job) is not None or job.process is None:
            return
        job.cancelled = True
        _signal_tree(job.process.pid, signal.SIGTERM)
        try:
            job.process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(job.process.pid, signal.SIGKILL)
            job.process.wait()
        self.settle(job)

    def answer(self, request: Request) -> Answer | None:
        self.requests.append(request)
        line = f"{request.method} {request.path}"
        for refusal in self.refusals:
            if refusal.times > 0 and re.search(refusal.pattern, line):
                refusal.times -= 1
                return refusal.answer
        if not self.admits(request):
            return Answer(401, {"message": "Bad credentials"})
        for method, pattern, route in self.routes:
            match = re.fullmatch(pattern, request.path)
            if match is not None and method == request.method:
                with self.lock:
                    return route(request, **match.groupdict())
        return Answer(404, {"message": "Not Found"})

    @abstractmethod
    def admits(self, request: Request) -> bool: ...


def _signal_tree(pid: int, number: int) -> None:
    """Signal a process and all below it, as a runner does that ends a job."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    left = [pid]
    while left:
        one = left.pop()
        left += children.get(one, [])
        try:
            os.kill(one, number)
        except ProcessLookupError:
            continue


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that were killed."""


def _handler(server: CiServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *_: object) -> None:
            pass

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            try:
                value = json.loads(body) if body else None
            except ValueError:
                value = None
            headers = {key.lower(): text for key, text in self.headers.items()}
            request = Request(
                self.command, parts.path, dict(parse_qsl(parts.query)), headers, value
            )
            answer = server.answer(request)
            if answer is None:
                self.close_connection = True
                return
            is_text = isinstance(answer.value, str)
            content = answer.value.encode() if is_text else json.dumps(answer.value).encode()
            content = b"" if answer.value is None else content
            self.send_response(answer.status)
            kind = "text/plain" if is_text else "application/json"
            for key, text in {"Content-Type": kind, **answer.headers}.items():
                self.send_header(key, text)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _serve

    return Handler


def act() -> str | None:
    """Return the path of `act`, which runs GitHub's workflows, where it is installed."""
    return shutil.which("act", path=os.pathsep.join([sysconfig.get_path("scripts"), os.defpath]))


def runner_environment() -> dict[str, str]:
    """Return what a runner's jobs see: uv and its cache, as on a machine that was set up for it."""
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)])
    cache = os.environ.get("UV_CACHE_DIR") or str(Path.home() / ".cache" / "uv")
    return {"PATH": path, "UV_CACHE_DIR": cache, "NO_COLOR": "1"}


_AUTHOR = {
    "GIT_AUTHOR_NAME": "someone",
    "GIT_AUTHOR_EMAIL": "someone@host.example",
    "GIT_COMMITTER_NAME": "someone",
    "GIT_COMMITTER_EMAIL": "someone@host.example",
}
