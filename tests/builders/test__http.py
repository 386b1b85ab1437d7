"""The HTTP client against real servers on this machine: keys, retries, redirects, bodies."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bisect_deps.builders._http import Http, HttpError, Reply, error_fields, refuse_open_channel
from bisect_deps.errors import IndexUnavailable, InputError
from bisect_deps.index import Index
from bisect_deps.model import IndexSettings
from bisect_deps.secret import Secret
from bisect_deps.system import interpreters

KEY = "planted-key-7f3a91"
Canned = tuple[int, dict[str, str], bytes]


class Scripted:
    """A server that gives the next of its replies to each request, and keeps the requests."""

    def __init__(self, *replies: Canned) -> None:
        self.replies = list(replies)
        self.seen: list[tuple[str, str, str | None]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                key = self.headers.get("Authorization")
                outer.seen.append((self.command, self.path, key))
                status, headers, body = outer.replies.pop(0)
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET

            def log_message(self, format: str, *arguments: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.thread = threading.Thread(
            target=self.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self.thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.http.server_address[1]}"

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


@pytest.fixture
def serve() -> Iterator[Callable[..., Scripted]]:
    servers: list[Scripted] = []

    def start(*replies: Canned) -> Scripted:
        servers.append(Scripted(*replies))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


class Client:
    """A client with a key whose sleeps are recorded instead of slept."""

    def __init__(self, address: str) -> None:
        self.slept: list[float] = []
        self.http = Http(
            address, headers={"Authorization": Secret(KEY)}, sleep=self.slept.append, timeout=5
        )


@pytest.fixture
def client() -> Iterator[Callable[[str], Client]]:
    made: list[Client] = []

    def make(address: str) -> Client:
        made.append(Client(address))
        return made[-1]

    yield make
    for opened in made:
        opened.http.close()


OK: Canned = (200, {}, b'{"fine": true}')
BUSY: Canned = (503, {}, b"<html><title>Busy</title></html>")

Serve = Callable[..., Scripted]
Make = Callable[[str], Client]


def test_a_request_that_may_be_repeated_is_repeated_with_growing_pauses(
    serve: Serve, client: Make
) -> None:
    server = serve(BUSY, BUSY, OK)
    asking = client(server.address)
    assert asking.http.get("/x").json() == {"fine": True}
    assert asking.slept == [0.5, 1.0]


def test_a_post_is_sent_once(serve: Serve, client: Make) -> None:
    server = serve(BUSY, OK)
    asking = client(server.address)
    with pytest.raises(HttpError) as caught:
        asking.http.post("/x", {})
    assert caught.value.status == 503
    assert len(server.seen) == 1


def test_an_impatient_get_is_sent_once_and_never_sleeps(serve: Serve, client: Make) -> None:
    server = serve((429, {"Retry-After": "7"}, b"{}"), OK)
    asking = client(server.address)
    with pytest.raises(HttpError) as caught:
        asking.http.get("/x", patient=False)
    assert caught.value.retry_after == 7
    assert caught.value.transient
    assert asking.slept == []


def test_the_wait_that_the_server_asks_for_is_kept(serve: Serve, client: Make) -> None:
    server = serve((429, {"Retry-After": "7"}, b"{}"), (429, {"Retry-After": "9999"}, b""), OK)
    asking = client(server.address)
    asking.http.get("/x")
    assert asking.slept == [7.0, 300.0]


@pytest.mark.parametrize("text", ["soon", "nan", "", "-3", formatdate(0, usegmt=True)])
def test_a_strange_retry_after_is_survived(serve: Serve, client: Make, text: str) -> None:
    server = serve((429, {"Retry-After": text}, b"{}"), OK)
    asking = client(server.address)
    assert asking.http.get("/x").status == 200
    assert 0 <= asking.slept[0] <= 300


def test_a_refusal_is_not_repeated(serve: Serve, client: Make) -> None:
    server = serve((403, {}, b'{"error": {"code": 2001, "message": "no"}}'), OK)
    with pytest.raises(HttpError) as caught:
        client(server.address).http.get("/x")
    error = caught.value
    assert (error.status, error.code, error.message) == (403, 2001, "no")
    assert not error.transient
    assert str(error) == "GET /x: 403: no"


def test_a_redirect_within_the_origin_carries_the_key(serve: Serve, client: Make) -> None:
    server = serve((302, {"Location": "/y"}, b""), OK)
    client(server.address).http.get("/x")
    assert [(path, key) for _, path, key in server.seen] == [("/x", KEY), ("/y", KEY)]


def test_a_redirect_to_another_origin_carries_no_key(serve: Serve, client: Make) -> None:
    other = serve(OK)
    server = serve((302, {"Location": f"{other.address}/y"}, b""))
    assert client(server.address).http.get("/x").status == 200
    assert other.seen == [("GET", "/y", None)]


def test_a_redirected_post_is_not_followed(serve: Serve, client: Make) -> None:
    other = serve(OK)
    server = serve((307, {"Location": f"{other.address}/y?token=1"}, b""))
    with pytest.raises(HttpError, match="redirected to"):
        client(server.address).http.post("/x", {"a": 1})
    assert other.seen == []


@pytest.mark.parametrize("place", ["http://[x/", "http://h:99999999/", "//[", "http://h:x/"])
def test_a_redirect_to_no_address_is_an_answer(serve: Serve, client: Make, place: str) -> None:
    server = serve((302, {"Location": place}, b""))
    with pytest.raises(HttpError, match="no address"):
        client(server.address).http.get("/x")


def test_what_is_nested_beyond_reading_is_no_json() -> None:
    assert Reply(200, b"[" * 100_000).json() is None


def test_a_redirect_loop_ends(serve: Serve, client: Make) -> None:
    server = serve(*[(302, {"Location": "/x"}, b"")] * 5)
    with pytest.raises(HttpError, match="too often"):
        client(server.address).http.get("/x")


def test_netrc_never_replaces_the_key(
    serve: Serve, client: Make, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: object
) -> None:
    folder = tmp_path_factory.mktemp("home")  # type: ignore[attr-defined]
    netrc = folder / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    server = serve(OK)
    client(server.address).http.get("/x")
    assert server.seen == [("GET", "/x", KEY)]


def test_no_server_is_an_error_without_status(client: Make) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    asking = client(f"http://127.0.0.1:{port}")
    with pytest.raises(HttpError) as caught:
        asking.http.get("/x")
    assert caught.value.status is None
    assert "Connection refused" in str(caught.value)
    assert len(asking.slept) == 3


def test_the_key_is_never_shown_even_when_the_server_echoes_it(serve: Serve, client: Make) -> None:
    server = serve((401, {}, json.dumps({"message": f"bad key {KEY}\x1b[31m"}).encode()))
    asking = client(server.address)
    with pytest.raises(HttpError) as caught:
        asking.http.get("/x")
    assert KEY not in str(caught.value) + repr(caught.value) + repr(asking.http.__dict__)
    assert "\x1b" not in str(caught.value)


BODIES = {
    "wrapped": (b'{"error": {"code": 2001, "message": "no"}}', 2001, "no"),
    "bare": (b'{"id": "1", "code": 1001, "message": "none"}', 1001, "none"),
    "text in error": (b'{"error": "No such algorithm"}', None, "No such algorithm"),
    "message of several": (b'{"message": {"base": ["a"]}}', None, '{"base": ["a"]}'),
    "plain text": (b"upstream gone\nmore", None, "upstream gone"),
    "empty": (b"", None, "status 500 with an empty body"),
    "a list": (b"[1]", None, "[1]"),
    "html": (b"<html><title> 502 </title>", None, "a web page instead of data: 502"),
}


@pytest.mark.parametrize("case", BODIES.values(), ids=BODIES.keys())
def test_an_error_is_read_from_every_form_of_body(case: tuple[bytes, int | None, str]) -> None:
    body, code, message = case
    assert error_fields(Reply(500, body)) == (code, message)


@given(st.binary(max_size=200))
def test_no_body_breaks_the_reading_of_errors(body: bytes) -> None:
    _, message = error_fields(Reply(500, body))
    assert isinstance(message, str)


@pytest.mark.parametrize(
    "address", ["http://api.cluster.example", "api.cluster.example", "ftp://x", "https://", ""]
)
def test_a_key_never_travels_in_the_clear(address: str) -> None:
    with pytest.raises(InputError):
        refuse_open_channel(address)


@pytest.mark.parametrize(
    "address", ["https://api.cluster.example", "http://127.0.0.1:8080", "http://localhost:1"]
)
def test_verified_tls_and_this_machine_are_fine(address: str) -> None:
    refuse_open_channel(address)


def test_certificates_that_are_not_there_are_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent.pem")
    for ask in (Http("https://127.0.0.1:9", tries=1).get, Http("https://127.0.0.1:9").events):
        with pytest.raises(HttpError, match="certificate bundle"):
            ask("/x")
    settings = IndexSettings(index_url="https://127.0.0.1:9")
    with pytest.raises(IndexUnavailable, match="ca certificate bundle"):
        Index(settings, interpreters.find(None)).exists("x")
