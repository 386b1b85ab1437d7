"""One failing file by every builder, against what its tests build with: builds and seconds.

    python -m benchmarks.builders [--only slurm,buildbot]

The file holds a release that does not compile among two that do; the fix is its next release. The
servers' own start is not counted. Prints a row a builder: against what, builds, seconds to the fix,
seconds in all. Without `act` no row for github, without Slurm none for slurm.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from uv import find_uv_bin

from bisect_deps.builders import github, gitlab
from tests.builders.ci.orders import FAILING, PROJECTS
from tests.support import buildbot, datarobot_server, slurm, spaces_server
from tests.support.ci_server import act
from tests.support.github_server import GitHub
from tests.support.gitlab_server import GitLab
from tests.support.local_index import LocalIndex

Flags = list[str]


@contextmanager
def here(index: LocalIndex, folder: Path) -> Iterator[Flags]:
    """Build on this machine."""
    yield []


@contextmanager
def by_command(index: LocalIndex, folder: Path) -> Iterator[Flags]:
    """Build by a shell command."""
    yield ["--build-cmd", _install(index)]


@contextmanager
def on_github(index: LocalIndex, folder: Path) -> Iterator[Flags]:
    """Build by the shipped workflow, which `act` runs."""
    with GitHub(folder) as server:
        os.environ["GITHUB_TOKEN"] = server.token
        server.repository.commit({github.TEMPLATE.path: github.TEMPLATE.text})
        yield ["--repo", server.name, "--api-address", server.address]


@contextmanager
def on_gitlab(index: LocalIndex, folder: Path) -> Iterator[Flags]:
    """Build by the shipped pipeline."""
    with GitLab(folder) as server:
        os.environ["GITLAB_TOKEN"] = server.token
        server.repository.commit({gitlab.TEMPLATE.path: gitlab.TEMPLATE.text})
        yield ["--project", server.name, "--api-address", server.address]


@contextmanager
def on_buildbot(index: LocalIndex, folder: Path) -> Iterator[Flags]:
    """Build by a master with two workers."""
    os.environ.update(BUILDBOT_USER=buildbot.USER, BUILDBOT_PASSWORD=buildbot.PASSWORD)
    with buildbot.master(folder, workers=2) as address:
        yield ["--buildbot-address", address]


@contextmanager
def on_slurm(index: LocalIndex, folder: Path) -> Iterator[Flags]:
    """Build on a cluster of one node with two slots."""
    with slurm.cluster(folder, slots=2) as environment:
        os.environ.update(environment)
        yield ["-j", "2"]


@contextmanager
def on_spaces(index: LocalIndex, folder: Path) -> Iterator[Flags]:
    """Build in two Spaces."""
    names = ("acme/one", "acme/two")
    files = {name: {"requirements.txt": b"good==1.0\n"} for name in names}
    with spaces_server.served(files, ["sh", "-c", f"'{_install(index)}'"]) as hub:
        os.environ.update(HF_ENDPOINT=hub.address, HF_TOKEN=hub.token)
        yield [part for name in names for part in ("--space", name)]


@contextmanager
def on_datarobot(index: LocalIndex, folder: Path) -> Iterator[Flags]:
    """Build by dependency builds of custom models."""
    with datarobot_server.served(["sh", "-c", _install(index)]) as platform:
        os.environ.update(DATAROBOT_ENDPOINT=platform.address, DATAROBOT_API_TOKEN=platform.token)
        yield ["--custom-model", platform.model]


Place = Callable[[LocalIndex, Path], AbstractContextManager[Flags]]
ROWS: dict[str, tuple[Place, str]] = {
    "local": (here, "uv on this machine"),
    "command": (by_command, "a shell command"),
    "github": (on_github, "the shipped workflow, run by act"),
    "gitlab": (on_gitlab, "the shipped pipeline, behind the documented routes"),
    "buildbot": (on_buildbot, "a real master with two workers"),
    "slurm": (on_slurm, "a real cluster of one node"),
    "spaces": (on_spaces, "an emulator that huggingface_hub accepts"),
    "datarobot": (on_datarobot, "an emulator that datarobot accepts"),
}


def _install(index: LocalIndex) -> str:
    uv = find_uv_bin()
    return (
        f"{uv} venv -q --clear -p {sys.executable} env && {uv} pip install --python env "
        f"--no-index --find-links {index.find_links} -r requirements.txt"
    )


def missing(name: str) -> bool:
    """Say whether what a builder needs is not installed here."""
    absent = {"github": act() is None, "slurm": slurm.missing(), "buildbot": buildbot.missing()}
    return bool(absent.get(name))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default=",".join(ROWS))
    for name in parser.parse_args().only.split(","):
        work = Path(tempfile.mkdtemp(prefix=f"builders-{name}-"))
        if missing(name):
            print(f"| {name} | not installed here | | |", flush=True)
            continue
        index = LocalIndex(work / "index", *PROJECTS)
        project = work / "project"
        project.mkdir()
        (project / "requirements.txt").write_text(FAILING)
        command = [sys.executable, "-m", "bisect_deps", "run", "requirements.txt", "--json", "-"]
        command += ["--no-index", "--find-links", str(index.find_links), "--builder", name]
        place, against = ROWS[name]
        with contextlib.ExitStack() as stack:
            command += stack.enter_context(place(index, work / "server"))
            began = time.monotonic()
            done = subprocess.run(
                [*command, "--python", sys.executable],
                cwd=project,
                env={**os.environ, "PYTHONPATH": os.getcwd()},
                capture_output=True,
                text=True,
                check=False,
            )
            seconds = time.monotonic() - began
        if done.returncode:
            print(f"| {name} | {against} | failed | {done.stderr.strip()[-200:]} |", flush=True)
            continue
        report = json.loads(done.stdout)
        fixed = report["seconds_to_fix"]
        print(f"| {name} | {against} | {report['builds']} | {fixed:.1f} | {seconds:.1f} |")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
