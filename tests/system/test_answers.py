"""An answer ends, in bytes and in time, whatever a server does; real sockets on this machine."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from bisect_deps.builders._http import Http, HttpError
from bisect_deps.errors import IndexUnavailable
from bisect_deps.index import pages
from bisect_deps.index.base import Place
from bisect_deps.policy import POLICY
from bisect_deps.system import answers

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"


@contextmanager
def dripping(start: bytes, drop: bytes) -> Iterator[str]:
    """Serve an answer that begins so and never ends; yields the address."""
    ends = threading.Event()

    def serve() -> None:
        while not ends.is_set():
            with suppress(OSError):
                threading.Thread(target=drip, args=listener.accept()[:1], daemon=True).start()

    def drip(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.recv(1 << 16)
            connection.sendall(start)
            while not ends.wait(0.02):
                connection.sendall(drop)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        ends.set()
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()


DRIPS = {
    "headers": (b"HTTP/1.1 200 OK\r\nX-Long: ", b"a"),
    "a page of a length": (HEAD + b"Content-Length: 999999\r\n\r\n", b"a"),
    "a page in chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
    "a page until the end": (HEAD + b"Connection: close\r\n\r\n", b"a"),
}


@pytest.mark.parametrize("way", DRIPS)
def test_an_answer_that_trickles_without_end_is_cut(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    soon = type(POLICY)(
        answer_time=0.05, page_time=0.05, http_timeout=0.1, index_timeout=(1.0, 0.1), http_tries=1
    )
    monkeypatch.setattr("bisect_deps.builders._http.POLICY", soon)
    monkeypatch.setattr(pages, "POLICY", soon)
    with dripping(*DRIPS[way]) as address:
        http = Http(address, timeout=0.1, tries=1)
        with pytest.raises(HttpError, match=r"the answer has no end: it was not whole after 0\.15"):
            http.get("/log")
        http.close()
        index = pages.Pages(None)
        with pytest.raises(IndexUnavailable, match=r"127\.0\.0\.1:\d+ sends a page without end"):
            index.project(Place(f"{address}/simple"), "good")
        index.close()


def test_an_answer_that_floods_is_cut_in_its_middle_or_refused() -> None:
    start = HEAD + b"Connection: close\r\n\r\n" + b"begin" + b"a" * (4 << 20)
    ended = threading.Event()

    def serve() -> None:
        for _ in range(2):
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                connection.recv(1 << 16)
                connection.sendall(start + b"end")
        ended.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        with answers.session(30) as session:
            with session.get(address, stream=True) as response:
                found, dropped = answers.ends(response, 1 << 20, 1 << 20)
            with session.get(address, stream=True) as response, pytest.raises(answers.Endless):
                list(answers.parts(response, 1 << 20))
    ended.wait()
    assert found.startswith(b"begin")
    assert found.endswith(b"end")
    assert dropped > 1 << 20
    assert b" MB are left out here]" in found
    assert len(found) < 3 << 20
