"""A run uses the credentials that the user's own installer would, and shows them nowhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bisect_deps.index.base import completed
from bisect_deps.model import IndexSettings
from tests.support.index_server import Server
from tests.support.local_index import LocalIndex, Project

PLANTED = "planted-index-password"
ROOT = Path(__file__).parent.parent.parent


def setup(way: str, server: Server, home: Path, project: Path) -> dict[str, str]:
    """Write what the way of telling needs, and return its variables."""
    if way == "UV_INDEX by name":
        login = {"UV_INDEX_MY_OWN_USERNAME": "me", "UV_INDEX_MY_OWN_PASSWORD": PLANTED}
        return {"UV_INDEX": f"my-own={server.url}", "UV_DEFAULT_INDEX": server.url, **login}
    if way == "netrc":
        host = urlsplit(server.url).hostname
        (home / ".netrc").write_text(f"machine {host} login me password {PLANTED}\n")
        return {"UV_INDEX_URL": server.url}
    if way == "any variable in the file":
        address = server.url.replace("://", "://${WHO}:${WHAT_FOR}@")
        lines = (project / "requirements.txt").read_text()
        (project / "requirements.txt").write_text(f"--index-url {address}\n{lines}")
        return {"WHO": "me", "WHAT_FOR": PLANTED}
    assert way == "pip.conf"
    (home / "pip.conf").write_text(f"[global]\nindex-url = {server.url_with('me', PLANTED)}\n")
    return {"PIP_CONFIG_FILE": str(home / "pip.conf")}


@pytest.mark.parametrize(
    "way", ["UV_INDEX by name", "netrc", "any variable in the file", "pip.conf"]
)
def test_a_private_index_is_asked_as_the_user_asks_it(
    tmp_path: Path, local_index: LocalIndex, way: str
) -> None:
    local_index.add(Project("good").release("1.0"))
    home, project = tmp_path / "home", tmp_path / "project"
    home.mkdir()
    project.mkdir()
    (project / "requirements.txt").write_text("good==1.0\n")
    kept = {name: text for name, text in os.environ.items() if "INDEX" not in name}
    flags = ["--installer", "pip"] if way == "pip.conf" else []
    with local_index.serve(auth=("me", PLANTED)) as server:
        told = setup(way, server, home, project)
        done = subprocess.run(
            [sys.executable, "-m", "bisect_deps", "run", "--json", "out.json", *flags],
            cwd=project,
            env={**kept, "PYTHONPATH": str(ROOT), "HOME": str(home), **told},
            capture_output=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr.decode()
    written = [path.read_bytes() for path in (project / ".depbisect").rglob("*") if path.is_file()]
    shown = b"".join([done.stdout, done.stderr, (project / "out.json").read_bytes(), *written])
    assert PLANTED.encode() not in shown


def test_a_password_in_the_address_beats_the_names() -> None:
    environ = {
        "UV_INDEX": "own=https://you:theirs@index.example/simple",
        "UV_INDEX_OWN_USERNAME": "me",
        "UV_INDEX_OWN_PASSWORD": "mine",
        "UV_NO_CONFIG": "1",
    }
    found = completed(IndexSettings(), "uv", environ)
    assert found.extra_index_urls == ("https://you:theirs@index.example/simple",)


def test_a_named_index_of_uv_toml_has_the_login_of_its_name(tmp_path: Path) -> None:
    config = tmp_path / "uv.toml"
    config.write_text('[[index]]\nname = "own.index"\nurl = "https://index.example/simple"\n')
    environ = {"UV_CONFIG_FILE": str(config), "UV_INDEX_OWN_INDEX_PASSWORD": "a b"}
    found = completed(IndexSettings(), "uv", environ)
    assert found.extra_index_urls == ("https://:a%20b@index.example/simple",)
