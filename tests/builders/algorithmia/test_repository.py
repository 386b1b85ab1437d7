"""Git against real servers: nothing but the right host over trusted TLS ever sees the login."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bisect_deps.builders._http import Http, HttpError
from bisect_deps.builders.algorithmia.patience import GitError
from bisect_deps.builders.algorithmia.repository import Login, Repository
from bisect_deps.errors import InputError
from bisect_deps.secret import Secret
from tests.builders.test__http import Scripted

LOGIN = Login("acme", Secret("planted-key-9f"))


@pytest.fixture
def untrusted(tmp_path: Path) -> Iterator[Scripted]:
    """Serve HTTPS with a certificate that nobody vouches for."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    make += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    try:
        subprocess.run(
            [*make, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True
        )
    except FileNotFoundError:
        pytest.skip("openssl is not installed: no certificate to distrust")
    server = Scripted((200, {}, b"{}"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.http.socket = context.wrap_socket(server.http.socket, server_side=True)
    yield server
    server.close()


def test_an_untrusted_certificate_gets_no_request(untrusted: Scripted) -> None:
    http = Http(untrusted.address.replace("http:", "https:"), tries=1)
    with pytest.raises(HttpError, match="certificate"):
        http.get("/x")
    http.close()
    assert untrusted.seen == []


def test_git_trusts_no_untrusted_certificate_whatever_the_environment_says(
    untrusted: Scripted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_SSL_NO_VERIFY", "1")
    url = untrusted.address.replace("http:", "https:") + "/git/acme/Hello.git"
    with pytest.raises(GitError, match="certificate"):
        Repository(url, tmp_path / "clone.git", LOGIN).probe()
    assert untrusted.seen == []


def test_git_follows_no_redirect_to_another_host(tmp_path: Path) -> None:
    other = Scripted((401, {"WWW-Authenticate": "Basic"}, b""))
    server = Scripted((302, {"Location": f"{other.address}/git/info/refs"}, b""))
    try:
        with pytest.raises(GitError):
            Repository(f"{server.address}/git", tmp_path / "clone.git", LOGIN).probe()
        assert other.seen == []
    finally:
        server.close()
        other.close()


def test_git_sends_no_login_in_the_clear(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        Repository("http://git.cluster.example/x.git", tmp_path, LOGIN)
