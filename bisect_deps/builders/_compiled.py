"""Bytecode of installed releases, compiled by us and kept, so that a fresh environment starts warm.

A check in a fresh environment compiles what it imports: measured, 0.3 of 0.4 s for a Flask
application, in each such build again. What checks compile themselves is only good for their own
environment, since they could leave anything there. So the modules that a check compiled are
compiled once more beside the run, from sources that are what the release's record says, and linked
into later environments; Python checks each against its source when it is imported. Builds see
what is kept and cannot write to it. Must not know who installs, or what is checked.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bisect_deps.builders._environments import read, records
from bisect_deps.builders._scratch import WorkFolder
from bisect_deps.model import Interpreter
from bisect_deps.policy import POLICY
from bisect_deps.system.files import folder_below
from bisect_deps.system.processes import Enclosure, Process, stop

_SCRIPT = Path(__file__).with_name("_compile_script.py")
_JOB, _MADE = "job.json", "made"
_MODULE = re.compile(rb'^([^,"\r\n]+\.py),sha256=([\w-]+),', re.MULTILINE)
# Beside a release's bytecode: the paths of what is not compiled yet.
_WANTED = "wanted"
_COMPILED = re.compile(r"\.[\w-]+\.pyc\Z")


@dataclass(frozen=True, slots=True)
class _Release:
    """What an installed release's record says of its modules: path to digest, and a name for it."""

    name: str
    digests: Mapping[str, str]


