"""A lock holds exactly what a build verified, and real installers install from it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from packaging.pylock import Pylock

from bisect_deps.errors import InputError
from bisect_deps.index import Index
from bisect_deps.model import IndexSettings, VerdictKind
from bisect_deps.progress import Silent
from bisect_deps.resolution import lockfile
from bisect_deps.resolution.lockfile import write_lock
from bisect_deps.run.running import Finished, run
from bisect_deps.run.settings import RunSettings
from bisect_deps.system.interpreters import find, find_uv
from tests.support.local_index import Fault, LocalIndex, Project

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
TEXT = "turns==1.0\ngood==1.0\n"
WANTED = {"turns": "2.0", "good": "1.0", "helper": "2.0"}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> LocalIndex:
    return LocalIndex(
        tmp_path_factory.mktemp("index"),
        Project("good").release("1.0", requires=["helper"]),
        Project("helper").release("1.0").release("2.0", sdist=True),
        Project("turns").release("1.0", fault=Fault.COMPILE).release("2.0"),
    )


@pytest.fixture(scope="module")
def served(index: LocalIndex) -> Iterator[str]:
    with index.serve() as server:
        yield server.url


def solved(folder: Path, settings: IndexSettings, text: str = TEXT) -> Finished:
    file = folder / "requirements.txt"
    file.write_text(text)
    return run(RunSettings(file=file, python=sys.executable, index=settings), Silent())


def installed_from(folder: Path, *arguments: str) -> dict[str, str]:
    """Install into a new environment and return what is there."""
    uv, venv = find_uv() or "uv", folder / "venv"
    python = str(venv / "bin" / "python")
    made = [uv, "venv", "-q", "--clear", "--python", sys.executable, str(venv)]
    subprocess.run(made, check=True)
    subprocess.run([uv, "pip", *arguments, "--python", python], check=True)
    listed = [uv, "pip", "list", "--format", "json", "--python", python]
    rows = json.loads(subprocess.run(listed, check=True, capture_output=True).stdout)
    return {row["name"]: row["version"] for row in rows}


def test_pins_with_hashes_install_the_verified_environment(tmp_path: Path, served: str) -> None:
    found = solved(tmp_path, IndexSettings(index_url=served))
    lock = tmp_path / "locked.txt"
    write_lock(lock, found.verdict, found.index, found.interpreter)
    assert found.verdict.kind is VerdictKind.FIXED
    assert found.verdict.environment == WANTED
    options = ["--require-hashes", "--default-index", served, "-r", str(lock)]
    assert installed_from(tmp_path, "install", *options) == WANTED


def test_pip_installs_from_the_pins(tmp_path: Path, served: str) -> None:
    found = solved(tmp_path, IndexSettings(index_url=served))
    lock = tmp_path / "locked.txt"
    write_lock(lock, found.verdict, found.index, found.interpreter)
    command = [sys.executable, "-m", "pip", "download", "-q", "--require-hashes", "-r", str(lock)]
    command += ["--index-url", served, "--dest", str(tmp_path / "files")]
    subprocess.run(command, check=True)
    assert len(list((tmp_path / "files").iterdir())) == len(WANTED)


def test_a_pylock_is_valid_and_installs_the_verified_environment(
    tmp_path: Path, served: str
) -> None:
    found = solved(tmp_path, IndexSettings(index_url=served))
    lock = tmp_path / "pylock.toml"
    write_lock(lock, found.verdict, found.index, found.interpreter)
    parsed = Pylock.from_dict(tomllib.loads(lock.read_text()))
    assert {str(package.name): str(package.version) for package in parsed.packages} == WANTED
    assert installed_from(tmp_path, "sync", str(lock)) == WANTED


def test_a_folder_of_files_is_locked_as_well(tmp_path: Path, index: LocalIndex) -> None:
    settings = IndexSettings(find_links=(str(index.find_links),), no_index=True)
    found = solved(tmp_path, settings, "good==1.0\n")
    assert found.verdict.kind is VerdictKind.PASSES
    lock = tmp_path / "pylock.dev.toml"
    write_lock(lock, found.verdict, found.index, found.interpreter)
    assert installed_from(tmp_path, "sync", str(lock)) == {"good": "1.0", "helper": "2.0"}


def test_an_environment_that_is_known_to_be_empty_is_locked(tmp_path: Path, served: str) -> None:
    text = "good==1.0 ; sys_platform == 'nowhere'\n"
    found = solved(tmp_path, IndexSettings(index_url=served), text)
    lock = tmp_path / "locked.txt"
    write_lock(lock, found.verdict, found.index, found.interpreter)
    assert "==" not in lock.read_text()
    lock.unlink()
    probes = tuple(replace(probe, installed=None) for probe in found.verdict.probes)
    unknown = replace(found.verdict, probes=probes)
    with pytest.raises(InputError, match="not known what the build installed"):
        write_lock(lock, unknown, found.index, found.interpreter)
    assert not lock.exists()


def test_what_no_index_has_cannot_be_locked(tmp_path: Path, served: str) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "back"\nbackend-path = ["."]\n'
    )
    backend = ROOT / "tests" / "support" / "cue_backend.py"
    (own / "back.py").write_text(backend.read_text())
    metadata = "Metadata-Version: 2.1\nName: own\nVersion: 7\n"
    cue = {"stem": "own-7", "metadata": metadata, "modules": {}, "fault": None, "seconds": 0}
    (own / "cue.json").write_text(json.dumps({**cue, "chatter": 0, "state": str(tmp_path)}))
    found = solved(tmp_path, IndexSettings(index_url=served), f"{own}\n")
    with pytest.raises(InputError, match="no hashes are known of own 7"):
        write_lock(tmp_path / "lock.txt", found.verdict, found.index, found.interpreter)
    assert not (tmp_path / "lock.txt").exists()


def test_all_that_cannot_be_locked_is_listed_in_its_order(tmp_path: Path, served: str) -> None:
    with Index(
        IndexSettings(index_url=served), find(sys.executable), cache=tmp_path / "pages"
    ) as index:
        absent = {"zeta": "1.0", "good": "1.0", "alpha": "2.0"}
        with pytest.raises(InputError, match=r"no hashes are known of alpha 2\.0, zeta 1\.0,"):
            lockfile._releases(absent, index, tmp_path / "lock.txt")


def test_the_command_locks_and_says_so(tmp_path: Path, served: str) -> None:
    (tmp_path / "requirements.txt").write_text(TEXT)
    done = lock_by_command(tmp_path, "--index-url", served, "--lock", "all.txt")
    assert done.returncode == 0, done.stderr
    assert "Locked: all.txt." in done.stderr
    assert "helper==2.0 \\\n    --hash=sha256:" in (tmp_path / "all.txt").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--builder", "command", "--build-cmd", "true"], "cannot tell what it installed"),
        (["--builder", "manual"], "nothing to --lock"),
    ],
    ids=["a builder that cannot tell", "a person"],
)
def test_what_is_not_known_is_not_locked(
    tmp_path: Path, arguments: list[str], message: str
) -> None:
    (tmp_path / "requirements.txt").write_text(TEXT)
    done = lock_by_command(tmp_path, *arguments, "--lock", "all.txt", "--no-evidence")
    assert done.returncode == 2
    assert message in done.stderr
    assert not (tmp_path / "all.txt").exists()


def test_a_lock_never_overwrites_the_input(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(TEXT)
    done = lock_by_command(tmp_path, "--lock", "requirements.txt")
    assert done.returncode == 2
    assert (tmp_path / "requirements.txt").read_text() == TEXT


def lock_by_command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bisect_deps", "run", "--python", sys.executable, *arguments]
    return subprocess.run(
        [*command, "--no-progress"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
