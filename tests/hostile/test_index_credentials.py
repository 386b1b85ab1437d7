"""A run uses the credentials that the user's own installer would, and shows them nowhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bisect_deps.builders._scratch import Netrc, WorkFolder
from bisect_deps.index.base import completed, place
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
    if way == "keyring":
        write_keyring(home)
        path = f"{home}{os.pathsep}{os.environ['PATH']}"
        asked = {"UV_KEYRING_PROVIDER": "subprocess", "PATH": path}
        return {"UV_INDEX_URL": server.url.replace("://", "://me@"), **asked}
    assert way == "pip.conf"
    (home / "pip.conf").write_text(f"[global]\nindex-url = {server.url_with('me', PLANTED)}\n")
    return {"PIP_CONFIG_FILE": str(home / "pip.conf")}


@pytest.mark.parametrize(
    "way", ["UV_INDEX by name", "netrc", "any variable in the file", "keyring", "pip.conf"]
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
    # The installer sees neither the user's home folder nor the keyring.
    kept["DEPBISECT_SANDBOX"] = "auto"
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


NETRC = "machine index.example login netrc password of-netrc\n"
ADDRESS = "https://{}index.example/simple"


@pytest.mark.parametrize(
    ("user_part", "file", "has_ring", "login"),
    [
        ("url:of-url@", NETRC, True, ("url", "of-url")),
        ("url:a%40b@", NETRC, True, ("url", "a@b")),
        ("", NETRC, True, ("netrc", "of-netrc")),
        ("", "default login any password of-any\n", True, ("any", "of-any")),
        ("", "machine other.example login x password y\n", True, None),
        ("", "no netrc file at all", True, None),
        ("netrc@", NETRC, True, ("netrc", "of-netrc")),
        ("me@", NETRC, True, ("me", "of-ring")),
        ("me@", NETRC, False, ("me", "")),
        ("me@", "", True, ("me", "of-ring")),
        ("", "", True, None),
    ],
)
def test_an_address_gets_the_login_that_uv_and_pip_would_find(
    tmp_path: Path, user_part: str, file: str, has_ring: bool, login: tuple[str, str] | None
) -> None:
    """As measured with uv 0.13 and pip 23.2 against a server that asks for a login."""
    (tmp_path / ".netrc").write_text(file)
    if has_ring:
        write_keyring(tmp_path, "of-ring")
    environ = {"HOME": str(tmp_path), "PATH": f"{tmp_path}{os.pathsep}{os.defpath}"}
    assert place(ADDRESS.format(user_part), environ).auth == login
    told_not_to = {**environ, "UV_KEYRING_PROVIDER": "disabled"}
    without = ("me", "") if login == ("me", "of-ring") else login
    assert place(ADDRESS.format(user_part), told_not_to).auth == without


def test_settings_of_the_command_beat_those_of_all_in_any_file_of_pip(tmp_path: Path) -> None:
    legacy, users = tmp_path / ".pip" / "pip.conf", tmp_path / ".config" / "pip" / "pip.conf"
    for path in (legacy, users):
        path.parent.mkdir(parents=True)
    environ = {"HOME": str(tmp_path), "XDG_CONFIG_DIRS": str(tmp_path / "none")}
    legacy.write_text("[global]\nindex-url = https://old.example/\n")
    users.write_text("[global]\nindex-url = https://new.example/\n")
    assert completed(IndexSettings(), "pip", environ).index_url == "https://new.example/"
    legacy.write_text("[install]\nindex-url = https://old.example/\n")
    assert completed(IndexSettings(), "pip", environ).index_url == "https://old.example/"
    environ["PIP_INDEX_URL"] = "https://variable.example/"
    assert completed(IndexSettings(), "pip", environ).index_url == "https://variable.example/"


def test_of_two_logins_for_one_host_the_first_counts_and_the_other_stays_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own").write_text(f"{NETRC}machine unasked.example login x password y\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "own"))
    work = WorkFolder(tmp_path / "work")
    netrc = Netrc(work, "https://first:one@index.example/ https://second:two@index.example/")
    line = b"a @ https://third:three@index.example/a.whl\n"
    assert netrc.strip(line) == line
    assert netrc.strip(b"a @ https://first:one@index.example/a.whl\n").count(b"@") == 1
    written = Path(netrc.variables()["NETRC"]).read_text()
    assert written == "machine index.example login first password one\n"
    work.close()


def write_keyring(folder: Path, password: str = PLANTED) -> None:
    """Write a `keyring` program that knows one password for a user who is named."""
    program = folder / "keyring"
    program.write_text(f'#!/bin/sh\n[ "$1" = get ] && [ "$3" = me ] && echo "{password}"\n')
    program.chmod(0o755)


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
