from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.tags import sys_tags

from bisect_deps.errors import InputError
from bisect_deps.system import interpreters

HERE = ".".join(map(str, sys.version_info[:3]))
INSTALLED = {python.version: python for python in interpreters.find_all()}


def test_a_path_is_asked_what_it_is() -> None:
    found = interpreters.find(sys.executable)
    assert found.version == HERE
    assert os.path.samefile(found.path, sys.executable)


def test_tags_and_markers_are_those_that_the_python_itself_would_compute() -> None:
    found = interpreters.find(sys.executable)
    assert list(found.tags) == [str(tag) for tag in sys_tags()]
    assert dict(found.markers) == default_environment()


@pytest.mark.parametrize(
    "spec", ["{0}.{1}", "{0}.{1}.{2}", "python{0}.{1}", "cpython@{0}.{1}", ">={0}.{1},<{0}.{1}.99"]
)
def test_a_version_is_found_however_it_is_written(spec: str) -> None:
    numbers = HERE.split(".")
    found = interpreters.find(spec.format(*numbers))
    assert found.version.startswith(f"{numbers[0]}.{numbers[1]}.")


def test_a_short_version_is_no_prefix_of_a_longer_number() -> None:
    with pytest.raises(InputError):
        interpreters.find("3.1")


def test_an_unknown_version_is_told_with_what_is_installed() -> None:
    with pytest.raises(InputError, match=r"no Python 3\.99") as caught:
        interpreters.find("3.99")
    assert HERE in str(caught.value.hint)


@pytest.mark.parametrize("name", ["nothing/here", "file"])
def test_a_path_that_is_no_python_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("no program")
    with pytest.raises(InputError, match=str(tmp_path)):
        interpreters.find(str(tmp_path / name))


def test_a_folder_stands_for_the_environment_in_it(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "env"], check=True)
    found = interpreters.find(str(tmp_path / "env"))
    assert found.path.startswith(str(tmp_path))


def test_a_shim_that_runs_nothing_does_not_hide_an_installed_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shims, versions = tmp_path / "shims", tmp_path / "versions" / HERE / "bin"
    shims.mkdir()
    versions.mkdir(parents=True)
    name = "python{}.{}".format(*HERE.split("."))
    (shims / name).write_text("#!/bin/sh\necho 'pyenv: command not found' >&2\nexit 127\n")
    (shims / name).chmod(0o755)
    (versions / "python").symlink_to(sys.executable)
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    monkeypatch.setenv("PATH", str(shims))
    monkeypatch.setattr(interpreters, "find_uv", lambda: None)
    assert interpreters.find(HERE).version == HERE


def test_every_python_is_listed_once() -> None:
    paths = [os.path.realpath(python.path) for python in interpreters.find_all()]
    assert len(set(paths)) == len(paths)


@pytest.mark.parametrize(
    ("minor", "abi"), [("3.6", "cp36m"), ("3.7", "cp37m"), ("3.8", "cp38"), ("3.13", "cp313")]
)
def test_the_abi_is_that_of_the_version(minor: str, abi: str) -> None:
    versions = [version for version in INSTALLED if version.startswith(f"{minor}.")]
    if not versions:
        pytest.skip(f"no Python {minor} here")
    assert INSTALLED[versions[0]].tags[0].split("-")[1] == abi


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
def test_pythons_that_do_not_answer_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mute = tmp_path / "python3"
    mute.write_text("#!/bin/sh\nexit 1\n")
    mute.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    monkeypatch.setattr(sys, "executable", str(mute))
    with pytest.raises(InputError, match=re.escape(f"no Python answered: {mute}")):
        interpreters.find()
