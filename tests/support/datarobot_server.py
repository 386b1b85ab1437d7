"""The routes of DataRobot's API that a dependency build needs, with real installs behind them.

    with served(command) as platform:
        platform.address, platform.token, platform.model      # the user's own custom model

A dependency build is refused for a version without dependencies, told as `submitted`, `processing`,
`success` or `failed`, and gone once it is cancelled; its log is there when it has ended. A deleted
custom model is gone with all its versions. Shapes: what the client `datarobot` reads.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.late import Late

_NO_ANSWER = 0
TOKEN = "planted-key-of-the-tests"
INSTANT = "2026-01-01T00:00:00.000000Z"
_LINE = re.compile(r"\s*([A-Za-z0-9][\w.-]*)\s*(?:([<>=!~]=?)\s*([\w.*+!-]+))?")


@dataclass
class Version:
    """One version, and its dependency build."""

    id: str
    model: str
    environment: str
    text: str
    status: str = ""
    log: str = ""
    process: subprocess.Popen[bytes] | None = None

    def shown(self) -> dict[str, Any]:
        """Return it as the API does."""
        item = {"id": "1", "fileName": "requirements.txt", "filePath": "requirements.txt"}
        return {
            "id": self.id,
            "customModelId": self.model,
            "versionMajor": 1,
            "versionMinor": 0,
            "isFrozen": False,
            "label": "v1.0",
            "created": INSTANT,
            "items": [{**item, "fileSource": "local", "created": INSTANT}],
            "baseEnvironmentId": self.environment,
            "dependencies": self.dependencies(),
        }

    def dependencies(self) -> list[dict[str, Any]]:
        """Return what the platform reads of the file."""
        found = []
        for number, line in enumerate(self.text.splitlines(), 1):
            match = _LINE.match(line)
            if match is not None:
                how = {"constraintType": match[2], "version": match[3]} if match[2] else None
                about = {"packageName": match[1], "constraints": [how] if how else []}
                found.append({**about, "line": line, "lineNumber": number})
        return found

    def build(self) -> dict[str, Any]:
        """Return the state of its dependency build."""
        ended = self.status in ("success", "failed")
        place = f"/api/v2/customModels/{self.model}/versions/{self.id}/dependencyBuildLog/"
        return {
            "buildStatus": self.status,
            "buildStart": INSTANT,
            "buildEnd": INSTANT if ended else None,
            "buildLogLocation": place if ended else None,
        }


@dataclass
class Model:
    """One custom model."""

    id: str
    name: str
    description: str
    versions: list[Version] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        """Return it as the API does."""
        return {
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "customModelType": "inference",
            "targetType": "Unstructured",
            "language": "python",
            "trainingDataAssignmentInProgress": False,
            "supportsBinaryClassification": False,
            "supportsRegression": False,
            "deploymentsCount": 0,
            "createdBy": "owner",
            "created": INSTANT,
            "updated": INSTANT,
            "latestVersion": self.versions[-1].shown() if self.versions else None,
        }


class Platform:
    """Custom models behind one address; `failures` are answered by a gateway's page."""

    def __init__(self, command: Sequence[str]) -> None:
        self.command = list(command)
        self.lock = threading.RLock()
        self.models: dict[str, Model] = {}
        self.made: list[str] = []
        self.builds = 0
        self.failures = 0
        self.late = Late()
        self.shows_logs = True
        self.token = TOKEN
        self.address = ""
        self.model = self.make("churn", "the user's own").id
        self.add(self.model, "env1", "good==1.0\n")

    def make(self, name: str, description: str) -> Model:
        """Make a custom model."""
        number = f"{len(self.made) + 1:024x}"
        self.made.append(name)
        self.models[number] = Model(number, name, description)
        return self.models[number]

    def add(self, model: str, environment: str, text: str) -> Version:
        """Add a version to a custom model."""
        versions = self.models[model].versions
        version = Version(f"{model[:-4]}f{len(versions):03x}", model, environment, text)
        versions.append(version)
        return version

    def running(self) -> list[str]:
        """Return the versions whose build goes on."""
        return [
            version.id
            for model in self.models.values()
            for version in model.versions
            if version.status in ("submitted", "processing")
        ]

    def start(self, version: Version) -> None:
        """Start a dependency build."""
        version.status = "submitted"
        self.builds += 1
        threading.Thread(target=self._build, args=(version,), daemon=True).start()

    def stop(self, version: Version) -> None:
        """Cancel a dependency build."""
        version.status = ""
        if version.process is not None and version.process.poll() is None:
            version.process.kill()

    def _build(self, version: Version) -> None:
        with tempfile.TemporaryDirectory(prefix="datarobot-", ignore_cleanup_errors=True) as folder:
            Path(folder, "requirements.txt").write_text(version.text)
            with self.lock:
                if not version.status:
                    return
                version.status = "processing"
                version.process = subprocess.Popen(
                    self.command,
                    cwd=folder,
                    env={**os.environ, "TMPDIR": folder},
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                )
            output, _ = version.process.communicate()
        with self.lock:
            if version.status:
                version.log = output.decode()
                version.status = "failed" if version.process.returncode else "success"

    def close(self) -> None:
        """Stop all builds."""
        with self.lock:
            for model in self.models.values():
                for version in model.versions:
                    self.stop(version)


