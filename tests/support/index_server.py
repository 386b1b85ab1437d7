"""The Simple API of a local index on localhost: JSON and HTML, ETags, and switches for failure."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Protocol

from tests.support.index_files import File, normalise

JSON_TYPE = "application/vnd.pypi.simple.v1+json"
HTML_TYPE = "application/vnd.pypi.simple.v1+html"


@dataclass(frozen=True)
class Hit:
    """One request that the server answered."""

    path: str
    status: int
    accept: str = ""


class Source(Protocol):
    """What is served: files by project name."""

    def projects(self) -> list[str]:
        """Return the normalised names of all projects, sorted."""

    def files(self, name: str) -> list[File] | None:
        """Return a project's files, or None where there is no such project."""


class Server:
    """The index on localhost. Switches may be turned while it runs.

    `url` is the Simple API's address, `links_url` a flat find-links page. `outage` answers
    everything with 503, `drop` cuts every connection, `delay` waits before each answer (seconds),
    `auth` is the (user, password) that it asks for. `formats` are the content types it offers,
    `dates` whether its JSON has upload times. A `silent` one says nothing of caching.
    """

    def __init__(
        self,
        index: Source,
        *,
        port: int = 0,
        formats: Sequence[str] = (JSON_TYPE, HTML_TYPE),
        auth: tuple[str, str] | None = None,
        dates: bool = True,
        silent: bool = False,
    ) -> None:
        self.index = index
        self.formats = formats
        self.auth = auth
        self.dates = dates
        self.silent = silent
        self.outage = False
        self.drop = False
        self.delay = 0.0
        self.hits: list[Hit] = []
        self._httpd = _Listener(("127.0.0.1", port), _handler(self))
        self._thread = threading.Thread(target=self._httpd.serve_forever, args=(0.02,), daemon=True)

    @property
    def port(self) -> int:
        return int(self._httpd.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/simple/"

    @property
    def links_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/links/"

    def url_with(self, user: str, password: str) -> str:
        """Return `url` with credentials in it, `${NAME}` left as it is."""
        return self.url.replace("//", f"//{user}:{password}@", 1)

    def pages(self) -> list[str]:
        """Return the projects whose pages were asked for, in order, repeats included."""
        return [hit.path.split("/")[2] for hit in self.hits if hit.path.startswith("/simple/")]

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._httpd.shutdown()
        self._httpd.server_close()
        self._thread.join()

    def answer(self, path: str, accept: str) -> tuple[str, bytes] | None:
        """Return the content type and body for a path, or None for 404."""
        kind, _, rest = path.strip("/").partition("/")
        if kind == "simple":
            content_type = self._negotiate(accept)
            files = self.index.files(rest) if rest else None
            if not rest:
                return content_type, _listing(self.index.projects(), content_type)
            if files is None:
                return None
            return content_type, _page(normalise(rest), files, content_type, dates=self.dates)
        if kind == "links":
            every = [
                file for name in self.index.projects() for file in self.index.files(name) or ()
            ]
            return HTML_TYPE, _page("links", every, HTML_TYPE, dates=False)
        if kind == "files":
            return self._file(rest)
        return None

    def _file(self, rest: str) -> tuple[str, bytes] | None:
        """Return a file or its metadata (PEP 658); the address holds the file's digest."""
        digest, _, filename = rest.partition("/")
        wants_metadata = filename.endswith(".metadata")
        filename = filename.removesuffix(".metadata")
        for name in self.index.projects():
            for file in self.index.files(name) or ():
                if file.filename == filename and file.sha256.startswith(digest):
                    body = file.metadata if wants_metadata else file.content
                    return None if body is None else ("application/octet-stream", body)
        return None

    def _negotiate(self, accept: str) -> str:
        wanted = [part.partition(";")[0].strip() for part in accept.split(",")]
        if JSON_TYPE in wanted and JSON_TYPE in self.formats:
            return JSON_TYPE
        return HTML_TYPE if HTML_TYPE in self.formats else self.formats[0]


class _Listener(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that hung up in the middle of a download."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def _listing(names: Sequence[str], content_type: str) -> bytes:
    if content_type == JSON_TYPE:
        projects = [{"name": name} for name in names]
        return json.dumps({"meta": {"api-version": "1.1"}, "projects": projects}).encode()
    return "".join(f'<a href="/simple/{name}/">{name}</a><br>\n' for name in names).encode()


def _page(name: str, files: Sequence[File], content_type: str, *, dates: bool) -> bytes:
    if content_type == JSON_TYPE:
        versions = list(dict.fromkeys(file.release.version for file in files))
        entries = [_json_entry(file, dates=dates) for file in files]
        page = {
            "meta": {"api-version": "1.1"},
            "name": name,
            "versions": versions,
            "files": entries,
        }
        return json.dumps(page).encode()
    links = "".join(_html_link(file) for file in files)
    return f"<!DOCTYPE html><html><body>\n{links}</body></html>".encode()


def _json_entry(file: File, *, dates: bool) -> dict[str, object]:
    entry: dict[str, object] = {
        "filename": file.filename,
        "url": _address(file),
        "hashes": {"sha256": file.sha256},
        "size": len(file.content),
        "yanked": file.release.yanked,
    }
    if file.release.requires_python:
        entry["requires-python"] = file.release.requires_python
    if file.metadata is not None:
        entry["core-metadata"] = {"sha256": hashlib.sha256(file.metadata).hexdigest()}
    if dates:
        entry["upload-time"] = file.release.uploaded
    return entry


def _html_link(file: File) -> str:
    attributes = {}
    if file.release.requires_python:
        attributes["data-requires-python"] = file.release.requires_python
    if file.release.yanked is not False:
        reason = file.release.yanked
        attributes["data-yanked"] = reason if isinstance(reason, str) else ""
    if file.metadata is not None:
        digest = hashlib.sha256(file.metadata).hexdigest()
        attributes["data-core-metadata"] = f"sha256={digest}"
    extra = "".join(f' {key}="{html.escape(value)}"' for key, value in attributes.items())
    return f'<a href="{_address(file)}#sha256={file.sha256}"{extra}>{file.filename}</a><br>\n'


def _address(file: File) -> str:
    return f"/files/{file.sha256[:16]}/{file.filename}"


def _handler(server: Server) -> Callable[..., BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        timeout = 30

        def do_GET(self) -> None:
            time.sleep(server.delay)
            accept = self.headers.get("Accept", "")
            if server.drop:
                server.hits.append(Hit(self.path, 0, accept))
                self.close_connection = True
                return
            status, content_type, body = self._answer(accept)
            tag = f'"{hashlib.sha256(body).hexdigest()}"'
            if status == HTTPStatus.OK and self.headers.get("If-None-Match") == tag:
                status, body = HTTPStatus.NOT_MODIFIED, b""
            server.hits.append(Hit(self.path, int(status), accept))
            self.send_response(status)
            if status == HTTPStatus.UNAUTHORIZED:
                self.send_header("WWW-Authenticate", 'Basic realm="index"')
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            if not server.silent:
                self.send_header("ETag", tag)
                self.send_header("Cache-Control", "no-cache")
            self.send_header("Vary", "Accept")
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET

        def _answer(self, accept: str) -> tuple[HTTPStatus, str, bytes]:
            if server.outage:
                return HTTPStatus.SERVICE_UNAVAILABLE, "text/plain", b"out of order"
            if server.auth and self.headers.get("Authorization") != _basic(server.auth):
                return HTTPStatus.UNAUTHORIZED, "text/plain", b"who are you?"
            found = server.answer(self.path.partition("?")[0], accept)
            if found is None:
                return HTTPStatus.NOT_FOUND, "text/plain", b"not found"
            return HTTPStatus.OK, *found

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


def _basic(auth: tuple[str, str]) -> str:
    return "Basic " + base64.b64encode(":".join(auth).encode()).decode()
