"""A run uses the credentials that the user's own installer would, and shows them nowhere."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bisect_deps.builders._scratch import Netrc, WorkFolder
from bisect_deps.index.base import completed, indexes, place
from bisect_deps.index.logins import pip_sources, uv_sources
from bisect_deps.model import IndexSettings
from bisect_deps.system.interpreters import find_uv
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
    """As measured with uv 0.13 and pip 25.3 against a server that asks for a login."""
    (tmp_path / ".netrc").write_text(file)
    if has_ring:
        write_keyring(tmp_path, "of-ring")
    environ = {"HOME": str(tmp_path), "PATH": f"{tmp_path}{os.pathsep}{os.defpath}"}
    address = ADDRESS.format(user_part)
    assert place(address, environ, uv_sources("subprocess")).auth == login
    by_pip = ("netrc", "of-netrc") if (user_part, file) == ("me@", NETRC) else login
    assert place(address, environ, pip_sources(None, no_input=False)).auth == by_pip
    without = ("me", "") if login == ("me", "of-ring") else login
    for sources in (uv_sources(None), uv_sources("disabled")):
        assert place(address, environ, sources).auth == without
    for sources in (
        pip_sources("disabled", no_input=False),
        pip_sources("auto", no_input=True),
        pip_sources("import", no_input=False),
    ):
        assert place(address, environ, sources).auth == (without if by_pip == login else by_pip)


@pytest.mark.parametrize(
    ("installer", "file", "variables", "logins"),
    [
        ("uv", "", {}, ("store",)),
        ("uv", "", {"UV_KEYRING_PROVIDER": "subprocess"}, ("store", "program")),
        ("uv", 'keyring-provider = "subprocess"\n', {}, ("store", "program")),
        ("uv", '[pip]\nkeyring-provider = "subprocess"\n', {}, ("store", "program")),
        (
            "uv",
            'keyring-provider = "subprocess"\n',
            {"UV_KEYRING_PROVIDER": "disabled"},
            ("store",),
        ),
        ("uv", "", {"PIP_KEYRING_PROVIDER": "subprocess"}, ("store",)),
        ("pip", "", {}, ("netrc", "module", "program")),
        ("pip", "", {"PIP_NO_INPUT": "1"}, ("netrc",)),
        ("pip", "[global]\nno-input = true\n", {}, ("netrc",)),
        (
            "pip",
            "[global]\nkeyring-provider = subprocess\n",
            {"PIP_NO_INPUT": "1"},
            ("netrc", "program"),
        ),
        ("pip", "", {"PIP_KEYRING_PROVIDER": "import"}, ("netrc", "module")),
        ("pip", "", {"PIP_KEYRING_PROVIDER": "disabled"}, ("netrc",)),
        ("pip", "", {"UV_KEYRING_PROVIDER": "disabled"}, ("netrc", "module", "program")),
    ],
)
def test_a_keyring_is_asked_where_the_installer_is_told_to(
    tmp_path: Path,
    installer: str,
    file: str,
    variables: dict[str, str],
    logins: tuple[str, ...],
) -> None:
    path = tmp_path / "settings"
    path.write_text(file)
    settings = {"uv": "UV_CONFIG_FILE", "pip": "PIP_CONFIG_FILE"}[installer]
    environ = {"HOME": str(tmp_path), "XDG_CONFIG_DIRS": str(tmp_path), settings: str(path)}
    assert completed(IndexSettings(), installer, {**environ, **variables}).logins == logins


def test_a_login_of_uvs_own_store_counts_for_the_addresses_below_its_own(tmp_path: Path) -> None:
    """The store is as `uv auth login` writes it."""
    environ = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    uv = find_uv()
    assert uv is not None
    for service, user, password in (
        ("index.example", "all", "of-host"),
        ("https://index.example/team", "team", 'of "team"'),
    ):
        command = [uv, "auth", "login", service, "--username", user, "--password", password]
        subprocess.run(command, env=environ, check=True, capture_output=True)

    def found(address: str, installer: str = "uv") -> tuple[str, str] | None:
        settings = completed(IndexSettings(index_url=address), installer, environ)
        [spot] = indexes(settings, environ)
        return spot.auth

    assert found("https://index.example/team/simple/") == ("team", 'of "team"')
    assert found("https://index.example/teams/simple/") == ("all", "of-host")
    assert found("https://all@index.example/team/simple/") == ("all", "of-host")
    assert found("https://you@index.example/team/") == ("you", "")
    assert found("http://index.example/") is None
    assert found("https://index.example:8443/") is None
    assert found("https://index.example/", "pip") is None
    (tmp_path / ".netrc").write_text(NETRC)
    assert found("https://index.example/team/") == ("netrc", "of-netrc")


def test_indexes_of_variables_and_of_all_files_are_asked_in_the_order_of_uv(
    tmp_path: Path,
) -> None:
    """A real uv asks a server that has nothing: each index in its turn."""
    project, users = tmp_path / "project", tmp_path / ".config" / "uv"
    project.mkdir()
    users.mkdir(parents=True)
    (project / "r.in").write_text("absent\n")
    asked: list[str] = []
    with nothing_served(asked) as base:
        (project / "uv.toml").write_text(
            f'extra-index-url = ["{base}/e/"]\nindex-url = "{base}/u/"\n'
            f'[[index]]\nname = "n"\nurl = "{base}/i/"\n[[index]]\nurl = "{base}/j/"\n'
            f'[pip]\nextra-index-url = ["{base}/p/"]\n'
        )
        (users / "uv.toml").write_text(
            f'[[index]]\nurl = "{base}/k/"\n[[index]]\nurl = "{base}/d/"\ndefault = true\n'
        )
        environ = {
            "HOME": str(tmp_path),
            "PATH": os.defpath,
            "UV_CACHE_DIR": str(tmp_path / "cache"),
            "UV_INDEX": f"n={base}/v/",
            "UV_EXTRA_INDEX_URL": f"{base}/w/",
        }
        uv = find_uv()
        assert uv is not None
        command = [uv, "pip", "compile", "r.in"]
        subprocess.run(command, cwd=project, env=environ, capture_output=True, check=False)
        settings = completed(IndexSettings(), "uv", environ, project)
        ours = [urlsplit(spot.url).path.strip("/") for spot in indexes(settings, environ)]
    assert list(dict.fromkeys(asked)) == ours == list("vwjkped")


def test_settings_of_a_project_have_no_variable_sent(tmp_path: Path) -> None:
    """uv fills in none there either."""
    (tmp_path / "pyproject.toml").write_text(
        '[tool.uv]\nextra-index-url = ["https://evil.example/${PLANTED}/"]\n'
        'find-links = ["https://${PLANTED}@evil.example/links/"]\n'
        '[[tool.uv.index]]\nurl = "https://evil.example/${PLANTED}/"\ndefault = true\n'
        '[[tool.uv.index]]\nname = "n"\nurl = "https://a:${PLANTED}@evil.example/"\n'
    )
    environ = {"HOME": str(tmp_path), "PLANTED": PLANTED, "UV_INDEX_N_PASSWORD": "p"}
    settings = completed(IndexSettings(), "uv", environ, tmp_path)
    asked = [*indexes(settings, environ), *(place(url, environ) for url in settings.find_links)]
    assert len(asked) == 4
    assert PLANTED not in repr([(spot.url, spot.auth) for spot in asked])


@contextmanager
def nothing_served(asked: list[str]) -> Iterator[str]:
    """Serve nothing, and note the first part of each path that is asked for."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path.split("/")[1])
            self.send_error(404)

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{httpd.server_address[1]}"
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()


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
