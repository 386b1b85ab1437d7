"""The HTTP side: who is asking, which failure strikes, REST or git, and what was asked."""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.support.algorithmia_emulator.platform import ApiError, Key, Platform
from tests.support.algorithmia_emulator.routes import Answer, Request, answer

GATEWAY = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>\n"
GIT_PATH = r"/git/(?P<owner>[^/]+)/(?P<name>[^/]+)\.git(?P<rest>/.*)"


@dataclass(frozen=True)
class Recorded:
    """One REST request as it came in."""

    method: str
    path: str
    query: str
    content_type: str | None
    body: bytes
    authorization: str | None
    status: int = 0


class Server:
    """A platform served on a port of this machine; use as a context manager."""

    def __init__(self, platform: Platform, host: str = "127.0.0.1", port: int = 0) -> None:
        self.platform = platform
        self.requests: list[Recorded] = []
        self.pushes: list[str] = []
        self._http = _Listener((host, port), _handler(self))
        self._http.daemon_threads = True
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    @property
    def address(self) -> str:
        """Return the API address, without `/v1`."""
        host, port = self._http.server_address[:2]
        return f"http://{host!s}:{port}"

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
        self.platform.close()


class _Listener(ThreadingHTTPServer):
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """Stay silent when a client is killed in the middle of a request."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        emulator = server

    return Handler


class _Handler(BaseHTTPRequestHandler):
    emulator: Server
    protocol_version = "HTTP/1.1"
    timeout = 60
    disable_nagle_algorithm = True  # Else each reply of two packets waits 40 ms for the client.
    _asked: Recorded | None = None

    def do_GET(self) -> None:
        self._handle()

    do_POST = do_PUT = do_DELETE = do_GET

    def log_message(self, format: str, *arguments: object) -> None:
        """Stay silent: `Server.requests` keeps what came in."""

    def _handle(self) -> None:
        body = self._body()
        with suppress(ConnectionError):
            self._asked = None
            if match := re.fullmatch(GIT_PATH, urlsplit(self.path).path):
                self._git(match, body)
            else:
                self._rest(body)

    def _rest(self, body: bytes) -> None:
        platform, problems = self.emulator.platform, self.emulator.platform.problems
        parts = urlsplit(self.path)
        self._asked = Recorded(
            self.command,
            parts.path,
            parts.query,
            self.headers.get("Content-Type"),
            body,
            self.headers.get("Authorization"),
        )
        if problems.redirect_to:
            self._send(307, b"", Location=problems.redirect_to + self.path)
        elif problems.strikes("throttle"):
            self._error(429, 2015, "too many requests", retry_after=problems.retry_after)
        elif problems.strikes("gateway") or (
            parts.path.startswith("/v1/algo/") and problems.strikes("call_gateway")
        ):
            self._send(502, GATEWAY, content_type="text/html")
        elif problems.strikes("server_error"):
            self._error(500, 5001, "internal error")
        elif not parts.path.startswith("/v1/"):
            self._send(404, b"<html>not found</html>", content_type="text/html")
        else:
            try:
                key = recognise(platform, self.headers.get("Authorization"))
                found = answer(
                    platform,
                    Request(
                        self.command,
                        unquote(parts.path.removeprefix("/v1")),
                        dict(parse_qsl(parts.query)),
                        self.headers.get("Content-Type", ""),
                        body,
                        key,
                        self.emulator.address,
                    ),
                )
                self._answer(found)
            except ApiError as error:
                self._error(error.status, error.code, error.message)

    def _answer(self, found: Answer) -> None:
        if found.raw is not None:
            self._send(found.status, found.raw, content_type="text/plain")
            return
        body = b"" if found.value is None else json.dumps(found.value).encode()
        self._send(found.status, body)

    def _error(self, status: int, code: int, message: str, *, retry_after: str = "") -> None:
        problems = self.emulator.platform.problems
        error: Any = {"id": str(uuid.uuid4()), "code": code, "message": message}
        if code in (1001, 1009) and problems.plain_missing:
            error = {"error": message}
        elif not problems.bare_errors:
            error = {"error": error}
        extra = {"Retry-After": retry_after} if retry_after else {}
        self._send(status, json.dumps(error).encode(), **extra)

    def _git(self, match: re.Match[str], body: bytes) -> None:
        """Hand the request to `git http-backend`, then build what was pushed."""
        platform = self.emulator.platform
        parts = urlsplit(self.path)
        if platform.problems.strikes("git_gateway"):
            self._send(platform.problems.git_status, GATEWAY, content_type="text/html")
            return
        account = self._git_account()
        key = Key(account or "")
        try:
            algorithm = platform.find(match["owner"], match["name"])
        except ApiError:
            self._send(404, b"no such repository\n", content_type="text/plain")
            return
        pushing = "git-receive-pack" in self.path
        if account is None or not platform.may_manage(key, algorithm.owner):
            challenge = {"WWW-Authenticate": 'Basic realm="git"'}
            self._send(401, b"who is asking?\n", content_type="text/plain", **challenge)
            return
        if pushing and platform.problems.push_refused:
            self._send(403, b"read only\n", content_type="text/plain")
            return
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(platform.root / "git"),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "REMOTE_USER": account,
            "REMOTE_ADDR": self.client_address[0],
            "REQUEST_METHOD": self.command,
            "PATH_INFO": f"/{algorithm.path}.git{match['rest']}",
            "QUERY_STRING": parts.query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        done = subprocess.run(
            ["git", "http-backend"], input=body, env=environment, capture_output=True, check=False
        )
        if pushing and self.command == "POST":
            self.emulator.pushes.append(algorithm.path)
            platform.pushed(algorithm)
            if platform.problems.strikes("push_gateway"):
                self._send(502, GATEWAY, content_type="text/html")
                return
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().splitlines() if line)
        status = int(fields.pop("Status", "200").split()[0])
        self._send(status, content, content_type=fields.pop("Content-Type", ""), **fields)

    def _git_account(self) -> str | None:
        kind, _, encoded = self.headers.get("Authorization", "").partition(" ")
        if kind != "Basic":
            return None
        try:
            name, _, secret = base64.b64decode(encoded).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        platform = self.emulator.platform
        key = platform.keys.get(secret)
        known = (key is not None and key.account == name) or (
            name in platform.passwords and platform.passwords[name] == secret
        )
        return name if known else None

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return b"".join(self._chunks())
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def _send(
        self,
        status: int,
        body: bytes,
        *,
        content_type: str = "application/json",
        **extra: str,
    ) -> None:
        if self._asked is not None:
            self.emulator.requests.append(replace(self._asked, status=status))
        self.send_response(status)
        for name, value in extra.items():
            self.send_header(name, value)
        if body:
            self.send_header("Content-Type", content_type)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def recognise(platform: Platform, authorization: str | None) -> Key:
    """Return the key of an Authorization header: bare, `Simple` or `Bearer`."""
    text = (authorization or "").strip()
    kind, _, rest = text.partition(" ")
    if kind == "Bearer":
        key = platform.tokens.get(rest)
    else:
        key = platform.keys.get(rest if kind == "Simple" else text)
    if key is None:
        raise ApiError(2002, "API key unknown")
    return key
