"""The recipes of docs/command-builder.md, run for real; skipped where their tool is absent."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from bisect_deps.builders import make_builder
from bisect_deps.builders.base import Builder, Order
from bisect_deps.builders.command import Options
from bisect_deps.model import BuildStatus
from bisect_deps.system.interpreters import find_uv
from tests.builders.contract import finish, whole_log
from tests.support.local_index import Fault, LocalIndex, Project

DOCS = Path(__file__).parent.parent.parent / "docs" / "command-builder.md"


def recipe(name: str) -> tuple[dict[str, str], str]:
    """Return a recipe's files by name, and its build command, as the document shows them."""
    section = DOCS.read_text().split(f"\n### {name}\n")[1].split("\n### ")[0]
    files, command = {}, ""
    for block in section.split("```")[1::2]:
        first, _, body = block.partition("\n")
        if first.startswith("console"):
            command = body.partition("--build-cmd ")[2].strip().strip("'")
        elif " " in first:
            files[first.split()[1]] = body
    return files, command


@pytest.fixture
def project(tmp_path: Path, local_index: LocalIndex) -> Path:
    local_index.add(
        Project("good").release("1.0"), Project("header").release("1.0", fault=Fault.HEADER)
    )
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "app.py").write_text("import good\n")
    return folder


@pytest.fixture
def started(
    project: Path, tmp_path: Path, local_index: LocalIndex, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[Builder]]:
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.defpath]))
    builders: list[Builder] = []
    with local_index.serve() as server:
        for prefix in ("UV", "PIP"):
            monkeypatch.setenv(f"{prefix}_INDEX_URL", server.url)
        yield builders
        for builder in builders:
            builder.close()


def outcomes(
    name: str, project: Path, started: list[Builder], telling: str = "ffi.h: No such file"
) -> dict[str, BuildStatus]:
    files, command = recipe(name)
    for path, text in files.items():
        (project / path).write_text(text)
    work = project.parent / "work"
    options = Options(folder=project, cwd=project, work=work, build_cmd=command)
    builder = make_builder("command", options)
    started.append(builder)
    found = {}
    for text in ("good==1.0\n", "good==1.0\nheader==1.0\n"):
        order = Order({"requirements.txt": text.encode()}, "requirements.txt", text, timeout=200)
        handle = builder.start(order)
        found[text.split()[-1]] = finish(builder, handle, 200)
        log = whole_log(builder, handle)
        assert (telling in log) == ("header" in text), log
    return found


EXPECTED = {"good==1.0": BuildStatus.PASSED, "header==1.0": BuildStatus.FAILED}


@pytest.mark.skipif(shutil.which("make") is None, reason="no make here")
def test_a_makefile(project: Path, started: list[Builder]) -> None:
    assert outcomes("A Makefile", project, started) == EXPECTED


@pytest.mark.slow
@pytest.mark.parametrize("tool", ["tox", "nox"])
def test_tox_and_nox(
    tool: str, project: Path, started: list[Builder], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = shutil.which(tool, path=os.environ.get("RECIPE_TOOLS")) or shutil.which(tool)
    if found is None:
        pytest.skip(f"no {tool} here")
    monkeypatch.setenv("PATH", str(Path(found).parent), prepend=os.pathsep)
    assert outcomes(tool, project, started) == EXPECTED


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("buildah") is None, reason="no buildah here")
@pytest.mark.skipif(os.geteuid() != 0, reason="buildah is run as root here")
def test_a_container_image(
    project: Path,
    started: list[Builder],
    local_index: LocalIndex,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = tmp_path / "store"
    monkeypatch.setenv("BUILDAH_ISOLATION", "chroot")
    monkeypatch.setenv("STORAGE_DRIVER", "vfs")
    (tmp_path / "storage.conf").write_text(
        f'[storage]\ndriver = "vfs"\nrunroot = "{tmp_path / "run"}"\ngraphroot = "{store}"\n'
    )
    monkeypatch.setenv("CONTAINERS_STORAGE_CONF", str(tmp_path / "storage.conf"))
    _make_base_image(tmp_path / "base")
    shutil.copytree(local_index.find_links, project / "links")
    # The release that fails on cue cannot reach its notes in there, and fails all the same.
    telling = "Failed to build `header==1.0`"
    assert outcomes("A container image", project, started, telling) == EXPECTED


def _make_base_image(folder: Path) -> None:
    """Make an image of this machine's own Python, a shell and uv: no registry is needed."""
    root = folder / "root"
    uv = find_uv()
    assert uv is not None
    python = os.path.realpath(sys.executable)
    for program, place in ((python, python), ("/bin/sh", "/bin/sh"), (uv, "/bin/uv")):
        _place(root, program, place)
        for library in _libraries(program):
            _place(root, library, library)
    library = Path(sysconfig.get_path("stdlib"))
    ignored = shutil.ignore_patterns("test", "site-packages", "__pycache__", "idlelib", "*.a")
    shutil.copytree(library, root / library.relative_to("/"), ignore=ignored, symlinks=True)
    for extension in (library / "lib-dynload").glob("*.so"):
        for needed in _libraries(str(extension)):
            _place(root, needed, needed)
    (root / "tmp").mkdir()
    (root / "usr/bin").mkdir(parents=True, exist_ok=True)
    (root / "usr/bin/python3").symlink_to(python)
    (folder / "Containerfile").write_text("FROM scratch\nCOPY root /\nENV PATH=/usr/bin:/bin\n")
    subprocess.run(["buildah", "bud", "-q", "-t", "localhost/base", folder], check=True)


def _libraries(program: str) -> list[str]:
    done = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
    words = [word for line in done.stdout.splitlines() for word in line.split()]
    return [word for word in words if word.startswith("/") and os.path.exists(word)]


def _place(root: Path, source: str, place: str) -> None:
    target = root / place.lstrip("/")
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)