class Compiled:
    """What is kept for one Python.

    `seen` is what builds must see, and the one that compiles. `family` is for `stop_family`.
    """

    def __init__(self, interpreter: Interpreter, work: WorkFolder, family: str) -> None:
        python = f"{interpreter.implementation}-{interpreter.version}"
        self._folder = work.for_later("bytecode", python)
        self._names = set(self._pruned())
        # Where no build that is under way writes to it: what stands there is kept.
        self._job = work.private / "compiling"
        self._log = work.log("compiling")
        self._python, self._family = interpreter.path, family
        self._running: Process | None = None
        self.seen = (_SCRIPT, self._folder)

    def show(self, sites: Iterable[Path], bytecode: Path) -> None:
        """Let an environment whose bytecode goes to `bytecode` find what is compiled already."""
        with contextlib.suppress(OSError):  # Nothing depends on it.
            for site in sites if self._names else ():
                place = folder_below(bytecode, site.relative_to("/"), make=True)
                for release in _releases(site):
                    if release.name in self._names:
                        os.utime(self._folder / release.name)
                        _link(self._folder / release.name, place)

    def note(self, sites: Iterable[Path], bytecode: Path) -> None:
        """Note what a check compiled for itself: what is not kept is wanted, in this run or later.

        Its bytecode is not looked at, only the names of the modules.
        """
        with contextlib.suppress(OSError):
            for site in sites:
                place = folder_below(bytecode, site.relative_to("/"))
                compiled = {_COMPILED.sub(".py", path): path for path in _files(place)}
                for release in _releases(site) if compiled else ():
                    wanted = {compiled[path] for path in release.digests if path in compiled}
                    if wanted:
                        self._want(release.name, wanted)

    def compile(self, sites: Iterable[Path], room: Callable[[Path], Enclosure]) -> None:
        """Have what is wanted of the installed releases compiled beside the run, in its own time.

        `room` keeps it apart: it reads the releases, and writes to the folder given alone.
        """
        if self._running is not None:
            return
        with contextlib.suppress(OSError):
            job = [entry for site in sites for entry in self._wanted(site)]
            if job:
                shutil.rmtree(self._job, ignore_errors=True)
                self._job.mkdir()
                (self._job / _JOB).write_text(json.dumps(job), encoding="utf-8")
                self._running = Process(
                    [self._python, "-I", "-S", str(_SCRIPT), str(self._job)],
                    cwd=self._job,
                    environment={},
                    output=self._log,
                    family=self._family,
                    cell=room(self._job),
                )

    def collect(self, *, stopping: bool = False) -> None:
        """Take over what was compiled once all is, or what there is where the run is `stopping`.

        What a job that came to its end left out cannot be kept, and is wanted no longer.
        """
        if self._running is None:
            return
        if stopping:
            stop([self._running], grace=0)
        with contextlib.suppress(OSError):
            if (code := self._running.poll()) is None:
                return
            self._take_over()
            targets = [target for _, _, target in json.loads((self._job / _JOB).read_text())]
            left = {_release_of(t) for t in targets if code and not (self._folder / t).exists()}
            for name in {_release_of(target) for target in targets} - left:
                (self._folder / name / _WANTED).unlink(missing_ok=True)
        self._running = None

    def _take_over(self) -> None:
        made = self._job / _MADE
        for at, _, files in os.walk(made):
            there = self._folder / Path(at).relative_to(made)
            there.mkdir(parents=True, exist_ok=True)
            for name in files:
                os.replace(os.path.join(at, name), there / name)

    def _want(self, name: str, paths: set[str]) -> None:
        (self._folder / name).mkdir(exist_ok=True)
        with (self._folder / name / _WANTED).open("a", encoding="utf-8") as stream:
            stream.writelines(f"{path}\n" for path in sorted(paths - self._wanted_of(name)))
        self._names.add(name)

    def _wanted_of(self, name: str) -> set[str]:
        noted = read(self._folder / name / _WANTED) or b""
        return set(noted.decode("utf-8", "replace").split("\n"))

    def _wanted(self, site: Path) -> Iterator[tuple[str, str, str]]:
        """Yield source, digest, and where its bytecode is to be kept."""
        for release in _releases(site) if self._names else ():
            for path in sorted(self._wanted_of(release.name)):
                source = _COMPILED.sub(".py", path)
                if source in release.digests and not (self._folder / release.name / path).exists():
                    yield str(site / source), release.digests[source], f"{release.name}/{path}"

    def _pruned(self) -> list[str]:
        """Return the names of what is kept, once that which was used least lately is removed."""
        used: dict[str, int] = {}
        for entry in os.scandir(self._folder):
            with contextlib.suppress(OSError):  # Another run removes what it finds too much.
                used[entry.name] = entry.stat().st_mtime_ns
        lately = sorted(used, key=lambda name: -used[name])
        for name in lately[POLICY.compiled_releases :]:
            shutil.rmtree(self._folder / name, ignore_errors=True)
        return lately[: POLICY.compiled_releases]


def _release_of(target: str) -> str:
    """Return the name of the release that a file is kept for."""
    return target.partition("/")[0]


def _releases(site: Path) -> Iterator[_Release]:
    for _, record in records([site]):
        found = {
            path: digest.decode()
            for name, digest in _MODULE.findall(record)
            if _is_below(path := name.decode("utf-8", "replace"))
        }
        told = json.dumps(sorted(found.items())).encode()
        yield _Release(hashlib.sha256(told).hexdigest()[:40], found)


def _is_below(path: str) -> bool:
    return not path.startswith("/") and ".." not in path.split("/")


def _files(top: Path) -> Iterator[str]:
    """Yield the files in a folder that are no links, by their paths from there."""
    for at, _, names in os.walk(top):
        for name in names:
            path = os.path.join(at, name)
            if not os.path.islink(path):
                yield os.path.relpath(path, top)


def _link(kept: Path, place: Path) -> None:
    """Link all that is kept of a release to where its Python looks; what is there stays.

    Builds write to that place, and could have left links there that lead elsewhere.
    """
    with os.scandir(kept) as entries:
        found = list(entries)
    for entry in found:
        if entry.is_dir(follow_symlinks=False):
            _link(Path(entry.path), folder_below(place, Path(entry.name), make=True))
        elif entry.name != _WANTED:
            with contextlib.suppress(FileExistsError):
                os.symlink(entry.path, f"{place}/{entry.name}")
