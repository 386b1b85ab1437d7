"""The routes of the Hugging Face Hub that a Space needs, with real installs behind them.

    with served(tmp_path, install, {"acme/one": {"requirements.txt": b"six\\n"}}) as hub:
        hub.address, hub.token                       # for HF_ENDPOINT and HF_TOKEN

A commit builds the Space as the platform does: the running build is given up, the stage goes
through BUILDING to APP_STARTING and RUNNING, or to BUILD_ERROR; a paused Space does not build.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tests.support.late import Late

_NO_ANSWER = object()
TOKEN = "hf_planted-token-of-the-tests"


@dataclass
class Space:
    """One repository and its runtime."""

    name: str
    files: dict[str, bytes]
    stage: str = "RUNNING"
    sha: str = "0" * 40
    commits: list[dict[str, str]] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None
    builds: int = 0


class Hub:
    """Spaces behind one address. `shows_sha` and `shows_logs` are what not every server has."""

    def __init__(self, spaces: dict[str, dict[str, bytes]], command: Sequence[str]) -> None:
        self.spaces = {name: Space(name, dict(files)) for name, files in spaces.items()}
        self.command = list(command)
        self.lock = threading.RLock()
        self.shows_sha = self.shows_logs = True
        self.failures = 0
        self.late = Late()
        self.address = ""
        self.token = TOKEN

    def commit(self, space: Space, lines: list[dict[str, object]]) -> str:
        """Apply a commit and have it built."""
        title = ""
        for line in lines:
            value = line["value"]
            assert isinstance(value, dict)
            if line["key"] == "header":
                title = value["summary"]
            elif line["key"] == "deletedFile":
                space.files.pop(value["path"], None)
            else:
                space.files[value["path"]] = base64.b64decode(value["content"])
        space.sha = f"{len(space.commits) + 1:040x}"
        space.commits.append({"id": space.sha, "title": title})
        if space.stage != "PAUSED":
            self.build(space)
        return space.sha

    def build(self, space: Space) -> None:
        """Start the build of the head; the one that runs is given up."""
        self.stop(space)
        space.stage, space.log = "BUILDING", []
        space.builds += 1
        threading.Thread(target=self._build, args=(space, space.builds), daemon=True).start()

    def stop(self, space: Space) -> None:
        """Kill what runs."""
        if space.process is not None and space.process.poll() is None:
            space.process.kill()

    def _build(self, space: Space, number: int) -> None:
        with tempfile.TemporaryDirectory(prefix="space-", ignore_cleanup_errors=True) as folder:
            Path(folder, "requirements.txt").write_bytes(space.files.get("requirements.txt", b""))
            command = ["sh", "-c", f"exec {' '.join(self.command)}"]
            with self.lock:
                if space.builds != number:
                    return
                process = subprocess.Popen(
                    command,
                    cwd=folder,
                    env={**os.environ, "TMPDIR": folder},
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                )
                space.process = process
            output, _ = process.communicate()
        with self.lock:
            if space.builds != number or space.stage != "BUILDING":
                return
            space.log = ["--> RUN pip install -r requirements.txt\n"]
            space.log += output.decode().splitlines(keepends=True)
            space.stage = "BUILD_ERROR" if process.returncode else "APP_STARTING"
            if not process.returncode:
                threading.Timer(0.3, self._run, (space, number)).start()

    def _run(self, space: Space, number: int) -> None:
        with self.lock:
            if space.builds == number and space.stage == "APP_STARTING":
                space.stage = "RUNNING"

    def close(self) -> None:
        """Kill all builds."""
        for space in self.spaces.values():
            space.builds += 1
            self.stop(space)


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *about: object) -> None:
        """Write nothing."""

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        self._answer(self._post)

    def _answer(self, how: Callable[[list[str], Space, bytes], object]) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = unquote(urlsplit(self.path).path).strip("/").split("/")
        parts = parts[1:] if parts[0] == "api" else parts
        with self.hub.lock:
            space = self.hub.spaces.get("/".join(parts[1:3])) if parts[0] == "spaces" else None
            if self.hub.failures:
                self.hub.failures -= 1
                return self._send(503, b"<html><title>Service Unavailable</title></html>")
            if self.headers.get("Authorization") != f"Bearer {self.hub.token}":
                return self._send(401, b'{"error": "Invalid username or password."}')
            if space is None:
                return self._send(404, b'{"error": "Repository not found"}')
            found = how(parts[3:], space, body)
            if self.command == "GET":
                self.hub.late.looked()
        if found is _NO_ANSWER:
            return None
        if found is None:
            return self._send(404, b'{"error": "Entry not found"}')
        data = found if isinstance(found, bytes) else json.dumps(found).encode()
        return self._send(200, data)

    def _get(self, rest: list[str], space: Space, body: bytes) -> object:
        if rest == ["runtime"]:
            return self._runtime(space)
        if rest == ["commits", "main"]:
            about = {"authors": [{"user": "acme"}], "date": "2026-01-01T00:00:00.000Z"}
            return [{**commit, **about, "message": ""} for commit in reversed(space.commits)]
        if rest == ["logs", "build"] and self.hub.shows_logs:
            lines = [
                json.dumps({"data": line, "timestamp": "2026-01-01T00:00:00.000Z"})
                for line in space.log
            ]
            return "".join(f"data: {line}\n\n" for line in lines).encode() + b"data:\n\n"
        if rest[:2] in (["raw", "main"], ["resolve", "main"]):
            return space.files.get("/".join(rest[2:]))
        return None

    def _post(self, rest: list[str], space: Space, body: bytes) -> object:
        if rest == ["commit", "main"]:
            lines = [json.loads(line) for line in body.splitlines() if line.strip()]
            if self.hub.late.takes(lambda: self.hub.commit(space, lines)):
                return _NO_ANSWER
            commit = self.hub.commit(space, lines)
            url = f"{self.hub.address}/spaces/{space.name}/commit/{commit}"
            return {"success": True, "commitOid": commit, "commitUrl": url}
        if rest == ["preupload", "main"]:
            paths = [load["path"] for load in json.loads(body)["files"]]
            how = {"uploadMode": "regular", "shouldIgnore": False, "oid": None}
            return {"files": [{"path": path, **how} for path in paths]}
        if rest == ["pause"]:
            self.hub.stop(space)
            space.stage = "PAUSED"
            return self._runtime(space)
        if rest == ["restart"]:
            self.hub.build(space)
            return self._runtime(space)
        return None

    def _runtime(self, space: Space) -> dict[str, object]:
        shown = {"sha": space.sha} if self.hub.shows_sha else {}
        hardware = {"current": "cpu-basic", "requested": "cpu-basic"}
        return {"stage": space.stage, "hardware": hardware, "gcTimeout": 172800, **shown}

    def _send(self, status: int, data: bytes) -> None:
        self.send_response(status)
        kind = "text/html" if data.startswith(b"<") else "application/json"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def served(spaces: dict[str, dict[str, bytes]], command: Sequence[str]) -> Iterator[Hub]:
    """Serve the Spaces while inside; `command` builds in a folder with the requirements file."""
    hub = Hub(spaces, command)
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    hub.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.close()
        server.shutdown()
        server.server_close()
        thread.join()