class _Handler(BaseHTTPRequestHandler):
    platform: Platform
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *about: object) -> None:
        """Write nothing."""

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def do_DELETE(self) -> None:
        self._answer("DELETE")

    def _answer(self, method: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        address = urlsplit(self.path)
        parts = address.path.removeprefix("/api/v2").strip("/").split("/")
        query = {key: values[0] for key, values in parse_qs(address.query).items()}
        with self.platform.lock:
            if self.platform.failures:
                self.platform.failures -= 1
                return self._send(503, "<html><title>Service Unavailable</title></html>")
            kind, _, token = self.headers.get("Authorization", "").partition(" ")
            if kind not in ("Bearer", "Token") or token != self.platform.token:
                return self._send(401, {"message": "Invalid Authorization header."})
            status, found = self._route(method, parts, query, body)
            if method == "GET":
                self.platform.late.looked()
        return None if status == _NO_ANSWER else self._send(status, found)

    def _route(
        self, method: str, parts: list[str], query: dict[str, str], body: bytes
    ) -> tuple[int, object]:
        if parts == ["version"]:
            return 200, {"major": 2, "minor": 40, "versionString": "2.40.0"}
        models = self.platform.models
        match method, parts:
            case "GET", ["customModels"]:
                word = query.get("searchFor", "")
                found = [model.shown() for model in models.values() if word in model.name]
                return 200, {"count": len(found), "next": None, "previous": None, "data": found}
            case "POST", ["customModels"]:
                asked = json.loads(body)
                if asked["customModelType"] != "inference" or "targetType" not in asked:
                    return 422, {"message": "Invalid field data"}
                about = (asked["name"], asked.get("description") or "")
                if self.platform.late.takes(lambda: self.platform.make(*about)):
                    return _NO_ANSWER, None
                return 201, self.platform.make(*about).shown()
        model = models.get(parts[1]) if parts[0] == "customModels" else None
        if model is None:
            return 404, {"message": "Not Found"}
        if len(parts) == 2:
            if method == "DELETE":
                for version in model.versions:
                    self.platform.stop(version)
                del models[model.id]
                return 204, None
            return 200, model.shown()
        return self._route_version(method, parts[3:], model, body)

    def _route_version(
        self, method: str, rest: list[str], model: Model, body: bytes
    ) -> tuple[int, object]:
        if not rest:
            if method == "GET":
                found = [version.shown() for version in reversed(model.versions)]
                return 200, {"count": len(found), "next": None, "previous": None, "data": found}
            fields = self._form(body)
            if "isMajorUpdate" not in fields or "baseEnvironmentId" not in fields:
                return 422, {"message": "Invalid field data"}
            text = fields["file"] if fields.get("filePath") == "requirements.txt" else ""
            version = self.platform.add(model.id, fields["baseEnvironmentId"], text)
            return 201, version.shown()
        version = next((version for version in model.versions if version.id == rest[0]), None)  # type: ignore[assignment]
        match version, method, rest[1:]:
            case None, _, _:
                return 404, {"message": "Not Found"}
            case _, "GET", []:
                return 200, version.shown()
            case _, "POST", ["dependencyBuild"]:
                if not version.dependencies() or version.status:
                    return 422, {"message": "There is nothing to build, or it was built before."}
                self.platform.start(version)
                return 202, version.build()
            case _, "GET", ["dependencyBuild"] if version.status:
                return 200, version.build()
            case _, "DELETE", ["dependencyBuild"] if version.id in self.platform.running():
                self.platform.stop(version)
                return 204, None
            case _, "GET", ["dependencyBuildLog"] if version.log and self.platform.shows_logs:
                return 200, version.log
        return 404, {"message": "Not Found"}

    def _form(self, body: bytes) -> dict[str, str]:
        kind = self.headers["Content-Type"].encode()
        message = BytesParser().parsebytes(b"Content-Type: " + kind + b"\r\n\r\n" + body)
        assert message.is_multipart()
        return {
            str(part.get_param("name", header="content-disposition")): part.get_payload(
                decode=True
            ).decode()  # type: ignore[union-attr]
            for part in message.get_payload()  # type: ignore[union-attr]
        }

    def _send(self, status: int, found: object) -> None:
        text = "" if found is None else found if isinstance(found, str) else json.dumps(found)
        data = text.encode()
        self.send_response(status)
        is_json = not isinstance(found, str)
        self.send_header("Content-Type", "application/json" if is_json else "text/plain")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def served(command: Sequence[str]) -> Iterator[Platform]:
    """Serve the API while inside; `command` builds in a folder with the requirements file."""
    platform = Platform(command)
    handler = type("Handler", (_Handler,), {"platform": platform})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    platform.address = f"http://127.0.0.1:{server.server_address[1]}/api/v2"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield platform
    finally:
        platform.close()
        server.shutdown()
        server.server_close()
        thread.join()
