"""The standard library's bytecode, for environments whose own bytecode stands apart.

A Python that is told to keep bytecode in a folder looks there for the standard library's as well,
and would compile it anew in each environment: measured, half the time of a first import. What the
installation has is linked there, in few links: one for each package without packages of its own.
Those are still 700, which took up to a quarter of a second in each run, so they are kept for later
runs; builds see them and cannot write to them.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from bisect_deps.builders._scratch import WorkFolder
from bisect_deps.system.files import folder_below

_CACHE = "__pycache__"
# What a check seldom imports, and what is no part of the standard library.
_LEFT_OUT = frozenset({_CACHE, "dist-packages", "idlelib", "lib2to3", "site-packages", "test"})


class StandardLibrary:
    """Links to the bytecode of Pythons' standard libraries, each made when first used."""

    def __init__(self, work: WorkFolder) -> None:
        self.folder = work.for_later("library")

    def show(self, environment: Path, bytecode: Path) -> None:
        """Let an environment whose bytecode goes to `bytecode` find what is compiled already.

        Once is enough. A check may have put something else in that place, which is no harm but its
        own.
        """
        library = _library(environment)
        if library is None:
            return
        links = self.folder / _name(library)
        if not os.path.lexists(links):
            self._make(library, links)
        with contextlib.suppress(OSError):
            place = folder_below(bytecode, library.parent.relative_to("/"), make=True)
            (place / library.name).symlink_to(links)

    def _make(self, library: Path, links: Path) -> None:
        """Make the links whole, or not at all; another run may make the same."""
        made = Path(tempfile.mkdtemp(dir=self.folder))
        _link(library, made / links.name)
        with contextlib.suppress(OSError):
            (made / links.name).rename(links)
        shutil.rmtree(made)


def _name(library: Path) -> str:
    """Return a name for the links to a library, another once files were put there or taken away."""
    about = [os.stat(path).st_mtime_ns for path in (library, library / _CACHE)]
    told = hashlib.sha256(f"{library} {about}".encode())
    return f"{library.name}-{told.hexdigest()[:16]}"


def _library(environment: Path) -> Path | None:
    """Return where the Python that an environment was made from has its library, None if nowhere.

    The path is as that Python knows it, links in it are not followed.
    """
    try:
        settings = (environment / "pyvenv.cfg").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    named = (line.partition("=") for line in settings.splitlines())
    home = next((value.strip() for name, _, value in named if name.strip() == "home"), "")
    folders = [
        Path(home).parent / own.relative_to(environment) for own in environment.glob("lib/*")
    ]
    return next((path for path in folders if home and (path / _CACHE).is_dir()), None)


def _link(source: Path, links: Path) -> None:
    """Link a folder's bytecode, and that of the packages in it."""
    cache = source / _CACHE
    packages = [
        entry
        for entry in os.scandir(source)
        if entry.name not in _LEFT_OUT and os.path.isdir(os.path.join(entry.path, _CACHE))
    ]
    if not packages:
        links.symlink_to(cache)
        return
    links.mkdir()
    for entry in os.scandir(cache):
        (links / entry.name).symlink_to(entry.path)
    for entry in packages:
        _link(Path(entry.path), links / entry.name)
