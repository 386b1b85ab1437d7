from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from bisect_deps.cli import group
from bisect_deps.errors import ExitCode
from tests.support.local_index import LocalIndex, Project, Server

PLANTED = "planted-secret-value"


@pytest.fixture
def server(local_index: LocalIndex) -> Iterator[Server]:
    local_index.add(Project("pip").release("99.0"))
    with local_index.serve() as serving:
        yield serving


def doctor(*arguments: str, **environment: str) -> tuple[int, dict[str, dict[str, object]]]:
    given = ["doctor", "--json", "--python", sys.executable, *arguments]
    done = CliRunner().invoke(group, given, env=environment, standalone_mode=False)
    assert done.exception is None, done.exception
    found = json.loads(done.stdout)
    assert found["schema"] == "depbisect.doctor/1"
    assert found["ok"] is (done.return_value == ExitCode.OK)
    return done.return_value, {check["name"]: check for check in found["checks"]}


def test_a_well_machine_passes_every_check(server: Server) -> None:
    code, checks = doctor("--index-url", server.url)
    assert code == ExitCode.OK, checks
    assert {"python", "pythons", "uv", "pip", "index", "cache", "scratch"} == set(checks)


@pytest.mark.parametrize(
    ("arguments", "ill"),
    [
        (["--index-url", "http://127.0.0.1:9/simple/"], "index"),
        (["--python", "3.99"], "python"),
        (["--builder", "nobody"], "builder nobody"),
        (["--builder", "command"], "builder command"),
    ],
)
def test_what_is_ill_is_told_with_its_cure(server: Server, arguments: list[str], ill: str) -> None:
    code, checks = doctor("--index-url", server.url, *arguments)
    assert code == ExitCode.UNAVAILABLE
    assert [name for name, check in checks.items() if not check["ok"]] == [ill]
    assert checks[ill]["hint"]


@pytest.mark.parametrize("name", ["XDG_CACHE_HOME", "TMPDIR"])
def test_a_folder_that_cannot_be_made_is_told(
    server: Server, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    if name == "TMPDIR":
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "file"))
    code, checks = doctor("--index-url", server.url, **{name: str(tmp_path / "file")})
    ill = checks["scratch" if name == "TMPDIR" else "cache"]
    assert code == ExitCode.UNAVAILABLE
    assert name in str(ill["hint"])


def test_a_builder_is_looked_at_when_it_is_named(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    code, checks = doctor("--index-url", server.url, "--builder", "local")
    assert code == ExitCode.OK, checks
    assert "uv" in str(checks["builder local"]["detail"])
    assert doctor("--index-url", server.url, "--builder", "command", "--build-cmd", "x")[0] == 0


def test_no_secret_is_shown(local_index: LocalIndex) -> None:
    with local_index.serve(auth=("me", PLANTED)) as server:
        _, checks = doctor("--index-url", server.url_with("me", PLANTED))
    assert checks["index"]["ok"]
    assert PLANTED not in json.dumps(checks)


def test_settings_come_from_the_files_that_run_reads(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DEPBISECT_TRUST", str(tmp_path))
    text = f'index-url = "{server.url}"\nbuilder = "command"\nmax-builds = 3\n'
    (tmp_path / "depbisect.toml").write_text(text)
    code, checks = doctor()
    assert code == ExitCode.UNAVAILABLE
    assert str(checks["index"]["detail"]).startswith(server.url)
    assert "--build-cmd" in str(checks["builder command"]["hint"])


def test_people_see_one_line_a_check(server: Server) -> None:
    given = ["doctor", "--python", "3.99", "--index-url", server.url]
    done = CliRunner().invoke(group, given, standalone_mode=False)
    assert done.stdout.startswith("FAIL python     no Python 3.99 is installed here\n")
    assert " -> installed are " in done.stdout
    assert "\nok   uv         uv " in done.stdout
