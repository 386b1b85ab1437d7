"""The standard library's bytecode, for environments whose own bytecode stands apart.

A Python that is told to keep bytecode in a folder looks there for the standard library's as well,
and would compile it anew in each environment: measured, half the time of a first import. What the
installation has is linked there, in few links: one for each package without packages of its own.
"""

from __future__ import annotations

import os
from pathlib import Path

_CACHE = "__pycache__"
# What a check seldom imports, and what is no part of the standard library.
_LEFT_OUT = frozenset({_CACHE, "dist-packages", "idlelib", "lib2to3", "site-packages", "test"})


class StandardLibrary:
    """Links to the bytecode of one Python's standard library, in `folder`, made when first used."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def show(self, environment: Path, bytecode: Path) -> None:
        """Let an environment whose bytecode goes to `bytecode` find what is compiled already."""
        library = _library(environment)
        if library is None:
            return
        links = self.folder / library.name
        if not os.path.lexists(links):
            _link(library, links)
        place = bytecode / library.relative_to("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(links)


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
