"""A package index of tiny projects that fail on cue, for tests that need real installers.

`LocalIndex` writes wheels and source distributions into one folder, which serves as a flat
find-links folder, and `serve()` offers the same files on localhost through the Simple API (JSON
and HTML). Real uv and pip install from both; no file needs any other package to build.

    index = LocalIndex(tmp_path)
    index.add(
        Project("alpha")
        .release("1.0", requires=["beta<2"], uploaded="2021-03-01")
        .release("1.1", fault=Fault.COMPILE)              # a source distribution only, cannot build
        .release("2.0", code=broken_import()),            # installs, and fails at import
        Project("beta").release("1.0").release("2.0", yanked="lost a file"),
    )
    with index.serve() as server:
        subprocess.run(["uv", "pip", "install", "--index-url", server.url, "alpha"])
    assert index.builds() == {}                           # nothing was built from source

By hand: `python -m tests.support.local_index --port 8000` serves `demo()`;
`--folder F` keeps the files there, `--projects P.toml` serves the releases of a TOML file
(`[[alpha]]` tables whose keys are the arguments of `Project.release`).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.index_files import (
    Fault,
    File,
    Project,
    Release,
    breaks_beside,
    broken_import,
    files_of,
    flaky_import,
    normalise,
)
from tests.support.index_server import HTML_TYPE, JSON_TYPE, Hit, Server

__all__ = [
    "HTML_TYPE",
    "JSON_TYPE",
    "Fault",
    "File",
    "Hit",
    "LocalIndex",
    "Project",
    "Release",
    "Server",
    "breaks_beside",
    "broken_import",
    "demo",
    "flaky_import",
    "load",
]


class LocalIndex:
    """Projects as files in `folder/files` (a find-links folder), ready to be served."""

    def __init__(self, folder: Path, *projects: Project) -> None:
        self.find_links = folder / "files"
        self._state = folder / "state"
        self._projects: dict[str, list[File]] = {}
        self._names: dict[str, str] = {}
        for path in (self.find_links, self._state):
            path.mkdir(parents=True, exist_ok=True)
        self.add(*projects)

    def add(self, *projects: Project) -> LocalIndex:
        """Write the projects' files; a project of the same name is replaced."""
        for project in projects:
            files = [
                made
                for release in project.releases
                for made in files_of(project, release, self._state)
            ]
            name = normalise(project.name)
            self._names[name] = project.name
            self._projects[name] = files
            for file in files:
                (self.find_links / file.filename).write_bytes(file.content)
        return self

    def remove(self, name: str) -> None:
        """Take a project out of the index, files and all."""
        for file in self._projects.pop(normalise(name)):
            (self.find_links / file.filename).unlink(missing_ok=True)

    def projects(self) -> list[str]:
        """Return the normalised names of all projects, sorted."""
        return sorted(self._projects)

    def files(self, name: str) -> list[File] | None:
        """Return a project's files, or None where there is no such project."""
        return self._projects.get(normalise(name))

    def builds(self, phase: str = "build") -> dict[str, int]:
        """Return how often each release was built from source: `alpha-1.0` to a count."""
        found = {}
        for path in sorted(self._state.glob(f"*.{phase}")):
            found[path.name[: -len(phase) - 1]] = len(path.read_text().splitlines())
        return found

    @contextmanager
    def serve(self, **options: Any) -> Iterator[Server]:
        """Serve the index on localhost until the block ends; options are `Server`'s."""
        server = Server(self, **options)
        try:
            server.start()
            yield server
        finally:
            server.stop()


def demo() -> list[Project]:
    """Return one project for each way to fail, and a few that work."""
    return [
        Project("good").release("1.0", requires=["helper"]).release("1.1", requires=["helper>=1"]),
        Project("helper").release("1.0").release("2.0"),
        Project("turns")
        .release("1.0", fault=Fault.COMPILE)
        .release("1.1", fault=Fault.COMPILE)
        .release("1.2", wheel="cp27-cp27m-win32", fault=Fault.API_REMOVED)
        .release("2.0"),
        Project("old-tool").release(
            "1.0", build_requires=["tool"], with_tool={"tool": "2"}, fault=Fault.API_REMOVED
        ),
        Project("tool").release("1.0").release("2.0"),
        Project("moved").release("1.0", requires=["drift>=1"]),
        Project("drift").release("1.0").release("2.0", code=broken_import()),
        Project("left").release("1.0", requires=["helper<2"]),
        Project("right").release("1.0", requires=["helper>=2"]),
        Project("shy").release("1.0", code=breaks_beside({"good": "1.1"})),
        Project("header").release("1.0", fault=Fault.HEADER).release("1.1"),
        Project("flaky").release("1.0", fault=Fault.NETWORK, every=2),
        Project("slow").release("1.0", seconds=3),
        Project("loud").release("1.0", fault=Fault.COMPILE, chatter=100_000),
        Project("metadata").release("1.0", fault=Fault.METADATA),
        Project("modern").release("1.0").release("2.0", requires_python=">=4"),
        Project("withdrawn").release("1.0").release("1.1", yanked="broken metadata"),
    ]


def load(path: Path) -> list[Project]:
    """Return the projects of a TOML file: `[[alpha]]` tables, the arguments of `release`."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    projects = []
    for name, releases in tomllib.loads(path.read_text(encoding="utf-8")).items():
        project = Project(name)
        for arguments in releases:
            project = project.release(**arguments)
        projects.append(project)
    return projects


def main() -> None:
    """Serve the demo, or the projects of a file, until interrupted."""
    parser = argparse.ArgumentParser(
        description="Serve a package index of projects that fail on cue."
    )
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="keep the files here (default: a new folder)")
    parser.add_argument("--projects", type=Path, help="TOML file of releases (default: the demo)")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="local-index-"))
    index = LocalIndex(folder, *(load(options.projects) if options.projects else demo()))
    with index.serve(port=options.port) as server:
        print(f"index: {server.url}\nfind-links: {index.find_links}", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print("Interrupted.")


if __name__ == "__main__":
    main()
