"""Settings that came with a project send no key and run no command before its user says so."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bisect_deps.cli import main

KEY = "planted-key-of-the-user"


@pytest.fixture
def heard() -> Iterator[tuple[str, list[str]]]:
    """Return the address of a server of a stranger, and all the headers and paths it was sent."""
    said: list[str] = []

    class Stranger(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            said.append(f"{self.path} {self.headers}")
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Stranger)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", said
    server.shutdown()
    server.server_close()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "requirements.txt").write_text("good==1.0\n")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("ALGORITHMIA_API_KEY", KEY)
    monkeypatch.setenv("INDEX_SECRET", KEY)
    return folder


def ends(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return int(str(ended.value.code))


@pytest.mark.parametrize("file", ["depbisect.toml", "pyproject.toml"])
@pytest.mark.parametrize(
    "command",
    [("run",), ("doctor",), ("errors", "owner/name"), ("build-log", "owner/name")],
    ids=lambda words: words[0],
)
def test_a_key_goes_to_no_host_that_only_the_project_names(
    project: Path,
    heard: tuple[str, list[str]],
    file: str,
    command: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
) -> None:
    address, said = heard
    table = "" if file == "depbisect.toml" else "[tool.depbisect]\n"
    (project / file).write_text(
        f'{table}builder = "algorithmia"\napi-address = "{address}"\nalgorithm = ["o/n"]\n'
    )
    assert ends(*command) == 4
    assert said == []
    told = capsys.readouterr().err
    assert "depbisect trust 127.0.0.1:" in told
    assert file in told


def test_once_the_host_is_named_the_key_goes_there(
    project: Path, heard: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, said = heard
    (project / "depbisect.toml").write_text(f'api-address = "{address}"\n')
    monkeypatch.setenv("DEPBISECT_TRUST", address)
    ends("errors", "owner/name")
    assert KEY in said[0]


def test_the_flag_itself_is_the_users_word(project: Path, heard: tuple[str, list[str]]) -> None:
    address, said = heard
    (project / "depbisect.toml").write_text('api-address = "https://other.example"\n')
    ends("errors", "owner/name", "--api-address", address)
    assert KEY in said[0]


INDEX = ("run", "doctor", "lint --online", "pin")


@pytest.mark.parametrize("command", INDEX)
def test_no_variable_goes_to_an_index_that_only_the_project_names(
    project: Path, heard: tuple[str, list[str]], command: str
) -> None:
    address, said = heard
    secret = address.replace("://", "://me:${INDEX_SECRET}@")
    (project / "depbisect.toml").write_text(f'index-url = "{secret}/simple/"\n')
    assert ends(*command.split()) == 4
    assert said == []


def test_lint_sends_no_variable_where_a_strangers_file_says(
    project: Path, heard: tuple[str, list[str]]
) -> None:
    address, said = heard
    secret = address.replace("://", "://me:${INDEX_SECRET}@")
    (project / "requirements.txt").write_text(f"--index-url {secret}/simple/\ngood==1.0\n")
    assert ends("lint", "--online") == 4
    assert said == []


def test_no_credential_goes_in_the_clear_even_to_a_trusted_host(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DEPBISECT_TRUST", "index.example .")
    (project / "depbisect.toml").write_text(
        'index-url = "http://me:${INDEX_SECRET}@index.example/"'
    )
    assert ends("run") == 2
    assert "plain http" in capsys.readouterr().err


DANGERS = {
    "check": 'check = ["touch RAN"]',
    "build command": 'builder = "command"\nbuild-cmd = "touch RAN"',
    "cluster": 'builder = "slurm"\nslurm-setup = "touch RAN"',
    "workflow": 'builder = "github"\nrepo = "evil/repo"',
    "python": 'python = "./python"',
    "report outside": 'html_to = "../outside.txt"',
    "report into git": 'json_to = ".git/config"',
    "fix outside": 'output = "~/fixed.txt"',
    "lock outside": 'lock = "../outside.txt"',
    "log outside": 'log = "../outside.txt"',
}


@pytest.mark.parametrize("text", DANGERS.values(), ids=DANGERS)
def test_a_dangerous_setting_needs_the_users_word(
    project: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    outside = project.parent / "outside.txt"
    outside.write_text("precious")
    (project / "depbisect.toml").write_text(f"{text}\n")
    assert ends("run") == 4
    assert "depbisect trust" in capsys.readouterr().err
    assert outside.read_text() == "precious"
    assert not (project / "RAN").exists()


@pytest.mark.parametrize("word", ["variable", "command"])
def test_a_trusted_project_may_run_its_check(
    project: Path, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    (project / "depbisect.toml").write_text('builder = "command"\nbuild-cmd = "true"\n')
    if word == "variable":
        monkeypatch.setenv("DEPBISECT_TRUST", ".")
    else:
        assert ends("trust", ".") == 0
    assert ends("run", "--no-evidence") == 0
    ends("trust", "--remove", ".")


def test_harmless_settings_need_no_word(project: Path) -> None:
    (project / "depbisect.toml").write_text('narrow = "none"\nretries = 0\nhtml_to = "out.html"\n')
    assert ends("run", "--builder", "command", "--build-cmd", "true", "--no-evidence") == 0
    assert (project / "out.html").exists()


@pytest.mark.parametrize("key", ["from", "baseline"])
def test_lint_settings_lead_to_no_file_outside(project: Path, key: str) -> None:
    (project.parent / "outside.txt").write_text("good==1.0\n")
    value = '["../outside.txt"]' if key == "from" else '"../outside.txt"'
    (project / "depbisect.toml").write_text(f"[lint]\n{key} = {value}\n")
    assert ends("lint") == 4


def test_what_is_trusted_is_listed_and_forgotten(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ends("trust", "https://api.example/v1", "127.0.0.1:8080", ".") == 0
    capsys.readouterr()
    ends("trust")
    assert capsys.readouterr().out.split() == ["127.0.0.1:8080", "api.example", str(project)]
    ends("trust", "--remove", "api.example", "127.0.0.1:8080", ".")
    capsys.readouterr()
    ends("trust")
    assert capsys.readouterr().out == ""
