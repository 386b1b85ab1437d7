"""An index that lies: a server before a true one, which spoils what goes through it."""

from __future__ import annotations

import re
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Answer(NamedTuple):
    """What is answered to a request."""

    status: int
    kind: str
    body: bytes


# Given the path and the true answer, the answer that is sent.
Fault = Callable[[str, Answer], Answer]
PORTAL = b"<!doctype html><html><title>Sign in</title><p>Sign in to use this network</html>"


def _is_page(path: str) -> bool:
    return "/simple/" in path and not path.endswith((".whl", ".tar.gz", ".metadata"))


def portal(path: str, true: Answer) -> Answer:
    """A network's sign-in page in place of all."""
    return Answer(200, "text/html", PORTAL)


def wrong_hash(path: str, true: Answer) -> Answer:
    """Pages whose hashes are not those of the files."""
    if not _is_page(path):
        return true
    return true._replace(body=re.sub(rb"[0-9a-f]{64}", b"0" * 64, true.body))


def truncated(path: str, true: Answer) -> Answer:
    """Archives that end half way."""
    return true if _is_page(path) else true._replace(body=true.body[: len(true.body) // 2])


def corrupt(path: str, true: Answer) -> Answer:
    """Archives of which a part is something else; the pages tell no hash."""
    if _is_page(path):
        body = re.sub(rb'"sha256": ?"[0-9a-f]{64}"', b"", true.body)
        body = re.sub(rb"#sha256=[0-9a-f]{64}", b"", body)
        return true._replace(body=body)
    return true._replace(body=b"\x07" * len(true.body))


def all_missing(path: str, true: Answer) -> Answer:
    """Nothing of anything."""
    return Answer(404, "text/plain", b"not found")


def refusing(status: int) -> Fault:
    """Return the fault of answering everything with that status."""
    return lambda path, true: Answer(status, "text/plain", b"no")


@contextmanager
def lying(true_url: str, fault: Fault, *, honest: int = 0) -> Iterator[str]:
    """Serve what is at `true_url` with a fault, after `honest` true answers; yields the address."""
    base = true_url.split("/simple", maxsplit=1)[0]
    count = [0]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            count[0] += 1
            answer = _ask(base + self.path, self.headers.get("Accept", "*/*"))
            answer = answer._replace(body=answer.body.replace(base.encode(), own.encode()))
            if count[0] > honest:
                answer = fault(self.path, answer)
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.kind)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(answer.body)

        do_HEAD = do_GET

        def log_message(self, *arguments: Any) -> None:
            """Say nothing."""

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    own = f"http://127.0.0.1:{httpd.server_address[1]}"
    thread = threading.Thread(target=httpd.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"{own}/simple/"
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()


def _ask(url: str, accept: str) -> Answer:
    request = urllib.request.Request(url, headers={"Accept": accept})
    try:
        with urllib.request.urlopen(request) as reply:
            return Answer(reply.status, reply.headers.get("Content-Type", ""), reply.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, "text/plain", error.read())
