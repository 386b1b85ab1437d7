"""How long index facts take for a file of 40 lines: cold, and warm with revalidation.

`python -m benchmarks.index_facts` serves 40 projects of 60 releases with 5 files each on
localhost, each answer delayed as by a near network, and prints milliseconds.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bisect_deps.index import Index
from bisect_deps.model import IndexSettings, Requirement
from bisect_deps.system.interpreters import find
from tests.support.local_index import LocalIndex, Project

LINES = 40
RELEASES = 60
DELAY = 0.02
WHEELS = [f"cp3{minor}-cp3{minor}-{system}" for minor in (8, 9) for system in ("win_amd64",)]
WHEELS += [f"cp3{minor}-cp3{minor}-manylinux2014_x86_64" for minor in (8, 9)]


def main() -> None:
    projects = []
    for number in range(LINES):
        project = Project(f"project-{number}")
        for release in range(RELEASES):
            project = project.release(f"1.{release}", wheel=WHEELS, sdist=True)
        projects.append(project)
    requirements = [
        Requirement(n, f"project-{n}", "==1.30", f"project-{n}==1.30", "requirements.txt", n + 1)
        for n in range(LINES)
    ]
    python = find(sys.executable)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with LocalIndex(folder, *projects).serve() as server:
            server.delay = DELAY
            settings = IndexSettings(index_url=server.url)
            for title in ("cold", "warm", "warm"):
                print(title + measure(Index(settings, python, cache=folder / "c"), requirements))


def measure(index: Index, requirements: list[Requirement]) -> str:
    started = time.perf_counter()
    with index:
        index.prefetch(requirement.name for requirement in requirements)
        fetched = time.perf_counter()
        count = sum(len(index.facts(requirement)) for requirement in requirements)
    ended = time.perf_counter()
    return (
        f": pages {1000 * (fetched - started):.0f} ms, {count} facts for {len(requirements)} lines "
        f"{1000 * (ended - fetched):.1f} ms"
    )


if __name__ == "__main__":
    main()
